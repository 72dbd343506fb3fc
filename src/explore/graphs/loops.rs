//! Loops that wait for other threads.
//!
//! A loop may have any number of rounds, so its rounds must not all be explored. A round without
//! effects, behind which the thread is where it was before, changes nothing for anybody: an
//! execution without the round has the same outcome. So a thread that is about to repeat what it
//! has read, after it has yielded, is put to the test once: it is given the same values again,
//! round after round. If it does anything else within [`ROUNDS`], the loop ends by itself (as a
//! backoff does), and its rounds are events as all others. If it does not, the thread waits there.
//!
//! * If a round ends with a load, the load is an *awaiting* event: it reads only stores behind
//!   which the thread does something else, which is learned by giving it the value of each. So no
//!   execution is in vain. What the round has read before that may be turned to other stores. If
//!   it cannot be, and the load waits at the end of an execution, the loop has no end.
//!   (Kokologiannakis, Vafeiadis, "GenMC", CAV 2021, has awaits that the compiler finds. Here the
//!   loop is an opaque closure, and its condition is learned.)
//! * If it ends with a compare-exchange, that is awaiting as well (`spins.rs`), SeqCst or not.
//! * Otherwise, and where SeqCst may have a say in what is loaded, the thread stays where it is for
//!   the rest of the execution, which then counts for nothing: its reads are turned to other stores
//!   in other executions. A round in which something has failed for no reason cannot be turned: it
//!   ends the execution.
//!
//! What is learned is kept by the thread's [history]: what a thread does next is a function of what
//! it has read, and of the memory that it may touch since it knows who wrote there last.

use super::event::{Event, INITIAL, Id, Label, knows};
use super::graph::Graph;
use super::spins::Spins;
use crate::execution::Stored;
use crate::vocabulary::trace::{Operation, ThreadId};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::{Hash, Hasher};
use std::panic::Location;
use std::sync::atomic::Ordering;

/// How many operations a thread repeats before its loop counts as one without an end.
pub(super) const ROUNDS: u32 = 1_000;

/// What a thread does when it is given again what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// Something else, after some rounds.
    On,
    /// Round and round.
    Round,
}

/// A thread, and what it has done.
type At = (u32, u64);

/// What is known of the model's loops.
#[derive(Clone, Debug, Default)]
pub(super) struct Loops {
    /// Whether some thread has yielded. Before that, there is nothing to know.
    pub(super) sees: bool,
    /// What a thread does where it would repeat itself.
    known: FxHashMap<At, Goes>,
    /// Whether a value ends the loop of an event.
    ends: FxHashMap<(At, u64), bool>,
    /// The loads and compare-exchanges behind which a thread has gone round.
    places: FxHashSet<&'static Location<'static>>,
    /// How many events of its round a thread has had before such a one.
    begun: FxHashMap<At, u32>,
    pub(super) spins: Spins,
}

fn number(of: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The history of an event that is otherwise complete.
///
/// It has the values that its thread has read, and the histories of the other threads as far as
/// they happened before. An address differs between executions, so its store stands for it.
pub(super) fn history(graph: &Graph, id: Id) -> u64 {
    let event = graph.at(id);
    let previous = graph.previous(id);
    let was = previous.map_or(0, |previous| graph.at(previous).history);
    let key = (event.label.operation.name(), event.label.object, event.option);
    let read = event.source.map(|(store, value)| value_of(graph, store, value));
    let mut history = number((was, key, event.order() as u8, read));
    let before = previous.map(|previous| &graph.at(previous).knowledge.before);
    if before.is_some_and(|before| before.includes(&event.knowledge.before)) {
        return history;
    }
    for thread in (0..graph.threads.len() as u32).filter(|thread| *thread != id.thread) {
        let nth = event.knowledge.before.get(ThreadId(thread));
        if nth > before.map_or(0, |before| before.get(ThreadId(thread))) {
            history = number((history, thread, graph.at(Id { thread, nth }).history));
        }
    }
    history
}

/// What a thread learns from a value.
fn value_of(graph: &Graph, store: Id, value: Stored) -> u64 {
    match (value, store) {
        (Stored::Bits(bits), _) => number((0, bits)),
        (Stored::Pointer(_), INITIAL) => number(1),
        (Stored::Pointer(_), store) => {
            number((2, store.thread, store.nth, graph.at(store).history))
        }
    }
}

/// Whether the value of this event is all that it has for others: nothing.
fn is_without_effect(event: &Event) -> bool {
    event.written.is_none() && event.label.only_looks()
}

/// The event that a thread would repeat with this operation, in a round without effects, among
/// those at the same place. It has yielded when it had had `yielded` events.
pub(super) fn repeated(
    graph: &Graph,
    (thread, yielded): (u32, u32),
    (operation, object): (Operation, Option<u32>),
    is_there: impl Fn(Id) -> bool,
) -> Option<Id> {
    let events = graph.threads.get(thread as usize)?;
    let ids = (1..=events.len() as u32).rev().map(|nth| Id { thread, nth });
    let round = ids.take_while(|id| is_without_effect(graph.at(*id)));
    let is_like = |id: &Id| {
        let label = &graph.at(*id).label;
        label.is_like(operation) && label.object == object
    };
    round.filter(|id| id.nth <= yielded && is_there(*id)).find(is_like)
}

/// Whether SeqCst may have a say in what a load reads, which need not be there yet.
fn is_ordered(graph: &Graph, load: Id, order: Ordering) -> bool {
    let known = graph.before(load);
    order == Ordering::SeqCst || graph.fences.iter().any(|fence| knows(&known, *fence))
}

impl Loops {
    /// Whether anything awaits.
    pub(super) fn knows_any(&self) -> bool {
        !self.places.is_empty()
    }

    /// Whether the thread's next operation at this place would be an awaiting event.
    pub(super) fn awaits(
        &self,
        graph: &Graph,
        thread: u32,
        (label, place): (&Label, &'static Location<'static>),
    ) -> bool {
        let of_object = |object| match (label.operation, label.exchange()) {
            (Operation::Load(order), _) => !is_ordered(graph, graph.next_of(thread), order),
            (_, Some(exchange)) => self.spins.may_take(object, exchange.expected),
            (_, None) => false,
        };
        self.places.contains(place) && label.object.is_some_and(of_object)
    }

    /// Where a thread stands at an event of its, or before it.
    fn before(graph: &Graph, id: Id) -> At {
        (id.thread, graph.previous(id).map_or(0, |previous| graph.at(previous).history))
    }

    fn behind(graph: &Graph, id: Id) -> At {
        (id.thread, graph.at(id).history)
    }

    /// Whether a store ends the loop of an awaiting event that takes this option, as far as that is
    /// known. The event need not be there yet.
    pub(super) fn ends(
        &self,
        graph: &Graph,
        (id, label): (Id, &Label),
        (store, option): (Id, usize),
    ) -> Option<bool> {
        let value = graph.value(label.object.expect("it waits for one"), store);
        if label.exchange().is_some() && label.after(value, option).is_some() {
            return Some(true);
        }
        let read = number((value_of(graph, store, value), option));
        self.ends.get(&(Loops::before(graph, id), read)).copied()
    }

    /// Whether an awaiting event may read a store: it ends the loop, or nobody knows better.
    pub(super) fn accepts(
        &self,
        graph: &Graph,
        (id, label): (Id, &Label),
        read: (Id, usize),
    ) -> bool {
        self.ends(graph, (id, label), read) != Some(false)
    }

    /// What the event has read ends its loop, or does not.
    pub(super) fn learn_end(&mut self, graph: &Graph, id: Id, ends: bool) {
        let event = graph.at(id);
        let (store, value) = event.source.expect("it has read");
        let read = number((value_of(graph, store, value), event.option));
        self.ends.insert((Loops::before(graph, id), read), ends);
    }

    /// What a thread does after this event, its last, where it would repeat itself.
    pub(super) fn goes(&self, graph: &Graph, last: Id) -> Option<Goes> {
        self.known.get(&Loops::behind(graph, last)).copied()
    }

    /// What it does was seen. If that shows that the last event, at this place, is one that awaits,
    /// which was not known, all that was explored until now must be explored anew.
    pub(super) fn learn(
        &mut self,
        graph: &Graph,
        (first, last): (Id, Id),
        (goes, place): (Goes, &'static Location<'static>),
    ) -> bool {
        self.known.insert(Loops::behind(graph, last), goes);
        if goes == Goes::On {
            return false;
        }
        self.begun.insert(Loops::before(graph, last), last.nth - first.nth);
        let label = &graph.at(last).label;
        let may_await = match (label.operation, label.exchange()) {
            (Operation::Load(order), _) => !is_ordered(graph, last, order),
            (_, Some(exchange)) => {
                self.spins.may_take(label.object.expect("it accesses one"), exchange.expected)
            }
            (_, None) => false,
        };
        may_await && self.places.insert(place)
    }

    /// A pair of an awaiting load and a newer store of which it is not known whether the load would
    /// read it, where this event is one of the two.
    pub(super) fn unknown(&self, graph: &Graph, id: Id) -> Option<(Id, Id)> {
        if self.places.is_empty() {
            return None;
        }
        let event = graph.at(id);
        let object = event.label.object?;
        let is_load = |id: Id| graph.at(id).label.awaits && !graph.at(id).label.takes();
        let is_unknown = |load: Id, store: Id| {
            !knows(&graph.at(store).knowledge.past, load)
                && self.ends(graph, (load, &graph.at(load).label), (store, 0)).is_none()
        };
        let stores = &graph.objects[object as usize].stores;
        if is_load(id) {
            let newer = &stores[graph.place_of(object, event.from())..];
            return newer.iter().find(|store| is_unknown(id, **store)).map(|store| (id, *store));
        }
        event.written?;
        let place = graph.place_of(object, id);
        let older = (0..place).flat_map(|at| graph.readers(object, graph.store_at(object, at)));
        let mut loads = older.filter(|reader| is_load(**reader));
        loads.find(|load| is_unknown(**load, id)).map(|load| (*load, id))
    }

    /// The first event of the round at whose end the thread waits; or where that event will be.
    pub(super) fn begins_round(&self, graph: &Graph, thread: u32) -> Id {
        let next = graph.next_of(thread);
        let begun = self.begun.get(&Loops::before(graph, next)).copied().unwrap_or(0);
        Id { nth: next.nth - begun, ..next }
    }

    /// Whether the thread waits: there is nothing that its next operation, an awaiting event, may
    /// read. A compare-exchange waits until it finds what it expects in the newest store.
    pub(super) fn waits(&self, graph: &Graph, thread: u32, label: &Label) -> bool {
        let (id, object) = (graph.next_of(thread), label.object.expect("it waits for one"));
        let top = graph.top(object);
        let lowest = if label.takes() { top } else { graph.lowest(object, &graph.before(id)) };
        let mut stores = (lowest..=top).map(|at| graph.store_at(object, at));
        !stores.any(|store| self.accepts(graph, (id, label), (store, 0)))
    }
}
