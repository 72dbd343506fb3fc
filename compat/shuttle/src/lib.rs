//! shuttle's interface, explored by selvedge.
//!
//! A crate that has shuttle tests changes one line of its Cargo.toml, and nothing else.
//!
//! ```toml
//! shuttle = { package = "selvedge-shuttle", version = "0.1" }
//! ```
//!
//! A violation is made small and drawn, with the token that replays it; [`replay`] takes the token,
//! too. A pass prints one line that says how much was explored (`cargo test -- --nocapture` shows
//! it). `SELVEDGE_EXPLORERS` chooses other explorers.
//!
//! ```
//! use selvedge_shuttle as shuttle;
//!
//! use shuttle::sync::{Arc, Mutex};
//! use shuttle::thread;
//!
//! shuttle::check_random(
//!     || {
//!         let sum = Arc::new(Mutex::new(0));
//!         let theirs = Arc::clone(&sum);
//!         let adder = thread::spawn(move || *theirs.lock().unwrap() += 1);
//!         *sum.lock().unwrap() += 2;
//!         adder.join().unwrap();
//!         assert_eq!(*sum.lock().unwrap(), 3);
//!     },
//!     100,
//! );
//! ```
//!
//! # What differs from shuttle
//! * [`check_dfs`] of a large model runs every *inequivalent* interleaving once: fewer executions,
//!   and no fewer outcomes, as long as its threads meet in nothing but what selvedge sees. It ends
//!   after 1,000,000 of them, and says what was explored.
//! * A thread runs up to its first operation as soon as it is started.
//! * A `try_read` of an `RwLock` that the thread is reading succeeds, as in std. A `read` fails the
//!   model, as in shuttle.
//! * A task that nobody awaits goes on for a while when all others have ended, and is then left
//!   behind. Its future is not dropped, and neither are the labels and tags of that execution.
//! * A schedule is a token of selvedge's. Those that shuttle has printed are not known.
//! * A [`Scheduler`](scheduler::Scheduler) of one's own chooses nothing: instead, all interleavings
//!   are explored.
//! * A value of [`lazy_static!`] is not dropped at the end of an execution.
//! * A timeout may end a wait.

mod check;
mod config;
pub mod current;
pub mod future;
pub mod hint;
pub mod lazy_static;
pub mod rand;
mod runner;
pub mod scheduler;
pub mod sync;
pub mod thread;

pub use check::{
    check, check_dfs, check_pct, check_random, check_random_with_seed,
    check_uncontrolled_nondeterminism, check_urw, replay, replay_from_file,
};
pub use config::{
    Config, ContinuationFunctionBehavior, FailurePersistence, MaxSteps, UngracefulShutdownConfig,
};
pub use runner::{PortfolioRunner, Runner};
pub use selvedge::thread_local;
