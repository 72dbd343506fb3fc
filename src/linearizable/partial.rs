//! Precedence in weak memory: happens-before between operations. This is a partial order, and not
//! always one of intervals, unlike the times of a [`History`](crate::linearize::History).

use super::history::Execution;
use crate::linearize::Precedence;

/// The most operations of a scenario.
pub(super) use crate::linearize::MOST;

impl Execution<'_> {
    /// Returns, for each call, the calls whose responses happen before it.
    pub(super) fn precedence(&self) -> Precedence {
        let count = self.calls.len();
        let before = |later: usize| {
            (0..count).filter(move |one| *one != later && self.returned_before(*one, later))
        };
        (0..count).map(|later| before(later).fold(0, |mask, one| mask | 1 << one)).collect()
    }

    /// Whether the response of `one` happens before the call of `other`. An operation's last event
    /// releases before the response, and its first event acquires after the call.
    fn returned_before(&self, one: usize, other: usize) -> bool {
        let (Some(last), first) = (self.calls[one].1, self.calls[other].0) else { return false };
        if last.thread == first.thread {
            return (last.event, last.between) < (first.event, first.between);
        }
        let before = first.event - u64::from(first.between == 0);
        self.knows(first.thread, before, last.thread) > last.event
    }
}
