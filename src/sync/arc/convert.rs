//! Conversions to and from `Arc`, as std has them.

use super::weak::count_of;
use super::{Arc, Parts, place};
use crate::execution::memory::arc::Count;
use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc as Std;
use std::task::{Wake, Waker};

/// An `Arc` that was in the execution before keeps its identity.
impl<T: ?Sized> From<Std<T>> for Arc<T> {
    #[track_caller]
    fn from(inner: Std<T>) -> Arc<T> {
        let location = Location::caller();
        let made = || {
            let (value, handles) = (place(&*inner), Std::strong_count(&inner));
            let count = Count::made(Some(value), handles, location);
            if handles > 1 {
                count.gone(); // an owner of std's may be the last
            }
            count
        };
        let count = count_of(&inner).unwrap_or_else(made);
        Arc { inner: Some(inner), count, location }
    }
}

/// A model does not see what is done with std's `Arc`.
impl<T: ?Sized> From<Arc<T>> for Std<T> {
    fn from(arc: Arc<T>) -> Std<T> {
        let Parts { inner, count, .. } = arc.into_parts();
        count.gone(); // as far as the model sees
        inner
    }
}

impl<T: ?Sized> Arc<T> {
    /// For [`coerce!`](crate::coerce). A function pointer, because the type that is expected of the
    /// call reaches its argument so, and not through a bound.
    #[doc(hidden)]
    #[must_use]
    pub fn __coerced<U: ?Sized>(self, coerce: fn(Std<T>) -> Std<U>) -> Arc<U> {
        let Parts { inner, count, location } = self.into_parts();
        Arc { inner: Some(coerce(inner)), count, location }
    }

    /// Converts std's `Arc`, which must be the only one. loom's name for it: in crates that have
    /// std's types without models it is `Arc::from`.
    ///
    /// # Panics
    /// If there are others.
    #[doc(hidden)]
    #[track_caller]
    #[must_use]
    pub fn from_std(mut inner: Std<T>) -> Arc<T> {
        assert!(Std::get_mut(&mut inner).is_some(), "Arc provided to `from_std` is not unique");
        Arc::from(inner)
    }
}

impl<T> From<T> for Arc<T> {
    #[track_caller]
    fn from(value: T) -> Arc<T> {
        Arc::new(value)
    }
}

/// The conversions that std's `Arc` also has.
macro_rules! as_std {
    ($([$($generics:tt)*] $from:ty => $to:ty;)*) => { $(
        impl<$($generics)*> From<$from> for Arc<$to> {
            #[track_caller]
            fn from(value: $from) -> Arc<$to> {
                Arc::of(Std::from(value))
            }
        }
    )* };
}

as_std! {
    [T: Clone] &[T] => [T];
    [T: Clone] &mut [T] => [T];
    [T] Vec<T> => [T];
    [T, const N: usize] [T; N] => [T];
    [] &str => str;
    [] &mut str => str;
    [] String => str;
    [] &CStr => CStr;
    [] CString => CStr;
    [] &OsStr => OsStr;
    [] OsString => OsStr;
    [] &Path => Path;
    [] PathBuf => Path;
    [T: ?Sized] Box<T> => T;
}

impl<'a, B> From<Cow<'a, B>> for Arc<B>
where
    B: ToOwned + ?Sized,
    Std<B>: From<&'a B> + From<B::Owned>,
{
    #[track_caller]
    fn from(value: Cow<'a, B>) -> Arc<B> {
        Arc::of(Std::<B>::from(value))
    }
}

impl From<Arc<str>> for Arc<[u8]> {
    fn from(text: Arc<str>) -> Arc<[u8]> {
        let Parts { inner, count, location } = text.into_parts();
        Arc { inner: Some(Std::from(inner)), count, location }
    }
}

impl<T, const N: usize> TryFrom<Arc<[T]>> for Arc<[T; N]> {
    type Error = Arc<[T]>;

    fn try_from(slice: Arc<[T]>) -> Result<Arc<[T; N]>, Arc<[T]>> {
        let Parts { inner, count, location } = slice.into_parts();
        match <Std<[T; N]>>::try_from(inner) {
            Ok(inner) => Ok(Arc { inner: Some(inner), count, location }),
            Err(inner) => Err(Arc { inner: Some(inner), count, location }),
        }
    }
}

/// The waker owns one of std's `Arc`s.
impl<W: Wake + Send + Sync + 'static> From<Arc<W>> for Waker {
    fn from(waker: Arc<W>) -> Waker {
        Waker::from(Std::<W>::from(waker))
    }
}

impl<T> FromIterator<T> for Arc<[T]> {
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Arc<[T]> {
        Arc::of(iter.into_iter().collect::<Std<[T]>>())
    }
}

impl<T: Default> Default for Arc<T> {
    #[track_caller]
    fn default() -> Arc<T> {
        Arc::new(T::default())
    }
}

macro_rules! empty {
    ($([$($generics:tt)*] $of:ty;)*) => { $(
        impl<$($generics)*> Default for Arc<$of> {
            #[track_caller]
            fn default() -> Arc<$of> {
                Arc::of(Std::<$of>::default())
            }
        }
    )* };
}

empty! {
    [] str;
    [] CStr;
    [T] [T];
}

impl<T: Default> Default for Pin<Arc<T>> {
    #[track_caller]
    fn default() -> Pin<Arc<T>> {
        Arc::pin(T::default())
    }
}
