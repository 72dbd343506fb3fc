//! A point of the current execution, and what remains to be explored from it.

use super::log::{Choice, StepLog};
use super::wakeup::{Branch, Sequence, Sleeper, insert, is_weak_initial};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// A point of the current execution, and what remains to be done there.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) thread: ThreadId,
    /// Whether it was one of several threads that could run.
    pub(super) several: bool,
    /// The choice to take, if it is prescribed.
    pub(super) choice: Option<u32>,
    /// Choices that remain to be taken.
    pub(super) alternatives: Vec<u32>,
    /// Choices taken before, here or where a sleeper took them.
    pub(super) taken: Vec<(ThreadId, u32)>,
    pub(super) options: u32,
    pub(super) sleep: SmallVec<[Sleeper; 2]>,
    pub(super) tree: Vec<Branch>,
    /// How many of its branches have been explored.
    pub(super) explored: u32,
}

impl Node {
    /// Which choice the step took, if it had several.
    pub(super) fn chosen(&self) -> Option<Choice> {
        self.choice.filter(|_| self.options > 1).map(|taken| Choice { taken, of: self.options })
    }
}

impl Node {
    /// Plans the sequence from here, unless an equivalent one is planned or explored.
    pub(super) fn plan(
        &mut self,
        log: &StepLog,
        before: &VectorClock,
        sequence: &mut Sequence<'_>,
    ) {
        let mut sleepers = self.sleep.iter().map(Sleeper::first);
        if !sleepers.any(|first| is_weak_initial(log, before, first, sequence)) {
            insert(log, before, &mut self.tree, sequence, self.sleep.iter().map(Sleeper::first));
        } // otherwise it was explored before
    }
}
