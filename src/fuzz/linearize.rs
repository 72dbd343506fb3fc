//! Interprets bytes as a history of a few operations: the search, the monitors and a brute-force
//! check of every order must agree. Also interprets bytes as the lines of a history.

use super::Decisions;
use crate::linearize::specifications::*;
use crate::linearize::{
    Criterion, History, Lines, Operation, ReadError, Recorded, Specification, decide,
};

/// Checks that the search, a monitor, and brute force over every order of the operations give the
/// same verdict on a history.
///
/// # Panics
/// If they do not.
pub fn linearize(bytes: &[u8]) {
    judged(bytes, |criterion| criterion);
}

/// Checks that each line is read or refused by itself, and that none is left out.
///
/// # Panics
/// If that is not so.
pub fn lines(bytes: &[u8]) {
    whole::<Queue>(bytes);
    whole::<BoundedQueue>(bytes);
    whole::<Stack>(bytes);
    whole::<PriorityQueue>(bytes);
    whole::<Register<Option<i64>>>(bytes);
    whole::<CasRegister<Option<i64>>>(bytes);
    whole::<Counter>(bytes);
    whole::<FetchAdd>(bytes);
    whole::<Set>(bytes);
    whole::<List>(bytes);
    whole::<Map<String, i64>>(bytes);
    whole::<KeyValue>(bytes);
    whole::<Mutex>(bytes);
    whole::<Semaphore>(bytes);
}

/// Brute force over more operations would take too long.
const OPERATIONS: usize = 6;

/// `asked` maps the criterion to the one given to the search and the monitors. A test passes a
/// different one.
fn judged(bytes: &[u8], asked: impl Fn(Criterion) -> Criterion) {
    let mut decisions = Decisions::new(bytes);
    let Some(kind) = decisions.below(5) else { return };
    let value = |byte: usize| (byte / 8 % 4) as i64;
    let some = |byte: usize| Some(value(byte)).filter(|value| *value != 0);
    match kind {
        0 => compare(
            &mut decisions,
            &Queue::default(),
            |byte| if byte % 2 == 0 { QueueOp::Enqueue(value(byte)) } else { QueueOp::Dequeue },
            |op, byte| {
                if *op == QueueOp::Dequeue {
                    QueueRet::Dequeued(some(byte))
                } else {
                    QueueRet::Enqueued
                }
            },
            asked,
        ),
        1 => compare(
            &mut decisions,
            &Stack::default(),
            |byte| if byte % 2 == 0 { StackOp::Push(value(byte)) } else { StackOp::Pop },
            |op, byte| {
                if *op == StackOp::Pop { StackRet::Popped(some(byte)) } else { StackRet::Pushed }
            },
            asked,
        ),
        2 => compare(
            &mut decisions,
            &Register(0),
            |byte| if byte % 2 == 0 { RegisterOp::Write(value(byte)) } else { RegisterOp::Read },
            |op, byte| {
                if *op == RegisterOp::Read {
                    RegisterRet::Value(value(byte))
                } else {
                    RegisterRet::Written
                }
            },
            asked,
        ),
        3 => compare(
            &mut decisions,
            &Counter(0),
            |byte| if byte % 2 == 0 { CounterOp::Increment } else { CounterOp::Read },
            |op, byte| {
                if *op == CounterOp::Read {
                    CounterRet::Value(byte as u64 / 8 % 4)
                } else {
                    CounterRet::Incremented
                }
            },
            asked,
        ),
        _ => compare(
            &mut decisions,
            &Semaphore { permits: 1 },
            |byte| [SemaphoreOp::Acquire, SemaphoreOp::TryAcquire, SemaphoreOp::Release][byte % 3],
            |op, byte| match op {
                SemaphoreOp::Acquire => SemaphoreRet::Acquired,
                SemaphoreOp::TryAcquire if byte % 2 == 0 => SemaphoreRet::WouldBlock,
                SemaphoreOp::TryAcquire => SemaphoreRet::Acquired,
                SemaphoreOp::Release => SemaphoreRet::Released,
            },
            asked,
        ),
    }
}

fn compare<S: Specification>(
    decisions: &mut Decisions<'_>,
    initial: &S,
    op: impl Fn(usize) -> S::Op,
    ret: impl Fn(&S::Op, usize) -> S::Ret,
    asked: impl Fn(Criterion) -> Criterion,
) {
    let Some((criterion, stuck)) = decisions.below(3).zip(decisions.below(2)) else { return };
    let criterion = [
        Criterion::Linearizable,
        Criterion::SequentiallyConsistent,
        Criterion::QuiescentlyConsistent,
    ][criterion];
    let mut history = History { operations: Vec::new(), stuck: stuck == 1 };
    let mut doing = [None; 3];
    let mut now = 0;
    while let Some((process, byte)) = decisions.below(doing.len()).zip(decisions.byte()) {
        now += 1;
        doing[process] = match doing[process] {
            None if history.operations.len() == OPERATIONS => None,
            None => {
                let op = op(byte.into());
                history.operations.push(Operation { process, op, invocation: now, response: None });
                Some(history.operations.len() - 1)
            }
            Some(number) => {
                let operation = &mut history.operations[number];
                operation.response = Some((now, ret(&operation.op, byte.into())));
                None
            }
        };
    }
    let truth = some_order(initial, &history, criterion, &mut Vec::new());
    for configurations in [0, 1_000_000] {
        let said = decide(initial, &history, asked(criterion), configurations);
        if history.says_nothing() {
            assert!(said.is_none(), "{said:?} of a history that says nothing");
            continue;
        }
        assert!(
            said == Some(truth) || said.is_none() && configurations == 0,
            "{said:?} and not {truth}"
        );
    }
}

/// Whether some correct order begins with `done`.
fn some_order<S: Specification>(
    state: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
    done: &mut Vec<usize>,
) -> bool {
    let operations = &history.operations;
    let open: Vec<usize> = (0..operations.len()).filter(|one| !done.contains(one)).collect();
    let over = |one: &usize| match operations[*one].response {
        Some(_) => false,
        None => !history.stuck || !state.is_enabled(&operations[*one].op),
    };
    if open.iter().all(over) {
        return true;
    }
    open.iter().any(|one| {
        let operation = &operations[*one];
        if operation.response.is_none() && history.stuck
            || open.iter().any(|other| precedes(history, criterion, *other, *one))
            || !state.is_enabled(&operation.op)
        {
            return false;
        }
        let mut next = state.clone();
        let ret = next.apply(&operation.op);
        if operation.response.as_ref().is_some_and(|(_, expected)| *expected != ret) {
            return false;
        }
        done.push(*one);
        let found = some_order(&next, history, criterion, done);
        done.pop();
        found
    })
}

fn precedes<Op, Ret>(
    history: &History<Op, Ret>,
    criterion: Criterion,
    one: usize,
    other: usize,
) -> bool {
    let end = |operation: &Operation<Op, Ret>| {
        operation.response.as_ref().map_or(u64::MAX, |(end, _)| *end)
    };
    let (one, other) = (&history.operations[one], &history.operations[other]);
    match criterion {
        Criterion::Linearizable => end(one) < other.invocation,
        Criterion::SequentiallyConsistent => {
            one.process == other.process && one.invocation < other.invocation
        }
        Criterion::QuiescentlyConsistent => (end(one)..other.invocation).any(|moment| {
            history.operations.iter().all(|all| end(all) <= moment || all.invocation > moment)
        }),
    }
}

type Read<S> =
    Result<Vec<Operation<<S as Specification>::Op, <S as Specification>::Ret>>, ReadError>;

fn collect<S: Recorded>(bytes: &[u8]) -> Read<S> {
    Lines::<_, S>::new(bytes).collect()
}

fn whole<S: Recorded>(bytes: &[u8]) {
    each::<S>(bytes, collect::<S>);
}

fn each<S: Recorded>(bytes: &[u8], read: impl Fn(&[u8]) -> Read<S>) {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let written =
        |lines: &[&[u8]]| lines.iter().filter(|line| !line.trim_ascii().is_empty()).count();
    match read(bytes) {
        Ok(operations) => assert_eq!(operations.len(), written(&lines), "a line was left out"),
        Err(why) => {
            let line = usize::try_from(why.line()).expect("a line") - 1;
            let before =
                read(&lines[..line].concat()).expect("what comes before the line that is refused");
            assert_eq!(before.len(), written(&lines[..line]), "a line was left out");
            assert!(read(lines[line]).is_err(), "the line that was refused is accepted by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;

    #[test]
    fn a_checker_that_ignores_real_time_is_found() {
        // a register: write 1 by one process, then read 0 by another
        let bytes = [2, 0, 0, 0, 8, 0, 0, 1, 1, 1, 1];
        linearize(&bytes);
        let why = objection(|bytes| judged(bytes, |_| Criterion::SequentiallyConsistent), &bytes);
        assert!(why.contains("Some(true) and not false"), "{why}");
    }

    #[test]
    fn a_reader_that_leaves_out_what_it_does_not_understand_is_found() {
        let lenient = |bytes: &[u8]| -> Read<Queue> {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            Ok(lines.filter_map(|line| collect::<Queue>(line).ok()).flatten().collect())
        };
        let bytes = b"{\"process\":0,\"op\":\"dequeue\",\"call\":1}\nx\n";
        lines(bytes);
        let why = objection(|bytes| each::<Queue>(bytes, lenient), bytes);
        assert!(why.contains("a line was left out"), "{why}");
    }
}
