//! std::sync's names.
pub use std::sync::*;
