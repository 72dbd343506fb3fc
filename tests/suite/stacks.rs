//! Stacks of green threads: what overflows is said, and who asks for more has it.

use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::{Bound, Budget, Check, Config, Expect, Explorer, Kind, Verdict, thread};
use std::hint::black_box;

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };
const ENGINES: [Explorer; 3] = [Explorer::Exhaustive, Explorer::Random { seed: 1 }, LOOM];

/// Uses about a kilobyte of stack for each of `n`, and operations of the facade on the way.
fn deep(n: usize) -> usize {
    let atomic = AtomicUsize::new(n);
    let room = black_box([n as u8; 1000]);
    let less = if n == 0 { 1 } else { deep(n - 1) };
    // both are nothing
    less + usize::from(room[9] != n as u8) + usize::from(atomic.into_inner() != n)
}

/// Two threads that meet, and use so many kilobytes of stack each.
fn meeting(mine: usize, theirs: usize) -> impl Fn() + Send + Sync + Clone + 'static {
    move || {
        let counter = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&counter);
        let other = thread::Builder::new().name("digger".to_string());
        let other = other.spawn(move || shared.fetch_add(deep(theirs), SeqCst)).unwrap();
        counter.fetch_add(deep(mine), SeqCst);
        other.join().unwrap();
        assert_eq!(counter.load(SeqCst), 2);
    }
}

fn check(name: &str, explorer: Explorer) -> Check<'static> {
    Check::new(name).explorers([explorer]).config(Config::default()).budget(Budget::executions(200))
}

fn overflow(verdict: &Verdict) -> (&str, usize, &str) {
    match verdict {
        Verdict::Unknown(Bound::Stack { thread, bytes, last }) => {
            (thread, *bytes, last.as_deref().unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_overflow_of_the_main_thread_is_unknown_and_says_what_to_do() {
    for explorer in ENGINES {
        let verdict = check("main", explorer).run(meeting(2_000, 1));
        let (who, had, last) = overflow(&verdict);
        assert_eq!((who, had), ("main", 256 << 10), "{explorer}");
        assert!(last.contains("stacks.rs"), "{explorer}: {last}");
        let Verdict::Unknown(bound) = verdict else { unreachable!() };
        assert!(
            bound.to_string().ends_with("give the model more: `Check::new(..).stack(1048576)`"),
            "{bound}"
        );
    }
}

#[test]
fn an_overflow_of_another_thread_is_said_by_its_name() {
    for explorer in ENGINES {
        let verdict = check("digger", explorer).run(meeting(1, 2_000));
        assert_eq!(overflow(&verdict).0, "digger", "{explorer}");
    }
}

/// loom's own stacks have 32 KiB.
#[test]
fn a_model_that_fits_into_one_engine_fits_into_all() {
    for explorer in ENGINES {
        let verdict = check("fits", explorer).run(meeting(60, 1));
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

#[test]
fn a_check_gives_each_thread_the_stack_that_it_is_asked_for() {
    for explorer in ENGINES {
        let verdict = check("deep", explorer).stack(8 << 20).run(meeting(2_000, 2_000));
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

#[test]
fn an_overflow_of_a_larger_stack_is_said_too() {
    for explorer in ENGINES {
        let verdict = check("deeper", explorer).stack(1 << 20).run(meeting(1, 5_000));
        assert_eq!((overflow(&verdict).0, overflow(&verdict).1), ("digger", 1 << 20), "{explorer}");
    }
}

#[test]
fn a_larger_stack_changes_nothing_of_what_is_explored() {
    for explorer in ENGINES {
        let runs = |verdict: Verdict| match verdict {
            Verdict::Holds(coverage) => coverage.runs,
            other => panic!("{explorer}: {other:?}"),
        };
        let usual = runs(check("usual", explorer).run(meeting(1, 1)));
        assert_eq!(
            usual,
            runs(check("larger", explorer).stack(1 << 20).run(meeting(1, 1))),
            "{explorer}"
        );
    }
}

#[test]
fn a_thread_has_the_stack_that_its_builder_asks_for() {
    let model = || {
        let counter = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&counter);
        let work = move || *theirs.lock().unwrap() += deep(3_000);
        let worker = thread::Builder::new().stack_size(8 << 20).spawn(work).unwrap();
        *counter.lock().unwrap() += 1;
        thread::scope(|scope| {
            let scoped = thread::Builder::new().stack_size(8 << 20);
            scoped.spawn_scoped(scope, || assert_eq!(deep(3_000), 1)).unwrap();
        });
        worker.join().unwrap();
        assert_eq!(*counter.lock().unwrap(), 2);
    };
    for explorer in ENGINES {
        let verdict = check("builder", explorer).run(model);
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}

#[test]
fn a_thread_may_panic_and_fail_on_a_larger_stack() {
    for explorer in ENGINES {
        let joined = check("joined", explorer).stack(1 << 20).run(|| {
            let counter = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&counter);
            let other =
                thread::spawn(move || assert_eq!(theirs.fetch_add(1, SeqCst), 5, "on purpose"));
            counter.fetch_add(1, SeqCst);
            assert!(other.join().is_err());
        });
        assert!(matches!(joined, Verdict::Holds(_)), "{explorer}: {joined:?}");
        let lost = check("lost", explorer).stack(1 << 20).expect(Expect::Violation(Kind::Panic));
        let _ = lost.assert(|| {
            let counter = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&counter);
            let other = thread::spawn(move || theirs.store(theirs.load(SeqCst) + 1, SeqCst));
            counter.store(counter.load(SeqCst) + 1, SeqCst);
            other.join().unwrap();
            assert_eq!(counter.load(SeqCst), 2);
        });
    }
}

#[test]
fn a_stack_that_nobody_can_have_is_unknown() {
    for explorer in ENGINES {
        for bytes in [usize::MAX, isize::MAX as usize - 4096, 1 << 46] {
            match check("huge", explorer).stack(bytes).run(meeting(1, 1)) {
                Verdict::Unknown(bound) => {
                    assert!(bound.to_string().contains("a stack of"), "{bound}")
                }
                other => panic!("{explorer}: {other:?}"),
            }
        }
    }
}

/// What a body needs is taken from the stack that it asks for, also where the body is inlined.
#[test]
fn a_large_frame_stands_on_the_stack_that_was_asked_for() {
    for explorer in ENGINES {
        let verdict = check("frame", explorer).run(|| {
            let counter = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&counter);
            let body = move || {
                black_box(&mut [0_u8; 1 << 20]);
                theirs.fetch_add(1, SeqCst);
            };
            let other = thread::Builder::new().stack_size(4 << 20).spawn(body).unwrap();
            counter.fetch_add(1, SeqCst);
            other.join().unwrap();
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict:?}");
    }
}
