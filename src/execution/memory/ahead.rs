//! What the drops of uncounted `Arc`s have told, although no step has.
//!
//! The thread that drops the last handle learns what the others knew when they dropped theirs.
//! Which thread comes last is not explored. That makes no difference as long as such a thread does
//! nothing more, or learns the same by a join. Otherwise the place where the `Arc` was created is
//! counted from then on, and the exploration begins anew: what the last thread does after the drop
//! may race with what another one did before its own.

use super::Memory;
use crate::execution::Counted;
use crate::execution::strategy::another;
use crate::execution::{Ending, Engine, Pending, World};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Operation, ThreadId};
use smallvec::SmallVec;
use std::panic::Location;

/// What a thread has learned from which `Arc`.
#[derive(Clone, Debug)]
struct News {
    thread: ThreadId,
    news: VectorClock,
    made: &'static Location<'static>,
}

/// The threads that know more than their steps have told them.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    news: SmallVec<[News; 1]>,
    /// When each thread did something last, on its own clock.
    acted: SmallVec<[u32; 8]>,
}

impl Ahead {
    pub(super) fn clear(&mut self) {
        self.news.clear();
        self.acted.clear();
    }

    fn acts(&mut self, thread: ThreadId, now: u32) {
        let count = self.acted.len().max(thread.index() + 1);
        self.acted.resize(count, 0);
        self.acted[thread.index()] = now;
    }

    /// When the thread did something last, on its own clock.
    pub(super) fn acted(&self, thread: ThreadId) -> u32 {
        self.acted.get(thread.index()).copied().unwrap_or(0)
    }

    pub(super) fn learns(
        &mut self,
        thread: ThreadId,
        news: VectorClock,
        made: &'static Location<'static>,
    ) {
        self.news.push(News { thread, news, made });
    }

    fn is_ahead(&self, thread: ThreadId) -> bool {
        self.news.iter().any(|news| news.thread == thread)
    }
}

impl World {
    /// A thread does something.
    pub(in crate::execution) fn does(&mut self, me: ThreadId) {
        let Memory { arcs, clocks, .. } = &mut self.memory;
        arcs.ahead.acts(me, clocks.epoch(me));
    }

    /// A thread is about to join another one: it will know what that one knows. If an `Arc` has
    /// told it the same before, the join tells it by a step.
    pub(in crate::execution) fn joins(&mut self, me: ThreadId, other: ThreadId) {
        let Memory { arcs, clocks, .. } = &mut self.memory;
        let ahead = &mut arcs.ahead;
        if !ahead.is_ahead(other) {
            ahead.news.retain(|own| own.thread != me || !clocks.knows_all(other, &own.news));
            return;
        }
        let is_behind = !ahead.is_ahead(me);
        let theirs = ahead.news.iter().filter(|news| news.thread == other);
        let theirs: SmallVec<[News; 1]> = theirs.cloned().collect();
        for News { news, made, .. } in theirs {
            if !(is_behind && clocks.knows_all(me, &news)) {
                ahead.learns(me, news, made);
            }
        }
    }

    /// Whether a thread that knows more than its steps have told it announces another step. The
    /// `Arc` from which it knows is then learned. If memory is weak, that has ended the execution:
    /// the search would let it read what it must not read any more.
    pub(in crate::execution) fn is_ahead(&mut self, me: ThreadId, pending: &Pending) -> bool {
        let ahead = &mut self.memory.arcs.ahead;
        let is_told = matches!(pending.operation, Operation::Join(_) | Operation::Yield);
        if ahead.news.is_empty() || is_told || self.rules.engine != Engine::Shuttle {
            return false;
        }
        let mine = ahead.news.iter().filter(|news| news.thread == me);
        let places: SmallVec<[_; 1]> = mine.map(|news| news.made).collect();
        ahead.news.retain(|news| news.thread != me);
        if places.is_empty() || self.over() {
            return false;
        }
        self.memory.arcs.learned.extend(places);
        if !self.rules.weak {
            return false;
        }
        self.end(match self.rules.counted {
            Counted::Nth(_) => another(self, "an Arc orders what its counts do not tell".into()),
            Counted::Places(_) => Ending::GivenUp,
        });
        true
    }
}
