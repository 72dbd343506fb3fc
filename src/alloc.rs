//! `std::alloc`, with the leaks of a model found.

#[cfg(not(feature = "model"))]
pub use std::alloc::*;
#[cfg(feature = "model")]
pub use std::alloc::{GlobalAlloc, Layout, LayoutError, System, handle_alloc_error};

#[cfg(feature = "model")]
use crate::execution::memory::allocation;

/// [`std::alloc::alloc`]. In a model the memory must be freed by [`dealloc`] before the execution
/// ends.
///
/// ```
/// use selvedge::alloc::{Layout, alloc, dealloc};
/// use selvedge::{Check, Expect, Kind};
///
/// let check = Check::new("never freed").alone(true).expect(Expect::Violation(Kind::Leak));
/// let _ = check.assert(|| {
///     let layout = Layout::new::<u64>();
///     // SAFETY: the layout has a size, and the memory is freed once
///     unsafe { dealloc(alloc(layout), layout) };
///     // SAFETY: the layout has a size
///     unsafe { alloc(layout) };
///     selvedge::thread::yield_now();
/// });
/// ```
///
/// # Safety
/// 1. As for std's.
#[cfg(feature = "model")]
#[track_caller]
#[must_use]
#[allow(unsafe_code)]
pub unsafe fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: 1. the caller answers for the layout
    let pointer = unsafe { std::alloc::alloc(layout) };
    allocation::made(pointer.addr());
    pointer
}

/// [`std::alloc::alloc_zeroed`], as [`alloc`].
///
/// # Safety
/// 1. As for std's.
#[cfg(feature = "model")]
#[track_caller]
#[must_use]
#[allow(unsafe_code)]
pub unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    // SAFETY: 1. the caller answers for the layout
    let pointer = unsafe { std::alloc::alloc_zeroed(layout) };
    allocation::made(pointer.addr());
    pointer
}

/// [`std::alloc::realloc`], as [`alloc`].
///
/// # Safety
/// 1. As for std's.
#[cfg(feature = "model")]
#[track_caller]
#[must_use]
#[allow(unsafe_code)]
pub unsafe fn realloc(pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    // SAFETY: 1. the caller answers for the pointer, the layout and the size
    let moved = unsafe { std::alloc::realloc(pointer, layout, new_size) };
    if !moved.is_null() {
        allocation::freed(pointer.addr());
        allocation::made(moved.addr());
    }
    moved
}

/// [`std::alloc::dealloc`].
///
/// # Safety
/// 1. As for std's.
#[cfg(feature = "model")]
#[allow(unsafe_code)]
pub unsafe fn dealloc(pointer: *mut u8, layout: Layout) {
    allocation::freed(pointer.addr());
    // SAFETY: 1. the caller answers for the pointer and the layout
    unsafe { std::alloc::dealloc(pointer, layout) };
}
