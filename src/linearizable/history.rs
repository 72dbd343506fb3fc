//! From an execution to the histories that it represents: which operation returned before which was
//! called.
//!
//! An operation is as short as possible. It starts with its first event and ends with its last,
//! because what its thread does without interaction is never seen. On green threads an execution
//! represents all executions that differ only in the order of independent events. The exhaustive
//! explorer does not run those, and their histories differ. The histories that are hardest to
//! explain are constructed here: responses come as early as possible and invocations as late as
//! possible. For each omitted history, one is constructed that has all of its precedences and more.

use super::model::Call;
use crate::dependence::known;
use crate::execution::World;
use crate::linearize::{History, Operation};
use crate::trace::{Operation as Event, ThreadId, Trace};
use crate::vocabulary::VectorClock;

/// The most histories constructed from one execution.
const MOST: usize = 2_000;

/// When each operation was called and when it returned, in ranks.
pub(super) type Times = Vec<(u64, Option<u64>)>;

/// A history's times, and the order of the execution's events that produces them.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) times: Times,
    /// The operations whose responses come in this order; empty for the order that ran.
    pub(super) responses: Vec<usize>,
}

/// A point of a thread: after a number of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) thread: ThreadId,
    /// The number of the event among its thread's events, from 1.
    pub(super) event: u64,
    /// 0: the point is the event itself. Otherwise: the number of an operation without events,
    /// after that event and before the next.
    pub(super) between: u64,
}

/// The calls of an execution on green threads, and what each thread knows when.
pub(super) struct Execution<'a> {
    trace: &'a Trace,
    known: Vec<VectorClock>,
    /// For each thread, the places of its events in the trace.
    own: Vec<Vec<usize>>,
    /// For each call, its first and last point; no last point if it is pending.
    pub(super) calls: Vec<(Point, Option<Point>)>,
}

impl<'a> Execution<'a> {
    pub(super) fn new<Ret>(world: &'a World, calls: &[Call<Ret>]) -> Self {
        let trace = &world.log.trace;
        let mut own = vec![Vec::new(); trace.threads.len()];
        for (place, event) in trace.events.iter().enumerate() {
            own[event.thread.index()].push(place);
        }
        let mut idle = 0; // calls of one thread stand in their order
        let points = |call: &Call<Ret>| {
            let thread = call.thread;
            let end = call.to.as_ref().map_or(own[thread.index()].len() as u64, |(to, _)| *to);
            let first = match end <= call.from {
                false => Point { thread, event: call.from + 1, between: 0 },
                true => {
                    idle += 1;
                    Point { thread, event: call.from, between: idle }
                }
            };
            (first, call.to.as_ref().map(|_| Point { event: end, ..first }))
        };
        let calls = calls.iter().map(points).collect();
        Execution { trace, known: known(world), own, calls }
    }

    /// Returns the point's place in the trace: the event at or after which it is, from 1, and its
    /// position among the operations there.
    fn place(&self, point: Point) -> (usize, u64) {
        let at = point
            .event
            .checked_sub(1)
            .and_then(|at| self.own[point.thread.index()].get(at as usize));
        let started = || {
            let spawn = Event::Spawn(point.thread);
            self.trace.events.iter().position(|event| event.operation == spawn)
        };
        (at.copied().or_else(started).map_or(0, |place| place + 1), point.between)
    }

    /// Whether `earlier` happens before `later`, or is the same point.
    fn precedes(&self, earlier: Point, later: Point) -> bool {
        if earlier.thread == later.thread {
            return (earlier.event, earlier.between) <= (later.event, later.between);
        }
        // what is known at a point between two events is known since the first of them, and told
        // with the second
        let needed = earlier.event + u64::from(earlier.between > 0);
        self.knows(later.thread, later.event, earlier.thread) >= needed
    }

    /// Returns how many events of `other` the thread knows after `events` of its own.
    pub(super) fn knows(&self, thread: ThreadId, events: u64, other: ThreadId) -> u64 {
        let spawn = Event::Spawn(thread);
        let place = match events.checked_sub(1) {
            Some(at) => Some(self.own[thread.index()][at as usize]),
            None => self.trace.events.iter().position(|event| event.operation == spawn),
        };
        place.map_or(0, |place| u64::from(self.known[place].get(other)))
    }

    /// Returns the history of the order that ran.
    pub(super) fn as_it_ran(&self) -> Order {
        let mut places: Vec<(usize, u64)> = Vec::new();
        for (first, last) in &self.calls {
            places.push(self.place(*first));
            places.extend(last.map(|last| self.place(last)));
        }
        places.sort_unstable();
        places.dedup();
        let rank = |point: Point| {
            let place = self.place(point);
            places.partition_point(|p| *p < place) as u64
        };
        // an event that is the first of one operation and the last of another is of one thread: the
        // ranks do not meet
        let times = self
            .calls
            .iter()
            .map(|(first, last)| (2 * rank(*first), last.map(|last| 2 * rank(last) + 1)));
        Order { times: times.collect(), responses: Vec::new() }
    }

    /// Whether some operation had no event.
    pub(super) fn has_silent_calls(&self) -> bool {
        self.calls.iter().any(|(first, _)| first.between > 0)
    }

    /// Returns what must precede each response in all equivalent executions.
    pub(super) fn bounds(&self) -> Bounds {
        let count = self.calls.len();
        let mask = |calls: &dyn Fn(usize) -> bool| {
            (0..count).filter(|call| calls(*call)).fold(0, |m, call| m | 1 << call)
        };
        let bound = |call: usize| {
            let last = self.calls[call].1?;
            let called = mask(&|other| other == call || self.precedes(self.calls[other].0, last));
            let returned = |other: usize| {
                self.calls[other].1.is_some_and(|theirs| self.precedes(theirs, last))
            };
            Some((called, mask(&|other| other != call && returned(other))))
        };
        Bounds((0..count).map(bound).collect())
    }

    /// Reorders the events equivalently, so that responses come in this order, each as early as
    /// possible.
    pub(super) fn reordered(&self, responses: &[usize]) -> Trace {
        let events = &self.trace.events;
        let mut order = Vec::with_capacity(events.len());
        let mut placed = vec![false; events.len()];
        for &call in responses {
            let last = self.calls[call].1.expect("it returned");
            let Some(at) = last.event.checked_sub(1) else { continue };
            let until = &self.known[self.own[last.thread.index()][at as usize]];
            for (place, event) in events.iter().enumerate() {
                let number = u64::from(self.known[place].get(event.thread));
                if !placed[place] && u64::from(until.get(event.thread)) >= number {
                    placed[place] = true;
                    order.push(place);
                }
            }
        }
        order.extend((0..events.len()).filter(|place| !placed[*place]));
        Trace {
            events: order.into_iter().map(|place| events[place]).collect(),
            stale_reads: Vec::new(), // they were of the other order
            race: Vec::new(),
            ..self.trace.clone()
        }
    }
}

/// For each call that has returned, two sets: the calls that must precede its response, itself
/// included, and the responses that must precede it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bounds(Vec<Option<(u64, u64)>>);

impl Bounds {
    /// Returns the bounds with the calls in this order.
    pub(super) fn sorted(&self, order: &[usize]) -> Bounds {
        let sort = |mask: u64| {
            (0..).zip(order).fold(0, |sorted, (to, from)| sorted | (mask >> from & 1) << to)
        };
        Bounds(
            order
                .iter()
                .map(|call| self.0[*call].map(|(called, returned)| (sort(called), sort(returned))))
                .collect(),
        )
    }

    /// Returns the histories that are hardest to explain among all equivalent executions, and
    /// whether these are all of them.
    pub(super) fn strongest(&self) -> (Vec<Order>, bool) {
        let mut search = Search { bounds: &self.0, found: Vec::new(), complete: true };
        search.go(&mut vec![(None, None); self.0.len()], &mut Vec::new(), (0, 0), 0);
        (search.found, search.complete)
    }
}

/// The search for the histories of [`Bounds::strongest`].
struct Search<'a> {
    bounds: &'a [Option<(u64, u64)>],
    found: Vec<Order>,
    complete: bool,
}

impl Search<'_> {
    /// Continues from the calls and responses so far.
    fn go(
        &mut self,
        times: &mut Vec<(Option<u64>, Option<u64>)>,
        responses: &mut Vec<usize>,
        (called, mut returned): (u64, u64),
        now: u64,
    ) {
        let had = responses.len();
        // who can return without anybody else being called does so at once
        loop {
            let free = self.open(returned).find(|call| self.needs(*call) & !called == 0);
            let Some(free) = free else { break };
            times[free].1 = Some(2 * now + 1);
            returned |= 1 << free;
            responses.push(free);
        }
        let open: Vec<usize> = self.open(returned).collect();
        if open.is_empty() {
            let never = 2 * (now + 1);
            let times = times.iter().map(|(from, to)| (from.unwrap_or(never), *to)).collect();
            self.found.push(Order { times, responses: responses.clone() });
        }
        for call in open {
            if self.found.len() >= MOST {
                self.complete = false;
                break;
            }
            let fresh = self.needs(call) & !called;
            let each = |mask: u64| (0..self.bounds.len()).filter(move |call| mask >> call & 1 == 1);
            each(fresh).for_each(|call| times[call].0 = Some(2 * (now + 1)));
            times[call].1 = Some(2 * (now + 1) + 1);
            responses.push(call);
            self.go(times, responses, (called | fresh, returned | 1 << call), now + 1);
            responses.pop();
            times[call].1 = None;
            (0..times.len())
                .filter(|call| fresh >> call & 1 == 1)
                .for_each(|call| times[call].0 = None);
        }
        for call in responses.drain(had..) {
            times[call].1 = None;
        }
    }

    fn needs(&self, call: usize) -> u64 {
        self.bounds[call].map_or(0, |(called, _)| called)
    }

    /// Returns the operations that could return next.
    fn open(&self, returned: u64) -> impl Iterator<Item = usize> {
        let ready = |(call, bound): (usize, &Option<(u64, u64)>)| {
            let (_, after) = (*bound)?;
            (returned >> call & 1 == 0 && after & !returned == 0).then_some(call)
        };
        let open: Vec<usize> = self.bounds.iter().enumerate().filter_map(ready).collect();
        open.into_iter()
    }
}

/// Returns the times of operations on real threads. An operation that returns at the moment of
/// another's call does not precede it.
pub(super) fn by_the_clock<Ret>(calls: &[Call<Ret>]) -> Times {
    let rank = |nanos: u64, ends: bool| {
        let earlier = |call: &Call<Ret>| {
            let begun = usize::from(call.from < nanos || ends && call.from == nanos);
            let ended = usize::from(call.to.as_ref().is_some_and(|(to, _)| *to < nanos));
            begun + ended
        };
        calls.iter().map(earlier).sum::<usize>() as u64
    };
    calls
        .iter()
        .map(|call| (rank(call.from, false), call.to.as_ref().map(|(to, _)| rank(*to, true))))
        .collect()
}

/// Returns the history with these times.
pub(super) fn history<Op: Clone, Ret: Clone>(
    calls: &[Call<Ret>],
    ops: &[Op],
    times: &Times,
    stuck: bool,
) -> History<Op, Ret> {
    let operation = |(call, (from, to)): (&Call<Ret>, &(u64, Option<u64>))| Operation {
        process: call.process,
        op: ops[call.operation].clone(),
        invocation: *from,
        response: call
            .to
            .as_ref()
            .map(|(_, ret)| ((*to).expect("a time, as it returned"), ret.clone())),
    };
    History { operations: calls.iter().zip(times).map(operation).collect(), stuck }
}
