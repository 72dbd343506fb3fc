//! Interprets bytes as two clients' operations on a manager's list, dict, value and lock. Compares
//! them with a `Vec`, a `BTreeMap`, an item and an owner.

use super::Decisions;
use crate::systems::manager::{
    Call, ConnectionId, Core, Create, DictOperation, Fence, Functions, Item, Limits, ListOperation,
    ObjectId, Operation, Outcome, Refusal, Reply, Request, ValueOperation,
};
use std::collections::BTreeMap;

/// Checks that a manager answers each operation as the sequential specification does.
///
/// # Panics
/// If it does not.
pub fn manager(bytes: &[u8]) {
    applied(bytes, Core::apply);
}

/// The specification: the state of the four objects.
#[derive(Default)]
struct Specification {
    list: Vec<Item>,
    dict: BTreeMap<Item, Item>,
    value: Item,
    /// The lock: the client that holds it, the number of acquisitions, and whether an owner died or
    /// declared the data damaged.
    owner: Option<usize>,
    token: u64,
    poisoned: bool,
}

const LIST: ObjectId = ObjectId(0);
const DICT: ObjectId = ObjectId(1);
const VALUE: ObjectId = ObjectId(2);
const LOCK: ObjectId = ObjectId(3);

fn applied(bytes: &[u8], apply: impl Fn(&mut Core, ConnectionId, Request) -> Outcome) {
    let mut core = Core::new(Functions::new(), Limits::default());
    let keeper = core.connect(None).expect("an open manager");
    for (create, id) in [
        (Create::List, LIST),
        (Create::Dict, DICT),
        (Create::Value(Item::default()), VALUE),
        (Create::Lock, LOCK),
    ] {
        assert_eq!(core.apply(keeper, Request::Create(create)), Outcome::Reply(Reply::Created(id)));
    }
    // A client has a handle of each object, and a connection for each handle.
    let connect = |core: &mut Core| {
        [LIST, DICT, VALUE, LOCK].map(|id| core.connect(Some(id)).expect("an open manager"))
    };
    let mut clients = [(); 2].map(|()| connect(&mut core));
    let mut specification = Specification::default();
    let mut decisions = Decisions::new(bytes);
    while let Some((client, step)) = next(&mut decisions) {
        match step {
            Step::Ask(request) => {
                let expected = specification.answer(client, &request);
                let connection = clients[client][object(&request).0 as usize];
                assert_eq!(
                    apply(&mut core, connection, request.clone()),
                    expected,
                    "{client}: {request:?}"
                );
            }
            Step::Die => {
                clients[client].into_iter().for_each(|connection| core.disconnect(connection));
                clients[client] = connect(&mut core);
                if specification.owner == Some(client) {
                    specification.owner = None;
                    specification.poisoned = true;
                }
            }
        }
    }
    for connection in clients.into_iter().flatten().chain([keeper]) {
        core.disconnect(connection);
    }
    assert_eq!(core.objects(), 0, "an object outlives everybody who knew it");
}

/// The object of a request.
fn object(request: &Request) -> ObjectId {
    match request {
        Request::Call(call) => call.object,
        _ => LOCK,
    }
}

enum Step {
    Ask(Request),
    /// The client's connection ends, and a new client takes its place.
    Die,
}

/// The next client, and its step.
fn next(decisions: &mut Decisions<'_>) -> Option<(usize, Step)> {
    let client = decisions.below(2)?;
    let call =
        |object, operation| Step::Ask(Request::Call(Call { object, fence: None, operation }));
    let step = match decisions.below(6)? {
        0 => call(LIST, Operation::List(list(decisions)?)),
        1 => call(DICT, Operation::Dict(dict(decisions)?)),
        2 => call(VALUE, Operation::Value(value(decisions)?)),
        3 => Step::Ask(lock(decisions)?),
        4 => {
            let fence = Some(Fence { lock: LOCK, token: decisions.below(4)? as u64 });
            let operation = Operation::Value(ValueOperation::Set(item(decisions)?));
            Step::Ask(Request::Call(Call { object: VALUE, fence, operation }))
        }
        _ => Step::Die,
    };
    Some((client, step))
}

/// One of a few items, so that operations collide.
fn item(decisions: &mut Decisions<'_>) -> Option<Item> {
    Some(Item(vec![decisions.below(4)? as u8]))
}

fn maybe(decisions: &mut Decisions<'_>) -> Option<Option<Item>> {
    Some(match decisions.below(2)? {
        0 => None,
        _ => Some(item(decisions)?),
    })
}

fn list(decisions: &mut Decisions<'_>) -> Option<ListOperation> {
    let index = |decisions: &mut Decisions<'_>| Some(decisions.below(5)? as u64);
    Some(match decisions.below(11)? {
        0 => ListOperation::Push(item(decisions)?),
        1 => ListOperation::Extend([item(decisions)?, item(decisions)?].into_iter().collect()),
        2 => ListOperation::Get(index(decisions)?),
        3 => ListOperation::Set(index(decisions)?, item(decisions)?),
        4 => ListOperation::Len,
        5 => ListOperation::Pop,
        6 => ListOperation::Remove(index(decisions)?),
        7 => ListOperation::Contains(item(decisions)?),
        8 => ListOperation::Range(index(decisions)?, index(decisions)?),
        9 => {
            let (index, current, new) = (index(decisions)?, item(decisions)?, item(decisions)?);
            ListOperation::CompareExchange { index, current, new }
        }
        _ => ListOperation::Clear,
    })
}

fn dict(decisions: &mut Decisions<'_>) -> Option<DictOperation> {
    Some(match decisions.below(8)? {
        0 => DictOperation::Insert(item(decisions)?, item(decisions)?),
        1 => DictOperation::Get(item(decisions)?),
        2 => DictOperation::Remove(item(decisions)?),
        3 => DictOperation::Len,
        4 => DictOperation::Keys,
        5 => DictOperation::Pairs,
        6 => {
            let (key, current, new) = (item(decisions)?, maybe(decisions)?, maybe(decisions)?);
            DictOperation::CompareExchange { key, current, new }
        }
        _ => DictOperation::Clear,
    })
}

fn value(decisions: &mut Decisions<'_>) -> Option<ValueOperation> {
    Some(match decisions.below(3)? {
        0 => ValueOperation::Get,
        1 => ValueOperation::Set(item(decisions)?),
        _ => ValueOperation::CompareExchange { current: item(decisions)?, new: item(decisions)? },
    })
}

fn lock(decisions: &mut Decisions<'_>) -> Option<Request> {
    Some(match decisions.below(4)? {
        0 => Request::Acquire(LOCK),
        1 => Request::TryAcquire(LOCK),
        2 => {
            let fence = Fence { lock: LOCK, token: decisions.below(4)? as u64 };
            Request::Unlock { fence, poison: decisions.below(2)? == 1 }
        }
        _ => Request::ClearPoison(LOCK),
    })
}

impl Specification {
    fn answer(&mut self, client: usize, request: &Request) -> Outcome {
        let reply = match request.clone() {
            Request::Call(Call { fence: Some(fence), .. })
                if self.owner.is_none() || fence.token != self.token =>
            {
                Reply::Refused(Refusal::StaleFence)
            }
            Request::Call(Call { operation: Operation::List(operation), .. }) => {
                self.list(operation)
            }
            Request::Call(Call { operation: Operation::Dict(operation), .. }) => {
                self.dict(operation)
            }
            Request::Call(Call { operation: Operation::Value(operation), .. }) => {
                self.value(operation)
            }
            Request::Acquire(_) | Request::TryAcquire(_) => match self.owner {
                None => {
                    (self.owner, self.token) = (Some(client), self.token + 1);
                    Reply::Acquired { token: self.token, poisoned: self.poisoned }
                }
                Some(owner) if owner == client => Reply::Refused(Refusal::AlreadyHeld),
                Some(_) if matches!(request, Request::Acquire(_)) => {
                    return Outcome::Blocked(request.clone());
                }
                Some(_) => Reply::Refused(Refusal::Locked),
            },
            Request::Unlock { fence, poison }
                if self.owner == Some(client) && fence.token == self.token =>
            {
                self.owner = None;
                self.poisoned |= poison;
                Reply::Done
            }
            Request::Unlock { .. } => Reply::Refused(Refusal::StaleFence),
            Request::ClearPoison(_) => {
                self.poisoned = false;
                Reply::Done
            }
            other => unreachable!("{other:?} is never asked for"),
        };
        Outcome::Reply(reply)
    }

    fn list(&mut self, operation: ListOperation) -> Reply {
        let len = self.list.len();
        let outside = |index: u64| {
            (index as usize >= len).then_some(Refusal::OutOfRange { index, len: len as u64 })
        };
        match operation {
            ListOperation::Push(item) => {
                self.list.push(item);
                Reply::Done
            }
            ListOperation::Extend(items) => {
                self.list.extend(items.iter());
                Reply::Done
            }
            ListOperation::Get(index) => Reply::Item(self.list.get(index as usize).cloned()),
            ListOperation::Set(index, _) | ListOperation::Remove(index)
                if let Some(refusal) = outside(index) =>
            {
                Reply::Refused(refusal)
            }
            ListOperation::Set(index, item) => {
                self.list[index as usize] = item;
                Reply::Done
            }
            ListOperation::Remove(index) => Reply::Item(Some(self.list.remove(index as usize))),
            ListOperation::Len => Reply::Number(len as u64),
            ListOperation::Pop => Reply::Item(self.list.pop()),
            ListOperation::Contains(item) => Reply::Bool(self.list.contains(&item)),
            ListOperation::Range(start, end) => {
                let wanted = (start..end).map_while(|index| self.list.get(index as usize).cloned());
                Reply::Items(wanted.collect())
            }
            ListOperation::CompareExchange { index, current, new } => {
                match self.list.get_mut(index as usize) {
                    None => Reply::Refused(Refusal::OutOfRange { index, len: len as u64 }),
                    Some(slot) => exchange(slot, &current, new),
                }
            }
            ListOperation::Clear => {
                self.list.clear();
                Reply::Done
            }
            ListOperation::Update(..) => unreachable!("never asked for"),
        }
    }

    fn dict(&mut self, operation: DictOperation) -> Reply {
        match operation {
            DictOperation::Insert(key, item) => Reply::Item(self.dict.insert(key, item)),
            DictOperation::Get(key) => Reply::Item(self.dict.get(&key).cloned()),
            DictOperation::Remove(key) => Reply::Item(self.dict.remove(&key)),
            DictOperation::Len => Reply::Number(self.dict.len() as u64),
            DictOperation::Keys => Reply::Items(self.dict.keys().cloned().collect()),
            DictOperation::Pairs => Reply::Pairs(self.dict.clone().into_iter().collect()),
            DictOperation::CompareExchange { key, current, new } => {
                let present = self.dict.get(&key).cloned();
                if present != current {
                    return Reply::Exchanged(Some(present));
                }
                self.dict.remove(&key);
                self.dict.extend(new.map(|new| (key, new)));
                Reply::Exchanged(None)
            }
            DictOperation::Clear => {
                self.dict.clear();
                Reply::Done
            }
            DictOperation::Update { .. } => unreachable!("never asked for"),
        }
    }

    fn value(&mut self, operation: ValueOperation) -> Reply {
        match operation {
            ValueOperation::Get => Reply::Item(Some(self.value.clone())),
            ValueOperation::Set(item) => {
                self.value = item;
                Reply::Done
            }
            ValueOperation::CompareExchange { current, new } => {
                exchange(&mut self.value, &current, new)
            }
            ValueOperation::Update(_) => unreachable!("never asked for"),
        }
    }
}

fn exchange(slot: &mut Item, current: &Item, new: Item) -> Reply {
    if slot != current {
        return Reply::Exchanged(Some(Some(slot.clone())));
    }
    *slot = new;
    Reply::Exchanged(None)
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;

    #[test]
    fn a_set_that_sets_nothing_is_noticed() {
        let bytes = [0, 2, 1, 3, 1, 2, 0]; // one client sets the value to 3, the other reads it
        manager(&bytes);
        let forgetful = |core: &mut Core, client, request| match request {
            Request::Call(Call { operation: Operation::Value(ValueOperation::Set(_)), .. }) => {
                Outcome::Reply(Reply::Done)
            }
            request => core.apply(client, request),
        };
        let said = objection(|bytes| applied(bytes, forgetful), &bytes);
        assert!(said.contains("Value(Get)"), "{said}");
    }

    #[test]
    fn a_lock_that_two_may_hold_is_noticed() {
        let bytes = [0, 3, 1, 1, 3, 1]; // both try to acquire
        manager(&bytes);
        let generous = |core: &mut Core, client, request| match core.apply(client, request) {
            Outcome::Reply(Reply::Refused(Refusal::Locked)) => {
                Outcome::Reply(Reply::Acquired { token: 1, poisoned: false })
            }
            outcome => outcome,
        };
        let said = objection(|bytes| applied(bytes, generous), &bytes);
        assert!(said.contains("TryAcquire"), "{said}");
    }

    #[test]
    fn an_object_that_nobody_releases_is_noticed() {
        manager(&[0, 5]); // a client dies
        let leaky = |core: &mut Core, client, request| {
            let _ = core.connect(Some(LIST)); // a further handle that is never given up
            core.apply(client, request)
        };
        let said = objection(|bytes| applied(bytes, leaky), &[0, 0, 4]);
        assert!(said.contains("outlives"), "{said}");
    }
}
