//! What precedes what under loom: happens-before between operations, which is a partial order and
//! not always one of intervals, as the times of a [`History`](crate::linearize::History) are.

use super::history::Execution;
use crate::linearize::Precedence;

/// No scenario has more operations than this.
pub(super) use crate::linearize::MOST;

impl Execution<'_> {
    /// For each call, those whose responses happen before it.
    pub(super) fn precedence(&self) -> Precedence {
        let count = self.calls.len();
        let before = |later: usize| {
            (0..count).filter(move |one| *one != later && self.returned_before(*one, later))
        };
        (0..count).map(|later| before(later).fold(0, |mask, one| mask | 1 << one)).collect()
    }

    /// Whether the response of one call happens before another is called: what an operation's last
    /// event tells, it tells before the response, and what its first event learns, it learns after
    /// the call.
    fn returned_before(&self, one: usize, other: usize) -> bool {
        let (Some(last), first) = (self.calls[one].1, self.calls[other].0) else { return false };
        if last.thread == first.thread {
            return (last.event, last.between) < (first.event, first.between);
        }
        let before = first.event - u64::from(first.between == 0);
        self.knows(first.thread, before, last.thread) > last.event
    }
}
