//! RC11 as the paper writes it: every consistent graph of a program, by brute force.
//!
//! Graphs grow by one event at a time, which reads any store there is and stands in any place.
//! Relations are matrices of bits. There are no clocks, no revisits and no order of exploration
//! here: nothing that the explorer knows. (Lahav et al., PLDI 2017; release sequences as in C++20.)

use super::program::{LOCKS, Op, Outcomes, Program};
use std::collections::HashSet;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// An event by its thread and its place there. `None` is the initial store.
type Id = Option<(usize, usize)>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Event {
    /// `None`: a fence.
    location: Option<usize>,
    /// The store that is read, and its value.
    read: Option<(Id, u64)>,
    written: Option<u64>,
    order: Ordering,
    /// Whether its value is one of those that the thread reports.
    reports: bool,
    /// Whether it failed for no reason.
    spurious: bool,
    /// What it does to a thread.
    does: Option<Does>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Does {
    Start(usize),
    Begin(usize),
    End(usize),
    Join(usize),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Graph {
    threads: Vec<Vec<Event>>,
    /// The stores of each location in coherence order.
    stores: Vec<Vec<Id>>,
}

impl Graph {
    fn value(&self, store: Id) -> u64 {
        store.map_or(0, |(thread, nth)| self.threads[thread][nth].written.expect("a store"))
    }
}

/// The operation that a thread comes to after its events, with what it has read last.
fn next(ops: &[Op], events: &[Event]) -> Option<(Op, u64)> {
    let (mut done, mut last, mut took, mut skips) = (events.iter(), 0, false, 0);
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
            Op::UnlockTried(_) if !took => continue,
            _ => {}
        }
        let Some(event) = done.next() else { return Some((*op, last)) };
        if let Some((_, value)) = event.read.filter(|_| event.reports) {
            last = value;
        }
        if let Op::Try(_) = op {
            took = last == 0;
        }
    }
    None
}

fn does(op: Op) -> Option<Does> {
    Some(match op {
        Op::Start(thread) => Does::Start(thread),
        Op::Begin(thread) => Does::Begin(thread),
        Op::End(thread) => Does::End(thread),
        Op::Join(thread) => Does::Join(thread),
        _ => return None,
    })
}

/// The event, if it reads this value. `None` if it cannot.
fn event(op: Op, last: u64, locations: usize, value: u64) -> Option<Event> {
    let lock = |lock: usize| Some(locations + lock);
    let reads = Some((None, value)); // the source is set by the caller
    let of = |location, read, written, order| Event {
        location,
        read,
        written,
        order,
        reports: !matches!(op, Op::Lock(_)),
        spurious: false,
        does: does(op),
    };
    Some(match op {
        Op::Load(x, order) => of(Some(x), reads, None, order),
        Op::Await(x, wanted, order) if value == wanted => of(Some(x), reads, None, order),
        Op::Await(..) => return None,
        Op::Store(x, new, order) => of(Some(x), None, Some(new), order),
        Op::Pass(x, more, order) => of(Some(x), None, Some(last + more), order),
        Op::Add(x, by, order) => of(Some(x), reads, Some(value + by), order),
        Op::Swap(x, new, order) => of(Some(x), reads, Some(new), order),
        Op::Exchange(x, old, new, success, _) | Op::Weak(x, old, new, success, _)
            if old == value =>
        {
            of(Some(x), reads, Some(new), success)
        }
        Op::Exchange(x, .., failure) | Op::Weak(x, .., failure) => {
            of(Some(x), reads, None, failure)
        }
        Op::Fence(order) => of(None, None, None, order),
        Op::Lock(x) | Op::Try(x) if value == 0 => of(lock(x), reads, Some(1), Acquire),
        Op::Lock(_) => return None,
        Op::Try(x) => of(lock(x), reads, None, Relaxed),
        Op::Unlock(x) | Op::UnlockTried(x) => of(lock(x), None, Some(0), Release),
        Op::Start(_) | Op::Begin(_) | Op::End(_) | Op::Join(_) => of(None, None, None, Relaxed),
        Op::If(..) => unreachable!("no event"),
    })
}

/// Every graph with one more event of this thread, consistent or not.
fn grown(program: &Program, graph: &Graph, thread: usize) -> Vec<Graph> {
    let events = &graph.threads[thread];
    let Some((op, last)) = next(&program.threads[thread], events) else { return Vec::new() };
    let has = |does| graph.threads.iter().flatten().any(|event| event.does == Some(does));
    let is_early = match op {
        Op::Begin(thread) => !has(Does::Start(thread)),
        Op::Join(thread) => !has(Does::End(thread)),
        _ => false,
    };
    if is_early {
        return Vec::new();
    }
    let id = Some((thread, events.len()));
    let with = |event: Event, place: Option<usize>| {
        let mut graph = graph.clone();
        if let (Some(location), Some(place)) = (event.location, place) {
            graph.stores[location].insert(place, id);
        }
        graph.threads[thread].push(event);
        graph
    };
    let accepted = if let Op::Await(_, wanted, _) = op { wanted } else { 0 };
    let Some(Event { location, read, .. }) = event(op, last, program.locations, accepted) else {
        unreachable!("a lock can be free")
    };
    let Some(location) = location else {
        return event(op, last, program.locations, 0).map(|e| with(e, None)).into_iter().collect();
    };
    let places = 0..=graph.stores[location].len();
    let mut all = Vec::new();
    for place in places {
        if read.is_none() {
            all.extend(event(op, last, program.locations, 0).map(|e| with(e, Some(place))));
            continue;
        }
        let source = place.checked_sub(1).and_then(|at| graph.stores[location][at]);
        let value = graph.value(source);
        let Some(event) = event(op, last, program.locations, value) else { continue };
        let event = Event { read: Some((source, value)), ..event };
        if let (Op::Weak(.., failure), Some(_)) = (op, event.written)
            && !events.iter().any(|event| event.spurious)
        {
            let order = failure;
            all.push(with(Event { written: None, order, spurious: true, ..event.clone() }, None));
        }
        let place = event.written.map(|_| place);
        all.push(with(event, place));
    }
    all
}

/// How many executions RC11 allows, and what they read. `None` if there are too many graphs on the
/// way.
pub(super) fn allowed(program: &Program, most: usize) -> Option<(u64, Outcomes)> {
    let count = program.threads.len();
    let mut program = program.clone();
    for thread in 0..count {
        if program.starts(thread) {
            program.threads[thread].insert(0, Op::Begin(thread));
        }
        if program.joins(thread) {
            program.threads[thread].push(Op::End(thread));
        }
    }
    let empty = Graph {
        threads: vec![Vec::new(); count],
        stores: vec![Vec::new(); program.locations + LOCKS],
    };
    let mut level = HashSet::from([empty]);
    let (mut total, mut outcomes) = (0, Outcomes::new());
    while !level.is_empty() {
        total += level.len();
        if total > most {
            return None;
        }
        let mut above = HashSet::new();
        for graph in &level {
            let grown = (0..count).flat_map(|thread| grown(&program, graph, thread));
            let mut is_final = true;
            for next in grown.filter(is_consistent) {
                is_final = false;
                above.insert(next);
            }
            let is_over = |(thread, events): (usize, &Vec<Event>)| {
                next(&program.threads[thread], events).is_none()
            };
            let is_complete = graph.threads.iter().enumerate().all(is_over);
            if is_final && (is_complete || !program.awaits()) {
                let reads = graph.threads.iter().map(|events| {
                    let read = events.iter().filter(|e| e.reports).filter_map(|e| e.read);
                    read.map(|(_, value)| value).collect()
                });
                *outcomes.entry(reads.collect()).or_default() += 1;
            }
        }
        level = above;
    }
    Some((outcomes.values().sum(), outcomes))
}

/// The most events of a graph, with an initial store for each location.
const MOST: usize = 32;

/// Which events are related to which.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Relation([u32; MOST]);

impl Relation {
    fn new(holds: impl Fn(usize, usize) -> bool) -> Relation {
        Relation(std::array::from_fn(|from| {
            (0..MOST).filter(|to| holds(from, *to)).fold(0, |row, to| row | 1 << to)
        }))
    }

    /// The identity on some events.
    fn only(holds: impl Fn(usize) -> bool) -> Relation {
        Relation::new(|from, to| from == to && holds(from))
    }

    fn holds(&self, from: usize, to: usize) -> bool {
        self.0[from] & 1 << to != 0
    }

    fn then(&self, next: &Relation) -> Relation {
        Relation(self.0.map(|mut row| {
            let mut all = 0;
            while row != 0 {
                all |= next.0[row.trailing_zeros() as usize];
                row &= row - 1;
            }
            all
        }))
    }

    fn or(&self, other: &Relation) -> Relation {
        Relation(std::array::from_fn(|from| self.0[from] | other.0[from]))
    }

    fn and(&self, other: &Relation) -> Relation {
        Relation(std::array::from_fn(|from| self.0[from] & other.0[from]))
    }

    fn maybe(&self) -> Relation {
        self.or(&Relation::only(|_| true))
    }

    fn inverse(&self) -> Relation {
        Relation::new(|from, to| self.holds(to, from))
    }

    fn repeated(&self) -> Relation {
        let mut all = *self;
        loop {
            let more = all.or(&all.then(&all));
            if more == all {
                return all;
            }
            all = more;
        }
    }

    fn is_irreflexive(&self) -> bool {
        (0..MOST).all(|event| !self.holds(event, event))
    }
}

fn chain(of: &[&Relation]) -> Relation {
    of[1..].iter().fold(*of[0], |all, next| all.then(next))
}

fn is_consistent(graph: &Graph) -> bool {
    let initial = graph.stores.len();
    let number = |location: usize, id: Id| match id {
        None => location,
        Some((thread, nth)) => {
            initial + graph.threads[..thread].iter().map(Vec::len).sum::<usize>() + nth
        }
    };
    let starts = (0..initial).map(|location| Event {
        location: Some(location),
        read: None,
        written: Some(0),
        order: Relaxed,
        reports: false,
        spurious: false,
        does: None,
    });
    let events: Vec<Event> = starts.chain(graph.threads.iter().flatten().cloned()).collect();
    assert!(events.len() <= MOST, "the program is too large");
    let threads = graph.threads.iter().enumerate();
    let owners: Vec<usize> = threads.flat_map(|(t, e)| std::iter::repeat_n(t, e.len())).collect();
    let owner = |event: usize| event.checked_sub(initial).map(|at| owners[at]);
    let there = |event: usize| event < events.len();
    let both = |a: usize, b: usize| there(a) && there(b);
    let po = Relation::new(|a, b| {
        both(a, b) && a < b && owner(b).is_some() && (owner(a).is_none() || owner(a) == owner(b))
    });
    let rf = Relation::new(|a, b| {
        both(a, b)
            && events[b].read.is_some_and(|(id, _)| number(events[b].location.unwrap(), id) == a)
    });
    let place = |event: usize| {
        let location = events[event].location?;
        let mut order = std::iter::once(None).chain(graph.stores[location].iter().copied());
        order.position(|id| number(location, id) == event)
    };
    let same = Relation::new(|a, b| {
        both(a, b) && events[a].location.is_some() && events[a].location == events[b].location
    });
    let places: Vec<Option<usize>> = (0..events.len()).map(place).collect();
    let mo = Relation::new(|a, b| {
        same.holds(a, b) && places[a].is_some() && places[b].is_some() && places[a] < places[b]
    });
    let families = Relation::new(|a, b| {
        both(a, b)
            && match (events[a].does, events[b].does) {
                (Some(Does::Start(one)), Some(Does::Begin(other))) => one == other,
                (Some(Does::End(one)), Some(Does::Join(other))) => one == other,
                _ => false,
            }
    });
    axioms(&events, &po, &families, [&rf, &mo, &same])
}

fn axioms(
    events: &[Event],
    po: &Relation,
    families: &Relation,
    [rf, mo, same]: [&Relation; 3],
) -> bool {
    let only = |holds: &dyn Fn(&Event) -> bool| {
        Relation::only(|event| events.get(event).is_some_and(holds))
    };
    let is_fence = |event: &Event| event.location.is_none();
    let releases = |order| matches!(order, Release | AcqRel | SeqCst);
    let acquires = |order| matches!(order, Acquire | AcqRel | SeqCst);
    let rmw = only(&|e| e.read.is_some() && e.written.is_some());
    let fence = only(&is_fence);
    let rel = only(&|e| (e.written.is_some() || is_fence(e)) && releases(e.order));
    let acq = only(&|e| (e.read.is_some() || is_fence(e)) && acquires(e.order));
    let differs = Relation::new(|a, b| a != b);
    let rb = rf.inverse().then(mo).and(&differs);
    let sequence = rf.then(&rmw).repeated().maybe();
    let writes = only(&|e| e.written.is_some());
    let (from_fence, to_fence) = (fence.then(po).maybe(), po.then(&fence).maybe());
    let sw = chain(&[&rel, &from_fence, &writes, &sequence, rf, &to_fence, &acq]);
    let hb = po.or(&sw).or(families).repeated();
    let eco = rf.or(mo).or(&rb).repeated();
    let is_atomic = chain(&[&rmw, &rb, mo]).is_irreflexive();
    if !is_atomic || !hb.is_irreflexive() || !hb.then(&eco).is_irreflexive() {
        return false;
    }
    let strong = only(&|e| e.order == SeqCst);
    let strong_fence = only(&|e| is_fence(e) && e.order == SeqCst);
    let elsewhere = po.and(&Relation::new(|a, b| !same.holds(a, b)));
    let base = po.or(&chain(&[&elsewhere, &hb, &elsewhere])).or(&hb.and(same)).or(mo).or(&rb);
    let left = strong.or(&strong_fence.then(&hb.maybe()));
    let right = strong.or(&hb.maybe().then(&strong_fence));
    let of_fences = chain(&[&strong_fence, &hb.or(&chain(&[&hb, &eco, &hb])), &strong_fence]);
    chain(&[&left, &base, &right]).or(&of_fences).repeated().is_irreflexive()
}
