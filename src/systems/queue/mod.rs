//! queue.
use super::Model;

/// The models of this system.
pub const MODELS: &[Model] = &[];
