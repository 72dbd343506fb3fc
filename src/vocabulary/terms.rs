//! The terms on which a model is executed: what std leaves open, and what is no failure.

use super::leaks::Leaks;
use super::spurious::Spurious;

/// The terms on which a model is executed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Which objects must not outlive the execution.
    pub(crate) leaks: Leaks,
    /// Which operations fail or return spuriously.
    pub(crate) spurious: Spurious,
    /// Whether a thread may read an `RwLock` that it is already reading.
    pub(crate) recursive_reads: bool,
    /// Whether tasks that nobody awaits may be left behind.
    pub(crate) detached: bool,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            leaks: Leaks::Objects,
            spurious: Spurious::All,
            recursive_reads: false,
            detached: false,
        }
    }
}
