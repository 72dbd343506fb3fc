//! Histories drawn by hand, each with its verdict under the three criteria.

use selvedge::linearize::specifications::*;
use selvedge::linearize::{
    Criterion, History, IllFormedKind, Method, Operation, Specification, Verdict, check, decide,
};
use std::fmt::Debug;
use std::ops::Range;

fn did<Op, Ret>(process: usize, when: Range<u64>, op: Op, ret: Ret) -> Operation<Op, Ret> {
    Operation { process, op, invocation: when.start, response: Some((when.end, ret)) }
}

fn pending<Op, Ret>(process: usize, since: u64, op: Op) -> Operation<Op, Ret> {
    Operation { process, op, invocation: since, response: None }
}

fn verdict<S: Specification>(
    initial: &S,
    operations: &[Operation<S::Op, S::Ret>],
    stuck: bool,
    criterion: Criterion,
) -> Verdict {
    check(initial, &History { operations: operations.to_vec(), stuck }, criterion, 10_000)
}

/// Whether it is linearizable, sequentially consistent, and quiescently consistent.
fn expect<S: Specification>(
    initial: S,
    operations: &[Operation<S::Op, S::Ret>],
    expected: [bool; 3],
) where
    S::Op: Debug,
{
    for (criterion, expected) in super::CRITERIA.into_iter().zip(expected) {
        let verdict = verdict(&initial, operations, false, criterion);
        assert_eq!(
            (verdict.holds(), verdict.violated()),
            (expected, !expected),
            "{criterion:?}: {verdict:?}"
        );
    }
}

// P0 |--| write 1
// P1          |--| read -> 0
#[test]
fn a_stale_read_is_sequentially_consistent_only() {
    let operations = [
        did(0, 1..2, RegisterOp::Write(1), RegisterRet::Written),
        did(1, 3..4, RegisterOp::Read, RegisterRet::Value(0)),
    ];
    expect(Register(0), &operations, [false, true, false]);
}

// P0 |--| write 1   |--| read -> 0
// P1 |-------------------------------| write 2
#[test]
fn a_process_that_forgets_its_write_is_quiescently_consistent_only() {
    let operations = [
        did(0, 2..3, RegisterOp::Write(1), RegisterRet::Written),
        did(0, 4..5, RegisterOp::Read, RegisterRet::Value(0)),
        did(1, 1..6, RegisterOp::Write(2), RegisterRet::Written),
    ];
    expect(Register(0), &operations, [false, false, true]);
}

// P0 |------| write 1
// P1    |------| read -> 1
// P2         |------| read -> 1
#[test]
fn a_write_that_is_seen_before_it_returns_is_linearizable() {
    let operations = [
        did(0, 1..4, RegisterOp::Write(1), RegisterRet::Written),
        did(1, 2..5, RegisterOp::Read, RegisterRet::Value(1)),
        did(2, 3..6, RegisterOp::Read, RegisterRet::Value(1)),
    ];
    expect(Register(0), &operations, [true, true, true]);
}

// P0 |--| insert x   |--| get y -> nothing
// P1 |--| insert y   |--| get x -> nothing
#[test]
fn sequential_consistency_of_each_key_is_not_that_of_the_map() {
    let operations = [
        did(0, 1..2, MapOp::Insert("x", 1), MapRet(None)),
        did(0, 5..6, MapOp::Get("y"), MapRet(None)),
        did(1, 3..4, MapOp::Insert("y", 1), MapRet(None)),
        did(1, 7..8, MapOp::Get("x"), MapRet(None)),
    ];
    expect(Map::default(), &operations, [false, false, false]);
    expect(Map::default(), &[operations[0].clone(), operations[3].clone()], [false, true, false]);
    expect(Map::default(), &[operations[2].clone(), operations[1].clone()], [false, true, false]);
}

// P0 |- - - write 1
// P1      |--| read -> 0   |--| read -> 1   |--| read -> 0
#[test]
fn a_pending_write_takes_effect_late_but_once() {
    let read = |when, value| did(1, when, RegisterOp::Read, RegisterRet::Value(value));
    let operations =
        [pending(0, 1, RegisterOp::Write(1)), read(2..3, 0), read(4..5, 1), read(6..7, 0)];
    expect(Register(0), &operations[..3], [true, true, true]);
    // Nothing is quiescent once it is pending.
    expect(Register(0), &operations, [false, false, true]);
}

// P0 |- - - write 1
// P1    |- - - read
#[test]
fn a_history_in_which_nothing_returned_says_nothing() {
    let operations = [pending(0, 1, RegisterOp::Write(1)), pending(1, 2, RegisterOp::Read)];
    for criterion in super::CRITERIA {
        for length in 0..=operations.len() {
            let history: History<_, RegisterRet<i64>> =
                History { operations: operations[..length].to_vec(), stuck: false };
            assert!(history.says_nothing());
            assert_eq!(
                check(&Register(0), &history, criterion, 1_000),
                Verdict::Unknown { configurations: 0 }
            );
            assert_eq!(decide(&Register(0), &history, criterion, 1_000), None);
        }
        // one that hangs says that much: a register has no operation that could
        let stuck = verdict(&Register(0), &operations, true, criterion);
        assert!(stuck.violated(), "{criterion:?}: {stuck:?}");
        assert_eq!(
            verdict(&Register(0), &[], true, criterion),
            Verdict::Unknown { configurations: 0 }
        );
    }
}

// P0 |--| lock   |--| unlock
// P1      |- - - lock: it hangs
#[test]
fn a_lock_that_hangs_on_a_free_mutex_is_found() {
    let operations = [
        did(0, 1..2, MutexOp::Lock, MutexRet::Locked),
        did(0, 4..5, MutexOp::Unlock, MutexRet::Unlocked),
        pending(1, 3, MutexOp::Lock),
    ];
    for criterion in super::CRITERIA {
        assert!(verdict(&Mutex::default(), &operations, false, criterion).holds());
        let Verdict::Violated(why) = verdict(&Mutex::default(), &operations, true, criterion)
        else {
            panic!("a lost wakeup passed for {criterion:?}")
        };
        assert_eq!(why.stuck, [2]);
        let held = [operations[0].clone(), operations[2].clone()];
        assert!(verdict(&Mutex::default(), &held, true, criterion).holds());
    }
}

// P0 |--| close
// P1      |- - - dequeue: it hangs
#[test]
fn a_dequeue_that_hangs_on_a_closed_queue_is_found() {
    let operations = [
        did(0, 1..2, BoundedQueueOp::Close, BoundedQueueRet::Closed),
        pending(1, 3, BoundedQueueOp::<i64>::Dequeue),
    ];
    let stuck =
        |operations: &_| verdict(&BoundedQueue::new(1), operations, true, Criterion::Linearizable);
    assert!(stuck(&operations[..]).violated());
    assert!(stuck(&operations[1..]).holds());
}

// P0 |--| enqueue 1                  |--| dequeue -> 2
// P1               |--| enqueue 2
// P2 |--| enqueue 7   |--| dequeue -> 7   (twice, before all that: nobody's business)
#[test]
fn a_reason_is_as_small_as_it_can_be() {
    let enqueue =
        |process, when, value| did(process, when, QueueOp::Enqueue(value), QueueRet::Enqueued);
    let dequeue = |process, when, value| {
        did(process, when, QueueOp::Dequeue, QueueRet::Dequeued(Some(value)))
    };
    let operations = [
        enqueue(2, 1..2, 7),
        dequeue(2, 3..4, 7),
        enqueue(2, 5..6, 8),
        dequeue(2, 7..8, 8),
        enqueue(0, 11..12, 1),
        enqueue(1, 13..14, 2),
        dequeue(0, 15..16, 2),
        enqueue(1, 17..18, 9),
    ];
    let Verdict::Violated(why) =
        verdict(&Queue::default(), &operations, false, Criterion::Linearizable)
    else {
        panic!("2 overtook 1")
    };
    assert_eq!((why.smallest, why.prefix.len(), why.stuck), (vec![4, 5, 6], 6, vec![6]));
}

#[test]
fn the_budget_is_kept_and_told() {
    let operations: Vec<_> = (0..10)
        .map(|i| {
            did(
                i,
                1..100,
                CasRegisterOp::CompareAndSwap { expected: 10 - i, new: 9 - i },
                CasRegisterRet::Swapped(true),
            )
        })
        .collect();
    let check = |configurations| {
        check(
            &CasRegister(5),
            &History::new(operations.clone()).unwrap(),
            Criterion::Linearizable,
            configurations,
        )
    };
    assert_eq!(check(3), Verdict::Unknown { configurations: 3 });
    assert!(check(1_000).violated());
}

#[test]
fn what_decided_is_told() {
    let mut operations = Vec::new();
    for value in 0..40 {
        let now = 10 * value;
        operations.push(did(0, now + 1..now + 2, QueueOp::Enqueue(value), QueueRet::Enqueued));
        operations.push(did(
            1,
            now + 3..now + 4,
            QueueOp::Dequeue,
            QueueRet::Dequeued(Some(value)),
        ));
    }
    let by = |operations: &[_], expected: bool| match verdict(
        &Queue::default(),
        operations,
        false,
        Criterion::Linearizable,
    ) {
        Verdict::Holds(witness) if expected => witness.by,
        Verdict::Violated(why) if !expected => why.by,
        other => panic!("{other:?}"),
    };
    assert_eq!(by(&operations, true), Method::Monitor("queue"));
    assert_eq!(by(&operations[..20], true), Method::Search);
    operations[77].response = Some((384, QueueRet::Dequeued(None)));
    assert_eq!(by(&operations, false), Method::Monitor("queue"));
    operations[77].response = Some((384, QueueRet::Dequeued(Some(38))));
    operations[2].op = QueueOp::Enqueue(0);
    operations[3].response = Some((14, QueueRet::Dequeued(Some(0))));
    assert_eq!(by(&operations, true), Method::Search, "0 is in twice");
}

#[test]
fn histories_that_nobody_can_have_done_are_refused() {
    let refused = |operations: Vec<Operation<RegisterOp, RegisterRet>>| {
        let why = History::new(operations).expect_err("an ill-formed history");
        (why.operation(), why.kind(), why.to_string())
    };
    let (operation, kind, text) =
        refused(vec![did(0, 2..2, RegisterOp::Read, RegisterRet::Value(0))]);
    assert_eq!((operation, kind), (0, IllFormedKind::ResponseBeforeInvocation));
    assert_eq!(text, "operation 0 returns before it is called, or at that moment");
    let overlapping = vec![
        did(0, 3..5, RegisterOp::Read, RegisterRet::Value(0)),
        did(0, 1..3, RegisterOp::Read, RegisterRet::Value(0)),
    ];
    let (operation, kind, text) = refused(overlapping);
    assert_eq!((operation, kind), (0, IllFormedKind::Overlap { before: 1 }));
    assert_eq!(
        text,
        "operation 0 is called by a process whose operation 1 has not returned before"
    );
    let after_pending = vec![
        pending(0, 1, RegisterOp::Read),
        did(0, 2..3, RegisterOp::Read, RegisterRet::Value(0)),
    ];
    assert_eq!(refused(after_pending).0, 1);
}

#[test]
#[should_panic = "ill-formed history: operation 0 returns before it is called"]
fn an_ill_formed_history_is_not_judged() {
    let operations = vec![did(0, 2..2, RegisterOp::Read, RegisterRet::Value(0))];
    let _ = decide(&Register(0), &History { operations, stuck: false }, Criterion::Linearizable, 1);
}
