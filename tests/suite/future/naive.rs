//! Random async programs: the exhaustive explorer sees the outcomes that every schedule has, one
//! after the other. More programs with SOAK=1.

use selvedge::future::{
    AbortHandle, AtomicWaker, block_on, cancellable, poll_fn, spawn, yield_now,
};
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::sync::{Arc, Mutex};
use selvedge::verdict::Kind;
use selvedge::{Budget, Check, Explorer, Extent, rand};
use std::collections::BTreeSet;
use std::task::{Poll, Waker};

#[derive(Clone, Copy, Debug)]
enum Op {
    Load,
    Store(usize),
    /// Pending once, with the waker in its slot.
    Await,
    /// The same, and it may be dropped there.
    Cancellable,
    /// The same with an `AtomicWaker`.
    Register,
    /// Wakes the other one, if its waker is there; and keeps it, or not.
    Wake(bool),
    WakeAtomic,
    Yield,
    Draw,
    /// Aborts the task: only main does.
    Abort,
}

const OPS: [Op; 12] = [
    Op::Load,
    Op::Store(1),
    Op::Store(2),
    Op::Await,
    Op::Cancellable,
    Op::Register,
    Op::Wake(true),
    Op::Wake(false),
    Op::WakeAtomic,
    Op::Yield,
    Op::Draw,
    Op::Abort,
];

type Program = [Vec<Op>; 2];

/// What a thread has seen.
type Seen = Vec<usize>;

/// Where one waits.
#[derive(Default)]
struct Slot {
    waker: Mutex<Option<Waker>>,
    atomic: AtomicWaker,
}

#[derive(Default)]
struct Shared {
    value: AtomicUsize,
    slots: [Slot; 2],
}

/// Pending once. Returns how often it was polled.
async fn pending_once(register: impl Fn(&Waker)) -> usize {
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        if polls == 2 {
            return Poll::Ready(polls);
        }
        register(context.waker());
        Poll::Pending
    })
    .await
}

async fn run(me: usize, ops: Vec<Op>, shared: &Shared, task: Option<AbortHandle>) -> Seen {
    let mut seen = Seen::new();
    let (mine, other) = (&shared.slots[me], &shared.slots[1 - me]);
    let slot = |waker: &Waker| drop(mine.waker.lock().unwrap().replace(waker.clone()));
    for op in ops {
        match op {
            Op::Load => seen.push(shared.value.load(SeqCst)),
            Op::Store(value) => shared.value.store(value, SeqCst),
            Op::Await => seen.push(pending_once(slot).await),
            Op::Cancellable => seen.push(cancellable(pending_once(slot)).await.unwrap_or(9)),
            Op::Register => seen.push(pending_once(|waker| mine.atomic.register(waker)).await),
            Op::Wake(keeps) => {
                let waker = match keeps {
                    true => other.waker.lock().unwrap().clone(),
                    false => other.waker.lock().unwrap().take(),
                };
                seen.push(usize::from(waker.is_some()));
                waker.into_iter().for_each(Waker::wake);
            }
            Op::WakeAtomic => other.atomic.wake(),
            Op::Yield => yield_now().await,
            Op::Draw => seen.push(rand::range(0..3)),
            Op::Abort => task.iter().for_each(AbortHandle::abort),
        }
    }
    seen
}

/// The outcomes of a program under an explorer, and whether it may deadlock. `None` if it has too
/// many executions.
fn outcomes(program: &Program, explorer: Explorer) -> Option<(BTreeSet<String>, bool, u64)> {
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let (sees, ops) = (std::sync::Arc::clone(&outcomes), program.clone());
    let check = Check::new("naive").explorers([explorer]).budget(Budget::executions(20_000));
    let check = check.alone(true);
    let check = if explorer == Explorer::Dfs { check.again_never() } else { check.again_always() };
    let counts = check.count(move || {
        let shared = Arc::new(Shared::default());
        let (theirs, their_ops) = (Arc::clone(&shared), ops[1].clone());
        let task = spawn(async move { run(1, their_ops, &theirs, None).await });
        let abort = task.abort_handle();
        let mine = block_on(run(0, ops[0].clone(), &shared, Some(abort)));
        let theirs = block_on(task).ok();
        sees.lock().unwrap().insert(format!("{mine:?} {theirs:?}"));
    });
    let counts = counts.unwrap_or_else(|bound| panic!("{program:?}, {explorer}: {bound}"));
    let other = counts.violations.keys().find(|kind| **kind != Kind::Deadlock);
    assert_eq!(other, None, "{program:?}, {explorer}");
    let is_over = !matches!(counts.extent, Extent::Bounded(selvedge::Bound::Executions(_)));
    let seen = std::mem::take(&mut *outcomes.lock().unwrap());
    is_over.then_some((seen, !counts.violations.is_empty(), counts.executions))
}

#[test]
fn every_outcome_of_every_schedule_is_seen() {
    let programs = if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { 300 } else { 25 };
    let (mut compared, mut stuck, mut fewer, mut seed) = (0, 0, 0, 0);
    while compared < programs {
        seed += 1;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut ops =
            |most| (0..random.usize(1..=most)).map(|_| random.choice(OPS).unwrap()).collect();
        let program: Program = [ops(2), ops(2)];
        let Some((wanted, deadlocks, schedules)) = outcomes(&program, Explorer::Dfs) else {
            continue;
        };
        let exhaustive = outcomes(&program, Explorer::Exhaustive).expect("it has fewer than all");
        // depth first, who has yielded waits for a change: the exhaustive explorer sees more
        let yields = program.iter().flatten().any(|op| matches!(op, Op::Yield));
        let missed: Vec<&String> = wanted.difference(&exhaustive.0).collect();
        assert!(missed.is_empty(), "{seed}: {program:?}: {missed:?}");
        assert!(yields || exhaustive.0 == wanted, "{seed}: {program:?}: {:?}", exhaustive.0);
        assert_eq!(exhaustive.1, deadlocks, "{seed}: {program:?}");
        let weak = outcomes(&program, Explorer::Graphs).expect("it has fewer than all");
        assert!(
            weak.0.is_superset(&wanted),
            "{seed}: {program:?} {:?}",
            wanted.difference(&weak.0)
        );
        assert!(weak.1 || !deadlocks, "{seed}: {program:?}");
        compared += 1;
        stuck += u32::from(deadlocks);
        fewer += u32::from(exhaustive.2 < schedules);
    }
    println!(
        "{compared} programs of {seed}, {stuck} with deadlocks, {fewer} with fewer executions"
    );
    assert!(stuck > programs / 10 && fewer > programs / 2, "{stuck} {fewer}");
}
