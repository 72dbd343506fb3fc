//! File descriptors that travel: a value that owns one can be an argument of a worker.
//!
//! While a worker's arguments are encoded, [`carry`] attaches a descriptor to the message and
//! returns its place. In the worker, [`take`] returns it by that place while the bytes are decoded
//! (ipc-channel's idea). Everywhere else both fail. A descriptor is closed on exec in every
//! process, so it reaches only the worker that it was sent to, and no other child.

use super::Exit;
pub use super::link::LIMIT;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

thread_local! {
    /// The attachments of the message that this thread encodes.
    static OUTGOING: RefCell<Option<Outgoing>> = const { RefCell::new(None) };
    /// The attachments of the message that this thread decodes.
    static INCOMING: RefCell<Vec<Option<OwnedFd>>> = const { RefCell::new(Vec::new()) };
    /// The reason of the last refusal, because postcard's error has no room for it.
    static REASON: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Outgoing {
    handles: Vec<OwnedFd>,
    exit: Option<Exit>,
}

/// Where a descriptor was attached.
#[derive(Debug)]
pub struct Carried {
    /// Its place in the message, which the value's bytes must hold.
    pub place: u32,
    /// The exit of the worker that it goes to, if it goes to a worker.
    pub exit: Option<Exit>,
}

/// Attaches a descriptor to the message that this thread is encoding.
///
/// # Errors
///
/// If no message is being encoded, or it has too many descriptors.
pub fn carry(fd: OwnedFd) -> Result<Carried, String> {
    OUTGOING.with_borrow_mut(|outgoing| match outgoing {
        None => Err(refuse(
            "a file descriptor travels only among a worker's arguments or in its result".into(),
        )),
        Some(outgoing) if outgoing.handles.len() == LIMIT => {
            Err(refuse(format!("more than {LIMIT} file descriptors in one message")))
        }
        Some(outgoing) => {
            outgoing.handles.push(fd);
            Ok(Carried { place: outgoing.handles.len() as u32 - 1, exit: outgoing.exit.clone() })
        }
    })
}

/// Returns the descriptor that travelled in this place.
///
/// # Errors
///
/// If there is none, or it was taken before.
pub fn take(place: u32) -> Result<OwnedFd, String> {
    INCOMING
        .with_borrow_mut(|incoming| incoming.get_mut(place as usize).and_then(Option::take))
        .ok_or_else(|| refuse(format!("file descriptor {place} did not travel with the message")))
}

/// Stores the text of an error, which postcard's own error would lose, and returns it.
pub(crate) fn refuse(words: String) -> String {
    REASON.set(Some(words.clone()));
    words
}

pub(super) fn take_reason() -> Option<String> {
    REASON.take()
}

/// Calls `encode` and returns what was attached meanwhile.
pub(super) fn outgoing<R>(exit: Option<Exit>, encode: impl FnOnce() -> R) -> (R, Vec<OwnedFd>) {
    /// Restores the previous value, also if `encode` panics.
    struct Restore(Option<Outgoing>);
    impl Drop for Restore {
        fn drop(&mut self) {
            OUTGOING.set(self.0.take());
        }
    }
    let _restore = Restore(OUTGOING.replace(Some(Outgoing { handles: Vec::new(), exit })));
    let result = encode();
    (result, OUTGOING.take().map(|outgoing| outgoing.handles).unwrap_or_default())
}

/// Calls `decode`, which can take these descriptors, and closes the others.
pub(super) fn incoming<R>(handles: Vec<OwnedFd>, decode: impl FnOnce() -> R) -> R {
    struct Restore(Vec<Option<OwnedFd>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            INCOMING.set(std::mem::take(&mut self.0));
        }
    }
    let _restore = Restore(INCOMING.replace(handles.into_iter().map(Some).collect()));
    decode()
}

/// A file descriptor in the arguments or the result of a worker. The original stays open.
///
/// ```no_run
/// use selvedge::process::{Worker, WorkerHandle, handle::Handle};
///
/// let file = std::os::fd::OwnedFd::from(std::fs::File::open("numbers.txt")?);
/// let worker: WorkerHandle<u64> = Worker::spawn("sum", &Handle::from(file))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Handle(OwnedFd);

impl From<OwnedFd> for Handle {
    fn from(fd: OwnedFd) -> Self {
        Self(fd)
    }
}

impl From<Handle> for OwnedFd {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl AsFd for Handle {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Serialize for Handle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fd = self
            .0
            .try_clone()
            .map_err(|e| ser::Error::custom(refuse(format!("cannot duplicate: {e}"))))?;
        carry(fd).map_err(ser::Error::custom)?.place.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        take(u32::deserialize(deserializer)?).map(Self).map_err(de::Error::custom)
    }
}
