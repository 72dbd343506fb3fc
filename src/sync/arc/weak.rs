//! `Weak`

use super::{Arc, address};
use crate::execution::memory::arc::{Count, Does};
use crate::trace::Operation;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc as StdArc, Weak as Std};

/// [`std::sync::Weak`], modelled; see [`Arc`].
///
/// ```
/// use selvedge::sync::{Arc, Weak};
///
/// let value = Arc::new(5);
/// let weak = Arc::downgrade(&value);
/// assert_eq!(weak.upgrade().as_deref(), Some(&5));
/// drop(value);
/// assert!(weak.upgrade().is_none());
/// assert!(Weak::<u32>::new().upgrade().is_none());
/// ```
pub struct Weak<T: ?Sized> {
    /// `None` only while the handle is taken apart.
    inner: Option<Std<T>>,
    count: Count,
    location: &'static Location<'static>,
}

const HERE: &str = "a handle has its value until it is dropped";

impl<T> Weak<T> {
    /// Constructs a `Weak` without a value.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Weak<T> {
        Weak { inner: Some(Std::new()), count: Count::PLAIN, location: Location::caller() }
    }
}

impl<T: ?Sized> Weak<T> {
    pub(super) fn with(
        inner: Std<T>,
        count: Count,
        location: &'static Location<'static>,
    ) -> Weak<T> {
        Weak { inner: Some(inner), count, location }
    }

    /// Drops the handle without recording it.
    pub(super) fn forget(mut self) {
        self.inner = None;
    }

    /// For [`coerce!`](crate::coerce).
    #[doc(hidden)]
    #[must_use]
    pub fn __coerced<U: ?Sized>(mut self, coerce: fn(Std<T>) -> Std<U>) -> Weak<U> {
        let inner = self.inner.take().expect(HERE);
        Weak::with(coerce(inner), self.count, self.location)
    }

    pub(super) fn into_parts(mut self) -> (Std<T>, Count) {
        (self.inner.take().expect(HERE), self.count)
    }

    fn inner(&self) -> &Std<T> {
        self.inner.as_ref().expect(HERE)
    }

    /// Returns a handle to the value, if it still exists.
    #[track_caller]
    #[must_use]
    pub fn upgrade(&self) -> Option<Arc<T>> {
        let location = Location::caller();
        let inner =
            self.count.step((Does::Upgrade, Operation::Claim("upgrade")), location, |sees| {
                let upgraded = self.inner().upgrade().filter(|_| sees.is_none());
                (upgraded, sees.unwrap_or_else(|| self.inner().strong_count()))
            })?;
        self.count.acquire();
        Some(Arc { inner: Some(inner), count: self.count, location })
    }

    /// Returns the number of handles to the value.
    #[track_caller]
    #[must_use]
    pub fn strong_count(&self) -> usize {
        let step = (Does::Look, Operation::Look("strong_count"));
        self.count.step(step, Location::caller(), |sees| {
            let handles = sees.unwrap_or_else(|| self.inner().strong_count());
            (handles, handles)
        })
    }

    /// Returns the number of [`Weak`]s to the value; 0 if the value is gone.
    #[track_caller]
    #[must_use]
    pub fn weak_count(&self) -> usize {
        let (operation, location) = (Operation::Look("weak_count"), Location::caller());
        let weaks = self.count.step((Does::LookWeakAcquire, operation), location, |sees| {
            let weaks = sees.unwrap_or_else(|| self.inner().weak_count());
            (weaks, weaks)
        });
        let is_gone = || {
            self.count.step((Does::Look, operation), location, |sees| {
                let handles = sees.unwrap_or_else(|| self.inner().strong_count());
                (handles == 0, handles)
            })
        };
        // where its counts are weak, the two are looked at one after the other
        if self.count.is_weak() && is_gone() { 0 } else { weaks }
    }

    /// Returns `true` if both point to the same value.
    #[must_use]
    pub fn ptr_eq(&self, other: &Weak<T>) -> bool {
        self.inner().ptr_eq(other.inner())
    }

    /// Returns the address of the value, even after the value is gone.
    #[must_use]
    pub fn as_ptr(&self) -> *const T {
        self.inner().as_ptr()
    }

    /// Converts the handle to a raw pointer, which then owns it.
    #[must_use]
    pub fn into_raw(self) -> *const T {
        self.into_parts().0.into_raw()
    }

    /// Converts a raw pointer from [`into_raw`](Weak::into_raw) back to the handle.
    ///
    /// # Safety
    /// 1. As for [`std::sync::Weak::from_raw`].
    #[track_caller]
    #[must_use]
    #[allow(unsafe_code)]
    pub unsafe fn from_raw(pointer: *const T) -> Weak<T> {
        // SAFETY: 1. the caller answers for the pointer
        let inner = unsafe { Std::from_raw(pointer) };
        let count = Count::at(address(inner.as_ptr())).unwrap_or(Count::PLAIN);
        Weak { inner: Some(inner), count, location: Location::caller() }
    }
}

impl<T: ?Sized> Drop for Weak<T> {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        self.count.step((Does::DropWeak, Operation::Drop), self.location, |_| {
            let others = inner.weak_count().saturating_sub(1);
            drop(inner);
            ((), others)
        });
    }
}

impl<T: ?Sized> Clone for Weak<T> {
    #[track_caller]
    fn clone(&self) -> Weak<T> {
        let location = Location::caller();
        let inner = self.count.step((Does::CloneWeak, Operation::Clone), location, |_| {
            let clone = Std::clone(self.inner());
            let others = clone.weak_count();
            (clone, others)
        });
        Weak { inner: Some(inner), count: self.count, location }
    }
}

impl<T> Default for Weak<T> {
    #[track_caller]
    fn default() -> Weak<T> {
        Weak::new()
    }
}

impl<T: ?Sized> fmt::Debug for Weak<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(Weak)")
    }
}

impl<T: ?Sized> From<Std<T>> for Weak<T> {
    #[track_caller]
    fn from(inner: Std<T>) -> Weak<T> {
        let count = Count::at(address(inner.as_ptr())).unwrap_or(Count::PLAIN);
        Weak { inner: Some(inner), count, location: Location::caller() }
    }
}

/// A model does not see what is done with std's `Weak`.
impl<T: ?Sized> From<Weak<T>> for Std<T> {
    fn from(weak: Weak<T>) -> Std<T> {
        weak.into_parts().0
    }
}

/// Returns std's handle of a value, for values that stay in std.
pub(super) fn count_of<T: ?Sized>(inner: &StdArc<T>) -> Option<Count> {
    Count::at(address(StdArc::as_ptr(inner)))
}
