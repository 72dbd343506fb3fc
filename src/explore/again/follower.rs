//! Runs a recorded execution again, in its own order or in another.

use super::{Observed, Record, RecordedStep};
use crate::execution::{
    Access, Acted, Effect, Ending, Offers, Pending, Point, Seen, Strategy, World,
};
use crate::vocabulary::trace::{ObjectId, ThreadId};
use std::any::Any;
use std::rc::Rc;

/// Runs an execution again in this order of its steps until something differs. Then it continues
/// fairly to the end.
pub(in crate::explore) struct Follower {
    record: Rc<Record>,
    order: Vec<usize>,
    /// How many of the steps have begun, and the progress of the last one.
    begun: usize,
    observed: usize,
    choices: usize,
    acted: usize,
    difference: Option<String>,
}

impl Follower {
    pub(in crate::explore) fn new(record: Rc<Record>, order: Vec<usize>) -> Follower {
        Follower { record, order, begun: 0, observed: 0, choices: 0, acted: 0, difference: None }
    }

    /// How the execution differs from the recorded one, if the strategy is a follower and found a
    /// difference.
    pub(in crate::explore) fn difference(strategy: &dyn Strategy) -> Option<&str> {
        let strategy: &dyn Any = strategy;
        strategy.downcast_ref::<Follower>()?.difference.as_deref()
    }

    /// The current step.
    fn step(&self) -> Option<(usize, &RecordedStep)> {
        let at = *self.order.get(self.begun.checked_sub(1)?)?;
        Some((at, &self.record.steps[at]))
    }

    /// Describes a recorded step.
    fn was(&self, world: &World, at: usize, observed: usize) -> String {
        let step = &self.record.steps[at];
        let was = step
            .observed
            .get(observed)
            .or(step.observed.last())
            .map(Observed::in_words)
            .unwrap_or_default();
        format!(
            "operation {} of {} was {was}",
            self.record.number(at),
            world.log.trace.thread_name(step.thread)
        )
    }
}

impl Strategy for Follower {
    fn begin(&mut self) -> bool {
        true
    }

    fn offers(&self) -> Offers {
        if self.difference.is_none() { Offers::All } else { Offers::Fair }
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        if self.difference.is_none() {
            let wanted = self.order.get(self.begun).map(|at| self.record.steps[*at].thread);
            if let Some(wanted) = wanted.filter(|wanted| point.enabled.contains(wanted)) {
                (self.begun, self.observed, self.choices) = (self.begun + 1, 0, 0);
                self.acted = 0;
                return wanted;
            }
            let operation = |thread: &ThreadId| {
                let pending = point.pending(*thread);
                format!("{} at {}", pending.operation.name(), pending.location)
            };
            self.difference = Some(match wanted {
                Some(wanted) => format!("thread {} could go on, and then it could not", wanted.0),
                None => {
                    format!("it was over, and then went on with {}", operation(&point.enabled[0]))
                }
            });
        }
        point.current.unwrap_or(point.enabled[0])
    }

    fn choose(&mut self, options: usize) -> usize {
        if self.difference.is_some() {
            return 0;
        }
        let wanted = self.step().and_then(|(_, step)| step.choices.get(self.choices).copied());
        self.choices += 1;
        match wanted {
            Some((taken, of)) if of == options => taken,
            _ => {
                let of = wanted.map_or(1, |(_, of)| of);
                self.difference =
                    Some(format!("there was a choice of {of}, and then one of {options}"));
                0
            }
        }
    }

    fn reads(&mut self, world: &World, _: ThreadId, access: &Access) -> Result<usize, Ending> {
        Ok(self.newest(world, access.object))
    }

    fn acts(&mut self, _: &World, _: ThreadId, pending: &Pending) -> Result<Acted, Ending> {
        let nothing = Acted { effect: Effect::Changes, choices: [(0, 1); 2] };
        if self.difference.is_some() {
            return Ok(nothing);
        }
        let wanted = self.step().and_then(|(_, step)| step.acted.get(self.acted).copied());
        self.acted += 1;
        if wanted.is_none() {
            self.difference = Some(format!("there was no {}", pending.operation.name()));
        }
        Ok(wanted.unwrap_or(nothing))
    }

    fn overtakes(&mut self, world: &World, _thread: ThreadId, object: ObjectId) -> usize {
        self.choose(world.stores_of(object))
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        let last = world.stores_of(object).saturating_sub(1);
        let taken = self.choose(last + 1);
        if self.difference.is_none() { taken } else { last }
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        if self.difference.is_some() {
            return;
        }
        let observed = Observed::of(world, thread, pending, seen);
        let Some((at, step)) = self.step() else { return };
        let is_as_it_was =
            step.observed.get(self.observed).is_some_and(|was| was.is_like(&observed));
        if !is_as_it_was {
            let (was, is) = (self.was(world, at, self.observed), observed.in_words());
            self.difference = Some(format!("{was}, and then {is}"));
        }
        self.observed += 1;
    }

    fn ended(&mut self, world: &mut World) {
        if let Some(at) = self.order.get(self.begun).filter(|_| self.difference.is_none()) {
            self.difference =
                Some(format!("{}, and then it was over before that", self.was(world, *at, 0)));
        }
    }
}
