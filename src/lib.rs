//! A property-tested correctness harness for concurrent Rust: it explores every interleaving, and
//! draws every failure, small and replayable.
//!
//! ```should_panic
//! use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
//! use selvedge::sync::Arc;
//! use selvedge::thread;
//!
//! selvedge::check(|| {
//!     let balance = Arc::new(AtomicU32::new(0));
//!     selvedge::sync::name(&*balance, "balance");
//!     let theirs = Arc::clone(&balance);
//!     let teller = thread::spawn(move || {
//!         let seen = theirs.load(SeqCst);
//!         theirs.store(seen + 1, SeqCst); // another deposit may have come in between
//!     });
//!     let seen = balance.load(SeqCst);
//!     balance.store(seen + 1, SeqCst);
//!     teller.join().unwrap();
//!     assert_eq!(balance.load(SeqCst), 2);
//! });
//! ```
//!
//! It panics with
//!
//! ```text
//! violated: main · panic · exhaustive, execution 2 · 1 preemption, 7 events
//!   (found with 2 preemptions, 7 events)
//!
//!   #  main                thread 1            source
//!   1  spawn thread 1                          src/lib.rs:9
//!   2  balance.load -> 0                       src/lib.rs:13
//!   3                      balance.load -> 0   src/lib.rs:10
//!   4                      balance.store <- 1  src/lib.rs:11
//!   5  balance.store <- 1                      src/lib.rs:14
//!      <- overwrites the store of thread 1 (#4)
//!   6  join thread 1                           src/lib.rs:15
//!   7  balance.load -> 1                       src/lib.rs:16
//!
//!   assertion `left == right` failed   src/lib.rs:16
//!     left: 1
//!    right: 2
//!
//! replay: SELVEDGE_REPLAY=v1:exhaustive:0-1x2.sr0r0w0w0jr0:main cargo test
//! ```
//!
//! Each column is a thread. Each line is an operation, in the order in which the operations took
//! effect. `->` was read, `<-` was written. The last line replays exactly this execution. If the
//! program has changed, the replay names the first event that differs.
//!
//! A check ends in a [`Verdict`]: `Holds` with its [`Coverage`] (how many executions, and whether
//! that was everything, everything within a bound, or a sample), `Violated` with a
//! [`Counterexample`], or `Unknown` with the [`Bound`] that stopped it. [`check()`] is the short
//! form; [`Check`] has the explorers, the budget and the expectation. [`Explorer`] compares the
//! explorers. The README says what each engine can express, and what a pass does not mean.
//!
//! # Limits
//!
//! * A model sees what goes through [`sync`], [`thread`](mod@thread), [`cell`], [`future`],
//!   [`time`] and [`channel`]. It does not see std's own types, other crates' locks, files,
//!   sockets, or plain memory behind raw pointers, unless [`cell`] announces it. What depends on
//!   such things is reported as not deterministic, where a rerun finds it out.
//! * *Exhaustive* is about the model: its threads and its inputs, and no others. Weak memory is
//!   that of RC11, which has no load buffering.
//! * Some things have no model: the verdict is then `Unknown`, and names them.
//! * Atomics and locks are larger than std's, because each has an identity, and there is no
//!   `from_ptr`. An `Arc<T>` becomes an `Arc<dyn Trait>` by [`coerce!`].
//! * Models run on Linux and macOS, on x86-64 and ARM of 64 bits.
//!
//! # Features
//!
//! * `model`: the run-time facade, the explorers, specifications and reports. Enable it in
//!   `[dev-dependencies]`, with `default-features = false`.
//! * `systems`: three systems made with it (an account, a queue between processes, a manager), and
//!   their worker processes. For this crate's own repository.
//! * `cli`: the `selvedge` command. For this crate's own repository.
//!
//! All three are defaults, so that the repository's commands need no flags. With none of them,
//! [`sync`], [`thread`](mod@thread), [`future`], [`time`] and [`channel`] are re-exports of std and
//! of crossbeam's channel, and `crossbeam-channel` is the only dependency. There is no `rand` then.
#![deny(unsafe_code)]

#[cfg(all(doctest, feature = "model"))]
#[doc = include_str!("../README.md")]
struct Readme;

// Reading order: the facade that a structure is written in, one execution, the explorers, the
// reports.
pub mod alloc;
pub mod cell;
pub mod channel;
pub mod future;
pub mod hint;
pub mod sync;
pub mod thread;
pub mod time;

/// One condition for many items. rustfmt formats the modules inside a macro only if it has this
/// name.
macro_rules! cfg_if {
    (if #[cfg($condition:meta)] { $($item:item)* }) => { $(#[cfg($condition)] $item)* };
}

cfg_if! { if #[cfg(feature = "model")] {
    mod vocabulary;
    mod execution;
    mod dependence;
    mod explore;
    pub mod counterexample;
    mod check;
    pub mod knockout;
    pub mod linearize;
    pub mod scenario;
    pub mod linearizable;
    pub mod report;
    pub mod rand;

    #[doc(hidden)]
    pub use check::reached;
    pub use check::{Check, Config, check};
    pub use explore::Progress;
    pub use knockout::{Knockouts, knockout, load_bearing_elsewhere};
    pub use linearizable::{Subject, linearizable};
    pub use vocabulary::budget::Budget;
    pub use vocabulary::leaks::Leaks;
    pub use vocabulary::spurious::Spurious;
    pub use vocabulary::{trace, verdict};
    pub use verdict::{
        Bound, Counterexample, Counts, Coverage, Expect, Explorer, Extent, Kind, Run, Size, Verdict,
    };
}}

cfg_if! { if #[cfg(feature = "systems")] {
    pub mod process;
    pub mod systems;
    #[doc(hidden)]
    pub mod fuzz;
}}

/// Requires a condition to be true in at least one execution of the running check: a model that
/// never reaches its interesting state must not pass.
///
/// Outside a model, and without the feature `model`, it does nothing. A call that no execution
/// reaches cannot be known: put it where every execution passes.
///
/// ```
/// use selvedge::sync::{Arc, atomic::{AtomicBool, Ordering::SeqCst}};
/// use selvedge::thread;
///
/// selvedge::check(|| {
///     let flag = Arc::new(AtomicBool::new(false));
///     let theirs = Arc::clone(&flag);
///     let setter = thread::spawn(move || theirs.store(true, SeqCst));
///     selvedge::sometimes!(flag.load(SeqCst), "the flag is seen set before the join");
///     setter.join().unwrap();
/// });
/// ```
#[macro_export]
macro_rules! sometimes {
    ($condition:expr, $name:literal $(,)?) => {
        $crate::reached($condition, $name)
    };
}

#[cfg(not(feature = "model"))]
#[doc(hidden)]
pub fn reached(_condition: bool, _name: &'static str) {}

/// Says why no model has to notice if the next synchronisation operation is missing: see the crate
/// with its feature `model`.
#[cfg(not(feature = "model"))]
pub fn load_bearing_elsewhere(_why: &'static str) {}

/// `std::thread_local!` for models: every execution of a model initialises its threads' values
/// again.
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
    (
        $(#[$attr:meta])*
        $vis:vis static $name:ident: $ty:ty = const $init:block $(; $($rest:tt)*)?
    ) => {
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

/// Coerces an `Arc`, or a `Weak`, to one of an unsized type: `Arc<T>` to `Arc<dyn Trait>`.
///
/// std's coerce by themselves, and stable Rust allows that to no other crate's type. With and
/// without the feature `model` this compiles.
///
/// ```
/// use selvedge::coerce;
/// use selvedge::sync::Arc;
///
/// let double: Arc<dyn Fn(u32) -> u32> = coerce!(Arc::new(|n| 2 * n));
/// assert_eq!(double(21), 42);
/// let some: Arc<[u32]> = coerce!(Arc::new([1, 2, 3]));
/// assert_eq!(some.len(), 3);
/// ```
#[cfg(feature = "model")]
#[macro_export]
macro_rules! coerce {
    ($arc:expr) => {
        $arc.__coerced(|arc| arc)
    };
}

/// Coerces an `Arc`, or a `Weak`, to one of an unsized type: what std's do by themselves.
#[cfg(not(feature = "model"))]
#[macro_export]
macro_rules! coerce {
    ($arc:expr) => {{
        let arc = $arc; // otherwise the type that is expected would reach into it
        arc
    }};
}

/// `std::thread_local!`
#[cfg(not(feature = "model"))]
#[macro_export]
macro_rules! thread_local {
    ($($tokens:tt)*) => { ::std::thread_local!($($tokens)*); };
}
