//! Memory whose leaks are found.

use std::fmt;

pub use selvedge::alloc::{Layout, alloc, alloc_zeroed, dealloc};

/// A value that must not be leaked.
///
/// ```should_panic
/// use selvedge_loom as loom;
///
/// loom::model(|| {
///     let value = Box::new(loom::alloc::Track::new(7));
///     Box::leak(value);
/// });
/// ```
pub struct Track<T> {
    value: T,
    /// Its leak is found.
    byte: Byte,
}

/// One byte of memory.
struct Byte(*mut u8);

// SAFETY: 1. nobody reads or writes the byte, and only its owner frees it
unsafe impl Send for Byte {}
// SAFETY: as above (1)
unsafe impl Sync for Byte {}

const ONE: Layout = Layout::new::<u8>();

impl Drop for Byte {
    fn drop(&mut self) {
        // SAFETY: 2. it came from `alloc` with this layout, and is freed once
        unsafe { dealloc(self.0, ONE) }
    }
}

impl<T> Track<T> {
    /// Begins to track `value`.
    #[track_caller]
    pub fn new(value: T) -> Track<T> {
        // SAFETY: the layout has a size
        Track { value, byte: Byte(unsafe { alloc(ONE) }) }
    }

    /// Returns a reference to the value.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// Returns a mutable reference to the value.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// Stops tracking the value, and returns it.
    pub fn into_inner(self) -> T {
        drop(self.byte);
        self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Track<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track").field("value", &self.value).finish_non_exhaustive()
    }
}
