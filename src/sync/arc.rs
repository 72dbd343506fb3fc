//! `Arc` and `Weak`

mod convert;
mod raw;
mod weak;

pub use weak::Weak;

use crate::execution::memory::arc::{Count, Does};
use crate::trace::Operation;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::MaybeUninit;
use std::ops::{Deref, Range};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc as Std;

/// [`std::sync::Arc`], modelled.
///
/// Clones and drops are ordered as in std: the last owner's destructor runs after everything the
/// other owners did. Clones and drops are branch points only where their order can matter: where a
/// destructor has an effect that other threads can see, or where a thread reads a count
/// (`strong_count`, `try_unwrap`, `get_mut`, `upgrade`, ...) that another thread changes.
///
/// ```
/// use selvedge::sync::{Arc, Mutex};
/// use selvedge::thread;
///
/// selvedge::check(|| {
///     let balance = Arc::new(Mutex::new(0));
///     let theirs = Arc::clone(&balance);
///     let teller = thread::spawn(move || *theirs.lock().unwrap() += 1);
///     *balance.lock().unwrap() += 2;
///     teller.join().unwrap();
///     let balance = Arc::try_unwrap(balance).unwrap();
///     assert_eq!(balance.into_inner().unwrap(), 3);
/// });
/// ```
///
/// Stable Rust coerces no other crate's `Arc<T>` to an `Arc<dyn Trait>` by itself:
/// [`coerce!`](crate::coerce) does it.
pub struct Arc<T: ?Sized> {
    /// `None` only while the handle is taken apart.
    inner: Option<Std<T>>,
    count: Count,
    /// Where this handle was created. Where it goes out of scope is not known.
    location: &'static Location<'static>,
}

/// The addresses of a value.
fn place<T: ?Sized>(value: &T) -> Range<usize> {
    let start = address(value);
    start..start + size_of_val(value)
}

/// Returns the address of a value.
fn address<T: ?Sized>(value: *const T) -> usize {
    value.cast::<()>().addr()
}

impl<T> Arc<T> {
    /// Constructs a new `Arc` with a strong count of one.
    #[track_caller]
    #[must_use]
    pub fn new(value: T) -> Arc<T> {
        Arc::of(Std::new(value))
    }

    /// Constructs a new `Arc` whose value holds a [`Weak`] to itself.
    #[track_caller]
    pub fn new_cyclic<F: FnOnce(&Weak<T>) -> T>(make: F) -> Arc<T> {
        let location = Location::caller();
        let count = Count::made(None, 1, location);
        let inner = Std::new_cyclic(|weak| {
            let own = Weak::with(weak.clone(), count, location);
            let value = make(&own);
            own.forget();
            value
        });
        count.stands_at(place(&*inner));
        Arc { inner: Some(inner), count, location }
    }

    /// Constructs a new pinned `Arc`. The value never moves.
    #[track_caller]
    #[must_use]
    pub fn pin(value: T) -> Pin<Arc<T>> {
        // SAFETY: 1. the value stands behind one of std's `Arc`s, which never moves it
        #[allow(unsafe_code)]
        unsafe {
            Pin::new_unchecked(Arc::new(value))
        }
    }

    /// Constructs a new `Arc` with uninitialised contents.
    #[track_caller]
    #[must_use]
    pub fn new_uninit() -> Arc<MaybeUninit<T>> {
        Arc::of(Std::new_uninit())
    }

    /// Constructs a new `Arc` with uninitialised contents, filled with zero bytes.
    #[track_caller]
    #[must_use]
    pub fn new_zeroed() -> Arc<MaybeUninit<T>> {
        Arc::of(Std::new_zeroed())
    }

    /// Returns the value if this is its only handle.
    ///
    /// # Errors
    /// Returns the handle if there are others.
    #[track_caller]
    pub fn try_unwrap(this: Arc<T>) -> Result<T, Arc<T>> {
        let Parts { inner, count, location } = this.into_parts();
        let step = (Does::Unwrap, Operation::Claim("try_unwrap"));
        let value = count.step(step, Location::caller(), |sees| match sees {
            Some(handles) => (Err(inner), handles),
            None => {
                let handles = Std::strong_count(&inner);
                (Std::try_unwrap(inner), handles)
            }
        });
        match value {
            Ok(value) => {
                count.acquire();
                count.freed();
                count.gives_up_own_weak(location);
                Ok(value)
            }
            Err(inner) => Err(Arc { inner: Some(inner), count, location }),
        }
    }

    /// Returns the value if this was its only handle. If several threads call this, exactly one
    /// gets the value.
    #[track_caller]
    #[must_use]
    pub fn into_inner(this: Arc<T>) -> Option<T> {
        let Parts { inner, count, location } = this.into_parts();
        let step = (Does::Claim, Operation::Claim("into_inner"));
        let value = count.step(step, Location::caller(), |_| {
            let others = Std::strong_count(&inner) - 1;
            (Std::into_inner(inner), others)
        });
        value.inspect(|_| {
            count.acquire();
            count.freed();
            count.gives_up_own_weak(location);
        })
    }

    /// Returns the value, or a clone of it if there are other handles.
    #[track_caller]
    #[must_use]
    pub fn unwrap_or_clone(this: Arc<T>) -> T
    where
        T: Clone,
    {
        Arc::try_unwrap(this).unwrap_or_else(|shared| (*shared).clone())
    }
}

/// The parts of a handle.
struct Parts<T: ?Sized> {
    inner: Std<T>,
    count: Count,
    location: &'static Location<'static>,
}

impl<T: ?Sized> Arc<T> {
    /// Creates a handle from a `std::sync::Arc` that has no other owner.
    #[track_caller]
    fn of(inner: Std<T>) -> Arc<T> {
        let location = Location::caller();
        let count = Count::made(Some(place(&*inner)), 1, location);
        Arc { inner: Some(inner), count, location }
    }

    fn inner(&self) -> &Std<T> {
        self.inner.as_ref().expect(HERE)
    }

    fn into_parts(mut self) -> Parts<T> {
        Parts { inner: self.inner.take().expect(HERE), count: self.count, location: self.location }
    }

    /// Creates a [`Weak`] to the value.
    #[track_caller]
    #[must_use]
    pub fn downgrade(this: &Arc<T>) -> Weak<T> {
        let (inner, location) = (this.inner(), Location::caller());
        let weak = this.count.step((Does::Downgrade, Operation::Clone), location, |_| {
            let weak = Std::downgrade(inner);
            (weak, Std::weak_count(inner))
        });
        Weak::with(weak, this.count, location)
    }

    /// Returns the number of handles. The call orders nothing.
    #[track_caller]
    #[must_use]
    pub fn strong_count(this: &Arc<T>) -> usize {
        let step = (Does::Look, Operation::Look("strong_count"));
        this.count.step(step, Location::caller(), |sees| {
            let handles = sees.unwrap_or_else(|| Std::strong_count(this.inner()));
            (handles, handles)
        })
    }

    /// Returns the number of [`Weak`]s. The call orders nothing.
    #[track_caller]
    #[must_use]
    pub fn weak_count(this: &Arc<T>) -> usize {
        let step = (Does::LookWeak, Operation::Look("weak_count"));
        this.count.step(step, Location::caller(), |sees| {
            let weaks = sees.unwrap_or_else(|| Std::weak_count(this.inner()));
            (weaks, weaks)
        })
    }

    /// Returns a mutable reference to the value if there are no other handles and no [`Weak`]s.
    #[track_caller]
    pub fn get_mut(this: &mut Arc<T>) -> Option<&mut T> {
        let (count, inner) = (this.count, this.inner.as_mut().expect(HERE));
        let (operation, location) = (Operation::Look("get_mut"), Location::caller());
        let has_no_weak = || count.has_no_weak(operation, location, || Std::weak_count(inner));
        let has_the_only_handle = || {
            count.step((Does::LookAcquire, operation), location, |sees| {
                let handles = || Std::strong_count(inner) + Std::weak_count(inner);
                let handles = sees.unwrap_or_else(handles);
                (handles == 1, handles)
            })
        };
        // std locks the count of `Weak`s in between: nobody makes another one
        let is_alone = has_no_weak() && has_the_only_handle();
        if !(is_alone && (!count.had_weak() || has_no_weak())) {
            return None;
        }
        count.borrows();
        Std::get_mut(inner)
    }

    /// Returns `true` if both handles point to the same value.
    #[must_use]
    pub fn ptr_eq(this: &Arc<T>, other: &Arc<T>) -> bool {
        Std::ptr_eq(this.inner(), other.inner())
    }
}

impl<T: ?Sized + Shared> Arc<T> {
    /// Returns a mutable reference to the value, and clones the value first if there are other
    /// handles.
    #[track_caller]
    pub fn make_mut(this: &mut Arc<T>) -> &mut T {
        let step = (Does::Own, Operation::Claim("make_mut"));
        let handles = this.count.step(step, Location::caller(), |sees| {
            let handles = sees.unwrap_or_else(|| Std::strong_count(this.inner()));
            (handles, handles)
        });
        if handles == 1 {
            this.count.acquire();
            if this.count.is_weak() && Std::weak_count(this.inner()) > 0 {
                this.count.refuse("make_mut of an Arc that has Weaks");
            }
        } else {
            *this = T::cloned(&**this);
        }
        let count = this.count;
        // moves it away from `Weak`s, if there are any
        let value = T::make_mut(this.inner.as_mut().expect(HERE));
        count.stands_at(place(value));
        value
    }
}

/// The values that `make_mut` can clone: sized values, slices and strings, as in std.
#[doc(hidden)]
pub trait Shared {
    #[track_caller]
    fn cloned(&self) -> Arc<Self>;
    fn make_mut(std: &mut Std<Self>) -> &mut Self;
}

macro_rules! shared {
    ($([$($generics:tt)*] $of:ty, $clone:expr;)*) => { $(
        impl<$($generics)*> Shared for $of {
            #[track_caller]
            fn cloned(&self) -> Arc<$of> {
                $clone(self)
            }

            fn make_mut(std: &mut Std<$of>) -> &mut $of {
                Std::make_mut(std)
            }
        }
    )* };
}

shared! {
    [T: Clone] T, |value: &T| Arc::new(value.clone());
    [T: Clone] [T], Arc::<[T]>::from;
    [] str, Arc::<str>::from;
}

const HERE: &str = "a handle has its value until it is dropped";

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        let Some(inner) = self.inner.take() else { return };
        let count = self.count;
        let last = count.step((Does::Drop, Operation::Drop), self.location, |_| {
            match Std::strong_count(&inner) - 1 {
                0 => (Some(inner), 0),
                others => {
                    drop(inner); // not the last: nothing of the user's runs
                    (None, others)
                }
            }
        });
        if let Some(inner) = last {
            if Std::weak_count(&inner) == 0 {
                count.freed();
            }
            count.last(move || drop(inner));
            count.gives_up_own_weak(self.location);
        }
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    #[track_caller]
    fn clone(&self) -> Arc<T> {
        let location = Location::caller();
        let inner = self.count.step((Does::Clone, Operation::Clone), location, |_| {
            let clone = Std::clone(self.inner());
            let handles = Std::strong_count(&clone);
            (clone, handles)
        });
        Arc { inner: Some(inner), count: self.count, location }
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner()
    }
}

impl<T: ?Sized> AsRef<T> for Arc<T> {
    fn as_ref(&self) -> &T {
        self
    }
}

impl<T: ?Sized> Borrow<T> for Arc<T> {
    fn borrow(&self) -> &T {
        self
    }
}

impl<T: ?Sized + PartialEq> PartialEq for Arc<T> {
    fn eq(&self, other: &Arc<T>) -> bool {
        self.inner() == other.inner()
    }
}

impl<T: ?Sized + Eq> Eq for Arc<T> {}

impl<T: ?Sized + PartialOrd> PartialOrd for Arc<T> {
    fn partial_cmp(&self, other: &Arc<T>) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: ?Sized + Ord> Ord for Arc<T> {
    fn cmp(&self, other: &Arc<T>) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: ?Sized + Hash> Hash for Arc<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized> fmt::Pointer for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner().fmt(f)
    }
}

impl<T: ?Sized + std::error::Error> std::error::Error for Arc<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        (**self).source()
    }
}
