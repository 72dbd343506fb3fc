//! Futures that are dropped where they are pending: by a choice, or because their task is aborted.

use super::{drawn, holds};
use selvedge::future::{block_on, cancellable, poll_fn, spawn, yield_now};
use selvedge::sync::{Arc, Mutex};
use selvedge::verdict::Kind;
use selvedge::{Check, Explorer, Verdict};
use std::task::Poll;

/// Ready when it is polled for the second time.
async fn pause() {
    let mut polled = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Takes the item before it waits, or after that.
fn taken(early: bool) {
    let item = Arc::new(Mutex::new(Some(7)));
    let theirs = Arc::clone(&item);
    let task = spawn(async move {
        let item = early.then(|| theirs.lock().unwrap().take()).flatten();
        yield_now().await;
        item.or_else(|| theirs.lock().unwrap().take())
    });
    task.abort();
    let got = block_on(task).ok().flatten();
    let left = item.lock().unwrap().take();
    assert_eq!(got.or(left), Some(7), "the item is lost");
}

#[test]
fn an_abort_at_an_await_point_loses_what_the_future_has_taken() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, super::LOOM] {
        let found = match Check::new("early").explorers([explorer]).run(|| taken(true)) {
            Verdict::Violated(found) if found.kind == Kind::Panic => found,
            other => panic!("{explorer}: {other:?}"),
        };
        assert!(found.message.contains("the item is lost"), "{}", found.message);
        assert!(drawn(&found).contains("waker 1.abort"), "{}", drawn(&found));
        holds("late", explorer, || taken(false));
    }
}

fn choice(early: bool) {
    let item = Arc::new(Mutex::new(Some(7)));
    let theirs = Arc::clone(&item);
    let got = block_on(cancellable(async move {
        let item = early.then(|| theirs.lock().unwrap().take()).flatten();
        pause().await;
        pause().await;
        item.or_else(|| theirs.lock().unwrap().take())
    }));
    let left = item.lock().unwrap().take();
    assert_eq!(got.flatten().or(left), Some(7), "the item is lost");
}

#[test]
fn each_await_point_of_a_cancellable_future_is_one_where_it_is_dropped() {
    let check = |explorer| Check::new("choice").alone(true).spurious(false).explorers([explorer]);
    for explorer in [Explorer::Exhaustive, Explorer::Graphs, Explorer::Dfs] {
        match check(explorer).run(|| choice(true)) {
            Verdict::Violated(found) => {
                let text = drawn(&found);
                assert!(text.contains(" cancel "), "{text}");
            }
            other => panic!("{explorer}: {other:?}"),
        }
        match check(explorer).run(|| choice(false)) {
            // never, at the first await point, at the second
            Verdict::Holds(coverage) => assert_eq!(coverage.executions(), 3, "{explorer}"),
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn loom_has_no_choices_of_data() {
    match Check::new("loom").alone(true).explorers([super::LOOM]).run(|| choice(false)) {
        Verdict::Unknown(unknown) => {
            assert!(format!("{unknown:?}").contains("NotModelled"), "{unknown:?}");
        }
        other => panic!("{other:?}"),
    }
}
