//! Models of objects in transit, and of children and managers that are killed.

use super::setting::{ClientEnd, client, join, manager, new_list, pair, spawn};
use crate::systems::manager::client::{Client, Direct, Transport};
use crate::systems::manager::error::{ManagerError, ManagerExit};
use crate::systems::manager::protocol::{Create, Request};
use crate::systems::manager::proxy::ListProxy;
use crate::systems::manager::shared::{Lost, Remote, Wire};
use std::sync::Arc;

/// A parent gives a proxy to a child and drops its own before the child's first use.
pub(super) fn hand_over(keeps_it_alive: bool) {
    let shared = manager();
    let list = new_list(&shared);
    let childs_client = client(&shared, keeps_it_alive.then(|| list.id()));
    let childs = ListProxy::<u64>::new(&childs_client, list.id());
    let child = spawn("child", move || {
        let pushed = childs.push(&1);
        (pushed, childs)
    });
    drop(list);
    let (pushed, _childs) = join(child);
    assert_eq!(pushed, Ok(()), "the list was gone before the child's first use");
}

/// A child is killed at any point of its work.
pub(super) fn child_is_killed(parent_looks: bool) {
    let shared = manager();
    let list = new_list(&shared);
    let direct = Direct::new(&shared, Some(list.id())).expect("there is room");
    let connection = direct.connection();
    let childs = ListProxy::<u64>::new(&Client::new(Transport::Direct(direct)), list.id());
    let child = spawn("child", move || {
        let done = childs.push(&10).and_then(|()| childs.push(&11));
        (done, childs)
    });
    shared.disconnect(connection);
    let (done, _childs) = join(child);
    if parent_looks && done.is_err() {
        return; // and says so: the list is not taken for the child's result
    }
    assert_eq!(list.to_vec(), Ok(vec![10, 11]), "a child failed and nobody noticed");
}

/// A manager dies between a request and its reply, while two threads of one client use it.
pub(super) fn manager_dies(a_copy_stays_open: bool) {
    let (clients_end, mut servers_end) = pair();
    // As if the client had inherited the manager's end: then its own reads never end.
    let copy = a_copy_stays_open.then(|| servers_end.to.clone());
    let server = spawn("manager", move || {
        let first: Result<Request, Lost> = servers_end.receive();
        assert!(first.is_ok(), "the client was there first");
        // killed: both directions end, and nothing was answered
    });
    let client = Arc::new(Remote::new(clients_end));
    let call = |client: &Remote<ClientEnd>| {
        client.call(&Request::Create(Create::List), |_| (), || ManagerExit::Unknown)
    };
    let others = Arc::clone(&client);
    let other = spawn("other", move || call(&others));
    let gone = Err(ManagerError::Disconnected { exit: ManagerExit::Unknown });
    assert_eq!(call(&client), gone);
    assert_eq!(join(other), gone);
    join(server);
    drop(copy);
}
