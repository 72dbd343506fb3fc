//! shuttle's green threads under a strategy of ours.
//!
//! One execution of shuttle's runs many of the model's (`runtime/green`). A failed one is stopped by choosing nobody,
//! which ends shuttle's execution too.

use super::{
    Job, Only, Shared, Strategy, dfs::Dfs, exhaustive::Exhaustive, lock, pct::Pct, portfolio::Portfolio, pos::Pos,
    random::Random, replay::Replay, walk::Walk,
};
use crate::runtime::{self, Engine, Settings, green};
use crate::verdict::{Bound, Explorer};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// After so many executions, how many there will be is estimated anew.
const ESTIMATE_EVERY: u64 = 256;

/// Room for a green thread's stack, in bytes: a model's assertions format strings in unoptimised code.
const STACK: usize = 256 * 1024;

/// What an exploration goes by, between two executions.
#[derive(Clone)]
struct Search {
    job: Arc<Job>,
    settings: Settings,
    shared: Shared,
}

/// Explores on shuttle.
pub(super) fn run(job: Job, shared: &Shared) {
    let strategy: Box<dyn Strategy> = match (&job.only, job.explorer) {
        (Some(Only::Schedule(choices)), _) => Box::new(Replay::new(choices.clone())),
        (_, Explorer::Random { seed }) => Box::new(Random::new(seed)),
        (_, Explorer::Pct { seed, depth }) => Box::new(Pct::new(seed, depth)),
        (_, Explorer::Pos { seed }) => Box::new(Pos::new(seed)),
        (_, Explorer::Urw { seed }) => Box::new(Walk::new(seed)),
        (_, Explorer::Portfolio { seed }) => Box::new(Portfolio::new(seed)),
        (_, Explorer::Dfs) => Box::new(Dfs::bounded(job.limits.preemptions)),
        _ => Box::new(Exhaustive::default()),
    };
    runtime::set_strategy(Some(strategy));
    let settings = Settings {
        engine: Engine::Shuttle,
        pulse: Arc::clone(&job.pulse),
        max_events: job.limits.max_events,
        leaks: job.limits.leaks,
        spurious: job.limits.spurious,
        most_events: job.limits.most_events,
        replays: job.only.is_some(),
        judged: job.limits.judge.is_some(),
    };
    let search = Search { job: Arc::new(job), settings, shared: Arc::clone(shared) };
    let mut config = shuttle::Config::new();
    config.stack_size = STACK;
    config.max_steps = shuttle::MaxSteps::None; // ours counts events
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let theirs = search.clone();
        shuttle::Runner::new(search, config).run(move || theirs.drive());
    }));
    let left = runtime::end();
    if let Err(payload) = outcome {
        let operation = format!("this execution: {}", runtime::hook::message(&*payload));
        lock(shared).cut.get_or_insert(Bound::NotModelled { engine: "shuttle", operation });
    }
    std::mem::forget(left);
    runtime::set_strategy(None);
}

impl Search {
    /// The main task of an execution of shuttle's: executions of the model, the first of which has been begun.
    fn drive(&self) {
        loop {
            runtime::threads::run_main(|| (self.job.model)());
            runtime::leave(); // until every other thread has ended too
            if green::is_worn() || !self.another() {
                return green::close();
            }
        }
    }

    /// Takes in the execution that is over, if there is one; whether another has begun.
    fn another(&self) -> bool {
        if runtime::try_with(|world| runtime::with_strategy(|strategy| strategy.ended(world))).is_some() {
            let mut over = runtime::end();
            over.iter_mut().for_each(|world| self.job.judge(world));
            let mut exploration = lock(&self.shared);
            if over.as_mut().is_some_and(|world| exploration.take(world, self.job.pulse.executions())) {
                exploration.cut = self.job.time_is_up().filter(|_| exploration.failure.is_none());
                return false;
            }
            over.into_iter().for_each(runtime::keep);
        }
        let mut exploration = lock(&self.shared);
        if exploration.failure.is_some() || exploration.cut.is_some() {
            return false;
        }
        if exploration.executions > 0 && !exploration.met {
            return false; // with one thread there is one schedule
        }
        if !runtime::with_strategy(|strategy| strategy.begin()) {
            let kept_back = exploration.kept_back.then_some(Bound::Spins);
            exploration.cut = runtime::with_strategy(|strategy| strategy.caveat()).or(kept_back);
            self.job.pulse.estimates(exploration.executions);
            return false;
        }
        if exploration.executions.is_power_of_two() || exploration.executions.is_multiple_of(ESTIMATE_EVERY) {
            let explored = runtime::with_strategy(|strategy| strategy.explored()).filter(|share| *share > 0.0);
            explored.iter().for_each(|share| self.job.pulse.estimates((exploration.executions as f64 / share) as u64));
        }
        exploration.cut = self.job.time_is_up().or_else(|| self.job.used_up(exploration.executions));
        if exploration.cut.is_some() {
            return false;
        }
        drop(exploration);
        self.job.pulse.execution();
        runtime::begin(&self.settings);
        true
    }
}

impl Scheduler for Search {
    fn new_execution(&mut self) -> Option<Schedule> {
        green::renew();
        self.another().then(|| Schedule::new(0))
    }

    fn next_task(&mut self, _runnable: &[&Task], _current: Option<TaskId>, _yielding: bool) -> Option<TaskId> {
        green::chosen().map(TaskId::from)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
