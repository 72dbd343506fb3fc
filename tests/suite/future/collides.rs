//! `AtomicWaker` beside an implementation of it: a state, and a cell that two threads could come
//! to at once. Whatever happens with `AtomicWaker` happens with that, too.

use selvedge::cell::UnsafeCell;
use selvedge::future::{AtomicWaker, block_on, poll_fn};
use selvedge::sync::Arc;
use selvedge::sync::atomic::{
    AtomicUsize,
    Ordering::{self, AcqRel, Acquire, Relaxed, Release},
};
use selvedge::verdict::Kind;
use selvedge::{Check, Explorer, Verdict, thread};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::task::{Poll, Waker};

const REGISTERS: usize = 1;
const TAKES: usize = 2;

/// Who comes first to the cell works on it, and tells from the state whether another one came.
struct Cell {
    state: AtomicUsize,
    waker: UnsafeCell<Option<Waker>>,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// Who registers while another one takes wakes nobody.
    ForgetsWhoTook,
    /// Who takes does not acquire what was registered.
    Relaxed,
}

// SAFETY: the state lets one thread at a time come to the cell; the models are about whether it
// does
#[allow(unsafe_code)]
unsafe impl Sync for Cell {}
// SAFETY: a waker may be sent
#[allow(unsafe_code)]
unsafe impl Send for Cell {}

impl Cell {
    fn new(fault: Fault) -> Cell {
        Cell { state: AtomicUsize::new(0), waker: UnsafeCell::new(None), fault }
    }

    /// The waker that is there, instead of which this one is from now on.
    #[allow(unsafe_code)]
    fn exchange(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: as above
        self.waker.with_mut(|place| std::mem::replace(unsafe { &mut *place }, waker))
    }
}

trait Place: Send + Sync + 'static {
    fn register(&self, waker: &Waker);
    fn wake(&self);
}

impl Place for AtomicWaker {
    fn register(&self, waker: &Waker) {
        AtomicWaker::register(self, waker);
    }

    fn wake(&self) {
        AtomicWaker::wake(self);
    }
}

impl Place for Cell {
    fn register(&self, waker: &Waker) {
        let forgets = self.fault == Fault::ForgetsWhoTook;
        if self.state.compare_exchange(0, REGISTERS, Acquire, Acquire).is_err() {
            if !forgets {
                waker.wake_by_ref(); // the other one takes the waker that was there
            }
            return;
        }
        drop(self.exchange(Some(waker.clone())));
        if self.state.compare_exchange(REGISTERS, 0, AcqRel, Acquire).is_err() {
            let waker = self.exchange(None);
            self.state.swap(0, AcqRel);
            waker.into_iter().filter(|_| !forgets).for_each(Waker::wake);
        }
    }

    fn wake(&self) {
        let order = if self.fault == Fault::Relaxed { Release } else { AcqRel };
        if self.state.fetch_or(TAKES, order) == 0 {
            let waker = self.exchange(None);
            self.state.fetch_and(!TAKES, Release);
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

/// Two threads count up and wake. Returns what the task has seen at each poll.
fn counted(place: impl Place, order: Ordering) -> Vec<usize> {
    let shared = Arc::new((AtomicUsize::new(0), place));
    let threads = [(); 2].map(|()| {
        let theirs = Arc::clone(&shared);
        thread::spawn(move || {
            theirs.0.fetch_add(1, order);
            theirs.1.wake();
        })
    });
    let mut seen = Vec::new();
    block_on(poll_fn(|context| {
        shared.1.register(context.waker());
        seen.push(shared.0.load(order));
        if seen.ends_with(&[2]) { Poll::Ready(()) } else { Poll::Pending }
    }));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    seen
}

fn outcomes<P: Place>(explorer: Explorer, make: fn() -> P) -> BTreeSet<Vec<usize>> {
    let seen = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
    let sees = std::sync::Arc::clone(&seen);
    let check = Check::new("place").explorers([explorer]).spurious(false);
    let counts = check.count(move || {
        let mut seen = counted(make(), Relaxed); // not under the lock: it may not come back
        // who registers beside a wake wakes itself again and again, until the wake is through
        seen.dedup();
        sees.lock().unwrap().insert(seen);
    });
    let counts = counts.unwrap();
    assert!(counts.violations.is_empty(), "{explorer}: {counts:?}");
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn an_atomic_waker_does_what_its_implementation_does() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        let whole = outcomes(explorer, AtomicWaker::new);
        let made = outcomes(explorer, || Cell::new(Fault::None));
        assert_eq!((whole.len(), &whole), (4, &made), "{explorer}");
    }
}

#[test]
fn an_implementation_that_collides_loses_a_wake_or_races() {
    let faults = [(Fault::ForgetsWhoTook, Kind::Deadlock), (Fault::Relaxed, Kind::DataRace)];
    for (fault, kind) in faults {
        for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
            let check = Check::new("fault").explorers([explorer]);
            match check.run(move || _ = counted(Cell::new(fault), Relaxed)) {
                Verdict::Violated(found) if found.kind == kind => {}
                other => panic!("{explorer}: {other:?}"),
            }
        }
    }
}
