//! Thread-locals that every execution initialises anew.

use crate::execution;
use crate::trace::ThreadId;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::thread::LocalKey as Std;

/// [`std::thread::AccessError`], modelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessError;

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("already destroyed")
    }
}

impl std::error::Error for AccessError {}

/// [`std::thread::LocalKey`], modelled; [`thread_local!`](crate::thread_local) creates it.
pub struct LocalKey<T: 'static> {
    #[doc(hidden)]
    pub init: fn() -> T,
    #[doc(hidden)]
    pub std: &'static Std<T>,
}

impl<T: 'static> LocalKey<T> {
    /// Calls `f` with a reference to this thread's value.
    ///
    /// # Panics
    /// If the thread's locals are already destroyed.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f)
            .expect("cannot access a Thread Local Storage value during or after destruction")
    }

    /// Calls `f` with a reference to this thread's value.
    ///
    /// # Errors
    /// If the thread's locals are already destroyed.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        self.lend(execution::me, f)
    }

    /// Calls `f` with a reference to a value that all threads of the execution share. It is dropped
    /// when all have ended, at the end of the execution; if the execution fails, it is leaked.
    #[doc(hidden)]
    pub fn with_shared<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.lend(|| execution::ALL, f).expect("it is there as long as the execution")
    }

    fn lend<R>(
        &'static self,
        owner: impl FnOnce() -> ThreadId,
        f: impl FnOnce(&T) -> R,
    ) -> Result<R, AccessError> {
        if !execution::is_modelled() {
            return self.std.try_with(f).map_err(|_| AccessError);
        }
        let key = (std::ptr::from_ref(self).addr(), owner());
        let value: Option<Rc<T>> = execution::local(key, self.init);
        Ok(f(&*value.ok_or(AccessError)?))
    }
}

impl<T: 'static> LocalKey<Cell<T>> {
    /// Sets this thread's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| cell.set(value));
    }

    /// Returns a copy of this thread's value.
    pub fn get(&'static self) -> T
    where
        T: Copy,
    {
        self.with(Cell::get)
    }

    /// Takes this thread's value and leaves the default value.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(Cell::take)
    }

    /// Replaces this thread's value and returns the previous one.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> LocalKey<RefCell<T>> {
    /// Calls `f` with a reference to this thread's value.
    pub fn with_borrow<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.with(|cell| f(&cell.borrow()))
    }

    /// Calls `f` with a mutable reference to this thread's value.
    pub fn with_borrow_mut<R>(&'static self, f: impl FnOnce(&mut T) -> R) -> R {
        self.with(|cell| f(&mut cell.borrow_mut()))
    }

    /// Sets this thread's value.
    pub fn set(&'static self, value: T) {
        self.with(|cell| *cell.borrow_mut() = value);
    }

    /// Takes this thread's value and leaves the default value.
    pub fn take(&'static self) -> T
    where
        T: Default,
    {
        self.with(RefCell::take)
    }

    /// Replaces this thread's value and returns the previous one.
    pub fn replace(&'static self, value: T) -> T {
        self.with(|cell| cell.replace(value))
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}
