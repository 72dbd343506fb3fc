//! Wakers in code that no engine sees, which holds its locks while it uses them.

use selvedge::future::{block_on, poll_fn};
use selvedge::verdict::Kind;
use selvedge::{Check, Explorer, Verdict, thread};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// A place for one value, as other crates make it: with a lock of the operating system.
#[derive(Default)]
struct Slot(Mutex<(Option<u32>, Option<Waker>)>);

impl Slot {
    /// Wakes under the lock.
    fn put(&self, value: u32) {
        let mut slot = self.0.lock().unwrap();
        slot.0 = Some(value);
        slot.1.take().into_iter().for_each(Waker::wake);
    }

    /// Clones and drops wakers under the lock.
    fn poll(&self, context: &Context<'_>, registers: bool) -> Poll<u32> {
        let mut slot = self.0.lock().unwrap();
        if let Some(value) = slot.0.take() {
            return Poll::Ready(value);
        }
        slot.1 = registers.then(|| context.waker().clone());
        Poll::Pending
    }
}

/// Hands two values over, each by a thread.
fn hands_over(registers: bool) {
    let slot = Arc::new(Slot::default());
    let next = || block_on(poll_fn(|context| slot.poll(context, registers)));
    let putters: Vec<_> = (1..3).map(|value| (value, Arc::clone(&slot))).collect();
    for (value, theirs) in putters {
        let putter = thread::spawn(move || {
            thread::yield_now();
            theirs.put(value);
            thread::yield_now();
        });
        thread::yield_now();
        assert_eq!(next(), value);
        putter.join().unwrap();
    }
}

/// What a thread does behind a wake is no part of what it tells: the woken one may see it or not.
#[test]
fn an_arc_that_is_dropped_behind_a_wake_may_still_be_there() {
    use selvedge::sync;
    type Look = fn(sync::Arc<u32>) -> bool;
    fn wakes(drops: bool, sees: Look) -> bool {
        let mine = sync::Arc::new(0);
        let mut waker = None;
        block_on(poll_fn(|context| {
            if waker.is_some() {
                return Poll::Ready(());
            }
            let (wakes, theirs) = (context.waker().clone(), sync::Arc::clone(&mine));
            waker = Some(thread::spawn(move || {
                wakes.wake();
                if drops {
                    drop(theirs);
                } else {
                    std::mem::forget(theirs);
                }
            }));
            Poll::Pending
        }));
        let saw = sees(mine);
        waker.unwrap().join().unwrap();
        saw
    }
    let looks: [(&str, Look); 3] = [
        ("try_unwrap", |mine| sync::Arc::try_unwrap(mine).is_ok()),
        ("strong_count", |mine| sync::Arc::strong_count(&mine) == 1),
        ("get_mut", |mut mine| sync::Arc::get_mut(&mut mine).is_some()),
    ];
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, Explorer::Dfs] {
        for (name, sees) in looks {
            let is = |drops: bool, expected: bool| {
                let check = Check::new(name).explorers([explorer]).spurious(false).leaks(false);
                check.run(move || assert_eq!(wakes(drops, sees), expected, "saw"))
            };
            for expected in [true, false] {
                match is(true, expected) {
                    Verdict::Violated(found) if found.message.contains("saw") => {}
                    other => panic!("{name}, {explorer}, not always {expected}: {other:?}"),
                }
            }
            let verdict = is(false, false);
            assert!(matches!(verdict, Verdict::Holds(_)), "{name}, {explorer}: {verdict:?}");
        }
    }
}

/// One is handed over, and nobody takes the other one.
fn races() {
    let slot = Arc::new(Slot::default());
    let putters = [1, 2].map(|value| {
        let theirs = Arc::clone(&slot);
        thread::spawn(move || {
            thread::yield_now();
            theirs.put(value);
        })
    });
    let first = block_on(poll_fn(|context| slot.poll(context, true)));
    selvedge::sometimes!(first == 1, "the first one comes first");
    selvedge::sometimes!(first == 2, "the second one comes first");
    putters.into_iter().for_each(|putter| putter.join().unwrap());
    drop(std::mem::take(&mut *slot.0.lock().unwrap()));
}

#[test]
fn no_thread_runs_while_another_crate_holds_a_lock_and_uses_a_waker() {
    for explorer in
        [Explorer::Dfs, Explorer::Random { seed: 1 }, Explorer::Pct { seed: 1, depth: 2 }]
    {
        let check = |name| Check::new(name).explorers([explorer]).apart(true).spurious(false);
        let check = |name| check(name).budget(selvedge::Budget::executions(3_000));
        for model in [(|| hands_over(true)) as fn(), races] {
            match check("held").run(model) {
                Verdict::Holds(_) => {}
                other => panic!("{explorer}: {other:?}"),
            }
        }
        match check("forgotten").run(|| hands_over(false)) {
            Verdict::Violated(found) if found.kind == Kind::Deadlock => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}
