//! Records an execution while a strategy chooses: its steps, and which of them must come before
//! which.

use super::{Observed, Record, RecordedStep};
use crate::dependence::Act;
use crate::execution::{
    Access, Acted, Ending, Offers, Pending, Point, Race, Reasons, Seen, Stop, Strategy,
    ThreadState, Waits, World,
};
use crate::vocabulary::PerObject;
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, ThreadId, Value};
use crate::vocabulary::verdict::Bound;
use smallvec::SmallVec;
use std::any::Any;

/// Lets a strategy choose, and records what happens.
pub(in crate::explore) struct Recorder {
    inner: Box<dyn Strategy>,
    record: Record,
    /// The thread whose turn it is, until its operation has taken effect, and the choices made for
    /// it.
    turn: Option<ThreadId>,
    choices: SmallVec<[(usize, usize); 1]>,
    acted: SmallVec<[Acted; 1]>,
    /// For each object, the last step that changed it, and the steps that only looked since.
    objects: PerObject<(Option<usize>, SmallVec<[usize; 4]>)>,
    /// The last step of each thread, initially the step that spawned it.
    threads: Vec<Option<usize>>,
    notifications: Vec<(ObjectId, usize)>,
    timed_waits: bool,
    refusals: bool,
}

impl Recorder {
    pub(in crate::explore) fn of(inner: Box<dyn Strategy>) -> Recorder {
        Recorder {
            inner,
            record: Record::default(),
            turn: None,
            choices: SmallVec::new(),
            acted: SmallVec::new(),
            objects: PerObject::default(),
            threads: Vec::new(),
            notifications: Vec::new(),
            timed_waits: false,
            refusals: false,
        }
    }

    /// Takes a recorder apart: the strategy that it wraps, and its record. `None` if the strategy
    /// is no recorder.
    pub(in crate::explore) fn recorded(
        strategy: Box<dyn Strategy>,
    ) -> Option<(Box<dyn Strategy>, Record)> {
        let strategy: Box<dyn Any> = strategy;
        let Recorder { inner, record, .. } = *strategy.downcast().ok()?;
        Some((inner, record))
    }

    fn last(&mut self, thread: ThreadId) -> &mut Option<usize> {
        if self.threads.len() <= thread.index() {
            self.threads.resize(thread.index() + 1, None);
        }
        &mut self.threads[thread.index()]
    }

    /// The steps that must come before this step, which is number `at`.
    fn causes(
        &mut self,
        thread: ThreadId,
        pending: &Pending,
        seen: &Seen,
        at: usize,
    ) -> Vec<usize> {
        let act = Act::done(&Act::announced(pending, thread), seen);
        let mut causes: Vec<usize> = self.last(thread).iter().copied().collect();
        *self.last(thread) = Some(at);
        for (object, effect) in act.effects {
            let (write, looks) = self.objects.of(object);
            causes.extend(*write);
            if effect.writes() {
                causes.extend(looks.drain(..));
                *write = Some(at);
            } else {
                looks.push(at);
            }
        }
        match (act.operation, pending.object) {
            (Operation::Spawn(child), _) => *self.last(child) = Some(at),
            (Operation::Join(child), _) => causes.extend(*self.last(child)),
            (Operation::NotifyOne | Operation::NotifyAll, Some(condvar)) => {
                self.notifications.push((condvar, at))
            }
            // which of them it was is unknown
            (Operation::Wake, Some(condvar)) => {
                causes.extend(
                    self.notifications.iter().filter(|(of, _)| *of == condvar).map(|(_, by)| *by),
                );
            }
            _ => {}
        }
        causes.retain(|cause| *cause != at);
        causes
    }

    /// Notes facts that no order of the steps shows.
    fn note(&mut self, pending: &Pending, seen: &Seen) {
        match (pending.operation, pending.waits, seen.value) {
            // it fired because no other thread could run
            (
                Operation::Wake,
                Waits::Notified { timeout: true, .. },
                Some(Value::Outcome(Outcome::TimedOut)),
            ) => {
                self.record.is_rigid = true;
            }
            // whether it may time out depends on how often others tried to take the mutex
            (Operation::Wait, Waits::Releasing { timeout: true, .. }, _) => self.timed_waits = true,
            (Operation::TryLock, _, Some(Value::Bool(false))) => self.refusals = true,
            // it ends where no other thread can go on
            (Operation::Sleep, ..) => self.record.is_rigid = true,
            (Operation::Poll, _, Some(Value::Outcome(Outcome::TimedOut))) => {
                self.record.is_rigid = true;
            }
            _ => {}
        }
    }
}

impl Strategy for Recorder {
    fn begin(&mut self) -> bool {
        self.inner.begin()
    }

    fn repeat(&mut self, world: &World) -> Option<(ThreadId, bool)> {
        let repeated = self.inner.repeat(world);
        self.turn = repeated.map(|(thread, _)| thread);
        repeated
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let thread = self.inner.pick(point);
        self.turn = Some(thread);
        thread
    }

    fn choose(&mut self, options: usize) -> usize {
        let taken = self.inner.choose(options);
        self.choices.push((taken, options));
        taken
    }

    fn draw(&mut self, of: u32) -> u32 {
        let taken = self.inner.draw(of);
        self.choices.push((taken as usize, of as usize));
        taken
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, Ending> {
        let taken = self.inner.reads(world, thread, access)?;
        self.choices.push((taken, world.stores_of(access.object)));
        Ok(taken)
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Acted, Ending> {
        let acted = self.inner.acts(world, thread, pending)?;
        self.acted.push(acted);
        Ok(acted)
    }

    fn holds_off(&mut self, world: &World, thread: ThreadId) -> bool {
        self.inner.holds_off(world, thread)
    }

    fn stops(&mut self) -> Option<Stop> {
        self.inner.stops()
    }

    fn repeats_failure(&self, thread: ThreadId) -> bool {
        self.inner.repeats_failure(thread)
    }

    fn begins_anew(&mut self) -> bool {
        self.inner.begins_anew()
    }

    fn overtakes(&mut self, world: &World, thread: ThreadId, object: ObjectId) -> usize {
        let taken = self.inner.overtakes(world, thread, object);
        self.choices.push((taken, world.stores_of(object)));
        taken
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        let choice = (self.inner.newest(world, object), world.stores_of(object));
        // between two operations of a thread: it belongs to the step before
        match self.record.steps.last_mut().filter(|_| self.turn.is_none()) {
            Some(step) => step.choices.push(choice),
            None => self.choices.push(choice),
        }
        choice.0
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.inner.executed(world, thread, pending, seen);
        self.note(pending, seen);
        let observed = Observed::of(world, thread, pending, seen);
        let choices = std::mem::take(&mut self.choices);
        let acted = std::mem::take(&mut self.acted);
        if self.turn.take().is_none() && !self.record.steps.is_empty() {
            // an unwinding thread is not stopped: it continues in the same step
            let at = self.record.steps.len() - 1;
            let causes = self.causes(thread, pending, seen, at);
            let step = &mut self.record.steps[at];
            step.observed.push(observed);
            step.choices.extend(choices);
            step.acted.extend(acted);
            step.after.extend(causes);
            return;
        }
        let after = self.causes(thread, pending, seen, self.record.steps.len());
        let observed = SmallVec::from_buf([observed]);
        self.record.steps.push(RecordedStep {
            thread,
            choices,
            acted,
            observed,
            after: after.into(),
        });
    }

    fn ended(&mut self, world: &mut World) {
        self.record.is_rigid |= world.turns.asked_for_an_end || self.timed_waits && self.refusals;
        self.inner.ended(world);
    }

    fn drawing(&self, world: &World) -> Option<Box<dyn Strategy>> {
        self.inner.drawing(world)
    }

    fn reasons(&self, race: Option<Race>) -> Reasons {
        self.inner.reasons(race)
    }

    fn offers(&self) -> Offers {
        self.inner.offers()
    }

    fn waits(&self, thread: ThreadId, state: &ThreadState) -> bool {
        self.inner.waits(thread, state)
    }

    fn caveat(&self) -> Option<Bound> {
        self.inner.caveat()
    }

    fn explored(&self) -> Option<f64> {
        self.inner.explored()
    }

    fn diverged(&self) -> Option<String> {
        self.inner.diverged()
    }
}
