//! How fast histories are judged, in CPU time: the recorded ones of tests/data/histories, without
//! and with reasons; and long ones by the monitors.

#[path = "../tests/suite/linearize/recorded.rs"]
mod recorded;

use rustix::time::{ClockId, clock_gettime};
use selvedge::linearize::specifications::*;
use selvedge::linearize::{Criterion, History, Operation, Specification, decide};
use std::hint::black_box;

/// For all recorded histories, in milliseconds: what a change must not exceed on the machine on
/// which porcupine needs 599.
const RECORDED_MS: f64 = 100.0;
/// For a million operations.
const MILLION_MS: f64 = 2_000.0;
/// How many processes do the long ones.
const WIDTH: usize = 16;

fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// The median of a few rounds.
fn time_ms(rounds: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = Vec::new();
    while times.len() < rounds {
        let start = cpu_ms();
        run();
        times.push(cpu_ms() - start);
    }
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

fn recorded_histories() {
    let (mut total, mut explained) = (0.0, 0.0);
    println!(
        "{:<18} {:>5}  {:<12} {:>9} {:>9}",
        "history", "ops", "linearizable", "CPU ms", "explained"
    );
    for entry in recorded::index() {
        let recording = entry.load();
        let verdict = recording.check(u64::MAX);
        assert_eq!(verdict.holds(), entry.linearizable, "{}: {verdict:?}", entry.file);
        let ms = time_ms(5, || {
            assert_eq!(black_box(recording.decide(u64::MAX)), Some(entry.linearizable))
        });
        let reasons = time_ms(5, || drop(black_box(recording.check(u64::MAX))));
        println!(
            "{:<18} {:>5}  {:<12} {ms:>9.3} {reasons:>9.3}",
            entry.file, entry.ops, entry.linearizable
        );
        (total, explained) = (total + ms, explained + reasons);
    }
    println!("{:<18} {:>5}  {:<12} {total:>9.3} {explained:>9.3}\n", "total", "", "");
    assert!(total <= RECORDED_MS, "{total} ms, and {RECORDED_MS} are the limit");
}

/// A history of processes that did `op`s, each at one moment between call and return.
fn long<S: Specification>(
    mut state: S,
    count: usize,
    mut op: impl FnMut(&mut fastrand::Rng, i64) -> S::Op,
) -> History<S::Op, S::Ret> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut operations: Vec<Operation<S::Op, S::Ret>> = Vec::with_capacity(count);
    let mut doing: Vec<Option<(usize, Option<S::Ret>)>> = (0..WIDTH).map(|_| None).collect();
    let mut now = 0;
    while operations.len() < count || doing.iter().any(Option::is_some) {
        let process = rng.usize(0..WIDTH);
        now += 1;
        doing[process] = match doing[process].take() {
            None if operations.len() == count => None,
            None => {
                let op = op(&mut rng, operations.len() as i64);
                operations.push(Operation { process, op, invocation: now, response: None });
                Some((operations.len() - 1, None))
            }
            Some((number, None)) => Some((number, Some(state.apply(&operations[number].op)))),
            Some((number, Some(ret))) => {
                operations[number].response = Some((now, ret));
                None
            }
        };
    }
    History { operations, stuck: false }
}

/// A near miss: swaps what two operations of the middle returned, of which one ended well before
/// the other, and so that each value was put there before. `value` is what an operation returned,
/// which is the number of the operation that wrote it.
fn swapped<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    value: impl Fn(&S::Ret) -> Option<usize>,
) -> History<S::Op, S::Ret> {
    let returned = |place: usize| history.operations[place].response.as_ref().map(|(_, ret)| ret);
    let valued = |place: usize| returned(place).and_then(&value);
    let from = history.operations.len() / 2..history.operations.len();
    let pairs = from.flat_map(|one| {
        (one + WIDTH..history.operations.len().min(one + 20 * WIDTH)).map(move |other| (one, other))
    });
    let before =
        |(one, other): &(usize, usize)| valued(*other).is_some_and(|written| written < *one);
    for (one, other) in pairs.filter(|pair| valued(pair.0).is_some()).filter(before) {
        let mut mutant = history.clone();
        for (place, from) in [(one, other), (other, one)] {
            let new = returned(from).expect("a value").clone();
            mutant.operations[place].response.as_mut().expect("a value").1 = new;
        }
        if decide(initial, &mutant, Criterion::Linearizable, 0) == Some(false) {
            return mutant;
        }
    }
    panic!("no swap makes it wrong")
}

fn monitor<S: Specification>(
    name: &str,
    initial: S,
    op: impl Fn(&mut fastrand::Rng, i64) -> S::Op,
    value: impl Fn(&S::Ret) -> Option<usize>,
) {
    for count in [1_000, 10_000, 100_000, 1_000_000] {
        let right = long(initial.clone(), count, &op);
        let wrong = swapped(&initial, &right, &value);
        for (history, linearizable) in [(&right, true), (&wrong, false)] {
            let judge = || {
                assert_eq!(
                    decide(&initial, history, Criterion::Linearizable, 0),
                    Some(linearizable),
                    "{name}"
                )
            };
            let ms = time_ms(3, judge);
            let each = ms * 1e6 / (count as f64 * (count as f64).log2());
            println!("{name:<18} {count:>9}  {linearizable:<12} {ms:>9.3} {each:>9.2}");
            assert!(ms <= MILLION_MS, "{ms} ms, and {MILLION_MS} are the limit");
        }
    }
}

fn main() {
    recorded_histories();
    println!(
        "{:<18} {:>9}  {:<12} {:>9} {:>9}",
        "monitor", "n", "linearizable", "CPU ms", "ns/n lb n"
    );
    let queue = |rng: &mut fastrand::Rng, n| {
        if rng.bool() { QueueOp::Enqueue(n) } else { QueueOp::Dequeue }
    };
    monitor("queue", Queue::default(), queue, |ret| match ret {
        QueueRet::Dequeued(Some(value)) => usize::try_from(*value).ok(),
        _ => None,
    });
    let stack =
        |rng: &mut fastrand::Rng, n| if rng.bool() { StackOp::Push(n) } else { StackOp::Pop };
    monitor("stack", Stack::default(), stack, |ret| match ret {
        StackRet::Popped(Some(value)) => usize::try_from(*value).ok(),
        _ => None,
    });
    let register = |rng: &mut fastrand::Rng, n| {
        if rng.bool() { RegisterOp::Write(n) } else { RegisterOp::Read }
    };
    monitor("register", Register(-1), register, |ret| match ret {
        RegisterRet::Value(value) => usize::try_from(*value).ok(),
        RegisterRet::Written => None,
    });
    let counter = |rng: &mut fastrand::Rng, _| {
        if rng.bool() { CounterOp::Increment } else { CounterOp::Read }
    };
    monitor("counter", Counter(0), counter, |ret| match ret {
        CounterRet::Value(value) => usize::try_from(*value).ok(),
        CounterRet::Incremented => None,
    });
}
