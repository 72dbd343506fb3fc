//! Threads that spin: an unproductive round is not explored twice.
//!
//! A thread that yields, does nothing but read, and is about to yield at the same place again, while nothing that it
//! read has changed, would only do the same once more: it is kept back until something changes. The same goes for a
//! timeout that fires a second time at the same place. When nobody else can go on, they are let go on after all: a
//! loop may count its rounds. Whether a round that was kept back could have mattered cannot be known from outside, so a
//! search that kept one back calls itself bounded, never exhaustive.

use super::effect::Act;
use super::history::History;
use crate::runtime::{Pending, Waits};
use crate::trace::{ObjectId, Operation, ThreadId};
use std::collections::HashMap;
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
}

/// The rounds of every thread, and the versions of every object.
#[derive(Debug, Default)]
pub(super) struct Spins {
    rounds: HashMap<ThreadId, Round>,
    versions: HashMap<ObjectId, u32>,
    /// Where a thread's timeouts have fired.
    timeouts: HashMap<ThreadId, Vec<&'static Location<'static>>>,
}

impl Spins {
    fn version(&self, object: ObjectId) -> u32 {
        self.versions.get(&object).copied().unwrap_or(0)
    }

    /// Takes in a step; the steps that let a spinning thread go on, if it is one that was kept back.
    pub(super) fn see(&mut self, history: &History, thread: ThreadId, pending: &Pending, done: &Act, timed_out: bool) {
        for (object, effect) in &done.effects {
            if effect.writes() {
                *self.versions.entry(*object).or_default() += 1;
            }
        }
        let read: Vec<_> = done.effects.iter().map(|(object, _)| (*object, self.version(*object))).collect();
        let round = self.rounds.entry(thread).or_default();
        if pending.operation == Operation::Yield {
            *round = Round { at: Some(pending.location), since: history.steps.len(), ..Round::default() };
        } else if done.changes_nothing() && !done.effects.is_empty() {
            round.read.extend(read);
        } else {
            round.acted = true;
        }
        if timed_out {
            self.timeouts.entry(thread).or_default().push(pending.location);
        }
    }

    /// Whether the thread would only repeat itself.
    pub(super) fn keeps_back(&self, history: &History, thread: ThreadId, pending: &Pending) -> bool {
        match (pending.operation, pending.waits) {
            (Operation::Yield, _) => {
                let Some(round) = self.rounds.get(&thread) else { return false };
                let same_place = round.at == Some(pending.location) && !round.acted;
                let nothing_new = if round.read.is_empty() {
                    history.steps[round.since..].iter().all(|step| step.thread == thread)
                } else {
                    round.read.iter().all(|(object, seen)| self.version(*object) == *seen)
                };
                same_place && nothing_new
            }
            (_, Waits::Token { timeout: true }) if !history.has_token_now(thread) => {
                self.timeouts.get(&thread).is_some_and(|places| places.contains(&pending.location))
            }
            _ => false,
        }
    }

    /// The steps that a spinning thread had to wait for: the last writes of what it read.
    pub(super) fn causes(&self, history: &History, thread: ThreadId, pending: &Pending) -> Vec<usize> {
        let round = self.rounds.get(&thread).filter(|r| pending.operation == Operation::Yield && !r.acted);
        let Some(round) = round.filter(|r| r.at == Some(pending.location)) else { return Vec::new() };
        round.read.iter().filter_map(|(object, _)| history.last_write(*object)).collect()
    }
}
