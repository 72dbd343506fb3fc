//! A property-tested correctness harness for concurrent Rust.

// Reading order: the vocabulary a structure is written in, then what explores it, then what is said about it.
pub mod cell;
pub mod channel;
pub mod hint;
pub mod sync;
pub mod thread;

#[cfg(feature = "model")]
pub mod process;
#[cfg(feature = "model")]
pub mod report;
#[cfg(feature = "model")]
pub mod systems;
#[cfg(feature = "model")]
pub mod trace;
#[cfg(feature = "model")]
pub mod verdict;
