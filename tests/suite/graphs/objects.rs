//! Objects that are no atomics: condition variables, tokens, locks for readers and writers,
//! barriers, initialisations, channels.

use super::program::Op;
use super::{FENCE, Plain, atomics, check, counts, executions, load, program, reference};
use super::{spawn_all, violated};
use selvedge::sync::atomic::AtomicUsize;
use selvedge::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, mpsc};
use selvedge::{Check, Explorer, Kind, Verdict, channel, thread};
use std::sync::atomic::Ordering::Relaxed;

/// The executions of a model in which nothing ends for no reason.
fn steady(name: &str, model: impl Fn() + Send + Sync + 'static) -> u64 {
    match check(name).spurious(false).run(model) {
        Verdict::Holds(coverage) => coverage.executions(),
        other => panic!("{name}: {other:?}"),
    }
}

/// Producers, consumers, items of each producer, places: as many as the explorer of interleavings
/// has.
#[test]
fn bounded_buffers_with_condvars_have_the_executions_that_are_known() {
    for (sizes, count) in [
        ([1, 1, 2, 1], 8),
        ([2, 2, 1, 1], 64),
        ([1, 1, 3, 1], 32),
        ([1, 1, 3, 2], 24),
        ([2, 1, 1, 1], 16),
        ([1, 2, 2, 1], 32),
        ([2, 1, 2, 1], 2_432),
    ] {
        let [producers, consumers, items, places] = sizes;
        let buffer = move || reference::bounded_buffer(producers, consumers, items, places);
        assert_eq!(steady("buffer", buffer), count, "{sizes:?}");
    }
}

/// A wait that ends for no reason, once at its place, is one that was never in the queue.
#[test]
fn a_wait_and_a_park_may_end_for_no_reason() {
    let wait = || {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        let theirs = Arc::clone(&pair);
        let setter = thread::spawn(move || {
            *theirs.0.lock().unwrap() = true;
            theirs.1.notify_one();
        });
        let mut is_set = pair.0.lock().unwrap();
        while !*is_set {
            is_set = pair.1.wait(is_set).unwrap();
        }
        drop(is_set);
        setter.join().unwrap();
    };
    // the setter is first; or the waiter is, and is notified; or it wakes for no reason, and then
    // finds the flag, or waits once more
    assert_eq!((steady("wait", wait), executions("wait", wait)), (2, 4));
    let park = || {
        let parked = thread::current();
        let other = thread::spawn(move || parked.unpark());
        thread::park();
        other.join().unwrap();
    };
    assert_eq!((steady("park", park), executions("park", park)), (1, 2));
}

/// A timeout fires before the other thread has had the lock, or after that. What is in the queue
/// for ever is no execution.
#[test]
fn a_timeout_fires_at_any_time() {
    let model = || {
        let (sender, receiver) = mpsc::channel();
        let sends = thread::spawn(move || sender.send(1).unwrap());
        let mut late = 0;
        while receiver.recv_timeout(std::time::Duration::ZERO).is_err() {
            late += 1;
            assert!(late < 3, "it has waited for the sender twice");
        }
        selvedge::sometimes!(late == 0, "in time");
        selvedge::sometimes!(late == 1, "late");
        sends.join().unwrap();
    };
    assert!(executions("recv_timeout", model) > 2);
    let nobody = || {
        let pair = Arc::new((Mutex::new(()), Condvar::new()));
        spawn_all(2, move |_| {
            let guard = pair.0.lock().unwrap();
            let waited = pair.1.wait_timeout(guard, std::time::Duration::ZERO).unwrap();
            assert!(waited.1.timed_out());
        });
    };
    let again = || {
        let shared = Arc::new((Mutex::new(false), Condvar::new(), AtomicUsize::new(0)));
        let theirs = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            let mut is_set = theirs.0.lock().unwrap();
            theirs.2.store(1, Relaxed);
            *is_set = true;
        });
        let mut is_set = shared.0.lock().unwrap();
        while !*is_set {
            is_set = shared.1.wait_timeout(is_set, std::time::Duration::ZERO).unwrap().0;
        }
        assert_eq!(shared.2.load(Relaxed), 1);
        drop(is_set);
        setter.join().unwrap();
    };
    // before the setter, and once or twice
    assert_eq!(executions("nobody notifies, and the timeout fires again", again), 3);
    // each has the mutex twice
    assert_eq!(executions("nobody notifies", nobody), 6);
    let park = || {
        let parked = thread::current();
        let other = thread::spawn(move || parked.unpark());
        thread::park_timeout(std::time::Duration::ZERO);
        other.join().unwrap();
    };
    assert_eq!(executions("park", park), 2);
}

/// Readers come in no order: a writer comes after some of them and before the others.
#[test]
fn readers_of_a_lock_come_in_no_order() {
    let model = |readers: usize, writers: usize, tries: bool| {
        move || {
            let lock = Arc::new(RwLock::new(0));
            let theirs = Arc::clone(&lock);
            spawn_all(readers + writers, move |i| {
                if i < readers {
                    let _ = *theirs.read().unwrap();
                } else {
                    *theirs.write().unwrap() += 1;
                }
            });
            if tries {
                assert_eq!(*lock.try_read().unwrap(), writers);
            }
        }
    };
    for (readers, writers, count) in [
        (1, 1, 2),
        (2, 1, 4),
        (3, 1, 8),
        (4, 1, 16),
        (1, 2, 6),
        (2, 2, 18),
        (3, 2, 54),
        (4, 2, 162),
    ] {
        assert_eq!(
            executions("shared", model(readers, writers, false)),
            count,
            "{readers} {writers}"
        );
    }
    // of a lock that somebody tries to take, they come in an order
    for (readers, writers, count) in [(2, 1, 14), (3, 1, 216), (2, 2, 48)] {
        assert_eq!(
            executions("tried", model(readers, writers, true)),
            count,
            "{readers} {writers}"
        );
    }
}

/// Readers that only read do not race with a writer. Readers that write race with each other.
#[test]
fn what_a_lock_orders_does_not_race() {
    let model = |writes: bool| {
        move || {
            let shared = Arc::new((RwLock::new(()), Plain::new()));
            spawn_all(3, move |i| {
                if i == 0 {
                    let _held = shared.0.write().unwrap();
                    shared.1.write();
                    return;
                }
                let _held = shared.0.read().unwrap();
                if writes {
                    shared.1.write();
                } else {
                    shared.1.read();
                }
            });
        }
    };
    assert_eq!(executions("they read", model(false)), 4);
    assert_eq!(violated("they write", model(true)).kind, Kind::DataRace);
}

/// Who comes to a barrier comes in an order. Who initialises is one of them, and the others find it
/// done.
#[test]
fn barriers_and_initialisations_have_the_executions_that_are_known() {
    for (threads, met, initialised) in [(2, 2, 2), (3, 6, 3), (4, 24, 4)] {
        let meet = move || {
            let shared = Arc::new((Barrier::new(threads), Plain::new()));
            spawn_all(threads, move |_| {
                shared.1.read();
                if shared.0.wait().is_leader() {
                    shared.1.write();
                }
            });
        };
        assert_eq!(executions("barrier", meet), met);
        let once = move || {
            let shared = Arc::new((Once::new(), Plain::new()));
            spawn_all(threads, move |_| {
                shared.0.call_once(|| shared.1.write());
                assert_eq!(shared.1.read(), 1);
            });
        };
        assert_eq!(executions("once", once), initialised);
        let cell = move || {
            let cell = Arc::new(OnceLock::new());
            let theirs = Arc::clone(&cell);
            spawn_all(threads, move |i| _ = theirs.get_or_init(|| i));
            assert!(*cell.get().unwrap() < threads);
        };
        assert_eq!(executions("cell", cell), initialised);
    }
    let seen = || {
        let cell = Arc::new(OnceLock::new());
        let theirs = Arc::clone(&cell);
        let setter = thread::spawn(move || theirs.set(1).unwrap());
        let found = cell.get().copied();
        selvedge::sometimes!(found.is_none(), "not yet");
        selvedge::sometimes!(found == Some(1), "done");
        setter.join().unwrap();
    };
    // before it begins, while it is begun, done
    assert_eq!(executions("get", seen), 3);
}

/// All that was done before the barrier is known behind it, and nothing that was done behind.
#[test]
fn a_barrier_orders_what_is_before_and_behind() {
    let model = |early: bool| {
        move || {
            let shared = Arc::new((Barrier::new(2), [Plain::new(), Plain::new()]));
            spawn_all(2, move |i| {
                shared.1[i].write();
                if !early {
                    shared.0.wait();
                }
                assert_eq!(shared.1[1 - i].read(), 1);
            });
        }
    };
    assert_eq!(executions("behind", model(false)), 2);
    assert_eq!(violated("before", model(true)).kind, Kind::DataRace);
    let three = || {
        let shared = Arc::new((Barrier::new(3), atomics::<3>(0)));
        spawn_all(3, move |i| {
            shared.1[i].store(1, Relaxed);
            shared.0.wait();
            assert!(shared.1.iter().all(|stored| stored.load(Relaxed) == 1));
        });
    };
    assert_eq!(executions("three", three), 6);
    let again = || {
        let shared = Arc::new((Barrier::new(2), Plain::new()));
        spawn_all(2, move |i| {
            for _ in 0..2 {
                shared.0.wait();
            }
            // one thread is in the next round, and the other has just come out of this one
            if i == 0 {
                shared.1.write();
            } else {
                shared.1.read();
            }
        });
    };
    assert_eq!(violated("again", again).kind, Kind::DataRace);
}

/// As everywhere, an object of another execution is refused, and not taken for one of this.
#[test]
fn a_barrier_from_outside_of_the_model_is_refused() {
    let outside = Arc::new((Barrier::new(1), Once::new()));
    for once in [false, true] {
        let theirs = Arc::clone(&outside);
        let found = violated("outside", move || {
            if once {
                theirs.1.call_once(|| ());
            } else {
                theirs.0.wait();
            }
        });
        assert_eq!(found.kind, Kind::Panic, "{found:?}");
        assert!(found.message.contains("outside of the model"), "{found:?}");
    }
}

/// An initialisation that panics is begun again.
#[test]
fn an_initialisation_that_panics_is_begun_again() {
    let poisoned = || {
        let once = Arc::new(Once::new());
        let theirs = Arc::clone(&once);
        let first = thread::spawn(move || theirs.call_once(|| panic!("it fails")));
        assert!(first.join().is_err());
        let theirs = Arc::clone(&once);
        assert!(thread::spawn(move || theirs.call_once(|| ())).join().is_err());
        once.call_once_force(|state| assert!(state.is_poisoned()));
        once.call_once(|| unreachable!("it is done"));
    };
    assert_eq!(executions("poisoned", poisoned), 1);
}

/// What the first thread to use a static creates has a name that every execution knows.
#[test]
fn a_static_is_created_by_whoever_comes_first() {
    let model = || {
        static SHARED: LazyLock<(AtomicUsize, Mutex<()>)> =
            LazyLock::new(|| (AtomicUsize::new(0), Mutex::new(())));
        let flag = Arc::new(AtomicUsize::new(0));
        spawn_all(2, move |i| {
            if i == 0 {
                flag.load(Relaxed); // what the other one stores last
            }
            let own = AtomicUsize::new(0);
            own.store(i, Relaxed);
            {
                let _held = SHARED.1.lock().unwrap();
                SHARED.0.fetch_add(own.load(Relaxed), Relaxed);
            }
            let later = AtomicUsize::new(0);
            later.store(1, Relaxed);
            if i == 1 {
                flag.store(1, Relaxed);
            }
        });
        assert_eq!(SHARED.0.load(Relaxed), 1);
    };
    assert!(executions("static", model) > 1);
}

/// The token is there once, whoever has been first.
#[test]
fn unparks_of_one_token_are_ordered() {
    let unparks = |count: usize| {
        move || {
            let parked = thread::current();
            let all = (0..count).map(|_| {
                let parked = parked.clone();
                thread::spawn(move || parked.unpark())
            });
            let all: Vec<_> = all.collect();
            thread::park();
            all.into_iter().for_each(|thread| thread.join().unwrap());
        }
    };
    for (count, expected) in [(2, 4), (3, 18), (4, 96)] {
        assert_eq!(steady("unparks", unparks(count)), expected);
    }
}

/// What a thread reads that has failed to take a lock, and then has a fence: its holder has not
/// released anything yet.
#[test]
fn a_lock_that_is_held_releases_nothing() {
    let program = program(
        1,
        &[
            &[Op::Store(0, 2, Relaxed), Op::Lock(0)],
            &[Op::Try(0), FENCE, load(0, Relaxed), Op::UnlockTried(0)],
        ],
    );
    counts(&[("try_lock, fence", 4, program)]);
}

/// What is made of mutexes and condition variables orders as these do: there are as many executions
/// as the explorer of interleavings has. A channel is shared by handles that are counted, and who
/// drops the last one of them comes after the others by the channel's mutex.
#[test]
fn channels_have_as_many_executions_as_interleavings() {
    fn compare(name: &str, model: impl Fn() + Clone + Send + Sync + 'static) {
        let sc = Check::new(name).explorers([Explorer::Exhaustive]).run(model.clone());
        let Verdict::Holds(sc) = sc else { panic!("{name}: {sc:?}") };
        assert_eq!(executions(name, model), sc.executions(), "{name}");
    }
    for (items, places) in [(1, 0), (1, 1), (2, 1)] {
        compare("channel", move || {
            let (sender, receiver) = channel::bounded(places);
            let receives = thread::spawn(move || assert_eq!(receiver.iter().count(), items));
            let sends = thread::spawn(move || (0..items).for_each(|i| sender.send(i).unwrap()));
            sends.join().unwrap();
            receives.join().unwrap();
        });
    }
    compare("the receiver is gone", || {
        let (sender, receiver) = mpsc::channel();
        let sends = thread::spawn(move || sender.send(1).is_ok());
        drop(receiver);
        sends.join().unwrap();
    });
    compare("try_recv", || {
        let (sender, receiver) = mpsc::channel();
        let sends = thread::spawn(move || sender.send(1).unwrap());
        if receiver.try_recv().is_err() {
            receiver.recv().unwrap();
        }
        sends.join().unwrap();
    });
}
