//! Where the stack of each green thread is: larger ones for those who ask, and who has overflowed
//! one.
//!
//! Engines give all green threads stacks of one size (loom has no setting for it at all). A thread
//! that is to have more runs on a stack of ours, laid over the engine's: a switch of the engine
//! saves the place on whatever stack it is made.

use super::{Ending, fail};
use crate::execution::{Engine, Pulse, engine, me, try_with};
use crate::vocabulary::trace::ThreadId;
use crate::vocabulary::verdict::Bound;
use corosensei::stack::DefaultStack;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// What shuttle's green threads have, in bytes: a model's assertions format strings in unoptimised
/// code.
pub(crate) const SHUTTLE: usize = 256 * 1024;

/// What loom's have: it takes generator's default, which that states in words.
pub(crate) const LOOM: usize = generator::DEFAULT_STACK_SIZE * size_of::<usize>();

/// Stacks are made of pages: a size is rounded up to this.
const PAGE: usize = 4096;

/// So far below a stack a fault is taken for an overflow of it: code that uses more than a page
/// touches each of them in turn, so that it comes by the page that guards the stack, and whatever
/// the engine laid upon the stack first is less.
const GUARD: usize = 64 * 1024;

/// A thread that has overflowed its stack. Plain data: it is written down by a signal handler.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(unix), expect(dead_code, reason = "without signals nobody makes one"))]
pub(crate) struct Overflow {
    thread: ThreadId,
    bytes: usize,
    name: Name,
}

/// The first bytes of a thread's name, and how many they are.
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

thread_local! {
    /// What every thread of this exploration is to have at least.
    static ASKED: Cell<Option<usize>> = const { Cell::new(None) };
    /// Whom to tell of an overflow.
    static PULSE: RefCell<Option<Arc<Pulse>>> = const { RefCell::new(None) };
    /// Stacks of ours that nobody runs on, with their sizes.
    static SPARE: RefCell<Vec<(usize, DefaultStack)>> = const { RefCell::new(Vec::new()) };
    /// The names of the execution's threads, by their ids: the handler cannot ask for them, as the
    /// execution may be lent to somebody where it comes.
    static NAMES: RefCell<Vec<Name>> = const { RefCell::new(Vec::new()) };
    /// Where the threads of the execution run, by their ids.
    static ROOMS: RefCell<Vec<Room>> = const { RefCell::new(Vec::new()) };
}

/// An exploration begins on this OS thread, whose threads are to have stacks of so many bytes.
pub(crate) fn set(bytes: Option<usize>, pulse: &Arc<Pulse>) {
    ASKED.set(bytes);
    PULSE.set(Some(Arc::clone(pulse)));
}

/// An execution begins: its threads have no names yet.
pub(in crate::execution) fn forget_names() {
    NAMES.with_borrow_mut(Vec::clear);
}

/// A thread has this name.
#[cold]
pub(in crate::execution) fn name(thread: ThreadId, name: &str) {
    NAMES.with_borrow_mut(|names| {
        names.resize(names.len().max(thread.index() + 1), Name::NONE);
        names[thread.index()] = Name::of(name);
    });
}

/// Runs what a green thread does, on a stack of the size that was asked for it.
///
/// # Panics
/// Not by itself. Without room for such a stack the execution ends, and is `Unknown`.
pub(crate) fn run<R>(thread: ThreadId, asked: Option<usize>, body: impl FnOnce() -> R) -> R {
    let usual = match engine() {
        Engine::Loom => LOOM,
        Engine::Shuttle | Engine::Std => SHUTTLE,
    };
    match asked.max(ASKED.get()).filter(|bytes| *bytes > usual) {
        Some(bytes) => {
            let result = larger(thread, bytes, body);
            stands(thread, usual); // what comes after it, if anything does, is back there
            result
        }
        None => {
            stands(thread, usual);
            here(body)
        }
    }
}

/// In a frame of its own: what the body needs must not be taken where it is only chosen on which
/// stack it runs.
#[inline(never)]
fn here<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[inline(never)]
fn larger<R>(thread: ThreadId, bytes: usize, body: impl FnOnce() -> R) -> R {
    let spare = SPARE.with_borrow_mut(|spare| {
        let at = spare.iter().position(|(size, _)| *size == bytes)?;
        Some(spare.swap_remove(at).1)
    });
    let made = || match bytes.checked_next_multiple_of(PAGE) {
        Some(bytes) if bytes <= isize::MAX as usize => DefaultStack::new(bytes),
        _ => Err(std::io::ErrorKind::OutOfMemory.into()),
    };
    let mut stack = spare.map_or_else(made, Ok).unwrap_or_else(|error| {
        let operation = format!("a stack of {bytes} bytes: {error}");
        fail(Ending::Unknown(Bound::NotModelled { engine: "selvedge", operation }))
    });
    // a thread of a failed execution never comes back from here: its stack is leaked, as the
    // engine's is
    let result = corosensei::on_stack(&mut stack, || {
        stands(thread, bytes);
        body()
    });
    SPARE.with_borrow_mut(|spare| spare.push((bytes, stack)));
    result
}

/// Calls `f` where there is room: what draws an execution may need more than a green thread, or a
/// handler, has left.
pub(in crate::execution) fn roomy(f: impl FnOnce()) {
    match DefaultStack::new(1 << 20) {
        Ok(stack) => corosensei::on_stack(stack, f),
        Err(_) => f(),
    }
}

/// Writes down that the thread's stack begins about here.
fn stands(thread: ThreadId, bytes: usize) {
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

/// If a fault at this address means that the green thread that runs has overflowed its stack: tells
/// whoever waits for the exploration, and says so. Allocates nothing, and waits for no lock that a
/// thread holds which runs the user's code.
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
    // below its beginning nothing of the stack itself can fault
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
    /// What the check says: who, by what, and what to do.
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

/// What an overflow comes to of which generator told us, and nobody else.
pub(crate) fn overflowed() -> Bound {
    let bytes = ROOMS.with_borrow(|rooms| rooms.get(me().index()).map_or(LOOM, |room| room.bytes));
    let last = PULSE.with_borrow(|pulse| {
        pulse.as_ref().and_then(|pulse| pulse.last()).map(ToString::to_string)
    });
    let thread = try_with(|world| world.log.trace.thread_name(me()))
        .unwrap_or_else(|| "a thread".to_string());
    Bound::Stack { thread, bytes, last }
}
