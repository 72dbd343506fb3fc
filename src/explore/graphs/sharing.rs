//! Readers and writers of a lock, where readers come in no order.
//!
//! A reader enters: it reads the last release by a writer, and writes nothing. It leaves: an event
//! without an object. A writer takes the lock from all that have entered at one release, once they
//! have left: it comes after their leaving. So who has entered where is all that a graph says, and
//! so many readers beside one writer have two to that power executions, and not a factorial.
//!
//! What else a new reader or writer could take is any release that is free, from under whoever took
//! it; a writer also takes it from under some of those who have entered there. They are removed and
//! wait again, if all that goes with them was added in the maximal way and need not stay. Nothing
//! that was there before reads such an object anew: all of it is in the past of a new release.
//!
//! That alone finds some graphs twice: two readers that enter before a writer of whom the second
//! pushes it out may be reached as two pushes, and as one push and a return. So think of a writer
//! as taking one lock of each thread, in the order of the threads. A reader that pushes a writer
//! out holds off the threads below its own at that release, until what was added since that writer
//! is taken away. They may still enter there by a push of their own, which goes back as far as the
//! writer. An execution in which a thread is held off to the end is in vain: it is another one's.

use super::act::Act;
use super::event::{Does, INITIAL, Id, Label, knows};
use super::graph::Graph;
use super::loops::Loops;
use super::maximal::Maximal;
use super::search::{Search, Way};
use crate::execution::FREE;
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// Threads below one do not enter at a release: what a reader of that one did about a writer.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldOff {
    object: u32,
    store: Id,
    below: u32,
    /// The stamp of the writer that was pushed out.
    stamp: u32,
}

type Ids = SmallVec<[Id; 8]>;

impl Graph {
    /// The readers that have entered at this release.
    fn entered(&self, object: u32, store: Id) -> impl Iterator<Item = Id> {
        let enters = |id: &Id| matches!(self.at(*id).label.does, Does::Acts(Act::Enter));
        self.readers(object, store).iter().copied().filter(enters)
    }

    /// Where the reader that entered so has left, if it has: the first of a thread's guards is the
    /// first that it drops, for all that matters.
    fn left(&self, reader: Id) -> Option<Id> {
        let object = self.at(reader).object();
        let own = &self.threads[reader.thread as usize];
        let enters = |at: usize| {
            own[at].label.object == Some(object)
                && matches!(own[at].label.does, Does::Acts(Act::Enter))
        };
        let leaves = |at: &usize| match own[*at].label.does {
            Does::Acts(Act::Leave { lock }) => lock == object,
            _ => false,
        };
        let earlier = (0..reader.nth as usize - 1).filter(|at| enters(*at)).count();
        let at = (0..own.len()).filter(leaves).nth(earlier)?;
        Some(Id { nth: at as u32 + 1, ..reader })
    }

    /// Where those who entered at this release have left.
    pub(super) fn leavings(&self, object: u32, store: Id) -> impl Iterator<Item = Id> {
        self.entered(object, store).filter_map(|reader| self.left(reader))
    }

    /// Since which stamp a thread does not enter at this release, if so.
    fn held_off_since(&self, thread: u32, object: u32, store: Id) -> Option<u32> {
        let is_it =
            |off: &&HeldOff| (off.object, off.store) == (object, store) && thread < off.below;
        self.held_off.iter().filter(is_it).map(|off| off.stamp).min()
    }

    /// Whether a thread does not enter where it could.
    pub(super) fn holds_off(&self, thread: u32, object: u32) -> bool {
        let top = self.top(object);
        self.held_off_since(thread, object, self.store_at(object, top)).is_some()
    }

    /// What was added from this stamp on is taken away.
    pub(super) fn held_off_before(&mut self, stamp: u32) {
        self.held_off.retain(|off| off.stamp < stamp);
    }

    /// What the thread's next event has in its past.
    fn past_of_next(&self, thread: u32) -> VectorClock {
        let previous = self.previous(self.next_of(thread));
        previous.map_or_else(VectorClock::default, |id| self.at(id).knowledge.past.clone())
    }

    /// Who has entered at this release and need not stay, as the thread's next event sees it.
    fn loose(&self, past: &VectorClock, object: u32, store: Id) -> Ids {
        let is_loose = |id: &Id| !self.at(*id).frozen && !knows(past, *id);
        self.entered(object, store).filter(is_loose).collect()
    }
}

/// The members whose bits are set.
fn chosen(ids: &[Id], bits: u64) -> impl Iterator<Item = Id> {
    ids.iter().enumerate().filter(move |(nth, _)| bits & 1 << nth != 0).map(|(_, id)| *id)
}

impl Search {
    /// Writes down what a thread that enters, or takes the lock for writing, can do besides taking
    /// the newest release as it is.
    pub(super) fn shares(&mut self, thread: u32, label: Label) {
        let graph = self.graph();
        let object = label.object.expect("a lock");
        let lowest = graph.lowest(object, &graph.before(graph.next_of(thread)));
        let past = graph.past_of_next(thread);
        let enters = matches!(label.does, Does::Acts(Act::Enter));
        let mut found: SmallVec<[Way; 4]> = SmallVec::new();
        for place in lowest..=graph.top(object) {
            let store = graph.store_at(object, place);
            let taker = graph.successor(object, place);
            let stays = |id: Id| graph.at(id).frozen || knows(&past, id);
            if graph.value(object, store) != FREE || taker.is_some_and(stays) {
                continue;
            }
            let take = |out| Way::Take { thread, label, store, out };
            if enters {
                let held_off = graph.held_off_since(thread, object, store).is_some();
                found.extend((taker.is_some() || held_off).then(|| take(0)));
                continue;
            }
            let loose = graph.loose(&past, object, store);
            let inside = |id: &Id| graph.left(*id).is_none();
            if graph.entered(object, store).any(|id| inside(&id) && !loose.contains(&id)) {
                continue;
            }
            for out in u64::from(taker.is_none())..1 << loose.len() {
                if !chosen(&loose, !out).any(|id| inside(&id)) {
                    found.push(take(out));
                }
            }
        }
        found.into_iter().for_each(|way| self.later(way));
    }

    /// A thread enters at a release, or takes it for writing, from under its taker and those of the
    /// loose readers that are told by `out`. False if the graph is then inconsistent, or is reached
    /// on another way.
    pub(super) fn take(&mut self, thread: u32, label: Label, store: Id, out: u64) -> bool {
        let graph = self.graph_mut();
        let object = label.object.expect("a lock");
        let mut past = graph.past_of_next(thread);
        let loose = graph.loose(&past, object, store);
        let id = graph.push(thread, label);
        if store != INITIAL {
            past.join(&graph.at(store).knowledge.past);
        }
        let mut goes: Ids = chosen(&loose, out).collect();
        goes.extend(graph.successor(object, graph.place_of(object, store)));
        let mut oldest = goes.iter().map(|id| graph.at(*id).stamp).min();
        let enters = matches!(label.does, Does::Acts(Act::Enter));
        if enters {
            let held_off = graph.held_off_since(thread, object, store);
            oldest = oldest.into_iter().chain(held_off).min();
        } else {
            for reader in graph.entered(object, store).filter(|id| !goes.contains(id)) {
                let left = graph.left(reader).expect("who stays has left");
                past.join(&graph.at(left).knowledge.past);
            }
        }
        past.set(ThreadId(thread), id.nth);
        let stamp = oldest.expect("somebody goes");
        let graph = self.graph();
        let can_go = can_go((graph, &self.loops), &past, stamp, id);
        if goes.iter().any(|id| knows(&past, *id)) || !can_go {
            return false;
        }
        let graph = self.branch();
        graph.restrict(|id, event| knows(&past, id) || event.stamp < stamp);
        graph.freeze(&past);
        graph.held_off_before(stamp);
        if enters {
            graph.held_off.push(HeldOff { object, store, below: thread, stamp });
        }
        let lowest = graph.lowest(object, &graph.before(id));
        let is_coherent = lowest <= graph.place_of(object, store);
        if !is_coherent {
            return false;
        }
        graph.read(id, store, 0);
        self.is_consistent(id)
    }
}

/// Whether all that is not older than the stamp, and not in this past, may be taken away for the
/// new event.
fn can_go((graph, loops): (&Graph, &Loops), past: &VectorClock, stamp: u32, new: Id) -> bool {
    let newer = graph.added.iter().rev().take_while(|id| graph.at(**id).stamp >= stamp);
    let mut maximal = Maximal::new((graph, loops), past, new);
    newer.filter(|id| !knows(past, **id)).all(|id| !graph.at(*id).frozen && maximal.is_maximal(*id))
}
