//! RC11's axiom of SeqCst: its partial order (psc) has no cycle.
//!
//! The other axioms are kept by construction: what is read or placed is never older than what is
//! known. An event that reads the newest store, or is it, has nothing behind it. So only a stale
//! read, or a store placed before others, can close a cycle, and the cycle leaves that event by
//! coherence or from-read. It is sought from there, in the product of the graph and this automaton:
//! an edge of psc begins at a SeqCst access, or at what a SeqCst fence happens before; goes on by
//! one step of the base relation, or by extended coherence between two fences; and ends at a SeqCst
//! access, or at a SeqCst fence behind. (Lahav et al., PLDI 2017, section 3.)
//!
//! The beginning and the end of a thread are no events here, but in program order they are: what is
//! done before a thread starts is before its first event in C++20's order of SeqCst, and so is its
//! last event before what follows a join.

use super::event::{INITIAL, Id, knows};
use super::graph::Graph;

/// Where in an edge of psc the search is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// At a SeqCst fence: an edge begins at whatever happens after it.
    Fence,
    /// At the first event of a step of the base relation.
    Base,
    /// At the first event of extended coherence.
    Coherence,
    /// Behind a step: the edge may end here, or at a fence behind.
    Behind,
    /// The edge must end at a fence behind.
    BeforeFence,
}

impl At {
    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The search, with room for its marks.
#[derive(Debug, Default)]
pub(super) struct Axiom {
    /// For each thread, what was visited at each event.
    seen: Vec<Vec<u8>>,
}

impl Axiom {
    /// Whether psc still has no cycle, if what leaves this event is all that is new.
    pub(super) fn holds(&mut self, graph: &Graph, new: Id) -> bool {
        let event = graph.at(new);
        let before = &event.knowledge.before;
        let fenced = graph.fences.iter().any(|fence| knows(before, *fence));
        if !event.is_sc() && !fenced {
            return true;
        }
        self.seen.resize_with(graph.threads.len().max(self.seen.len()), Vec::new);
        for (seen, events) in self.seen.iter_mut().zip(&graph.threads) {
            seen.clear();
            seen.resize(events.len(), 0);
        }
        let is_fence_before = |id: Id| graph.at(id).label.is_fence() && knows(before, id);
        let closes = |id: Id| event.is_sc() && id == new || is_fence_before(id);
        let mut walk = Walk { graph, seen: &mut self.seen, todo: Vec::new() };
        let is_closed = walk.reaches((At::Base, new), &closes)
            || fenced && walk.reaches((At::Coherence, new), &is_fence_before);
        !is_closed
    }
}

struct Walk<'a> {
    graph: &'a Graph,
    seen: &'a mut [Vec<u8>],
    todo: Vec<(At, Id)>,
}

impl Walk<'_> {
    /// Returns true if the state is new.
    fn mark(&mut self, (at, id): (At, Id)) -> bool {
        let seen = &mut self.seen[id.thread as usize][id.nth as usize - 1];
        let fresh = *seen & at.bit() == 0;
        *seen |= at.bit();
        fresh
    }

    /// Whether a node of psc that closes a cycle can be reached.
    fn reaches(&mut self, from: (At, Id), closes: &dyn Fn(Id) -> bool) -> bool {
        self.todo.push(from);
        while let Some((at, id)) = self.todo.pop() {
            let fresh = at == At::Behind || self.mark((at, id));
            if !fresh {
                continue;
            }
            match at {
                At::Behind => {
                    let event = self.graph.at(id);
                    if event.is_sc() && event.label.object.is_some() {
                        if closes(id) {
                            return true;
                        }
                        self.todo.push((At::Base, id));
                    }
                    self.todo.push((At::BeforeFence, id));
                }
                At::BeforeFence => {
                    let behind = |fence: &&Id| knows(&self.graph.at(**fence).knowledge.before, id);
                    for fence in self.graph.fences.iter().filter(behind) {
                        if closes(*fence) {
                            return true;
                        }
                        self.todo.push((At::Fence, *fence));
                    }
                }
                At::Fence => {
                    if self.leave_fence(id, closes) {
                        return true;
                    }
                }
                At::Base => self.step(id),
                At::Coherence => self.coherence(id),
            }
        }
        false
    }

    /// From a fence to all that it happens before, and to itself. True if one of them closes a
    /// cycle.
    fn leave_fence(&mut self, fence: Id, closes: &dyn Fn(Id) -> bool) -> bool {
        for thread in 0..self.graph.threads.len() as u32 {
            let first = first_after(self.graph, thread, fence);
            if begins_after(self.graph, thread, fence) {
                self.todo.extend(self.graph.first_of(thread).map(|id| (At::Behind, id)));
            }
            for nth in first..=self.graph.threads[thread as usize].len() as u32 {
                let id = Id { thread, nth };
                let event = self.graph.at(id);
                let is_fence = event.label.is_fence() && event.is_sc();
                if is_fence && id != fence && closes(id) {
                    return true;
                }
                self.todo.push((At::Base, id));
                if event.label.object.is_some() {
                    self.todo.push((At::Coherence, id));
                }
            }
        }
        false
    }

    /// The base relation: program order; happens-before between two steps of program order that
    /// each change the location; happens-before at one location; coherence; from-read.
    fn step(&mut self, id: Id) {
        let graph = self.graph;
        let own = &graph.threads[id.thread as usize];
        let last = own.len() as u32;
        self.todo.extend((id.nth + 1..=last).map(|nth| (At::Behind, Id { nth, ..id })));
        let object = graph.at(id).label.object;
        let differs = |one: Option<u32>, other: Option<u32>| one.is_none() || one != other;
        let elsewhere = (id.nth + 1..=last)
            .map(|nth| Id { nth, ..id })
            .find(|next| differs(graph.at(*next).label.object, object));
        // or the end of the thread, which comes before whatever follows its join
        let joined = graph.join_of(id.thread);
        self.todo.extend(joined.map(|join| (At::BeforeFence, join)));
        let elsewhere = elsewhere.or(joined);
        let others = || (0..graph.threads.len() as u32).filter(|thread| *thread != id.thread);
        for thread in others().filter(|_| elsewhere.is_some()) {
            let from = elsewhere.unwrap_or(id);
            let first = first_after(graph, thread, from);
            let begins = begins_after(graph, thread, from);
            let ids = |from: u32, to: u32| (from..to).map(move |nth| Id { thread, nth });
            let end = graph.threads[thread as usize].len() as u32 + 1;
            // behind the first such SeqCst access, program order leads on; and what leads to a
            // fence leads there from `elsewhere` too
            let found = ids(if begins { first } else { first + 1 }, end).find(|to| {
                let event = graph.at(*to);
                let mut between = ids(first, to.nth);
                let differs = |id| differs(graph.at(id).label.object, event.label.object);
                event.is_sc() && (begins || between.any(differs))
            });
            self.todo.extend(found.map(|to| (At::Behind, to)));
        }
        if object.is_none() {
            return;
        }
        for thread in others() {
            let end = graph.threads[thread as usize].len() as u32 + 1;
            for nth in first_after(graph, thread, id)..end {
                let to = Id { thread, nth };
                if graph.at(to).label.object == object {
                    self.todo.push((At::Behind, to));
                    if graph.at(to).is_sc() {
                        break;
                    }
                }
            }
        }
        self.todo.extend(newer(graph, id).map(|store| (At::Behind, store)));
    }

    /// Extended coherence: reads-from, coherence and from-read, any number of them.
    fn coherence(&mut self, id: Id) {
        let graph = self.graph;
        let readers = |store: Id| graph.at(store).readers.iter().map(|r| (At::BeforeFence, *r));
        self.todo.extend(readers(id));
        for store in newer(graph, id) {
            self.todo.push((At::BeforeFence, store));
            self.todo.extend(readers(store));
        }
    }
}

/// The stores that are newer in coherence than this one, or than the one that this read reads.
fn newer(graph: &Graph, id: Id) -> impl Iterator<Item = Id> {
    let event = graph.at(id);
    let object = event.object();
    let base = if event.label.reads() { event.source.map_or(INITIAL, |s| s.0) } else { id };
    let from = graph.place_of(object, base);
    let stores = &graph.objects[object as usize].stores;
    stores[from..].iter().copied().filter(move |store| *store != id)
}

/// The number of the thread's first event that is this one or happens after it.
fn first_after(graph: &Graph, thread: u32, id: Id) -> u32 {
    let events = &graph.threads[thread as usize];
    1 + events.partition_point(|event| !knows(&event.knowledge.before, id)) as u32
}

/// Whether the thread was started by this event, or by one that happens after it.
fn begins_after(graph: &Graph, thread: u32, id: Id) -> bool {
    // without an event, its start may have been taken away
    graph.first_of(thread).is_some_and(|first| knows(&graph.before(first), id))
}
