//! Real threads of the operating system: the model as it runs in production, over and over.
//!
//! Nothing is chosen and nothing is recorded: this explorer shows that a model is alive, not that it is correct.

use super::host::{Fit, Order};
use super::{Failure, lock};
use crate::runtime::{self, Ending, Engine, World, hook};
use crate::trace::{Fingerprint, Thread, Trace};
use crate::verdict::Kind;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the model until the budget is used up. The thread that it runs on is not for others: nothing is known of it.
pub(super) fn run(Order { job, shared, .. }: &Order) -> Fit {
    let settings = job.settings(Engine::Std, &[]);
    loop {
        {
            let mut exploration = lock(shared);
            exploration.cut = job.time_is_up().or_else(|| job.used_up(exploration.executions));
            if exploration.cut.is_some() {
                return Fit::No;
            }
        }
        let execution = job.pulse.execution();
        runtime::threads::reset_started();
        let outcome = catch_unwind(AssertUnwindSafe(|| (job.model)()));
        let mut over = World::new(settings.clone());
        over.ending = outcome.err().map(|payload| {
            let message = hook::message(&*payload);
            Ending::Violation { kind: Kind::Panic, message, location: None, conflict: None }
        });
        job.judge(&mut over);
        let mut exploration = lock(shared);
        exploration.executions += 1;
        exploration.met = true; // what real threads do is not seen: whether they met is not known
        if let Some(ending) = over.ending {
            // of the threads it is known that they were there
            let threads = 1 + usize::from(runtime::threads::has_started());
            let trace = Trace { threads: vec![Thread::default(); threads], ..Trace::default() };
            let (events, schedule, counted) = (Fingerprint::default(), Vec::new(), Vec::new());
            exploration.failure = Some(Failure { ending, trace, schedule, counted, events, execution });
            return Fit::No;
        }
    }
}
