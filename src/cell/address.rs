//! Plain memory that is watched by its address, for code whose types stay as they are.

use std::panic::Location;

/// Announces a read of what `ptr` points to, so that a model sees whether anything orders it with
/// the writes.
///
/// For code that has a `std::cell::UnsafeCell`, a raw pointer or a `Box` of its own:
/// [`UnsafeCell::with`], without a change of types. Say it right before the read. The pointer is
/// not dereferenced. Nothing happens outside of a model; without the feature `model` there is not
/// even a call.
///
/// [`UnsafeCell::with`]: super::UnsafeCell::with
///
/// ```
/// use selvedge::sync::{Arc, atomic::{AtomicBool, Ordering}};
/// use selvedge::{Check, Expect, Kind, cell, thread};
///
/// struct Slot(std::cell::UnsafeCell<u32>, AtomicBool);
/// // SAFETY: written before the flag is set, read after it was seen set (if the flag publishes it)
/// unsafe impl Sync for Slot {}
///
/// Check::new("publish").expect(Expect::Violation(Kind::DataRace)).assert(|| {
///     let slot = Arc::new(Slot(0.into(), AtomicBool::new(false)));
///     let theirs = Arc::clone(&slot);
///     let writer = thread::spawn(move || {
///         cell::write(theirs.0.get());
///         unsafe { *theirs.0.get() = 7 };
///         theirs.1.store(true, Ordering::Relaxed); // publishes nothing
///     });
///     if slot.1.load(Ordering::Acquire) {
///         cell::read(slot.0.get());
///         assert_eq!(unsafe { *slot.0.get() }, 7);
///     }
///     writer.join().unwrap();
/// });
/// ```
///
/// # What is one memory
/// Bytes, by their addresses, within one execution: accesses race if they have a byte in common,
/// whatever types and sizes they were announced with; neighbours do not. A type of size zero is no
/// memory.
///
/// An allocator gives an address out again after it was given back. A model does not see that: an
/// access to the new owner's memory would race with those to the old owner's. Where memory that was
/// announced is given back and another thread may get it, say [`freed`] before.
///
/// Announcing adds no execution to an exhaustive search, as nothing hangs on the order of two
/// accesses but whether they race, and that is seen in either order.
#[inline(always)]
#[track_caller]
pub fn read<T>(ptr: *const T) {
    announce(ptr.addr(), size_of::<T>(), Kind::Read, Location::caller());
}

/// Announces a write to what `ptr` points to: as [`read`] does, right before it.
///
/// ```
/// let mut slot = 0;
/// let ptr = &raw mut slot;
/// selvedge::cell::write(ptr);
/// // SAFETY: nobody else has it
/// unsafe { *ptr = 1 };
/// ```
#[inline(always)]
#[track_caller]
pub fn write<T>(ptr: *mut T) {
    announce(ptr.addr(), size_of::<T>(), Kind::Write, Location::caller());
}

/// Announces the last access to what `ptr` points to: right before it is given back to the
/// allocator, or dropped.
///
/// It counts as a write: whoever still uses the memory, with nothing that orders it, races with it.
/// After it, these bytes are another memory, of which nothing is known. So it also says that an
/// allocator may give them to anybody.
///
/// It is needed where memory that was announced is freed while other threads allocate: else what
/// they get may be these addresses, and a data race is reported that is none. The drawing of such a
/// race says so. An access after it, through a pointer that was kept, is found where it may also
/// come before, and not where it is ordered after it: this is no sanitizer. The order of this and
/// of every announced access of other threads is explored.
///
/// ```
/// let node = Box::into_raw(Box::new(7));
/// selvedge::cell::freed(node);
/// // SAFETY: it came from a box, and this is its last use
/// drop(unsafe { Box::from_raw(node) });
/// ```
#[inline(always)]
#[track_caller]
pub fn freed<T>(ptr: *mut T) {
    announce(ptr.addr(), size_of::<T>(), Kind::Free, Location::caller());
}

#[derive(Clone, Copy)]
enum Kind {
    Read,
    Write,
    Free,
}

#[cfg(not(feature = "model"))]
#[inline(always)]
fn announce(_: usize, _: usize, _: Kind, _: &'static Location<'static>) {}

#[cfg(feature = "model")]
fn announce(address: usize, size: usize, kind: Kind, location: &'static Location<'static>) {
    use crate::trace::Operation;
    let operation = match kind {
        Kind::Read => Operation::Read,
        Kind::Write => Operation::Write,
        Kind::Free => Operation::Free,
    };
    crate::execution::memory::address::access(address, size, operation, location);
}
