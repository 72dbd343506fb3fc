//! `std::hint`, as the engines see it.

pub use std::hint::{assert_unchecked, black_box, select_unpredictable, unreachable_unchecked};

/// [`std::hint::spin_loop`]; in a model, it lets other threads run.
#[cfg(feature = "model")]
#[track_caller]
pub fn spin_loop() {
    if !crate::execution::is_modelled() {
        std::hint::spin_loop();
    } else {
        crate::execution::threads::yield_now();
    }
}

#[cfg(not(feature = "model"))]
pub use std::hint::spin_loop;
