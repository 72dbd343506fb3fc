//! The vector clock: for each thread, how much of it is known.

use super::trace::ThreadId;

/// How many threads are kept in place.
const FEW: usize = 8;

/// For each thread, how much of it is known: how many steps, how many releases.
///
/// An array for the first threads, so that clocks of few are copied and joined without a loop over their lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VectorClock {
    first: [u32; FEW],
    others: Vec<u32>,
}

impl VectorClock {
    pub(crate) fn join(&mut self, other: &VectorClock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).max(theirs);
        }
        if self.others.len() < other.others.len() {
            self.others.resize(other.others.len(), 0);
        }
        for (mine, theirs) in self.others.iter_mut().zip(&other.others) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// What both know.
    pub(crate) fn meet(&mut self, other: &VectorClock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).min(theirs);
        }
        self.others.truncate(other.others.len());
        for (mine, theirs) in self.others.iter_mut().zip(&other.others) {
            *mine = (*mine).min(*theirs);
        }
    }

    pub(crate) fn get(&self, thread: ThreadId) -> u32 {
        let at = thread.index();
        let known = self.first.get(at).or_else(|| self.others.get(at - FEW));
        known.copied().unwrap_or(0)
    }

    pub(crate) fn set(&mut self, thread: ThreadId, value: u32) {
        let at = thread.index();
        if let Some(known) = self.first.get_mut(at) {
            *known = value;
            return;
        }
        if self.others.len() <= at - FEW {
            self.others.resize(at - FEW + 1, 0);
        }
        self.others[at - FEW] = value;
    }

    pub(crate) fn tick(&mut self, thread: ThreadId) {
        self.set(thread, self.get(thread) + 1);
    }
}
