//! shuttle's own schedulers: uniformly random, uniform random walk, and probabilistic concurrency testing.
//!
//! PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic Guarantees of Finding
//! Bugs", ASPLOS 2010. They choose among the threads that can go on: blocked ones are not offered to them.

use super::{Point, Strategy};
use crate::trace::ThreadId;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};
use std::mem::ManuallyDrop;

pub(super) struct Random {
    /// Never dropped: shuttle's random scheduler takes its end before its last iteration for a failure, and prints.
    scheduler: ManuallyDrop<Box<dyn Scheduler>>,
    /// Who ran last, in the words of the scheduler.
    last: Option<ThreadId>,
}

impl Random {
    pub(super) fn uniform(seed: u64) -> Random {
        Random::of(Box::new(RandomScheduler::new_from_seed(seed, usize::MAX)))
    }

    pub(super) fn pct(seed: u64, depth: usize) -> Random {
        Random::of(Box::new(PctScheduler::new_from_seed(seed, depth, usize::MAX)))
    }

    /// Uniform random walk: threads in proportion to how many operations they have left.
    ///
    /// Zhao, Wolff, Mathur, Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025.
    pub(super) fn walk(seed: u64) -> Random {
        Random::of(Box::new(UrwRandomScheduler::new_from_seed(seed, usize::MAX)))
    }

    fn of(scheduler: Box<dyn Scheduler>) -> Random {
        Random { scheduler: ManuallyDrop::new(scheduler), last: None }
    }
}

impl Strategy for Random {
    fn begin(&mut self) -> bool {
        self.last = None;
        self.scheduler.new_execution().is_some()
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let last = self.last.map(|t| t.index().into());
        // a thread that yields is not offered while others can go on: nothing is left to say about yielding
        let task = self.scheduler.next_task(point.tasks, last, false);
        let task = task.unwrap_or_else(|| point.tasks[0].id());
        let thread = ThreadId(usize::from(task) as u32);
        self.last = Some(thread);
        thread
    }

    fn choose(&mut self, options: usize) -> usize {
        (self.scheduler.next_u64() % options as u64) as usize
    }
}
