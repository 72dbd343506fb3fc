//! What chooses the schedules: shuttle's names for selvedge's explorers.

use crate::current::Random;
pub use crate::current::TaskId;
use selvedge::Explorer;
use std::path::Path;

/// What an explorer is asked to do.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) explorer: Explorer,
    pub(crate) executions: Option<usize>,
    pub(crate) replays: Option<String>,
    /// Whether every execution is run again, to see whether it is the same.
    pub(crate) again: bool,
    pub(crate) random: Random,
}

impl Plan {
    fn of(explorer: Explorer, executions: usize) -> Plan {
        Plan { explorer, executions: Some(executions), ..Plan::all(None) }
    }

    /// Every interleaving.
    pub(crate) fn all(executions: Option<usize>) -> Plan {
        let (again, random) = (false, Random::Chosen);
        Plan { explorer: Explorer::Dfs, executions, replays: None, again, random }
    }
}

/// A task of an execution, as a [`Scheduler`] of one's own sees it. There are none.
#[derive(Debug)]
pub struct Task(TaskId);

impl Task {
    /// Returns its number.
    #[must_use]
    pub fn id(&self) -> TaskId {
        self.0
    }
}

/// A schedule, by the token that selvedge has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(String);

impl Schedule {
    /// Creates a schedule of which only the seed is known.
    #[must_use]
    pub fn new(seed: u64) -> Schedule {
        Schedule(seed.to_string())
    }

    /// Creates a schedule of shuttle's, which selvedge cannot replay: its operations are others.
    #[must_use]
    pub fn new_from_task_ids<T>(seed: u64, tasks: impl IntoIterator<Item = T>) -> Schedule
    where
        T: Into<TaskId>,
    {
        let tasks: Vec<String> =
            tasks.into_iter().map(|task| usize::from(task.into()).to_string()).collect();
        Schedule(format!("{seed}:{}", tasks.join("-")))
    }

    /// Adds a choice of a task to a schedule of shuttle's.
    pub fn push_task(&mut self, task: TaskId) {
        self.0 += &format!("-{}", usize::from(task));
    }

    /// Adds a random number to a schedule of shuttle's.
    pub fn push_random(&mut self) {
        self.0 += "-r";
    }
}

/// What chooses the schedules.
///
/// Those of this module stand for explorers of selvedge's. One of one's own chooses nothing: all
/// interleavings are explored instead.
pub trait Scheduler {
    /// Begins an execution.
    fn new_execution(&mut self) -> Option<Schedule>;

    /// Chooses the next task.
    fn next_task(
        &mut self,
        runnable_tasks: &[&Task],
        current_task: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId>;

    /// Chooses a random number.
    fn next_u64(&mut self) -> u64;

    #[doc(hidden)]
    fn plan(&self) -> Plan {
        Plan::all(None)
    }
}

impl<S: Scheduler + ?Sized> Scheduler for Box<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        (**self).new_execution()
    }

    fn next_task(
        &mut self,
        runnable_tasks: &[&Task],
        current_task: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        (**self).next_task(runnable_tasks, current_task, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        (**self).next_u64()
    }

    fn plan(&self) -> Plan {
        (**self).plan()
    }
}

/// A scheduler of this module: its explorer chooses, and nobody asks it.
macro_rules! explorers {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Plan);

        impl Scheduler for $name {
            fn new_execution(&mut self) -> Option<Schedule> {
                None
            }

            fn next_task(&mut self, _: &[&Task], _: Option<TaskId>, _: bool) -> Option<TaskId> {
                None
            }

            fn next_u64(&mut self) -> u64 {
                0
            }

            fn plan(&self) -> Plan {
                self.0.clone()
            }
        }
    )* };
}

explorers! {
    /// Every inequivalent interleaving, once.
    DfsScheduler;
    /// Uniformly random schedules.
    RandomScheduler;
    /// Random priorities, lowered at a few points.
    PctScheduler;
    /// The uniform random walk.
    UrwRandomScheduler;
    /// One schedule: a sample of one execution.
    RoundRobinScheduler;
    /// The execution of a token.
    ReplayScheduler;
}

impl DfsScheduler {
    /// Creates one for at most so many executions. Random data is the same in each of them, or is
    /// not allowed: then it panics.
    #[must_use]
    pub fn new(max_iterations: Option<usize>, allow_random_data: bool) -> DfsScheduler {
        let random = if allow_random_data { Random::Fixed } else { Random::Refused };
        DfsScheduler(Plan { random, ..Plan::all(max_iterations) })
    }
}

impl RandomScheduler {
    /// Creates one for so many executions.
    #[must_use]
    pub fn new(max_iterations: usize) -> RandomScheduler {
        RandomScheduler::new_from_seed(0, max_iterations)
    }

    /// Creates one for so many executions, from a seed.
    #[must_use]
    pub fn new_from_seed(seed: u64, max_iterations: usize) -> RandomScheduler {
        RandomScheduler(Plan::of(Explorer::Random { seed }, max_iterations))
    }
}

impl PctScheduler {
    /// Creates one for so many executions, which finds bugs of this depth.
    #[must_use]
    pub fn new(max_depth: usize, max_iterations: usize) -> PctScheduler {
        PctScheduler::new_from_seed(0, max_depth, max_iterations)
    }

    /// The same, from a seed.
    #[must_use]
    pub fn new_from_seed(seed: u64, max_depth: usize, max_iterations: usize) -> PctScheduler {
        assert!(max_depth > 0, "the depth of a bug is at least 1");
        PctScheduler(Plan::of(Explorer::Pct { seed, depth: max_depth }, max_iterations))
    }
}

impl UrwRandomScheduler {
    /// Creates one for so many executions.
    #[must_use]
    pub fn new(max_iterations: usize) -> UrwRandomScheduler {
        UrwRandomScheduler::new_from_seed(0, max_iterations)
    }

    /// Creates one for so many executions, from a seed.
    #[must_use]
    pub fn new_from_seed(seed: u64, max_iterations: usize) -> UrwRandomScheduler {
        UrwRandomScheduler(Plan::of(Explorer::Urw { seed }, max_iterations))
    }
}

impl RoundRobinScheduler {
    /// Creates one for so many executions.
    #[must_use]
    pub fn new(max_iterations: usize) -> RoundRobinScheduler {
        RoundRobinScheduler(Plan::of(Explorer::Random { seed: 0 }, max_iterations))
    }
}

impl ReplayScheduler {
    /// Skips, under shuttle, what did not happen before a clock. selvedge makes each failure small
    /// itself.
    pub fn set_target_clock(&mut self, _clock: impl AsRef<[u32]>) {}

    /// Accepts a token of an execution that does not come to its end. selvedge's tokens may.
    pub fn set_allow_incomplete(&mut self) {}

    /// Creates one that replays a token.
    #[must_use]
    pub fn new_from_encoded(token: &str) -> ReplayScheduler {
        ReplayScheduler(Plan { replays: Some(token.trim().to_string()), ..Plan::all(None) })
    }

    /// Creates one that replays the token in a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn new_from_file<P: AsRef<Path>>(path: P) -> Result<ReplayScheduler, std::io::Error> {
        Ok(ReplayScheduler::new_from_encoded(&std::fs::read_to_string(path)?))
    }

    /// Creates one that replays a schedule.
    #[must_use]
    pub fn new_from_schedule(schedule: Schedule) -> ReplayScheduler {
        ReplayScheduler::new_from_encoded(&schedule.0)
    }
}

/// Runs every execution of a scheduler again, to see whether it is the same.
#[derive(Debug)]
pub struct UncontrolledNondeterminismCheckScheduler<S: Scheduler>(S);

impl<S: Scheduler> UncontrolledNondeterminismCheckScheduler<S> {
    /// Creates one that asks this scheduler.
    #[must_use]
    pub fn new(scheduler: S) -> UncontrolledNondeterminismCheckScheduler<S> {
        UncontrolledNondeterminismCheckScheduler(scheduler)
    }
}

impl<S: Scheduler> Scheduler for UncontrolledNondeterminismCheckScheduler<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.0.new_execution()
    }

    fn next_task(
        &mut self,
        runnable_tasks: &[&Task],
        current_task: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.0.next_task(runnable_tasks, current_task, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn plan(&self) -> Plan {
        Plan { again: true, ..self.0.plan() }
    }
}
