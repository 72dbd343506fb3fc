//! Models of locks whose owners, or waiting clients, are killed.

use super::locks::Account;
use super::setting::{ServerEnd, client, join, manager, pair, spawn};
use crate::systems::manager::core::ConnectionId;
use crate::systems::manager::error::ManagerExit;
use crate::systems::manager::protocol::{ObjectId, Refusal, Reply, Request};
use crate::systems::manager::proxy::ValueProxy;
use crate::systems::manager::shared::{Remote, Shared, Wire, serve, serve_until_lost};
use std::sync::Arc;

/// How a server serves one connection: correctly, or with one step left out.
pub(super) type Serve = fn(&Shared, ConnectionId, ServerEnd);

pub(super) fn serve_all(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve(shared, connection, &mut wire, no_more);
}

pub(super) fn serve_without_disconnect(
    shared: &Shared,
    connection: ConnectionId,
    mut wire: ServerEnd,
) {
    serve_until_lost(shared, connection, &mut wire, no_more, Shared::undo_acquire);
}

pub(super) fn serve_and_disconnect_silently(
    shared: &Shared,
    connection: ConnectionId,
    mut wire: ServerEnd,
) {
    serve_until_lost(shared, connection, &mut wire, no_more, Shared::undo_acquire);
    shared.core().disconnect(connection);
}

pub(super) fn serve_without_undo(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve_until_lost(shared, connection, &mut wire, no_more, |_, _, _| ());
    shared.disconnect(connection);
}

fn no_more(_: &mut ServerEnd, _: Option<ObjectId>) -> Reply {
    Reply::Refused(Refusal::Full)
}

/// A client is killed while it waits for the lock.
pub(super) fn waiter_dies(serve: Serve) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(Arc::clone(&shared), connection);
    let waiters = shared.connect(Some(account.lock)).expect("there is room");
    let (mut waiters_end, servers_end) = pair();
    let (hold, _) = account.acquire();
    waiters_end.send(&Request::Acquire(account.lock)).expect("the server is there");
    drop(waiters_end);

    let server = spawn("manager", move || serve(&shared, waiters, servers_end));
    account.unlock(hold);
    let (hold, poisoned) = account.acquire();
    assert!(!poisoned, "a lock is poisoned that nobody held and nobody knew to hold");
    account.unlock(hold);
    join(server);
}

/// A client is killed while it waits for the lock. As in the server, this is noticed while its
/// thread waits.
pub(super) fn waiter_is_gone(hang_up: fn(&Shared, ConnectionId)) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(Arc::clone(&shared), connection);
    let waiters = shared.connect(Some(account.lock)).expect("there is room");
    let (mut waiters_end, servers_end) = pair();
    let (hold, _) = account.acquire();
    waiters_end.send(&Request::Acquire(account.lock)).expect("the server is there");
    drop(waiters_end);

    let theirs = Arc::clone(&shared);
    let server = spawn("manager", move || serve_all(&theirs, waiters, servers_end));
    let watch = spawn("watch", move || hang_up(&shared, waiters));
    join(server); // before the lock is free
    account.unlock(hold);
    join(watch);
}

/// An owner of the lock is killed, and another client wants the lock.
pub(super) fn owner_dies(serve: Serve) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(Arc::clone(&shared), connection);
    let owners = shared.connect(Some(account.lock)).expect("there is room");
    let (owners_end, servers_end) = pair();
    let server = spawn("manager", move || serve(&shared, owners, servers_end));

    let owner = Remote::new(owners_end);
    let reply = owner.call(&Request::Acquire(account.lock), |_| (), || ManagerExit::Unknown);
    assert_eq!(reply, Ok(Reply::Acquired { token: 1, poisoned: false }));
    drop(owner); // killed: the manager only sees the end of the connection

    assert!(account.acquire().1, "the lock of a dead owner is not poisoned");
    join(server);
}

/// An owner passes its hold to a helper and dies. The helper writes late.
pub(super) fn stale_writer(fenced: bool) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(Arc::clone(&shared), connection);
    let owner = account.given_to_child();
    let (hold, _) = owner.acquire();
    let helper = client(&shared, Some(account.balance.id()));
    let helpers = ValueProxy::<u64>::new(&helper, account.balance.id());
    let helpers = if fenced { helpers.fenced(hold) } else { helpers };
    let helper = spawn("helper", move || {
        let _ = helpers.set(&7); // refused if it comes too late
        helpers
    });

    shared.disconnect(owner.connection); // the owner is killed
    let (hold, poisoned) = account.acquire();
    assert!(poisoned, "the lock of a dead owner is not poisoned");
    let before = account.balance.get();
    assert_eq!(account.balance.get(), before, "somebody else wrote in a critical section");
    account.unlock(hold);
    let _helpers = join(helper);
}
