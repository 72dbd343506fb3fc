//! Wakes that are lost, doubled, late, and for nothing.

use super::{drawn, executions, violated};
use selvedge::future::{block_on, pending, poll_fn};
use selvedge::sync::atomic::{AtomicBool, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::verdict::Kind;
use selvedge::{Check, Explorer, Verdict, thread};
use std::task::{Poll, Waker};

/// A flag, and the waker of who waits for it.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self, wakes: fn(Waker)) {
        self.open.store(true, SeqCst);
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(wakes);
    }

    fn register(&self, waker: &Waker) {
        *self.waker.lock().unwrap() = Some(waker.clone());
    }

    /// Waits until it is open. `again` looks once more after the waker is there.
    async fn passed(&self, again: bool) {
        poll_fn(|context| {
            if self.open.load(SeqCst) {
                return Poll::Ready(());
            }
            self.register(context.waker());
            if again && self.open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

fn gate(again: bool, wakes: fn(Waker)) {
    let gate = Arc::new(Gate::default());
    let theirs = Arc::clone(&gate);
    let opener = thread::spawn(move || theirs.open(wakes));
    block_on(gate.passed(again));
    opener.join().unwrap();
}

#[test]
fn a_waker_that_is_registered_after_the_check_is_never_woken() {
    let found = violated("lost", Kind::Deadlock, || gate(false, Waker::wake));
    let text = drawn(&found);
    assert!(text.contains("waits for a wake of waker 1, which main cloned last (#"), "{text}");
    assert!(text.contains("waker 1.clone"), "{text}");
    assert_eq!(found.trace.events.len(), 8, "{text}");
}

#[test]
fn a_waker_that_is_registered_before_the_check_is_woken() {
    assert_eq!(executions("woken", || gate(true, Waker::wake)), [4, 8, 8]);
}

#[test]
fn a_waker_that_is_dropped_wakes_nobody() {
    let found = violated("dropped", Kind::Deadlock, || gate(true, drop));
    let text = drawn(&found);
    assert!(text.contains("a wake of waker 1, which thread 1 dropped last (#"), "{text}");
}

#[test]
fn two_wakes_before_a_poll_are_one_and_one_after_the_end_is_none() {
    fn twice(waker: Waker) {
        waker.wake_by_ref();
        waker.wake();
    }
    assert_eq!(executions("twice", || gate(true, twice)), [5, 10, 10]);
}

#[test]
fn a_task_that_nobody_can_wake_says_so() {
    let text = drawn(&violated("never", Kind::Deadlock, || {
        let idle = thread::spawn(thread::yield_now);
        block_on(pending::<()>());
        idle.join().unwrap();
    }));
    assert!(text.contains("a wake of waker 1, of which there never was a clone"), "{text}");
}

#[test]
fn a_wake_is_no_unpark_and_an_unpark_is_no_wake() {
    assert_eq!(
        executions("tokens", || {
            let gate = Arc::new(Gate::default());
            let (theirs, main) = (Arc::clone(&gate), thread::current());
            let opener = thread::spawn(move || {
                main.unpark();
                theirs.open(Waker::wake);
            });
            block_on(gate.passed(true));
            opener.join().unwrap();
            thread::park(); // its token is still there
        })[0],
        4
    );
    violated("unparked", Kind::Deadlock, || {
        let main = thread::current();
        let other = thread::spawn(move || main.unpark());
        block_on(pending::<()>());
        other.join().unwrap();
    });
}

/// Ready as soon as it is polled again, whoever did that.
fn hasty() {
    let gate = Arc::new(Gate::default());
    let theirs = Arc::clone(&gate);
    let opener = thread::spawn(move || theirs.open(Waker::wake));
    let mut polled = gate.open.load(SeqCst);
    block_on(poll_fn(|context| {
        gate.register(context.waker());
        match std::mem::replace(&mut polled, true) || gate.open.load(SeqCst) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }));
    assert!(gate.open.load(SeqCst), "nobody has opened it");
    opener.join().unwrap();
}

#[test]
fn a_poll_for_no_reason_is_explored() {
    let check = || Check::new("hasty").explorers([Explorer::Exhaustive]);
    match check().run(hasty) {
        Verdict::Violated(found) => {
            let text = drawn(&found);
            assert!(text.contains("waker 1.poll (spurious)"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(check().spurious(false).run(hasty), Verdict::Holds(_)));
}

#[test]
fn a_waker_that_is_never_dropped_is_a_leak() {
    violated("leak", Kind::Leak, || {
        let other = thread::spawn(thread::yield_now);
        block_on(poll_fn(|context| {
            std::mem::forget(context.waker().clone());
            Poll::Ready(())
        }));
        other.join().unwrap();
    });
}

#[test]
fn the_same_code_runs_on_real_threads() {
    gate(true, Waker::wake);
    let check = Check::new("real").explorers([Explorer::Threads]);
    let verdict = check.budget(selvedge::Budget::executions(100)).run(|| gate(true, Waker::wake));
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
}
