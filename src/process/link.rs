//! The control socket between parent and worker: frames with attached file descriptors.

use super::codec::{Bytes, Shape};
use super::frame::{Decoder, FrameError, Reason, encode};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, send, sendmsg,
};
use serde::{Deserialize, Serialize};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The most descriptors of one message.
pub const LIMIT: usize = 64;

/// The arguments of a worker's function.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Arguments {
    /// The name of their type, for people.
    pub(super) of: String,
    /// The primitive types as which they were written, and must be read.
    pub(super) shape: Shape,
    pub(super) bytes: Bytes,
}

/// The last message of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    /// The function returned a value of this type, as these bytes.
    Returned { of: String, bytes: Bytes },
    /// The function panicked.
    Panicked { message: String, location: Option<String> },
    /// There is no such function; these exist.
    NotRegistered { known: Vec<String> },
    /// The arguments do not match the function.
    BadArguments(String),
    /// The result could not be encoded.
    BadResult(String),
}

/// Sends one frame with these descriptors, blocking until all of it is in the socket.
pub(super) fn send_frame(link: &UnixStream, payload: &[u8], handles: &[OwnedFd]) -> io::Result<()> {
    let frame = encode(payload).map_err(io::Error::other)?;
    let mut rest = &frame[..];
    if !handles.is_empty() {
        // The descriptors ride on the first bytes of the frame.
        let borrowed: Vec<_> = handles.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LIMIT))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(&borrowed)) {
            return Err(io::Error::other(format!(
                "{} file descriptors in one message",
                handles.len()
            )));
        }
        let written = rustix::io::retry_on_intr(|| {
            sendmsg(link, &[IoSlice::new(rest)], &mut control, SendFlags::NOSIGNAL)
        })?;
        rest = &rest[written..];
    }
    while !rest.is_empty() {
        // A peer that is gone is an error (EPIPE), not a signal.
        rest = &rest[rustix::io::retry_on_intr(|| send(link, rest, SendFlags::NOSIGNAL))?..];
    }
    Ok(())
}

/// One message: a payload and the descriptors that came with it.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) payload: Vec<u8>,
    pub(super) handles: Vec<OwnedFd>,
}

/// The result of one read.
#[derive(Debug)]
pub(super) enum Received {
    /// A whole message.
    Message(Message),
    /// A part of a message.
    Part,
    /// The peer is gone, between two messages.
    End,
}

/// Assembles messages from what arrives.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    decoder: Decoder,
    handles: Vec<OwnedFd>,
}

impl Incoming {
    /// Reads once, blocking until data arrives.
    pub(super) fn read(&mut self, link: &UnixStream) -> Result<Received, FrameError> {
        let mut bytes = [0; 1 << 14];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LIMIT))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let result = rustix::io::retry_on_intr(|| {
            recvmsg(link, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)
        });
        let received = match result {
            Ok(received) => received,
            // A peer that was killed with unread bytes in its socket resets the connection.
            Err(rustix::io::Errno::CONNRESET) => return self.end(),
            Err(e) => return Err(self.error(format!("cannot read: {e}"))),
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(handles) = message {
                self.handles.extend(handles);
            }
        }
        if received.flags.contains(ReturnFlags::CTRUNC) {
            return Err(self.error(
                "some of its file descriptors did not arrive: too many are open".to_string(),
            ));
        }
        if received.bytes == 0 {
            return self.end();
        }
        self.decoder.feed(&bytes[..received.bytes]);
        Ok(match self.decoder.next_frame()? {
            Some(payload) => {
                Received::Message(Message { payload, handles: std::mem::take(&mut self.handles) })
            }
            None => Received::Part,
        })
    }

    /// Blocks until a whole message has arrived; `None` at the end.
    pub(super) fn message(&mut self, link: &UnixStream) -> Result<Option<Message>, FrameError> {
        loop {
            match self.read(link)? {
                Received::Message(message) => return Ok(Some(message)),
                Received::Part => {}
                Received::End => return Ok(None),
            }
        }
    }

    fn end(&self) -> Result<Received, FrameError> {
        self.decoder.finish().map(|()| Received::End)
    }

    fn error(&self, why: String) -> FrameError {
        FrameError { offset: self.decoder.offset(), reason: Reason::Payload(why) }
    }
}
