//! The memory that requests and replies in flight take in a manager, bounded over all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A request takes at most this many times the bytes of its frame, from its first byte to its
/// answer. So does a reply.
///
/// That is twice the frame, because a buffer grows by doubling, and twice its content, for the same
/// reason.
///
/// What a request leaves in the manager's objects counts there, against
/// [`Limits::total_bytes`](super::Limits::total_bytes). The memory of functions of the table is
/// their own.
pub const MEMORY_FACTOR: u64 = 4;

/// The most bytes that all requests of all connections take at a time, each with its
/// [`MEMORY_FACTOR`]. All replies may take as much again. Anything beyond is refused with
/// [`Refusal::Busy`](super::Refusal::Busy).
pub const IN_FLIGHT_BYTES: u64 = 256 << 20;

/// Each connection's free allowance: requests and replies that take one read or write are not
/// counted.
pub(super) const FREE: u64 = 1 << 14;

/// A memory account, shared by all connections of a manager.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory(Arc<AtomicU64>);

/// A part of it in use, until it is dropped.
#[derive(Debug)]
pub(super) struct Charge {
    memory: Memory,
    bytes: u64,
}

/// The cost of a message of this many bytes.
pub(super) fn cost(bytes: usize) -> u64 {
    let bytes = bytes as u64;
    if bytes <= FREE { 0 } else { bytes.saturating_mul(MEMORY_FACTOR) }
}

impl Memory {
    /// How much is not in use.
    pub(super) fn room(&self) -> u64 {
        // Relaxed: only a count, which publishes no data; so are all uses of it
        IN_FLIGHT_BYTES.saturating_sub(self.0.load(Ordering::Relaxed))
    }

    /// An empty charge.
    pub(super) fn charge(&self) -> Charge {
        Charge { memory: self.clone(), bytes: 0 }
    }
}

impl Charge {
    /// Charges for a message of this many bytes. Returns `false` if there is not enough room.
    pub(super) fn grow_to(&mut self, message: usize) -> bool {
        let more = cost(message).saturating_sub(self.bytes);
        let grown = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= IN_FLIGHT_BYTES);
        // Relaxed: as in `room`
        let fits = self.memory.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if fits {
            self.bytes += more;
        }
        fits
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed); // as in `room`
    }
}
