//! What may be taken away for a new store: events that were added in the maximal way.

use super::event::{INITIAL, Id, knows};
use super::graph::Graph;
use super::loops::Loops;
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// Whether events were added in the maximal way, asked from the newest on, about what is not in the
/// past of a store.
pub(super) struct Maximal<'a> {
    graph: &'a Graph,
    loops: &'a Loops,
    past: &'a VectorClock,
    store: Id,
    /// For each object that was asked about: stores in this place and above are newer than what is
    /// asked about. So are they then for what is asked later.
    newer: SmallVec<[(u32, usize); 4]>,
}

impl<'a> Maximal<'a> {
    pub(super) fn new(
        (graph, loops): (&'a Graph, &'a Loops),
        past: &'a VectorClock,
        store: Id,
    ) -> Maximal<'a> {
        Maximal { graph, loops, past, store, newer: SmallVec::new() }
    }

    /// Whether another event was there before one with this stamp, or is in the past of the store.
    fn is_earlier(&self, stamp: u32, other: Id) -> bool {
        other != self.store && (knows(self.past, other) || self.graph.at(other).stamp <= stamp)
    }

    /// The newest store of the object, other than the event itself, that is earlier; and whether
    /// the event is a store and stands above it.
    fn newest(&mut self, object: u32, id: Id) -> (Id, bool) {
        let stamp = self.graph.at(id).stamp;
        let found = self.newer.iter().position(|(known, _)| *known == object);
        let mut place = found.map_or(self.graph.top(object), |at| self.newer[at].1);
        let mut is_above = false;
        while place > 0 {
            let other = self.graph.store_at(object, place);
            is_above |= other == id;
            if other != id && self.is_earlier(stamp, other) {
                break;
            }
            place -= 1;
        }
        match found {
            Some(at) => self.newer[at].1 = place,
            None => self.newer.push((object, place)),
        }
        (self.graph.store_at(object, place), is_above)
    }

    /// Whether an awaiting load reads the newest store that it accepts: what it must not read is as
    /// if it were not there.
    fn reads_newest_accepted(&self, id: Id) -> bool {
        let (graph, event) = (self.graph, self.graph.at(id));
        let (object, from) = (event.object(), event.from());
        let mut newer =
            graph.objects[object as usize].stores[graph.place_of(object, from)..].iter();
        (from == INITIAL || self.is_earlier(event.stamp, from))
            && !newer.any(|other| {
                let is_earlier = self.is_earlier(event.stamp, *other);
                let accepts = || self.loops.accepts(graph, (id, &event.label), (*other, 0));
                *other != id && is_earlier && accepts()
            })
    }

    /// Whether an event was added in the maximal way, among what was there before it and what is in
    /// the past of the store: it reads the newest store, or is it; it takes its first option.
    ///
    /// Nobody who was there before it reads it: what a revisited read reads is frozen, and so never
    /// asked about.
    pub(super) fn is_maximal(&mut self, id: Id) -> bool {
        let event = self.graph.at(id);
        if event.option != 0 {
            return false;
        }
        let Some(object) = event.label.object else { return true };
        if event.label.awaits {
            return self.reads_newest_accepted(id);
        }
        let (newest, is_above) = self.newest(object, id);
        if event.label.only_stores() { is_above } else { newest == event.from() }
    }
}

/// The events that are not in a past, from the newest on. They are the last ones of each thread.
pub(super) struct Unordered<'a> {
    graph: &'a Graph,
    /// The next event of each thread that has one left, its stamp, and where the thread's part of
    /// the past ends.
    heads: SmallVec<[(u32, Id, u32); 8]>,
}

impl<'a> Unordered<'a> {
    pub(super) fn new(graph: &'a Graph, past: &VectorClock) -> Unordered<'a> {
        let mut heads = SmallVec::new();
        for (thread, events) in (0..).zip(&graph.threads) {
            let end = past.get(ThreadId(thread));
            if let Some(last) = events.last().filter(|_| events.len() as u32 > end) {
                heads.push((last.stamp, Id { thread, nth: events.len() as u32 }, end));
            }
        }
        Unordered { graph, heads }
    }
}

impl Iterator for Unordered<'_> {
    type Item = Id;

    fn next(&mut self) -> Option<Id> {
        let at = (0..self.heads.len()).max_by_key(|at| self.heads[*at].0)?;
        let (_, newest, end) = self.heads[at];
        let before = Id { nth: newest.nth - 1, ..newest };
        if before.nth > end {
            self.heads[at] = (self.graph.at(before).stamp, before, end);
        } else {
            self.heads.swap_remove(at);
        }
        Some(newest)
    }
}
