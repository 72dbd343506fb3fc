//! Locks made of atomics: spin lock, ticket lock, reader-writer lock.

use selvedge::cell::UnsafeCell;
use selvedge::hint::spin_loop;
use selvedge::sync::Arc;
use selvedge::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use selvedge::sync::atomic::{AtomicBool, AtomicUsize};
use selvedge::thread;

/// A balance that is only touched under a lock, or so it should be.
#[derive(Default)]
struct Balance(UnsafeCell<u32>);

// SAFETY: touched under a lock of this file; where that is knocked out, the engines run one thread
// at a time, and report the race before the second access.
unsafe impl Sync for Balance {}

impl Balance {
    fn add(&self, amount: u32) {
        self.0.with_mut(|balance| unsafe { *balance += amount });
    }

    fn get(&self) -> u32 {
        self.0.with(|balance| unsafe { *balance })
    }
}

/// Two threads add 1 and 2, each in its critical section.
fn deposits<L: Default + Send + Sync + 'static>(
    add: impl Fn(&L, &dyn Fn()) + Copy + Send + 'static,
) {
    let shared = Arc::new((L::default(), Balance::default()));
    let tellers = [1, 2].map(|amount| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || add(&shared.0, &|| shared.1.add(amount)))
    });
    for teller in tellers {
        teller.join().unwrap();
    }
    assert_eq!(shared.1.get(), 3);
}

/// Herlihy and Shavit, "The Art of Multiprocessor Programming", 7.2: test-and-set.
fn spin_with(success: Ordering, unlock: Ordering) {
    deposits::<AtomicBool>(move |locked, section| {
        while locked.compare_exchange(false, true, success, Relaxed).is_err() {
            spin_loop();
        }
        section();
        locked.store(false, unlock); // Release pairs with the compare-exchange's Acquire
    });
}

pub(crate) fn spin() {
    spin_with(Acquire, Release);
}

/// Too strong: `compare_exchange(AcqRel)`, whose Release half publishes nothing.
pub(crate) fn spin_acqrel() {
    spin_with(AcqRel, Release);
}

/// Too strong: `store(SeqCst)`.
pub(crate) fn spin_seqcst_unlock() {
    spin_with(Acquire, SeqCst);
}

#[derive(Default)]
struct Tickets {
    next: AtomicUsize,
    serving: AtomicUsize,
}

/// Mellor-Crummey and Scott, "Algorithms for Scalable Synchronization on Shared-Memory
/// Multiprocessors", 1991.
fn ticket_with(take: Ordering) {
    deposits::<Tickets>(move |tickets, section| {
        let mine = tickets.next.fetch_add(1, take); // only uniqueness matters
        while tickets.serving.load(Acquire) != mine {
            spin_loop();
        }
        section();
        tickets.serving.store(mine + 1, Release); // pairs with the load above
    });
}

pub(crate) fn ticket() {
    ticket_with(Relaxed);
}

/// Too strong: `fetch_add(AcqRel)`.
pub(crate) fn ticket_acqrel() {
    ticket_with(AcqRel);
}

const WRITER: usize = usize::MAX;

#[derive(Default)]
struct ReadersOrWriter(AtomicUsize);

impl ReadersOrWriter {
    fn read<R>(&self, unlock: Ordering, section: impl FnOnce() -> R) -> R {
        loop {
            let readers = self.0.load(Relaxed); // a guess, which the compare-exchange checks
            if readers != WRITER
                && self.0.compare_exchange(readers, readers + 1, Acquire, Relaxed).is_ok()
            {
                break;
            }
            spin_loop();
        }
        let seen = section();
        self.0.fetch_sub(1, unlock); // Release pairs with the Acquire of the next writer
        seen
    }

    fn write(&self, section: impl FnOnce()) {
        while self.0.compare_exchange(0, WRITER, Acquire, Relaxed).is_err() {
            spin_loop();
        }
        section();
        self.0.store(0, Release); // pairs with the Acquire of the next reader or writer
    }
}

fn rwlock_with(unlock: Ordering) {
    let shared = Arc::new((ReadersOrWriter::default(), Balance::default()));
    let [theirs, others] = [(); 2].map(|()| Arc::clone(&shared));
    let writer = thread::spawn(move || theirs.0.write(|| theirs.1.add(1)));
    let reader = thread::spawn(move || {
        others.0.read(unlock, || others.1.get());
    });
    shared.0.read(unlock, || shared.1.get());
    writer.join().unwrap();
    reader.join().unwrap();
    assert_eq!(shared.1.get(), 1);
    assert_eq!(shared.0.0.load(Relaxed), 0, "somebody holds the lock still");
}

pub(crate) fn rwlock() {
    rwlock_with(Release);
}

/// Too strong: `fetch_sub(AcqRel)`.
pub(crate) fn rwlock_acqrel_unlock() {
    rwlock_with(AcqRel);
}
