//! Which thread goes on where a graph ends, which one waits in a loop, and the executions that only
//! find that out.

use super::event::{Id, Label};
use super::loops::{self, Goes, ROUNDS};
use super::spins::{next_label, was_pushed};
use super::strategy::Graphs;
use crate::execution::{Access, Ending, Pending, Point, Stop};
use crate::vocabulary::trace::{Operation, ThreadId};
use std::panic::Location;

type Place = &'static Location<'static>;

/// What comes after an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum After {
    /// The next graph.
    #[default]
    Next,
    /// The next graph. This one has a load that must not read what it reads.
    Rejected,
    /// The same graph once more. More is known now.
    Again,
    /// A graph in which the load reads the store, to find out what it does then.
    Trial { load: Id, store: Id },
    /// All that was explored is explored anew.
    Anew,
}

/// A thread that is given again what it has read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeating {
    pub(super) thread: u32,
    /// The round that it repeats.
    pub(super) first: Id,
    pub(super) last: Id,
    place: &'static Location<'static>,
    operations: u32,
}

/// What an execution knows of its threads that are in loops.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    pub(super) after: After,
    pub(super) stop: Option<Stop>,
    /// How many events each thread had had when it yielded last.
    yielded: Vec<u32>,
    /// The same for when it changed plain memory last. That is an effect, too.
    wrote: Vec<u32>,
    /// Where each thread's events are in its code.
    places: Vec<Vec<Option<Place>>>,
    /// An awaiting load that was the last event, if it is not known whether it may read that.
    undecided: Option<Id>,
    pub(super) repeating: Option<Repeating>,
    /// The load whose value is tried.
    pub(super) trial: Option<Id>,
    started: bool,
    /// Whether a thread is held off that could go on.
    pub(super) holds_off: bool,
}

impl Rounds {
    pub(super) fn is_repeating(&self) -> bool {
        self.repeating.is_some()
    }
}

/// Notes something for a thread.
fn note<T: Clone + Default>(all: &mut Vec<T>, thread: u32, noted: T) {
    let at = thread as usize;
    all.resize(all.len().max(at + 1), T::default());
    all[at] = noted;
}

/// Where a thread stands.
enum Stands {
    /// It can go on.
    Ready,
    /// It waits for a store. If nobody makes one, it waits for ever.
    Waits,
    /// It waits in a loop, of which this is the first event in a round. Its reads may be turned to
    /// other stores.
    Stays(Id),
    /// It is about to repeat this round.
    Repeats(Id, Id),
}

impl Graphs {
    /// Prepares another execution. False if there is none.
    pub(super) fn goes_on(&mut self) -> bool {
        let rounds = &mut self.rounds;
        let goes_on = match std::mem::take(&mut rounds.after) {
            After::Next | After::Rejected => {
                !std::mem::replace(&mut rounds.started, true) || self.search.next()
            }
            After::Again => true,
            After::Trial { load, store } => {
                self.search.begin_trial(load, store);
                rounds.trial = Some(load);
                true
            }
            After::Anew => {
                self.search.begin_anew();
                true
            }
        };
        self.rounds = Rounds { trial: self.rounds.trial, started: true, ..Rounds::default() };
        self.was_wrong();
        goes_on
    }

    pub(super) fn stops_with(&mut self, stop: Stop, after: After) {
        self.rounds.stop.get_or_insert(stop);
        if self.rounds.after != After::Anew {
            self.rounds.after = after;
        }
    }

    /// Ends the execution in the middle of an access.
    pub(super) fn ends_here(&mut self, after: After) -> Ending {
        self.rounds.after = after;
        Ending::InVain
    }

    /// The thread changes plain memory.
    pub(super) fn writes_plainly(&mut self, thread: u32) {
        let done = self.done.get(thread as usize).copied().unwrap_or(0);
        note(&mut self.rounds.wrote, thread, done);
    }

    /// The thread yields.
    pub(super) fn yields(&mut self, thread: u32) {
        if !std::mem::replace(&mut self.search.loops.sees, true) {
            self.stops_with(Stop::InVain, After::Anew); // the events so far have no histories
        }
        let done = self.done.get(thread as usize).copied().unwrap_or(0);
        note(&mut self.rounds.yielded, thread, done);
        self.rounds.repeating.iter_mut().for_each(|repeating| repeating.operations += 1);
    }

    /// An event has taken effect.
    pub(super) fn has_passed(&mut self, id: Id) {
        if self.search.loops.sees {
            let (thread, places) = (id.thread as usize, &mut self.rounds.places);
            places.resize(places.len().max(thread + 1), Vec::new());
            places[thread].push(self.place);
        }
        let graph = self.search.graph();
        let event = graph.at(id);
        if event.label.awaits {
            let read = (event.from(), event.option);
            let is_known = self.search.loops.ends(graph, (id, &event.label), read).is_some();
            self.rounds.undecided = (!is_known).then_some(id);
        }
        if self.rounds.trial.is_none()
            && let Some((load, store)) = self.search.loops.unknown(graph, id)
        {
            self.stops_with(Stop::InVain, After::Trial { load, store });
        }
        self.was_wrong();
    }

    /// The event that a thread repeats. An error if it would do something else.
    pub(super) fn again(&mut self, access: &Access, object: u32) -> Result<Id, Ending> {
        let repeating = self.rounds.repeating.expect("a thread repeats a round");
        let graph = self.search.graph();
        let of = (access.operation, Some(object));
        let id = self.repeated((repeating.thread, repeating.last.nth), of, self.place);
        let is_same = |id: &Id| {
            let event = graph.at(*id);
            let value = graph.value(object, event.from());
            let has_option = event.option < access.writes.options(value);
            has_option && access.writes.after(value, event.option).is_none()
        };
        match id.filter(is_same) {
            Some(id) => Ok(id),
            None => {
                self.learns(Goes::On);
                Err(Ending::InVain)
            }
        }
    }

    /// The same for a try that has failed.
    pub(super) fn acts_again(&mut self, label: &Label) -> Result<Id, Ending> {
        let repeating = self.rounds.repeating.expect("a thread repeats a round");
        let of = (label.operation, label.object);
        let until = (repeating.thread, repeating.last.nth);
        self.repeated(until, of, self.place).ok_or_else(|| {
            self.learns(Goes::On);
            Ending::InVain
        })
    }

    /// What the repeating thread does is known.
    fn learns(&mut self, goes: Goes) {
        let repeating = self.rounds.repeating.take().expect("a thread repeats a round");
        let round = (repeating.first, repeating.last);
        let anew = self.search.learn(round, (goes, repeating.place));
        if anew {
            self.rounds.trial = None;
        }
        self.stops_with(Stop::InVain, if anew { After::Anew } else { After::Again });
    }

    /// Whether the execution has ended because there is no model of what a repeating thread does.
    /// It does then not repeat what it did.
    pub(super) fn is_refused_while_repeating(&mut self) -> bool {
        let is_repeating = self.rounds.is_repeating();
        if is_repeating {
            self.learns(Goes::On);
        }
        is_repeating
    }

    /// The repeating thread goes on, if it still does what it did.
    pub(super) fn repeats(&mut self, point: &Point<'_>) -> ThreadId {
        let repeating = self.rounds.repeating.as_mut().expect("a thread repeats a round");
        repeating.operations += 1;
        let (thread, last, operations) = (repeating.thread, repeating.last, repeating.operations);
        let found = point.enabled.iter().find(|live| self.names.thread(**live) == thread);
        let Some(live) = found.copied() else {
            self.learns(Goes::On);
            return point.enabled[0];
        };
        let of = self.named(point, point.pending(live));
        let place = Some(point.pending(live).location);
        if self.repeated((thread, last.nth), of, place).is_none() {
            self.learns(Goes::On);
        } else if operations > ROUNDS {
            self.learns(Goes::Round);
        }
        live
    }

    fn named(&mut self, point: &Point<'_>, pending: &Pending) -> (Operation, Option<u32>) {
        let object = pending.object.map(|object| self.names.object(point.objects, object));
        (pending.operation, object)
    }

    /// Where a thread stands that has had all its events.
    fn stands(&mut self, point: &Point<'_>, live: ThreadId) -> Stands {
        let (thread, pending) = (self.names.thread(live), point.pending(live));
        let has_yielded = self.rounds.yielded.get(thread as usize).is_some_and(|at| *at > 0);
        if !has_yielded && !self.search.loops.knows_any() {
            return Stands::Ready;
        }
        let of = self.named(point, pending);
        let label = next_label(pending, of.1);
        let awaits = label.filter(|label| self.awaits_at(thread, (label, pending.location)));
        let (graph, loops) = (self.search.graph(), &self.search.loops);
        if let Some(first) = self.repeats_from(thread, of, pending.location) {
            let last = graph.last_of(thread).expect("it has done something");
            return match loops.goes(graph, last) {
                None => Stands::Repeats(first, last),
                Some(Goes::On) => Stands::Ready,
                Some(Goes::Round) => Stands::Stays(first),
            };
        }
        let is_known = |object: u32| {
            let known = graph.objects.get(object as usize);
            known.is_some_and(|object| object.initial.is_some())
        };
        let waits = |label: &Label| {
            let label = Label { awaits: true, ..*label };
            label.object.is_some_and(is_known) && loops.waits(graph, thread, &label)
        };
        if awaits.is_some_and(|label| waits(&label)) { Stands::Waits } else { Stands::Ready }
    }

    /// The event that the thread repeats with this operation at this place.
    fn repeated(
        &self,
        (thread, until): (u32, u32),
        of: (Operation, Option<u32>),
        place: Option<Place>,
    ) -> Option<Id> {
        let is_there = |id: Id| self.place_of(id) == place;
        loops::repeated(self.search.graph(), (thread, until), of, is_there)
    }

    /// Where an event is in the code.
    fn place_of(&self, id: Id) -> Option<Place> {
        *self.rounds.places.get(id.thread as usize)?.get(id.nth as usize - 1)?
    }

    /// The event from which on the thread would repeat what it has read.
    fn repeats_from(&self, thread: u32, of: (Operation, Option<u32>), place: Place) -> Option<Id> {
        let yielded = self.rounds.yielded.get(thread as usize).copied()?;
        let first = self.repeated((thread, yielded), of, Some(place))?;
        let wrote = self.rounds.wrote.get(thread as usize).copied().unwrap_or(0);
        (wrote < first.nth).then_some(first)
    }

    /// The thread that adds the next event: the leftmost that can go on.
    pub(super) fn extends(&mut self, point: &Point<'_>) -> ThreadId {
        if let Some(load) = self.rounds.undecided.take() {
            return self.decides(point, load);
        }
        let mut livelock = None;
        let mut stays = false;
        let mut after = None;
        loop {
            let named = point.enabled.iter().map(|live| (self.names.thread(*live), *live));
            let others = named.filter(|(name, _)| after.is_none_or(|after| *name > after));
            let Some((name, live)) = others.min() else { break };
            after = Some(name);
            livelock.get_or_insert(live);
            match self.stands(point, live) {
                Stands::Ready => return live,
                Stands::Waits => {
                    let first = self.search.loops.begins_round(self.graph(), name);
                    stays |= !self.reads_newest(first);
                }
                Stands::Stays(first) => {
                    let last = self.graph().last_of(name).expect("it has done something");
                    if self.failed_for_no_reason(first, last) {
                        // it can be turned no more
                        self.stops_with(Stop::InVain, After::Rejected);
                        return live;
                    }
                    stays |= !self.reads_newest(first);
                }
                Stands::Repeats(first, last) => {
                    return self.begins_to_repeat(point, live, (first, last));
                }
            }
        }
        let may_end = stays || self.rounds.holds_off;
        let livelock = livelock.filter(|_| !may_end);
        let stop = livelock.map_or(Stop::InVain, |thread| Stop::Livelock(thread, self.depth));
        self.stops_with(stop, After::Next);
        point.enabled[0]
    }

    fn begins_to_repeat(
        &mut self,
        point: &Point<'_>,
        live: ThreadId,
        (first, last): (Id, Id),
    ) -> ThreadId {
        let thread = self.names.thread(live);
        let place = self.place_of(last).unwrap_or(point.pending(live).location);
        self.rounds.repeating = Some(Repeating { thread, first, last, place, operations: 0 });
        live
    }

    /// An awaiting load is the last event. What its thread does next shows whether it may read what
    /// it has read.
    fn decides(&mut self, point: &Point<'_>, load: Id) -> ThreadId {
        let live = point.enabled.iter().find(|live| self.names.thread(**live) == load.thread);
        let repeats = live.and_then(|live| {
            let of = self.named(point, point.pending(*live));
            let place = point.pending(*live).location;
            self.repeats_from(load.thread, of, place).map(|first| (*live, first))
        });
        let goes = self.search.loops.goes(self.search.graph(), load);
        let ends = match (repeats, goes) {
            (Some((live, first)), None) => {
                return self.begins_to_repeat(point, live, (first, load));
            }
            (Some(_), Some(Goes::Round)) => false,
            (Some(_), Some(Goes::On)) | (None, _) => true,
        };
        self.is_decided(load, ends);
        if self.rounds.stop.is_some() { point.enabled[0] } else { self.extends(point) }
    }

    /// It is known whether the load may read what it has read.
    fn is_decided(&mut self, load: Id, ends: bool) {
        self.search.learn_end(load, ends);
        let is_fresh = self.search.turned != Some(load);
        let label = self.graph().at(load).label;
        if label.takes() && ends {
            // only what it expects must end the loop
            self.search.loops.spins.races(label.object.expect("it has read one"));
            return self.was_wrong();
        }
        if self.rounds.trial.take().is_some() {
            self.search.end_trial();
            self.stops_with(Stop::InVain, After::Again);
        } else if !ends && is_fresh {
            self.search.retract(load);
            self.stops_with(Stop::InVain, After::Again);
        } else if !ends && was_pushed(self.graph(), load) {
            self.search.withdraw(load);
            self.stops_with(Stop::InVain, After::Again);
        } else if !ends {
            self.stops_with(Stop::InVain, After::Rejected);
        }
    }

    /// The execution is over: a load that is still undecided has ended its loop. Whether it was an
    /// execution of its own.
    pub(super) fn ends(&mut self) -> bool {
        let was_trial = self.rounds.trial.is_some();
        if let Some(load) = self.rounds.undecided.take().filter(|_| !self.rounds.is_repeating()) {
            self.is_decided(load, true);
        }
        !was_trial
    }

    /// Whether all that a waiting thread reads in each round is the newest, of what does not keep
    /// it in its loop: nothing else will come.
    fn reads_newest(&self, first: Id) -> bool {
        let graph = self.search.graph();
        let round = &graph.threads[first.thread as usize][first.nth as usize - 1..];
        let thread = first.thread;
        let mut reads = (first.nth..).zip(round).filter(|(_, event)| event.label.reads());
        reads.all(|(nth, event)| {
            let (id, object) = (Id { thread, nth }, event.object());
            let newer =
                &graph.objects[object as usize].stores[graph.place_of(object, event.from())..];
            let keeps = |store: &Id| {
                let read = (*store, 0);
                event.label.awaits && !self.search.loops.accepts(graph, (id, &event.label), read)
            };
            event.option == 0 && newer.iter().all(keeps)
        })
    }
}
