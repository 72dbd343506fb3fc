//! RC11 as the paper writes it: whether a graph is consistent.
//!
//! Relations are matrices of bits. There are no clocks, no revisits and no order of exploration
//! here: nothing that the explorer knows. (Lahav et al., PLDI 2017; release sequences as in C++20.)

use super::steps::{Does, Event, Graph, Id};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};

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

pub(super) fn is_consistent(graph: &Graph) -> bool {
    let initial = graph.stores.len();
    let number = |location: usize, id: Id| match id {
        None => location,
        Some((thread, nth)) => {
            initial + graph.threads[..thread].iter().map(Vec::len).sum::<usize>() + nth
        }
    };
    let starts = (0..initial).map(Event::initial);
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
    let hears = |a: usize, b: usize| match events[b].does {
        Some(Does::Hears(thread, nth)) => number(0, Some((thread, nth))) == a,
        _ => false,
    };
    // what the reader read that leaves here
    let entered = |leaves: usize| {
        let own = (initial..leaves).rev().filter(|event| owner(*event) == owner(leaves));
        own.map(|event| &events[event]).find(|e| e.does == Some(Does::Enters)).and_then(|e| e.read)
    };
    let families = Relation::new(|a, b| {
        both(a, b)
            && match (events[a].does, events[b].does) {
                _ if hears(a, b) => true,
                (Some(Does::Leaves), Some(Does::Takes)) => entered(a) == events[b].read,
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
