//! Partial order sampling: close to uniform over the inequivalent interleavings of programs with
//! few conflicts.
//!
//! Yuan, Yang, Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. Every announced operation
//! has a random priority. The highest priority runs first, and then the priorities of the
//! operations that conflict with it are drawn again. Deviation: the announced operations decide
//! what conflicts, and a failed compare-exchange conflicts with less than it announced.

use crate::dependence::Act;
use crate::execution::{Point, Strategy};
use crate::trace::ThreadId;

pub(super) struct Pos {
    random: fastrand::Rng,
    /// The priority of each thread. Zero means that it must be drawn.
    priorities: Vec<u64>,
}

impl Pos {
    pub(super) fn new(seed: u64) -> Pos {
        Pos { random: fastrand::Rng::with_seed(seed), priorities: Vec::new() }
    }
}

impl Strategy for Pos {
    fn begin(&mut self) -> bool {
        self.priorities.clear();
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        self.priorities.resize(point.threads.len(), 0);
        for thread in point.enabled {
            let priority = &mut self.priorities[thread.index()];
            if *priority == 0 {
                *priority = self.random.u64(1..);
            }
        }
        let chosen =
            *point.enabled.iter().max_by_key(|t| self.priorities[t.index()]).expect("never empty");
        self.priorities[chosen.index()] = 0;
        let act = Act::announced(point.pending(chosen), chosen);
        for thread in point.enabled {
            if Act::announced(point.pending(*thread), *thread).conflicts(&act) {
                self.priorities[thread.index()] = 0;
            }
        }
        chosen
    }

    fn choose(&mut self, options: usize) -> usize {
        self.random.usize(..options)
    }
}
