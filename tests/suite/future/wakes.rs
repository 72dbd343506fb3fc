//! Wakes that are lost, doubled, late, and for nothing.

use super::{drawn, executions, violated};
use selvedge::future::{block_on, poll_fn};
use selvedge::sync::atomic::{AtomicBool, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::thread;
use selvedge::verdict::Kind;
use std::task::{Poll, Waker};

/// A flag, and the waker of who waits for it.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.open.store(true, SeqCst);
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
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

fn gate(again: bool) {
    let gate = Arc::new(Gate::default());
    let theirs = Arc::clone(&gate);
    let opener = thread::spawn(move || theirs.open());
    block_on(gate.passed(again));
    opener.join().unwrap();
}

#[test]
fn a_waker_that_is_registered_after_the_check_is_never_woken() {
    let found = violated("lost", Kind::Deadlock, || gate(false));
    let text = drawn(&found);
    println!("{text}");
    assert!(text.contains("waits for a wake of waker 1"), "{text}");
    assert!(text.contains("waker 1.clone"), "{text}");
}

#[test]
fn a_waker_that_is_registered_before_the_check_is_woken() {
    println!("{:?}", executions("woken", || gate(true)));
}
