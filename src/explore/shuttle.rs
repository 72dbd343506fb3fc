//! shuttle's green threads under a strategy of ours.
//!
//! One execution of shuttle's runs many of the model's (`runtime/green`), and those of one exploration after the other
//! (`host`): its tasks and their stacks stay. A failed execution is stopped by choosing nobody, which ends shuttle's too.

use super::host::{Fit, Order};
use super::{
    Job, Strategy, Which, dfs::Dfs, exhaustive::Exhaustive, lock, pct::Pct, portfolio::Portfolio, pos::Pos,
    random::Random, replay::Replay, walk::Walk,
};
use crate::runtime::{self, Engine, Settings, World, green};
use crate::verdict::{Bound, Explorer};
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, mpsc};

/// After so many executions, how many there will be is estimated anew.
const ESTIMATE_EVERY: u64 = 256;

thread_local! {
    /// Where this host's orders come from.
    static ORDERS: RefCell<Option<mpsc::Receiver<Order>>> = const { RefCell::new(None) };
    /// The exploration that runs.
    static RUNNING: Cell<Option<Box<Running>>> = const { Cell::new(None) };
}

/// A host's life: one exploration after the other.
pub(super) fn serve(orders: mpsc::Receiver<Order>) {
    ORDERS.set(Some(orders));
    let mut config = shuttle::Config::new();
    config.stack_size = runtime::stack::SHUTTLE;
    config.max_steps = shuttle::MaxSteps::None; // ours counts events
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(Hands, config).run(drive);
    }));
    std::mem::forget(runtime::end()); // whatever is left is a failed execution's
    if let (Err(payload), Some(running)) = (outcome, RUNNING.take()) {
        let operation = format!("this execution: {}", runtime::hook::message(&*payload));
        let cut = Bound::NotModelled { engine: "shuttle", operation };
        lock(&running.order.shared).cut.get_or_insert(cut);
        running.end(Fit::No);
    }
}

/// The main task of an execution of shuttle's: executions of models, the first of which has been begun.
fn drive() {
    loop {
        let model = RUNNING.take().map(|running| {
            let model: *const (dyn Fn() + Send + Sync) = &*running.order.job.model;
            RUNNING.set(Some(running));
            model
        });
        // SAFETY: 1. the order that runs owns its model, and ends after its last execution; where this stack is left in
        // the middle of the model, the model is kept for ever (`keep_if_borrowed`).
        #[allow(unsafe_code)]
        runtime::threads::run_main(|| model.into_iter().for_each(|model| unsafe { (*model)() }));
        runtime::leave(); // until every other thread has ended too
        if green::is_worn() || !another() {
            return green::close();
        }
    }
}

/// Goes on to the next execution, of the exploration that runs or of the next one; false if there will be none.
fn another() -> bool {
    loop {
        if let Some(mut running) = RUNNING.take() {
            if running.goes_on() {
                RUNNING.set(Some(running));
                return true;
            }
            running.end(Fit::Yes);
        }
        let Some(Ok(order)) = ORDERS.with_borrow(|orders| orders.as_ref().map(mpsc::Receiver::recv)) else {
            return false;
        };
        RUNNING.set(Some(Box::new(Running::begin(order))));
    }
}

/// Who chooses in the exploration's executions.
fn strategy(job: &Job) -> Box<dyn Strategy> {
    match job.only.as_ref().map(|only| &only.which) {
        Some(Which::Schedule(choices)) => return Box::new(Replay::new(choices.clone())),
        Some(Which::Execution(_)) => unreachable!("a schedule is replayed here, and loom's executions by their number"),
        None => {}
    }
    match job.explorer {
        Explorer::Exhaustive => Box::new(Exhaustive::default()),
        Explorer::Dfs => Box::new(Dfs::bounded(job.limits.preemptions)),
        Explorer::Random { seed } => Box::new(Random::new(seed)),
        Explorer::Pct { seed, depth } => Box::new(Pct::new(seed, depth)),
        Explorer::Pos { seed } => Box::new(Pos::new(seed)),
        Explorer::Urw { seed } => Box::new(Walk::new(seed)),
        Explorer::Portfolio { seed } => Box::new(Portfolio::new(seed)),
        Explorer::Loom { .. } | Explorer::Threads => unreachable!("they have an engine of their own"),
    }
}

/// What an exploration goes by, between two executions.
struct Running {
    order: Order,
    settings: Settings,
    /// Where `Arc`s are made that are counted.
    places: Vec<&'static Location<'static>>,
}

impl Running {
    fn begin(order: Order) -> Running {
        let job = &order.job;
        runtime::set_strategy(Some(strategy(job)));
        runtime::knockout::set(job.limits.probe.clone());
        runtime::stack::set(job.limits.stack, &job.pulse);
        runtime::last_words::set(job.explorer, job.limits.teller.as_ref(), &job.pulse);
        let settings = job.settings(Engine::Shuttle, &[]);
        Running { order, settings, places: Vec::new() }
    }

    /// Begins anew, from an execution that has shown at which other places `Arc`s are to be counted.
    fn learn(&mut self, learned: &[&'static Location<'static>]) {
        self.places.extend_from_slice(learned);
        let Order { job, shared, .. } = &self.order;
        lock(shared).forget();
        job.pulse.begin_anew();
        runtime::set_strategy(Some(strategy(job)));
        self.settings = job.settings(Engine::Shuttle, &self.places);
    }

    /// Says that it is over.
    fn end(self, fit: Fit) {
        runtime::set_strategy(None);
        self.order.done(fit);
    }

    /// Keeps what the model owns, for ever, if the execution has left threads in the middle of what they did: their
    /// stacks borrow it. What stands on them is in a state that nobody else may see, not even to drop it (a sort that
    /// was stopped in a comparison has an element twice).
    fn keep_if_borrowed(&self, world: &World) {
        if world.abandoned {
            std::mem::forget(Arc::clone(&self.order.job.model));
        }
    }

    /// Takes in the execution that is over, if there is one; whether another has begun.
    fn goes_on(&mut self) -> bool {
        let Order { job, shared, .. } = &self.order;
        let (job, shared) = (Arc::clone(job), Arc::clone(shared));
        if runtime::try_with(|world| runtime::with_strategy(|strategy| strategy.ended(world))).is_some() {
            let mut over = runtime::end();
            over.iter_mut().for_each(|world| {
                self.keep_if_borrowed(world);
                job.judge(world);
            });
            let mut exploration = lock(&shared);
            if over.as_mut().is_some_and(|world| exploration.take(world, job.pulse.executions())) {
                exploration.cut = job.time_is_up().filter(|_| exploration.failure.is_none());
                return false;
            }
            drop(exploration);
            if let Some(world) = over {
                if !world.arcs.learned.is_empty() {
                    self.learn(&world.arcs.learned);
                }
                runtime::keep(world);
            }
        }
        let mut exploration = lock(&shared);
        if exploration.failure.is_some() || exploration.cut.is_some() {
            return false;
        }
        if exploration.executions > 0 && !exploration.met {
            return false; // with one thread there is one schedule
        }
        if !runtime::with_strategy(|strategy| strategy.begin()) {
            let kept_back = exploration.kept_back.then_some(Bound::Spins);
            exploration.cut = runtime::with_strategy(|strategy| strategy.caveat()).or(kept_back);
            job.pulse.estimates(exploration.executions);
            return false;
        }
        if exploration.executions.is_power_of_two() || exploration.executions.is_multiple_of(ESTIMATE_EVERY) {
            let explored = runtime::with_strategy(|strategy| strategy.explored()).filter(|share| *share > 0.0);
            explored.iter().for_each(|share| job.pulse.estimates((exploration.executions as f64 / share) as u64));
        }
        exploration.cut = job.time_is_up().or_else(|| job.used_up(exploration.executions));
        if exploration.cut.is_some() {
            return false;
        }
        drop(exploration);
        job.pulse.execution();
        runtime::begin(&self.settings);
        true
    }
}

/// shuttle's scheduler: it only repeats what was decided before the switch.
struct Hands;

impl Scheduler for Hands {
    fn new_execution(&mut self) -> Option<Schedule> {
        green::renew();
        another().then(|| Schedule::new(0))
    }

    fn next_task(&mut self, _runnable: &[&Task], _current: Option<TaskId>, _yielding: bool) -> Option<TaskId> {
        green::chosen().map(TaskId::from)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
