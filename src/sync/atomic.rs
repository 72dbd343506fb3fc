//! `std::sync::atomic`, as the engines see it.
//!
//! Under shuttle an atomic holds one value (sequential consistency). The declared orderings decide
//! which plain accesses it orders: a `Relaxed` publication is a data race on the published memory.
//! Under loom a load may read an older value, as far as loom's memory model goes. Under loom weak
//! compare-exchanges never fail spuriously.

mod deprecated;
mod unsync;

use crate::execution::memory::atomic::{self, Rmw, Stored, Strength};
use crate::execution::{Engine, Home};
use crate::sync::Named;
use crate::trace::ObjectKind;
use std::fmt;

#[allow(deprecated, reason = "std has them")]
pub use deprecated::{ATOMIC_BOOL_INIT, ATOMIC_ISIZE_INIT, ATOMIC_USIZE_INIT, spin_loop_hint};
pub use std::sync::atomic::{Ordering, compiler_fence};

/// [`std::sync::atomic::fence`], modelled.
#[track_caller]
pub fn fence(order: Ordering) {
    atomic::fence(order);
}

/// The operations of every atomic.
macro_rules! any {
    ($name:ident $(<$t:ident>)?, $ty:ty, $std:ty, |$value:ident| $stored:expr) => {
        #[doc = concat!("[`std::sync::atomic::", stringify!($name), "`], modelled.")]
        pub struct $name $(<$t>)? {
            home: Home,
            std: $std,
        }

        impl $(<$t>)? $name $(<$t>)? {
            /// Creates an atomic that holds `value`.
            #[track_caller]
            pub const fn new(value: $ty) -> Self {
                let $value = value;
                let home = Home::valued(ObjectKind::Atomic, ($stored, atomic::create::<$ty>));
                Self { home, std: <$std>::new(value) }
            }

            /// Loads the value.
            ///
            /// # Panics
            /// If `order` is `Release` or `AcqRel`.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $ty {
                atomic::load::<$ty>(&self.home, &self.std, order)
            }

            /// Stores `value`.
            ///
            /// # Panics
            /// If `order` is `Acquire` or `AcqRel`.
            #[track_caller]
            pub fn store(&self, value: $ty, order: Ordering) {
                atomic::store::<$ty>(&self.home, &self.std, value, order);
            }

            /// Stores `value` and returns the previous value.
            #[track_caller]
            pub fn swap(&self, value: $ty, order: Ordering) -> $ty {
                atomic::rmw::<$ty>(&self.home, &self.std, Rmw::Swap, value, order)
            }

            /// Stores `new` if the current value is `current`.
            ///
            /// # Errors
            /// Returns the current value if it is not `current`.
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

            /// Stores `new` if the current value is `current`. In a model it may fail spuriously,
            /// once at each place of a thread (never under loom).
            ///
            /// # Errors
            /// Returns the current value if nothing was stored.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $ty,
                new: $ty,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$ty, $ty> {
                if atomic::engine_of::<$ty>(&self.home, &self.std) == Engine::Std {
                    return self.std.compare_exchange_weak(current, new, success, failure);
                }
                let (values, orders) = ((current, new), (success, failure));
                let strength = Strength::Weak;
                atomic::compare_exchange::<$ty>(&self.home, &self.std, values, orders, strength)
            }

            /// Stores the result of `f`, and retries until no other thread has written in between.
            ///
            /// # Errors
            /// Returns the current value once `f` returns `None`.
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

            /// Does the same as [`fetch_update`](Self::fetch_update), under std's newer name.
            ///
            /// # Errors
            /// Returns the current value once `f` returns `None`.
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($ty) -> Option<$ty>,
            ) -> Result<$ty, $ty> {
                self.fetch_update(set_order, fetch_order, f)
            }

            /// Stores the result of `f`, and retries until no other thread has written in between.
            /// Returns the previous value.
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($ty) -> $ty,
            ) -> $ty {
                let result = self.fetch_update(set_order, fetch_order, |value| Some(f(value)));
                result.unwrap_or_else(|value| value)
            }

            /// Returns a pointer to the value, for what Rust does not see.
            ///
            /// A model does not see what is done with it, so its verdict is `unknown` from there
            /// on.
            #[track_caller]
            pub fn as_ptr(&self) -> *mut $ty {
                atomic::refuse(concat!(stringify!($name), "::as_ptr"));
                atomic::engine_of::<$ty>(&self.home, &self.std); // a static may be changed now
                self.std.as_ptr()
            }

            /// Returns a mutable reference to the value.
            pub fn get_mut(&mut self) -> &mut $ty {
                atomic::settle::<$ty>(&self.home, &mut self.std);
                self.std.get_mut()
            }

            /// Consumes the atomic and returns the value.
            pub fn into_inner(mut self) -> $ty {
                *self.get_mut()
            }
        }

        impl $(<$t>)? Default for $name $(<$t>)? where $ty: DefaultValue {
            #[track_caller]
            fn default() -> Self {
                Self::new(<$ty as DefaultValue>::default_value())
            }
        }

        impl $(<$t>)? From<$ty> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $ty) -> Self {
                Self::new(value)
            }
        }

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            /// Shows only the type: reading the value would be an operation of its own.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $(<$t>)? Named for $name $(<$t>)? {
            fn set_name(&self, name: &str) {
                atomic::known::<$ty>(&self.home, &self.std);
                self.home.name(name);
            }
        }
    };
}

/// The `Default` value of an atomic: null for pointers, which have no `Default` themselves.
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
        any!($name, $ty, std::sync::atomic::$name, |value| Stored::Bits(value as u64));
        fetch!($name, $ty,
            fetch_add => Add: "Adds `value`, wrapping on overflow. Returns the value before.";
            fetch_sub => Sub: "Subtracts `value`, wrapping on overflow. Returns the value before.";
            fetch_and => And: "Bitwise AND. Returns the previous value.";
            fetch_nand => Nand: "Bitwise NAND. Returns the previous value.";
            fetch_or => Or: "Bitwise OR. Returns the previous value.";
            fetch_xor => Xor: "Bitwise XOR. Returns the previous value.";
            fetch_max => Max: "Maximum with `value`. Returns the previous value.";
            fetch_min => Min: "Minimum with `value`. Returns the previous value.";
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

any!(AtomicBool, bool, std::sync::atomic::AtomicBool, |value| Stored::Bits(value as u64));
fetch!(AtomicBool, bool,
    fetch_and => And: "Logical AND. Returns the previous value.";
    fetch_nand => Nand: "Logical NAND. Returns the previous value.";
    fetch_or => Or: "Logical OR. Returns the previous value.";
    fetch_xor => Xor: "Logical XOR. Returns the previous value.";
);
impl DefaultValue for bool {
    fn default_value() -> Self {
        false
    }
}

impl AtomicBool {
    /// Logical NOT. Returns the previous value.
    #[track_caller]
    pub fn fetch_not(&self, order: Ordering) -> bool {
        self.fetch_xor(true, order)
    }
}

any!(AtomicPtr<T>, *mut T, std::sync::atomic::AtomicPtr<T>, |value| Stored::Pointer(value.cast()));

/// Pointer arithmetic in one step. As in std, `T` must not be a type of size 0 for the first two.
impl<T> AtomicPtr<T> {
    /// Offsets the pointer by `value` elements, wrapping. Returns the previous pointer.
    #[track_caller]
    pub fn fetch_ptr_add(&self, value: usize, order: Ordering) -> *mut T {
        self.fetch_byte_add(value.wrapping_mul(size_of::<T>()), order)
    }

    /// Offsets the pointer by `value` elements downwards, wrapping. Returns the previous pointer.
    #[track_caller]
    pub fn fetch_ptr_sub(&self, value: usize, order: Ordering) -> *mut T {
        self.fetch_byte_sub(value.wrapping_mul(size_of::<T>()), order)
    }
}

impl<T> fmt::Pointer for AtomicPtr<T> {
    /// As std's: it loads the pointer, which is an operation of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed, as std's: what it points to is not looked at
        fmt::Pointer::fmt(&self.load(Ordering::Relaxed), f)
    }
}

/// An operand of pointer arithmetic, as an atomic of pointers takes its operands.
fn operand<T>(value: usize) -> *mut T {
    std::ptr::without_provenance_mut(value)
}

macro_rules! pointer {
    ($($method:ident => $rmw:ident: $doc:literal;)*) => {
        impl<T> AtomicPtr<T> {
            $(
                #[doc = $doc]
                #[track_caller]
                pub fn $method(&self, value: usize, order: Ordering) -> *mut T {
                    atomic::rmw::<*mut T>(&self.home, &self.std, Rmw::$rmw, operand(value), order)
                }
            )*
        }
    };
}

pointer! {
    fetch_byte_add => Add: "Adds `value` bytes, wrapping. Returns the previous pointer.";
    fetch_byte_sub => Sub: "Subtracts `value` bytes, wrapping. Returns the previous pointer.";
    fetch_or => Or: "Bitwise OR on the address. Returns the previous pointer.";
    fetch_and => And: "Bitwise AND on the address. Returns the previous pointer.";
    fetch_xor => Xor: "Bitwise XOR on the address. Returns the previous pointer.";
}
