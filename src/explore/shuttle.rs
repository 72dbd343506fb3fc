//! shuttle's green threads under a strategy of ours: an outside `shuttle::scheduler::Scheduler`.
//!
//! A thread that has been started runs up to its first announcement at once: what it does before is invisible, and
//! from then on every thread's next operation is known. Blocked threads are not offered; when no thread can go on
//! and some have not ended, that is a deadlock. A failed execution is stopped by choosing nobody.

use super::{
    Exploration, Job, Only, Point, Shared, Strategy, dfs::Dfs, exhaustive::Exhaustive, lock, portfolio::Portfolio,
    pos::Pos, random::Random, replay::Replay,
};
use crate::runtime::{self, Ending, Engine, Settings};
use crate::trace::ThreadId;
use crate::verdict::{Bound, Explorer};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

/// Room for a green thread's stack, in bytes: a model's assertions format strings in unoptimised code.
const STACK: usize = 256 * 1024;

struct Adapter {
    job: Job,
    settings: Settings,
    strategy: Rc<RefCell<dyn Strategy>>,
    shared: Shared,
    execution: u64,
    /// Whether a thread that had yielded was not offered although it could have gone on.
    kept_back: bool,
}

/// Explores on shuttle.
pub(super) fn run(job: Job, shared: &Shared) {
    let strategy: Rc<RefCell<dyn Strategy>> = match (&job.only, job.explorer) {
        (Some(Only::Schedule(choices)), _) => Rc::new(RefCell::new(Replay::new(choices.clone()))),
        (_, Explorer::Random { seed }) => Rc::new(RefCell::new(Random::uniform(seed))),
        (_, Explorer::Pct { seed, depth }) => Rc::new(RefCell::new(Random::pct(seed, depth))),
        (_, Explorer::Pos { seed }) => Rc::new(RefCell::new(Pos::new(seed))),
        (_, Explorer::Urw { seed }) => Rc::new(RefCell::new(Random::walk(seed))),
        (_, Explorer::Portfolio { seed }) => Rc::new(RefCell::new(Portfolio::new(seed))),
        (_, Explorer::Dfs) => Rc::new(RefCell::new(Dfs::bounded(job.limits.preemptions))),
        _ => Rc::new(RefCell::new(Exhaustive::default())),
    };
    runtime::set_strategy(Some(Rc::clone(&strategy)));
    let settings = Settings {
        engine: Engine::Shuttle,
        pulse: Arc::clone(&job.pulse),
        max_events: job.limits.max_events,
        leaks: job.limits.leaks,
        most_events: job.limits.most_events,
    };
    let model = Arc::clone(&job.model);
    let adapter = Adapter { job, settings, strategy, shared: Arc::clone(shared), execution: 0, kept_back: false };
    let mut config = shuttle::Config::new();
    config.stack_size = STACK;
    config.max_steps = shuttle::MaxSteps::None; // ours counts events
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(adapter, config).run(move || runtime::threads::run_main(|| model()));
    }));
    let left = runtime::end();
    if let Err(payload) = outcome {
        let operation = format!("this execution: {}", runtime::hook::message(&*payload));
        lock(shared).cut.get_or_insert(Bound::NotModelled { engine: "shuttle", operation });
    }
    std::mem::forget(left);
    runtime::set_strategy(None);
}

impl Scheduler for Adapter {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.execution > 0 {
            runtime::with(|world| self.strategy.borrow_mut().ended(world));
        }
        let over = runtime::end();
        let mut exploration: std::sync::MutexGuard<'_, Exploration> = lock(&self.shared);
        if over.is_some_and(|world| exploration.take(world, self.execution)) {
            exploration.cut = self.job.time_is_up().filter(|_| exploration.failure.is_none());
            return None;
        }
        if exploration.executions > 0 && !exploration.met {
            return None; // with one thread there is one schedule
        }
        if !self.strategy.borrow_mut().begin() {
            let kept_back = self.kept_back.then_some(Bound::Spins);
            exploration.cut = self.strategy.borrow().caveat().or(kept_back);
            return None;
        }
        exploration.cut = self.job.time_is_up().or_else(|| self.job.used_up(exploration.executions));
        if exploration.cut.is_some() {
            return None;
        }
        drop(exploration);
        self.execution = self.job.pulse.execution();
        runtime::begin(&self.settings);
        Some(Schedule::new(0))
    }

    fn next_task(&mut self, runnable: &[&Task], current: Option<TaskId>, _yielding: bool) -> Option<TaskId> {
        let thread = |task: &Task| ThreadId(usize::from(task.id()) as u32);
        let current = current.map(|c| ThreadId(usize::from(c) as u32));
        runtime::with(|world| {
            if world.ending.is_some() {
                return None;
            }
            let silent =
                |t: &&&Task| world.threads.get(thread(t).index()).is_some_and(|s| s.pending.is_none() && !s.finished);
            // in the middle of something of shuttle's own, or not yet at a first announcement
            let unannounced = runnable.iter().find(|t| silent(t) && Some(thread(t)) == current);
            if let Some(task) = unannounced.or_else(|| runnable.iter().find(silent)) {
                return Some(task.id());
            }
            // a thread that has ended, but whose task has not yet
            if let Some(task) = runnable.iter().find(|t| world.threads[thread(t).index()].finished) {
                return Some(task.id());
            }
            let able: Vec<&Task> = runnable.iter().copied().filter(|t| world.enabled(thread(t))).collect();
            let fresh: Vec<&Task> =
                able.iter().copied().filter(|t| !world.threads[thread(t).index()].yielded).collect();
            let offers_all = fresh.is_empty() || self.strategy.borrow().is_fair();
            self.kept_back |= !offers_all && fresh.len() < able.len();
            let tasks = if offers_all { able } else { fresh };
            if tasks.is_empty() {
                world.deadlock();
                return None;
            }
            let enabled: Vec<ThreadId> = tasks.iter().map(|t| thread(t)).collect();
            // who did something last: a thread that has only been started has not run yet
            let last = world.trace.events.last().map(|event| event.thread);
            let current = last.filter(|thread| enabled.contains(thread));
            let mut strategy = self.strategy.borrow_mut();
            let pending: Vec<_> = enabled.iter().map(|t| world.threads[t.index()].pending).collect();
            let chosen = strategy.pick(&Point { enabled: &enabled, pending: &pending, current, tasks: &tasks });
            if let Some(why) = strategy.diverged() {
                let replayed = self.job.only.is_some();
                let bound = if replayed { Bound::Replay(why) } else { Bound::NotDeterministic(why) };
                world.end(Ending::Unknown(bound));
                return None;
            }
            if enabled.len() > 1 {
                world.schedule.push(chosen.0);
            }
            Some(TaskId::from(chosen.index()))
        })
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
