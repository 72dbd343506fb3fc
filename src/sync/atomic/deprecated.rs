//! What std has deprecated, and crates that are older name.
#![allow(clippy::declare_interior_mutable_const, reason = "they are std's")]

use super::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
use crate::execution;

/// An `AtomicBool` that is `false`.
#[deprecated = "use `new` instead"]
pub const ATOMIC_BOOL_INIT: AtomicBool = AtomicBool::new(false);

/// An `AtomicIsize` that is 0.
#[deprecated = "use `new` instead"]
pub const ATOMIC_ISIZE_INIT: AtomicIsize = AtomicIsize::new(0);

/// An `AtomicUsize` that is 0.
#[deprecated = "use `new` instead"]
pub const ATOMIC_USIZE_INIT: AtomicUsize = AtomicUsize::new(0);

/// Does the same as [`hint::spin_loop`](crate::hint::spin_loop).
#[deprecated = "use `hint::spin_loop` instead"]
#[track_caller]
pub fn spin_loop_hint() {
    if execution::is_modelled() {
        execution::threads::yield_now();
    } else {
        std::hint::spin_loop();
    }
}

/// The strongest ordering that a failing exchange may have.
fn of_failure(order: Ordering) -> Ordering {
    match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        order => order,
    }
}

macro_rules! compare_and_swap {
    ($($name:ident $(<$t:ident>)?: $ty:ty;)*) => { $(
        impl $(<$t>)? $name $(<$t>)? {
            /// Stores `new` if the current value is `current`. Returns the value before.
            #[deprecated = "use `compare_exchange` or `compare_exchange_weak` instead"]
            #[track_caller]
            pub fn compare_and_swap(&self, current: $ty, new: $ty, order: Ordering) -> $ty {
                let exchanged = self.compare_exchange(current, new, order, of_failure(order));
                exchanged.unwrap_or_else(|now| now)
            }
        }
    )* };
}

compare_and_swap! {
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
