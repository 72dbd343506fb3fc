//! What an announced operation is in the graph.

use super::act::Act;
use super::event::{Does, Id, Label, NOTHING};
use super::strategy::Graphs;
use crate::execution::{Effect, FREE, Of, Pending, Role, Seen, Stored, Waits, World, Writes};
use crate::vocabulary::trace::{ObjectId, ObjectKind, Operation, ThreadId};

impl Graphs {
    /// What an operation other than one that has asked for its store does.
    pub(super) fn label(
        &mut self,
        world: &World,
        thread: u32,
        pending: &Pending,
        seen: &Seen,
    ) -> Label {
        let object = pending.object.map(|object| self.names.object(&world.objects, object));
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
        Label { operation, object, does, awaits: false }
    }

    /// The same for an operation on an object that is no atomic, before it takes effect. `None` if
    /// it is something else.
    pub(super) fn act(&mut self, world: &World, thread: u32, pending: &Pending) -> Option<Label> {
        let operation = pending.operation;
        if let Some(does) = pending.counts {
            let count = match does.of() {
                Of::Handles => self.names.object(&world.objects, pending.object?),
                Of::Weaks => self.names.weaks(&world.objects, pending.object?),
            };
            return Some(Label {
                object: Some(count),
                ..Label::apart(operation, Act::Counts(does))
            });
        }
        if let Some(object) = pending.object.filter(|_| !pending.spurious) {
            match world.objects[object.index()].role {
                Role::Plain => {}
                role => return self.gate(world, role, pending),
            }
        }
        let act = match operation {
            Operation::Wait | Operation::Park | Operation::Poll if pending.spurious => {
                return Some(Label::apart(operation, Act::Choose { of: 2 }));
            }
            Operation::Choose(_) => {
                return Some(Label::apart(operation, Act::Choose { of: pending.options }));
            }
            Operation::Wake => {
                let condvar = self.names.object(&world.objects, pending.object?);
                return Some(Label::apart(operation, Act::Notified { thread, condvar }));
            }
            Operation::Lock | Operation::TryLock | Operation::Unlock => {
                return self.lock(world, thread, pending);
            }
            Operation::ReadLock | Operation::TryReadLock | Operation::ReadUnlock => {
                return self.lock(world, thread, pending);
            }
            Operation::Park if pending.waits == (Waits::Token { timeout: true }) => Act::TryPark,
            Operation::Park => Act::Park,
            Operation::Poll if pending.waits == (Waits::Woken { yields: true }) => Act::TryPoll,
            Operation::Poll => Act::Park,
            Operation::Unpark(_) | Operation::Signal(_) => Act::Unpark,
            Operation::Wait => Act::Enqueue { thread },
            Operation::NotifyOne => Act::NotifyOne,
            Operation::NotifyAll => Act::NotifyAll,
            _ => return None,
        };
        let object = match operation {
            Operation::Park => self.names.token(thread),
            Operation::Unpark(parked) => self.names.token(self.names.thread(parked)),
            _ => self.names.object(&world.objects, pending.object?),
        };
        Some(Label { object: Some(object), ..Label::apart(operation, act) })
    }

    /// The same for a lock.
    fn lock(&mut self, world: &World, thread: u32, pending: &Pending) -> Option<Label> {
        let (operation, object) = (pending.operation, pending.object?);
        let lock = self.names.object(&world.objects, object);
        let is_mutex = world.log.trace.objects[object.index()].kind != ObjectKind::RwLock;
        let act = match (operation, is_mutex || world.is_ordered(object)) {
            (Operation::Lock, _) if pending.waits == Waits::Relock => Act::Relock { thread },
            (Operation::Lock, _) if is_mutex => Act::Lock,
            (Operation::TryLock, _) if is_mutex => Act::TryLock,
            (Operation::Unlock, _) if is_mutex => Act::Unlock { thread },
            (Operation::ReadUnlock, false) => {
                return Some(Label::apart(operation, Act::Leave { lock }));
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
        Some(Label { object: Some(lock), ..Label::apart(operation, act) })
    }

    /// The same for a barrier or an initialisation.
    fn gate(&mut self, world: &World, role: Role, pending: &Pending) -> Option<Label> {
        let object = self.names.object(&world.objects, pending.object?);
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
        Some(Label { object, ..Label::apart(operation, act) })
    }

    /// What an act does, whose event this is.
    pub(super) fn effect(&self, id: Id) -> Effect {
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
