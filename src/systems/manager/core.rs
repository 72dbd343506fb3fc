//! The objects of a manager and everything that happens to them: a pure state machine that handles
//! one request at a time.
//!
//! It knows no socket, thread, lock or clock. `Shared` puts it behind a lock. Models and the server
//! run the same code.

use super::functions::Functions;
use super::memory::{self, IN_FLIGHT_BYTES};
use super::packed::Packed;
use super::protocol::{
    Apply, Call, Create, Fence, Item, Limits, ObjectId, Operation, Refusal, Reply, Request,
};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

/// A client as the manager sees it. It is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answered.
    Reply(Reply),
    /// Not now. To be applied again after a change.
    Blocked(Request),
}

/// The objects of a manager and the connections that keep them alive.
#[derive(Debug, Default)]
pub struct Core {
    pub(super) functions: Functions,
    pub(super) limits: Limits,
    objects: BTreeMap<ObjectId, Object>,
    // How many handles each connection has of each object.
    connections: BTreeMap<ConnectionId, BTreeMap<ObjectId, u32>>,
    // The connections that lend objects, by a number that cannot be guessed.
    loans: BTreeMap<u64, (ConnectionId, ObjectId)>,
    next_object: u64,
    next_connection: u64,
    // invariant: the weight of all objects together
    weight: u64,
    closing: bool,
    /// How many bytes the next reply may take, including everything it costs on its way.
    pub(super) reply_room: u64,
}

#[derive(Debug)]
struct Object {
    // invariant: the sum of all connections' handles of it, and never 0
    handles: u32,
    body: Body,
}

#[derive(Debug)]
pub(super) enum Body {
    List(Vec<Item>),
    Dict(BTreeMap<Item, Item>),
    Value(Item),
    Lock(Lock),
}

#[derive(Debug, Default)]
pub(super) struct Lock {
    owner: Option<ConnectionId>,
    // The number of the current hold, or of the last one.
    token: u64,
    poisoned: bool,
}

impl Core {
    /// A manager without objects or connections.
    #[must_use]
    pub fn new(functions: Functions, limits: Limits) -> Self {
        Core { functions, limits, reply_room: u64::MAX, ..Core::default() }
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// How many objects are alive.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects.len()
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Begins a connection, which has a handle of `object` from the start.
    ///
    /// So an object in transit to another process is kept alive by the connection that travels with
    /// it.
    ///
    /// # Errors
    /// The object is not alive, there are too many connections, or the manager is shutting down.
    pub fn connect(&mut self, object: Option<ObjectId>) -> Result<ConnectionId, Refusal> {
        if self.closing {
            return Err(Refusal::Closing);
        }
        if self.connections.len() >= self.limits.connections as usize {
            return Err(Refusal::Full);
        }
        let mut handles = BTreeMap::new();
        if let Some(id) = object {
            self.object(id)?.handles += 1;
            handles.insert(id, 1);
        }
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.insert(id, handles);
        Ok(id)
    }

    /// Begins a connection for a client that already has one. It gets a handle of an object of
    /// which that connection has a handle.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), and if that connection has no handle.
    pub fn connect_from(
        &mut self,
        from: ConnectionId,
        object: Option<ObjectId>,
    ) -> Result<ConnectionId, Refusal> {
        if let Some(id) = object {
            self.check_handle(from, id)?;
        }
        self.connect(object)
    }

    /// Ends a connection. Its handles are given up, and the locks that it holds are released and
    /// poisoned.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        let Some(handles) = self.connections.remove(&connection) else { return };
        self.loans.retain(|_, (lender, _)| *lender != connection);
        for object in self.objects.values_mut() {
            if let Body::Lock(lock) = &mut object.body
                && lock.owner == Some(connection)
            {
                lock.owner = None;
                lock.poisoned = true;
            }
        }
        for (id, count) in handles {
            self.give_up(id, count);
        }
    }

    /// Gives back a lock whose owner never learned that it had it. Nothing can be half done.
    pub(super) fn undo_acquire(&mut self, connection: ConnectionId, lock: ObjectId) {
        if let Ok(lock) = self.lock(lock)
            && lock.owner == Some(connection)
        {
            lock.owner = None;
        }
    }

    /// Refuses everything from now on.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Performs a request, as a whole or not at all.
    pub fn apply(&mut self, connection: ConnectionId, request: Request) -> Outcome {
        if self.closing {
            return Outcome::Reply(Reply::Refused(Refusal::Closing));
        }
        if !self.connections.contains_key(&connection) {
            return Outcome::Reply(Reply::Refused(Refusal::NotConnected));
        }
        let reply = match request {
            Request::Create(create) => self.create(connection, create),
            Request::Release(object) => self.release(connection, object),
            // The attached socket is the server's business: the server calls `connect` instead.
            Request::Connect(_) => {
                Err(Refusal::Malformed("a connection without a socket".to_string()))
            }
            Request::Call(call) => self.call(connection, call),
            Request::Batch(calls) => Ok(self.batch(connection, &calls)),
            Request::Acquire(id) => match self.acquire(connection, id) {
                Err(Refusal::Locked) => return Outcome::Blocked(request),
                reply => reply,
            },
            Request::TryAcquire(id) => self.acquire(connection, id),
            Request::Unlock { fence, poison } => self.unlock(connection, fence, poison),
            Request::ClearPoison(id) => self.clear_poison(connection, id),
            Request::Lend(id) => self.lend(connection, id),
            Request::Borrow(number) => self.borrow(connection, number),
        };
        Outcome::Reply(reply.unwrap_or_else(Reply::Refused))
    }

    /// Asserts what is true between any two requests (for property tests and fuzzing).
    ///
    /// # Panics
    /// It is not true: then the core is wrong, whatever the request was.
    pub fn assert_consistent(&self) {
        let weight: u64 = self.objects.values().map(|object| object.body.weight()).sum();
        assert_eq!(self.weight, weight, "the account of the weight is wrong");
        assert!(
            weight <= self.limits.total_bytes,
            "{weight} bytes where {} are allowed",
            self.limits.total_bytes
        );
        for (id, object) in &self.objects {
            let handles: u32 =
                self.connections.values().filter_map(|handles| handles.get(id)).sum();
            assert_eq!(object.handles, handles, "the handles of object {} are miscounted", id.0);
            assert!(handles > 0, "nobody keeps object {} alive", id.0);
            if let Body::Lock(Lock { owner: Some(owner), .. }) = &object.body {
                assert!(
                    self.connections.contains_key(owner),
                    "lock {} is held by nobody alive",
                    id.0
                );
            }
        }
        for (lender, id) in self.loans.values() {
            let lends =
                self.connections.get(lender).is_some_and(|handles| handles.contains_key(id));
            assert!(lends, "object {} is lent by who has no handle of it", id.0);
        }
        for id in self.connections.values().flat_map(BTreeMap::keys) {
            assert!(self.objects.contains_key(id), "a handle of object {}, which is gone", id.0);
        }
    }

    fn create(&mut self, connection: ConnectionId, create: Create) -> Result<Reply, Refusal> {
        let body = match create {
            Create::List => Body::List(Vec::new()),
            Create::Dict => Body::Dict(BTreeMap::new()),
            Create::Value(item) => Body::Value(item),
            Create::Lock => Body::Lock(Lock::default()),
        };
        if let Body::Value(item) = &body {
            self.limits.check_item(item)?;
        }
        let weight = body.weight();
        if weight > self.room() {
            return Err(Refusal::Full);
        }
        self.weight += weight;
        let id = ObjectId(self.next_object);
        self.next_object += 1;
        self.objects.insert(id, Object { handles: 1, body });
        self.connections.entry(connection).or_default().insert(id, 1);
        Ok(Reply::Created(id))
    }

    fn release(&mut self, connection: ConnectionId, id: ObjectId) -> Result<Reply, Refusal> {
        let handles = self.connections.get_mut(&connection).ok_or(Refusal::NotConnected)?;
        let count = handles.get_mut(&id).ok_or(Refusal::NoHandle(id))?;
        *count -= 1;
        if *count == 0 {
            handles.remove(&id);
            self.loans.retain(|_, loan| *loan != (connection, id));
        }
        self.give_up(id, 1);
        Ok(Reply::Done)
    }

    fn give_up(&mut self, id: ObjectId, count: u32) {
        let Some(object) = self.objects.get_mut(&id) else { return };
        object.handles -= count;
        if object.handles == 0
            && let Some(object) = self.objects.remove(&id)
        {
            self.weight -= object.body.weight();
        }
    }

    /// Without a handle, an object does not belong to this connection, whatever its number is.
    fn check_handle(&self, connection: ConnectionId, id: ObjectId) -> Result<(), Refusal> {
        if !self.objects.contains_key(&id) {
            return Err(Refusal::NoSuchObject(id));
        }
        let handles = self.connections.get(&connection).ok_or(Refusal::NotConnected)?;
        if handles.contains_key(&id) { Ok(()) } else { Err(Refusal::NoHandle(id)) }
    }

    fn lend(&mut self, connection: ConnectionId, id: ObjectId) -> Result<Reply, Refusal> {
        self.check_handle(connection, id)?;
        self.loans.retain(|_, loan| *loan != (connection, id)); // never more loans than handles
        let number = RandomState::new().hash_one(self.loans.len());
        self.loans.insert(number, (connection, id));
        Ok(Reply::Number(number))
    }

    fn borrow(&mut self, connection: ConnectionId, number: u64) -> Result<Reply, Refusal> {
        let (_, id) = self.loans.remove(&number).ok_or(Refusal::NoLoan(number))?;
        let object = self.object(id)?;
        object.handles = object.handles.checked_add(1).ok_or(Refusal::Full)?;
        *self.connections.entry(connection).or_default().entry(id).or_default() += 1;
        Ok(Reply::Created(id))
    }

    fn batch(&mut self, connection: ConnectionId, calls: &Packed<Call>) -> Reply {
        self.reply_room = u64::MAX; // their replies are not sent
        let mut done = 0;
        for call in calls.iter() {
            if let Err(refusal) = self.call(connection, call) {
                return Reply::Batch { done, refusal: Some(refusal) };
            }
            done += 1;
        }
        Reply::Batch { done, refusal: None }
    }

    fn call(&mut self, connection: ConnectionId, call: Call) -> Result<Reply, Refusal> {
        self.check_handle(connection, call.object)?;
        if let Some(fence) = call.fence {
            let lock = self.lock(fence.lock).map_err(|_| Refusal::StaleFence)?;
            if lock.owner.is_none() || lock.token != fence.token {
                return Err(Refusal::StaleFence);
            }
        }
        let room = self.room();
        let object =
            self.objects.get_mut(&call.object).ok_or(Refusal::NoSuchObject(call.object))?;
        let (limits, reply_room) = (self.limits, self.reply_room);
        let mut ledger =
            Ledger { functions: &self.functions, limits, room, reply_room, taken: 0, freed: 0 };
        let reply = match (&mut object.body, call.operation) {
            (Body::List(list), Operation::List(operation)) => ledger.list(list, operation),
            (Body::Dict(dict), Operation::Dict(operation)) => ledger.dict(dict, operation),
            (Body::Value(value), Operation::Value(operation)) => ledger.value(value, operation),
            _ => Err(Refusal::WrongKind),
        }?;
        self.weight = self.weight + ledger.taken - ledger.freed;
        Ok(reply)
    }

    fn clear_poison(&mut self, connection: ConnectionId, id: ObjectId) -> Result<Reply, Refusal> {
        self.check_handle(connection, id)?;
        self.lock(id)?.poisoned = false;
        Ok(Reply::Done)
    }

    fn acquire(&mut self, connection: ConnectionId, id: ObjectId) -> Result<Reply, Refusal> {
        self.check_handle(connection, id)?;
        let lock = self.lock(id)?;
        match lock.owner {
            Some(owner) if owner == connection => Err(Refusal::AlreadyHeld),
            Some(_) => Err(Refusal::Locked),
            None => {
                lock.owner = Some(connection);
                lock.token += 1;
                Ok(Reply::Acquired { token: lock.token, poisoned: lock.poisoned })
            }
        }
    }

    fn unlock(
        &mut self,
        connection: ConnectionId,
        fence: Fence,
        poison: bool,
    ) -> Result<Reply, Refusal> {
        let lock = self.lock(fence.lock)?;
        if lock.owner != Some(connection) || lock.token != fence.token {
            return Err(Refusal::StaleFence);
        }
        lock.owner = None;
        lock.poisoned |= poison;
        Ok(Reply::Done)
    }

    fn object(&mut self, id: ObjectId) -> Result<&mut Object, Refusal> {
        self.objects.get_mut(&id).ok_or(Refusal::NoSuchObject(id))
    }

    fn lock(&mut self, id: ObjectId) -> Result<&mut Lock, Refusal> {
        match &mut self.object(id)?.body {
            Body::Lock(lock) => Ok(lock),
            _ => Err(Refusal::WrongKind),
        }
    }

    fn room(&self) -> u64 {
        self.limits.total_bytes.saturating_sub(self.weight)
    }
}

/// The account of one operation: the room that it takes, and the room that it frees.
pub(super) struct Ledger<'core> {
    functions: &'core Functions,
    limits: Limits,
    room: u64,
    reply_room: u64,
    taken: u64,
    freed: u64,
}

impl Ledger<'_> {
    pub(super) fn take(&mut self, item: &Item) -> Result<(), Refusal> {
        self.limits.check_item(item)?;
        self.taken += weight(item);
        // Room freed later in the same operation does not count: an operation must fit before it is
        // done.
        if self.taken > self.room { Err(Refusal::Full) } else { Ok(()) }
    }

    pub(super) fn free(&mut self, item: &Item) {
        self.freed += weight(item);
    }

    pub(super) fn replace(&mut self, slot: &mut Item, new: Item) -> Result<Item, Refusal> {
        self.take(&new)?;
        self.free(slot);
        Ok(std::mem::replace(slot, new))
    }

    /// Applies the function in place, and returns its result.
    pub(super) fn update(&mut self, slot: &mut Item, apply: &Apply) -> Result<Reply, Refusal> {
        let applied = self.functions.apply(apply, slot)?;
        self.limits.check_item(&applied.returned)?;
        self.check_answer(applied.returned.0.len())?;
        self.replace(slot, applied.item)?;
        Ok(Reply::Item(Some(applied.returned)))
    }
}

/// Replies, before anything is changed or copied: they must fit into a frame, and into the room for
/// replies.
impl Ledger<'_> {
    fn check_answer(&self, bytes: usize) -> Result<(), Refusal> {
        const AROUND: usize = 16;
        if bytes + AROUND > self.limits.frame_bytes as usize {
            return Err(Refusal::TooLarge(self.limits.frame_bytes.into()));
        }
        if memory::cost(bytes) > self.reply_room {
            Err(Refusal::Busy(IN_FLIGHT_BYTES))
        } else {
            Ok(())
        }
    }

    pub(super) fn check_item(&self, item: Option<&Item>) -> Result<(), Refusal> {
        item.map_or(Ok(()), |item| self.check_answer(item.0.len()))
    }

    pub(super) fn item(&self, item: Option<&Item>) -> Result<Reply, Refusal> {
        self.check_item(item)?;
        Ok(Reply::Item(item.cloned()))
    }

    /// The item found where another one was expected.
    pub(super) fn found(&self, item: Option<&Item>) -> Result<Reply, Refusal> {
        self.check_item(item)?;
        Ok(Reply::Exchanged(Some(item.cloned())))
    }

    /// All of these. Too many are never packed.
    pub(super) fn all<T: Serialize + DeserializeOwned>(
        &self,
        items: impl Iterator<Item = T>,
    ) -> Result<Packed<T>, Refusal> {
        let mut packed = Packed::default();
        for item in items {
            packed.push(&item);
            self.check_answer(packed.bytes())?;
        }
        Ok(packed)
    }
}

impl Limits {
    /// An item must fit into a frame with everything around it, or it could never be read again.
    fn check_item(&self, item: &Item) -> Result<(), Refusal> {
        const AROUND: usize = 64;
        match item.0.len() + AROUND > self.frame_bytes as usize {
            true => Err(Refusal::TooLarge(self.frame_bytes.into())),
            false => Ok(()),
        }
    }
}

impl Body {
    fn weight(&self) -> u64 {
        const OBJECT: u64 = 128;
        OBJECT
            + match self {
                Body::List(list) => list.iter().map(weight).sum(),
                Body::Dict(dict) => dict.iter().map(|(key, item)| weight(key) + weight(item)).sum(),
                Body::Value(item) => weight(item),
                Body::Lock(_) => 0,
            }
    }
}

/// The weight of an item, including its place in a container.
fn weight(item: &Item) -> u64 {
    const PLACE: u64 = 32;
    item.0.len() as u64 + PLACE
}
