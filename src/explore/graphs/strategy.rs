//! The strategy: repeats a graph in its replay order, then adds events until no thread can go on.

use super::act::{Act, QUEUE};
use super::cut::Choice;
use super::drawing::Drawing;
use super::event::{Does, INITIAL, Id, Label};
use super::graph::Graph;
use super::loops::Loops;
use super::names::Names;
use super::rounds::{After, Rounds};
use super::search::Search;
use super::stale;
use crate::execution::{
    Access, Acted, Ending, FREE, Offers, Pending, Point, Race, Reasons, Seen, Stop, Strategy,
    Waits, World, another,
};
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId};
use crate::vocabulary::verdict::Bound;
use std::panic::Location;

/// Every consistent execution graph once.
#[derive(Debug)]
pub(in crate::explore) struct Graphs {
    pub(super) search: Search,
    pub(super) names: Names,
    /// How many events of the graph this execution has had, in all and for each thread.
    pub(super) depth: usize,
    pub(super) done: Vec<u32>,
    /// How many choices of threads this execution has had.
    chosen: usize,
    /// How many stores this execution has made to each object.
    stored: Vec<usize>,
    /// The events that this execution has had, and their places in its trace.
    pub(super) placed: Vec<(Id, usize)>,
    /// The option of the access that was last asked for.
    option: usize,
    diverged: Option<String>,
    pub(super) rounds: Rounds,
    /// Where the chosen thread is.
    pub(super) place: Option<&'static Location<'static>>,
}

impl Default for Graphs {
    fn default() -> Graphs {
        Graphs::of(Search::new(), Names::default())
    }
}

/// Whether an operation is no event of the graph. It stands between two events of its thread, so it
/// takes place as soon as it can. To yield means nothing: no order is preferred.
pub(super) fn is_between(pending: &Pending) -> bool {
    matches!(
        pending.operation,
        Operation::Read | Operation::Write | Operation::Yield | Operation::Waker(_)
    )
}

/// Whether the strategy is asked about an operation before it takes effect: whether that depends on
/// what it reads.
fn is_asked_about(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Spawn(_) | Operation::Join(_) | Operation::Store(_) | Operation::Fence(_)
    )
}

/// The entry with this number, which may be a new one.
fn slot<T: Copy + Default>(entries: &mut Vec<T>, number: u32) -> &mut T {
    let at = number as usize;
    if entries.len() <= at {
        entries.resize(at + 1, T::default());
    }
    &mut entries[at]
}

impl Graphs {
    /// Begins with this search, whose names these are.
    pub(super) fn of(search: Search, mut names: Names) -> Graphs {
        names.begin();
        Graphs {
            search,
            names,
            depth: 0,
            done: Vec::new(),
            chosen: 0,
            stored: Vec::new(),
            placed: Vec::new(),
            option: 0,
            diverged: None,
            rounds: Rounds::default(),
            place: None,
        }
    }

    /// One execution, and no search.
    pub(super) fn alone() -> Graphs {
        Graphs::of(Search::of(Graph::with_main(false), Loops::default()), Names::default())
    }

    /// Whether the event that is due is this thread's.
    pub(super) fn is_due(&self, thread: ThreadId) -> bool {
        self.due().is_some_and(|id| id.thread == self.names.thread(thread))
    }

    /// Whether this thread has events left in the order of the replay.
    pub(super) fn is_left(&self, thread: ThreadId) -> bool {
        let name = self.names.thread(thread);
        self.graph().order[self.depth..].iter().any(|id| id.thread == name)
    }

    pub(super) fn graph(&self) -> &Graph {
        self.search.graph()
    }

    pub(super) fn graph_mut(&mut self) -> &mut Graph {
        self.search.graph_mut()
    }

    /// The store that is this one of its object's in the order of this execution.
    pub(super) fn stored(&self, object: u32, stored_as: usize) -> Option<Id> {
        let Some(object) = self.graph().objects.get(object as usize).filter(|_| stored_as > 0)
        else {
            return (stored_as == 0).then_some(INITIAL);
        };
        let is_it = |id: &Id| self.is_done(*id) && self.graph().at(*id).stored_as == stored_as;
        object.stores.iter().copied().find(is_it)
    }

    /// How many stores an object has had in this execution, with the initial one.
    fn count(&self, object: u32) -> usize {
        self.stored.get(object as usize).copied().unwrap_or(0) + 1
    }

    /// The event that took effect last.
    pub(super) fn last(&self) -> Option<Id> {
        self.graph().order.get(self.depth.checked_sub(1)?).copied()
    }

    /// Whether this execution has had the event.
    fn is_done(&self, id: Id) -> bool {
        self.done.get(id.thread as usize).is_some_and(|done| id.nth <= *done)
    }

    /// The execution is not the one that it should repeat, if there is a reason.
    pub(super) fn diverges_by(&mut self, why: Option<String>) {
        self.diverged = self.diverged.take().or(why);
    }

    /// The event of the graph that is due, if the graph has one more.
    pub(super) fn due(&self) -> Option<Id> {
        self.search.graph().order.get(self.depth).copied()
    }

    /// The thread whose event is due. If the graph has no more events, the one that adds one.
    pub(super) fn follow(&mut self, point: &Point<'_>) -> ThreadId {
        let thread = self.follows(point);
        self.place = Some(point.pending(thread).location);
        thread
    }

    fn follows(&mut self, point: &Point<'_>) -> ThreadId {
        if self.rounds.is_repeating() {
            return self.repeats(point);
        }
        let Some(id) = self.due() else { return self.extends(point) };
        let label = &self.search.graph().at(id).label;
        let mut enabled = point.enabled.iter().copied();
        let due = enabled.find(|thread| self.names.thread(*thread) == id.thread);
        if let Some(thread) = due {
            self.comes_to(thread, point.pending(thread));
            return thread;
        }
        let why =
            format!("with the same values read, a thread could not {}", label.operation.name());
        self.diverged.get_or_insert(why);
        point.enabled[0]
    }

    /// The thread whose event is due comes to an operation, which must be that of the event.
    fn comes_to(&mut self, thread: ThreadId, pending: &Pending) {
        let due = self.due().map(|id| &self.graph().at(id).label);
        if due.is_none_or(|label| !label.is_like(pending.operation)) {
            self.diverges(pending, thread);
        }
    }

    fn diverges(&mut self, pending: &Pending, thread: ThreadId) {
        let (operation, location) = (pending.operation.name(), pending.location);
        self.diverged.get_or_insert_with(|| {
            format!(
                "with the same values read, thread {} came to another operation: {operation} at \
                 {location}",
                thread.0
            )
        });
    }

    /// Notes with which value the object that was named last begins.
    fn initial(&mut self, world: &World, object: u32) {
        let weak = self.names.live_object().zip(world.memory.weak.as_ref());
        let initial = weak.and_then(|(of, weak)| weak.initial(of)).unwrap_or(FREE);
        self.search.graph_mut().object(object).initial = Some(initial);
    }

    /// The number of a store among those of its object, in this execution.
    pub(super) fn stored_as(&self, store: Id) -> usize {
        match store {
            INITIAL => 0,
            store => self.search.graph().at(store).stored_as,
        }
    }

    /// The event with this label. A repeated one gets the values of this execution: addresses
    /// differ. An error says why it is not the event that is due.
    fn event(&mut self, thread: u32, label: Label, world: &World) -> Result<Id, String> {
        label.object.iter().for_each(|object| self.initial(world, *object));
        let Some(id) = self.due() else { return Ok(self.search.add(thread, label)) };
        let another = || "with the same values read, there was another operation".to_string();
        let graph = self.search.graph_mut();
        let was = &graph.at(id).label;
        if id.thread != thread || was.object != label.object {
            return Err(another());
        }
        let (source, option) = (graph.at(id).source, graph.at(id).option);
        let value = source.zip(label.object);
        let value = value.map(|((store, _), object)| (store, graph.value(object, store)));
        let read = value.map_or(FREE, |(_, value)| value);
        let written = if label.reads() { label.after(read, option) } else { label.stores() };
        if written.is_some() != graph.at(id).written.is_some() {
            return Err("with the same stores read, a compare-exchange turned out otherwise".into());
        }
        let event = graph.at_mut(id);
        let Label { operation, awaits, .. } = event.label;
        event.label = Label { operation, awaits, ..label };
        (event.source, event.written) = (value, written);
        Ok(id)
    }

    /// The event of an operation that asks what it reads.
    fn asked(&mut self, world: &World, thread: ThreadId, label: Label) -> Result<Id, Ending> {
        match self.event(self.names.thread(thread), label, world) {
            Ok(id) => {
                self.option = self.search.graph().at(id).option;
                Ok(id)
            }
            Err(why) => {
                self.diverged = Some(why.clone());
                Err(another(world, why))
            }
        }
    }

    /// What an act does, whose event this is, and by which choices.
    pub(super) fn acted(&self, id: Id) -> Acted {
        let event = self.graph().at(id);
        let mut choices = [(0, 1); 2];
        if let (Some(object), Some((store, value))) = (event.label.object, event.source) {
            let count = self.count(object);
            choices[0] = (count - 1 - self.stored_as(store), count);
            choices[1] = (event.option, event.label.options(value));
        }
        Acted { effect: self.effect(id), choices }
    }

    /// The event has taken effect.
    fn passed(&mut self, id: Id, world: &World) {
        self.placed.push((id, world.log.trace.events.len().saturating_sub(1)));
        self.depth += 1;
        *slot(&mut self.done, id.thread) = id.nth;
        let event = self.search.graph_mut().at_mut(id);
        if let (Some(object), Some(_)) = (event.label.object, event.written) {
            let stored = slot(&mut self.stored, object);
            *stored += 1;
            event.stored_as = *stored;
        }
        self.has_passed(id);
    }
}

impl Strategy for Graphs {
    fn begin(&mut self) -> bool {
        if !self.goes_on() {
            return false;
        }
        self.names.begin();
        self.depth = 0;
        self.chosen = 0;
        // the execution may have ended in the middle of an event
        let events = self.graph().order.len();
        self.graph_mut().keep_choices(events);
        self.done.clear();
        self.stored.clear();
        self.placed.clear();
        true
    }

    fn repeat(&mut self, world: &World) -> Option<(ThreadId, bool)> {
        let Choice { thread, several, .. } = *self.graph().choices.get(self.chosen)?;
        self.chosen += 1;
        let pending = world.threads.get(thread.index()).and_then(|state| state.pending);
        if let Some(pending) = pending.filter(|pending| !is_between(pending)) {
            self.place = Some(pending.location);
            self.comes_to(thread, &pending);
        }
        Some((thread, several))
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let mut enabled = point.enabled.iter().copied();
        let plain = enabled.find(|thread| is_between(point.pending(*thread)));
        let thread = plain.unwrap_or_else(|| self.follow(point));
        self.rounds.holds_off = false;
        if self.rounds.stop.is_none() {
            // else it does not run, and the graph may be another one already
            let choice = Choice { thread, several: point.several, events: self.depth };
            self.graph_mut().choices.push(choice);
            self.chosen += 1;
        }
        thread
    }

    fn choose(&mut self, _options: usize) -> usize {
        self.option
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, Ending> {
        let object = self.names.object(&world.objects, access.object);
        let me = self.names.thread(thread);
        if let Some(again) = self.rounds.is_repeating().then(|| self.again(access, object)) {
            let id = again?;
            self.option = self.search.graph().at(id).option;
            return Ok(self.stored_as(self.search.graph().at(id).from()));
        }
        let label = Label::of(access, object);
        let awaits = self.due().is_none() && self.awaits(me, &label);
        let label = Label { awaits, ..label };
        if awaits {
            self.initial(world, object);
            if self.waits(me, &label) {
                return Err(self.ends_here(After::Again));
            }
        }
        let id = self.asked(world, thread, label)?;
        Ok(self.stored_as(self.search.graph().at(id).from()))
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Acted, Ending> {
        let me = self.names.thread(thread);
        let Some(label) = self.act(world, me, pending) else {
            unreachable!("it is asked only about what it has a model of")
        };
        if matches!(label.does, Does::Acts(Act::Enqueue { .. })) && me >= QUEUE {
            let operation = format!("a wait of the thread that is number {me}");
            return Err(Ending::Unknown(Bound::NotModelled { engine: "graphs", operation }));
        }
        if self.rounds.is_repeating() {
            return self.acts_again(&label).map(|id| self.acted(id));
        }
        let id = self.asked(world, thread, label)?;
        Ok(self.acted(id))
    }

    fn overtakes(&mut self, _world: &World, thread: ThreadId, _object: ObjectId) -> usize {
        let Some(id) = self.due() else { return 0 }; // a new one is the newest
        let (graph, label) = (self.search.graph(), &self.search.graph().at(id).label);
        let own = id.thread == self.names.thread(thread) && label.only_stores();
        let Some(object) = label.object.filter(|_| own) else { return 0 };
        let newer = &graph.objects[object as usize].stores[graph.place_of(object, id)..];
        newer.iter().filter(|store| self.is_done(**store)).count()
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        let object = self.names.object(&world.objects, object);
        let graph = self.search.graph();
        let done = |id: &&Id| self.is_done(**id);
        let stores = graph.objects.get(object as usize).map(|object| &object.stores);
        let newest = stores.and_then(|stores| stores.iter().rev().find(done));
        newest.map_or(0, |store| graph.at(*store).stored_as)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        match pending.operation {
            Operation::Yield => self.yields(self.names.thread(thread)),
            Operation::Write => self.writes_plainly(self.names.thread(thread)),
            _ => {}
        }
        let repeats = self.rounds.is_repeating();
        if is_between(pending) || repeats || world.ending.is_some() || self.diverged.is_some() {
            return;
        }
        let me = self.names.thread(thread);
        if let Some(id) = self.due().filter(|_| is_asked_about(pending.operation)) {
            return self.passed(id, world);
        }
        let label = self.label(world, me, pending, seen);
        match self.event(me, label, world) {
            Ok(id) => {
                if let Operation::Spawn(child) = label.operation {
                    self.search.graph_mut().begin(child.0, Some(id));
                }
                self.passed(id, world);
            }
            Err(why) => self.diverged = Some(why),
        }
    }

    fn ended(&mut self, world: &mut World) {
        if let Some(Ending::Unknown(Bound::NotModelled { .. })) = world.ending
            && self.is_refused_while_repeating()
        {
            world.ending = Some(Ending::InVain);
        }
        if !self.ends() && world.ending.is_none() {
            world.ending = Some(Ending::InVain);
        }
        match &world.ending {
            _ if self.rounds.after != After::Next => return, // it is no execution of its own
            None | Some(Ending::Violation { .. } | Ending::InVain | Ending::Left { .. }) => {}
            Some(Ending::Unknown(_) | Ending::GivenUp) => return,
        }
        for (thread, state) in (0..).map(ThreadId).zip(&world.threads) {
            let me = self.names.thread(thread);
            let Some(pending) = state.pending.filter(|_| !state.finished) else { continue };
            let label = match pending.waits {
                Waits::Never => self.spins(world, me, &pending),
                _ => self.act(world, me, &pending),
            };
            if let Some(label) = label.filter(|label| label.object.is_some()) {
                self.search.waits(me, label);
            }
        }
    }

    fn holds_off(&mut self, world: &World, thread: ThreadId) -> bool {
        let pending = world.threads[thread.index()].pending;
        let Some(lock) =
            pending.filter(|p| p.operation == Operation::ReadLock && p.object.is_some())
        else {
            return false;
        };
        let lock = lock.object.expect("just seen");
        if self.due().is_some() || world.is_ordered(lock) {
            return false;
        }
        let (me, lock) = (self.names.thread(thread), self.names.object(&world.objects, lock));
        self.search.graph_mut().object(lock);
        let holds_off = self.search.graph().holds_off(me, lock);
        self.rounds.holds_off |= holds_off;
        holds_off
    }

    fn drawing(&self, world: &World) -> Option<Box<dyn Strategy>> {
        Some(Box::new(Drawing::of(self, world)))
    }

    fn reasons(&self, race: Option<Race>) -> Reasons {
        let (graph, placed) = (self.graph(), &self.placed[..]);
        let named = race.map(|race| race.map(|(thread, at)| (self.names.thread(thread), at)));
        let race = named.map(|race| stale::race(graph, placed, race)).unwrap_or_default();
        Reasons { stale_reads: stale::stale_reads(graph, placed), race }
    }

    fn offers(&self) -> Offers {
        Offers::Able
    }

    fn stops(&mut self) -> Option<Stop> {
        self.rounds.stop.take()
    }

    fn repeats_failure(&self, thread: ThreadId) -> bool {
        self.fails_again(self.names.thread(thread))
    }

    fn begins_anew(&mut self) -> bool {
        self.rounds.after == After::Anew
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
