//! Real threads of the operating system: the model as it runs in production, over and over.
//!
//! Nothing is chosen and nothing is recorded. This explorer shows that a model is alive, not that
//! it is correct. It observes whether two threads used the same object, for reading or writing, and
//! whether a thread panicked without being joined.

use super::exploration::lock;
use super::job::{Assignment, Fit};
use crate::execution::failure::hook;
use crate::execution::real::Real;
use crate::execution::{Ending, Engine, FailedExecution, World};
use crate::trace::{Fingerprint, Thread, Trace};
use crate::verdict::{Bound, Kind};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the model until the budget is used up. The OS thread is not reused, because its state is
/// unknown.
pub(super) fn run(Assignment { job, shared, .. }: &Assignment) -> Fit {
    let rules = job.rules(Engine::Std, &[]);
    loop {
        {
            let mut exploration = lock(shared);
            exploration.cut = job.time_is_up().or_else(|| job.used_up(exploration.executions));
            if exploration.cut.is_some() {
                return Fit::No;
            }
        }
        let execution = job.pulse.execution();
        let real = Real::begin(execution);
        let outcome = catch_unwind(AssertUnwindSafe(|| (job.model)()));
        let seen = real.end(outcome.is_err());
        let mut over = World::new(rules.clone());
        let message = outcome.err().map(|payload| hook::message(&*payload)).or(seen.unseen);
        over.ending = message.map(|message| Ending::Violation {
            kind: Kind::Panic,
            message,
            location: None,
            conflict: None,
        });
        if seen.used_static {
            let operation = "a static, which begins with what the last execution left".to_string();
            over.ending =
                Some(Ending::Unknown(Bound::NotModelled { engine: "threads", operation }));
        }
        job.judge(&mut over);
        let mut exploration = lock(shared);
        exploration.executions += 1;
        exploration.started |= seen.started;
        exploration.active |= seen.active;
        // a history shows more than objects: what the operations returned, and when
        exploration.met |= seen.met || seen.started && job.limits.judge.is_some();
        if let Some(ending) = over.ending {
            // of the threads only their existence is known
            let threads = 1 + usize::from(seen.started);
            let trace = Trace { threads: vec![Thread::default(); threads], ..Trace::default() };
            let (events, schedule, counted) = (Fingerprint::default(), Vec::new(), Vec::new());
            exploration.failure =
                Some(FailedExecution { ending, trace, schedule, counted, events, execution });
            return Fit::No;
        }
    }
}
