//! loom's interface, explored by selvedge.
//!
//! A crate that has loom models changes one line of its Cargo.toml, and nothing else. `cfg(loom)`
//! stays as it is.
//!
//! ```toml
//! loom = { package = "selvedge-loom", version = "0.1" }
//! ```
//!
//! [`model`](model()) then runs selvedge's default explorers: every interleaving once, and weak
//! memory as RC11 has it. A violation is made small and drawn, with the token that replays it. A
//! pass prints one line that says how much was explored (`cargo test -- --nocapture` shows it).
//! `SELVEDGE_EXPLORERS` chooses other explorers, and `SELVEDGE_REPLAY` replays a token.
//!
//! ```
//! use selvedge_loom as loom;
//!
//! use loom::sync::Arc;
//! use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
//! use loom::thread;
//!
//! loom::model(|| {
//!     let sum = Arc::new(AtomicUsize::new(0));
//!     let theirs = Arc::clone(&sum);
//!     let adder = thread::spawn(move || theirs.fetch_add(1, Relaxed));
//!     sum.fetch_add(2, Relaxed);
//!     adder.join().unwrap();
//!     assert_eq!(sum.load(Relaxed), 3);
//! });
//! ```
//!
//! # What differs from loom
//! * There is no limit on the number of threads.
//! * A weak compare-exchange may fail spuriously, and a wait on a condition variable or a park may
//!   return spuriously, as std says: once at each place of a thread.
//! * A model that is too large is explored within a budget, and then sampled. It passes, and the
//!   line that it prints says so.
//! * `Notify::wait` returns when it is notified. loom's may also return once without, behind a
//!   yield.
//! * Flags reach what selvedge depends on, too. crossbeam-channel cannot be built with
//!   `--cfg crossbeam_loom`, so give that flag to the crates of the workspace alone
//!   (`RUSTC_WORKSPACE_WRAPPER`).
//! * A value of [`lazy_static!`] is not dropped at the end of an execution. A thread that outlives
//!   the model's closure may still use it.

pub mod alloc;
pub mod cell;
pub mod future;
pub mod hint;
pub mod lazy_static;
pub mod model;
pub mod sync;
pub mod thread;

#[doc(inline)]
pub use model::model;
pub use selvedge::thread_local;

/// The most threads of a loom model. selvedge has no such limit.
pub const MAX_THREADS: usize = 5;

/// Begins to explore again after [`stop_exploring`]. selvedge explores all of an execution, so this
/// does nothing.
pub fn explore() {}

/// Leaves the order of what follows unexplored under loom. selvedge explores it nevertheless: the
/// verdict is about more executions, and never about fewer.
pub fn stop_exploring() {}

/// Leaves the order of what follows in this execution unexplored under loom. selvedge explores it
/// nevertheless: see [`stop_exploring`].
pub fn skip_branch() {}
