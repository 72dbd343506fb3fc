//! A running manager: one thread per connection, in this process or in its own.

use super::client::{Client, Link, Origin, Transport, unexpected};
use super::core::{ConnectionId, Core};
use super::error::{ManagerError, ManagerExit};
use super::functions::Functions;
use super::hangup::HangUps;
use super::lock::LockProxy;
use super::memory::{Charge, IN_FLIGHT_BYTES, Memory};
use super::protocol::{Create, Item, Limits, ObjectId, Refusal, Reply, Request};
use super::proxy::{DictProxy, ListProxy, ValueProxy};
use super::shared::{Lost, Shared, Wire, serve};
use super::wire::Socket;
use crate::process::handle::Handle;
use crate::process::{Worker, WorkerHandle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A manager of shared objects, and its first client. Dropping it shuts the manager down.
///
/// ```
/// use selvedge::systems::manager::{Functions, Manager};
///
/// let manager = Manager::spawn(Functions::new())?;
/// let list = manager.list()?;
/// list.extend(&[1, 2, 3])?;
/// assert_eq!(list.to_vec()?, [1, 2, 3]);
/// # Ok::<(), selvedge::systems::manager::ManagerError>(())
/// ```
pub struct Manager {
    client: Arc<Client>,
    // The other end of the server's lifeline.
    root: UnixStream,
    // `None` once it was shut down.
    server: Option<Server>,
}

enum Server {
    Thread(JoinHandle<()>, Arc<OnceLock<()>>),
    Process(WorkerHandle<()>),
}

impl Manager {
    /// Starts a manager as threads of this process, with the default limits.
    ///
    /// # Errors
    /// The operating system refuses a socket or a thread.
    pub fn spawn(functions: Functions) -> Result<Self, ManagerError> {
        Self::spawn_with(functions, Limits::default())
    }

    /// Starts a manager as threads of this process.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    pub fn spawn_with(functions: Functions, limits: Limits) -> Result<Self, ManagerError> {
        let (ours, theirs) =
            UnixStream::pair().map_err(|e| ManagerError::io("make a socket", e))?;
        let thread = thread::Builder::new()
            .name("manager".to_string())
            .spawn(move || run(theirs, functions, limits))
            .map_err(|e| ManagerError::io("start the manager's thread", e))?;
        let shut_down = Arc::new(OnceLock::new());
        let origin = Origin::Thread(Arc::clone(&shut_down));
        Self::new(ours, origin, limits, Server::Thread(thread, shut_down))
    }

    /// Starts a manager as its own process, with the default limits. The worker of this name must
    /// be registered as a function that calls [`Serve::run`].
    ///
    /// ```no_run
    /// use selvedge::process::{Table, worker_main};
    /// use selvedge::systems::manager::{Functions, Manager, Serve};
    ///
    /// fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let serve = |serve: Serve| serve.run(Functions::new());
    ///     worker_main(&Table::new().function("manager", serve));
    ///
    ///     let manager = Manager::process("manager")?;
    ///     manager.list()?.push(&1)?;
    ///     Ok(manager.shutdown()?)
    /// }
    /// ```
    ///
    /// # Errors
    /// The process cannot be started. If it ends later, the first operation says so.
    pub fn process(worker: &str) -> Result<Self, ManagerError> {
        Self::process_with(worker, Limits::default())
    }

    /// Starts a manager as its own process.
    ///
    /// # Errors
    /// As [`process`](Self::process).
    pub fn process_with(worker: &str, limits: Limits) -> Result<Self, ManagerError> {
        let (ours, theirs) =
            UnixStream::pair().map_err(|e| ManagerError::io("make a socket", e))?;
        let worker =
            Worker::spawn(worker, &Serve { root: Handle::from(OwnedFd::from(theirs)), limits })?;
        Self::new(ours, Origin::Process(worker.exit()), limits, Server::Process(worker))
    }

    fn new(
        ours: UnixStream,
        origin: Origin,
        limits: Limits,
        server: Server,
    ) -> Result<Self, ManagerError> {
        let root = ours.try_clone().map_err(|e| ManagerError::io("duplicate a socket", e))?;
        Ok(Manager {
            client: Client::new(Transport::Link(Box::new(Link::new(
                ours,
                origin,
                limits.frame_bytes,
            )))),
            root,
            server: Some(server),
        })
    }

    /// A new, empty list. An object lives as long as there is a proxy of it.
    ///
    /// # Errors
    /// The manager is gone, or full.
    pub fn list<T>(&self) -> Result<ListProxy<T>, ManagerError> {
        Ok(ListProxy::new(&self.client, create(&self.client, Create::List)?))
    }

    /// A new, empty dict.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn dict<K, V>(&self) -> Result<DictProxy<K, V>, ManagerError> {
        Ok(DictProxy::new(&self.client, create(&self.client, Create::Dict)?))
    }

    /// A new value.
    ///
    /// # Errors
    /// As [`list`](Self::list), and if the value cannot be encoded.
    pub fn value<T: Serialize>(&self, value: &T) -> Result<ValueProxy<T>, ManagerError> {
        Ok(ValueProxy::new(
            &self.client,
            create(&self.client, Create::Value(Item::encode(value)?))?,
        ))
    }

    /// A new lock, which is free.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn lock(&self) -> Result<LockProxy, ManagerError> {
        Ok(LockProxy::new(&self.client, create(&self.client, Create::Lock)?))
    }

    /// A socket that the manager now serves, for a client that writes its own frames.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub fn connect(&self) -> Result<UnixStream, ManagerError> {
        self.client.socket()
    }

    /// The id of the manager's process, if it has one of its own.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        match &self.server {
            Some(Server::Process(worker)) => Some(worker.id()),
            _ => None,
        }
    }

    /// Ends the manager. Its clients learn that it is gone, its objects are dropped, and its
    /// threads or its process have ended when this returns.
    ///
    /// # Errors
    /// The manager had already failed.
    pub fn shutdown(mut self) -> Result<(), ManagerError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), ManagerError> {
        let Some(server) = self.server.take() else { return Ok(()) };
        if let Server::Thread(_, shut_down) = &server {
            let _ = shut_down.set(()); // it is set once: `server` was there to take
        }
        // The manager ends with its first connection. An error means that it is gone.
        let _ = self.root.shutdown(Shutdown::Both);
        match server {
            Server::Thread(thread, _) => match thread.join() {
                Ok(()) => Ok(()),
                Err(_) => Err(ManagerError::Disconnected { exit: ManagerExit::Unknown }),
            },
            Server::Process(worker) => {
                // A function of the table that does not return must not block us: then the handle
                // kills the process.
                const ENDING: Duration = Duration::from_secs(10);
                match worker.join_timeout(ENDING) {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(e)) => Err(ManagerError::Disconnected {
                        exit: ManagerExit::Failed(e.failure().clone()),
                    }),
                    Err(_) => Err(ManagerError::Io(
                        "the manager's process did not end and was killed".to_string(),
                    )),
                }
            }
        }
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("{error}, and nobody asked");
        }
    }
}

pub(super) fn create(client: &Client, create: Create) -> Result<ObjectId, ManagerError> {
    match client.call(Request::Create(create))? {
        Reply::Created(id) => Ok(id),
        reply => Err(unexpected(reply)),
    }
}

/// The arguments of a manager's process.
#[derive(Debug, Serialize, Deserialize)]
pub struct Serve {
    root: Handle,
    limits: Limits,
}

impl Serve {
    /// Runs the manager until its owner shuts it down or dies.
    pub fn run(self, functions: Functions) {
        run(UnixStream::from(OwnedFd::from(self.root)), functions, self.limits);
    }
}

/// Serves all connections until the first of them ends.
fn run(root: UnixStream, functions: Functions, limits: Limits) {
    let core = Core::new(functions, limits);
    // Without it there is no manager, and its client learns that it is gone.
    let Ok(server) = Connections::start(core, limits.frame_bytes) else { return };
    let _end = End(&server);
    if let Ok(connection) = server.shared.connect(None) {
        server.serve(connection, root);
    }
}

/// Ends a manager, even when the thread of its first connection panics.
struct End<'a>(&'a Connections);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// What all threads of a manager share.
struct Connections {
    shared: Shared,
    frame_bytes: u32,
    requests: Memory,
    hang_ups: HangUps,
    registry: Mutex<Registry>,
}

#[derive(Default)]
struct Registry {
    ended: bool,
    // All connections but the first, with what is needed to end each from outside.
    open: BTreeMap<ConnectionId, (UnixStream, JoinHandle<()>)>,
    watch: Option<JoinHandle<()>>,
}

impl Connections {
    fn start(core: Core, frame_bytes: u32) -> io::Result<Arc<Self>> {
        let server = Arc::new(Connections {
            shared: Shared::new(core),
            frame_bytes,
            requests: Memory::default(),
            hang_ups: HangUps::new()?,
            registry: Mutex::new(Registry::default()),
        });
        let watching = Arc::clone(&server);
        let watch =
            move || watching.hang_ups.run(|connection| watching.shared.disconnect(connection));
        server.registry().watch =
            Some(thread::Builder::new().name("hang-ups".to_string()).spawn(watch)?);
        Ok(server)
    }

    fn serve(self: &Arc<Self>, connection: ConnectionId, stream: UnixStream) {
        let socket = Socket::new(stream, self.frame_bytes);
        let mut wire = Served { socket, server: self, connection, charge: self.requests.charge() };
        serve(&self.shared, connection, &mut wire, |wire, object| {
            match wire.socket.incoming.take() {
                Some(stream) => {
                    let opened =
                        self.open(connection, UnixStream::from(stream), object, Self::serve);
                    opened.map_or_else(Reply::Refused, |()| Reply::Done)
                }
                None => {
                    Reply::Refused(Refusal::Malformed("a connection without a socket".to_string()))
                }
            }
        });
    }

    /// Begins a connection for the client of another one, on its own thread.
    fn open(
        self: &Arc<Self>,
        from: ConnectionId,
        stream: UnixStream,
        object: Option<ObjectId>,
        serve: impl FnOnce(&Arc<Self>, ConnectionId, UnixStream) + Send + 'static,
    ) -> Result<(), Refusal> {
        // Held until the thread is registered, so that its end cannot come earlier.
        let mut registry = self.registry();
        if registry.ended {
            return Err(Refusal::Closing);
        }
        let from_outside = stream.try_clone().map_err(|_| Refusal::Full)?;
        let connection = self.shared.connect_from(from, object)?;
        let server = Arc::clone(self);
        let thread =
            thread::Builder::new().name(format!("connection {}", connection.0)).spawn(move || {
                let _ended = Ended { server: &server, connection };
                serve(&server, connection, stream);
            });
        match thread {
            Ok(thread) => {
                registry.open.insert(connection, (from_outside, thread));
                Ok(())
            }
            Err(_) => {
                self.shared.disconnect(connection);
                Err(Refusal::Full)
            }
        }
    }

    /// Ends all connections and waits for their threads.
    fn end(&self) {
        self.shared.close();
        let (open, watch) = {
            let mut registry = self.registry();
            registry.ended = true;
            (std::mem::take(&mut registry.open), registry.watch.take())
        };
        for (stream, thread) in open.into_values() {
            // An error means that the connection has ended. A panic of its thread concerned its own
            // client.
            let _ = stream.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
        self.hang_ups.stop();
        let _ = watch.map(JoinHandle::join);
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // Nothing under this lock leaves the registry half changed.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the end of a connection's thread. Even if we panic, its client learns of it and no longer
/// holds anything.
struct Ended<'a> {
    server: &'a Connections,
    connection: ConnectionId,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.server.shared.disconnect(self.connection);
        self.server.registry().open.remove(&self.connection); // and with it the copy of its socket
    }
}

/// The manager's end of a connection. It counts the memory in use, and watches for the client's end
/// while it waits.
struct Served<'a> {
    socket: Socket,
    server: &'a Connections,
    connection: ConnectionId,
    /// For the request that arrives or is being served.
    charge: Charge,
}

impl Wire<Reply, Request> for Served<'_> {
    fn send(&mut self, reply: &Reply) -> Result<(), Lost> {
        Wire::<Reply, Request>::send(&mut self.socket, reply)
    }

    fn receive(&mut self) -> Result<Request, Lost> {
        // The last request is gone, and a request that is not admitted is not kept.
        self.charge = self.server.requests.charge();
        let charge = &mut self.charge;
        self.socket
            .receive_if(|bytes| if charge.grow_to(bytes) { Ok(()) } else { Err(IN_FLIGHT_BYTES) })
    }

    fn waits(&self, waits: bool) {
        match waits {
            true => self.server.hang_ups.watch(self.socket.stream(), self.connection),
            false => self.server.hang_ups.forget(self.socket.stream()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn a_connection_whose_thread_panics_is_over_for_its_client_and_for_the_core() {
        let core = Core::new(Functions::new(), Limits { connections: 2, ..Limits::default() });
        let server = Connections::start(core, Limits::default().frame_bytes).unwrap();
        let _end = End(&server);
        let first = server.shared.connect(None).unwrap();
        for _ in 0..3 {
            // Each time there is room for one more.
            let (mut ours, theirs) = UnixStream::pair().unwrap();
            let bug =
                |_: &Arc<Connections>, _, _| std::panic::resume_unwind(Box::new("a bug of ours"));
            server.open(first, theirs, None, bug).unwrap();
            assert_eq!(ours.read(&mut [0]).unwrap(), 0, "its client hears of it");
            while server.shared.core().connections() > 1 {}
            while !server.registry().open.is_empty() {}
        }
    }
}
