//! The core behind its lock, and the two ends of a connection. Models explore the code that the
//! server runs.
//!
//! A model and a real manager differ only in the [`Wire`]: a channel in the model, a socket in the
//! manager.

use super::core::{ConnectionId, Core, Outcome};
use super::error::{ManagerError, ManagerExit};
use super::memory::{Charge, Memory};
use super::protocol::{ObjectId, Refusal, Reply, Request};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The core of a manager, for all threads that serve its clients.
#[derive(Debug)]
pub struct Shared {
    pub(super) core: Mutex<Core>,
    // Notified when a lock may have become free, and when the manager shuts down.
    pub(super) changed: Condvar,
    // Charged under the core's lock only, so that an amount that was seen to fit still fits.
    replies: Memory,
}

impl Shared {
    /// Puts the core behind its lock.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Shared { core: Mutex::new(core), changed: Condvar::new(), replies: Memory::default() }
    }

    /// Begins a connection; see [`Core::connect`].
    ///
    /// # Errors
    /// As there.
    pub fn connect(&self, object: Option<ObjectId>) -> Result<ConnectionId, Refusal> {
        self.core().connect(object)
    }

    /// Begins a connection for a client that has one; see [`Core::connect_from`].
    ///
    /// # Errors
    /// As there.
    pub fn connect_from(
        &self,
        from: ConnectionId,
        object: Option<ObjectId>,
    ) -> Result<ConnectionId, Refusal> {
        self.core().connect_from(from, object)
    }

    /// Performs a request. Blocks while it asks for a lock that another connection holds.
    pub fn call(&self, connection: ConnectionId, request: Request) -> Reply {
        self.answer(connection, request, |_| ()).0
    }

    /// The same. The charge is for the reply, until it is sent. `waits` is called under the core's
    /// lock when this is going to block, and again when it no longer does. A thread that learns
    /// meanwhile that the client has gone disconnects it, which ends the wait.
    pub(super) fn answer(
        &self,
        connection: ConnectionId,
        mut request: Request,
        waits: impl Fn(bool),
    ) -> (Reply, Charge) {
        let frees = matches!(request, Request::Unlock { .. } | Request::Release(_));
        let mut waiting = false;
        let mut core = self.core();
        loop {
            core.reply_room = self.replies.room();
            match core.apply(connection, request) {
                Outcome::Reply(reply) => {
                    let mut charge = self.replies.charge();
                    charge.grow_to(reply.bytes()); // the core saw that there is room
                    drop(core);
                    if frees {
                        self.changed.notify_all();
                    }
                    if waiting {
                        waits(false);
                    }
                    return (reply, charge);
                }
                Outcome::Blocked(again) => {
                    request = again;
                    if !waiting {
                        waits(true);
                        waiting = true;
                    }
                    core = self.changed.wait(core).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Ends a connection; see [`Core::disconnect`].
    pub fn disconnect(&self, connection: ConnectionId) {
        self.core().disconnect(connection);
        self.changed.notify_all();
    }

    /// Refuses everything from now on. Connections that wait for a lock are told so.
    pub fn close(&self) {
        self.core().close();
        self.changed.notify_all();
    }

    pub(super) fn undo_acquire(&self, connection: ConnectionId, lock: ObjectId) {
        self.core().undo_acquire(connection, lock);
        crate::load_bearing_elsewhere(
            "the connection ends right after this, and that notifies, too: this is only sooner",
        );
        self.changed.notify_all();
    }

    #[track_caller]
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        // The only foreign code that runs under this lock is a function of the table, and its panic
        // is caught.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One end of a connection.
pub trait Wire<Out, In> {
    /// Sends one message.
    ///
    /// # Errors
    /// The other end is gone, or the message was too large and was not sent.
    fn send(&mut self, message: &Out) -> Result<(), Lost>;

    /// Blocks until the next message.
    ///
    /// # Errors
    /// The other end is gone, or sent something else.
    fn receive(&mut self) -> Result<In, Lost>;

    /// The thread now waits for another client and reads nothing, or it has stopped doing so.
    fn waits(&self, waits: bool) {
        let _ = waits;
    }
}

/// Why there is no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The other end is gone.
    Ended,
    /// The bytes are no message, so nothing after them can be one.
    Malformed(String),
    /// The message is larger than a frame may be.
    TooLarge(u64),
    /// Together with what others have in flight it is more than this many bytes. It was skipped,
    /// and the next message may come.
    Busy(u64),
}

/// Serves one connection to its end, whatever that is. A panic disconnects too. A request for a
/// further connection is passed to `open`.
pub fn serve<W: Wire<Reply, Request>>(
    shared: &Shared,
    connection: ConnectionId,
    wire: &mut W,
    open: impl FnMut(&mut W, Option<ObjectId>) -> Reply,
) {
    let _end = Disconnect { shared, connection };
    serve_until_lost(shared, connection, wire, open, Shared::undo_acquire);
}

struct Disconnect<'a> {
    shared: &'a Shared,
    connection: ConnectionId,
}

impl Drop for Disconnect<'_> {
    fn drop(&mut self) {
        self.shared.disconnect(self.connection);
    }
}

/// Serves until the other end is gone. `undelivered` gets a lock whose new owner was not told.
pub(super) fn serve_until_lost<W: Wire<Reply, Request>>(
    shared: &Shared,
    connection: ConnectionId,
    wire: &mut W,
    mut open: impl FnMut(&mut W, Option<ObjectId>) -> Reply,
    undelivered: impl Fn(&Shared, ConnectionId, ObjectId),
) {
    loop {
        let request = match wire.receive() {
            Ok(request) => request,
            Err(Lost::Ended) => return,
            Err(Lost::Malformed(why)) => return answer(wire, Refusal::Malformed(why)),
            Err(Lost::TooLarge(limit)) => return answer(wire, Refusal::TooLarge(limit)),
            Err(Lost::Busy(limit)) => match wire.send(&Reply::Refused(Refusal::Busy(limit))) {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let lock = match request {
            Request::Acquire(lock) | Request::TryAcquire(lock) => Some(lock),
            _ => None,
        };
        let (reply, _charge) = match request {
            Request::Connect(object) => (open(wire, object), None),
            request => {
                let (reply, charge) = shared.answer(connection, request, |waits| wire.waits(waits));
                (reply, Some(charge))
            }
        };
        match wire.send(&reply) {
            Ok(()) => {}
            // Only a reply to a read can be too large, so nothing has changed.
            Err(Lost::TooLarge(limit)) => {
                if wire.send(&Reply::Refused(Refusal::TooLarge(limit))).is_err() {
                    return;
                }
            }
            Err(_) => {
                // A client that died while it waited for a lock has left nothing half done.
                if let (Some(lock), Reply::Acquired { .. }) = (lock, reply) {
                    undelivered(shared, connection, lock);
                }
                return;
            }
        }
    }
}

/// Sends why the connection ends. It ends even if the other end is gone.
fn answer<W: Wire<Reply, Request>>(wire: &mut W, refusal: Refusal) {
    let _ = wire.send(&Reply::Refused(refusal));
}

/// The client's end of a connection: one request at a time, and one error for the manager's end.
#[derive(Debug)]
pub struct Remote<W> {
    state: Mutex<State<W>>,
}

#[derive(Debug)]
struct State<W> {
    wire: W,
    // Once set, it stays: every caller gets the same error for one event.
    lost: Option<ManagerError>,
}

impl<W: Wire<Request, Reply>> Remote<W> {
    /// The client's end of this wire.
    #[must_use]
    pub fn new(wire: W) -> Self {
        Remote { state: Mutex::new(State { wire, lost: None }) }
    }

    /// Sends the request and waits for the reply. `prepare` sees the wire before. `exit` says how
    /// the manager ended.
    ///
    /// # Errors
    /// The manager is gone, or violates the protocol. A request that is too large is refused here.
    pub fn call(
        &self,
        request: &Request,
        prepare: impl FnOnce(&mut W),
        exit: impl FnOnce() -> ManagerExit,
    ) -> Result<Reply, ManagerError> {
        // A thread that panicked in here has left the wire in the middle of a message, or of
        // nothing at all.
        let mut state = self
            .state
            .lock()
            .map_err(|_| ManagerError::Protocol("a client panicked".to_string()))?;
        let state = &mut *state;
        if let Some(lost) = &state.lost {
            return Err(lost.clone());
        }
        prepare(&mut state.wire);
        let lost = match state.wire.send(request) {
            Ok(()) => match state.wire.receive() {
                Ok(reply) => return Ok(reply),
                Err(lost) => lost,
            },
            Err(Lost::TooLarge(limit)) => return Err(Refusal::TooLarge(limit).into()),
            Err(lost) => lost,
        };
        let error = match lost {
            Lost::Ended => ManagerError::Disconnected { exit: exit() },
            Lost::Malformed(why) => ManagerError::Protocol(why),
            Lost::TooLarge(limit) | Lost::Busy(limit) => {
                ManagerError::Protocol(format!("an answer of more than {limit} bytes"))
            }
        };
        state.lost = Some(error.clone());
        Err(error)
    }
}
