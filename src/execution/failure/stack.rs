//! The stacks of green threads: larger ones on request, and which thread overflowed its stack.
//!
//! Engines give all green threads stacks of one size (loom has no setting for it at all), and put
//! them anywhere. A thread runs on a stack of ours instead, on top of the engine's: in a region
//! where an address says whose stack it is on ([`region`](crate::execution::region)). A switch of
//! the engine saves the position on whichever stack it is made.

use super::not_modelled;
use crate::execution::{Engine, Pulse, engine, me, try_with};
use crate::execution::{birth, region::GreenStack};
use crate::vocabulary::trace::ThreadId;
use crate::vocabulary::verdict::Bound;
use corosensei::stack::DefaultStack;
use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

/// The size of shuttle's stacks, and of ours, in bytes: a model's assertions format strings in
/// unoptimised code.
pub(crate) const SHUTTLE: usize = 256 * 1024;

/// The size of loom's stacks: it uses generator's default, which is stated in machine words.
pub(crate) const LOOM: usize = generator::DEFAULT_STACK_SIZE * size_of::<usize>();

/// A fault at most this far below a stack counts as an overflow of it. Code that uses more than a
/// page touches each page in turn, so it hits the guard page of the stack. What the engine put on
/// the stack first is smaller than this.
const GUARD: usize = 64 * 1024;

/// A thread that has overflowed its stack. Plain data, because a signal handler records it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(unix), expect(dead_code, reason = "without signals nobody makes one"))]
pub(crate) struct Overflow {
    thread: ThreadId,
    bytes: usize,
    name: Name,
}

/// The first bytes of a thread's name, and their number.
#[derive(Clone, Copy, Debug)]
struct Name([u8; 40], usize);

impl Name {
    const NONE: Name = Name([0; 40], 0);

    fn of(given: &str) -> Name {
        let mut name = Name::NONE;
        for (to, from) in name.0.iter_mut().zip(given.bytes()) {
            (*to, name.1) = (from, name.1 + 1);
        }
        name
    }
}

/// Where a thread's stack begins, and how large it is.
#[derive(Clone, Copy, Default)]
struct Room {
    top: usize,
    bytes: usize,
}

/// The stacks on which an OS thread runs green threads.
struct Stacks {
    spare: Vec<GreenStack>,
    /// What the execution's threads run on. A thread of a failed execution never returns, and what
    /// is on its stack may be borrowed: by a thread of std's in a scope, or by a thread-local.
    used: Vec<GreenStack>,
}

/// The stacks of OS threads that have ended.
static LEFT: Mutex<Vec<GreenStack>> = Mutex::new(Vec::new());

impl Stacks {
    /// A stack on which a thread can use so many bytes.
    fn take(&mut self, usable: usize) -> std::io::Result<GreenStack> {
        let fits = |stack: &GreenStack| stack.usable() == usable;
        let stack = match self.spare.iter().rposition(fits) {
            Some(at) => self.spare.swap_remove(at),
            None => {
                let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
                let at = left.iter().position(fits);
                let stack = at.map(|at| Ok(left.swap_remove(at)));
                let stack = stack.unwrap_or_else(|| GreenStack::new(usable))?;
                stack.belongs_to(birth::ledger());
                stack
            }
        };
        self.used.push(stack);
        Ok(stack)
    }

    /// Nothing runs on it any more.
    fn give_back(&mut self, stack: GreenStack) {
        let at = self.used.iter().rposition(|used| used.is(stack)).expect("it was taken");
        self.spare.push(self.used.swap_remove(at));
    }

    /// Leaves the stacks of a failed execution alone.
    fn leak_used(&mut self) {
        self.used.drain(..).for_each(GreenStack::leak);
    }
}

impl Drop for Stacks {
    fn drop(&mut self) {
        self.leak_used();
        LEFT.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.spare);
    }
}

thread_local! {
    /// The minimum stack size for every thread of this exploration.
    static ASKED: Cell<Option<usize>> = const { Cell::new(None) };
    /// Receives the report of an overflow.
    static PULSE: RefCell<Option<Arc<Pulse>>> = const { RefCell::new(None) };
    /// The stacks of ours, used or not.
    static STACKS: RefCell<Stacks> =
        const { RefCell::new(Stacks { spare: Vec::new(), used: Vec::new() }) };
    /// The names of the execution's threads, indexed by id. The handler cannot ask the execution
    /// for them, because the execution may be borrowed when the signal comes.
    static NAMES: RefCell<Vec<Name>> = const { RefCell::new(Vec::new()) };
    /// Where the stacks of the execution's threads are, indexed by id.
    static ROOMS: RefCell<Vec<Room>> = const { RefCell::new(Vec::new()) };
}

/// Begins an exploration on this OS thread, with the stack size for its threads.
pub(crate) fn set(bytes: Option<usize>, pulse: &Arc<Pulse>) {
    ASKED.set(bytes);
    PULSE.set(Some(Arc::clone(pulse)));
}

/// Begins an execution: its threads have no names yet, and nothing returns to the stacks of the
/// last one that are left.
pub(in crate::execution) fn forget() {
    NAMES.with_borrow_mut(Vec::clear);
    STACKS.with_borrow_mut(Stacks::leak_used);
}

/// Registers a thread's name.
#[cold]
pub(in crate::execution) fn name(thread: ThreadId, name: &str) {
    NAMES.with_borrow_mut(|names| {
        names.resize(names.len().max(thread.index() + 1), Name::NONE);
        names[thread.index()] = Name::of(name);
    });
}

/// Runs a green thread's body, on a stack of the requested size.
///
/// # Panics
/// Not by itself. Without memory for such a stack the execution ends as `Unknown`.
pub(crate) fn run(thread: ThreadId, asked: Option<usize>, body: impl FnOnce()) {
    let mut body = Some(body);
    run_once(thread, asked, &mut || body.take().into_iter().for_each(|body| body()));
}

/// [`run`], compiled once, and not for each body.
fn run_once(thread: ThreadId, asked: Option<usize>, body: &mut dyn FnMut()) {
    let usual = match engine() {
        Engine::Loom => LOOM,
        Engine::Shuttle | Engine::Std => SHUTTLE,
    };
    if !birth::is_known_to_run() {
        not_modelled("selvedge", "a processor that gives on no payload of a NaN");
    }
    let bytes = asked.max(ASKED.get()).unwrap_or(0).max(SHUTTLE);
    let taken = STACKS.with_borrow_mut(|stacks| stacks.take(bytes));
    let stack = taken.unwrap_or_else(|error| {
        not_modelled("selvedge", &format!("a stack of {bytes} bytes: {error}"))
    });
    corosensei::on_stack(stack, || {
        note_room(thread, bytes);
        body();
    });
    STACKS.with_borrow_mut(|stacks| stacks.give_back(stack));
    note_room(thread, usual); // what follows runs on the engine's stack again
}

/// Calls `f` on a large stack. Rendering an execution may need more than a green thread, or a
/// handler, has left.
pub(in crate::execution) fn roomy(f: impl FnOnce()) {
    match DefaultStack::new(1 << 20) {
        Ok(stack) => corosensei::on_stack(stack, f),
        Err(_) => f(),
    }
}

/// Records that the thread's stack begins about here.
fn note_room(thread: ThreadId, bytes: usize) {
    let here = 0_u8;
    let room = Room { top: (&raw const here).addr(), bytes };
    ROOMS.with_borrow_mut(|rooms| {
        let at = thread.index();
        if rooms.len() <= at {
            rooms.resize(at + 1, Room::default());
        }
        rooms[at] = room;
    });
}

/// The thread on whose stack this address is, of those that are asked for, and how far below the
/// top.
pub(in crate::execution) fn holds(
    address: usize,
    mut threads: impl Iterator<Item = ThreadId>,
) -> Option<(ThreadId, usize)> {
    ROOMS.with_borrow(|rooms| {
        threads.find_map(|thread| {
            let Room { top, bytes } = rooms.get(thread.index())?;
            let below = top.checked_sub(address).filter(|below| below <= bytes)?;
            Some((thread, below))
        })
    })
}

/// Whether a fault at this address means that the running green thread has overflowed its stack. If
/// so, reports it to the thread that waits for the exploration. Allocates nothing, and takes no
/// lock that a thread running the user's code may hold.
#[cfg(unix)]
pub(in crate::execution) fn is_overflow(address: usize) -> bool {
    if engine() == Engine::Std {
        return false;
    }
    let thread = me();
    let room = ROOMS.try_with(|rooms| {
        rooms.try_borrow().ok().and_then(|rooms| rooms.get(thread.index()).copied())
    });
    let Ok(Some(Room { top, bytes })) = room else { return false };
    // below this range the stack itself cannot fault
    if !(top.saturating_sub(bytes + GUARD)..top).contains(&address) {
        return false;
    }
    let named = |names: &RefCell<Vec<Name>>| {
        names.try_borrow().ok().and_then(|names| names.get(thread.index()).copied())
    };
    let name = NAMES.try_with(named).ok().flatten().unwrap_or(Name::NONE);
    let told = PULSE.try_with(|pulse| {
        let pulse = pulse.try_borrow().ok()?;
        pulse.as_ref()?.overflows(Overflow { thread, bytes, name });
        Some(())
    });
    told.is_ok_and(|told| told.is_some())
}

impl Overflow {
    /// The check's report: which thread overflowed, by what, and what to do.
    pub(crate) fn bound(&self, last: Option<String>) -> Bound {
        let Name(bytes, length) = &self.name;
        let thread = match String::from_utf8_lossy(&bytes[..*length]) {
            name if !name.is_empty() => name.into_owned(),
            _ if self.thread == ThreadId::MAIN => "main".to_string(),
            _ => format!("thread {}", self.thread.0),
        };
        Bound::Stack { thread, bytes: self.bytes, last }
    }
}

/// The bound for an overflow that only generator reported.
pub(crate) fn overflowed() -> Bound {
    let bytes = ROOMS.with_borrow(|rooms| rooms.get(me().index()).map_or(LOOM, |room| room.bytes));
    let last = PULSE.with_borrow(|pulse| {
        pulse.as_ref().and_then(|pulse| pulse.last()).map(ToString::to_string)
    });
    let thread = try_with(|world| world.log.trace.thread_name(me()))
        .unwrap_or_else(|| "a thread".to_string());
    Bound::Stack { thread, bytes, last }
}
