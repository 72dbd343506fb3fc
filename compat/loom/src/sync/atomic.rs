//! `std::sync::atomic`, as loom has it.

pub use selvedge::sync::atomic::{Ordering, fence};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// Lets other threads run.
#[track_caller]
pub fn spin_loop_hint() {
    crate::hint::spin_loop();
}

/// An atomic of selvedge's, with what loom's has beyond std's.
macro_rules! atomic {
    ($($name:ident $(<$t:ident>)?: $ty:ty;)*) => { $(
        #[doc = concat!("[`std::sync::atomic::", stringify!($name), "`], modelled.")]
        pub struct $name $(<$t>)? (selvedge::sync::atomic::$name $(<$t>)?);

        impl $(<$t>)? $name $(<$t>)? {
            /// Creates an atomic that holds `value`.
            #[track_caller]
            pub fn new(value: $ty) -> Self {
                Self(selvedge::sync::atomic::$name::new(value))
            }

            /// Calls `f` with the value. The borrow says that no other thread has the atomic.
            pub fn with_mut<R>(&mut self, f: impl FnOnce(&mut $ty) -> R) -> R {
                f(self.0.get_mut())
            }

            /// Loads the value as plain memory.
            ///
            /// # Safety
            /// 1. No other thread stores at the same time. A model reports a store that nothing
            ///    orders before it as a data race.
            #[track_caller]
            pub unsafe fn unsync_load(&self) -> $ty {
                self.0.unsync_load()
            }

            /// Consumes the atomic and returns the value.
            pub fn into_inner(self) -> $ty {
                self.0.into_inner()
            }

            /// Stores `new` if the current value is `current`. Returns the value before.
            #[track_caller]
            pub fn compare_and_swap(&self, current: $ty, new: $ty, order: Ordering) -> $ty {
                let failure = match order {
                    Ordering::Relaxed | Ordering::Release => Ordering::Relaxed,
                    Ordering::Acquire | Ordering::AcqRel => Ordering::Acquire,
                    _ => Ordering::SeqCst,
                };
                self.compare_exchange(current, new, order, failure).unwrap_or_else(|now| now)
            }
        }

        impl $(<$t>)? Deref for $name $(<$t>)? {
            type Target = selvedge::sync::atomic::$name $(<$t>)?;

            fn deref(&self) -> &Self::Target {
                &self.0
            }
        }

        impl $(<$t>)? DerefMut for $name $(<$t>)? {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.0
            }
        }

        impl $(<$t>)? Default for $name $(<$t>)? {
            #[track_caller]
            fn default() -> Self {
                Self(Default::default())
            }
        }

        impl $(<$t>)? From<$ty> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $ty) -> Self {
                Self::new(value)
            }
        }

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )* };
}

atomic! {
    AtomicBool: bool;
    AtomicI8: i8;
    AtomicI16: i16;
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicIsize: isize;
    AtomicPtr<T>: *mut T;
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}
