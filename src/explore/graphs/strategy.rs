//! The strategy: repeats a graph in its replay order, then adds events until no thread can go on.

use super::drawing::Drawing;
use super::event::{INITIAL, Id, Label};
use super::graph::Graph;
use super::names::Names;
use super::search::Search;
use super::stale;
use crate::execution::{
    Access, Ending, FREE, HELD, Offers, Pending, Point, Seen, Stored, Strategy, World, Writes,
};
use crate::vocabulary::trace::{ObjectId, Operation, StaleRead, ThreadId};
use std::sync::atomic::Ordering;

/// Every consistent execution graph once.
#[derive(Debug)]
pub(in crate::explore) struct Graphs {
    search: Search,
    pub(super) names: Names,
    started: bool,
    /// How many events of the graph this execution has had, in all and for each thread.
    depth: usize,
    pub(super) done: Vec<u32>,
    /// How many stores this execution has made to each object.
    stored: Vec<usize>,
    /// The events that this execution has had, and their places in its trace.
    pub(super) placed: Vec<(Id, usize)>,
    /// The option of the access that was last asked for.
    option: usize,
    diverged: Option<String>,
}

impl Default for Graphs {
    fn default() -> Graphs {
        Graphs::of(Search::new(), Names::default())
    }
}

/// What a thread that locks does: it waits for what is free.
const LOCKS: Writes =
    Writes::Exchanged { expected: FREE, new: HELD, failure: Ordering::Relaxed, fails: false };

/// Whether an operation is no event of the graph. It stands between two events of its thread, so it
/// takes place as soon as it can. To yield means nothing: no order is preferred.
pub(super) fn is_between(pending: &Pending) -> bool {
    matches!(pending.operation, Operation::Read | Operation::Write | Operation::Yield)
}

impl Graphs {
    /// Begins with this search, whose names these are.
    pub(super) fn of(search: Search, mut names: Names) -> Graphs {
        names.begin();
        Graphs {
            search,
            names,
            started: false,
            depth: 0,
            done: Vec::new(),
            stored: Vec::new(),
            placed: Vec::new(),
            option: 0,
            diverged: None,
        }
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

    /// The thread whose event is due, or the leftmost one if the graph has no more events.
    pub(super) fn follow(&mut self, point: &Point<'_>) -> ThreadId {
        let mut enabled = point.enabled.iter().copied();
        let Some(id) = self.due() else {
            let leftmost = enabled.min_by_key(|thread| self.names.thread(*thread));
            return leftmost.expect("never empty");
        };
        let label = &self.search.graph().at(id).label;
        let due = enabled.find(|thread| self.names.thread(*thread) == id.thread);
        if let Some(thread) = due {
            if !label.is_like(point.pending(thread).operation) {
                self.diverges(point.pending(thread), thread);
            }
            return thread;
        }
        let why =
            format!("with the same values read, a thread could not {}", label.operation.name());
        self.diverged.get_or_insert(why);
        point.enabled[0]
    }

    fn diverges(&mut self, pending: &Pending, thread: ThreadId) -> String {
        let (operation, location) = (pending.operation.name(), pending.location);
        let why = format!(
            "with the same values read, thread {} came to another operation: {operation} at \
             {location}",
            thread.0
        );
        self.diverged.get_or_insert(why).clone()
    }

    /// The event with this label. A repeated one gets the values of this execution: addresses
    /// differ. An error says why it is not the event that is due.
    fn event(&mut self, thread: u32, label: Label, world: &World) -> Result<Id, String> {
        if let (Some(object), Some(of)) = (label.object, self.names.live_object()) {
            let weak = world.memory.weak.as_ref();
            let initial = weak.and_then(|weak| weak.initial(of)).unwrap_or(FREE);
            self.search.graph_mut().object(object).initial = initial;
        }
        let Some(id) = self.due() else { return Ok(self.search.add(thread, label)) };
        let another = || "with the same values read, there was another operation".to_string();
        let graph = self.search.graph_mut();
        let was = &graph.at(id).label;
        if id.thread != thread || !was.is_like(label.operation) || was.object != label.object {
            return Err(another());
        }
        let (source, option) = (graph.at(id).source, graph.at(id).option);
        let value = source.zip(label.object);
        let value = value.map(|((store, _), object)| (store, graph.value(object, store)));
        let read = value.map_or(FREE, |(_, value)| value);
        let written = label.writes.after(read, option);
        if written.is_some() != graph.at(id).written.is_some() {
            return Err("with the same stores read, a compare-exchange turned out otherwise".into());
        }
        let event = graph.at_mut(id);
        event.label = Label { operation: event.label.operation, ..label };
        (event.source, event.written) = (value, written);
        Ok(id)
    }

    /// The event has taken effect.
    fn passed(&mut self, id: Id, world: &World) {
        self.placed.push((id, world.log.trace.events.len().saturating_sub(1)));
        self.depth += 1;
        self.done.resize(self.done.len().max(id.thread as usize + 1), 0);
        self.done[id.thread as usize] = id.nth;
        let event = self.search.graph_mut().at_mut(id);
        if let (Some(object), Some(_)) = (event.label.object, event.written) {
            let object = object as usize;
            self.stored.resize(self.stored.len().max(object + 1), 0);
            self.stored[object] += 1;
            event.stored_as = self.stored[object];
        }
    }

    /// What an operation other than one that has asked for its store does.
    fn label(&mut self, world: &World, thread: u32, pending: &Pending, seen: &Seen) -> Label {
        let object = pending.object.map(|object| self.names.object(world, object));
        let stored = |object: ObjectId| -> Stored {
            world.memory.weak.as_ref().and_then(|weak| weak.last(object)).unwrap_or(FREE)
        };
        let (operation, writes) = match (seen.operation.unwrap_or(pending.operation), pending) {
            (Operation::Spawn(child), _) => {
                let child = self.names.spawned(thread, child);
                (Operation::Spawn(ThreadId(child)), Writes::Nothing)
            }
            (Operation::Join(child), _) => {
                (Operation::Join(ThreadId(self.names.thread(child))), Writes::Nothing)
            }
            (operation @ (Operation::Store(_) | Operation::Unlock), Pending { object, .. }) => {
                (operation, object.map_or(Writes::Nothing, |object| Writes::Always(stored(object))))
            }
            (Operation::Lock, _) => (Operation::Lock, LOCKS),
            (operation, _) => (operation, Writes::Nothing),
        };
        Label { operation, object, writes }
    }
}

impl Strategy for Graphs {
    fn begin(&mut self) -> bool {
        if std::mem::replace(&mut self.started, true) && !self.search.next() {
            return false;
        }
        self.names.begin();
        self.depth = 0;
        self.done.clear();
        self.stored.clear();
        self.placed.clear();
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let mut enabled = point.enabled.iter().copied();
        let plain = enabled.find(|thread| is_between(point.pending(*thread)));
        plain.unwrap_or_else(|| self.follow(point))
    }

    fn choose(&mut self, _options: usize) -> usize {
        self.option
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, String> {
        let object = self.names.object(world, access.object);
        let label = Label::of(access, object);
        let id = match self.event(self.names.thread(thread), label, world) {
            Ok(id) => id,
            Err(why) => {
                self.diverged = Some(why.clone());
                return Err(why);
            }
        };
        let graph = self.search.graph();
        self.option = graph.at(id).option;
        Ok(match graph.at(id).from() {
            INITIAL => 0,
            store => graph.at(store).stored_as,
        })
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
        let object = self.names.object(world, object);
        let graph = self.search.graph();
        let done = |id: &&Id| self.is_done(**id);
        let stores = graph.objects.get(object as usize).map(|object| &object.stores);
        let newest = stores.and_then(|stores| stores.iter().rev().find(done));
        newest.map_or(0, |store| graph.at(*store).stored_as)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        if is_between(pending) || world.ending.is_some() || self.diverged.is_some() {
            return;
        }
        let asked = matches!(
            pending.operation,
            Operation::Load(_) | Operation::Rmw(..) | Operation::TryLock
        );
        let me = self.names.thread(thread);
        if let Some(id) = self.due().filter(|_| asked) {
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

    fn ended(&mut self, world: &World) {
        if matches!(&world.ending, Some(ending) if !matches!(ending, Ending::Violation { .. })) {
            return; // it was given up
        }
        for (thread, state) in (0..).map(ThreadId).zip(&world.threads) {
            let waits = state.pending.filter(|p| !state.finished && p.operation == Operation::Lock);
            if let Some(object) = waits.and_then(|pending| pending.object) {
                let object = Some(self.names.object(world, object));
                let label = Label { operation: Operation::Lock, object, writes: LOCKS };
                self.search.waits(self.names.thread(thread), label);
            }
        }
    }

    fn drawing(&self, world: &World) -> Option<Box<dyn Strategy>> {
        Some(Box::new(Drawing::of(self, world)))
    }

    fn stale_reads(&self) -> Vec<StaleRead> {
        stale::stale_reads(self.graph(), &self.placed)
    }

    fn offers(&self) -> Offers {
        Offers::Able
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
