//! Executions that are run again: the same schedule must lead to the same events, and so must an
//! equivalent one.
//!
//! A model that hangs on what no explorer controls (a clock, a random number, what an earlier
//! execution left behind) does something else by the same schedule. A model that hangs on state
//! that the facade does not see (an atomic of std's, a lock that is held between two operations)
//! does something else if independent operations change places, which is the same execution to
//! whoever explores every inequivalent interleaving once. So a sample of executions is written down
//! and run again, in another order where there is one, and each thread must do the same as before,
//! with the same values, but for addresses.

mod follower;
mod recorder;

pub(super) use follower::Follower;
pub(super) use recorder::Recorder;

use crate::execution::{Pending, Seen, World};
use crate::vocabulary::trace::{Operation, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

/// Which executions of an exploration are run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// The first, and fewer and fewer of the later ones.
    Sometimes,
    Always,
}

impl Again {
    /// Whether the execution of this number is.
    pub(super) fn is_due(self, execution: u64) -> bool {
        /// Each execution of so many, in the long run.
        const EVERY: u64 = 1_024;
        let early = || {
            execution < EVERY
                && execution.is_power_of_two()
                && execution.trailing_zeros().is_multiple_of(2)
        };
        match self {
            Again::Never => false,
            Again::Sometimes => early() || execution.is_multiple_of(EVERY),
            Again::Always => true,
        }
    }
}

/// What a thread did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    thread: ThreadId,
    operation: Operation,
    /// Its object, by who made it, and as which of its own: objects are counted in another order
    /// elsewhere.
    object: Option<(ThreadId, u32)>,
    value: Option<Value>,
    written: Option<Value>,
    location: &'static Location<'static>,
}

impl Observed {
    fn of(world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) -> Observed {
        Observed {
            thread,
            operation: seen.operation.unwrap_or(pending.operation),
            object: pending.object.map(|object| world.objects[object.index()].born),
            value: seen.value,
            written: seen.written,
            location: pending.location,
        }
    }

    fn is_like(&self, other: &Observed) -> bool {
        let key = |observed: &Observed| {
            (observed.thread, observed.operation, observed.object, observed.location)
        };
        key(self) == key(other)
            && is_same(self.value, other.value)
            && is_same(self.written, other.written)
    }

    fn in_words(&self) -> String {
        let Observed { operation, value, written, location, .. } = self;
        let value = value.map(|value| format!(" -> {value}")).unwrap_or_default();
        let written = written.map(|written| format!(" <- {written}")).unwrap_or_default();
        format!("{}{value}{written} at {location}", operation.name())
    }
}

/// Everything that was done in an execution.
pub(super) fn observed(world: &World) -> Vec<Observed> {
    let all = world.log.trace.events.iter().map(|event| Observed {
        thread: event.thread,
        operation: event.operation,
        object: event.object.map(|object| world.objects[object.index()].born),
        value: event.value,
        written: event.written,
        location: event.location,
    });
    all.collect()
}

/// Where what was done in an execution differs from what was done in the other, if it does.
pub(super) fn differ(one: &[Observed], other: &[Observed]) -> Option<String> {
    let at = (0..one.len().max(other.len())).find(|at| match (one.get(*at), other.get(*at)) {
        (Some(one), Some(other)) => !one.is_like(other),
        _ => true,
    })?;
    let in_words = |observed: &[Observed]| match observed.get(at) {
        Some(observed) => format!("thread {}'s {}", observed.thread.0, observed.in_words()),
        None => "not there any more".to_string(),
    };
    Some(format!("event #{} was {}, and then {}", at + 1, in_words(one), in_words(other)))
}

/// Whether two values are the same, as far as that is to be expected: memory is given out anew in
/// each execution.
fn is_same(one: Option<Value>, other: Option<Value>) -> bool {
    match (one, other) {
        (Some(Value::Pointer(_)), Some(Value::Pointer(_))) => true,
        (Some(Value::Unsigned(one)), Some(Value::Unsigned(other))) => {
            one == other || may_be_addresses(one, other)
        }
        _ => one == other,
    }
}

/// Whether two different numbers may be addresses, with the same tag in the bits that none needs.
fn may_be_addresses(one: u64, other: u64) -> bool {
    let (lowest, bits) =
        if cfg!(target_pointer_width = "64") { (1 << 32, 48) } else { (1 << 16, 32) };
    let address = |number: u64| number & ((1 << bits) - 1);
    one >> bits == other >> bits && address(one) >= lowest && address(other) >= lowest
}

/// A step of an execution: what a thread did when it was its turn.
#[derive(Debug)]
struct Step {
    thread: ThreadId,
    /// Choices that are not about threads: which was taken, of how many.
    choices: SmallVec<[(usize, usize); 1]>,
    /// One, or, of a thread that unwinds, several.
    observed: SmallVec<[Observed; 1]>,
    /// Steps that must come before it.
    after: SmallVec<[usize; 4]>,
}

/// An execution that came to its end.
#[derive(Debug, Default)]
pub(crate) struct Record {
    steps: Vec<Step>,
    /// Something in it hangs on more than what the steps tell.
    is_rigid: bool,
}

impl Record {
    /// The steps as they were.
    pub(super) fn order(&self) -> Vec<usize> {
        (0..self.steps.len()).collect()
    }

    /// The steps in another order, as far from theirs as it goes, in which those that depend on
    /// each other stay in place; nothing if there is none.
    pub(super) fn another_order(&self) -> Option<Vec<usize>> {
        if self.is_rigid {
            return None;
        }
        let mut threads: Vec<Vec<usize>> = Vec::new(); // the last step first
        for (at, step) in self.steps.iter().enumerate().rev() {
            if threads.len() <= step.thread.index() {
                threads.resize_with(step.thread.index() + 1, Vec::new);
            }
            threads[step.thread.index()].push(at);
        }
        let mut done = vec![false; self.steps.len()];
        let mut order = Vec::with_capacity(self.steps.len());
        while order.len() < self.steps.len() {
            let ready = |at: &usize| self.steps[*at].after.iter().all(|earlier| done[*earlier]);
            // whoever was to come last comes first
            let next =
                threads.iter().filter_map(|steps| steps.last().copied()).filter(ready).max()?;
            threads[self.steps[next].thread.index()].pop();
            done[next] = true;
            order.push(next);
        }
        order.iter().enumerate().any(|(at, step)| at != *step).then_some(order)
    }

    /// Which operation of its thread the step is, from 1.
    fn number(&self, at: usize) -> usize {
        self.steps[..=at].iter().filter(|step| step.thread == self.steps[at].thread).count()
    }
}
