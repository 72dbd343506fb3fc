//! Plain memory that a model watches by its address, for code whose types stay unchanged.

use std::panic::Location;

/// Announces a read of what `ptr` points to, so that a model sees whether the read is ordered with
/// the writes.
///
/// This is for code that has its own `std::cell::UnsafeCell`, raw pointer or `Box`: it does what
/// [`UnsafeCell::with`] does, without a change of types. Call it right before the read. The pointer
/// is not dereferenced. Outside of a model nothing happens; without the feature `model` there is
/// not even a call.
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
/// # What counts as one memory
/// Bytes, identified by their addresses, within one execution. Accesses race if they have a byte in
/// common, whatever types and sizes they were announced with. Accesses to neighbouring bytes do not
/// race. A type of size zero has no memory.
///
/// An allocator reuses the addresses of freed memory. A model does not see that: an access to the
/// new owner's memory would race with accesses to the old owner's. If announced memory is freed and
/// another thread may get it, call [`freed`] first.
///
/// Announcing adds no executions to an exhaustive search: the order of two accesses matters only
/// for whether they race, and a race is seen in either order.
#[inline(always)]
#[track_caller]
pub fn read<T>(ptr: *const T) {
    announce(ptr.addr(), size_of::<T>(), Kind::Read, Location::caller());
}

/// Announces a write to what `ptr` points to. Call it right before the write, as with [`read`].
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

/// Announces the last access to what `ptr` points to. Call it right before the memory is freed or
/// dropped.
///
/// It counts as a write: an unordered use of the memory by another thread races with it. After it,
/// these bytes are new memory without a history, which an allocator may give to any thread.
///
/// It is needed where announced memory is freed while other threads allocate. Otherwise their
/// allocations may have the same addresses, and a false data race is reported. The drawing of such
/// a race says so. A later access through a stale pointer is found if it can also come before, and
/// missed if it is ordered after: this is no sanitizer. The order of this and of every announced
/// access of other threads is explored.
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
