//! Timers that there is no model of, and those that are not for who waits.

use super::SECOND;
use selvedge::future::{block_on, pending, poll_fn, spawn};
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Condvar, Mutex};
use selvedge::time::{Timer, sleep, timeout};
use selvedge::verdict::{Bound, Kind};
use selvedge::{Budget, Check, Explorer, Verdict, thread};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Wake, Waker};

const EXPLORERS: [Explorer; 3] =
    [Explorer::Exhaustive, Explorer::Dfs, Explorer::Random { seed: 1 }];

fn run(explorer: Explorer, model: fn()) -> Verdict {
    let check = Check::new("timers").explorers([explorer]).spurious(false).apart(true);
    check.budget(Budget::executions(2_000)).run(model)
}

/// What there is no model of, as every explorer says.
fn not_modelled(model: fn()) -> String {
    let said = EXPLORERS.map(|explorer| match run(explorer, model) {
        Verdict::Unknown(Bound::NotModelled { engine: "selvedge", operation }) => operation,
        other => panic!("{explorer}: {other:?}"),
    });
    assert!(said.iter().all(|other| *other == said[0]), "{said:?}");
    said[0].clone()
}

fn violated(kind: Kind, model: fn()) {
    for explorer in EXPLORERS {
        match run(explorer, model) {
            Verdict::Violated(found) if found.kind == kind => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

type Shared = Arc<Mutex<Option<Pin<Box<Timer>>>>>;

/// Main waits for a timer. `what` another task does to it after a second, while main waits.
fn shares<F: Future<Output = ()> + 'static>(what: fn(Pin<Box<Timer>>) -> F) {
    let slot: Shared = Arc::new(Mutex::new(Some(Box::pin(Timer::after(5 * SECOND)))));
    let theirs = Arc::clone(&slot);
    let other = thread::spawn(move || {
        block_on(Timer::after(SECOND));
        let taken = theirs.lock().unwrap().take();
        if let Some(timer) = taken {
            block_on(what(timer));
        }
    });
    // not the timer that was taken, but this one would wake main
    let _ = block_on(timeout(
        100 * SECOND,
        poll_fn(|context| match slot.lock().unwrap().as_mut() {
            None => Poll::Ready(()),
            Some(timer) => timer.as_mut().poll(context),
        }),
    ));
    other.join().unwrap();
}

#[test]
fn there_is_no_model_of_a_timer_that_another_task_takes_from_one_that_waits() {
    let drops = || shares(|timer| async { drop(timer) });
    assert_eq!(not_modelled(drops), "a Timer that another task drops or polls");
    let moves = || shares(|timer| timer);
    assert_eq!(not_modelled(moves), "a Timer that another task drops or polls");
}

#[test]
fn a_timer_that_nobody_waits_for_may_be_dropped_anywhere() {
    for explorer in EXPLORERS {
        let verdict = run(explorer, || {
            let mut timer = Box::pin(Timer::after(5 * SECOND));
            let is_ready =
                block_on(poll_fn(|context| Poll::Ready(timer.as_mut().poll(context).is_ready())));
            assert!(!is_ready);
            thread::spawn(move || drop(timer)).join().unwrap();
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

/// An executor of the user's own: a thread waits for its waker in another way than ours.
#[derive(Default)]
struct Own {
    woken: Mutex<bool>,
    wakes: Condvar,
    thread: Option<thread::Thread>,
}

impl Wake for Own {
    fn wake(self: std::sync::Arc<Self>) {
        match &self.thread {
            Some(thread) => thread.unpark(),
            None => {
                *self.woken.lock().unwrap() = true;
                self.wakes.notify_one();
            }
        }
    }
}

/// Polls a timer by such an executor.
fn polls(thread: Option<thread::Thread>, waits: fn(&Own)) {
    let own = std::sync::Arc::new(Own { thread, ..Own::default() });
    let waker = Waker::from(std::sync::Arc::clone(&own));
    let mut timer = pin!(Timer::after(SECOND));
    while timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        waits(&own);
    }
}

#[test]
fn there_is_no_model_of_a_timer_that_no_task_polls() {
    let models: [fn(); 5] = [
        || polls(Some(thread::current()), |_| thread::park()),
        || {
            polls(None, |own| {
                let woken = own.woken.lock().unwrap();
                *own.wakes.wait_while(woken, |woken| !*woken).unwrap() = false;
            });
        },
        || polls(None, |_| thread::yield_now()),
        // it is not at its end that another one unparks it
        || {
            let main = thread::current();
            let other = thread::spawn(move || {
                sleep(5 * SECOND);
                main.unpark();
            });
            polls(Some(thread::current()), |_| thread::park());
            other.join().unwrap();
        },
        || {
            let other = thread::spawn(|| sleep(5 * SECOND));
            polls(None, |_| thread::yield_now());
            other.join().unwrap();
        },
    ];
    for model in models {
        assert_eq!(not_modelled(model), "a Timer that no task of selvedge's polls");
    }
}

#[test]
fn no_timer_releases_a_lock() {
    violated(Kind::Deadlock, || {
        let own = std::sync::Arc::new(Own::default());
        let waker = Waker::from(own);
        let mut timer = pin!(Timer::after(SECOND));
        assert!(timer.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let lock = Mutex::new(());
        let _held = lock.lock();
        let _again = lock.lock();
    });
}

/// A wake is lost. `keeps` is what else is there.
fn loses(keeps: &mut dyn FnMut(&mut Context<'_>)) {
    let flag = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&flag);
    let setter = thread::spawn(move || theirs.store(1, SeqCst)); // and wakes nobody
    block_on(poll_fn(|context| {
        keeps(context);
        if flag.load(SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
    }));
    setter.join().unwrap();
}

#[test]
fn the_timer_of_another_task_wakes_nobody_else() {
    violated(Kind::Deadlock, || loses(&mut |_| {}));
    violated(Kind::Deadlock, || {
        // it was polled by a task that is over
        let mut timer = pin!(Timer::after(5 * SECOND));
        block_on(poll_fn(|context| {
            assert!(timer.as_mut().poll(context).is_pending());
            Poll::Ready(())
        }));
        loses(&mut |_| {});
    });
    violated(Kind::Deadlock, || {
        // it is that of the task in whose poll another one is polled
        let inner = poll_fn(|_| {
            loses(&mut |_| {});
            Poll::<()>::Pending
        });
        let mut timer = pin!(Timer::after(5 * SECOND));
        let mut inner = pin!(inner);
        block_on(poll_fn(|context| match timer.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => inner.as_mut().poll(context),
        }));
    });
    // its own one does
    for explorer in EXPLORERS {
        let verdict = run(explorer, || {
            let mut timer = Box::pin(Timer::after(5 * SECOND));
            loses(&mut |context| _ = timer.as_mut().poll(context));
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
    violated(Kind::Deadlock, || {
        let sleeper = spawn(async { Timer::after(SECOND).await });
        block_on(pending::<()>());
        block_on(sleeper).unwrap();
    });
}
