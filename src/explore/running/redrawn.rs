//! A failed execution of weak memory runs again, in the order in which it is drawn.

use super::{Next, Running};
use crate::execution::{self, Ending, Strategy, World};
use crate::explore::exploration::lock;
use crate::explore::job::Assignment;
use crate::explore::smallest::fault;

/// A failed execution, while it runs again in the order in which it is drawn.
pub(super) struct Redrawn {
    failed: Box<World>,
    /// The strategy for all other executions.
    strategy: Box<dyn Strategy>,
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
        world.log.trace.stale_reads = execution::with_strategy(|strategy| strategy.stale_reads());
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
            Some(drawing) => world.log.trace.stale_reads = drawing.stale_reads(),
            None => {
                let stale_reads = execution::with_strategy(|strategy| strategy.stale_reads());
                failed.log.trace.stale_reads = stale_reads;
                world = failed;
            }
        }
        self.take(world)
    }
}
