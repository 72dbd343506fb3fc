//! Uniformly random: at each point, any of the threads that can run.

use crate::execution::{Point, Strategy};
use crate::trace::ThreadId;

pub(super) struct Random {
    random: fastrand::Rng,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random { random: fastrand::Rng::with_seed(seed) }
    }
}

impl Strategy for Random {
    fn begin(&mut self) -> bool {
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        point.enabled[self.choose(point.enabled.len())]
    }

    fn choose(&mut self, options: usize) -> usize {
        self.random.usize(..options)
    }
}
