//! Threads that spin: an unproductive round is not explored twice.
//!
//! A thread that yields, does nothing but read, sees what it saw in the round before, and is about to yield at the same
//! place again would only do the same once more. It is kept back until nobody else can go on, as if the loop assumed
//! that it ends: Kokologiannakis, Ren, Vafeiadis, "Dynamic Partial Order Reductions for Spinloops", FMCAD 2021. That
//! what it reads changes does not let it go on: an execution in which its first rounds are missing and it reads the
//! change at once has the same outcome, and is explored too. What it does once it is let go on happens after all that
//! was done before, so that nothing of it is turned round with that.
//!
//! The same goes for a timeout that fires a second time at the same place, except for the order.
//!
//! Whether a round that was kept back could have mattered cannot be known from outside (a loop may count its rounds, two
//! loops may share a line), so a search that kept one back calls itself bounded, never exhaustive.

use super::history::{History, Steps};
use crate::runtime::{Pending, Waits};
use crate::trace::{Operation, ThreadId};
use std::panic::Location;

/// Where a thread yielded last, and where its timeouts have fired.
#[derive(Debug, Default)]
struct Spin {
    at: Option<&'static Location<'static>>,
    timeouts: Vec<&'static Location<'static>>,
}

/// What of every thread's doing could be a round of a loop.
#[derive(Debug, Default)]
pub(super) struct Spins {
    threads: Vec<Spin>,
}

impl Spins {
    /// Forgets an execution.
    pub(super) fn clear(&mut self) {
        self.threads.clear();
    }

    /// Takes in a step.
    pub(super) fn see(&mut self, thread: ThreadId, pending: &Pending, timed_out: bool) {
        let yields = pending.operation == Operation::Yield;
        if !yields && !timed_out {
            return;
        }
        if self.threads.len() <= thread.index() {
            self.threads.resize_with(thread.index() + 1, Spin::default);
        }
        let spin = &mut self.threads[thread.index()];
        if yields {
            spin.at = Some(pending.location);
        } else {
            spin.timeouts.push(pending.location);
        }
    }

    /// Whether the thread would only repeat itself.
    pub(super) fn keeps_back(&self, history: &History, thread: ThreadId, pending: &Pending) -> bool {
        let Some(spin) = self.threads.get(thread.index()) else { return false };
        match (pending.operation, pending.waits) {
            (Operation::Yield, _) => {
                spin.at == Some(pending.location) && Round::of(history, thread).is_some_and(|round| round.repeats())
            }
            (_, Waits::Token { timeout: true }) if !history.has_token_now(thread) => {
                spin.timeouts.contains(&pending.location)
            }
            _ => false,
        }
    }

    /// Whether the next round of a thread that is kept back would be another one.
    pub(super) fn has_news(&self, history: &History, thread: ThreadId, pending: &Pending) -> bool {
        pending.operation == Operation::Yield && Round::of(history, thread).is_some_and(|round| round.has_news())
    }

    /// The steps after which a thread goes on that was kept back.
    pub(super) fn causes(&self, history: &History, thread: ThreadId, pending: &Pending) -> Steps {
        let reads = || Round::of(history, thread).is_some_and(|round| !round.now.is_empty());
        match pending.operation == Operation::Yield && self.keeps_back(history, thread, pending) && reads() {
            true => history.latest(),
            false => Steps::new(), // who only yields does not wait for anything
        }
    }
}

/// What a thread has done since it yielded last, and before that.
struct Round<'a> {
    history: &'a History,
    now: &'a [usize],
    before: &'a [usize],
}

impl<'a> Round<'a> {
    /// The round that the thread is in, if it has yielded.
    fn of(history: &'a History, thread: ThreadId) -> Option<Round<'a>> {
        let steps = history.of(thread);
        let last = steps.iter().rposition(|step| history.steps[*step].done.operation == Operation::Yield)?;
        Some(Round { history, now: &steps[last + 1..], before: &steps[..last] })
    }

    /// Whether the thread has only read, and what it saw just before it yielded.
    fn repeats(&self) -> bool {
        let Some(start) = self.before.len().checked_sub(self.now.len()) else { return false };
        self.now.iter().zip(&self.before[start..]).all(|(now, before)| self.is_same_reading(*now, *before))
    }

    fn is_same_reading(&self, now: usize, before: usize) -> bool {
        let (one, other) = (&self.history.steps[now], &self.history.steps[before]);
        let reads = |step: &super::Step| !step.done.effects.is_empty() && step.done.changes_nothing();
        // plain memory shows no value: there, nothing may have been written in between
        let same = one.saw.is_some() || self.written_after(before).is_none_or(|write| write > now);
        (one.done.operation, one.object, one.saw) == (other.done.operation, other.object, other.saw)
            && reads(one)
            && reads(other)
            && same
    }

    fn has_news(&self) -> bool {
        self.now.iter().any(|step| self.written_after(*step).is_some())
    }

    /// The first step that has written to what this one read.
    fn written_after(&self, step: usize) -> Option<usize> {
        let objects = self.history.steps[step].done.effects.iter().map(|(object, _)| *object);
        objects.filter_map(|object| self.history.written_after(object, step)).min()
    }
}
