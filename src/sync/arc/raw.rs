//! Handles as raw pointers. The pointers are std's, and the execution identifies their owners by
//! address.

use super::{Arc, Parts, address};
use crate::execution::memory::arc::Count;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::sync::Arc as Std;

impl<T: ?Sized> Arc<T> {
    /// Returns the address of the value.
    #[must_use]
    pub fn as_ptr(this: &Arc<T>) -> *const T {
        Std::as_ptr(this.inner())
    }

    /// Converts the handle to a raw pointer, which then owns it.
    #[must_use]
    pub fn into_raw(this: Arc<T>) -> *const T {
        let Parts { inner, .. } = this.into_parts();
        Std::into_raw(inner)
    }

    /// Converts a raw pointer from [`into_raw`](Arc::into_raw) back to the handle.
    ///
    /// # Safety
    /// 1. As for [`std::sync::Arc::from_raw`].
    #[track_caller]
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn from_raw(pointer: *const T) -> Arc<T> {
        // SAFETY: 1. the caller answers for the pointer: `into_raw` gives std's
        let inner = unsafe { Std::from_raw(pointer) };
        let count = Count::at(address(pointer)).unwrap_or(Count::PLAIN);
        Arc { inner: Some(inner), count, location: Location::caller() }
    }

    /// Adds one handle.
    ///
    /// # Safety
    /// 1. As for [`std::sync::Arc::increment_strong_count`].
    #[track_caller]
    #[allow(unsafe_code)]
    pub unsafe fn increment_strong_count(pointer: *const T) {
        // SAFETY: 1. the caller answers for the pointer; the handle that it stands for stays
        let handle = ManuallyDrop::new(unsafe { Arc::from_raw(pointer) });
        std::mem::forget(Arc::clone(&*handle));
    }

    /// Drops one handle.
    ///
    /// # Safety
    /// 1. As for [`std::sync::Arc::decrement_strong_count`].
    #[track_caller]
    #[allow(unsafe_code)]
    pub unsafe fn decrement_strong_count(pointer: *const T) {
        // SAFETY: 1. the caller answers for the pointer, and gives the handle away
        drop(unsafe { Arc::from_raw(pointer) });
    }
}

impl<T> Arc<MaybeUninit<T>> {
    /// Converts to an `Arc` of the initialised value.
    ///
    /// # Safety
    /// 1. The value must have been written.
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn assume_init(self) -> Arc<T> {
        let Parts { inner, count, location } = self.into_parts();
        // SAFETY: 1. the caller answers for the value
        Arc { inner: Some(unsafe { inner.assume_init() }), count, location }
    }
}

impl<T> Arc<[T]> {
    /// Constructs a new slice of `len` uninitialised values.
    #[track_caller]
    #[must_use]
    pub fn new_uninit_slice(len: usize) -> Arc<[MaybeUninit<T>]> {
        Arc::of(Std::new_uninit_slice(len))
    }
}

impl<T> Arc<[T]> {
    /// Constructs a new slice of `len` uninitialised values, filled with zero bytes.
    #[track_caller]
    #[must_use]
    pub fn new_zeroed_slice(len: usize) -> Arc<[MaybeUninit<T>]> {
        Arc::of(Std::new_zeroed_slice(len))
    }
}

impl<T> Arc<[MaybeUninit<T>]> {
    /// Converts to an `Arc` of the initialised values.
    ///
    /// # Safety
    /// 1. All of them must have been written.
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn assume_init(self) -> Arc<[T]> {
        let Parts { inner, count, location } = self.into_parts();
        // SAFETY: 1. the caller answers for the values
        Arc { inner: Some(unsafe { inner.assume_init() }), count, location }
    }
}

#[cfg(unix)]
impl<T: std::os::fd::AsFd + ?Sized> std::os::fd::AsFd for Arc<T> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        (**self).as_fd()
    }
}

#[cfg(unix)]
impl<T: std::os::fd::AsRawFd> std::os::fd::AsRawFd for Arc<T> {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        (**self).as_raw_fd()
    }
}

impl Arc<dyn std::any::Any + Send + Sync> {
    /// Downcasts to a concrete type.
    ///
    /// # Errors
    /// Returns the handle if the value has another type.
    pub fn downcast<T: std::any::Any + Send + Sync>(self) -> Result<Arc<T>, Self> {
        let Parts { inner, count, location } = self.into_parts();
        match inner.downcast::<T>() {
            Ok(inner) => Ok(Arc { inner: Some(inner), count, location }),
            Err(inner) => Err(Arc { inner: Some(inner), count, location }),
        }
    }
}
