//! What shuttle's users have, and shuttle's own tests do not ask for.

use selvedge_shuttle as shuttle;

use shuttle::current::{
    ChildLabelFn, TaskName, get_label_for_task, get_name_for_task, me, set_label_for_task,
};
use shuttle::future::batch_semaphore::{BatchSemaphore, Fairness, TryAcquireError};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::{AtomicU128, Ordering::SeqCst};
use shuttle::sync::{Arc, RwLock};
use shuttle::{Config, MaxSteps, Runner, check_dfs, check_pct, check_random, future, thread};
use std::marker::PhantomData;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

/// The message of the panic that a check ends in.
fn failure(check: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(check).expect_err("it fails");
    payload.downcast_ref::<String>().expect("it has a message").clone()
}

#[test]
fn threads_scoped_threads_and_tasks_inherit_labels() {
    check_dfs(
        || {
            set_label_for_task(me(), 7_u32);
            let parents = ChildLabelFn(Arc::new(|task, labels| {
                labels.insert(TaskName::from(format!("child {}", usize::from(task))));
            }));
            set_label_for_task(me(), parents);
            let label = || get_label_for_task::<u32>(me());
            let name = || get_name_for_task(me()).map(String::from);
            let other = thread::spawn(move || (label(), name()));
            assert_eq!(other.join().unwrap(), (Some(7), Some("child 1".to_string())));
            let named = thread::Builder::new().name("named".to_string());
            let named = named.spawn(move || (label(), name())).unwrap();
            assert_eq!(named.join().unwrap(), (Some(7), Some("named".to_string())));
            thread::scope(|s| s.spawn(|| assert_eq!(label(), Some(7))).join().unwrap());
            set_label_for_task(me(), 8_u32);
            let task = future::spawn(async move { (label(), name()) });
            assert_eq!(future::block_on(task).unwrap(), (Some(8), Some("child 4".to_string())));
            assert_eq!(name(), Some("main-thread".to_string()));
        },
        None,
    );
}

#[test]
fn nothing_is_left_of_the_labels_of_another_execution() {
    let before = |task| get_label_for_task::<u32>(task).is_some();
    let executions = Runner::new(RandomScheduler::new(20), Config::new()).run(move || {
        assert!(!before(me()));
        set_label_for_task(me(), 7_u32);
        let other = thread::spawn(move || thread::yield_now());
        thread::yield_now();
        other.join().unwrap();
    });
    assert_eq!(executions, 20);
}

/// A label whose destructor meets what other tasks meet.
#[derive(Clone, Debug)]
struct Locks(Arc<shuttle::sync::Mutex<u32>>, shuttle::sync::mpsc::Sender<u32>);

static DROPPED: AtomicUsize = AtomicUsize::new(0);

impl Drop for Locks {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
        _ = (self.1.send(1), get_name_for_task(me()));
        DROPPED.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_label_that_is_left_is_dropped_at_the_end_of_its_execution() {
    let labelled = |waits: bool| {
        move || {
            let (sent, received) = shuttle::sync::mpsc::channel();
            let lock = Arc::new(shuttle::sync::Mutex::new(0));
            set_label_for_task(me(), Locks(Arc::clone(&lock), sent));
            let other = thread::spawn(move || {
                let _held = lock.lock().unwrap();
                while waits && received.recv().is_ok() {} // each has a label that may send
            });
            other.join().unwrap();
        }
    };
    let innocent = || {
        let other = thread::spawn(|| thread::yield_now());
        other.join().unwrap();
    };
    let executions = Runner::new(RandomScheduler::new(5), Config::new()).run(labelled(false));
    assert_eq!(DROPPED.load(SeqCst), 2 * executions, "the child has inherited one");
    check_dfs(innocent, None);
    // of those that have failed, nothing is dropped: not by the next check either
    assert!(failure(move || check_dfs(labelled(true), None)).contains("deadlock"));
    check_dfs(innocent, None);
    assert_eq!(DROPPED.load(SeqCst), 2 * executions);
}

/// A label that knows when it is dropped.
#[derive(Clone, Debug)]
struct Notes(usize, Arc<std::sync::Mutex<Vec<usize>>>);

impl Drop for Notes {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[test]
fn labels_are_dropped_in_the_order_of_their_tasks() {
    let notes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let all = Arc::clone(&notes);
    let model = move || {
        let attach = |nth, all| _ = set_label_for_task(me(), Notes(nth, all));
        let tasks = [2, 1].map(|nth| {
            let all = Arc::clone(&all);
            thread::spawn(move || attach(nth, all))
        });
        attach(0, Arc::clone(&all));
        tasks.into_iter().rev().for_each(|task| task.join().unwrap());
    };
    let executions = Runner::new(RandomScheduler::new(20), Config::new()).run(model);
    assert_eq!(*notes.lock().unwrap(), [0, 2, 1].repeat(executions));
}

#[test]
#[should_panic(expected = "the first")]
fn a_destructor_of_a_label_fails_the_execution_that_it_is_of() {
    #[derive(Clone, Debug)]
    struct Fails(&'static str);
    impl Drop for Fails {
        fn drop(&mut self) {
            panic!("{}", self.0);
        }
    }
    let model = || {
        let other = thread::spawn(|| _ = set_label_for_task(me(), Fails("the second")));
        set_label_for_task(me(), Fails("the first"));
        other.join().unwrap();
    };
    check_dfs(model, None);
}

/// One thread sleeps often, and is overtaken unless its priority stays.
fn sleeps_often() {
    let flag = Arc::new(shuttle::sync::atomic::AtomicBool::new(false));
    let theirs = Arc::clone(&flag);
    thread::spawn(move || {
        for _ in 0..20 {
            thread::sleep(Duration::from_millis(1));
        }
        theirs.store(true, SeqCst);
    });
    assert!(!flag.load(SeqCst), "it was fast enough");
}

#[test]
fn a_sleep_keeps_its_priority_and_is_replayed() {
    let message = failure(|| check_pct(sleeps_often, 20, 1));
    assert!(message.contains("it was fast enough"), "{message}");
    let token = message.split('"').nth(1).expect("it has a token").trim().to_string();
    let again = failure(move || shuttle::replay(sleeps_often, &token));
    assert!(again.contains("it was fast enough"), "{again}");
}

#[test]
fn an_execution_that_is_too_long_is_given_up_or_fails() {
    static ROUNDS: AtomicUsize = AtomicUsize::new(0);
    let endless = || {
        loop {
            ROUNDS.fetch_add(1, SeqCst);
            thread::yield_now();
        }
    };
    let config = |max_steps| {
        let mut config = Config::new();
        config.max_steps = max_steps;
        config
    };
    let scheduler = || PctScheduler::new(1, 1);
    Runner::new(scheduler(), config(MaxSteps::ContinueAfter(50))).run(endless);
    assert_eq!(ROUNDS.swap(0, SeqCst), 50);
    let fails = move || {
        Runner::new(scheduler(), config(MaxSteps::FailAfter(50))).run(endless);
    };
    assert!(failure(fails).contains("exceeded max_steps bound 50"));
}

#[test]
fn a_second_read_is_a_deadlock_and_a_task_that_is_left_behind_is_none() {
    let twice = || {
        let lock = RwLock::new(0);
        let _both = (lock.read(), lock.read());
    };
    let message = failure(move || check_dfs(twice, None));
    assert!(message.contains("tried to acquire a RwLock it already holds"), "{message}");
    let serves = |detached: bool| {
        move || {
            let (requests, received) = shuttle::sync::mpsc::channel::<u32>();
            let server = future::spawn(async move {
                while received.recv().is_ok() {}
                std::future::pending::<()>().await;
            });
            requests.send(1).unwrap();
            if !detached {
                future::block_on(server).unwrap();
            }
        }
    };
    check_dfs(serves(true), None);
    assert!(failure(move || check_dfs(serves(false), None)).contains("deadlock"));
}

#[test]
fn a_reservation_keeps_others_out_until_it_is_dropped() {
    check_random(
        || {
            let room = Arc::new(BatchSemaphore::new(3, Fairness::Unfair));
            room.try_acquire(1).unwrap();
            let mut writer = Box::pin(room.acquire_reserving(2, 3));
            let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
            assert!(writer.as_mut().poll(context).is_pending());
            assert_eq!(room.try_acquire(1), Err(TryAcquireError::NoPermits));
            drop(writer);
            room.try_acquire(1).unwrap();
            room.try_upgrade(2, 3).unwrap();
            assert_eq!(room.available_permits(), 0);
        },
        10,
    );
}

#[test]
fn what_a_reservation_leaves_is_for_those_who_wait() {
    let model = || {
        let room = Arc::new(BatchSemaphore::new(0, Fairness::Unfair));
        let theirs = Arc::clone(&room);
        let waits = future::spawn(async move { theirs.acquire(1).await.unwrap() });
        let theirs = Arc::clone(&room);
        let reserves = future::spawn(async move {
            theirs.acquire_reserving(0, 1).await.unwrap();
            waits.await.unwrap();
        });
        room.release(2);
        future::block_on(reserves).unwrap();
    };
    check_dfs(model, None);
    check_random(model, 1000);
}

#[test]
fn a_wide_atomic_loses_no_update_unless_it_is_two() {
    let adds = |one: bool| {
        move || {
            let sum = Arc::new(AtomicU128::new(u128::MAX - 1));
            let theirs = Arc::clone(&sum);
            let add = move |sum: &AtomicU128| match one {
                true => _ = sum.fetch_add(1, SeqCst),
                false => sum.store(sum.load(SeqCst).wrapping_add(1), SeqCst),
            };
            let other = thread::spawn(move || add(&theirs));
            add(&sum);
            other.join().unwrap();
            assert_eq!(sum.load(SeqCst), 0);
        }
    };
    check_dfs(adds(true), None);
    failure(move || check_dfs(adds(false), None));
}

#[test]
fn a_wide_atomic_is_updated_in_a_loop() {
    const ADDED: u128 = 1 << 100;
    let updates = |try_update: bool| {
        move || {
            let sum = Arc::new(AtomicU128::new(0));
            let (theirs, calls) = (Arc::clone(&sum), AtomicUsize::new(0));
            let other = thread::spawn(move || theirs.fetch_add(ADDED, SeqCst));
            let add = |before| {
                calls.fetch_add(1, SeqCst);
                sum.load(SeqCst); // nothing is locked
                before + 1
            };
            match try_update {
                true => _ = sum.fetch_update(SeqCst, SeqCst, |before| Some(add(before))).unwrap(),
                false => _ = sum.update(SeqCst, SeqCst, add),
            }
            other.join().unwrap();
            assert_eq!(sum.load(SeqCst), ADDED + 1);
            MOST.fetch_max(calls.into_inner(), SeqCst);
        }
    };
    static MOST: AtomicUsize = AtomicUsize::new(0);
    for try_update in [true, false] {
        check_dfs(updates(try_update), None);
        assert_eq!(MOST.swap(0, SeqCst), 2, "the other thread comes between load and exchange");
    }
}

/// Whether a type has a trait: the inherent constant is found first, where its bound holds.
macro_rules! has {
    ($ty:ty: $($bound:tt)*) => {{
        #[allow(dead_code, reason = "not where the bound holds")]
        trait Fallback {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Fallback for T {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "not where the bound does not hold")]
        impl<T: ?Sized + $($bound)*> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$ty>>::HAS
    }};
}

#[test]
fn a_task_is_awaited_elsewhere_only_if_its_output_may_go_there() {
    const {
        assert!(has!(future::JoinHandle<u32>: Send + Sync + Unpin));
        assert!(has!(future::JoinHandle<std::cell::Cell<u32>>: Send + Sync + Unpin));
        assert!(has!(future::JoinHandle<std::marker::PhantomPinned>: Send + Sync + Unpin));
        assert!(!has!(future::JoinHandle<Rc<u32>>: Send));
        assert!(!has!(future::JoinHandle<Rc<u32>>: Sync));
    }
    check_dfs(
        || {
            let task = future::spawn_local(async { Rc::new(7) });
            assert_eq!(*future::block_on(task).unwrap(), 7);
        },
        None,
    );
}
