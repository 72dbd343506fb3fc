//! Stale reads of an execution: which store each reads, which newer one it missed, and why.
//!
//! A thread must see a store that happened before. So the reason is sought on the way from the
//! missed store to the read, along program order, reads-from, starts and joins: which accesses on
//! it would have to release or acquire, so that all of it is happens-before. The way that lacks the
//! fewest is the reason; if there is none, nothing orders the two.

use super::act::Act;
use super::event::{Does, Event, INITIAL, Id, knows};
use super::graph::Graph;
use crate::vocabulary::trace::{Lack, Operation, StaleRead, Why};
use crate::vocabulary::view::{acquires, releases};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;
use std::collections::VecDeque;

/// How much of the missed store is known at an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Known {
    /// It happens before what follows.
    Before,
    /// The thread knew it at its last release fence: what it stores publishes it.
    Fenced,
    /// The store publishes it.
    Published,
    /// The thread has read a store that publishes it: an acquire fence would make it known.
    Heard,
}

type Place = (Known, Id);

/// What one step of the way lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Release,
    Acquire,
}

/// The stale reads of a graph's events, which come in this order at these places in the trace.
pub(super) fn stale_reads(graph: &Graph, placed: &[(Id, usize)]) -> Vec<StaleRead> {
    let mut last = vec![INITIAL; graph.objects.len()];
    let mut found = Vec::new();
    let place = |id: Id| placed.iter().find(|(other, _)| *other == id).map(|(_, place)| *place);
    for (id, read) in placed {
        let event = graph.at(*id);
        let Some(object) = event.label.object else { continue };
        let missed = last[object as usize];
        if event.label.reads() && event.from() != missed {
            let (source, older) = (event.from(), graph.place_of(object, missed));
            let is_older = older < graph.place_of(object, source);
            let why = if is_older { Why::Older } else { why(graph, missed, *id, &place) };
            let missed = place(missed).expect("it was drawn before");
            found.push(StaleRead { read: *read, source: place(source), missed, why });
        }
        if event.written.is_some() {
            last[object as usize] = *id;
        }
    }
    found
}

/// What lacks on the way from the first of two accesses that nothing orders to the second. Each is
/// a thread's, at a place in the trace, between two of its events.
pub(super) fn race(
    graph: &Graph,
    placed: &[(Id, usize)],
    [(from, first), (to, second)]: [(u32, usize); 2],
) -> Vec<Lack> {
    let own = |thread: u32| placed.iter().filter(move |(id, _)| id.thread == thread);
    let next = own(from).find(|(_, at)| *at > first).map(|(id, _)| *id);
    let goal = own(to).rfind(|(_, at)| *at < second).map(|(id, _)| *id);
    let way = next.or_else(|| graph.join_of(from)).zip(goal);
    let way = way.and_then(|(next, goal)| way_between(graph, next, goal));
    let place = |id: Id| placed.iter().find(|(other, _)| *other == id).map(|(_, place)| *place);
    way.map(|way| lacking(graph, &way, &place)).unwrap_or_default()
}

/// Why the read need not know of the store.
fn why(graph: &Graph, store: Id, read: Id, place: &dyn Fn(Id) -> Option<usize>) -> Why {
    let Some(way) = graph.previous(read).and_then(|goal| way_between(graph, store, goal)) else {
        return Why::Apart { sequential: comes_before(graph, store, read) };
    };
    Why::Unsynchronised(lacking(graph, &way, place))
}

/// What the reads on a way lack.
fn lacking(graph: &Graph, way: &Way, place: &dyn Fn(Id) -> Option<usize>) -> Vec<Lack> {
    let mut lacks: Vec<Lack> = Vec::new();
    let mut published: Option<(Id, bool)> = None;
    for (at, ((known, id), missing)) in way.iter().enumerate() {
        let from = at.checked_sub(1).map(|before| way[before].0);
        match known {
            // a read-modify-write goes on with what was published
            Known::Published if from.is_none_or(|(known, _)| known != Known::Published) => {
                published = Some((*id, missing.is_some()));
            }
            Known::Before | Known::Heard => {
                let Some((store, is_open)) = published.take() else { continue };
                // an acquire fence behind would do as well
                let acquire = missing.is_some();
                if let (true, Some(read)) = (is_open || acquire, place(*id)) {
                    let direct = graph.at(*id).source.map(|(store, _)| store);
                    lacks.push(Lack {
                        store: place(store).expect("it was drawn before"),
                        read,
                        through: direct.filter(|direct| *direct != store).and_then(place),
                        release: is_open,
                        acquire,
                    });
                }
            }
            Known::Published | Known::Fenced => {}
        }
    }
    lacks
}

/// Whether the store comes before the read in every interleaving that has these reads and this
/// coherence. The read comes before the store, which it has not seen: so there is none.
fn comes_before(graph: &Graph, store: Id, read: Id) -> bool {
    let (mut open, mut seen) = (vec![store], FxHashSet::from_iter([store]));
    while let Some(id) = open.pop() {
        if id == read {
            return true;
        }
        let event = graph.at(id);
        let mut next: SmallVec<[Id; 8]> = SmallVec::new();
        let own = Id { nth: id.nth + 1, ..id };
        match own == graph.next_of(id.thread) {
            true => next.extend(graph.join_of(id.thread)),
            false => next.push(own),
        }
        if let Operation::Spawn(child) = event.label.operation {
            next.extend(graph.first_of(child.0));
        }
        if let Some(object) = event.label.object {
            next.extend(event.readers.iter().copied());
            let read = event.source.map(|(store, _)| store);
            let from = if event.written.is_some() { Some(id) } else { read };
            let from = from.map_or(graph.top(object), |from| graph.place_of(object, from));
            next.extend(graph.objects[object as usize].stores[from..].iter().copied());
        }
        open.extend(next.into_iter().filter(|id| seen.insert(*id)));
    }
    false
}

/// Places, and what the step to each of them lacks.
type Way = Vec<(Place, Option<Missing>)>;

/// The way from a store to an event that lacks the fewest orderings, and among those the shortest.
fn way_between(graph: &Graph, store: Id, goal: Id) -> Option<Way> {
    let (start, past) = ((Known::Before, store), &graph.at(goal).knowledge.past);
    let mut from: FxHashMap<Place, (u32, Place, Option<Missing>)> = FxHashMap::default();
    from.insert(start, (0, start, None));
    let joins = joins(graph);
    let mut open = VecDeque::from([(0, start)]);
    while let Some((cost, at)) = open.pop_front() {
        if at == (Known::Before, goal) {
            break;
        }
        if from[&at].0 < cost {
            continue;
        }
        let joined = joins.iter().filter(|(from, _)| *from == at).map(|(_, to)| (*to, None));
        for (next, missing) in steps(graph, at).into_iter().chain(joined) {
            let cost = cost + u32::from(missing.is_some());
            let is_better = from.get(&next).is_none_or(|(known, ..)| cost < *known);
            if !knows(past, next.1) || !is_better {
                continue;
            }
            from.insert(next, (cost, at, missing));
            match missing {
                None => open.push_front((cost, next)),
                Some(_) => open.push_back((cost, next)),
            }
        }
    }
    let (mut at, mut way) = ((Known::Before, goal), Vec::new());
    while at != start {
        let (_, before, missing) = from.get(&at)?;
        way.push((at, *missing));
        at = *before;
    }
    way.push((start, None));
    way.reverse();
    Some(way)
}

/// The joins of objects that are no atomics, which read nothing: a thread that was notified, or has
/// passed a barrier, comes after what let it go on, and a writer after the readers that have left.
fn joins(graph: &Graph) -> Vec<(Place, Place)> {
    let mut joins = Vec::new();
    for id in &graph.order {
        let event = graph.at(*id);
        let Does::Acts(act) = event.label.does else { continue };
        let behind = (Known::Before, *id);
        if let Some(object) = act.follows() {
            let followed = graph.followed(id.thread, act, object);
            joins.extend(followed.map(|store| ((Known::Published, store), behind)));
        } else if act == Act::Write {
            let left = graph.leavings(event.object(), event.from());
            joins.extend(left.map(|left| ((Known::Before, left), behind)));
        }
    }
    joins
}

/// Where what is known at one place is known next, and what is missing for that.
fn steps(graph: &Graph, (known, id): Place) -> SmallVec<[(Place, Option<Missing>); 4]> {
    let event = graph.at(id);
    let next = Id { nth: id.nth + 1, ..id };
    let is_last = graph.next_of(id.thread) == next;
    let mut steps: SmallVec<[(Place, Option<Missing>); 4]> = SmallVec::new();
    if !is_last && known != Known::Published {
        steps.push(((known, next), None));
    }
    let order = event.order();
    let stores = event.label.object.is_some() && event.written.is_some();
    // what is no atomic has no ordering that could be stronger
    let lacks = |event: &Event, has: bool, missing| match event.label.does {
        _ if has => Some(None),
        Does::Writes(_) => Some(Some(missing)),
        Does::Acts(_) => None,
    };
    match known {
        Known::Before => {
            if stores {
                let missing = lacks(event, releases(order), Missing::Release);
                steps.extend(missing.map(|missing| ((Known::Published, id), missing)));
            } else if event.label.is_fence() && releases(order) {
                steps.push(((Known::Fenced, id), None));
            }
            if let Operation::Spawn(child) = event.label.operation {
                let first = graph.first_of(child.0).or(graph.join_of(child.0));
                steps.extend(first.map(|first| ((Known::Before, first), None)));
            }
            let join = graph.join_of(id.thread).filter(|_| is_last);
            steps.extend(join.map(|join| ((Known::Before, join), None)));
        }
        Known::Fenced if stores => steps.push(((Known::Published, id), None)),
        Known::Fenced => {}
        Known::Heard if event.label.is_fence() && acquires(order) => {
            steps.push(((Known::Before, id), None));
        }
        Known::Heard => {}
        Known::Published => {
            for reader in &event.readers {
                let read = graph.at(*reader);
                let missing = lacks(read, acquires(read.order()), Missing::Acquire);
                steps.extend(missing.map(|missing| ((Known::Before, *reader), missing)));
                steps.push(((Known::Heard, *reader), None));
                if read.written.is_some() {
                    steps.push(((Known::Published, *reader), None));
                }
            }
        }
    }
    steps
}
