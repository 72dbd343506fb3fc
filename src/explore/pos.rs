//! Partial order sampling: close to uniform over the inequivalent interleavings of programs with few conflicts.
//!
//! Yuan, Yang, Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. Every announced operation has a random
//! priority; the highest goes first; those that conflict with it are drawn again. Deviation: what conflicts is decided
//! by the announced operations, which a failed compare-exchange overstates.

use super::exhaustive::effect::Act;
use super::{Point, Strategy};
use crate::trace::ThreadId;
use std::collections::HashMap;

pub(super) struct Pos {
    random: fastrand::Rng,
    priorities: HashMap<ThreadId, u64>,
}

impl Pos {
    pub(super) fn new(seed: u64) -> Pos {
        Pos { random: fastrand::Rng::with_seed(seed), priorities: HashMap::new() }
    }
}

impl Strategy for Pos {
    fn begin(&mut self) -> bool {
        self.priorities.clear();
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let random = &mut self.random;
        for thread in point.enabled {
            self.priorities.entry(*thread).or_insert_with(|| random.u64(..));
        }
        let highest = (0..point.enabled.len()).max_by_key(|at| self.priorities[&point.enabled[*at]]).unwrap_or(0);
        let chosen = point.enabled[highest];
        self.priorities.remove(&chosen);
        if let Some(pending) = point.pending[highest] {
            let act = Act::announced(&pending, chosen);
            for (thread, pending) in point.enabled.iter().zip(point.pending) {
                if pending.is_some_and(|p| Act::announced(&p, *thread).conflicts(&act)) {
                    self.priorities.remove(thread);
                }
            }
        }
        chosen
    }

    fn choose(&mut self, options: usize) -> usize {
        self.random.usize(..options)
    }
}
