//! An `UnsafeCell` whose accesses the engines see, and announced accesses to plain memory.

mod address;
mod pointer;

pub use address::{freed, read, write};
pub use pointer::{ConstPtr, MutPtr};

#[cfg(feature = "model")]
use crate::{
    execution::{
        Home,
        constant::{self, Lent},
        memory::cell,
    },
    trace::ObjectKind,
};

/// A cell that is accessed through closures, so that a model can check it for data races (loom's
/// shape).
///
/// If two accesses are unordered and one of them is a write, the race is reported before the second
/// one gets its pointer. An access lasts until the last operation in its closure. A closure may
/// hand its access right on through that operation, and must not use the pointer after it. Without
/// the feature `model` the cell is as thin as std's.
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
    /// Creates a cell that holds `value`.
    #[cfg(feature = "model")]
    #[track_caller]
    pub const fn new(value: T) -> Self {
        UnsafeCell { home: Home::new(ObjectKind::Cell), data: std::cell::UnsafeCell::new(value) }
    }

    /// Creates a cell that holds `value`.
    #[cfg(not(feature = "model"))]
    pub const fn new(value: T) -> Self {
        UnsafeCell { data: std::cell::UnsafeCell::new(value) }
    }

    /// Consumes the cell and returns the value.
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
        f(self.place())
    }

    /// Calls `f` with a pointer for writing.
    #[track_caller]
    pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        #[cfg(feature = "model")]
        let _lasts = cell::access(&self.home, true);
        f(self.place())
    }

    /// Where the value is: in itself, but for a static in a model.
    fn place(&self) -> *mut T {
        #[cfg(feature = "model")]
        return constant::place(&self.home, &self.data, Lent::ForEver);
        #[cfg(not(feature = "model"))]
        self.data.get()
    }

    /// Begins to read. The access lasts as long as the pointer lives: see [`ConstPtr`].
    #[track_caller]
    #[must_use]
    pub fn const_ptr(&self) -> ConstPtr<T> {
        ConstPtr {
            #[cfg(feature = "model")]
            lasts: cell::access(&self.home, false),
            pointer: self.place(),
        }
    }

    /// Begins to write. The access lasts as long as the pointer lives: see [`MutPtr`].
    #[track_caller]
    #[must_use]
    pub fn mut_ptr(&self) -> MutPtr<T> {
        MutPtr {
            #[cfg(feature = "model")]
            lasts: cell::access(&self.home, true),
            pointer: self.place(),
        }
    }

    /// Returns a mutable reference to the value.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: 1. the cell is borrowed exclusively, and what an execution keeps for a static is
        // behind it
        #[cfg(feature = "model")]
        #[allow(unsafe_code)]
        return unsafe { &mut *self.place() };
        #[cfg(not(feature = "model"))]
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
