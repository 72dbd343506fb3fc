//! Interprets bytes as a concurrent scenario of the queue's lane or of the manager's dict, whose
//! executions must be linearizable.

use super::Decisions;
use crate::Budget;
use crate::check::Config;
use crate::linearizable::{Linearizable, Op, Subject, Verdict};
use crate::linearize::specifications::{BoundedQueue, BoundedQueueOp, Map, MapOp};
use crate::scenario::Scenario;
use crate::systems::manager::subject::Entries;
use crate::systems::queue::subject::{CAPACITY, Drained};
use crate::verdict::Explorer;
use std::time::Duration;

/// How many executions of each scenario. The bytes also determine the schedules.
const EXECUTIONS: u64 = 8;

/// More operations would find nothing else.
const OPERATIONS: usize = 12;

/// Checks that the threads of a lane, or of a manager's dict, have a history that the specification
/// allows.
///
/// # Panics
/// If they do not.
pub fn scenario(bytes: &[u8]) {
    let mut decisions = Decisions::new(bytes);
    match decisions.below(2) {
        Some(0) => lane::<Drained>(decisions),
        Some(_) => dict::<Entries>(decisions),
        None => {}
    }
}

fn lane<S: Subject<Specification = BoundedQueue<u32>>>(decisions: Decisions<'_>) {
    let ops = [1, 2]
        .map(BoundedQueueOp::TryEnqueue)
        .into_iter()
        .chain([BoundedQueueOp::Dequeue, BoundedQueueOp::Close]);
    judged::<S>(BoundedQueue::new(CAPACITY), &ops.collect::<Vec<_>>(), decisions);
}

fn dict<S: Subject<Specification = Map<u8, u64>>>(decisions: Decisions<'_>) {
    let ops = [0, 1]
        .into_iter()
        .flat_map(|key| [MapOp::Insert(key, 1), MapOp::Insert(key, 2), MapOp::Remove(key)]);
    let ops: Vec<_> = ops.chain([0, 1].map(MapOp::Get)).collect();
    judged::<S>(Map::default(), &ops, decisions);
}

fn judged<S: Subject>(
    specification: S::Specification,
    ops: &[Op<S>],
    mut decisions: Decisions<'_>,
) {
    let Some(seed) = decisions.byte() else { return };
    let mut scenario = Scenario::of(vec![Vec::new(); 3]);
    while let Some((thread, op)) = decisions.below(3).zip(decisions.below(ops.len())) {
        if scenario.size() == OPERATIONS {
            break;
        }
        scenario.threads[thread].push(ops[op].clone());
    }
    let test = Linearizable::<S>::new(specification)
        .name("fuzz")
        .scenario(scenario)
        .config(Config::default());
    let test = test.explorers([Explorer::Portfolio { seed: seed.into() }]).shrink(Duration::ZERO);
    if let Verdict::Violated(failure) = test.budget(Budget::executions(EXECUTIONS)).run() {
        panic!("{failure}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;
    use crate::systems::manager::subject::AskedFirst;
    use crate::systems::queue::subject::PollIsEmpty;

    #[test]
    fn emptiness_taken_for_the_end_is_noticed() {
        let bytes = [0, 0, 2]; // a seed; a thread receives from an empty queue
        lane::<Drained>(Decisions::new(&bytes));
        let said = objection(|bytes| lane::<PollIsEmpty>(Decisions::new(bytes)), &bytes);
        assert!(said.contains("not linearizable"), "{said}");
    }

    #[test]
    fn two_insertions_that_both_were_the_first_are_noticed() {
        let bytes = [0, 0, 0, 1, 1]; // a seed; two threads insert at the same key
        dict::<Entries>(Decisions::new(&bytes));
        let said = objection(|bytes| dict::<AskedFirst>(Decisions::new(bytes)), &bytes);
        assert!(said.contains("not linearizable"), "{said}");
    }
}
