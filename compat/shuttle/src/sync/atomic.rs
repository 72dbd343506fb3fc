//! `std::sync::atomic`, as shuttle has it: with integers of 128 bits, which std has not on stable.

pub use selvedge::sync::atomic::*;

use selvedge::sync::{Mutex, MutexGuard, PoisonError};
use std::fmt;

/// What an operation of this ordering may not be, as in std.
fn assert_loads(order: Ordering) {
    let loads = !matches!(order, Ordering::Release | Ordering::AcqRel);
    assert!(loads, "there is no such thing as a release load");
}

fn assert_stores(order: Ordering) {
    let stores = !matches!(order, Ordering::Acquire | Ordering::AcqRel);
    assert!(stores, "there is no such thing as an acquire store");
}

macro_rules! wide {
    ($(#[$doc:meta] $name:ident($int:ty);)*) => { $(
        #[$doc]
        ///
        /// It is an integer under a lock: each operation is drawn as those of the lock, and is
        /// sequentially consistent, whatever its ordering is.
        #[derive(Default)]
        pub struct $name(Mutex<$int>);

        impl $name {
            /// Creates an atomic.
            #[track_caller]
            #[must_use]
            pub const fn new(value: $int) -> $name {
                $name(Mutex::new(value))
            }

            #[track_caller]
            fn value(&self) -> MutexGuard<'_, $int> {
                self.0.lock().unwrap_or_else(PoisonError::into_inner)
            }

            /// Returns a mutable reference to the value.
            pub fn get_mut(&mut self) -> &mut $int {
                self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
            }

            /// Returns the value.
            pub fn into_inner(self) -> $int {
                self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
            }

            /// Loads the value.
            ///
            /// # Panics
            /// If the ordering is that of a store.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $int {
                assert_loads(order);
                *self.value()
            }

            /// Stores a value.
            ///
            /// # Panics
            /// If the ordering is that of a load.
            #[track_caller]
            pub fn store(&self, value: $int, order: Ordering) {
                assert_stores(order);
                *self.value() = value;
            }

            /// Changes the value by a function, and returns the one before. As in std, others may
            /// change it while the function runs, which then runs again.
            #[track_caller]
            pub fn update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut f: impl FnMut($int) -> $int,
            ) -> $int {
                let mut before = self.load(fetch);
                loop {
                    match self.compare_exchange_weak(before, f(before), set, fetch) {
                        Ok(before) => return before,
                        Err(now) => before = now,
                    }
                }
            }

            /// The same, if the function returns a value. Otherwise the error has the value.
            ///
            /// # Errors
            /// If the function returns none.
            #[track_caller]
            pub fn try_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut f: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                let mut before = self.load(fetch);
                while let Some(new) = f(before) {
                    match self.compare_exchange_weak(before, new, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(now) => before = now,
                    }
                }
                Err(before)
            }

            /// Does the same as `try_update`.
            ///
            /// # Errors
            /// If the function returns none.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                f: impl FnMut($int) -> Option<$int>,
            ) -> Result<$int, $int> {
                self.try_update(set, fetch, f)
            }

            /// Stores a value, and returns the one before.
            #[track_caller]
            pub fn swap(&self, new: $int, _order: Ordering) -> $int {
                std::mem::replace(&mut *self.value(), new)
            }

            /// Stores a value if the one before is `current`, and returns that.
            ///
            /// # Errors
            /// If it is another one: that is the error.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                _success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                assert_loads(failure);
                let mut value = self.value();
                let before = *value;
                if before != current {
                    return Err(before);
                }
                *value = new;
                Ok(before)
            }

            /// Does the same: it never fails spuriously.
            ///
            /// # Errors
            /// As `compare_exchange`.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                self.compare_exchange(current, new, success, failure)
            }

            wide! { @rmw $int:
                /// Adds, wrapping around.
                fetch_add(value, with) value.wrapping_add(with);
                /// Subtracts, wrapping around.
                fetch_sub(value, with) value.wrapping_sub(with);
                /// Bitwise and.
                fetch_and(value, with) value & with;
                /// Bitwise nand.
                fetch_nand(value, with) !(value & with);
                /// Bitwise or.
                fetch_or(value, with) value | with;
                /// Bitwise xor.
                fetch_xor(value, with) value ^ with;
                /// Takes the larger value.
                fetch_max(value, with) value.max(with);
                /// Takes the smaller value.
                fetch_min(value, with) value.min(with);
            }
        }

        impl From<$int> for $name {
            #[track_caller]
            fn from(value: $int) -> $name {
                $name::new(value)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )* };
    (@rmw $int:ty: $(#[$doc:meta] $name:ident($value:ident, $with:ident) $new:expr;)*) => { $(
        #[$doc]
        /// Returns the value before.
        #[track_caller]
        pub fn $name(&self, $with: $int, _order: Ordering) -> $int {
            let mut value = self.value();
            let $value = *value;
            *value = $new;
            $value
        }
    )* };
}

wide! {
    /// A signed integer of 128 bits.
    AtomicI128(i128);
    /// An unsigned integer of 128 bits.
    AtomicU128(u128);
}
