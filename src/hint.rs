//! std::hint's names.
pub use std::hint::*;
