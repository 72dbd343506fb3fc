//! Threads that spin: an unproductive round is not explored twice.
//!
//! A thread that yields, does nothing but read, and is about to yield at the same place again, while nothing that it
//! read has changed, would only do the same once more: it is kept back until something changes. The same goes for a
//! timeout that fires a second time at the same place. When nobody else can go on, they are let go on after all: a
//! loop may count its rounds. Whether a round that was kept back could have mattered cannot be known from outside, so a
//! search that kept one back calls itself bounded, never exhaustive.

use super::effect::Act;
use super::history::History;
use crate::runtime::{Pending, PerObject, Waits};
use crate::trace::{ObjectId, Operation, ThreadId};
use std::panic::Location;

#[derive(Debug, Default)]
struct Round {
    /// Where the thread yielded last.
    at: Option<&'static Location<'static>>,
    /// What it has read since, and which version of that it saw.
    read: Vec<(ObjectId, u32)>,
    /// Whether it has done anything else since.
    acted: bool,
    /// How many steps there were when it yielded.
    since: usize,
    /// Where its timeouts have fired.
    timeouts: Vec<&'static Location<'static>>,
}

/// The rounds of every thread, and the versions of every object.
#[derive(Debug, Default)]
pub(super) struct Spins {
    rounds: Vec<Round>,
    versions: PerObject<u32>,
}

impl Spins {
    /// Forgets an execution.
    pub(super) fn clear(&mut self) {
        self.rounds.clear();
        self.versions.clear();
    }

    fn version(&self, object: ObjectId) -> u32 {
        self.versions.get(object).copied().unwrap_or(0)
    }

    /// Takes in a step, with which there are so many.
    pub(super) fn see(&mut self, steps: usize, thread: ThreadId, pending: &Pending, done: &Act, timed_out: bool) {
        if self.rounds.is_empty() && pending.operation != Operation::Yield && !timed_out {
            return; // nobody spins: what has changed until somebody does plays no part
        }
        for (object, effect) in &done.effects {
            if effect.writes() {
                *self.versions.of(*object) += 1;
            }
        }
        if self.rounds.len() <= thread.index() {
            self.rounds.resize_with(thread.index() + 1, Round::default);
        }
        let Spins { rounds, versions } = self;
        let round = &mut rounds[thread.index()];
        if pending.operation == Operation::Yield {
            round.read.clear();
            (round.at, round.acted, round.since) = (Some(pending.location), false, steps);
        } else if !done.changes_nothing() || done.effects.is_empty() {
            round.acted = true;
        } else if round.at.is_some() {
            let version = |object: ObjectId| versions.get(object).copied().unwrap_or(0);
            round.read.extend(done.effects.iter().map(|(object, _)| (*object, version(*object))));
        }
        if timed_out {
            round.timeouts.push(pending.location);
        }
    }

    /// Whether the thread would only repeat itself.
    pub(super) fn keeps_back(&self, history: &History, thread: ThreadId, pending: &Pending) -> bool {
        match (pending.operation, pending.waits) {
            (Operation::Yield, _) => {
                let Some(round) = self.rounds.get(thread.index()) else { return false };
                let same_place = round.at == Some(pending.location) && !round.acted;
                let nothing_new = if round.read.is_empty() {
                    history.steps[round.since..].iter().all(|step| step.thread == thread)
                } else {
                    round.read.iter().all(|(object, seen)| self.version(*object) == *seen)
                };
                same_place && nothing_new
            }
            (_, Waits::Token { timeout: true }) if !history.has_token_now(thread) => {
                self.rounds.get(thread.index()).is_some_and(|round| round.timeouts.contains(&pending.location))
            }
            _ => false,
        }
    }

    /// The steps that a spinning thread had to wait for: the last writes of what it read.
    pub(super) fn causes(&self, history: &History, thread: ThreadId, pending: &Pending) -> Vec<usize> {
        let round = self.rounds.get(thread.index()).filter(|r| pending.operation == Operation::Yield && !r.acted);
        let Some(round) = round.filter(|r| r.at == Some(pending.location)) else { return Vec::new() };
        round.read.iter().filter_map(|(object, _)| history.last_write(*object)).collect()
    }
}
