//! A connection over a socket: frames of a bounded size, each with at most one socket attached.

use super::protocol::{decode, encode};
use super::shared::{Lost, Wire};
use crate::process::frame::{self, Decoder, Reason};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Serialize, de::DeserializeOwned};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// One end of a connection over a socket.
#[derive(Debug)]
pub struct Socket {
    stream: UnixStream,
    decoder: Decoder,
    frame_bytes: u32,
    // Attached to the next message.
    pub(super) outgoing: Option<OwnedFd>,
    // Attached to the last message.
    pub(super) incoming: Option<OwnedFd>,
}

impl Socket {
    /// This end of the stream, with frames of at most this many bytes.
    #[must_use]
    pub fn new(stream: UnixStream, frame_bytes: u32) -> Self {
        let decoder = Decoder::with_limit(frame_bytes as usize);
        Socket { stream, decoder, frame_bytes, outgoing: None, incoming: None }
    }

    /// The stream, for watching its end.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// The next message. While it arrives, `admit` must agree to each number of bytes to keep for
    /// it.
    ///
    /// A message that is not admitted is `Busy`: it is skipped.
    pub(super) fn receive_if<In: DeserializeOwned>(
        &mut self,
        mut admit: impl FnMut(usize) -> Result<(), u64>,
    ) -> Result<In, Lost> {
        self.incoming = None;
        loop {
            match self.decoder.next_frame() {
                Ok(Some(payload)) => {
                    return decode(&payload).map_err(|e| Lost::Malformed(e.to_string()));
                }
                Ok(None) => {}
                Err(error) => match error.reason {
                    Reason::TooLong { limit, .. } => return Err(Lost::TooLarge(limit as u64)),
                    _ => return Err(Lost::Malformed(error.to_string())),
                },
            }
            if let Err(limit) = admit(self.decoder.pending()) {
                self.decoder.pass_over();
                return Err(Lost::Busy(limit));
            }
            // A truncated last frame was never a message. A reset is the end too.
            if !matches!(self.read(), Ok(true)) {
                return Err(Lost::Ended);
            }
        }
    }

    /// Writes header and payload one after the other. A copy of both would double the memory of a
    /// reply.
    fn write(&mut self, mut header: &[u8], mut payload: &[u8]) -> rustix::io::Result<()> {
        let companion = self.outgoing.take();
        let borrowed: Vec<_> = companion.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !borrowed.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&borrowed));
        }
        while header.len() + payload.len() > 0 {
            let slices = [IoSlice::new(header), IoSlice::new(payload)];
            // NOSIGNAL: a peer that is gone is an error, not a signal.
            let written = rustix::io::retry_on_intr(|| {
                sendmsg(&self.stream, &slices, &mut control, SendFlags::NOSIGNAL)
            })?;
            let of_header = written.min(header.len());
            header = &header[of_header..];
            payload = &payload[written - of_header..];
            control.clear();
        }
        Ok(())
    }

    /// Reads once; `false` is the end.
    fn read(&mut self) -> rustix::io::Result<bool> {
        let mut bytes = [0; 1 << 14];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            recvmsg(
                &self.stream,
                &mut [IoSliceMut::new(&mut bytes)],
                &mut control,
                RecvFlags::CMSG_CLOEXEC,
            )
        })?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(mut sockets) = message {
                self.incoming = sockets.next();
            }
        }
        self.decoder.feed(&bytes[..received.bytes]);
        Ok(received.bytes > 0)
    }
}

impl<Out: Serialize, In: DeserializeOwned> Wire<Out, In> for Socket {
    fn send(&mut self, message: &Out) -> Result<(), Lost> {
        let payload = encode(message).map_err(|e| Lost::Malformed(e.to_string()))?;
        if payload.len() > self.frame_bytes as usize {
            self.outgoing = None;
            return Err(Lost::TooLarge(self.frame_bytes.into()));
        }
        let header = frame::header(payload.len()).map_err(|e| Lost::Malformed(e.to_string()))?;
        self.write(&header, &payload).map_err(|_| Lost::Ended)
    }

    fn receive(&mut self) -> Result<In, Lost> {
        self.receive_if(|_| Ok(()))
    }
}
