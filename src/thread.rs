//! std::thread's names.
pub use std::thread::*;
