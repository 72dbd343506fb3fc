//! `std::sync::atomic`, as the engines see it.
//!
//! Under shuttle an atomic holds one value (sequential consistency), and the declared orderings
//! decide which plain accesses they order: a `Relaxed` publication is a data race on what it
//! publishes. Under loom a load may read an older value, as far as loom's memory model goes, and
//! weak compare-exchanges do not fail spuriously.

use crate::execution::Home;
use crate::execution::memory::atomic::{self, Rmw, Strength};
use crate::sync::Named;
use crate::trace::ObjectKind;
use std::fmt;
pub use std::sync::atomic::{Ordering, compiler_fence};

/// [`std::sync::atomic::fence`], modelled.
#[track_caller]
pub fn fence(order: Ordering) {
    atomic::fence(order);
}

/// The operations that all atomics have.
macro_rules! any {
    ($name:ident $(<$t:ident>)?, $ty:ty, $std:ty) => {
        #[doc = concat!("[`std::sync::atomic::", stringify!($name), "`], modelled.")]
        pub struct $name $(<$t>)? {
            home: Home,
            std: $std,
        }

        impl $(<$t: 'static>)? $name $(<$t>)? {
            /// An atomic that holds `value`.
            #[track_caller]
            pub fn new(value: $ty) -> Self {
                let home = Home::new(ObjectKind::Atomic);
                atomic::create(&home, value);
                Self { home, std: <$std>::new(value) }
            }

            /// Reads the value.
            ///
            /// # Panics
            /// If `order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $ty {
                atomic::load::<$ty>(&self.home, &self.std, order)
            }

            /// Writes the value.
            ///
            /// # Panics
            /// If `order` is `Acquire` or `AcqRel`.
            #[track_caller]
            pub fn store(&self, value: $ty, order: Ordering) {
                atomic::store::<$ty>(&self.home, &self.std, value, order);
            }

            /// Writes a value and returns the one before it.
            #[track_caller]
            pub fn swap(&self, value: $ty, order: Ordering) -> $ty {
                atomic::rmw::<$ty>(&self.home, &self.std, Rmw::Swap, value, order)
            }

            /// Writes `new` if the value is `current`.
            ///
            /// # Errors
            /// With the value, if it is another.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $ty,
                new: $ty,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$ty, $ty> {
                let (values, orders) = ((current, new), (success, failure));
                let strength = Strength::Strong;
                atomic::compare_exchange::<$ty>(&self.home, &self.std, values, orders, strength)
            }

            /// Writes `new` if the value is `current`; in a model it may fail for no reason, once
            /// at each place of a thread (under loom it never does).
            ///
            /// # Errors
            /// With the value, if it is another.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $ty,
                new: $ty,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$ty, $ty> {
                if !self.home.is_modelled() {
                    return self.std.compare_exchange_weak(current, new, success, failure);
                }
                let (values, orders) = ((current, new), (success, failure));
                let strength = Strength::Weak;
                atomic::compare_exchange::<$ty>(&self.home, &self.std, values, orders, strength)
            }

            /// Writes what `f` makes of the value, again and again until no other thread came
            /// between.
            ///
            /// # Errors
            /// With the value, once `f` returns `None`.
            #[track_caller]
            pub fn fetch_update<F: FnMut($ty) -> Option<$ty>>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$ty, $ty> {
                let mut seen = self.load(fetch_order);
                while let Some(new) = f(seen) {
                    // a failure without a cause would only ask `f` again
                    match self.compare_exchange(seen, new, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(now) => seen = now,
                    }
                }
                Err(seen)
            }

            /// The value, by exclusive borrow.
            pub fn get_mut(&mut self) -> &mut $ty {
                atomic::settle::<$ty>(&self.home, &mut self.std);
                self.std.get_mut()
            }

            /// The value, taken out.
            pub fn into_inner(mut self) -> $ty {
                *self.get_mut()
            }
        }

        impl $(<$t: 'static>)? Default for $name $(<$t>)? where $ty: DefaultValue {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$ty as DefaultValue>::default_value())
            }
        }

        impl $(<$t: 'static>)? From<$ty> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $ty) -> Self {
                Self::new(value)
            }
        }

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            /// The type only: reading the value would be an operation of its own.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $(<$t>)? Named for $name $(<$t>)? {
            fn set_name(&self, name: &str) {
                self.home.name(name);
            }
        }
    };
}

/// What `Default` makes of an atomic: null for pointers, which have no `Default` of their own.
#[doc(hidden)]
pub trait DefaultValue {
    fn default_value() -> Self;
}

impl<T> DefaultValue for *mut T {
    fn default_value() -> Self {
        std::ptr::null_mut()
    }
}

macro_rules! fetch {
    ($name:ident, $ty:ty, $($method:ident => $rmw:ident: $doc:literal;)*) => {
        impl $name {
            $(
                #[doc = $doc]
                #[track_caller]
                pub fn $method(&self, value: $ty, order: Ordering) -> $ty {
                    atomic::rmw::<$ty>(&self.home, &self.std, Rmw::$rmw, value, order)
                }
            )*
        }
    };
}

macro_rules! integer {
    ($($name:ident, $ty:ty;)*) => { $(
        any!($name, $ty, std::sync::atomic::$name);
        fetch!($name, $ty,
            fetch_add => Add: "Adds, wrapping around, and returns the value before.";
            fetch_sub => Sub: "Subtracts, wrapping around, and returns the value before.";
            fetch_and => And: "Bitwise and; returns the value before.";
            fetch_nand => Nand: "Bitwise nand; returns the value before.";
            fetch_or => Or: "Bitwise or; returns the value before.";
            fetch_xor => Xor: "Bitwise exclusive or; returns the value before.";
            fetch_max => Max: "The larger of the two; returns the value before.";
            fetch_min => Min: "The smaller of the two; returns the value before.";
        );
        impl DefaultValue for $ty {
            fn default_value() -> Self {
                0
            }
        }
    )* };
}

integer! {
    AtomicU8, u8;
    AtomicU16, u16;
    AtomicU32, u32;
    AtomicU64, u64;
    AtomicUsize, usize;
    AtomicI8, i8;
    AtomicI16, i16;
    AtomicI32, i32;
    AtomicI64, i64;
    AtomicIsize, isize;
}

any!(AtomicBool, bool, std::sync::atomic::AtomicBool);
fetch!(AtomicBool, bool,
    fetch_and => And: "Logical and; returns the value before.";
    fetch_nand => Nand: "Logical nand; returns the value before.";
    fetch_or => Or: "Logical or; returns the value before.";
    fetch_xor => Xor: "Logical exclusive or; returns the value before.";
);
impl DefaultValue for bool {
    fn default_value() -> Self {
        false
    }
}

impl AtomicBool {
    /// Logical not; returns the value before.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

any!(AtomicPtr<T>, *mut T, std::sync::atomic::AtomicPtr<T>);
