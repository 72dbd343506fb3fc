//! Loops whose rounds end with a compare-exchange: spin locks, and their like.
//!
//! A compare-exchange that fails is a load. If a thread goes round behind it, it is an awaiting
//! event, as such a load is. It accepts what it expects, and then it writes: of two that read one
//! store, only one can. So it is a lock, and the rules are those of an operation that waits for an
//! object (`act.rs`): it is added when the newest store is what it expects; where another one takes
//! that from under it, it is removed and waits; if it waits at the end, it tries all older stores.
//!
//! Those rules are exact because all changes of a lock are one chain: each knows the one before.
//! Whoever spins in a model need not keep to that. So the stores to an object are watched. If one
//! could stand elsewhere, or a read-modify-write comes between a store and the one before it, the
//! object is *raced for*. Then all is explored anew, and what spins on it is an ordinary event. The
//! same happens if the loop ends where the compare-exchange fails.

use super::event::{Does, INITIAL, Id, Label, NOTHING};
use super::graph::Graph;
use super::rounds::{After, Repeating};
use super::search::{Search, Way};
use super::strategy::Graphs;
use crate::execution::{Pending, Stop, Stored, World, Writes};
use crate::vocabulary::trace::Operation;
use rustc_hash::FxHashSet;
use std::panic::Location;

/// What is known of the objects on which threads spin.
#[derive(Clone, Debug, Default)]
pub(super) struct Spins {
    /// On which some thread has spun.
    taken: FxHashSet<u32>,
    raced: FxHashSet<u32>,
    /// Whether an object turned out to be raced for that was not taken for one.
    pub(super) was_wrong: bool,
}

impl Spins {
    /// Whether a compare-exchange of the object may be an awaiting event. One that expects an
    /// address may not: addresses are those of one execution.
    pub(super) fn may_take(&self, object: u32, expected: Stored) -> bool {
        let is_address = matches!(expected, Stored::Pointer(address) if !address.is_null());
        !is_address && !self.raced.contains(&object)
    }

    /// A thread spins on the object.
    pub(super) fn takes(&mut self, object: u32) {
        self.taken.insert(object);
    }

    /// The changes of the object are no chain.
    pub(super) fn races(&mut self, object: u32) {
        if self.raced.insert(object) && self.taken.contains(&object) {
            self.was_wrong = true;
        }
    }
}

impl Search {
    /// The store could stand elsewhere, or it could not.
    pub(super) fn stands_alone(&mut self, object: u32, alone: bool) {
        if !alone && self.loops.knows_any() {
            self.loops.spins.races(object);
        }
    }

    /// The read-modify-write has been placed. It must not come between a store and the one before.
    pub(super) fn comes_between(&mut self, id: Id) {
        if !self.loops.knows_any() {
            return;
        }
        let graph = self.graph();
        let object = graph.at(id).object();
        let next = graph.objects[object as usize].stores.get(graph.place_of(object, id));
        let is_plain = next.is_some_and(|next| graph.at(*next).label.only_stores());
        self.stands_alone(object, !is_plain);
    }

    /// Whether a store may be read by an earlier event, as far as loops are concerned. Where one
    /// that takes would have to wait, the store is about to take from under it what it has read. If
    /// that is not known, it reads the store, to find out.
    pub(super) fn may_revisit(
        &self,
        (id, label): (Id, &Label),
        (store, option): (Id, usize),
    ) -> bool {
        let graph = self.graph();
        let value = || graph.value(label.object.expect("a read"), store);
        let is_pushed = || label.takes() && !label.expects(value());
        !label.awaits || is_pushed() || self.loops.accepts(graph, (id, label), (store, option))
    }

    /// Whether what was written down may be done: more may have been learned of loops since then.
    pub(super) fn still_may(&self, way: Way) -> bool {
        match way {
            Way::Read { read, store, option } => {
                let label = &self.graph().at(read).label;
                !label.awaits || self.loops.accepts(self.graph(), (read, label), (store, option))
            }
            Way::Revisit { read, store, option } => {
                self.may_revisit((read, &self.graph().at(read).label), (store, option))
            }
            Way::Push { thread, label, store, option } => {
                let id = self.graph().next_of(thread);
                !label.awaits || self.loops.accepts(self.graph(), (id, &label), (store, option))
            }
            Way::Place { .. } | Way::Choose { .. } | Way::Take { .. } => true,
        }
    }

    /// The last event has read what made it wait: it is removed, and its thread waits.
    pub(super) fn withdraw(&mut self, id: Id) {
        self.graph_mut().restrict(|other, _| other != id);
        self.turned = None; // it comes again as a new one
    }
}

/// Whether the event has read a store that was added after it and takes from under it what it had
/// read before.
pub(super) fn was_pushed(graph: &Graph, id: Id) -> bool {
    let event = graph.at(id);
    let pushes = |(store, value): (Id, Stored)| {
        let is_newer = store != INITIAL && graph.at(store).stamp > event.stamp;
        is_newer && !event.label.expects(value)
    };
    event.label.takes() && event.source.is_some_and(pushes)
}

/// The event that an announced operation would be, if it is a load or a compare-exchange.
pub(super) fn next_label(pending: &Pending, object: Option<u32>) -> Option<Label> {
    let does = match (pending.operation, pending.exchange) {
        (Operation::Load(_), _) => NOTHING,
        (_, Some(exchange)) => {
            Does::Writes(Writes::Exchanged { exchange, fails: pending.spurious })
        }
        (_, None) => return None,
    };
    Some(Label { operation: pending.operation, object, does, awaits: false })
}

impl Graphs {
    /// If an object turned out to be raced for, all is explored anew.
    pub(super) fn was_wrong(&mut self) {
        if std::mem::take(&mut self.search.loops.spins.was_wrong) {
            self.rounds.trial = None;
            self.stops_with(Stop::InVain, After::Anew);
        }
    }

    /// Whether the thread's next operation, at the place where it was chosen, awaits.
    pub(super) fn awaits(&mut self, thread: u32, label: &Label) -> bool {
        let Some(place) = self.place else { return false };
        self.awaits_at(thread, (label, place))
    }

    pub(super) fn awaits_at(
        &mut self,
        thread: u32,
        (label, place): (&Label, &'static Location<'static>),
    ) -> bool {
        let awaits = self.search.loops.awaits(self.search.graph(), thread, (label, place));
        if let (true, Some(object), Some(_)) = (awaits, label.object, label.exchange()) {
            self.search.loops.spins.takes(object);
        }
        awaits
    }

    /// Whether there is nothing that an awaiting event of the thread may read.
    pub(super) fn waits(&self, thread: u32, label: &Label) -> bool {
        self.search.loops.waits(self.search.graph(), thread, label)
    }

    /// The awaiting event that the thread is about to add, if it is a compare-exchange.
    pub(super) fn spins(&mut self, world: &World, thread: u32, pending: &Pending) -> Option<Label> {
        pending.exchange.filter(|_| self.due().is_none())?;
        let object = self.names.object(&world.objects, pending.object?);
        let label = next_label(pending, Some(object))?;
        let awaits = self.awaits_at(thread, (&label, pending.location));
        awaits.then_some(Label { awaits, ..label })
    }

    /// Whether the thread repeats a round in which something has failed for no reason.
    pub(super) fn fails_again(&self, thread: u32) -> bool {
        let round = |of: &Repeating| self.failed_for_no_reason(of.first, of.last);
        self.rounds.repeating.as_ref().is_some_and(|of| of.thread == thread && round(of))
    }

    pub(super) fn failed_for_no_reason(&self, first: Id, last: Id) -> bool {
        let events = &self.search.graph().threads[first.thread as usize];
        let round = &events[first.nth as usize - 1..last.nth as usize];
        round.iter().any(|event| event.option != 0)
    }
}
