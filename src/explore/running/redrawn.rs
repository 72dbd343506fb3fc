//! A failed execution of weak memory runs again, in the order in which it is drawn.

use super::{Next, Running};
use crate::execution::{self, Ending, Reasons, Strategy, World};
use crate::explore::exploration::lock;
use crate::explore::job::Assignment;
use crate::explore::smallest::fault;
use crate::vocabulary::verdict::Kind;

/// A failed execution, while it runs again in the order in which it is drawn.
pub(super) struct Redrawn {
    failed: Box<World>,
    /// The strategy for all other executions.
    strategy: Box<dyn Strategy>,
}

/// Writes down why the reads are stale, and why nothing orders the accesses of a data race.
fn explain(world: &mut World, strategy: &dyn Strategy) {
    let conflict = match &world.ending {
        Some(Ending::Violation { kind: Kind::DataRace, conflict, .. }) => *conflict,
        _ => None,
    };
    let trace = &mut world.log.trace;
    let access = |at: usize| trace.events.get(at).map(|event| (event.thread, at));
    let race = conflict.and_then(|(first, second)| Some([access(first)?, access(second)?]));
    let Reasons { stale_reads, race } = strategy.reasons(race);
    (trace.stale_reads, trace.race) = (stale_reads, race);
}

impl Running {
    /// A violating execution is first run again in the order in which it is drawn.
    pub(super) fn takes(&mut self, mut world: Box<World>) -> Next {
        self.keep_if_borrowed(&world);
        let Assignment { job, shared, .. } = &self.assigned;
        let is_drawn =
            matches!(world.ending, Some(Ending::Violation { .. })) && lock(shared).tally.is_none();
        if !is_drawn {
            return self.take(world);
        }
        let drawing = || execution::with_strategy(|strategy| strategy.drawing(&world));
        // a token is drawn as it says
        let drawing = job.only.is_none().then(|| job.pulse.at_work(drawing)).flatten();
        if let Some(drawing) = drawing {
            let strategy = execution::set_strategy(Some(drawing));
            let strategy = strategy.expect("an exploration on shuttle has one");
            self.redrawn = Some(Redrawn { failed: world, strategy });
            execution::begin(&self.rules);
            return Next::Begun;
        }
        execution::with_strategy(|strategy| explain(&mut world, strategy));
        self.take(world)
    }

    /// Evaluates a failed execution as it is drawn, or as it was if it did not fail again.
    pub(super) fn takes_redrawn(&mut self, redrawn: Redrawn, mut world: Box<World>) -> Next {
        self.keep_if_borrowed(&world);
        let Redrawn { mut failed, strategy } = redrawn;
        let drawing = execution::set_strategy(Some(strategy));
        let fails = |world: &World| {
            let fault = world.ending.as_ref().and_then(fault);
            fault.map(|(kind, place)| (kind, place.map(str::to_string)))
        };
        match drawing.filter(|_| fails(&world) == fails(&failed)) {
            Some(drawing) => explain(&mut world, &*drawing),
            None => {
                execution::with_strategy(|strategy| explain(&mut failed, strategy));
                world = failed;
            }
        }
        self.take(world)
    }
}
