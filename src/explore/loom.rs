//! loom: its own search, under the C11 memory model as far as loom has it.
//!
//! loom checks its own limits only now and then, and does not report that it was cut. So executions
//! are counted here. An exploration is ended from inside, at the start of an execution, when
//! nothing of it exists yet.

use super::again::{self, Again};
use super::exploration::{Shared, Then, lock};
use super::job::{Assignment, Fit, Job};
use crate::execution::{self, Ending, Engine, FailedExecution, Halt, Rules, World};
use crate::vocabulary::schedule::Which;
use crate::vocabulary::verdict::Bound;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the counted `Arc`s are created.
type Places = Vec<&'static Location<'static>>;

/// Explores under loom, with at most this many preemptions per execution.
pub(super) fn run(assigned: &Assignment, preemption_bound: Option<usize>) -> Fit {
    let mut places = assigned.job.limits.places.clone();
    let fit = loop {
        let learned = Learned::default();
        let fit = search(assigned, preemption_bound, &places, &learned);
        let mut learned =
            std::mem::take(&mut *learned.lock().unwrap_or_else(PoisonError::into_inner));
        if learned.is_empty() {
            break fit;
        }
        places.append(&mut learned); // start again, as replays do: loom numbers its executions
        lock(&assigned.shared).forget();
        assigned.job.pulse.begin_anew();
        if fit == Fit::No {
            lock(&assigned.shared).anew = places; // on another OS thread
            return fit;
        }
    };
    let Assignment { job, shared, .. } = assigned;
    let asks = job.limits.again != Again::Never && job.only.is_none() && !job.pulse.asked_to_stop();
    if fit == Fit::No || !asks || lock(shared).executions == 0 {
        return fit;
    }
    // twice: something that is the same in every second execution is not the same
    match run_again(assigned, preemption_bound, &places) {
        Fit::Yes if lock(shared).failure.is_none() => {
            run_again(assigned, preemption_bound, &places)
        }
        fit => fit,
    }
}

/// Runs the first execution again, in a search of its own, and checks that it is the same.
fn run_again(assigned: &Assignment, preemption_bound: Option<usize>, places: &Places) -> Fit {
    let Assignment { job, shared, .. } = assigned;
    let (inner, rules) = (Arc::clone(job), job.rules(Engine::Loom, places));
    let begun = AtomicBool::new(false);
    let _ = catch_unwind(AssertUnwindSafe(|| {
        builder(job, preemption_bound).check(move || {
            if begun.swap(true, Ordering::Relaxed) {
                resume_unwind(Box::new(Halt)); // one is enough; Relaxed: all of it is one OS thread
            }
            execution::begin(&rules);
            execution::threads::run_main(|| (inner.model)());
        });
    }));
    let Some(mut world) = execution::end() else { return Fit::No };
    if world.ending.is_some() {
        job.judge(&mut world);
    }
    let ending = world.ending.take();
    let mut exploration = lock(shared);
    let difference = match &ending {
        Some(Ending::Unknown(Bound::Time(_))) => return Fit::No, // half an execution says nothing
        Some(ending @ Ending::Violation { .. }) => {
            exploration.failure = Some(FailedExecution::of(&mut world, ending.clone(), 1));
            return Fit::No;
        }
        Some(ending) => Some(format!("it came to its end, and then: {ending:?}")),
        None => again::differ(&exploration.first, &again::observed(&world)),
    };
    if let Some(why) = difference {
        let bound = Bound::NotDeterministic(format!("by the same schedule, {why}"));
        exploration.failure = Some(FailedExecution::of(&mut world, Ending::Unknown(bound), 1));
    }
    if ending.is_none() { Fit::Yes } else { Fit::No }
}

fn builder(job: &Job, preemption_bound: Option<usize>) -> loom::model::Builder {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemption_bound;
    // we find livelocks by the number of events: loom's own limit must be beyond that
    builder.max_branches = job.limits.max_events.saturating_mul(4).saturating_add(1_000);
    builder.max_permutations = None;
    builder.max_duration = None;
    builder.checkpoint_interval = usize::MAX;
    builder
}

/// Where the `Arc`s are created that must be counted.
type Learned = Arc<Mutex<Places>>;

fn search(
    assigned: &Assignment,
    preemption_bound: Option<usize>,
    places: &Places,
    learned: &Learned,
) -> Fit {
    let Assignment { job, shared, .. } = assigned;
    let builder = builder(job, preemption_bound);
    let (inner, theirs) = (Arc::clone(job), Arc::clone(shared));
    let rules = job.rules(Engine::Loom, places);
    let learns = Arc::clone(learned);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            if another(&inner, &theirs, &learns) == Then::Over {
                resume_unwind(Box::new(Halt));
            }
            let before = wanted(&inner).is_some_and(|wanted| lock(&theirs).executions + 1 < wanted);
            // the token does not describe the others
            let replays = rules.replays.clone().filter(|_| !before);
            execution::begin(&Rules { replays, ..rules.clone() });
            execution::threads::run_main(|| (inner.model)());
        });
    }));
    if outcome.as_ref().is_err_and(|payload| is_overflow(&**payload)) {
        // the thread was left in place: what it owned is no leak
        let bound = execution::failure::stack::overflowed();
        execution::try_with(|world| world.end(Ending::Unknown(bound)));
    }
    let last = execution::end();
    let deadlocked = last.as_ref().is_some_and(|world| world.ending.is_some());
    let _ = take(job, shared, learned, last);
    if deadlocked && outcome.is_err() {
        let mut exploration = lock(shared);
        if exploration.failure.is_none() && exploration.cut.is_none() {
            // the judge accepts it, but it ends loom's search
            let operation = "what comes after a deadlock".to_string();
            exploration.cut = Some(Bound::NotModelled { engine: "loom", operation });
        }
    }
    if outcome.is_ok() {
        let mut exploration = lock(shared);
        if exploration.merged && exploration.failure.is_none() {
            exploration.cut.get_or_insert(Bound::Unwinding);
        }
    }
    let as_planned = outcome.as_ref().err().is_none_or(|payload| payload.is::<Halt>());
    if let Err(payload) = outcome {
        let mut exploration = lock(shared);
        let explained = exploration.failure.is_some() || exploration.cut.is_some();
        if !explained && !as_planned {
            let operation =
                format!("this execution: {}", execution::failure::hook::message(&*payload));
            exploration.cut = Some(Bound::NotModelled { engine: "loom", operation });
        }
    }
    // a failed execution's threads may have been left in the middle of a panic
    if as_planned && !deadlocked && lock(shared).failure.is_none() { Fit::Yes } else { Fit::No }
}

/// Whether loom's green threads report with this payload that one of them has overflowed its stack.
/// If signals report it (`execution/failure/fault`), this only happens for a stack that was filled
/// exactly to its last byte.
fn is_overflow(payload: &(dyn std::any::Any + Send)) -> bool {
    payload.downcast_ref::<generator::Error>() == Some(&generator::Error::StackErr)
}

/// Evaluates the finished execution, and begins to count another one.
fn another(job: &Job, shared: &Shared, learned: &Learned) -> Then {
    let over = execution::end();
    if take(job, shared, learned, over) == Then::Over {
        return Then::Over;
    }
    let mut exploration = lock(shared);
    exploration.cut = job.time_is_up().or_else(|| job.used_up(exploration.executions));
    if exploration.cut.is_some() {
        return Then::Over;
    }
    job.pulse.execution();
    Then::GoOn
}

/// The number of the execution to replay, if any.
fn wanted(job: &Job) -> Option<u64> {
    match job.only.as_ref()?.which {
        Which::Execution(wanted) => Some(wanted),
        Which::Schedule(_) => None,
    }
}

/// Evaluates a finished execution, if there is one.
fn take(job: &Job, shared: &Shared, learned: &Learned, world: Option<Box<World>>) -> Then {
    let world = world.map(|mut world| {
        job.judge(&mut world);
        world
    });
    // whatever else it did: loom does not know what orders it
    let learns = world.as_ref().filter(|world| !world.memory.arcs.learned.is_empty());
    if let Some(world) = learns {
        learned.lock().unwrap_or_else(PoisonError::into_inner).extend(&world.memory.arcs.learned);
        return Then::Over;
    }
    let mut exploration = lock(shared);
    let Some(mut world) = world else {
        let over = exploration.failure.is_some() || exploration.cut.is_some();
        return if over { Then::Over } else { Then::GoOn };
    };
    let number = exploration.executions + 1;
    if let Some(wanted) = wanted(job) {
        if number < wanted {
            world.ending = None; // its failure, if any, is not the requested one
        } else {
            if exploration.take(&mut world, number) == Then::GoOn {
                exploration.cut =
                    Some(Bound::Replay(format!("execution {number} of loom does not fail")));
            }
            return Then::Over;
        }
    }
    if number == 1 && job.limits.again != Again::Never {
        exploration.first = again::observed(&world);
    }
    let then = exploration.take(&mut world, number);
    if then == Then::Over && exploration.failure.is_none() {
        exploration.cut = job.time_is_up();
    }
    execution::keep(world);
    then
}
