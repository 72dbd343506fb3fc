//! Real threads of the operating system: the model as it runs in production, over and over.
//!
//! Nothing is chosen and nothing is recorded: this explorer shows that a model is alive, not that it is correct.

use super::{Failure, Job, Shared, lock};
use crate::runtime::{Ending, hook};
use crate::trace::Trace;
use crate::verdict::Kind;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the model until the budget is used up.
pub(super) fn run(job: &Job, shared: &Shared) {
    loop {
        {
            let mut exploration = lock(shared);
            exploration.cut = job.time_is_up().or_else(|| job.used_up(exploration.executions));
            if exploration.cut.is_some() {
                return;
            }
        }
        let execution = job.pulse.execution();
        let outcome = catch_unwind(AssertUnwindSafe(|| (job.model)()));
        let mut exploration = lock(shared);
        exploration.executions += 1;
        exploration.met = true; // what real threads do is not seen: whether they met is not known
        if let Err(payload) = outcome {
            let message = hook::message(&*payload);
            let ending = Ending::Violation { kind: Kind::Panic, message, location: None, conflict: None };
            exploration.failure = Some(Failure { ending, trace: Trace::default(), schedule: Vec::new(), execution });
            return;
        }
    }
}
