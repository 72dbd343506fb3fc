//! Models of the manager: its own core, proxies and connections, with threads for processes and channels for sockets.
//!
//! Each broken form is the right code with one step changed.

use super::client::{Client, Direct, Transport};
use super::core::{ConnectionId, Core};
use super::error::{ManagerError, ManagerExit};
use super::functions::Functions;
use super::protocol::{Call, Create, Fence, Item, Limits, ListOperation, ObjectId, Operation, Refusal, Reply, Request};
use super::proxy::{DictProxy, ListProxy, ValueProxy};
use super::server::create;
use super::shared::{Lost, Remote, Shared, Wire, serve, serve_until_lost};
use crate::cell::UnsafeCell;
use crate::channel::{Receiver, Sender, unbounded};
use crate::systems::Model;
use crate::thread;
use crate::verdict::{Expect, Kind};
use std::sync::Arc;

/// The models of this system.
pub const MODELS: &[Model] = &[
    holds("manager/append", "two clients append to one list: all is there", append),
    holds("manager/update", "an update at the manager loses nothing", || two_clients_add(add_at_the_manager)),
    broken("manager/broken/read-modify-write", "get, add, set through a proxy loses an update", Kind::Panic, || {
        two_clients_add(add_through_the_proxy)
    }),
    holds("manager/compare-exchange", "get, then compare_exchange until it takes", || {
        two_clients_add(add_by_compare_exchange)
    }),
    holds("manager/dict", "two clients at one dict: one key shared, one each of their own", dict),
    holds("manager/lock", "read and write under the manager's lock", || two_clients_add_with(true)),
    broken("manager/broken/no-lock", "the same without the lock", Kind::Panic, || two_clients_add_with(false)),
    holds("manager/two-locks", "a lock is released while others wait for another: its waiter wakes", || {
        two_locks(unlock)
    }),
    holds("manager/two-locks/dead-owner", "the same, by the owner's death", || {
        two_locks(|shared, owner, _| shared.disconnect(owner))
    }),
    holds("manager/connect", "two clients connect at once: each has a connection of its own", connect),
    holds("manager/dead-owner", "a dead owner's lock is released and poisoned", || owner_dies(serve_all)),
    broken("manager/broken/lost-lock", "a dead owner's lock is never released", Kind::Deadlock, || {
        owner_dies(serve_without_disconnect)
    }),
    broken("manager/broken/release-without-wake", "released, but nobody is told", Kind::Deadlock, || {
        owner_dies(serve_and_disconnect_silently)
    }),
    holds("manager/dead-waiter", "one who dies waiting poisons nothing", || waiter_dies(serve_all)),
    broken("manager/broken/poisoned-by-a-waiter", "the lock counts as held by one who never knew", Kind::Panic, || {
        waiter_dies(serve_without_undo)
    }),
    holds("manager/gone-waiter", "one who is known to be gone waits no longer, though the lock is held", || {
        waiter_is_gone(Shared::disconnect)
    }),
    broken(
        "manager/broken/gone-waiter-sleeps",
        "its connection ends, and nobody wakes its thread",
        Kind::Deadlock,
        || waiter_is_gone(|shared, waiter| shared.core().disconnect(waiter)),
    ),
    holds("manager/fence", "a write under a dead owner's hold is refused", || stale_writer(true)),
    broken("manager/broken/unfenced", "it is not, and lands in another's critical section", Kind::Panic, || {
        stale_writer(false)
    }),
    holds("manager/handed-over", "an object on its way to a child stays alive", || hand_over(true)),
    broken(
        "manager/broken/dropped-on-the-way",
        "the parent drops its proxy, the child comes too late",
        Kind::Panic,
        || hand_over(false),
    ),
    holds("manager/failed-child", "a child that fails is an error", || child_is_killed(true)),
    broken("manager/broken/silent-child", "nobody looks, and the list looks empty", Kind::Panic, || {
        child_is_killed(false)
    }),
    holds("manager/dead-manager", "two threads of a client hear that the manager died", || manager_dies(false)),
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

// A manager, and clients that stand for processes.

fn core() -> Core {
    let functions = Functions::new().with("add", |n: &mut u64, amount: u64| {
        *n += amount;
        *n
    });
    Core::new(functions, Limits::default())
}

pub(super) fn manager() -> Arc<Shared> {
    let shared = Shared::new(core());
    crate::sync::name(&shared.core, "core");
    crate::sync::name(&shared.changed, "changed");
    Arc::new(shared)
}

/// A client, with a handle of `object` from the start: a child that was given a proxy.
pub(super) fn client(shared: &Arc<Shared>, object: Option<ObjectId>) -> Arc<Client> {
    Client::new(Transport::Direct(Direct::new(shared, object).expect("there is room")))
}

#[track_caller]
fn spawn<T: Send + 'static>(name: &str, f: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().name(name.to_string()).spawn(f).expect("a model has room for three threads")
}

/// Waits for a thread that does not fail.
fn join<T>(thread: thread::JoinHandle<T>) -> T {
    crate::load_bearing_elsewhere("a model ends with it; what the thread returns, and the manager has, is what counts");
    thread.join().expect("the thread does not fail")
}

pub(super) fn new_list(shared: &Arc<Shared>) -> ListProxy<u64> {
    let client = client(shared, None);
    ListProxy::new(&client, create(&client, Create::List).expect("there is room"))
}

/// A proxy of the same list, in another process.
fn given_to_child(shared: &Arc<Shared>, list: &ListProxy<u64>) -> ListProxy<u64> {
    ListProxy::new(&client(shared, Some(list.id())), list.id())
}

/// Runs `work` on a list in a child and in the parent; both keep their proxies until both are done.
fn parent_and_child(items: &[u64], work: fn(&ListProxy<u64>, u64)) -> Vec<u64> {
    let shared = manager();
    let list = new_list(&shared);
    list.extend(items).expect("the manager is there");
    let childs = given_to_child(&shared, &list);
    let child = spawn("child", move || {
        work(&childs, 20);
        childs
    });
    work(&list, 10);
    let _childs = join(child);
    list.to_vec().expect("the manager is there")
}

// Lists and dicts.

fn append() {
    let mut list = parent_and_child(&[], |list, first| {
        list.push(&first).expect("the manager is there");
        list.push(&(first + 1)).expect("the manager is there");
    });
    list.sort_unstable();
    assert_eq!(list, [10, 11, 20, 21], "an item was lost");
}

fn two_clients_add(add: fn(&ListProxy<u64>, u64)) {
    assert_eq!(parent_and_child(&[0], add), [30], "an update was lost");
}

fn add_at_the_manager(list: &ListProxy<u64>, amount: u64) {
    list.update::<_, u64>(0, "add", &amount).expect("the manager is there");
}

fn add_through_the_proxy(list: &ListProxy<u64>, amount: u64) {
    let present = list.get(0).expect("the manager is there").expect("the list has one item");
    list.set(0, &(present + amount)).expect("the manager is there");
}

fn add_by_compare_exchange(list: &ListProxy<u64>, amount: u64) {
    let mut present = list.get(0).expect("the manager is there").expect("the list has one item");
    while let Err(found) = list.compare_exchange(0, &present, &(present + amount)).expect("the manager is there") {
        present = found;
    }
}

fn dict() {
    let shared = manager();
    let parent = client(&shared, None);
    let dict = DictProxy::<u64, u64>::new(&parent, create(&parent, Create::Dict).expect("there is room"));
    let childs = DictProxy::<u64, u64>::new(&client(&shared, Some(dict.id())), dict.id());
    let work = |dict: &DictProxy<u64, u64>, n: u64| {
        dict.insert(&n, &(n * n)).expect("the manager is there");
        dict.update_or::<_, u64>(&0, &0, "add", &n).expect("the manager is there");
    };
    let child = spawn("child", move || {
        work(&childs, 4);
        childs
    });
    work(&dict, 3);
    let _childs = join(child);
    let expected = [(0, 7), (3, 9), (4, 16)];
    assert_eq!(dict.to_map().expect("the manager is there"), expected.into(), "an entry was lost");
}

// Locks.

struct Account {
    shared: Arc<Shared>,
    connection: ConnectionId,
    lock: ObjectId,
    balance: ValueProxy<u64>,
}

impl Account {
    fn new(shared: Arc<Shared>, connection: ConnectionId) -> Self {
        let owner = client(&shared, None);
        let balance = ValueProxy::new(&owner, create(&owner, Create::Value(item(0))).expect("there is room"));
        let Reply::Created(lock) = shared.call(connection, Request::Create(Create::Lock)) else {
            panic!("there is room")
        };
        Account { shared, connection, lock, balance }
    }

    /// The same account, in another process.
    fn given_to_child(&self) -> Self {
        let connection = self.shared.connect(Some(self.lock)).expect("there is room");
        let balance = ValueProxy::new(&client(&self.shared, Some(self.balance.id())), self.balance.id());
        Account { shared: Arc::clone(&self.shared), connection, lock: self.lock, balance }
    }

    fn acquire(&self) -> (Fence, bool) {
        acquire(&self.shared, self.connection, self.lock)
    }

    fn unlock(&self, fence: Fence) {
        unlock(&self.shared, self.connection, fence);
    }

    fn deposit(&self) {
        let present = self.balance.get().expect("the manager is there");
        self.balance.set(&(present + 1)).expect("the manager is there");
    }
}

fn acquire(shared: &Shared, connection: ConnectionId, lock: ObjectId) -> (Fence, bool) {
    match shared.call(connection, Request::Acquire(lock)) {
        Reply::Acquired { token, poisoned } => (Fence { lock, token }, poisoned),
        reply => panic!("a lock that is not acquired: {reply:?}"),
    }
}

/// One condition variable serves every lock: who waits for another one must not swallow the notification.
fn two_locks(free: fn(&Shared, ConnectionId, Fence)) {
    let shared = manager();
    let owned = [(); 2].map(|()| {
        let owner = shared.connect(None).expect("there is room");
        let Reply::Created(lock) = shared.call(owner, Request::Create(Create::Lock)) else { panic!("there is room") };
        (owner, acquire(&shared, owner, lock).0)
    });
    let waiters = owned.map(|(_, hold)| {
        let (connection, shared) = (shared.connect(Some(hold.lock)).expect("there is room"), Arc::clone(&shared));
        spawn("waiter", move || acquire(&shared, connection, hold.lock))
    });
    for ((owner, hold), waiter) in owned.into_iter().zip(waiters) {
        free(&shared, owner, hold);
        join(waiter); // before the other lock is free
    }
}

fn unlock(shared: &Shared, owner: ConnectionId, fence: Fence) {
    assert_eq!(shared.call(owner, Request::Unlock { fence, poison: false }), Reply::Done, "the owner can unlock");
}

fn connect() {
    let shared = manager();
    let theirs = Arc::clone(&shared);
    let child = spawn("child", move || theirs.connect(None).expect("there is room"));
    let mine = shared.connect(None).expect("there is room");
    assert_ne!(join(child), mine, "two clients are taken for one");
}

fn two_clients_add_with(lock: bool) {
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

/// How a server serves one connection: right, or with one step left out.
type Serve = fn(&Shared, ConnectionId, ServerEnd);

fn serve_all(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve(shared, connection, &mut wire, no_more);
}

fn serve_without_disconnect(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve_until_lost(shared, connection, &mut wire, no_more, Shared::undo_acquire);
}

fn serve_and_disconnect_silently(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve_until_lost(shared, connection, &mut wire, no_more, Shared::undo_acquire);
    shared.core().disconnect(connection);
}

fn serve_without_undo(shared: &Shared, connection: ConnectionId, mut wire: ServerEnd) {
    serve_until_lost(shared, connection, &mut wire, no_more, |_, _, _| ());
    shared.disconnect(connection);
}

fn no_more(_: &mut ServerEnd, _: Option<ObjectId>) -> Reply {
    Reply::Refused(Refusal::Full)
}

/// A client is killed while it waits for the lock.
fn waiter_dies(serve: Serve) {
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

/// A client is killed while it waits for the lock, and that is seen, as the server does, while its thread waits.
fn waiter_is_gone(hang_up: fn(&Shared, ConnectionId)) {
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

/// An owner of the lock is killed; another client wants it.
fn owner_dies(serve: Serve) {
    let shared = manager();
    let connection = shared.connect(None).expect("there is room");
    let account = Account::new(Arc::clone(&shared), connection);
    let owners = shared.connect(Some(account.lock)).expect("there is room");
    let (owners_end, servers_end) = pair();
    let server = spawn("manager", move || serve(&shared, owners, servers_end));

    let owner = Remote::new(owners_end);
    let reply = owner.call(&Request::Acquire(account.lock), |_| (), || ManagerExit::Unknown);
    assert_eq!(reply, Ok(Reply::Acquired { token: 1, poisoned: false }));
    drop(owner); // killed: all that the manager sees is the end of the connection

    assert!(account.acquire().1, "the lock of a dead owner is not poisoned");
    join(server);
}

/// An owner gives its hold to a helper and dies; the helper writes late.
fn stale_writer(fenced: bool) {
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

// Lifetimes and failures.

/// A parent gives a proxy to a child and drops its own before the child's first use.
fn hand_over(keeps_it_alive: bool) {
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

/// A child is killed at any moment of its work.
fn child_is_killed(parent_looks: bool) {
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

/// A manager dies between a request and its reply, under two threads of one client.
fn manager_dies(a_copy_stays_open: bool) {
    let (clients_end, mut servers_end) = pair();
    // As if the client had inherited the manager's end: then its own reads never end.
    let copy = a_copy_stays_open.then(|| servers_end.to.clone());
    let server = spawn("manager", move || {
        let first: Result<Request, Lost> = servers_end.receive();
        assert!(first.is_ok(), "the client was there first");
        // killed: both directions end, and nothing was answered
    });
    let client = Arc::new(Remote::new(clients_end));
    let call =
        |client: &Remote<ClientEnd>| client.call(&Request::Create(Create::List), |_| (), || ManagerExit::Unknown);
    let others = Arc::clone(&client);
    let other = spawn("other", move || call(&others));
    let gone = Err(ManagerError::Disconnected { exit: ManagerExit::Unknown });
    assert_eq!(call(&client), gone);
    assert_eq!(join(other), gone);
    join(server);
    drop(copy);
}

/// A core that threads share without its lock.
#[allow(unsafe_code)] // the data race is what this is for
mod unlocked {
    use super::{ConnectionId, Core, Request, UnsafeCell};

    pub(super) struct Unlocked(UnsafeCell<Core>);

    // SAFETY: none; this is the data race that must be caught. Engines run one thread at a time, so it does no harm
    // there, and `MODELS` are run nowhere else.
    unsafe impl Sync for Unlocked {}

    impl Unlocked {
        pub(super) fn new(core: Core) -> Self {
            Unlocked(UnsafeCell::new(core))
        }

        pub(super) fn call(&self, connection: ConnectionId, request: Request) {
            // SAFETY: none, as above.
            self.0.with_mut(|core| unsafe { (*core).apply(connection, request) });
        }
    }
}

fn unlocked_core() {
    let mut core = core();
    let first = core.connect(None).expect("there is room");
    core.apply(first, Request::Create(Create::List));
    let second = core.connect(Some(ObjectId(0))).expect("there is room");
    let push = |n| {
        let operation = Operation::List(ListOperation::Push(item(n)));
        Request::Call(Call { object: ObjectId(0), fence: None, operation })
    };
    let core = Arc::new(unlocked::Unlocked::new(core));
    let others = Arc::clone(&core);
    let other = spawn("other", move || others.call(second, push(1)));
    core.call(first, push(2));
    join(other);
}

fn item(n: u64) -> Item {
    Item::encode(&n).expect("a number can be encoded")
}

// A socket pair, as channels.

struct Channels<Out, In> {
    to: Sender<Out>,
    from: Receiver<In>,
}

type ClientEnd = Channels<Request, Reply>;
type ServerEnd = Channels<Reply, Request>;

fn pair() -> (ClientEnd, ServerEnd) {
    let (requests, asked) = unbounded();
    let (replies, answered) = unbounded();
    (Channels { to: requests, from: answered }, Channels { to: replies, from: asked })
}

impl<Out: Clone, In> Wire<Out, In> for Channels<Out, In> {
    fn send(&mut self, message: &Out) -> Result<(), Lost> {
        self.to.send(message.clone()).map_err(|_| Lost::Ended)
    }

    fn receive(&mut self) -> Result<In, Lost> {
        self.from.recv().map_err(|_| Lost::Ended)
    }
}
