//! `std::cell`, checked for data races.

use std::cmp::Ordering;
use std::mem;

pub use selvedge::cell::{ConstPtr, MutPtr};

/// A cell whose accesses are checked for data races.
///
/// ```
/// use selvedge_loom as loom;
///
/// loom::model(|| {
///     let cell = loom::cell::UnsafeCell::new(1);
///     // SAFETY: no other thread has the cell
///     cell.with_mut(|p| unsafe { *p += 1 });
///     let read = cell.get();
///     // SAFETY: nobody writes while `read` lives
///     assert_eq!(unsafe { *read.deref() }, 2);
/// });
/// ```
#[derive(Debug)]
pub struct UnsafeCell<T: ?Sized>(selvedge::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// Creates a cell that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(selvedge::cell::UnsafeCell::new(value))
    }

    /// Consumes the cell and returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> UnsafeCell<T> {
    /// Calls `f` with a pointer for reading.
    #[track_caller]
    pub fn with<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*const T) -> R,
    {
        self.0.with(f)
    }

    /// Calls `f` with a pointer for writing.
    #[track_caller]
    pub fn with_mut<F, R>(&self, f: F) -> R
    where
        F: FnOnce(*mut T) -> R,
    {
        self.0.with_mut(f)
    }

    /// Begins to read: the access lasts as long as the pointer lives.
    #[track_caller]
    pub fn get(&self) -> ConstPtr<T> {
        self.0.const_ptr()
    }

    /// Begins to write: the access lasts as long as the pointer lives.
    #[track_caller]
    pub fn get_mut(&self) -> MutPtr<T> {
        self.0.mut_ptr()
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    #[track_caller]
    fn default() -> UnsafeCell<T> {
        UnsafeCell::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    #[track_caller]
    fn from(value: T) -> UnsafeCell<T> {
        UnsafeCell::new(value)
    }
}

/// [`std::cell::Cell`], checked for data races.
#[derive(Debug)]
pub struct Cell<T>(UnsafeCell<T>);

impl<T> Cell<T> {
    /// Creates a cell that holds `value`.
    #[track_caller]
    pub fn new(value: T) -> Cell<T> {
        Cell(UnsafeCell::new(value))
    }

    /// Stores `value`.
    #[track_caller]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    /// Swaps the values of two cells.
    #[track_caller]
    pub fn swap(&self, other: &Cell<T>) {
        if std::ptr::eq(self, other) {
            return;
        }
        self.0.with_mut(|mine| {
            // SAFETY: 1. two cells, each of which is written by this thread alone: a cell is not
            // `Sync`, and if its owner says otherwise, the access has been checked
            other.0.with_mut(|theirs| unsafe { std::ptr::swap(mine, theirs) });
        });
    }

    /// Stores `value` and returns the previous value.
    #[track_caller]
    pub fn replace(&self, value: T) -> T {
        // SAFETY: as in `swap` (1)
        self.0.with_mut(|p| mem::replace(unsafe { &mut *p }, value))
    }

    /// Returns a copy of the value.
    #[track_caller]
    pub fn get(&self) -> T
    where
        T: Copy,
    {
        // SAFETY: as in `swap` (1)
        self.0.with(|p| unsafe { *p })
    }

    /// Takes the value and leaves the default value.
    #[track_caller]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    /// Consumes the cell and returns the value.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: Default> Default for Cell<T> {
    #[track_caller]
    fn default() -> Cell<T> {
        Cell::new(T::default())
    }
}

impl<T: Copy> Clone for Cell<T> {
    #[track_caller]
    fn clone(&self) -> Cell<T> {
        Cell::new(self.get())
    }
}

impl<T> From<T> for Cell<T> {
    #[track_caller]
    fn from(value: T) -> Cell<T> {
        Cell::new(value)
    }
}

impl<T: PartialEq + Copy> PartialEq for Cell<T> {
    fn eq(&self, other: &Cell<T>) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq + Copy> Eq for Cell<T> {}

impl<T: PartialOrd + Copy> PartialOrd for Cell<T> {
    fn partial_cmp(&self, other: &Cell<T>) -> Option<Ordering> {
        self.get().partial_cmp(&other.get())
    }
}

impl<T: Ord + Copy> Ord for Cell<T> {
    fn cmp(&self, other: &Cell<T>) -> Ordering {
        self.get().cmp(&other.get())
    }
}
