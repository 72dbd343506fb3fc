//! Pointers into a cell that are accesses themselves.

#[cfg(feature = "model")]
use crate::execution::memory::cell::Lasts;

/// A pointer into an [`UnsafeCell`](super::UnsafeCell) whose life is one access to read.
///
/// While it lives, an access that writes and that nothing orders is a data race, wherever the
/// thread's operations in between have passed its right to read on.
///
/// ```
/// use selvedge::cell::UnsafeCell;
///
/// let cell = UnsafeCell::new(7);
/// let read = cell.const_ptr();
/// // SAFETY: nobody writes while `read` lives
/// assert_eq!(unsafe { *read.deref() }, 7);
/// ```
#[derive(Debug)]
pub struct ConstPtr<T: ?Sized> {
    #[cfg(feature = "model")]
    pub(super) lasts: Lasts,
    pub(super) pointer: *const T,
}

impl<T: ?Sized> ConstPtr<T> {
    /// Returns a reference to the value.
    ///
    /// # Safety
    /// 1. The cell must live, and nobody may write to it, as long as the reference is used.
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn deref(&self) -> &T {
        self.goes_on();
        // SAFETY: 1. the caller answers for the cell
        unsafe { &*self.pointer }
    }

    /// Calls `f` with the pointer.
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.goes_on();
        f(self.pointer)
    }

    /// The access reaches up to here.
    fn goes_on(&self) {
        #[cfg(feature = "model")]
        self.lasts.go_on();
    }
}

/// A pointer into an [`UnsafeCell`](super::UnsafeCell) whose life is one access to write.
///
/// While it lives, another access that nothing orders is a data race, wherever the thread's
/// operations in between have passed its right to write on.
///
/// ```
/// use selvedge::cell::UnsafeCell;
///
/// let cell = UnsafeCell::new(7);
/// let write = cell.mut_ptr();
/// // SAFETY: nobody else has the cell
/// unsafe { *write.deref() += 1 };
/// drop(write);
/// assert_eq!(cell.into_inner(), 8);
/// ```
#[derive(Debug)]
pub struct MutPtr<T: ?Sized> {
    #[cfg(feature = "model")]
    pub(super) lasts: Lasts,
    pub(super) pointer: *mut T,
}

impl<T: ?Sized> MutPtr<T> {
    /// Returns a mutable reference to the value.
    ///
    /// # Safety
    /// 1. The cell must live, and nobody else may use its value, as long as the reference is used.
    #[must_use]
    #[allow(unsafe_code, clippy::mut_from_ref)]
    pub unsafe fn deref(&self) -> &mut T {
        self.goes_on();
        // SAFETY: 1. the caller answers for the cell
        unsafe { &mut *self.pointer }
    }

    /// Calls `f` with the pointer.
    pub fn with<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.goes_on();
        f(self.pointer)
    }

    /// The access reaches up to here.
    fn goes_on(&self) {
        #[cfg(feature = "model")]
        self.lasts.go_on();
    }
}
