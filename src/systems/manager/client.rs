//! A client of a manager: its connections, and the handles that keep objects alive.

use super::core::ConnectionId;
use super::error::{ManagerError, ManagerExit};
use super::protocol::{Call, Fence, ObjectId, Operation, Reply, Request};
use super::shared::{Remote, Shared};
use super::wire::Socket;
use crate::process::{Exit, handle};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::fmt;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// One connection to a manager.
// An enum, so that a model's events show the line of the proxy's caller: `track_caller` does not
// work through a trait object.
pub(super) enum Transport {
    Link(Box<Link>),
    Direct(Direct),
}

impl Transport {
    /// Sends the request and waits for the reply. The errors are connection errors, never a
    /// refusal.
    #[track_caller]
    pub(super) fn call(&self, request: Request) -> Result<Reply, ManagerError> {
        match self {
            Transport::Link(link) => link.call(&request),
            Transport::Direct(direct) => Ok(direct.shared.call(direct.connection, request)),
        }
    }

    /// A further connection, which has a handle of the object.
    fn connect(&self, object: ObjectId) -> Result<Transport, ManagerError> {
        match self {
            Transport::Link(link) => {
                link.connect(object).map(|link| Transport::Link(Box::new(link)))
            }
            Transport::Direct(direct) => {
                Direct::new(&direct.shared, Some(object)).map(Transport::Direct)
            }
        }
    }

    /// The socket of a further connection, which keeps the object alive from the start, and the
    /// limit of its frames.
    fn hand_over(&self, object: Option<ObjectId>) -> Result<(OwnedFd, u32), ManagerError> {
        match self {
            Transport::Link(link) => Ok((link.open(object)?.into(), link.frame_bytes)),
            Transport::Direct(_) => Err(ManagerError::Protocol(
                "a connection without a socket cannot be handed over".to_string(),
            )),
        }
    }
}

/// What this process can know about a manager's end.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// Another process started it.
    Elsewhere,
    /// It is a thread of this process. Set when it is shut down.
    Thread(Arc<OnceLock<()>>),
    /// It is a child of this process.
    Process(Exit),
}

impl Origin {
    /// How the manager ended. Called once it is known to be gone.
    fn exit(&self) -> ManagerExit {
        // The socket of a dying process closes before its status is available. The limit is for a
        // manager that lives and has only ended this connection.
        const DYING: Duration = Duration::from_secs(10);
        match self {
            Origin::Elsewhere => ManagerExit::Unknown,
            Origin::Thread(shut_down) => {
                shut_down.get().map_or(ManagerExit::Unknown, |()| ManagerExit::ShutDown)
            }
            Origin::Process(exit) => match exit.wait_timeout(DYING) {
                Some(Ok(())) => ManagerExit::ShutDown,
                Some(Err(failure)) => ManagerExit::Failed(failure),
                None => ManagerExit::Unknown,
            },
        }
    }
}

/// A connection over a socket.
pub(super) struct Link {
    remote: Remote<Socket>,
    origin: Origin,
    frame_bytes: u32,
}

impl Link {
    pub(super) fn new(stream: UnixStream, origin: Origin, frame_bytes: u32) -> Self {
        Link { remote: Remote::new(Socket::new(stream, frame_bytes)), origin, frame_bytes }
    }

    /// A socket whose other end the manager now serves.
    fn open(&self, object: Option<ObjectId>) -> Result<UnixStream, ManagerError> {
        let (ours, theirs) =
            UnixStream::pair().map_err(|e| ManagerError::io("make a socket", e))?;
        let attach = |wire: &mut Socket| wire.outgoing = Some(theirs.into());
        match self.remote.call(&Request::Connect(object), attach, || self.origin.exit())? {
            Reply::Done => Ok(ours),
            reply => Err(unexpected(reply)),
        }
    }

    fn call(&self, request: &Request) -> Result<Reply, ManagerError> {
        self.remote.call(request, |_| (), || self.origin.exit())
    }

    fn connect(&self, object: ObjectId) -> Result<Link, ManagerError> {
        Ok(Link::new(self.open(Some(object))?, self.origin.clone(), self.frame_bytes))
    }
}

/// A connection without a wire: the client's thread works on the core directly. Models use it.
pub(super) struct Direct {
    shared: Arc<Shared>,
    connection: ConnectionId,
}

impl Direct {
    pub(super) fn new(
        shared: &Arc<Shared>,
        object: Option<ObjectId>,
    ) -> Result<Self, ManagerError> {
        Ok(Direct { shared: Arc::clone(shared), connection: shared.connect(object)? })
    }

    pub(super) fn connection(&self) -> ConnectionId {
        self.connection
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.shared.disconnect(self.connection);
    }
}

/// The connection of one client for everything that does not block. There is one more for each lock
/// that is held or waited for ([`Object::dedicated`]). So a thread that waits for a lock does not
/// keep another one from releasing it.
pub(super) struct Client {
    main: Transport,
}

impl Client {
    pub(super) fn new(main: Transport) -> Arc<Self> {
        Arc::new(Client { main })
    }

    /// Sends the request and waits for the reply. A refusal is an error here.
    #[track_caller]
    pub(super) fn call(&self, request: Request) -> Result<Reply, ManagerError> {
        refused(self.main.call(request)?)
    }

    /// The socket of a further connection.
    pub(super) fn socket(&self) -> Result<UnixStream, ManagerError> {
        Ok(self.main.hand_over(None)?.0.into())
    }
}

/// The reply, or the refusal as an error.
pub(super) fn refused(reply: Reply) -> Result<Reply, ManagerError> {
    match reply {
        Reply::Refused(refusal) => Err(refusal.into()),
        Reply::Batch { done, refusal: Some(refusal) } => {
            Err(ManagerError::Interrupted { done, refusal })
        }
        reply => Ok(reply),
    }
}

/// A reply that does not fit its request.
pub(super) fn unexpected(reply: Reply) -> ManagerError {
    refused(reply).map_or_else(|error| error, |reply| ManagerError::Protocol(format!("{reply:?}")))
}

/// A handle of an object, given up when it is dropped.
struct Handle {
    client: Arc<Client>,
    id: ObjectId,
    /// For a lock: connections that also have a handle of it, but neither hold it nor wait for it.
    /// They end with this handle, because otherwise they would keep the lock alive.
    spare: Mutex<Vec<Transport>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // If the manager is gone, so is the object.
        let _ = self.client.call(Request::Release(self.id));
    }
}

/// The core of every proxy: an object of a manager, and the hold under which it is used.
#[derive(Clone)]
pub(super) struct Object {
    handle: Arc<Handle>,
    fence: Option<Fence>,
}

impl Object {
    /// The handle of the object on this client's main connection.
    pub(super) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        let handle = Handle { client: Arc::clone(client), id, spare: Mutex::new(Vec::new()) };
        Object { handle: Arc::new(handle), fence: None }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.handle.id
    }

    pub(super) fn client(&self) -> &Arc<Client> {
        &self.handle.client
    }

    /// A connection for one hold of this lock.
    pub(super) fn dedicated(&self) -> Result<Transport, ManagerError> {
        let spare = self.handle.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.map_or_else(|| self.client().main.connect(self.id()), Ok)
    }

    /// Takes back a connection that does not hold this lock.
    pub(super) fn give_back(&self, link: Transport) {
        self.handle.spare.lock().unwrap_or_else(PoisonError::into_inner).push(link);
    }

    /// A handle of the same object, for another client of the same manager.
    pub(super) fn lend(&self, client: &Arc<Client>) -> Result<Object, ManagerError> {
        let number = match self.client().call(Request::Lend(self.id()))? {
            Reply::Number(number) => number,
            reply => return Err(unexpected(reply)),
        };
        match client.call(Request::Borrow(number))? {
            Reply::Created(id) => Ok(Object::new(client, id)),
            reply => Err(unexpected(reply)),
        }
    }

    pub(super) fn fenced(&self, fence: Fence) -> Self {
        Object { fence: Some(fence), ..self.clone() }
    }

    pub(super) fn operation(&self, operation: Operation) -> Call {
        Call { object: self.id(), fence: self.fence, operation }
    }

    #[track_caller]
    pub(super) fn call(&self, operation: Operation) -> Result<Reply, ManagerError> {
        self.client().call(Request::Call(self.operation(operation)))
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("id", &self.handle.id).field("fence", &self.fence).finish()
    }
}

/// An object in transit to another process.
#[derive(Serialize, Deserialize)]
struct Travelling {
    socket: u32,
    frame_bytes: u32,
    id: ObjectId,
    fence: Option<Fence>,
}

// The socket in transit is a separate connection, which has a handle of the object from the start.
// So the object lives while it is in transit, and no longer if it never arrives.
impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (socket, frame_bytes) = self
            .client()
            .main
            .hand_over(Some(self.id()))
            .map_err(|e| ser::Error::custom(handle::refuse(e.to_string())))?;
        let carried = handle::carry(socket).map_err(ser::Error::custom)?;
        Travelling { socket: carried.place, frame_bytes, id: self.id(), fence: self.fence }
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Travelling { socket, frame_bytes, id, fence } = Travelling::deserialize(deserializer)?;
        let socket = handle::take(socket).map_err(de::Error::custom)?;
        let client = Client::new(Transport::Link(Box::new(Link::new(
            socket.into(),
            Origin::Elsewhere,
            frame_bytes,
        ))));
        Ok(Object { fence, ..Object::new(&client, id) })
    }
}
