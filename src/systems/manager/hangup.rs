//! Detects that a client has gone while its connection's thread waits for a lock, and so reads
//! nothing.

use super::core::ConnectionId;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// The connections whose threads wait.
#[derive(Debug)]
pub(super) struct HangUps {
    waiting: OwnedFd,
    /// Shut down at the end. Its other end is among the watched ones.
    stop: UnixStream,
    _stopped: UnixStream,
}

/// No connection's number, because those count from 0.
const STOP: u64 = u64::MAX;

impl HangUps {
    pub(super) fn new() -> io::Result<Self> {
        let waiting = epoll::create(CreateFlags::CLOEXEC)?;
        let (stop, stopped) = UnixStream::pair()?;
        epoll::add(&waiting, &stopped, EventData::new_u64(STOP), EventFlags::empty())?;
        Ok(HangUps { waiting, stop, _stopped: stopped })
    }

    /// Watches for the connection's end from now on.
    ///
    /// Only for its full end: a client that sends no more may still want its answer.
    pub(super) fn watch(&self, stream: &UnixStream, connection: ConnectionId) {
        // An error leaves it unwatched. Then its end is only seen when the lock is free.
        let _ = epoll::add(
            &self.waiting,
            stream,
            EventData::new_u64(connection.0),
            EventFlags::ONESHOT,
        );
    }

    /// Stops watching, because the thread itself reads again.
    pub(super) fn forget(&self, stream: &UnixStream) {
        let _ = epoll::delete(&self.waiting, stream);
    }

    /// Calls `gone` for each client that has gone, until the end.
    pub(super) fn run(&self, gone: impl Fn(ConnectionId)) {
        let mut events = Vec::with_capacity(16);
        loop {
            events.clear();
            match epoll::wait(&self.waiting, spare_capacity(&mut events), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return, // the descriptor is ours: there is nothing to wait for
            }
            for event in &events {
                match event.data.u64() {
                    STOP => return,
                    connection => gone(ConnectionId(connection)),
                }
            }
        }
    }

    pub(super) fn stop(&self) {
        let _ = self.stop.shutdown(Shutdown::Both); // an error means that it is already shut down
    }
}
