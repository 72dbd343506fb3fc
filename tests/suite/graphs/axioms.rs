//! RC11 as the paper writes it: whether a graph is consistent.
//!
//! Relations are matrices of bits. There are no clocks, no revisits and no order of exploration
//! here: nothing that the explorer knows. (Lahav et al., PLDI 2017; release sequences as in C++20.)

use super::steps::{Does, Event, Graph, Id};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

/// The most events of a graph, with an initial store for each location.
pub(super) const MOST: usize = 32;

/// Which events are related to which, of so many.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Relation {
    rows: [u32; MOST],
    events: usize,
}

impl Relation {
    fn new(events: usize, holds: impl Fn(usize, usize) -> bool) -> Relation {
        Relation { rows: [0; MOST], events }.each(|from, _| {
            (0..events).filter(|to| holds(from, *to)).fold(0, |row, to| row | 1 << to)
        })
    }

    /// The identity on some events.
    fn only(events: usize, holds: impl Fn(usize) -> bool) -> Relation {
        let row = |from| if holds(from) { 1 << from } else { 0 };
        Relation { rows: [0; MOST], events }.each(|from, _| row(from))
    }

    /// With other rows, each made of its number and the row that was there.
    fn each(mut self, row: impl Fn(usize, u32) -> u32) -> Relation {
        for from in 0..self.events {
            self.rows[from] = row(from, self.rows[from]);
        }
        self
    }

    fn holds(&self, from: usize, to: usize) -> bool {
        self.rows[from] & 1 << to != 0
    }

    fn then(&self, next: &Relation) -> Relation {
        self.each(|_, mut row| {
            let mut all = 0;
            while row != 0 {
                all |= next.rows[row.trailing_zeros() as usize];
                row &= row - 1;
            }
            all
        })
    }

    fn or(&self, other: &Relation) -> Relation {
        self.each(|from, row| row | other.rows[from])
    }

    fn and(&self, other: &Relation) -> Relation {
        self.each(|from, row| row & other.rows[from])
    }

    fn and_not(&self, other: &Relation) -> Relation {
        self.each(|from, row| row & !other.rows[from])
    }

    fn maybe(&self) -> Relation {
        self.each(|from, row| row | 1 << from)
    }

    fn inverse(&self) -> Relation {
        Relation::new(self.events, |from, to| self.holds(to, from))
    }

    /// The transitive closure: Warshall's algorithm.
    fn repeated(&self) -> Relation {
        (0..self.events).fold(*self, |all, through| {
            let onward = all.rows[through];
            all.each(|_, row| if row & 1 << through != 0 { row | onward } else { row })
        })
    }

    fn is_irreflexive(&self) -> bool {
        (0..self.events).all(|event| !self.holds(event, event))
    }
}

fn chain(of: &[&Relation]) -> Relation {
    of[1..].iter().fold(*of[0], |all, next| all.then(next))
}

pub(super) fn is_consistent(graph: &Graph) -> bool {
    let initial = graph.stores.len();
    let firsts: Vec<usize> = graph
        .threads
        .iter()
        .scan(initial, |next, events| Some(std::mem::replace(next, *next + events.len())))
        .collect();
    let number = |location: usize, id: Id| match id {
        None => location,
        Some((thread, nth)) => firsts[thread] + nth,
    };
    let starts: Vec<Event> = (0..initial).map(Event::initial).collect();
    let events: Vec<&Event> = starts.iter().chain(graph.threads.iter().flatten()).collect();
    let count = events.len();
    assert!(count <= MOST, "the program is too large");
    let threads = graph.threads.iter().enumerate();
    let owners: Vec<usize> = threads.flat_map(|(t, e)| std::iter::repeat_n(t, e.len())).collect();
    let owner = |event: usize| event.checked_sub(initial).map(|at| owners[at]);
    let po = Relation::new(count, |a, b| {
        a < b && owner(b).is_some() && (owner(a).is_none() || owner(a) == owner(b))
    });
    let source = |event: &&Event| Some(number(event.location?, event.read?.0));
    let sources: Vec<Option<usize>> = events.iter().map(source).collect();
    let rf = Relation::new(count, |a, b| sources[b] == Some(a));
    let mut places = vec![None; count];
    for (location, stores) in graph.stores.iter().enumerate() {
        for (place, id) in std::iter::once(&None).chain(stores).enumerate() {
            places[number(location, *id)] = Some(place);
        }
    }
    let same = Relation::new(count, |a, b| {
        events[a].location.is_some() && events[a].location == events[b].location
    });
    let mo = Relation::new(count, |a, b| {
        same.holds(a, b) && places[a].is_some() && places[b].is_some() && places[a] < places[b]
    });
    // what the reader read that leaves here
    let entered = |leaves: usize| {
        let own = (initial..leaves).rev().filter(|event| owner(*event) == owner(leaves));
        own.map(|event| events[event]).find(|e| e.does == Some(Does::Enters)).and_then(|e| e.read)
    };
    let families = Relation::new(count, |a, b| match (events[a].does, events[b].does) {
        (_, Some(Does::Hears(thread, nth))) => number(0, Some((thread, nth))) == a,
        (Some(Does::Leaves), Some(Does::Takes)) => entered(a) == events[b].read,
        (Some(Does::Start(one)), Some(Does::Begin(other))) => one == other,
        (Some(Does::End(one)), Some(Does::Join(other))) => one == other,
        _ => false,
    });
    axioms(&events, &po, &families, [&rf, &mo, &same])
}

fn axioms(
    events: &[&Event],
    po: &Relation,
    families: &Relation,
    [rf, mo, same]: [&Relation; 3],
) -> bool {
    let only =
        |holds: &dyn Fn(&Event) -> bool| Relation::only(events.len(), |event| holds(events[event]));
    let is_fence = |event: &Event| event.location.is_none();
    let releases = |order| matches!(order, Release | AcqRel | SeqCst);
    let acquires = |order| matches!(order, Acquire | AcqRel | SeqCst);
    let rmw = only(&|e| e.read.is_some() && e.written.is_some());
    let fence = only(&is_fence);
    let rel = only(&|e| (e.written.is_some() || is_fence(e)) && releases(e.order));
    let acq = only(&|e| (e.read.is_some() || is_fence(e)) && acquires(e.order));
    let itself = only(&|_| true);
    let rb = rf.inverse().then(mo).and_not(&itself);
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
    if events.iter().all(|event| event.order != SeqCst) {
        return true; // psc relates SeqCst events
    }
    let strong = only(&|e| e.order == SeqCst);
    let strong_fence = only(&|e| is_fence(e) && e.order == SeqCst);
    let elsewhere = po.and_not(same);
    let base = po.or(&chain(&[&elsewhere, &hb, &elsewhere])).or(&hb.and(same)).or(mo).or(&rb);
    let left = strong.or(&strong_fence.then(&hb.maybe()));
    let right = strong.or(&hb.maybe().then(&strong_fence));
    let of_fences = chain(&[&strong_fence, &hb.or(&chain(&[&hb, &eco, &hb])), &strong_fence]);
    chain(&[&left, &base, &right]).or(&of_fences).repeated().is_irreflexive()
}
