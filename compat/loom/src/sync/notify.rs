//! `Notify`

use super::{Condvar, Mutex};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A flag that one thread waits for and takes, and another sets. A notification orders what came
/// before it before what comes after the wait.
///
/// ```
/// use selvedge_loom as loom;
///
/// use loom::sync::{Arc, Notify};
///
/// loom::model(|| {
///     let done = Arc::new(Notify::new());
///     let theirs = Arc::clone(&done);
///     let worker = loom::thread::spawn(move || theirs.notify());
///     done.wait();
///     worker.join().unwrap();
/// });
/// ```
#[derive(Debug)]
pub struct Notify {
    notified: Mutex<bool>,
    changed: Condvar,
    /// Whether a thread waits. It is no object of the model's, for loom's is none.
    waiting: AtomicBool,
}

impl Notify {
    /// Creates one that is not notified.
    #[track_caller]
    pub fn new() -> Notify {
        Notify {
            notified: Mutex::new(false),
            changed: Condvar::new(),
            waiting: AtomicBool::new(false),
        }
    }

    /// Notifies the thread that waits, or the next one that will.
    #[track_caller]
    pub fn notify(&self) {
        let mut notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        *notified = true;
        self.changed.notify_one();
    }

    /// Waits for a notification and takes it.
    ///
    /// # Panics
    /// If another thread waits.
    #[track_caller]
    pub fn wait(&self) {
        // SeqCst, here and below: all threads of a model run on one thread of the system
        let others = self.waiting.swap(true, SeqCst);
        assert!(!others, "only a single thread may wait on `Notify`");
        let mut notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        while !*notified {
            notified = self.changed.wait(notified).unwrap_or_else(PoisonError::into_inner);
        }
        *notified = false;
        drop(notified);
        self.waiting.store(false, SeqCst);
    }
}

impl Default for Notify {
    #[track_caller]
    fn default() -> Notify {
        Notify::new()
    }
}
