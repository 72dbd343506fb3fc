//! A letter that one thread posts and another one takes, as a crate with loom models has it.

use crate::sync::{AtomicU8, UnsafeCell};
use std::sync::atomic::Ordering;

/// The types of the platform, or loom's.
mod sync {
    #[cfg(loom)]
    pub(crate) use loom::{cell::UnsafeCell, sync::atomic::AtomicU8};
    #[cfg(not(loom))]
    pub(crate) use std::sync::atomic::AtomicU8;

    /// std's cell, by loom's interface.
    #[cfg(not(loom))]
    pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    #[cfg(not(loom))]
    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> UnsafeCell<T> {
            UnsafeCell(std::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const FULL: u8 = 2;

/// Room for one letter.
pub struct Mailbox<T> {
    state: AtomicU8,
    letter: UnsafeCell<Option<T>>,
}

// SAFETY: the letter is used only by the thread that made the state `BUSY`
unsafe impl<T: Send> Sync for Mailbox<T> {}

impl<T> Default for Mailbox<T> {
    fn default() -> Mailbox<T> {
        Mailbox { state: AtomicU8::new(EMPTY), letter: UnsafeCell::new(None) }
    }
}

impl<T> Mailbox<T> {
    /// Posts a letter. Returns it if there is no room.
    pub fn post(&self, letter: T) -> Result<(), T> {
        // synchronizes with the store in `take`
        match self.state.compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => {
                // SAFETY: the state is `BUSY` by this thread
                self.letter.with_mut(|place| unsafe { *place = Some(letter) });
                // synchronizes with the exchange in `take`
                self.state.store(FULL, Ordering::Release);
                Ok(())
            }
            Err(_) => Err(letter),
        }
    }

    /// Takes the letter, if there is one.
    pub fn take(&self) -> Option<T> {
        // synchronizes with the store in `post`
        self.state.compare_exchange(FULL, BUSY, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // SAFETY: the state is `BUSY` by this thread
        let letter = self.letter.with_mut(|place| unsafe { (*place).take() });
        // synchronizes with the exchange in `post`
        self.state.store(EMPTY, Ordering::Release);
        letter
    }
}
