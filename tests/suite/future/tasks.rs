//! Tasks: awaited, detached, aborted, and those that panic.

use super::{executions, violated};
use selvedge::future::{block_on, pending, spawn, yield_now};
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::thread;
use selvedge::verdict::Kind;

#[test]
fn a_task_hands_its_output_over() {
    println!(
        "{:?}",
        executions("output", || {
            let task = spawn(async { 7 });
            assert_eq!(block_on(task).unwrap(), 7);
        })
    );
}

#[test]
fn two_tasks_run_beside_each_other() {
    println!(
        "{:?}",
        executions("added", || {
            let count = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&count);
            let task = spawn(async move { theirs.fetch_add(1, SeqCst) });
            count.fetch_add(1, SeqCst);
            block_on(task).unwrap();
            assert_eq!(count.load(SeqCst), 2);
        })
    );
    violated("split", Kind::Panic, || {
        let count = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&count);
        let task = spawn(async move { theirs.store(theirs.load(SeqCst) + 1, SeqCst) });
        count.store(count.load(SeqCst) + 1, SeqCst);
        block_on(task).unwrap();
        assert_eq!(count.load(SeqCst), 2);
    });
}

#[test]
fn an_aborted_task_drops_its_future() {
    println!(
        "{:?}",
        executions("aborted", || {
            let held = Arc::new(Mutex::new(1));
            let theirs = Arc::clone(&held);
            let task = spawn(async move {
                pending::<()>().await;
                drop(theirs);
            });
            task.abort();
            assert!(block_on(task).unwrap_err().is_cancelled());
            assert_eq!(Arc::strong_count(&held), 1);
        })
    );
}

#[test]
fn a_yield_ends_a_loop_that_waits() {
    let model = || {
        let flag = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || theirs.store(1, SeqCst));
        block_on(async {
            while flag.load(SeqCst) == 0 {
                yield_now().await;
            }
        });
        setter.join().unwrap();
    };
    for explorer in [selvedge::Explorer::Exhaustive, selvedge::Explorer::Graphs, super::LOOM] {
        println!("{:?}", super::holds("spins", explorer, model));
    }
}

#[test]
fn a_task_that_panics_says_so() {
    println!(
        "{:?}",
        executions("panic", || {
            let task = spawn(async { panic!("told") });
            let error: selvedge::future::JoinError = block_on(task).map(|(): ()| ()).unwrap_err();
            assert!(error.is_panic());
        })
    );
    violated("unseen", Kind::Panic, || drop(spawn(async { panic!("not told") })));
}
