//! Every consistent graph of a program, by brute force.
//!
//! Graphs grow by one event at a time, which reads any store there is and stands in any place.

use super::axioms::{MOST, is_consistent};
use super::meaning::{Object, object, only_stores, reports, writes};
use super::program::{DONE, LOCKS, Op, Outcomes, Place, Program, is_stuck};
use std::collections::HashSet;
use std::sync::atomic::Ordering::{self, Relaxed};

/// An event by its thread and its place there. `None` is the initial store.
pub(super) type Id = Option<(usize, usize)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Event {
    /// `None`: a fence, or what it does to a thread.
    pub(super) location: Option<usize>,
    /// The store that is read, and its value.
    pub(super) read: Option<(Id, u64)>,
    pub(super) written: Option<u64>,
    pub(super) order: Ordering,
    /// What the thread reports of it.
    reports: Option<u64>,
    /// What has ended for no reason.
    spurious: Option<Place>,
    pub(super) does: Option<Does>,
}

impl Event {
    /// The store with which a location begins.
    pub(super) fn initial(location: usize) -> Event {
        Event { location: Some(location), written: Some(0), ..Event::beside(Relaxed, None) }
    }

    /// One that accesses nothing.
    fn beside(order: Ordering, does: Option<Does>) -> Event {
        let (location, read, written) = (None, None, None);
        Event { location, read, written, order, reports: None, spurious: None, does }
    }
}

/// What it does to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Does {
    Start(usize),
    Begin(usize),
    End(usize),
    Join(usize),
    /// It comes after this event.
    Hears(usize, usize),
    /// It enters a lock as one of its readers, in no order. It leaves it. It takes the lock from
    /// those who have left.
    Enters,
    Leaves,
    Takes,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Graph {
    pub(super) threads: Vec<Vec<Event>>,
    /// The stores of each location in coherence order.
    pub(super) stores: Vec<Vec<Id>>,
}

impl Graph {
    fn value(&self, store: Id) -> u64 {
        store.map_or(0, |(thread, nth)| self.threads[thread][nth].written.expect("a store"))
    }
}

/// The operation that a thread comes to after its events, with what it has read last, and whether
/// its wait has ended early.
fn next(ops: &[Op], events: &[Event]) -> Option<(Op, u64, bool)> {
    let (mut done, mut last, mut took, mut skips) = (events.iter(), 0, false, 0);
    let (mut early, mut served) = (false, Vec::new());
    let (mut begins, mut leads, mut found) = (false, false, 0);
    for op in ops {
        match *op {
            _ if skips > 0 => {
                skips -= 1;
                continue;
            }
            Op::If(wanted, count) => {
                skips = if last == wanted { 0 } else { count };
                continue;
            }
            Op::IfEmpty(count) | Op::IfFilled(count) => {
                let is_met = (found == 0) == matches!(op, Op::IfEmpty(_));
                skips = if is_met { 0 } else { count };
                continue;
            }
            Op::Unless(wanted, count) => {
                skips = if last == wanted { count } else { 0 };
                continue;
            }
            Op::UnlockTried(_) | Op::ReadUnlockTried | Op::WriteUnlockTried if !took => continue,
            Op::Choose(place) if served.contains(&place) => {
                early = false;
                continue;
            }
            Op::Enqueue(_) | Op::Notified(_) | Op::NotifiedInTime if early => continue,
            Op::Token if early => continue,
            Op::Init | Op::Finish if !begins => continue,
            Op::Passes if leads => continue,
            _ => {}
        }
        let Some(event) = done.next() else { return Some((*op, last, early)) };
        last = event.reports.unwrap_or(last);
        match op {
            Op::Try(_) => took = last == 0,
            Op::TryRead | Op::TryWrite => took = event.written.is_some(),
            Op::Ask => begins = event.written.is_some(),
            Op::Arrive => leads = event.written.is_some_and(|count| count % 2 == 0),
            Op::Open(_) => found = event.read.expect("it reads").1,
            Op::LockInTime => early = false,
            Op::Choose(_) => early = event.spurious.is_some(),
            _ => {}
        }
        served.extend(event.spurious.filter(|place| *place != Place::Timeout));
    }
    None
}

/// What an operation that accesses nothing may be.
fn beside(graph: &Graph, thread: usize, op: Op, location: impl Fn(Object) -> usize) -> Vec<Event> {
    let has = |does| graph.threads.iter().flatten().any(|event| event.does == Some(does));
    let one = |does| vec![Event::beside(Relaxed, Some(does))];
    match op {
        Op::Begin(child) if !has(Does::Start(child)) => Vec::new(),
        Op::Join(child) if !has(Does::End(child)) => Vec::new(),
        Op::Start(child) => one(Does::Start(child)),
        Op::Begin(child) => one(Does::Begin(child)),
        Op::End(child) => one(Does::End(child)),
        Op::Join(child) => one(Does::Join(child)),
        Op::Fence(order) => vec![Event::beside(order, None)],
        Op::Leave => one(Does::Leaves),
        Op::Choose(place) => {
            let declines = Event::beside(Relaxed, None);
            vec![declines.clone(), Event { spurious: Some(place), ..declines }]
        }
        Op::Notified(_) | Op::NotifiedInTime => {
            let lock = if let Op::Notified(lock) = op { lock } else { 0 };
            let stores = &graph.stores[location(Object::Condvar(lock))];
            let own = stores.iter().rposition(|id| id.is_some_and(|id| id.0 == thread));
            let own = own.expect("it has enqueued");
            let mut woken = stores[own..].iter().filter(|id| graph.value(**id) & 1 << thread == 0);
            let first = woken.next().and_then(|id| *id);
            first
                .into_iter()
                .map(|(t, nth)| Event::beside(Relaxed, Some(Does::Hears(t, nth))))
                .collect()
        }
        Op::Passes => {
            // the next one to come is the second
            let stores = &graph.stores[location(Object::Barrier)];
            let own = stores.iter().rposition(|id| id.is_some_and(|id| id.0 == thread));
            let second = stores.get(own.expect("it has come") + 1).copied().flatten();
            second
                .into_iter()
                .map(|(t, nth)| Event::beside(Relaxed, Some(Does::Hears(t, nth))))
                .collect()
        }
        other => unreachable!("{other:?} accesses something"),
    }
}

/// Whether readers and writers may read this store of their lock: nobody enters where a writer has
/// taken it, and a writer takes it when all have left that have entered there.
fn is_open(graph: &Graph, op: Op, (location, place): (usize, usize), source: Id) -> bool {
    let does = |id: Id| id.and_then(|(thread, nth)| graph.threads[thread][nth].does);
    let taken = || {
        let next = graph.stores[location].get(place).copied().flatten();
        does(next) == Some(Does::Takes)
    };
    let inside = |events: &Vec<Event>| {
        let enters = |event: &Event| {
            event.does == Some(Does::Enters) && event.read.is_some_and(|(id, _)| id == source)
        };
        let last = events.iter().rposition(enters);
        last.is_some_and(|at| !events[at..].iter().any(|e| e.does == Some(Does::Leaves)))
    };
    match op {
        Op::Enter => !taken(),
        Op::Take => !graph.threads.iter().any(inside),
        _ => true,
    }
}

/// Whether a timeout fires that has fired before, and no other thread has had the lock since then:
/// its thread then takes the lock only after another one.
fn fires_again(graph: &Graph, thread: usize, location: usize) -> bool {
    let events = &graph.threads[thread];
    // how often others had released the lock when this thread took it that had it at this event
    let others = |at: usize| {
        let takes = |event: &Event| event.location == Some(location) && event.written == Some(1);
        let taken = events[..at].iter().rposition(takes);
        let of_others = graph.stores[location]
            .iter()
            .take_while(|id| taken.is_some_and(|nth| **id != Some((thread, nth))));
        let released = |id: &&Id| id.is_some_and(|id| id.0 != thread) && graph.value(**id) == 0;
        of_others.filter(released).count()
    };
    let fired = (0..events.len()).filter(|at| events[*at].spurious == Some(Place::Timeout));
    let fired: Vec<usize> = fired.collect();
    let (last, earlier) = fired.split_last().expect("it has just fired");
    earlier.iter().any(|at| others(*at) == others(*last))
}

/// Every graph with one more event of this thread, consistent or not.
fn grown(program: &Program, objects: &[Object], graph: &Graph, thread: usize) -> Vec<Graph> {
    let events = &graph.threads[thread];
    let Some((op, last, early)) = next(&program.threads[thread], events) else { return Vec::new() };
    let with = |event: Event, place: Option<usize>| {
        let mut graph = graph.clone();
        if let (Some(location), Some(place)) = (event.location, place) {
            graph.stores[location].insert(place, Some((thread, events.len())));
        }
        graph.threads[thread].push(event);
        graph
    };
    let location = |object| objects.iter().position(|other| *other == object).expect("it is used");
    let Some(location) = object(op, thread).map(location) else {
        let all = beside(graph, thread, op, location);
        return all.into_iter().map(|event| with(event, None)).collect();
    };
    let served = events.iter().any(|event| event.spurious == Some(Place::Weak));
    let mut all = Vec::new();
    for place in 0..=graph.stores[location].len() {
        let source = place.checked_sub(1).and_then(|at| graph.stores[location][at]);
        let value = graph.value(source);
        let is_own = source.is_some_and(|id| id.0 == thread);
        let waits = early && is_own && op == Op::LockInTime && fires_again(graph, thread, location);
        if waits || !is_open(graph, op, (location, place), source) {
            continue;
        }
        for (written, order) in writes(op, last, thread, value) {
            let event = Event {
                location: Some(location),
                read: (!only_stores(op)).then_some((source, value)),
                written,
                order,
                reports: reports(op, value, written.is_some(), early),
                does: match op {
                    Op::Enter => Some(Does::Enters),
                    Op::Take => Some(Does::Takes),
                    _ => None,
                },
                ..Event::beside(order, None)
            };
            if let (Op::Weak(.., failure), Some(_)) = (op, written)
                && program.spurious
                && !served
            {
                let (order, spurious) = (failure, Some(Place::Weak));
                all.push(with(Event { written: None, order, spurious, ..event.clone() }, None));
            }
            all.push(with(event, written.map(|_| place)));
        }
    }
    all
}

/// Consistent graphs with one more event: together they lead to every final graph.
///
/// What reads nothing is in every final graph as soon as it can be there, wherever it stands then.
/// So no other thread need be tried beside it.
fn grown_once(program: &Program, objects: &[Object], graph: &Graph) -> Vec<Graph> {
    let reads_nothing = |thread: usize| {
        let next = next(&program.threads[thread], &graph.threads[thread]);
        next.is_some_and(|(op, ..)| object(op, thread).is_none() || only_stores(op))
    };
    let (first, others): (Vec<usize>, Vec<usize>) =
        (0..program.threads.len()).partition(|thread| reads_nothing(*thread));
    for thread in first {
        let mut grown = grown(program, objects, graph, thread);
        if !grown.is_empty() {
            grown.retain(is_consistent);
            assert!(!grown.is_empty(), "a store that may stand nowhere: {graph:?}");
            return grown;
        }
    }
    let all = others.into_iter().flat_map(|thread| grown(program, objects, graph, thread));
    all.filter(is_consistent).collect()
}

/// An operation of a channel, which is a lock and two condition variables.
fn through(channel: usize, op: Op, program: &Program) -> Vec<Op> {
    let is_bounded = channel == 0;
    let [item, room] = [0, 1].map(|side| LOCKS + 2 * channel + side);
    // no thread is woken more often than this
    let most = program.threads.iter().map(Vec::len).sum();
    let wait = |when: Op, condvar| {
        let shut = Op::Shut(channel, None);
        let once = [when, Op::Enqueue(condvar), shut, Op::Notified(condvar), Op::Open(channel)];
        std::iter::repeat_n(once, most).flatten()
    };
    let waits = match op {
        Op::Send(..) if is_bounded => Some(wait(Op::IfFilled(4), room)),
        Op::Receive(_) => Some(wait(Op::IfEmpty(4), item)),
        _ => None,
    };
    let does = match op {
        Op::Send(_, what) => vec![Op::NotifyOne(item), Op::Put(channel, what)],
        Op::Receive(_) if is_bounded => vec![Op::NotifyOne(room), Op::Get(channel)],
        Op::Receive(_) => vec![Op::Get(channel)],
        Op::TrySend(_, what) => {
            let sends = [Op::NotifyOne(item), Op::Put(channel, what)];
            let refused = [Op::IfFilled(1), Op::Shut(channel, Some(1))];
            if is_bounded {
                [&[Op::IfEmpty(2)], &sends[..], &refused].concat()
            } else {
                sends.to_vec()
            }
        }
        Op::TryReceive(_) => {
            let taken = [Op::IfFilled(2), Op::NotifyOne(room), Op::Get(channel)];
            let alone = [Op::IfFilled(1), Op::Get(channel)];
            let refused = [Op::IfEmpty(1), Op::Shut(channel, Some(0))];
            [if is_bounded { &taken[..] } else { &alone }, &refused].concat()
        }
        other => unreachable!("{other:?} is no channel's"),
    };
    std::iter::once(Op::Open(channel)).chain(waits.into_iter().flatten()).chain(does).collect()
}

/// The program as its events are: a wait is several.
fn expanded(program: &Program) -> Program {
    let ordered = program.is_ordered();
    let choose = |place| program.spurious.then_some(Op::Choose(place));
    let wait = |lock| {
        let all = [Op::Enqueue(lock), Op::Unlock(lock), Op::Notified(lock), Op::Lock(lock)];
        choose(Place::Wait).into_iter().chain(all).collect()
    };
    let each = |op: &Op| -> Vec<Op> {
        match *op {
            Op::Wait(lock) => wait(lock),
            // the last round
            Op::Both([(x, one), (y, other)], order) => {
                vec![Op::Await(x, one, order), Op::Await(y, other, order)]
            }
            Op::Either([(x, one), (y, other)], order) => {
                vec![Op::Load(x, order), Op::Unless(one, 1), Op::Await(y, other, order)]
            }
            Op::Look(x, old, new, order) => {
                vec![Op::Await(x, old, Relaxed), Op::Spin(x, old, new, order, Relaxed)]
            }
            Op::Meet => vec![Op::Arrive, Op::Passes],
            Op::Once => vec![Op::Ask, Op::Init, Op::Finish],
            Op::Read if !ordered => vec![Op::Enter],
            Op::ReadUnlock if !ordered => vec![Op::Leave],
            Op::Write if !ordered => vec![Op::Take],
            Op::WaitTimeout => vec![
                Op::Choose(Place::Timeout),
                Op::Enqueue(0),
                Op::Unlock(0),
                Op::NotifiedInTime,
                Op::LockInTime,
            ],
            Op::Send(channel, _)
            | Op::Receive(channel)
            | Op::TrySend(channel, _)
            | Op::TryReceive(channel) => through(channel, *op, program),
            Op::Park => choose(Place::Park).into_iter().chain([Op::Token]).collect(),
            op => vec![op],
        }
    };
    let thread = |(thread, ops): (usize, &Vec<Op>)| {
        let begin = program.starts(thread).then_some(Op::Begin(thread));
        let end = program.joins(thread).then_some(Op::End(thread));
        begin.into_iter().chain(ops.iter().flat_map(each)).chain(end).collect()
    };
    Program { threads: program.threads.iter().enumerate().map(thread).collect(), ..program.clone() }
}

/// How many executions RC11 allows, and what they read; if a thread waits in a loop, those in which
/// every thread comes to its end. `None` if there are too many graphs on the way.
pub(super) fn allowed(program: &Program, most: usize) -> Option<(u64, Outcomes)> {
    let mut outcomes = all(program, most)?;
    outcomes.retain(|reads, _| !(program.awaits() && is_stuck(reads)));
    Some((outcomes.values().sum(), outcomes))
}

/// Whether RC11 allows an execution in which a thread does not come to its end.
pub(super) fn gets_stuck(program: &Program, most: usize) -> Option<bool> {
    all(program, most).map(|outcomes| outcomes.keys().any(is_stuck))
}

fn all(program: &Program, most: usize) -> Option<Outcomes> {
    let program = expanded(program);
    let count = program.threads.len();
    let mut objects = Vec::new();
    for (thread, ops) in program.threads.iter().enumerate() {
        let all = ops.iter().filter_map(|op| object(*op, thread));
        all.for_each(|object| objects.extend((!objects.contains(&object)).then_some(object)));
    }
    let empty = Graph { threads: vec![Vec::new(); count], stores: vec![Vec::new(); objects.len()] };
    let mut level = HashSet::from([empty]);
    let (mut graphs, mut outcomes) = (0, Outcomes::new());
    while !level.is_empty() {
        graphs += level.len();
        let events = |graph: &Graph| graph.threads.iter().map(Vec::len).sum::<usize>();
        let is_large = level.iter().any(|graph| objects.len() + events(graph) >= MOST);
        if graphs > most || is_large {
            return None;
        }
        let mut above = HashSet::new();
        for graph in &level {
            let grown = grown_once(&program, &objects, graph);
            let is_final = grown.is_empty();
            above.extend(grown);
            let comes_to = |thread: usize| next(&program.threads[thread], &graph.threads[thread]);
            let mut stuck = (0..count).filter_map(comes_to);
            if is_final && stuck.clone().any(|next| next.0 == Op::NotifiedInTime) {
                continue; // the timeout has fired, in another one
            }
            if is_final && stuck.any(|next| next.0 == Op::LockInTime && next.2) {
                return None; // perhaps it fires again and again
            }
            if is_final {
                *outcomes.entry(reads(&program, graph)).or_default() += 1;
            }
        }
        level = above;
    }
    Some(outcomes)
}

/// What the threads of a final graph report.
fn reads(program: &Program, graph: &Graph) -> Vec<Vec<u64>> {
    let thread = |(ops, events): (&Vec<Op>, &Vec<Event>)| {
        let done = next(ops, events).is_none().then_some(DONE);
        events.iter().filter_map(|event| event.reports).chain(done).collect()
    };
    program.threads.iter().zip(&graph.threads).map(thread).collect()
}
