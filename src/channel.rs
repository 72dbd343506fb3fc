//! crossbeam::channel's names.
pub use crossbeam::channel::*;
