//! The pipe backend: a lane whose producer is in a worker process.
//!
//! The worker writes each item as one frame into a socket, in one piece and without buffering in
//! between: an item that was sent has left the worker. A thread in the receiver's process reads the
//! frames and fills a lane on the heap. A closing frame means CLOSED. The end of the stream without
//! it means DEAD, with the worker's fate. A truncated last frame is dropped.

use super::error::{Death, Reason};
use super::fault::Fault;
use super::hub::Local;
use super::lane::PushError;
use crate::process::frame::{self, Decoder, FrameError, from_bytes};
use crate::process::{self, Exit, Failure, Held, Panic, caught, handle, last_panic};
use crate::sync::Arc;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{SendFlags, send};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::VecDeque;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Instant;

// The first byte of a payload.
const ITEM: u8 = 0;
const CLOSE: u8 = 1;
const PANICKED: u8 = 2;

/// The meaning of a payload.
#[derive(Debug)]
enum Word<T> {
    Item(T),
    /// Nothing more comes, after this many items.
    Close(u64),
    Panicked(String, Option<String>),
}

fn word<T: DeserializeOwned>(payload: &[u8]) -> Result<Word<T>, String> {
    match payload.split_first() {
        Some((&ITEM, rest)) => from_bytes(rest).map(Word::Item),
        Some((&CLOSE, rest)) => from_bytes(rest).map(Word::Close),
        Some((&PANICKED, rest)) => {
            from_bytes(rest).map(|(message, location)| Word::Panicked(message, location))
        }
        Some((other, _)) => Err(format!("a message of the unknown kind {other}")),
        None => Err("an empty message".to_string()),
    }
}

fn framed<W: Serialize>(kind: u8, word: &W) -> Result<Vec<u8>, Reason> {
    let mut payload = vec![kind];
    let (bytes, _) =
        process::encode(word).map_err(|e| e.exceeded.map_or(Reason::Refused, Reason::Exceeds))?;
    payload.extend(bytes);
    frame::encode(&payload).map_err(|_| Reason::TooLong(payload.len() - 1))
}

/// The worker's end.
pub(super) struct Pipe<T> {
    link: UnixStream,
    /// The rest of a frame whose beginning is in the socket.
    pending: Vec<u8>,
    sent: u64,
    panicked: bool,
    /// Set where the type is known to be serialisable, so that a `Sender` of any other type can
    /// exist.
    encode: fn(&T) -> Result<Vec<u8>, Reason>,
}

/// How long to wait for room.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    Never,
    Until(Instant),
    Forever,
}

/// Why an item was not written.
#[derive(Debug)]
pub(super) enum WriteError<T> {
    Full(T),
    Disconnected(T),
    Unserialisable(T, Reason),
}

impl<T> Pipe<T> {
    pub(super) fn new(fd: OwnedFd) -> Self
    where
        T: Serialize,
    {
        let encode = |item: &T| framed(ITEM, item);
        Self { link: UnixStream::from(fd), pending: Vec::new(), sent: 0, panicked: false, encode }
    }

    pub(super) fn send(&mut self, item: T, wait: Wait) -> Result<(), WriteError<T>> {
        let frame = match (self.encode)(&item) {
            Ok(frame) => frame,
            Err(reason) => return Err(WriteError::Unserialisable(item, reason)),
        };
        match self
            .flush(wait)
            .and_then(|flushed| if flushed { self.write(&frame, wait) } else { Ok(0) })
        {
            Err(_) => Err(WriteError::Disconnected(item)),
            Ok(0) => Err(WriteError::Full(item)),
            Ok(written) => {
                self.pending = frame[written..].to_vec();
                self.sent += 1;
                Ok(())
            }
        }
    }

    /// Writes what is pending. Returns whether all of it was written.
    fn flush(&mut self, wait: Wait) -> io::Result<bool> {
        let pending = std::mem::take(&mut self.pending);
        let written = self.write(&pending, wait)?;
        self.pending = pending[written..].to_vec();
        Ok(self.pending.is_empty())
    }

    /// Writes as much as possible. It writes less than everything only if the wait is over.
    fn write(&self, bytes: &[u8], wait: Wait) -> io::Result<usize> {
        // A peer that is gone is an error (EPIPE), not a signal.
        let flags = match wait {
            Wait::Forever => SendFlags::NOSIGNAL,
            Wait::Never | Wait::Until(_) => SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        };
        let mut written = 0;
        while written < bytes.len() {
            match send(&self.link, &bytes[written..], flags) {
                Ok(more) => written += more,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.await_room(wait)? => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Whether there was room in time.
    fn await_room(&self, wait: Wait) -> io::Result<bool> {
        let Wait::Until(deadline) = wait else { return Ok(false) };
        let Some(left) = deadline.checked_duration_since(Instant::now()) else { return Ok(false) };
        let mut ready = [PollFd::new(&self.link, PollFlags::OUT)];
        match poll(&mut ready, left.try_into().ok().as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(true), // the next write tells
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn is_disconnected(&self) -> bool {
        let mut ready = [PollFd::new(&self.link, PollFlags::empty())];
        let now = std::time::Duration::ZERO.try_into().ok();
        poll(&mut ready, now.as_ref()).is_ok()
            && ready[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
    }

    /// A thread that had a clone panicked: this stream is not complete.
    pub(super) fn panicked(&mut self) {
        self.panicked = true;
    }
}

impl<T> Drop for Pipe<T> {
    fn drop(&mut self) {
        let last = if self.panicked {
            let (message, location) =
                last_panic().unwrap_or(("a thread that had the sender".to_string(), None));
            framed(PANICKED, &(message, location))
        } else {
            framed(CLOSE, &self.sent)
        };
        // Without a receiver there is nothing to tell.
        if let (Ok(last), Ok(true)) = (last, self.flush(Wait::Forever)) {
            let _ = self.write(&last, Wait::Forever);
        }
    }
}

/// Makes a lane for a worker, with a thread that fills it. The worker's end is attached to the
/// message that is being encoded, at the returned index.
pub(super) fn open<T: DeserializeOwned + Send + 'static>(origin: &Local<T>) -> Result<u32, String> {
    let failed =
        |e: io::Error| handle::refuse(format!("cannot make a connection for a sender: {e}"));
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let wake = ours.try_clone().map_err(failed)?;
    let carried = handle::carry(theirs.into())?;
    let local = origin.sibling(|consumer| {
        // The reader may be asleep in a read, the worker in a write.
        consumer.on_gone(move || drop(wake.shutdown(std::net::Shutdown::Both)));
    });
    let exit = carried.exit;
    if let Some(exit) = &exit {
        let lane = Arc::clone(local.lane());
        exit.on_join(move || lane.room.ring());
    }
    // If the thread cannot be started, the lane is dropped with its closure. It must not look
    // closed then.
    let reader = Reader { lane: Some(Fill { local, exit, overflow: VecDeque::new() }) };
    std::thread::Builder::new()
        .name("queue reader".to_string())
        .spawn(move || reader.run(ours))
        .map_err(failed)?;
    Ok(carried.place)
}

/// Marks the lane as dead, unless its stream was read to its end.
struct Reader<T> {
    lane: Option<Fill<T>>,
}

impl<T: DeserializeOwned> Reader<T> {
    fn run(mut self, link: UnixStream) {
        // The lane stays where `drop` finds it, in case we panic ourselves. A panic of an item's
        // `Drop` is caught here. A panic of its `Deserialize` is caught where that is called.
        let read = self.lane.as_mut().map(|fill| caught(|| fill.read(link)));
        if let (Some(fill), Some(read)) = (self.lane.take(), read) {
            fill.finish(read.unwrap_or_else(|panic| Ok(Ending::Dead(panicked(panic)))));
        }
    }
}

impl<T> Drop for Reader<T> {
    fn drop(&mut self) {
        let Some(fill) = self.lane.take() else { return };
        fill.local.die(match std::thread::panicking() {
            true => Death::Panicked { message: None, location: None },
            false => Death::Unknown,
        });
    }
}

fn panicked(Panic { message, location }: Panic) -> Death {
    Death::Panicked { message, location }
}

/// Fills a lane from a stream of frames.
struct Fill<T> {
    local: Local<T>,
    exit: Option<Exit>,
    /// Items for which the lane has no room, while a thread waits for the worker's end and does not
    /// receive. The worker could not end if its items were not read.
    overflow: VecDeque<T>,
}

/// How a stream of frames ended.
enum Ending {
    Closed,
    /// Without a closing frame.
    Eof,
    Dead(Death),
}

/// The receiver is gone.
struct Gone;

impl<T: DeserializeOwned> Fill<T> {
    /// Records how the stream ended, after the last item.
    fn finish(mut self, read: Result<Ending, Gone>) {
        let Ok(ending) = read else { return self.close() }; // the receiver is gone
        while let Some(item) = self.overflow.pop_front() {
            if let Err(PushError::Disconnected(item)) = self.local.push(item, None, || false) {
                drop(Held::new(item));
                return self.close();
            }
        }
        match ending {
            Ending::Closed => self.local.close(),
            Ending::Dead(death) => self.local.die(death),
            Ending::Eof => {
                let death = match self.exit.as_ref().map(Exit::wait) {
                    None => Death::Unknown,
                    // it returned, and forgot its sender
                    Some(Ok(())) => Death::Worker(Failure::Exited(0)),
                    Some(Err(Failure::Panicked { message, location })) => {
                        Death::Panicked { message: Some(message), location }
                    }
                    Some(Err(failure)) => Death::Worker(failure),
                };
                self.local.die(death);
            }
        }
    }

    /// Ends without a receiver. Each remaining item is dropped, even if another one's `Drop`
    /// panics.
    fn close(self) {
        self.overflow.into_iter().map(Held::new).for_each(drop);
        self.local.close();
    }

    /// Reads to the end. The link is then closed: the worker's next write is an error.
    fn read(&mut self, mut link: impl Read) -> Result<Ending, Gone> {
        let mut decoder = Decoder::new();
        let mut chunk = vec![0; 1 << 16];
        let mut arrived = 0;
        loop {
            let length = match link.read(&mut chunk) {
                Ok(length) => length,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => 0, // reset: the worker was killed
            };
            if length == 0 {
                return if self.local.lane().is_gone() { Err(Gone) } else { Ok(Ending::Eof) };
            }
            decoder.feed(&chunk[..length]);
            loop {
                let offset = decoder.offset();
                let garbage = |why| FrameError { offset, reason: frame::Reason::Payload(why) };
                let payload = match decoder.next_frame() {
                    Ok(Some(payload)) => payload,
                    Ok(None) => break,
                    Err(error) => return Ok(Ending::Dead(Death::Garbage(error))),
                };
                let word = match caught(|| word(&payload)) {
                    Ok(word) => word,
                    Err(panic) => return Ok(Ending::Dead(panicked(panic))),
                };
                match word {
                    Ok(Word::Item(item)) => {
                        arrived += 1;
                        self.deliver(item)?;
                    }
                    Ok(Word::Close(sent)) if sent == arrived => return Ok(Ending::Closed),
                    Ok(Word::Close(sent)) => {
                        let why = format!("closed after {sent} items, of which {arrived} arrived");
                        return Ok(Ending::Dead(Death::Garbage(garbage(why))));
                    }
                    Ok(Word::Panicked(message, location)) => {
                        return Ok(Ending::Dead(Death::Panicked {
                            message: Some(message),
                            location,
                        }));
                    }
                    Err(why) => return Ok(Ending::Dead(Death::Garbage(garbage(why)))),
                }
            }
        }
    }

    fn deliver(&mut self, item: T) -> Result<(), Gone> {
        self.overflow.push_back(item);
        let Self { local, exit, overflow } = self;
        let joining = || exit.as_ref().is_some_and(Exit::is_joining);
        while let Some(item) = overflow.pop_front() {
            // Once a thread waits for the worker, room appears only by chance. It is not worth
            // waiting for item by item.
            let pushed =
                if joining() { local.try_push(item) } else { local.push(item, None, joining) };
            match pushed {
                Ok(()) => {}
                Err(PushError::Full(item)) => {
                    overflow.push_front(item);
                    break;
                }
                Err(PushError::Disconnected(_) | PushError::Died) => return Err(Gone),
            }
        }
        Ok(())
    }
}

/// Checks a property of any bytes from a worker (for property tests and fuzzing): what arrived
/// before they became garbage is received, and the stream is finished only if a closing frame says
/// so.
///
/// # Panics
///
/// If it does not hold.
pub fn check_bytes(bytes: &[u8]) {
    let (local, receiver) = super::bounded_with::<Vec<u8>>(bytes.len() + 1, Fault::None);
    let mut fill = Fill { local, exit: None, overflow: VecDeque::new() };
    let read = fill.read(bytes);
    fill.finish(read);

    let (mut decoder, mut items, mut closed) = (Decoder::new(), Vec::new(), false);
    decoder.feed(bytes);
    while let Ok(Some(payload)) = decoder.next_frame() {
        match word::<Vec<u8>>(&payload) {
            Ok(Word::Item(item)) => items.push(item),
            Ok(Word::Close(sent)) => {
                closed = sent == items.len() as u64;
                break;
            }
            Ok(Word::Panicked(..)) | Err(_) => break,
        }
    }
    match receiver.drain() {
        Ok(received) => assert!(closed && received == items, "finished without a closing frame"),
        Err(died) => assert!(!closed && died.items == items, "died, and lost something: {died}"),
    }
}
