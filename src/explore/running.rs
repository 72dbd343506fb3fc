//! One exploration on green threads, between two executions: what is recorded, what is run again,
//! what comes next.

mod redrawn;

use super::again::{Follower, Record, Recorder};
use super::exploration::{Then, lock};
use super::job::{Assignment, Fit, Job};
use super::{
    Again, dfs::Dfs, exhaustive::Exhaustive, graphs::Graphs, graphs::Repeat, graphs::Sampler,
    pct::Pct, portfolio::Portfolio, pos::Pos, random::Random, replay::Replay, walk::Walk,
};
use crate::execution::data::FEW;
use crate::execution::{
    self, Anew, Ending, Engine, FailedExecution, Rules, Sought, Strategy, World,
};
use crate::vocabulary::explorer::{Explorer, MemoryModel};
use crate::vocabulary::schedule::Which;
use crate::vocabulary::verdict::Bound;
use redrawn::Redrawn;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// The estimate is renewed after this many executions.
const ESTIMATE_EVERY: u64 = 256;

/// The strategy for the exploration's executions.
fn strategy(job: &Job) -> Box<dyn Strategy> {
    match job.only.as_ref().map(|only| &only.which) {
        Some(Which::Schedule(choices)) if job.explorer.memory() == MemoryModel::Rc11 => {
            return Box::new(Repeat::new(choices.clone()));
        }
        Some(Which::Schedule(choices)) => return Box::new(Replay::new(choices.clone())),
        Some(Which::Execution(_)) => {
            unreachable!("a schedule is replayed here, and loom's executions by their number")
        }
        None => {}
    }
    match job.explorer {
        Explorer::Exhaustive => Box::new(Exhaustive::default()),
        Explorer::Graphs => Box::new(Graphs::default()),
        Explorer::Dfs => Box::new(Dfs::bounded(job.limits.preemptions)),
        Explorer::Random { seed } => Box::new(Random::new(seed)),
        Explorer::Pct { seed, depth } => Box::new(Pct::new(seed, depth)),
        Explorer::Pos { seed } => Box::new(Pos::new(seed)),
        Explorer::Urw { seed } => Box::new(Walk::new(seed)),
        Explorer::Portfolio { seed } => Box::new(Portfolio::new(seed)),
        Explorer::Weak { seed } => Box::new(Sampler::new(seed)),
        Explorer::Loom { .. } | Explorer::Threads => {
            unreachable!("they have an engine of their own")
        }
    }
}

/// The state of an exploration between two executions.
pub(super) struct Running {
    pub(super) assigned: Assignment,
    rules: Rules,
    /// Where the counted `Arc`s are created.
    places: Vec<&'static Location<'static>>,
    /// Whether the execution is recorded.
    records: bool,
    /// Which races of atomics are sought.
    sought: Option<Sought>,
    /// The execution that is being run again, if any.
    rerun: Option<Rerun>,
    /// The failed execution that is being run again as it is drawn, if any.
    redrawn: Option<Redrawn>,
}

/// An execution that is run again.
struct Rerun {
    /// The strategy for all other executions.
    strategy: Box<dyn Strategy>,
    record: Rc<Record>,
    asks: Asks,
}

/// What the rerun asks.
enum Asks {
    /// Whether the same schedule leads to the same events.
    Same,
    /// Whether this order does. If it does not, whether the execution's own order does, and then
    /// whether this order makes the same difference again.
    Other(Vec<usize>),
    SameAfterOther(String),
    OtherAgain(String),
}

/// What comes after an execution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing: the exploration is over.
    Over,
    /// A rerun, which has begun.
    Begun,
    /// Whatever the strategy has left.
    Plan,
}

impl Running {
    pub(super) fn begin(assigned: Assignment) -> Running {
        let job = &assigned.job;
        execution::set_strategy(Some(strategy(job)));
        execution::knockout::set(job.limits.probe.clone());
        execution::failure::stack::set(job.limits.stack, &job.pulse);
        execution::failure::last_words::set(job.explorer, job.limits.teller.as_ref(), &job.pulse);
        let rules = job.rules(Engine::Shuttle, &[]);
        let sought = job.sought_races();
        let (places, records) = (Vec::new(), false);
        Running { assigned, rules, places, records, sought, rerun: None, redrawn: None }
    }

    /// Starts again, because an execution has shown other places whose `Arc`s must be counted, or
    /// that races of atomics count.
    fn learn(&mut self, learned: &[&'static Location<'static>]) {
        self.places.extend_from_slice(learned);
        let Assignment { job, shared, .. } = &self.assigned;
        lock(shared).forget();
        job.pulse.begin_anew();
        job.pulse.at_work(|| drop(execution::set_strategy(Some(strategy(job)))));
        self.sought = job.sought_races();
        self.rules = job.rules(Engine::Shuttle, &self.places);
    }

    /// Ends the exploration and reports that.
    pub(super) fn end(self, fit: Fit) {
        let Running { assigned, rerun, redrawn, .. } = self;
        // A long search takes long to drop. It is dropped before the end is reported. Otherwise
        // this thread would begin the next exploration late.
        assigned.job.pulse.at_work(|| drop((execution::set_strategy(None), rerun, redrawn)));
        assigned.done(fit);
    }

    /// Keeps the model's captures for ever if the execution left threads in the middle of their
    /// work: their stacks borrow the captures. What is on those stacks is in a state that nothing
    /// else may see, not even to drop it (a sort that was stopped in a comparison has an element
    /// twice).
    fn keep_if_borrowed(&self, world: &World) {
        if world.failure.abandoned {
            std::mem::forget(Arc::clone(&self.assigned.job.model));
        }
    }

    /// Takes the finished execution, if there is one, and begins another.
    pub(super) fn next(&mut self) -> Then {
        let ended = || {
            execution::try_with(|world| execution::with_strategy(|strategy| strategy.ended(world)))
        };
        let next = match self.assigned.job.pulse.at_work(ended).and_then(|()| execution::end()) {
            None => Next::Plan,
            Some(world) => match (self.rerun.take(), self.redrawn.take()) {
                (Some(rerun), _) => self.compare(rerun, world),
                (None, Some(redrawn)) => self.takes_redrawn(redrawn, world),
                (None, None) => self.takes(world),
            },
        };
        match next {
            Next::Over => Then::Over,
            Next::Begun => Then::GoOn,
            Next::Plan => self.plan(),
        }
    }

    /// Evaluates an execution.
    fn take(&mut self, mut world: Box<World>) -> Next {
        let Assignment { job, shared, .. } = &self.assigned;
        let recorder =
            if std::mem::take(&mut self.records) { execution::set_strategy(None) } else { None };
        let recorded = recorder.and_then(Recorder::recorded);
        let (finished, number) = (world.ending.is_none(), job.pulse.executions());
        // without any choice there is one schedule, which a sampler would draw again and again;
        // unless it is asked whether it is always the same
        let asks = job.limits.again == Again::Always;
        let without_choice = !asks && job.explorer.samples() && world.turns.schedule.is_empty();
        job.judge(&mut world);
        if let (Some(smaller), Some(ending)) = (&job.limits.smaller, &world.ending)
            && matches!(ending, Ending::Violation { .. })
            && !smaller.includes(ending, &world.log.trace)
        {
            world.ending = Some(Ending::GivenUp);
        }
        let mut exploration = lock(shared);
        if job.explorer.memory() == MemoryModel::Rc11 && job.only.is_none() {
            exploration.refuses(&mut world);
        }
        let over = exploration.take(&mut world, number) == Then::Over;
        let mut anew = false;
        if self.sought.is_some() {
            match world.add_races(exploration.races.get_or_insert_default()) {
                Ok(sought) => self.sought = sought,
                Err(Anew) => anew = true,
            }
        }
        if over {
            exploration.cut = job.time_is_up().filter(|_| exploration.failure.is_none());
        } else if without_choice {
            exploration.drained = true;
        }
        let knows_better = exploration.unseen.is_some();
        drop(exploration);
        if !over {
            let mut learned = std::mem::take(&mut world.memory.arcs.learned);
            execution::keep(world);
            if self.assigned.job.only.is_some() {
                learned.clear(); // its token says what is counted
            }
            if anew || !learned.is_empty() {
                self.learn(&learned);
                return Next::Plan;
            }
        }
        let Assignment { job, .. } = &self.assigned;
        let Some((strategy, record)) = recorded else {
            return if over { Next::Over } else { Next::Plan };
        };
        if over || !finished {
            execution::set_strategy(Some(strategy));
            return if over { Next::Over } else { Next::Plan };
        }
        let explores_all = job.explorer == Explorer::Exhaustive && !knows_better;
        let asks =
            explores_all.then(|| record.another_order()).flatten().map_or(Asks::Same, Asks::Other);
        self.run_again(Rerun { strategy, record: Rc::new(record), asks })
    }

    /// Begins a rerun of a recorded execution.
    fn run_again(&mut self, rerun: Rerun) -> Next {
        let order = match &rerun.asks {
            Asks::Same | Asks::SameAfterOther(..) => rerun.record.order(),
            Asks::Other(order) => order.clone(),
            Asks::OtherAgain(_) => rerun.record.another_order().unwrap_or_default(),
        };
        execution::set_strategy(Some(Box::new(Follower::new(Rc::clone(&rerun.record), order))));
        self.rerun = Some(rerun);
        execution::begin(&self.rules);
        execution::with(|world| world.memory.seek_races(None));
        Next::Begun
    }

    /// Compares a rerun with the recorded execution.
    fn compare(&mut self, mut rerun: Rerun, mut world: Box<World>) -> Next {
        let Assignment { job, shared, .. } = &self.assigned;
        let follower = execution::set_strategy(None);
        self.keep_if_borrowed(&world);
        if world.ending.is_some() {
            job.judge(&mut world); // it accepts some deadlocks
        }
        let ending = world.ending.take();
        let finished = ending.is_none();
        let mut difference =
            follower.and_then(|follower| Follower::difference(&*follower).map(ToString::to_string));
        let mut exploration = lock(shared);
        match ending {
            Some(Ending::Unknown(Bound::Time(_))) => {
                execution::set_strategy(Some(rerun.strategy)); // half an execution says nothing
                return Next::Plan;
            }
            // a violation found by chance is a violation too
            Some(ending @ Ending::Violation { .. }) if exploration.tally.is_none() => {
                exploration.failure =
                    Some(FailedExecution::of(&mut world, ending, job.pulse.executions()));
                drop(exploration);
                self.rerun = Some(rerun); // dropped later, with everything else
                return Next::Over;
            }
            Some(ending) => {
                _ = difference
                    .get_or_insert_with(|| format!("it came to its end, and then: {ending:?}"))
            }
            None => {}
        }
        let verdict = match (rerun.asks, difference) {
            (Asks::Same | Asks::Other(_), None) => None,
            (Asks::Same | Asks::SameAfterOther(..), Some(difference)) => Some(Err(difference)),
            (Asks::Other(_), Some(difference)) => {
                rerun.asks = Asks::SameAfterOther(difference);
                drop(exploration);
                return self.run_again(rerun);
            }
            (Asks::SameAfterOther(difference), None) => {
                rerun.asks = Asks::OtherAgain(difference);
                drop(exploration);
                return self.run_again(rerun);
            }
            (Asks::OtherAgain(was), Some(is)) if was == is => Some(Ok(is)),
            (Asks::OtherAgain(was), _) => Some(Err(was)),
        };
        execution::set_strategy(Some(rerun.strategy));
        if let Some(Err(why)) = verdict {
            let bound = Bound::NotDeterministic(format!("by the same schedule, {why}"));
            exploration.failure = Some(FailedExecution::of(
                &mut world,
                Ending::Unknown(bound),
                job.pulse.executions(),
            ));
            return Next::Over;
        }
        exploration.unseen = exploration.unseen.take().or(verdict.and_then(Result::ok));
        drop(exploration);
        if finished {
            execution::keep(world);
        }
        Next::Plan
    }

    /// Begins the strategy's next execution, if there is one.
    fn plan(&mut self) -> Then {
        let Assignment { job, shared, .. } = &self.assigned;
        let mut exploration = lock(shared);
        if exploration.failure.is_some() || exploration.cut.is_some() || exploration.drained {
            return Then::Over;
        }
        if execution::with_strategy(|strategy| strategy.begins_anew()) {
            exploration.forget();
            job.pulse.begin_anew();
        }
        if !job.pulse.at_work(|| execution::with_strategy(|strategy| strategy.begin())) {
            let delayed = exploration.delayed.then_some(Bound::Spins);
            let many = exploration.many.map(|of| Bound::Values(FEW, of));
            let caveat = execution::with_strategy(|strategy| strategy.caveat());
            let slept = exploration.slept.then_some(Bound::Sleeps);
            let left = exploration.left.then_some(Bound::Detached);
            exploration.cut = many.or(slept).or(left).or(caveat).or(delayed);
            job.pulse.estimates(exploration.executions);
            return Then::Over;
        }
        if exploration.executions.is_power_of_two()
            || exploration.executions.is_multiple_of(ESTIMATE_EVERY)
        {
            let explored = execution::with_strategy(|strategy| strategy.explored())
                .filter(|share| *share > 0.0);
            explored.iter().for_each(|share| {
                job.pulse.estimates((exploration.executions as f64 / share) as u64)
            });
        }
        let begun = exploration.executions + exploration.in_vain;
        exploration.cut =
            job.time_is_up().or_else(|| job.used_up(begun)).or_else(|| exploration.is_in_vain());
        if exploration.cut.is_some() {
            return Then::Over;
        }
        drop(exploration);
        self.records = job.limits.again.is_due(job.pulse.execution());
        if self.records {
            let strategy =
                execution::set_strategy(None).expect("an exploration on shuttle has one");
            execution::set_strategy(Some(Box::new(Recorder::of(strategy))));
        }
        execution::begin(&self.rules);
        execution::with(|world| world.memory.seek_races(self.sought));
        Then::GoOn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::{Point, Pulse};
    use crate::explore::Limits;
    use crate::explore::exploration::Shared;
    use crate::vocabulary::trace::ThreadId;
    use std::sync::mpsc;

    /// Reports, when dropped, whether that counts as the explorer's work.
    struct Remembers(Arc<Pulse>, mpsc::Sender<bool>);

    impl Drop for Remembers {
        fn drop(&mut self) {
            self.1.send(self.0.is_at_work()).expect("it is asked for");
        }
    }

    impl Strategy for Remembers {
        fn begin(&mut self) -> bool {
            false
        }

        fn pick(&mut self, point: &Point<'_>) -> ThreadId {
            point.enabled[0]
        }

        fn choose(&mut self, _options: usize) -> usize {
            0
        }
    }

    #[test]
    fn to_forget_a_search_is_work_of_the_explorers() {
        let pulse = Arc::new(Pulse::default());
        let job = Job {
            explorer: Explorer::Exhaustive,
            model: Arc::new(|| {}),
            limits: Limits::default(),
            only: None,
            pulse: Arc::clone(&pulse),
        };
        let ((done, finished), (forgets, forgotten)) = (mpsc::channel(), mpsc::channel());
        let running =
            Running::begin(Assignment { job: Arc::new(job), shared: Shared::default(), done });
        execution::set_strategy(Some(Box::new(Remembers(Arc::clone(&pulse), forgets))));
        running.end(Fit::Yes);
        assert_eq!((forgotten.try_recv(), finished.try_recv()), (Ok(true), Ok(Fit::Yes)));
        assert!(!pulse.is_at_work());
    }
}
