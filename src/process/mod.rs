//! Worker processes. This is the only module that spawns, waits for and kills processes.
//!
//! A worker is this same program, started again to run one function by its name. The function's
//! arguments and its result travel as values. If the worker ends in another way (a panic, an exit
//! code, a signal, a program that does not exist), the parent gets an error that says so. A
//! worker's failure never looks like an empty result.
//!
//! ```no_run
//! use selvedge::process::{Table, Worker, WorkerHandle, worker_main};
//!
//! fn squares(numbers: Vec<u64>) -> Vec<u64> {
//!     numbers.into_iter().map(|n| n * n).collect()
//! }
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // the first line: never returns in a worker
//!     worker_main(&Table::new().function("squares", squares));
//!
//!     let worker: WorkerHandle<Vec<u64>> = Worker::spawn("squares", &vec![1, 2, 3])?;
//!     assert_eq!(worker.join()?, [1, 4, 9]);
//!     Ok(())
//! }
//! ```
//!
//! A test that starts workers needs its own `main`, so that [`worker_main`] is its first line:
//! `harness = false` and, for example, `libtest-mimic`.
//!
//! How it works: the child's standard input is one end of a pair of connected sockets. It has no
//! name and no listener, so there is nothing to authenticate and nothing to wait for in vain. The
//! function's name travels in an environment variable, the arguments as one [frame], and file
//! descriptors among the arguments ([`handle`]) beside it. Standard output and standard error stay
//! the user's. If the parent dies, that socket closes. Half a second later, a dedicated thread of
//! the child ends the child, whatever it does.

mod caught;
mod codec;
mod error;
pub mod frame;
pub mod handle;
mod link;
mod table;
// Child side, then parent side.
mod entry;
mod exit;
mod spawn;

pub use caught::last_panic;
pub(crate) use caught::{Held, Panic, caught};
pub(crate) use codec::{encode, take_from_bytes};
pub use entry::worker_main;
pub use error::{Failure, WorkerError};
pub use exit::Exit;
pub use spawn::{Builder, Worker, WorkerHandle};
pub use table::Table;
