//! Past executions: asked for when an unwinding thread uses an object of another execution.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The execution that an OS thread runs. 0 between two executions.
type Slot = Arc<AtomicU64>;

/// The slots of all OS threads that explore.
static RUNNING: Mutex<Vec<Slot>> = Mutex::new(Vec::new());

/// The finished executions in which a thread may still hold what a lock protects.
static HELD: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());

thread_local! {
    static MINE: Slot = {
        let slot = Slot::default();
        let mut running = lock(&RUNNING);
        // removes the slots of threads that are gone; Acquire: see `is_over`
        running.retain(|slot| Arc::strong_count(slot) > 1 || slot.load(Ordering::Acquire) != 0);
        running.push(Arc::clone(&slot));
        slot
    };
}

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This OS thread now runs the execution.
pub(in crate::execution) fn begins(execution: u64) {
    MINE.with(|slot| slot.store(execution, Ordering::Release)); // see `is_over`
}

/// This OS thread has finished the execution. `held` says whether a thread may hold what its locks
/// protect.
pub(in crate::execution) fn ends(execution: u64, held: bool) {
    if held {
        lock(&HELD).insert(execution);
    }
    MINE.with(|slot| slot.store(0, Ordering::Release)); // see `is_over`
}

/// Whether an execution other than this thread's is over. If so, it stays over.
pub(in crate::execution) fn is_over(execution: u64) -> bool {
    // Acquire: a thread that sees that the execution is over also sees what it did, and `HELD`. The
    // partners are the Release stores in `ends` and `begins`.
    !lock(&RUNNING).iter().any(|slot| slot.load(Ordering::Acquire) == execution)
}

/// Whether it is over and no thread holds what its locks protect.
pub(in crate::execution) fn is_free(execution: u64) -> bool {
    is_over(execution) && !lock(&HELD).contains(&execution)
}
