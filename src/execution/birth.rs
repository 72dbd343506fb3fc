//! Objects that are created in a `const fn`, as in std: their creation is told later.
//!
//! A `static` needs a constructor that is `const`, and a `const fn` cannot ask which execution
//! runs. But what is created in a model must be known from its creation on: who created it, and
//! what nobody may use before that. So the constructor writes the birth down in the [`Ledger`] of
//! the OS thread that explores, which it finds by the address of its stack. Whoever asks for the
//! world next takes the births in. That is before anything else happens: only an operation can show
//! an object to another thread, or let another thread run.

use super::memory::Stored;
use super::region;
use super::{Ending, World, loom, me};
use crate::vocabulary::Engine;
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind, Value};
use crate::vocabulary::verdict::Bound;
use std::cell::Cell;
use std::panic::Location;

/// The execution of an object that a constant is: it belongs to none.
pub(super) const CONSTANT: u64 = u64::MAX;

/// How many objects a thread can create between two operations.
const MOST: usize = 1 << 17;

/// A value that an atomic is created with, and how its type takes it in.
pub(crate) type Initial = (Stored, fn(&mut World, ObjectId, Stored) -> Value);

/// An object that was created and is not in the world yet.
#[derive(Clone, Copy)]
pub(super) struct Birth {
    pub(super) kind: ObjectKind,
    pub(super) created: &'static Location<'static>,
    /// Whether it is a part of another facade type.
    pub(super) part: bool,
    pub(super) initial: Option<Initial>,
}

/// What an OS thread's executions have created and not taken in yet.
pub(super) struct Ledger {
    /// The running execution; 0 outside of one.
    execution: u64,
    /// How many objects the world has.
    known: u32,
    /// How many births there are behind them.
    count: usize,
    /// Whether there were more than there is room for.
    overflows: bool,
    births: *mut Birth,
}

thread_local! {
    static LEDGER: Cell<*mut Ledger> = const { Cell::new(std::ptr::null_mut()) };
}

/// Whether this runs, and is not computed by the compiler.
///
/// The one thing that may differ between the two is which NaN an operation gives (RFC 3514). The
/// compiler gives the one that it prefers. Processors give on the one that they were given.
const fn is_run() -> bool {
    const GIVEN: u64 = 0x7FF8_0000_0000_5E1F;
    (std::hint::black_box(f64::from_bits(GIVEN)) + 1.0).to_bits() as u16 == GIVEN as u16
}

/// Whether this processor is one of those: otherwise nothing that is created is known.
pub(super) fn is_known_to_run() -> bool {
    is_run()
}

/// The execution in which an object is created, and its number there.
#[allow(unsafe_code)]
pub(super) const fn begin(birth: Birth) -> (u64, ObjectId) {
    if !is_run() {
        return (CONSTANT, ObjectId(0));
    }
    let ledger = region::ledger();
    if ledger.is_null() {
        return (0, ObjectId(0));
    }
    // SAFETY: 1. the ledger of this OS thread, which lends it to nobody, lives for ever, and has
    // room for `MOST` births
    unsafe {
        let (execution, count) = ((*ledger).execution, (*ledger).count);
        if execution == 0 {
            return (0, ObjectId(0));
        }
        if count == MOST {
            (*ledger).overflows = true; // the execution ends before anybody uses the object
            return (execution, ObjectId((*ledger).known));
        }
        (*ledger).births.add(count).write(birth);
        (*ledger).count = count + 1;
        (execution, ObjectId((*ledger).known + count as u32))
    }
}

/// Whether a use of such an object is a race if nothing orders its creation before.
pub(super) fn is_ordered(kind: ObjectKind) -> bool {
    match kind {
        ObjectKind::Cell | ObjectKind::Memory | ObjectKind::Arc => false,
        ObjectKind::Atomic | ObjectKind::Mutex | ObjectKind::RwLock => true,
        ObjectKind::Condvar | ObjectKind::Waker => true,
        ObjectKind::Task | ObjectKind::AtomicWaker => true,
    }
}

/// This OS thread's ledger.
pub(super) fn ledger() -> *mut Ledger {
    if LEDGER.get().is_null() {
        let births = Vec::with_capacity(MOST).leak().as_mut_ptr();
        let fresh = Box::new(Ledger { execution: 0, known: 0, count: 0, overflows: false, births });
        LEDGER.set(Box::into_raw(fresh));
    }
    LEDGER.get()
}

/// An execution begins, or ends: then its number is 0.
#[allow(unsafe_code)]
pub(super) fn executes(execution: u64) {
    let ledger = ledger();
    // SAFETY: see `begin`, 1
    unsafe { ((*ledger).execution, (*ledger).known, (*ledger).count) = (execution, 0, 0) }
}

/// The world has so many objects.
#[allow(unsafe_code)]
pub(super) fn knows(objects: usize) {
    let ledger = LEDGER.get();
    if !ledger.is_null() {
        // SAFETY: see `begin`, 1
        unsafe { (*ledger).known = objects as u32 }
    }
}

/// Takes in what was created since the world was asked for last.
#[allow(unsafe_code)]
pub(super) fn take_in(world: &mut World) {
    let ledger = LEDGER.get();
    // SAFETY: see `begin`, 1
    if !ledger.is_null() && unsafe { (*ledger).count } > 0 {
        take_in_all(world, ledger);
    }
}

#[cold]
#[inline(never)]
#[allow(unsafe_code)]
fn take_in_all(world: &mut World, ledger: *mut Ledger) {
    // SAFETY: see `begin`, 1. Nothing that is called here creates an object of ours, and so many
    // births were written
    let births = unsafe { std::slice::from_raw_parts((*ledger).births, (*ledger).count) };
    // SAFETY: see `begin`, 1
    let overflows = unsafe {
        (*ledger).count = 0;
        std::mem::take(&mut (*ledger).overflows)
    };
    if overflows && world.ending.is_none() {
        let operation = format!("more than {MOST} objects without an operation in between");
        world.end(Ending::Unknown(Bound::NotModelled { engine: "selvedge", operation }));
    }
    for birth in births {
        let Birth { kind, created, part, initial } = *birth;
        let object = world.create(Object { kind, name: None, created });
        world.object(object).part = part;
        if let Some((value, created)) = initial {
            world.object(object).initial = Some(created(world, object, value));
        }
        if is_ordered(kind) {
            world.born(me(), object);
        }
        if world.rules.engine == Engine::Loom {
            loom::create(world, object, kind);
        }
    }
}
