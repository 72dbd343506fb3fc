//! A property-tested correctness harness for concurrent Rust.
#![deny(unsafe_code)]

// Reading order: the vocabulary a structure is written in, then what explores it, then what is said about it.
pub mod cell;
pub mod channel;
pub mod hint;
pub mod sync;
pub mod thread;

#[cfg(feature = "model")]
mod check;
#[cfg(feature = "model")]
pub mod counterexample;
#[cfg(feature = "model")]
mod explore;
#[cfg(feature = "model")]
#[doc(hidden)]
pub mod fuzz;
#[cfg(feature = "model")]
pub mod process;
#[cfg(feature = "model")]
pub mod report;
#[cfg(feature = "model")]
mod runtime;
#[cfg(feature = "model")]
pub mod systems;
#[cfg(feature = "model")]
pub mod trace;
#[cfg(feature = "model")]
pub mod verdict;

#[cfg(feature = "model")]
pub use check::{Budget, Check, Config, check};
#[cfg(feature = "model")]
pub use verdict::{Bound, Counterexample, Counts, Coverage, Expect, Explorer, Extent, Kind, Run, Verdict};

/// `std::thread_local!`, as the engines see it: every execution of a model makes its threads' values anew.
///
/// ```
/// use std::cell::Cell;
///
/// selvedge::thread_local! {
///     static DEPOSITS: Cell<u32> = const { Cell::new(0) };
/// }
/// DEPOSITS.set(DEPOSITS.get() + 1);
/// assert_eq!(DEPOSITS.get(), 1);
/// ```
#[cfg(feature = "model")]
#[macro_export]
macro_rules! thread_local {
    () => {};
    ($(#[$attr:meta])* $vis:vis static $name:ident: $ty:ty = const $init:block $(; $($rest:tt)*)?) => {
        $crate::thread_local!($(#[$attr])* $vis static $name: $ty = $init $(; $($rest)*)?);
    };
    ($(#[$attr:meta])* $vis:vis static $name:ident: $ty:ty = $init:expr $(; $($rest:tt)*)?) => {
        $(#[$attr])*
        $vis static $name: $crate::thread::LocalKey<$ty> = {
            fn init() -> $ty {
                $init
            }
            ::std::thread_local!(static STD: $ty = init());
            $crate::thread::LocalKey { init, std: &STD }
        };
        $($crate::thread_local!($($rest)*);)?
    };
}

/// `std::thread_local!`
#[cfg(not(feature = "model"))]
#[macro_export]
macro_rules! thread_local {
    ($($tokens:tt)*) => { ::std::thread_local!($($tokens)*); };
}
