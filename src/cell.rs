//! `UnsafeCell` whose accesses the engines see, and plain memory whose accesses they are told of.

mod address;

pub use address::{freed, read, write};

#[cfg(feature = "model")]
use crate::{
    execution::{Home, memory::cell},
    trace::ObjectKind,
};

/// A cell whose every access is a closure, so that a model can watch it for data races (loom's
/// shape).
///
/// Two accesses, one of them a write, that nothing orders are reported before the pointer of the
/// second is handed out. An access lasts until the last operation in its closure: a closure may
/// hand its right on by that one, and must not use the pointer after it. Without the feature
/// `model` it is as thin as std's.
///
/// ```
/// use selvedge::cell::UnsafeCell;
///
/// let cell = UnsafeCell::new(1);
/// // SAFETY: nobody else has the cell
/// cell.with_mut(|p| unsafe { *p += 1 });
/// assert_eq!(cell.into_inner(), 2);
/// ```
#[derive(Debug)]
#[cfg_attr(not(feature = "model"), repr(transparent))]
pub struct UnsafeCell<T: ?Sized> {
    #[cfg(feature = "model")]
    home: Home,
    data: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    #[cfg(feature = "model")]
    #[track_caller]
    pub fn new(value: T) -> Self {
        let home = Home::new(ObjectKind::Cell);
        cell::create(&home);
        UnsafeCell { home, data: std::cell::UnsafeCell::new(value) }
    }

    /// A cell that holds `value`.
    #[cfg(not(feature = "model"))]
    pub const fn new(value: T) -> Self {
        UnsafeCell { data: std::cell::UnsafeCell::new(value) }
    }

    /// The value, taken out.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer for reading.
    #[track_caller]
    pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        #[cfg(feature = "model")]
        let _lasts = cell::access(&self.home, false);
        f(self.data.get())
    }

    /// Calls `f` with a pointer for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        #[cfg(feature = "model")]
        let _lasts = cell::access(&self.home, true);
        f(self.data.get())
    }

    /// The value, by exclusive borrow.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> Self {
        UnsafeCell::new(T::default())
    }
}

#[cfg(feature = "model")]
impl<T: ?Sized> crate::sync::Named for UnsafeCell<T> {
    fn set_name(&self, name: &str) {
        self.home.name(name);
    }
}
