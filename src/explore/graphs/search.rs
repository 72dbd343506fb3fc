//! The search: what else a graph can become, and which of that is explored next.
//!
//! Each frame of the stack is a graph with what has not been tried of it. Depth first, so that what
//! was written down at a stamp finds the graph below that stamp as it was. A frame without anything
//! left is dropped before its successor is pushed: memory is polynomial.

use super::consistency::Axiom;
use super::event::{Event, INITIAL, Id, Label, knows};
use super::graph::Graph;
use super::loops::{Goes, Loops};
use super::maximal::{Maximal, Unordered};
use crate::execution::FREE;
use crate::execution::data::values;
use std::panic::Location;

/// Another way to go on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// The read reads this store instead, and takes this option.
    Read { read: Id, store: Id, option: usize },
    /// The event takes this option instead.
    Choose { event: Id, option: usize },
    /// The store stands right behind the one in this place instead.
    Place { store: Id, place: usize },
    /// The read, added before, reads this store, added after it.
    Revisit { read: Id, store: Id, option: usize },
    /// A thread that waits for an object takes it from under whoever had it from this store.
    Push { thread: u32, label: Label, store: Id, option: usize },
    /// A thread enters, or takes for writing, what several may have, from under some of them.
    Take { thread: u32, label: Label, store: Id, out: u64 },
}

/// A way, and the stamp from which on everything is taken away first.
#[derive(Debug)]
struct Untried {
    stamp: u32,
    way: Way,
}

#[derive(Debug, Default)]
struct Frame {
    graph: Graph,
    untried: Vec<Untried>,
}

/// How many frames are kept for their room.
const SPARE: usize = 4;

#[derive(Debug)]
pub(super) struct Search {
    frames: Vec<Frame>,
    /// Frames that are done, for their room.
    spare: Vec<Frame>,
    axiom: Axiom,
    pub(super) loops: Loops,
    /// The read that was turned to another store to get to the current graph.
    pub(super) turned: Option<Id>,
    /// Whether there is one execution: what else its graph could become is not written down.
    is_alone: bool,
}

impl Search {
    pub(super) fn new() -> Search {
        Search { is_alone: false, ..Search::of(Graph::with_main(false), Loops::default()) }
    }

    /// Forgets everything but what is known of loops.
    pub(super) fn begin_anew(&mut self) {
        let graph = Graph::with_main(self.loops.sees);
        self.frames.clear();
        self.turned = None;
        self.frames.push(Frame { graph, untried: Vec::new() });
    }

    /// One execution that begins with this graph, and knows these loops.
    pub(super) fn of(graph: Graph, loops: Loops) -> Search {
        let frames = vec![Frame { graph, untried: Vec::new() }];
        let spare = Vec::new();
        Search { frames, spare, axiom: Axiom::default(), loops, turned: None, is_alone: true }
    }

    /// The current graph.
    pub(super) fn graph(&self) -> &Graph {
        &self.frames.last().expect("the search is not over").graph
    }

    pub(super) fn graph_mut(&mut self) -> &mut Graph {
        &mut self.frames.last_mut().expect("the search is not over").graph
    }

    pub(super) fn later(&mut self, way: Way) {
        let frame = self.frames.last_mut().expect("the search is not over");
        frame.untried.push(Untried { stamp: frame.graph.next, way });
    }

    /// Goes to the next graph to be completed. False if there is none.
    pub(super) fn next(&mut self) -> bool {
        while let Some(frame) = self.frames.last_mut() {
            let Some(Untried { stamp, way }) = frame.untried.pop() else {
                self.leave();
                continue;
            };
            frame.graph.cut(stamp);
            if self.takes(way) || self.loops.spins.was_wrong {
                return true;
            }
        }
        false
    }

    /// Adds the thread's next event in the maximal way, and writes the others down: it reads the
    /// newest store, or becomes it.
    pub(super) fn add(&mut self, thread: u32, label: Label) -> Id {
        if self.is_alone {
            return self.graph_mut().add(thread, label);
        }
        if label.shares() {
            self.shares(thread, label);
        }
        let graph = self.graph_mut();
        let id = graph.push(thread, label);
        if label.shares() {
            let object = graph.at(id).object();
            graph.read(id, graph.store_at(object, graph.top(object)), 0);
        } else if label.only_stores() {
            self.add_store(id);
        } else if label.reads() {
            self.add_read(id);
        } else {
            for option in values(label.options(FREE) as u32).skip(1) {
                self.later(Way::Choose { event: id, option: option as usize });
            }
        }
        id
    }

    fn add_store(&mut self, id: Id) {
        let graph = self.graph_mut();
        let object = graph.at(id).object();
        let (lowest, top) = (graph.lowest(object, &graph.before(id)), graph.top(object));
        graph.place_newest(id);
        self.stands_alone(object, lowest == top);
        for place in lowest..top {
            let graph = self.graph();
            // nothing parts a read-modify-write from what it reads
            if graph.successor(object, place).is_none() {
                self.later(Way::Place { store: id, place });
            }
        }
        self.revisits(id);
    }

    fn add_read(&mut self, id: Id) {
        let graph = self.graph_mut();
        let object = graph.at(id).object();
        let (lowest, top) = (graph.lowest(object, &graph.before(id)), graph.top(object));
        let label = graph.at(id).label;
        let looks = label.awaits && !label.takes();
        let top = if looks { self.newest_awaited(id, lowest, top) } else { top };
        let graph = self.graph_mut();
        let newest = graph.store_at(object, top);
        graph.read(id, newest, 0);
        for place in lowest..=top {
            let graph = self.graph();
            let store = graph.store_at(object, place);
            for option in 0..label.options(graph.value(object, store)) {
                let is_new = (place, option) != (top, 0);
                if is_new && self.is_worth(id, &label, (place, option)) {
                    self.later(Way::Read { read: id, store, option });
                }
            }
        }
        if self.graph().at(id).written.is_some() {
            self.comes_between(id);
            self.revisits(id);
        }
    }

    /// What a thread does that repeats a round was seen. Whether all must be explored anew.
    pub(super) fn learn(
        &mut self,
        round: (Id, Id),
        seen: (Goes, &'static Location<'static>),
    ) -> bool {
        let frame = self.frames.last().expect("the search is not over");
        self.loops.learn(&frame.graph, round, seen)
    }

    /// Whether what the event has read ends its loop.
    pub(super) fn learn_end(&mut self, load: Id, ends: bool) {
        let frame = self.frames.last().expect("the search is not over");
        self.loops.learn_end(&frame.graph, load, ends);
    }

    /// The place of the newest store that an awaiting load may read. It is not added before there
    /// is one.
    fn newest_awaited(&self, id: Id, lowest: usize, top: usize) -> usize {
        let graph = self.graph();
        let label = &graph.at(id).label;
        let store = |at: usize| graph.store_at(graph.at(id).object(), at);
        let accepts = |at: &usize| self.loops.accepts(graph, (id, label), (store(*at), 0));
        (lowest..=top).rev().find(accepts).expect("the load waits until there is one")
    }

    /// Takes back the event that was added last, with all that was written down about it.
    pub(super) fn retract(&mut self, id: Id) {
        let frame = self.frames.last_mut().expect("the search is not over");
        let stamp = frame.graph.at(id).stamp;
        frame.untried.retain(|untried| untried.stamp <= stamp);
        frame.graph.cut(stamp);
    }

    /// Goes to a graph in which the load reads this store and nothing comes after either, for a
    /// trial.
    pub(super) fn begin_trial(&mut self, load: Id, store: Id) {
        let graph = self.graph();
        let past = |id: Id| graph.at(id).knowledge.past.clone();
        let mut known = past(store);
        for needed in graph.previous(load).into_iter().chain([graph.at(load).from()]) {
            if needed != INITIAL {
                known.join(&past(needed));
            }
        }
        let graph = self.copy();
        graph.restrict(|id, _| knows(&known, id) || id == load);
        graph.come_last(load);
        graph.read(load, store, 0);
    }

    pub(super) fn end_trial(&mut self) {
        self.leave();
    }

    /// A thread waits for an object at the end of an execution: it may still take it from under
    /// whoever had it.
    pub(super) fn waits(&mut self, thread: u32, label: Label) {
        let object = label.object.expect("it waits for one");
        self.graph_mut().object(object); // perhaps nobody else has used it
        if label.shares() {
            return self.shares(thread, label);
        }
        let graph = self.graph();
        let id = graph.next_of(thread);
        for place in graph.lowest(object, &graph.before(id))..graph.top(object) {
            let graph = self.graph();
            let store = graph.store_at(object, place);
            for option in 0..label.options(graph.value(object, store)) {
                if self.is_worth(id, &label, (place, option)) {
                    self.later(Way::Push { thread, label, store, option });
                }
            }
        }
    }

    /// Whether a read may read the store in this place, and take this option: it must not have to
    /// wait then, nor to go on in its loop; and where a read-modify-write that must stay has read,
    /// no other can.
    fn is_worth(&self, read: Id, label: &Label, (place, option): (usize, usize)) -> bool {
        let graph = self.graph();
        let object = label.object.expect("a read");
        let store = graph.store_at(object, place);
        let value = graph.value(object, store);
        let refuses = || label.awaits && !self.loops.accepts(graph, (read, label), (store, option));
        if !label.accepts(value) || refuses() {
            return false;
        }
        if label.after(value, option).is_none() {
            return true;
        }
        let past = |id: Id| graph.previous(id).map(|previous| &graph.at(previous).knowledge.past);
        let in_past = |id: Id| past(read).is_some_and(|past| knows(past, id));
        graph.successor(object, place).is_none_or(|id| !graph.at(id).frozen && !in_past(id))
    }

    /// Writes down which earlier reads may read this store, which has just been placed.
    ///
    /// One scan over all that is not in its past, from the newest on. At the first event that must
    /// stay, it ends: whatever read is older would take that event away.
    fn revisits(&mut self, store: Id) {
        let graph = self.graph();
        let event = graph.at(store);
        let (object, past) = (event.object(), &event.knowledge.past);
        let value = event.written.expect("it is a store");
        let place = graph.place_of(object, store);
        let next = graph.objects[object as usize].stores.get(place);
        // a read-modify-write has one place; a plain store's must be told by what stays
        let next = next.filter(|_| !event.label.reads());
        let mut found = Vec::new();
        let mut maximal = Maximal::new((graph, &self.loops), past, store);
        for id in Unordered::new(graph, past) {
            let event = graph.at(id);
            let loses_place = next
                .is_some_and(|next| !knows(past, *next) && graph.at(*next).stamp >= event.stamp);
            if event.frozen || loses_place || !maximal.is_maximal(id) {
                break;
            }
            let label = &event.label;
            if label.reads() && label.object == Some(object) {
                let may = |option: &usize| self.may_revisit((id, label), (store, *option));
                found.extend((0..label.options(value)).filter(may).map(|option| (id, option)));
            }
        }
        for (read, option) in found {
            self.later(Way::Revisit { read, store, option });
        }
    }

    /// Goes a way. False if the graph is then inconsistent.
    fn takes(&mut self, way: Way) -> bool {
        self.turned = match way {
            Way::Read { read, .. } | Way::Revisit { read, .. } => Some(read),
            Way::Push { thread, .. } => Some(self.graph().next_of(thread)),
            Way::Place { .. } | Way::Choose { .. } | Way::Take { .. } => None,
        };
        if !self.still_may(way) {
            return false;
        }
        match way {
            Way::Read { read, store, option } => self.reads(read, store, option),
            Way::Choose { event, option } => {
                self.graph_mut().at_mut(event).option = option;
                true
            }
            Way::Place { store, place } => {
                self.graph_mut().place(store, place);
                self.revisits(store);
                self.is_consistent(store)
            }
            Way::Push { thread, label, store, option } => {
                let id = self.graph_mut().push(thread, label);
                self.reads(id, store, option)
            }
            Way::Take { thread, label, store, out } => self.take(thread, label, store, out),
            Way::Revisit { read, store, option } => self.revisit(read, store, option),
        }
    }

    pub(super) fn is_consistent(&mut self, new: Id) -> bool {
        let graph = &self.frames.last().expect("the search is not over").graph;
        self.axiom.holds(graph, new)
    }

    fn reads(&mut self, read: Id, store: Id, option: usize) -> bool {
        self.graph_mut().read(read, store, option);
        if self.graph().at(read).written.is_some() {
            self.comes_between(read);
            // also if another read-modify-write reads the same: that is how the two swap
            self.revisits(read);
            if !is_atomic(self.graph(), read) {
                return false;
            }
        }
        self.is_consistent(read)
    }

    /// Goes on with a graph that is to be changed: a copy of the current one, unless nothing is
    /// left to try of that.
    pub(super) fn branch(&mut self) -> &mut Graph {
        match self.frames.last().is_some_and(|frame| frame.untried.is_empty()) {
            true => self.graph_mut(),
            false => self.copy(),
        }
    }

    fn copy(&mut self) -> &mut Graph {
        let mut frame = self.spare.pop().unwrap_or_default();
        frame.graph.clone_from(self.graph());
        self.frames.push(frame);
        self.graph_mut()
    }

    /// Goes back to the frame below.
    fn leave(&mut self) {
        let left = self.frames.pop();
        let mut frame = left.expect("the search is not over");
        frame.untried.clear();
        if self.spare.len() < SPARE {
            self.spare.push(frame);
        }
    }

    /// The read reads a store that was added after it. What was added in between goes, but for the
    /// past of the store, which must then stay for good.
    fn revisit(&mut self, read: Id, store: Id, option: usize) -> bool {
        let graph = self.graph();
        let (stamp, past) = (graph.at(read).stamp, graph.at(store).knowledge.past.clone());
        let (object, label) = (graph.at(read).object(), graph.at(read).label);
        // what is not enabled behind the store waits, and the store stays
        let rejects =
            || label.takes() && !self.loops.accepts(graph, (read, &label), (store, option));
        let goes = !label.accepts(graph.value(object, store)) || rejects();
        let stays = |id: Id, event: &Event| knows(&past, id) || event.stamp < stamp;
        // seen before the graph is copied: the past of the read stays, and so does what it hides
        let lowest = graph.lowest(object, &graph.before(read));
        let is_coherent = goes || lowest <= graph.place_of(object, store);
        if !is_coherent || !stays_atomic(graph, store, |id| stays(id, graph.at(id))) {
            return false;
        }
        let graph = self.branch();
        graph.restrict(|id, event| stays(id, event) || id == read && !goes);
        graph.freeze(&past);
        graph.held_off_before(stamp);
        if !goes {
            // a replay comes to it after the store
            graph.come_last(read);
        }
        if goes {
            self.turned = None; // it comes again as a new one
            return self.is_consistent(store);
        }
        graph.read(read, store, option);
        if self.graph().at(read).written.is_some() {
            self.comes_between(read);
            self.revisits(read);
        }
        self.is_consistent(store) && self.is_consistent(read)
    }
}

/// Whether no other read-modify-write that stays reads what this store reads, if it reads.
fn stays_atomic(graph: &Graph, store: Id, stays: impl Fn(Id) -> bool) -> bool {
    let event = graph.at(store);
    if !event.label.reads() {
        return true;
    }
    let mut others = graph.readers(event.object(), event.from()).iter();
    !others.any(|id| *id != store && graph.at(*id).written.is_some() && stays(*id))
}

/// Whether no other read-modify-write reads what this one reads.
pub(super) fn is_atomic(graph: &Graph, id: Id) -> bool {
    let event = graph.at(id);
    let mut readers = graph.readers(event.object(), event.from()).iter();
    event.written.is_none() || readers.all(|r| *r == id || graph.at(*r).written.is_none())
}
