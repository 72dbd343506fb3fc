//! What became of executions: asked for where a thread unwinds and uses an object of an execution
//! that is not its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The execution that an OS thread runs; 0 between two of them.
type Slot = Arc<AtomicU64>;

/// Those of all OS threads that explore.
static RUNNING: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// The executions that are over, and in which somebody may still hold what a lock protects.
static HELD: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

thread_local! {
    static MINE: Slot = {
        let slot = Slot::default();
        let mut running = lock(&RUNNING);
        // what a thread left behind that is gone; Acquire: see `is_over`
        running.retain(|slot| Arc::strong_count(slot) > 1 || slot.load(Ordering::Acquire) != 0);
        running.push(Arc::clone(&slot));
        slot
    };
}

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This OS thread runs the execution from now on.
pub(in crate::execution) fn begins(execution: u64) {
    MINE.with(|slot| slot.store(execution, Ordering::Release)); // see `is_over`
}

/// The execution that this OS thread has run is over; `held` says whether somebody may hold what
/// its locks protect.
pub(in crate::execution) fn ends(execution: u64, held: bool) {
    if held {
        lock(&HELD).insert(execution);
    }
    MINE.with(|slot| slot.store(0, Ordering::Release)); // see `is_over`
}

/// Whether an execution that is not this thread's is over. If it is, it is for ever.
pub(in crate::execution) fn is_over(execution: u64) -> bool {
    // Acquire: what the execution did, and `HELD`, is seen by whoever sees that it is over, from
    // the stores in `ends` and `begins`
    !lock(&RUNNING).iter().any(|slot| slot.load(Ordering::Acquire) == execution)
}

/// Whether it is over, and nobody holds what its locks protect.
pub(in crate::execution) fn is_free(execution: u64) -> bool {
    is_over(execution) && !lock(&HELD).contains(&execution)
}
