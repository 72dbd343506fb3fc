//! A mailbox for one letter: no lock, and nobody waits.

use selvedge::sync::atomic::{AtomicU64, Ordering};

/// Room for one letter.
pub struct Mailbox(AtomicU64);

const EMPTY: u64 = u64::MAX;

impl Mailbox {
    /// An empty one.
    pub fn new() -> Mailbox {
        Mailbox(AtomicU64::new(EMPTY))
    }

    /// Puts a letter in, if there is none; whether it did.
    pub fn put(&self, letter: u32) -> bool {
        // Release: pairs with the Acquire in `take`, so that what the sender did before is there
        // with the letter
        self.0.compare_exchange(EMPTY, letter.into(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Takes the letter out, if there is one.
    pub fn take(&self) -> Option<u32> {
        u32::try_from(self.0.swap(EMPTY, Ordering::Acquire)).ok()
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Mailbox::new()
    }
}
