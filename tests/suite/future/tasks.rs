//! Tasks: awaited, detached, aborted, and those that panic or yield.

use super::{LOOM, drawn, executions, holds, violated};
use selvedge::future::{AbortHandle, JoinError, block_on, pending, spawn, yield_now};
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::time::{Duration, Timer};
use selvedge::verdict::{Bound, Kind};
use selvedge::{Budget, Check, Explorer, Extent, Verdict, thread};
use std::pin::Pin;

#[test]
fn a_task_hands_its_output_over() {
    let model = || assert_eq!(block_on(spawn(async { 7 })).unwrap(), 7);
    assert_eq!(executions("output", model), [2, 4, 4]);
}

/// A task and main add one each.
fn add(step: fn(&AtomicUsize)) {
    let count = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&count);
    let task = spawn(async move { step(&theirs) });
    step(&count);
    block_on(task).unwrap();
    assert_eq!(count.load(SeqCst), 2);
}

#[test]
fn a_task_runs_beside_who_has_started_it() {
    assert_eq!(executions("added", || add(|count| _ = count.fetch_add(1, SeqCst))), [4, 8, 8]);
    violated("split", Kind::Panic, || add(|count| count.store(count.load(SeqCst) + 1, SeqCst)));
}

#[test]
fn the_output_is_ordered_after_all_that_the_task_did() {
    let model = || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let theirs = Arc::clone(&log);
        let task = spawn(async move { theirs.lock().unwrap().push(1) });
        block_on(task).unwrap();
        // all other handles are gone, and nobody holds the lock
        assert_eq!(Arc::try_unwrap(log).unwrap().into_inner().unwrap(), [1]);
    };
    assert_eq!(executions("ordered", model), [2, 4, 4]);
}

#[test]
fn a_detached_task_goes_on() {
    let model = || {
        let count = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&count);
        drop(spawn(async move { theirs.fetch_add(1, SeqCst) }));
        count.load(SeqCst);
    };
    assert_eq!(executions("detached", model), [4, 4, 4]);
}

#[test]
fn a_handle_that_is_dropped_pending_gives_its_waker_back() {
    let model = || {
        let mut task = spawn(async {});
        block_on(async {
            let first = std::future::poll_fn(|context| {
                std::task::Poll::Ready(std::pin::Pin::new(&mut task).poll(context).is_ready())
            });
            first.await
        });
    };
    assert_eq!(executions("given back", model), [3, 3, 3]);
}

#[test]
fn an_aborted_task_drops_its_future_before_its_end_is_told() {
    let model = || {
        let held = Arc::new(Mutex::new(1));
        let theirs = Arc::clone(&held);
        let task = spawn(async move {
            pending::<()>().await;
            drop(theirs);
        });
        task.abort();
        assert!(block_on(task).unwrap_err().is_cancelled());
        assert_eq!(Arc::strong_count(&held), 1);
    };
    assert_eq!(executions("aborted", model), [4, 12, 12]);
}

#[test]
fn a_task_that_is_over_is_not_aborted() {
    let model = || {
        let task = spawn(async { 7 });
        let abort = task.abort_handle();
        assert_eq!(block_on(task).unwrap(), 7);
        assert!(abort.is_finished());
        abort.abort();
    };
    assert_eq!(executions("over", model), [2, 4, 4]);
}

#[test]
fn a_task_may_abort_itself() {
    let model = || {
        let place = Arc::new(Mutex::new(None::<AbortHandle>));
        let theirs = Arc::clone(&place);
        let task = spawn(async move {
            let own = theirs.lock().unwrap().take();
            if let Some(own) = own {
                own.abort();
                yield_now().await;
                unreachable!("it is polled no more");
            }
        });
        *place.lock().unwrap() = Some(task.abort_handle());
        let was_aborted = block_on(task).is_err();
        assert_eq!(was_aborted, place.lock().unwrap().is_none());
    };
    assert_eq!(executions("itself", model), [4, 8, 8]);
}

#[test]
fn a_task_that_panics_tells_who_awaits_it() {
    let model = || {
        let task = spawn(async { panic!("told") });
        let error: JoinError = block_on(task).map(|(): ()| ()).unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref(), Some(&"told"));
    };
    assert_eq!(executions("panic", model), [2, 4, 4]);
    let found = violated("unseen", Kind::Panic, || drop(spawn(async { panic!("not told") })));
    assert!(found.message.contains("nobody joined it: not told"), "{}", found.message);
}

#[test]
fn two_yields_are_no_loop() {
    let model = || {
        let count = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&count);
        let task = spawn(async move {
            yield_now().await;
            yield_now().await;
            theirs.fetch_add(1, SeqCst)
        });
        count.fetch_add(1, SeqCst);
        block_on(task).unwrap();
    };
    assert_eq!(executions("yields", model), [4, 8, 8]);
}

/// Looks again and again, and yields in between, until `ends` says so.
fn spins(sets: usize) {
    let flag = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&flag);
    let setter = thread::spawn(move || theirs.store(sets, SeqCst));
    block_on(async {
        while flag.load(SeqCst) == 0 {
            yield_now().await;
        }
    });
    setter.join().unwrap();
}

#[test]
fn a_task_that_yields_in_a_loop_waits() {
    let extent = |explorer| holds("spins", explorer, || spins(1)).extent;
    assert_eq!(extent(Explorer::Exhaustive), Extent::Bounded(Bound::Spins));
    assert_eq!(extent(Explorer::Graphs), Extent::Weak);
    assert_eq!(extent(LOOM), Extent::Complete);
    let explorers = [Explorer::Exhaustive, Explorer::Graphs];
    for explorer in explorers {
        match Check::new("endless").explorers([explorer]).run(|| spins(0)) {
            Verdict::Violated(found) if found.kind == Kind::Livelock => {
                assert!(drawn(&found).contains("poll (yielded)"), "{}", drawn(&found));
            }
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn tasks_run_on_real_threads() {
    let check = Check::new("real").explorers([Explorer::Threads]);
    let verdict = check.budget(Budget::executions(500)).run(|| {
        let task = spawn(async {
            yield_now().await;
            7
        });
        let (idle, panics) = (spawn(pending::<()>()), spawn(async { panic!("told") }));
        assert_eq!(block_on(task).unwrap(), 7);
        idle.abort();
        assert!(block_on(idle).unwrap_err().is_cancelled());
        assert!(block_on(panics).map(|(): ()| ()).unwrap_err().is_panic());
    });
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
}

#[test]
fn a_handle_and_an_error_may_be_sent_and_shared() {
    fn may_be<T: Send + Sync>() {}
    may_be::<selvedge::future::JoinHandle<std::cell::Cell<u8>>>();
    may_be::<(JoinError, AbortHandle, selvedge::future::AtomicWaker)>();
}

/// A task that waits for ever, or yields for ever, is left behind.
fn leaves(wait: fn() -> Pin<Box<dyn Future<Output = ()> + Send>>, kept: bool) {
    let served = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&served);
    let server = spawn(async move {
        theirs.fetch_add(1, SeqCst);
        wait().await;
    });
    selvedge::sometimes!(served.load(SeqCst) == 0, "it is left before it begins");
    selvedge::sometimes!(served.load(SeqCst) == 1, "it is left where it waits");
    if kept {
        std::mem::forget(server);
    }
}

fn waits() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(pending())
}

fn yields() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {
        loop {
            yield_now().await;
        }
    })
}

fn works() -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async {
        let done = AtomicUsize::new(0);
        loop {
            done.fetch_add(1, SeqCst);
            yield_now().await;
        }
    })
}

#[test]
fn a_task_that_nobody_awaits_may_be_left_behind() {
    let explorers =
        [Explorer::Dfs, Explorer::Exhaustive, Explorer::Graphs, Explorer::Random { seed: 1 }];
    for explorer in explorers {
        let check = || Check::new("left").budget(Budget::executions(200)).explorers([explorer]);
        let models: [(fn(), bool); 3] = [
            (|| leaves(waits, false), false),
            (|| leaves(yields, false), true),
            (|| leaves(works, false), true),
        ];
        for (model, cut) in models {
            match check().detached(true).run(model) {
                Verdict::Holds(coverage) => {
                    let extent = &coverage.runs[0].extent;
                    match (cut, explorer.samples()) {
                        (_, true) => assert_eq!(*extent, Extent::Sampled),
                        (true, false) => assert_eq!(*extent, Extent::Bounded(Bound::Detached)),
                        (false, false) => {
                            assert!(
                                [Extent::Exhaustive, Extent::Weak].contains(extent),
                                "{coverage}"
                            )
                        }
                    }
                }
                other => panic!("{explorer}: {other:?}"),
            }
        }
        let kind = |check: Check<'_>, model: fn()| match check.run(model) {
            Verdict::Violated(found) => found.kind,
            other => panic!("{explorer}: {other:?}"),
        };
        assert_eq!(kind(check(), || leaves(waits, false)), Kind::Deadlock);
        assert_eq!(kind(check().detached(true), || leaves(waits, true)), Kind::Deadlock);
        let panics = || {
            drop(spawn(async { panic!("unseen") }));
            leaves(waits, false);
        };
        assert_eq!(kind(check().detached(true), panics), Kind::Panic);
    }
}

/// A task that nobody awaits panics, but long after the others have ended.
fn panics_late() {
    let begun = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&begun);
    drop(spawn(async move {
        if theirs.load(SeqCst) == 1 {
            for _ in 0..200 {
                theirs.fetch_add(0, SeqCst);
            }
            panic!("it was left before that");
        }
    }));
    begun.store(1, SeqCst);
}

/// The same at a time that does not come any more.
fn panics_at_a_time() {
    drop(spawn(async {
        Timer::after(Duration::from_secs(1)).await;
        panic!("it was left before that");
    }));
}

#[test]
fn what_a_task_would_do_after_it_was_left_is_not_explored() {
    for explorer in [Explorer::Dfs, Explorer::Exhaustive] {
        for model in [panics_late, panics_at_a_time] {
            let check = Check::new("late").explorers([explorer]).apart(true).detached(true);
            let check = check.budget(Budget::executions(20_000));
            match check.run(model) {
                Verdict::Holds(coverage) => {
                    let extent = &coverage.runs[0].extent;
                    assert_eq!(*extent, Extent::Bounded(Bound::Detached), "{explorer}");
                }
                other => panic!("{explorer}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_not_found_where_a_task_is_left_is_found_elsewhere() {
    let leaks = |detached: bool| {
        move || {
            match detached {
                true => leaves(waits, false),
                false => leaves(|| Box::pin(async {}), false),
            }
            std::mem::forget(Mutex::new(0));
        }
    };
    let deadlock = |awaited: bool| {
        move || {
            let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
            let theirs = Arc::clone(&locks);
            let first = spawn(async move {
                let _held = (locks.0.lock(), locks.1.lock());
            });
            drop(spawn(async move {
                let _held = (theirs.1.lock(), theirs.0.lock());
            }));
            if awaited {
                block_on(first).unwrap();
            }
        }
    };
    for explorer in [Explorer::Dfs, Explorer::Exhaustive, Explorer::Graphs] {
        let check = || {
            let check = Check::new("hidden").explorers([explorer]).detached(true);
            check.budget(Budget::executions(20_000))
        };
        let kind = |verdict: Verdict| match verdict {
            Verdict::Violated(found) => Some(found.kind),
            Verdict::Holds(_) => None,
            other => panic!("{explorer}: {other:?}"),
        };
        assert_eq!(kind(check().run(leaks(true))), None, "{explorer}");
        assert_eq!(kind(check().run(leaks(false))), Some(Kind::Leak), "{explorer}");
        assert_eq!(kind(check().run(deadlock(false))), None, "{explorer}");
        assert_eq!(kind(check().run(deadlock(true))), Some(Kind::Deadlock), "{explorer}");
    }
}

#[test]
fn a_handle_may_be_dropped_on_a_thread_that_is_none_of_the_models() {
    let model = || {
        let task = spawn(async { 5 });
        let awaits = std::thread::spawn(move || block_on(task).is_ok());
        assert!(awaits.join().is_err(), "it may not be awaited there");
    };
    let check = Check::new("elsewhere").explorers([Explorer::Random { seed: 1 }]).apart(true);
    let verdict = check.budget(Budget::executions(10)).run(model);
    assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
}
