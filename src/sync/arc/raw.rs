//! Handles as raw pointers: they are std's, and the execution knows whose they are by their
//! addresses.

use super::{Arc, Parts, address};
use crate::execution::memory::arc::Count;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::sync::Arc as Std;

impl<T: ?Sized> Arc<T> {
    /// Where the value stands.
    #[must_use]
    pub fn as_ptr(this: &Arc<T>) -> *const T {
        Std::as_ptr(this.inner())
    }

    /// The pointer, which owns the handle from now on.
    #[must_use]
    pub fn into_raw(this: Arc<T>) -> *const T {
        let Parts { inner, .. } = this.into_parts();
        Std::into_raw(inner)
    }

    /// The handle that [`into_raw`](Arc::into_raw) made a pointer of.
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

    /// Makes one handle more.
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

    /// Gives one handle back.
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
    /// The handle of a value that has been written.
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
    /// Room for so many values.
    #[track_caller]
    #[must_use]
    pub fn new_uninit_slice(len: usize) -> Arc<[MaybeUninit<T>]> {
        Arc::of(Std::new_uninit_slice(len))
    }
}

impl<T> Arc<[T]> {
    /// Room for so many values, whose bytes are zero.
    #[track_caller]
    #[must_use]
    pub fn new_zeroed_slice(len: usize) -> Arc<[MaybeUninit<T>]> {
        Arc::of(Std::new_zeroed_slice(len))
    }
}

impl<T> Arc<[MaybeUninit<T>]> {
    /// The handle of values that have been written.
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
    /// The same value by its type.
    ///
    /// # Errors
    /// With the handle, if it is of another type.
    pub fn downcast<T: std::any::Any + Send + Sync>(self) -> Result<Arc<T>, Self> {
        let Parts { inner, count, location } = self.into_parts();
        match inner.downcast::<T>() {
            Ok(inner) => Ok(Arc { inner: Some(inner), count, location }),
            Err(inner) => Err(Arc { inner: Some(inner), count, location }),
        }
    }
}
