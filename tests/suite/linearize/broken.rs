//! Judges that are wrong, each in its way: the comparison with brute force must find every one.

use super::kinds::{self, Values};
use super::{Judge, compare, monitored};
use fastrand::Rng;
use selvedge::linearize::specifications::*;
use selvedge::linearize::{Criterion, History, Specification, check};

/// How many histories it takes at the most.
const ENOUGH: u64 = 2_000;

fn caught<S: Specification>(initial: S, op: fn(&mut Rng, &mut Values) -> S::Op, broken: Judge<S>) {
    let wrong = |seed: &u64| {
        compare(&initial, op, broken, *seed).is_err_and(|why| why.contains("and that is wrong"))
    };
    let found = (0..ENOUGH).find(wrong);
    println!("found by history {found:?}");
    assert!(found.is_some(), "a wrong judge agrees with brute force on {ENOUGH} histories");
}

fn judge<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Result<bool, String> {
    Ok(check(initial, history, criterion, 1_000_000).holds())
}

#[test]
fn one_that_ignores_real_time_is_caught() {
    caught(Register(0), kinds::register, |initial, history, criterion| match criterion {
        Criterion::Linearizable => judge(initial, history, Criterion::SequentiallyConsistent),
        _ => judge(initial, history, criterion),
    });
}

#[test]
fn one_that_ignores_the_programs_is_caught() {
    caught(Register(0), kinds::register, |initial, history, criterion| {
        let mut strangers = history.clone();
        strangers
            .operations
            .iter_mut()
            .enumerate()
            .for_each(|(number, operation)| operation.process = number);
        judge(initial, &strangers, criterion)
    });
}

#[test]
fn one_that_takes_quiescence_for_real_time_is_caught() {
    caught(Queue::default(), kinds::queue, |initial, history, criterion| match criterion {
        Criterion::QuiescentlyConsistent => judge(initial, history, Criterion::Linearizable),
        _ => judge(initial, history, criterion),
    });
}

#[test]
fn one_that_forgets_pending_operations_is_caught() {
    caught(Counter(0), kinds::counter, |initial, history, criterion| {
        let mut returned = history.clone();
        returned.operations.retain(|operation| history.stuck || operation.response.is_some());
        judge(initial, &returned, criterion)
    });
}

#[test]
fn one_that_lets_operations_hang_is_caught() {
    caught(Semaphore { permits: 1 }, kinds::semaphore, |initial, history, criterion| {
        judge(initial, &History { stuck: false, ..history.clone() }, criterion)
    });
}

#[test]
fn one_that_waits_for_everybody_is_caught() {
    caught(Stack::default(), kinds::stack, |initial, history, criterion| {
        judge(initial, &History { stuck: true, ..history.clone() }, criterion)
    });
}

#[test]
fn a_monitor_that_ignores_empty_dequeues_is_caught() {
    caught(Queue::default(), kinds::queue, |initial, history, criterion| {
        let mut full = history.clone();
        let empty = |ret: &QueueRet| matches!(ret, QueueRet::Dequeued(None));
        full.operations
            .retain(|operation| operation.response.as_ref().is_none_or(|(_, ret)| !empty(ret)));
        monitored(initial, &full, criterion).map_or_else(|| judge(initial, history, criterion), Ok)
    });
}

#[test]
fn a_monitor_that_ignores_where_a_read_ends_is_caught() {
    caught(Register(0), kinds::register, |initial, history, criterion| {
        let mut late = history.clone();
        late.operations.iter_mut().enumerate().for_each(|(number, operation)| {
            operation.process = number;
            if let (RegisterOp::Read, Some((end, _))) = (&operation.op, &mut operation.response) {
                *end += 100;
            }
        });
        monitored(initial, &late, criterion).map_or_else(|| judge(initial, history, criterion), Ok)
    });
}
