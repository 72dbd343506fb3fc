//! The parts of the models: a manager, clients that represent processes, and a socket pair made of
//! channels.

use crate::channel::{Receiver, Sender, unbounded};
use crate::systems::manager::client::{Client, Direct, Transport};
use crate::systems::manager::core::Core;
use crate::systems::manager::functions::Functions;
use crate::systems::manager::protocol::{Create, Item, Limits, ObjectId, Reply, Request};
use crate::systems::manager::proxy::ListProxy;
use crate::systems::manager::server::create;
use crate::systems::manager::shared::{Lost, Shared, Wire};
use crate::thread;
use std::sync::Arc;

pub(super) fn core() -> Core {
    let functions = Functions::new().with("add", |n: &mut u64, amount: u64| {
        *n += amount;
        *n
    });
    Core::new(functions, Limits::default())
}

pub(in crate::systems::manager) fn manager() -> Arc<Shared> {
    let shared = Shared::new(core());
    crate::sync::name(&shared.core, "core");
    crate::sync::name(&shared.changed, "changed");
    Arc::new(shared)
}

/// A client with a handle of `object` from the start, like a child that was given a proxy.
pub(in crate::systems::manager) fn client(
    shared: &Arc<Shared>,
    object: Option<ObjectId>,
) -> Arc<Client> {
    Client::new(Transport::Direct(Direct::new(shared, object).expect("there is room")))
}

#[track_caller]
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    f: impl FnOnce() -> T + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::Builder::new()
        .name(name.to_string())
        .spawn(f)
        .expect("a model has room for three threads")
}

/// Waits for a thread that does not fail.
pub(super) fn join<T>(thread: thread::JoinHandle<T>) -> T {
    crate::load_bearing_elsewhere(
        "a model ends with it; what the thread returns, and the manager has, is what counts",
    );
    thread.join().expect("the thread does not fail")
}

pub(in crate::systems::manager) fn new_list(shared: &Arc<Shared>) -> ListProxy<u64> {
    let client = client(shared, None);
    ListProxy::new(&client, create(&client, Create::List).expect("there is room"))
}

/// A proxy of the same list, in another process.
pub(super) fn given_to_child(shared: &Arc<Shared>, list: &ListProxy<u64>) -> ListProxy<u64> {
    ListProxy::new(&client(shared, Some(list.id())), list.id())
}

pub(super) fn item(n: u64) -> Item {
    Item::encode(&n).expect("a number can be encoded")
}

// A socket pair, as channels.

pub(super) struct Channels<Out, In> {
    pub(super) to: Sender<Out>,
    from: Receiver<In>,
}

pub(super) type ClientEnd = Channels<Request, Reply>;
pub(super) type ServerEnd = Channels<Reply, Request>;

pub(super) fn pair() -> (ClientEnd, ServerEnd) {
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
