//! The strategy: repeats a graph in its replay order, then adds events until no thread can go on.

use super::act::{Act, QUEUE};
use super::event::{Does, INITIAL, Id, Label, NOTHING};
use super::names::Names;
use super::search::Search;
use crate::execution::{
    Access, Effect, Ending, FREE, Offers, Pending, Point, Role, Seen, Stored, Strategy, Waits,
    World, Writes,
};
use crate::vocabulary::trace::{ObjectId, ObjectKind, Operation, ThreadId};
use crate::vocabulary::verdict::Bound;

/// Every consistent execution graph once.
#[derive(Debug)]
pub(in crate::explore) struct Graphs {
    search: Search,
    names: Names,
    started: bool,
    /// How many events of the graph this execution has had, in all and for each thread.
    depth: usize,
    done: Vec<u32>,
    /// How many stores this execution has made to each object.
    stored: Vec<usize>,
    /// The option of the access that was last asked for.
    option: usize,
    diverged: Option<String>,
}

impl Default for Graphs {
    fn default() -> Graphs {
        Graphs {
            search: Search::new(),
            names: Names::default(),
            started: false,
            depth: 0,
            done: Vec::new(),
            stored: Vec::new(),
            option: 0,
            diverged: None,
        }
    }
}

/// Whether an operation is no event of the graph. It stands between two events of its thread, so it
/// takes place as soon as it can. To yield means nothing: no order is preferred.
fn is_between(pending: &Pending) -> bool {
    matches!(pending.operation, Operation::Read | Operation::Write | Operation::Yield)
}

/// Whether the strategy is asked about an operation before it takes effect: whether that depends on
/// what it reads.
fn is_asked_about(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::Spawn(_) | Operation::Join(_) | Operation::Store(_) | Operation::Fence(_)
    )
}

impl Graphs {
    /// The event of the graph that is due, if the graph has one more.
    fn due(&self) -> Option<Id> {
        self.search.graph().order.get(self.depth).copied()
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
        if let Some(object) = label.object {
            let weak = self.names.live_object().zip(world.memory.weak.as_ref());
            let initial = weak.and_then(|(of, weak)| weak.initial(of)).unwrap_or(FREE);
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
        let written = if label.reads() { label.after(read, option) } else { label.stores() };
        if written.is_some() != graph.at(id).written.is_some() {
            return Err("with the same stores read, a compare-exchange turned out otherwise".into());
        }
        let event = graph.at_mut(id);
        event.label = Label { operation: event.label.operation, ..label };
        (event.source, event.written) = (value, written);
        Ok(id)
    }

    /// The event of an operation that asks what it reads.
    fn asked(&mut self, world: &World, thread: ThreadId, label: Label) -> Result<Id, String> {
        let id = self.event(self.names.thread(thread), label, world);
        match &id {
            Ok(id) => self.option = self.search.graph().at(*id).option,
            Err(why) => self.diverged = Some(why.clone()),
        }
        id
    }

    /// The event has taken effect.
    fn passed(&mut self, id: Id) {
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
        let (operation, does) = match (seen.operation.unwrap_or(pending.operation), pending) {
            (Operation::Spawn(child), _) => {
                let child = self.names.spawned(thread, child);
                (Operation::Spawn(ThreadId(child)), NOTHING)
            }
            (Operation::Join(child), _) => {
                (Operation::Join(ThreadId(self.names.thread(child))), NOTHING)
            }
            (operation @ Operation::Store(_), Pending { object: Some(object), .. }) => {
                (operation, Does::Writes(Writes::Always(stored(*object))))
            }
            (operation, _) => (operation, NOTHING),
        };
        Label { operation, object, does }
    }

    /// The same for an operation on an object that is no atomic, before it takes effect. `None` if
    /// it is something else.
    fn act(&mut self, world: &World, thread: u32, pending: &Pending) -> Option<Label> {
        let operation = pending.operation;
        if let Some(object) = pending.object.filter(|_| !pending.spurious) {
            match world.objects[object.index()].role {
                Role::Plain | Role::FirstCome(_) => {}
                role => return self.gate(world, role, pending),
            }
        }
        let act = match operation {
            Operation::Wait | Operation::Park if pending.spurious => {
                return Some(Label { operation, object: None, does: Does::Acts(Act::Choose) });
            }
            Operation::Wake => {
                let condvar = self.names.object(world, pending.object?);
                let does = Does::Acts(Act::Notified { thread, condvar });
                return Some(Label { operation, object: None, does });
            }
            Operation::Lock | Operation::TryLock | Operation::Unlock => {
                return self.lock(world, thread, pending);
            }
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => {
                return self.lock(world, thread, pending);
            }
            Operation::Park if pending.waits == (Waits::Token { timeout: true }) => Act::TryPark,
            Operation::Park => Act::Park,
            Operation::Unpark(_) => Act::Unpark,
            Operation::Wait => Act::Enqueue { thread },
            Operation::NotifyOne => Act::NotifyOne,
            Operation::NotifyAll => Act::NotifyAll,
            _ => return None,
        };
        let object = match operation {
            Operation::Park => self.names.token(thread),
            Operation::Unpark(parked) => self.names.token(self.names.thread(parked)),
            _ => self.names.object(world, pending.object?),
        };
        Some(Label { operation, object: Some(object), does: Does::Acts(act) })
    }

    /// The same for a lock.
    fn lock(&mut self, world: &World, thread: u32, pending: &Pending) -> Option<Label> {
        let (operation, object) = (pending.operation, pending.object?);
        let lock = self.names.object(world, object);
        let is_mutex = world.log.trace.objects[object.index()].kind != ObjectKind::RwLock;
        let act = match (operation, is_mutex || world.is_ordered(object)) {
            (Operation::Lock, _) if pending.waits == Waits::Relock => Act::Relock { thread },
            (Operation::Lock, _) if is_mutex => Act::Lock,
            (Operation::TryLock, _) if is_mutex => Act::TryLock,
            (Operation::Unlock, _) if is_mutex => Act::Unlock { thread },
            (Operation::ReadUnlock, false) => {
                let does = Does::Acts(Act::Leave { lock });
                return Some(Label { operation, object: None, does });
            }
            (Operation::ReadLock, false) => Act::Enter,
            (Operation::Lock, false) => Act::Write,
            (Operation::Lock, true) => Act::WriteLock,
            (Operation::TryLock, _) => Act::TryWriteLock,
            (Operation::Unlock, _) => Act::WriteUnlock,
            (Operation::ReadLock, true) => Act::ReadLock,
            (Operation::TryReadLock, _) => Act::TryReadLock,
            (Operation::ReadUnlock, true) => Act::ReadUnlock,
            _ => return None,
        };
        Some(Label { operation, object: Some(lock), does: Does::Acts(act) })
    }

    /// The same for a barrier or an initialisation.
    fn gate(&mut self, world: &World, role: Role, pending: &Pending) -> Option<Label> {
        let object = self.names.object(world, pending.object?);
        let operation = pending.operation;
        let (object, act) = match (role, operation) {
            (Role::Barrier { .. }, Operation::Wait) => (Some(object), Act::Arrive),
            (Role::Barrier { threads }, Operation::Wake) => {
                (None, Act::Pass { barrier: object, threads: threads as u64 })
            }
            (Role::Once { .. }, Operation::Lock) => (Some(object), Act::Begin),
            (Role::Once { done }, Operation::Unlock) => (Some(object), Act::Finish { done }),
            (Role::Once { .. }, Operation::Load(_)) => (Some(object), Act::IsDone),
            _ => return None,
        };
        Some(Label { operation, object, does: Does::Acts(act) })
    }

    /// What an act does, whose event this is.
    fn effect(&self, id: Id) -> Effect {
        let event = self.search.graph().at(id);
        let (Does::Acts(act), Some((_, Stored::Bits(state)))) = (event.label.does, event.source)
        else {
            return Effect::Changes;
        };
        let wakes = act.wakes(state, event.option).and_then(|name| self.names.live_thread(name));
        match wakes {
            Some(thread) => Effect::Wakes(thread),
            None if event.written.is_some() => Effect::Changes,
            None => Effect::Looks { state },
        }
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
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let mut enabled = point.enabled.iter().copied();
        if let Some(thread) = enabled.clone().find(|thread| is_between(point.pending(*thread))) {
            return thread;
        }
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

    fn choose(&mut self, _options: usize) -> usize {
        self.option
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, String> {
        let object = self.names.object(world, access.object);
        let id = self.asked(world, thread, Label::of(access, object))?;
        let graph = self.search.graph();
        Ok(match graph.at(id).from() {
            INITIAL => 0,
            store => graph.at(store).stored_as,
        })
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Effect, Bound> {
        let me = self.names.thread(thread);
        let Some(label) = self.act(world, me, pending) else {
            unreachable!("it is asked only about what it has a model of")
        };
        if matches!(label.does, Does::Acts(Act::Enqueue { .. })) && me >= QUEUE {
            let operation = format!("a wait of the thread that is number {me}");
            return Err(Bound::NotModelled { engine: "graphs", operation });
        }
        let id = self.asked(world, thread, label).map_err(Bound::NotDeterministic)?;
        Ok(self.effect(id))
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        let object = self.names.object(world, object);
        let graph = self.search.graph();
        let done = |id: &&Id| self.done.get(id.thread as usize).is_some_and(|done| id.nth <= *done);
        let stores = graph.objects.get(object as usize).map(|object| &object.stores);
        let newest = stores.and_then(|stores| stores.iter().rev().find(done));
        newest.map_or(0, |store| graph.at(*store).stored_as)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        if is_between(pending) || world.ending.is_some() || self.diverged.is_some() {
            return;
        }
        let me = self.names.thread(thread);
        if let Some(id) = self.due().filter(|_| is_asked_about(pending.operation)) {
            return self.passed(id);
        }
        let label = self.label(world, me, pending, seen);
        match self.event(me, label, world) {
            Ok(id) => {
                if let Operation::Spawn(child) = label.operation {
                    self.search.graph_mut().begin(child.0, Some(id));
                }
                self.passed(id);
            }
            Err(why) => self.diverged = Some(why),
        }
    }

    fn ended(&mut self, world: &World) {
        match &world.ending {
            None | Some(Ending::Violation { .. } | Ending::InVain) => {}
            Some(Ending::Unknown(_) | Ending::GivenUp) => return,
        }
        for (thread, state) in (0..).map(ThreadId).zip(&world.threads) {
            let me = self.names.thread(thread);
            let waits = state.pending.filter(|p| !state.finished && p.waits != Waits::Never);
            let label = waits.and_then(|pending| self.act(world, me, &pending));
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
        let (me, lock) = (self.names.thread(thread), self.names.object(world, lock));
        self.search.graph_mut().object(lock);
        self.search.graph().holds_off(me, lock)
    }

    fn offers(&self) -> Offers {
        Offers::Able
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
