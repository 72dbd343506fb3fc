//! Virtual time: it jumps where nothing else can go on.

mod timers;

use selvedge::future::{AtomicWaker, block_on, pending, poll_fn, spawn};
use selvedge::report::Style;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::time::{Duration, Instant, Timer, sleep, timeout};
use selvedge::verdict::{Bound, Kind};
use selvedge::{Budget, Check, Config, Explorer, Extent, Verdict, report, thread};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};

const SECOND: Duration = Duration::from_secs(1);

fn executions(name: &str, model: fn()) -> u64 {
    match Check::new(name).explorers([Explorer::Exhaustive]).run(model) {
        Verdict::Holds(coverage) => {
            assert_eq!(coverage.runs[0].extent, Extent::Bounded(Bound::Sleeps), "{name}");
            coverage.executions()
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn sleeps_end_in_the_order_of_their_ends_and_the_clock_agrees() {
    let model = || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let start = Instant::now();
        let sleepers = [3, 1, 2].map(|seconds| {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                sleep(seconds * SECOND);
                assert_eq!(start.elapsed(), seconds * SECOND);
                log.lock().unwrap().push(seconds);
            })
        });
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        assert_eq!(*log.lock().unwrap(), [1, 2, 3]);
        assert_eq!(Instant::now() - start, 3 * SECOND);
    };
    assert_eq!(executions("order", model), 1);
}

#[test]
fn sleeps_that_end_together_do_so_in_any_order() {
    let model = || {
        let value = Arc::new(AtomicUsize::new(0));
        let sleepers = [1, 2].map(|mine| {
            let value = Arc::clone(&value);
            thread::spawn(move || {
                sleep(SECOND);
                value.store(mine, SeqCst);
            })
        });
        sleepers.into_iter().for_each(|sleeper| sleeper.join().unwrap());
        selvedge::sometimes!(value.load(SeqCst) == 1, "the second one comes first");
        selvedge::sometimes!(value.load(SeqCst) == 2, "the first one comes first");
    };
    assert_eq!(executions("together", model), 2);
}

#[test]
fn a_sleep_ends_when_all_others_wait_for_it() {
    let model = || {
        let flag = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || {
            sleep(SECOND);
            theirs.store(1, SeqCst);
        });
        while flag.load(SeqCst) == 0 {
            thread::yield_now();
        }
        setter.join().unwrap();
    };
    executions("spins", model);
    let model = || {
        let lock = Arc::new(Mutex::new(0));
        let theirs = Arc::clone(&lock);
        let holder = thread::spawn(move || {
            let mut value = theirs.lock().unwrap();
            sleep(SECOND);
            *value += 1;
        });
        *lock.lock().unwrap() += 1;
        holder.join().unwrap();
        assert_eq!(*lock.lock().unwrap(), 2);
    };
    assert_eq!(executions("holds a lock", model), 2);
}

/// Fails if the sleeper is the last one to store.
fn too_long() {
    let value = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&value);
    let sleeper = thread::spawn(move || {
        sleep(2 * SECOND);
        theirs.store(1, SeqCst);
    });
    sleep(SECOND);
    value.store(2, SeqCst);
    sleeper.join().unwrap();
    assert_eq!(value.load(SeqCst), 2, "it was overwritten");
}

#[test]
fn a_failure_is_drawn_with_its_sleeps_and_replayed() {
    for explorer in [Explorer::Exhaustive, Explorer::Portfolio { seed: 1 }, Explorer::Dfs] {
        let check = || Check::new("sleeps").explorers([explorer]);
        let found = |check: Check<'_>| match check.run(too_long) {
            Verdict::Violated(found) if found.kind == Kind::Panic => *found,
            other => panic!("{explorer}: {other:?}"),
        };
        let first = found(check());
        let text = report::timeline::counterexample(&first, &Style::Plain);
        assert!(text.contains("sleep 1s") && text.contains("sleep 2s"), "{text}");
        let config =
            Config { replay: Some(first.replay.clone()), failures: None, ..Config::default() };
        assert_eq!(found(check().config(config)).trace, first.trace, "{explorer}");
    }
}

#[test]
fn a_future_is_in_time_unless_nothing_else_can_go_on() {
    let model = || {
        let (start, gate) = (Instant::now(), Arc::new(Gate::default()));
        assert!(!gate.comes_within(2 * SECOND));
        assert_eq!(start.elapsed(), 2 * SECOND, "it waits for ever, and has a limit");
        let theirs = Arc::clone(&gate);
        let opener = thread::spawn(move || theirs.open());
        assert!(gate.comes_within(SECOND));
        opener.join().unwrap();
        assert_eq!(start.elapsed(), 2 * SECOND, "nobody waits for a timer that was dropped");
    };
    executions("in time", model);
    let late = || {
        let gate = Arc::new(Gate::default());
        let theirs = Arc::clone(&gate);
        let opener = spawn(async move {
            Timer::after(SECOND).await;
            theirs.open();
        });
        let passed = gate.comes_within(SECOND);
        selvedge::sometimes!(passed, "it opens first");
        selvedge::sometimes!(!passed, "the limit comes first");
        block_on(opener).unwrap();
    };
    executions("at the same time", late);
}

/// Polls two futures, each with a waker of its own: only who was woken is polled again.
async fn either(first: impl Future<Output = ()>, second: impl Future<Output = ()>) -> usize {
    struct Flag(std::sync::atomic::AtomicBool, Waker);
    impl Wake for Flag {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.store(true, SeqCst);
            self.1.wake_by_ref();
        }
    }
    let (mut first, mut second, mut flags) = (pin!(first), pin!(second), None);
    poll_fn(move |context| {
        let made =
            || [0, 1].map(|_| std::sync::Arc::new(Flag(true.into(), context.waker().clone())));
        let [one, two] = flags.get_or_insert_with(made);
        let polls = |flag: &std::sync::Arc<Flag>| {
            flag.0.swap(false, SeqCst).then(|| Waker::from(std::sync::Arc::clone(flag)))
        };
        let mut is_ready = |nth, waker: Option<Waker>| {
            let Some(waker) = waker else { return false };
            let context = &mut Context::from_waker(&waker);
            let polled =
                if nth == 0 { first.as_mut().poll(context) } else { second.as_mut().poll(context) };
            polled.is_ready()
        };
        match (is_ready(0, polls(one)), is_ready(1, polls(two))) {
            (true, _) => Poll::Ready(0),
            (_, true) => Poll::Ready(1),
            _ => Poll::Pending,
        }
    })
    .await
}

#[test]
fn a_timer_wakes_the_waker_that_it_was_polled_with() {
    let model = || {
        let start = Instant::now();
        let (slow, fast) = (Timer::after(3 * SECOND), Timer::after(SECOND));
        assert_eq!(block_on(either(slow, fast)), 1);
        assert_eq!(block_on(either(Timer::after(SECOND), pending())), 0);
        assert_eq!(start.elapsed(), 2 * SECOND);
        let opens = Arc::new(Gate::default());
        let theirs = Arc::clone(&opens);
        let opener = thread::spawn(move || theirs.open());
        assert_eq!(block_on(either(Timer::after(SECOND), opens.comes())), 1);
        opener.join().unwrap();
    };
    executions("either", model);
}

#[test]
fn a_task_without_a_timer_is_still_a_deadlock() {
    let model = || {
        let sleeper = spawn(async { Timer::after(SECOND).await });
        block_on(pending::<()>());
        block_on(sleeper).unwrap();
    };
    match Check::new("for ever").explorers([Explorer::Exhaustive]).apart(true).run(model) {
        Verdict::Violated(found) if found.kind == Kind::Deadlock => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn weak_memory_and_loom_have_no_timers() {
    for explorer in [Explorer::Graphs, Explorer::Loom { preemption_bound: None }] {
        let check = Check::new("none").explorers([explorer]).apart(true);
        match check.run(|| block_on(Timer::after(SECOND))) {
            Verdict::Unknown(Bound::NotModelled { .. }) => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn weak_memory_and_loom_have_no_time() {
    for explorer in [Explorer::Graphs, Explorer::Loom { preemption_bound: None }] {
        match Check::new("none").explorers([explorer]).run(too_long) {
            Verdict::Unknown(Bound::NotModelled { .. }) => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

#[test]
fn outside_of_a_model_time_is_real() {
    let start = Instant::now();
    sleep(Duration::from_millis(2));
    assert!(start.elapsed() >= Duration::from_millis(2));
    block_on(Timer::after(Duration::from_millis(2)));
    assert!(start.elapsed() >= Duration::from_millis(4));
    assert_eq!(block_on(timeout(SECOND, async { 7 })), Ok(7));
    assert!(block_on(timeout(Duration::from_millis(1), pending::<()>())).is_err());
    assert_eq!(start.duration_since(start + SECOND), Duration::ZERO);
    assert_eq!((start + SECOND) - SECOND, start);
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Load,
    Store(usize),
    /// Adds under the lock.
    Add,
    /// Opens the gate, for one who comes.
    Open,
    /// Waits at the gate so long.
    Come(u32),
    Timer(u32),
    Sleep(u32),
    Now,
}

const OPS: [Op; 12] = [
    Op::Load,
    Op::Store(1),
    Op::Store(2),
    Op::Add,
    Op::Sleep(1),
    Op::Sleep(2),
    Op::Now,
    Op::Open,
    Op::Come(1),
    Op::Come(2),
    Op::Timer(1),
    Op::Timer(2),
];

/// A flag beside a waker.
#[derive(Default)]
struct Gate(AtomicUsize, AtomicWaker);

impl Gate {
    fn open(&self) {
        self.0.store(1, SeqCst);
        self.1.wake();
    }

    async fn comes(&self) {
        let passes = |context: &mut Context<'_>| {
            self.1.register(context.waker());
            if self.0.swap(0, SeqCst) == 1 { Poll::Ready(()) } else { Poll::Pending }
        };
        poll_fn(passes).await;
    }

    /// Whether the gate was open in time.
    fn comes_within(&self, time: Duration) -> bool {
        block_on(timeout(time, self.comes())).is_ok()
    }
}

/// The outcomes of a program under an explorer. `None` if it has too many executions.
fn outcomes(program: &[Vec<Op>], explorer: Explorer) -> Option<(BTreeSet<String>, u64)> {
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let (sees, program) = (std::sync::Arc::clone(&outcomes), program.to_vec());
    let check = Check::new("time").explorers([explorer]).budget(Budget::executions(30_000));
    let check = check.alone(true);
    let check = if explorer == Explorer::Dfs { check.again_never() } else { check.again_always() };
    let counts = check.count(move || {
        let shared = (AtomicUsize::new(0), Mutex::new(0), Instant::now(), Gate::default());
        let shared = Arc::new(shared);
        let threads = program.clone().into_iter().map(|ops| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut seen = Vec::new();
                for op in ops {
                    match op {
                        Op::Load => seen.push(shared.0.load(SeqCst)),
                        Op::Store(value) => shared.0.store(value, SeqCst),
                        Op::Add => {
                            let mut sum = shared.1.lock().unwrap();
                            *sum += 1;
                            seen.push(*sum);
                        }
                        Op::Sleep(seconds) => sleep(seconds * SECOND),
                        Op::Timer(seconds) => block_on(Timer::after(seconds * SECOND)),
                        Op::Open => shared.3.open(),
                        Op::Come(seconds) => {
                            seen.push(usize::from(shared.3.comes_within(seconds * SECOND)));
                        }
                        Op::Now => seen.push(shared.2.elapsed().as_secs() as usize),
                    }
                }
                seen
            })
        });
        let threads: Vec<_> = threads.collect();
        let seen: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        sees.lock().unwrap().insert(format!("{seen:?} {}", shared.0.load(SeqCst)));
    });
    let counts = counts.unwrap_or_else(|bound| panic!("{explorer}: {bound}"));
    assert!(counts.violations.is_empty(), "{explorer}");
    let is_over = !matches!(counts.extent, Extent::Bounded(Bound::Executions(_)));
    let seen = std::mem::take(&mut *outcomes.lock().unwrap());
    is_over.then_some((seen, counts.executions))
}

#[test]
fn every_outcome_of_every_schedule_is_seen() {
    let programs = if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { 1_000 } else { 60 };
    let (mut compared, mut fewer, mut seed) = (0, 0, 0);
    while compared < programs {
        seed += 1;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut ops = |most| {
            let count = random.usize(1..=most);
            (0..count).map(|_| random.choice(OPS).expect("there are some")).collect()
        };
        let program: Vec<Vec<Op>> = vec![ops(3), ops(3), ops(2)];
        let Some((wanted, schedules)) = outcomes(&program, Explorer::Dfs) else { continue };
        let exhaustive = outcomes(&program, Explorer::Exhaustive).expect("it has fewer than all");
        assert_eq!(exhaustive.0, wanted, "{seed}: {program:?}");
        compared += 1;
        fewer += u32::from(exhaustive.1 < schedules);
    }
    assert!(fewer > programs / 2, "{fewer}");
}
