//! Models of the manager: its own core, proxies and connections, with threads for processes and
//! channels for sockets.
//!
//! Each broken form is the correct code with one step changed.

pub(super) mod setting;

mod death;
mod items;
mod lifetime;
mod locks;
mod unlocked;

use super::shared::Shared;
use crate::systems::Model;
use crate::verdict::{Expect, Kind};
use death::{
    owner_dies, serve_all, serve_and_disconnect_silently, serve_without_disconnect,
    serve_without_undo, stale_writer, waiter_dies, waiter_is_gone,
};
use items::{
    add_at_the_manager, add_by_compare_exchange, add_through_the_proxy, append, dict,
    two_clients_add,
};
use lifetime::{child_is_killed, hand_over, manager_dies};
use locks::{connect, two_clients_add_with, two_locks, unlock};
use unlocked::unlocked_core;

/// The models of this system.
pub const MODELS: &[Model] = &[
    holds("manager/append", "two clients append to one list: all is there", append),
    holds("manager/update", "an update at the manager loses nothing", || {
        two_clients_add(add_at_the_manager)
    }),
    broken(
        "manager/broken/read-modify-write",
        "get, add, set through a proxy loses an update",
        Kind::Panic,
        || two_clients_add(add_through_the_proxy),
    ),
    holds("manager/compare-exchange", "get, then compare_exchange until it takes", || {
        two_clients_add(add_by_compare_exchange)
    }),
    holds("manager/dict", "two clients at one dict: one key shared, one each of their own", dict),
    holds("manager/lock", "read and write under the manager's lock", || two_clients_add_with(true)),
    broken("manager/broken/no-lock", "the same without the lock", Kind::Panic, || {
        two_clients_add_with(false)
    }),
    holds(
        "manager/two-locks",
        "a lock is released while others wait for another: its waiter wakes",
        || two_locks(unlock),
    ),
    holds("manager/two-locks/dead-owner", "the same, by the owner's death", || {
        two_locks(|shared, owner, _| shared.disconnect(owner))
    }),
    holds(
        "manager/connect",
        "two clients connect at once: each has a connection of its own",
        connect,
    ),
    holds("manager/dead-owner", "a dead owner's lock is released and poisoned", || {
        owner_dies(serve_all)
    }),
    broken(
        "manager/broken/lost-lock",
        "a dead owner's lock is never released",
        Kind::Deadlock,
        || owner_dies(serve_without_disconnect),
    ),
    broken(
        "manager/broken/release-without-wake",
        "released, but nobody is told",
        Kind::Deadlock,
        || owner_dies(serve_and_disconnect_silently),
    ),
    holds("manager/dead-waiter", "one who dies waiting poisons nothing", || waiter_dies(serve_all)),
    broken(
        "manager/broken/poisoned-by-a-waiter",
        "the lock counts as held by one who never knew",
        Kind::Panic,
        || waiter_dies(serve_without_undo),
    ),
    holds(
        "manager/gone-waiter",
        "one who is known to be gone waits no longer, though the lock is held",
        || waiter_is_gone(Shared::disconnect),
    ),
    broken(
        "manager/broken/gone-waiter-sleeps",
        "its connection ends, and nobody wakes its thread",
        Kind::Deadlock,
        || waiter_is_gone(|shared, waiter| shared.core().disconnect(waiter)),
    ),
    holds("manager/fence", "a write under a dead owner's hold is refused", || stale_writer(true)),
    broken(
        "manager/broken/unfenced",
        "it is not, and lands in another's critical section",
        Kind::Panic,
        || stale_writer(false),
    ),
    holds("manager/handed-over", "an object on its way to a child stays alive", || hand_over(true)),
    broken(
        "manager/broken/dropped-on-the-way",
        "the parent drops its proxy, the child comes too late",
        Kind::Panic,
        || hand_over(false),
    ),
    holds("manager/failed-child", "a child that fails is an error", || child_is_killed(true)),
    broken(
        "manager/broken/silent-child",
        "nobody looks, and the list looks empty",
        Kind::Panic,
        || child_is_killed(false),
    ),
    holds("manager/dead-manager", "two threads of a client hear that the manager died", || {
        manager_dies(false)
    }),
    broken(
        "manager/broken/dead-manager-hangs",
        "a copy of the manager's end stays open, and nobody hears",
        Kind::Deadlock,
        || manager_dies(true),
    ),
    broken(
        "manager/broken/unlocked-core",
        "two threads serve one core without its lock",
        Kind::DataRace,
        unlocked_core,
    ),
];

const fn holds(name: &'static str, about: &'static str, body: fn()) -> Model {
    Model { name, about, body, expect: Expect::Holds, not_in: &[] }
}

const fn broken(name: &'static str, about: &'static str, kind: Kind, body: fn()) -> Model {
    Model { name, about, body, expect: Expect::Violation(kind), not_in: &[] }
}
