//! Models of the manager's locks: an owner works alone, and a waiting client is woken.

use super::setting::{client, item, join, manager, spawn};
use crate::systems::manager::core::ConnectionId;
use crate::systems::manager::protocol::{Create, Fence, ObjectId, Reply, Request};
use crate::systems::manager::proxy::ValueProxy;
use crate::systems::manager::server::create;
use crate::systems::manager::shared::Shared;
use std::sync::Arc;

pub(super) struct Account {
    pub(super) shared: Arc<Shared>,
    pub(super) connection: ConnectionId,
    pub(super) lock: ObjectId,
    pub(super) balance: ValueProxy<u64>,
}

impl Account {
    pub(super) fn new(shared: Arc<Shared>, connection: ConnectionId) -> Self {
        let owner = client(&shared, None);
        let balance =
            ValueProxy::new(&owner, create(&owner, Create::Value(item(0))).expect("there is room"));
        let Reply::Created(lock) = shared.call(connection, Request::Create(Create::Lock)) else {
            panic!("there is room")
        };
        Account { shared, connection, lock, balance }
    }

    /// The same account, in another process.
    pub(super) fn given_to_child(&self) -> Self {
        let connection = self.shared.connect(Some(self.lock)).expect("there is room");
        let balance =
            ValueProxy::new(&client(&self.shared, Some(self.balance.id())), self.balance.id());
        Account { shared: Arc::clone(&self.shared), connection, lock: self.lock, balance }
    }

    pub(super) fn acquire(&self) -> (Fence, bool) {
        acquire(&self.shared, self.connection, self.lock)
    }

    pub(super) fn unlock(&self, fence: Fence) {
        unlock(&self.shared, self.connection, fence);
    }

    pub(super) fn deposit(&self) {
        let present = self.balance.get().expect("the manager is there");
        self.balance.set(&(present + 1)).expect("the manager is there");
    }
}

pub(super) fn acquire(shared: &Shared, connection: ConnectionId, lock: ObjectId) -> (Fence, bool) {
    match shared.call(connection, Request::Acquire(lock)) {
        Reply::Acquired { token, poisoned } => (Fence { lock, token }, poisoned),
        reply => panic!("a lock that is not acquired: {reply:?}"),
    }
}

/// One condition variable serves every lock: a client that waits for another lock must not swallow
/// the notification.
pub(super) fn two_locks(free: fn(&Shared, ConnectionId, Fence)) {
    let shared = manager();
    let owned = [(); 2].map(|()| {
        let owner = shared.connect(None).expect("there is room");
        let Reply::Created(lock) = shared.call(owner, Request::Create(Create::Lock)) else {
            panic!("there is room")
        };
        (owner, acquire(&shared, owner, lock).0)
    });
    let waiters = owned.map(|(_, hold)| {
        let (connection, shared) =
            (shared.connect(Some(hold.lock)).expect("there is room"), Arc::clone(&shared));
        spawn("waiter", move || acquire(&shared, connection, hold.lock))
    });
    for ((owner, hold), waiter) in owned.into_iter().zip(waiters) {
        free(&shared, owner, hold);
        join(waiter); // before the other lock is free
    }
}

pub(super) fn unlock(shared: &Shared, owner: ConnectionId, fence: Fence) {
    assert_eq!(
        shared.call(owner, Request::Unlock { fence, poison: false }),
        Reply::Done,
        "the owner can unlock"
    );
}

pub(super) fn connect() {
    let shared = manager();
    let theirs = Arc::clone(&shared);
    let child = spawn("child", move || theirs.connect(None).expect("there is room"));
    let mine = shared.connect(None).expect("there is room");
    assert_ne!(join(child), mine, "two clients are taken for one");
}

pub(super) fn two_clients_add_with(lock: bool) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(shared, connection);
    let childs = account.given_to_child();
    let deposit = move |account: &Account| {
        let fence = lock.then(|| account.acquire().0);
        account.deposit();
        if let Some(fence) = fence {
            account.unlock(fence);
        }
    };
    let child = spawn("child", move || {
        deposit(&childs);
        childs
    });
    deposit(&account);
    let _childs = join(child);
    assert_eq!(account.balance.get(), Ok(2), "a deposit was lost");
}
