//! Executions that are run again: the same schedule must lead to the same events, and so must an
//! equivalent one.
//!
//! A model may depend on something that no explorer controls: a clock, a random number, a leftover
//! of an earlier execution. It then behaves differently under the same schedule. A model may also
//! depend on state that the facade does not see: an atomic of std, a lock held between two
//! operations. It then behaves differently if independent operations are swapped, although that is
//! the same execution to an explorer that runs every inequivalent interleaving once. So a sample of
//! executions is recorded and run again, in another order if there is one. Each thread must do the
//! same as before, with the same values, except for addresses.

mod follower;
mod recorder;

pub(super) use follower::Follower;
pub(super) use recorder::Recorder;

use crate::execution::{Acted, Pending, Seen, World};
use crate::vocabulary::trace::{Operation, ThreadId, Value};
use smallvec::SmallVec;
use std::panic::Location;

/// Which executions of an exploration are run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    Never,
    /// The first one, and later ones ever more rarely.
    Sometimes,
    Always,
}

impl Again {
    /// Whether the execution with this number is run again.
    pub(super) fn is_due(self, execution: u64) -> bool {
        /// One execution in this many, in the long run.
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

/// An observed operation of a thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    thread: ThreadId,
    operation: Operation,
    /// Its object, by the thread that created it and its number among that thread's objects.
    /// Another execution may number objects in another order.
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

/// The observed operations of an execution.
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

/// The first difference between the operations of two executions, if there is one.
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

/// Whether two values are the same, as far as that can be expected: each execution allocates its
/// memory anew.
fn is_same(one: Option<Value>, other: Option<Value>) -> bool {
    match (one, other) {
        (Some(Value::Pointer(_)), Some(Value::Pointer(_))) => true,
        (Some(Value::Unsigned(one)), Some(Value::Unsigned(other))) => {
            one == other || may_be_addresses(one, other)
        }
        _ => one == other,
    }
}

/// Whether two different numbers may be addresses with the same tag in the unused bits.
fn may_be_addresses(one: u64, other: u64) -> bool {
    let (lowest, bits) =
        if cfg!(target_pointer_width = "64") { (1 << 32, 48) } else { (1 << 16, 32) };
    let address = |number: u64| number & ((1 << bits) - 1);
    one >> bits == other >> bits && address(one) >= lowest && address(other) >= lowest
}

/// A step of an execution: what a thread did in its turn.
#[derive(Debug)]
struct RecordedStep {
    thread: ThreadId,
    /// Choices that are not about threads, among them which store is read: which was taken, out
    /// of how many.
    choices: SmallVec<[(usize, usize); 1]>,
    /// What its operations on objects that are no atomics did, if memory is weak.
    acted: SmallVec<[Acted; 1]>,
    /// One operation. A thread that unwinds may have several.
    observed: SmallVec<[Observed; 1]>,
    /// Steps that must come before it.
    after: SmallVec<[usize; 4]>,
}

/// A complete execution.
#[derive(Debug, Default)]
pub(crate) struct Record {
    steps: Vec<RecordedStep>,
    /// Something in it depends on more than the steps show.
    is_rigid: bool,
}

impl Record {
    /// The steps in their own order.
    pub(super) fn order(&self) -> Vec<usize> {
        (0..self.steps.len()).collect()
    }

    /// Another order of the steps, as far from their own as possible, in which dependent steps keep
    /// their order. `None` if there is no other order.
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
            // the thread that came last comes first
            let next =
                threads.iter().filter_map(|steps| steps.last().copied()).filter(ready).max()?;
            threads[self.steps[next].thread.index()].pop();
            done[next] = true;
            order.push(next);
        }
        order.iter().enumerate().any(|(at, step)| at != *step).then_some(order)
    }

    /// The step's number among its thread's operations, from 1.
    fn number(&self, at: usize) -> usize {
        self.steps[..=at].iter().filter(|step| step.thread == self.steps[at].thread).count()
    }
}
