//! Random histories of a few operations: what processes really did, and then, most of the time,
//! what they did not.

use fastrand::Rng;
use selvedge::linearize::{History, Operation, Specification};

/// What kind of histories.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) operations: usize,
    pub(crate) processes: usize,
    /// Whether it ends with operations that have not returned.
    pub(crate) pending: bool,
    /// Whether it goes on until nobody can: those that are pending then are blocked.
    pub(crate) stuck: bool,
    /// How many lies may be told until it is wrong.
    pub(crate) lies: usize,
}

impl Shape {
    pub(crate) fn random(rng: &mut Rng, operations: usize, pending: bool, stuck: bool) -> Self {
        let operations = rng.usize(3..=operations);
        Shape {
            operations,
            processes: rng.usize(2..=3),
            pending,
            stuck,
            lies: if rng.u8(0..3) == 0 { 0 } else { 30 },
        }
    }
}

enum Doing<S: Specification> {
    Nothing,
    Called(usize),
    Done(usize, S::Ret),
}

/// A history of processes that do `op`s on one structure, each at one moment between call and
/// return; with lies, until it is not `right` any more.
pub(crate) fn history<S: Specification>(
    rng: &mut Rng,
    initial: &S,
    shape: Shape,
    mut op: impl FnMut(&mut Rng) -> S::Op,
    right: impl Fn(&History<S::Op, S::Ret>) -> bool,
) -> History<S::Op, S::Ret> {
    let mut states = vec![initial.clone()];
    let mut operations: Vec<Operation<S::Op, S::Ret>> = Vec::new();
    let mut doing: Vec<Doing<S>> = (0..shape.processes).map(|_| Doing::Nothing).collect();
    let mut now = 1;
    loop {
        let state = states.last().expect("the initial one");
        let can = |process: &usize| match &doing[*process] {
            Doing::Nothing => operations.len() < shape.operations,
            Doing::Called(number) => state.is_enabled(&operations[*number].op),
            Doing::Done(..) => true,
        };
        let able: Vec<usize> = (0..shape.processes).filter(can).collect();
        let Some(process) = rng.choice(able) else { break };
        now += rng.u64(1..=3);
        doing[process] = match std::mem::replace(&mut doing[process], Doing::Nothing) {
            Doing::Nothing => {
                operations.push(Operation {
                    process,
                    op: op(rng),
                    invocation: now,
                    response: None,
                });
                if shape.pending && operations.len() == shape.operations && rng.bool() {
                    break;
                }
                Doing::Called(operations.len() - 1)
            }
            Doing::Called(number) => {
                let mut next = state.clone();
                let ret = next.apply(&operations[number].op);
                states.push(next);
                Doing::Done(number, ret)
            }
            Doing::Done(number, ret) => {
                operations[number].response = Some((now, ret));
                Doing::Nothing
            }
        };
    }
    let stuck = shape.stuck;
    if !shape.pending && !stuck {
        operations.retain(|operation| operation.response.is_some()); // those that are blocked
    }
    let mut history = History { operations, stuck };
    for _ in 0..shape.lies {
        lie(rng, &mut history, &states);
        if !right(&history) {
            break;
        }
    }
    if rng.u8(0..3) == 0 {
        history.operations.reverse(); // the order in which they are listed says nothing
    }
    if rng.u8(0..3) == 0 {
        coarsen(&mut history);
    }
    history.validate().expect("a history");
    history
}

/// Another answer, or another time.
fn lie<S: Specification>(rng: &mut Rng, history: &mut History<S::Op, S::Ret>, states: &[S]) {
    let count = history.operations.len();
    if count == 0 {
        return;
    }
    let (one, other) = (rng.usize(0..count), rng.usize(0..count));
    match rng.u8(0..4) {
        0 => {
            let same = |i: usize| std::mem::discriminant(&history.operations[i].op);
            if same(one) == same(other) {
                let theirs =
                    history.operations[other].response.as_ref().map(|(_, ret)| ret.clone());
                let ours = history.operations[one].response.as_ref().map(|(_, ret)| ret.clone());
                for (operation, ret) in [(one, theirs), (other, ours)] {
                    if let (Some((_, old)), Some(new)) =
                        (&mut history.operations[operation].response, ret)
                    {
                        *old = new;
                    }
                }
            }
        }
        1 | 2 => {
            let mut state = states[rng.usize(0..states.len())].clone();
            let operation = &mut history.operations[one];
            if let Some((_, ret)) = &mut operation.response
                && state.is_enabled(&operation.op)
            {
                *ret = state.apply(&operation.op);
            }
        }
        _ => {
            let operation = &mut history.operations[one];
            if let Some((end, _)) = &mut operation.response {
                let moment = rng.u64(operation.invocation..*end);
                if rng.bool() && moment > operation.invocation {
                    *end = moment;
                } else {
                    operation.invocation = moment;
                }
            }
        }
    }
}

/// Halves the clock, so that some things happen at the same time; not if processes could then not
/// have done it.
fn coarsen<Op: Clone, Ret: Clone>(history: &mut History<Op, Ret>) {
    let mut coarse = history.clone();
    for operation in &mut coarse.operations {
        operation.invocation /= 2;
        if let Some((end, _)) = &mut operation.response {
            *end /= 2;
        }
    }
    if coarse.validate().is_ok() {
        *history = coarse;
    }
}
