//! The ready-made specifications, each with random operations.

use fastrand::Rng;
use selvedge::linearize::specifications::*;

/// Values for operations: all different, or of a few.
pub(crate) struct Values {
    pub(crate) distinct: bool,
    next: i64,
}

impl Values {
    pub(crate) fn new(distinct: bool) -> Self {
        Values { distinct, next: 0 }
    }

    pub(crate) fn value(&mut self, rng: &mut Rng) -> i64 {
        if !self.distinct {
            return rng.i64(0..3);
        }
        self.next += 1;
        self.next
    }
}

pub(crate) fn queue(rng: &mut Rng, values: &mut Values) -> QueueOp {
    if rng.bool() { QueueOp::Enqueue(values.value(rng)) } else { QueueOp::Dequeue }
}

pub(crate) fn stack(rng: &mut Rng, values: &mut Values) -> StackOp {
    if rng.bool() { StackOp::Push(values.value(rng)) } else { StackOp::Pop }
}

pub(crate) fn counter(rng: &mut Rng, _values: &mut Values) -> CounterOp {
    if rng.bool() { CounterOp::Increment } else { CounterOp::Read }
}

pub(crate) fn fetch_add(rng: &mut Rng, values: &mut Values) -> FetchAddOp {
    FetchAddOp(if values.distinct { 1 } else { rng.i64(0..3) })
}

pub(crate) fn register(rng: &mut Rng, values: &mut Values) -> RegisterOp {
    if rng.bool() { RegisterOp::Write(values.value(rng)) } else { RegisterOp::Read }
}

pub(crate) fn cas_register(rng: &mut Rng, _values: &mut Values) -> CasRegisterOp {
    match rng.u8(0..3) {
        0 => CasRegisterOp::Read,
        1 => CasRegisterOp::Write(rng.i64(0..3)),
        _ => CasRegisterOp::CompareAndSwap { expected: rng.i64(0..3), new: rng.i64(0..3) },
    }
}

pub(crate) fn set(rng: &mut Rng, _values: &mut Values) -> SetOp {
    let value = rng.i64(0..2);
    match rng.u8(0..3) {
        0 => SetOp::Insert(value),
        1 => SetOp::Remove(value),
        _ => SetOp::Contains(value),
    }
}

pub(crate) fn map(rng: &mut Rng, values: &mut Values) -> MapOp {
    let at = rng.i64(0..2);
    match rng.u8(0..3) {
        0 => MapOp::Insert(at, values.value(rng)),
        1 => MapOp::Remove(at),
        _ => MapOp::Get(at),
    }
}

pub(crate) fn key_value(rng: &mut Rng, values: &mut Values) -> KeyValueOp {
    let at = ["a", "b"][rng.usize(0..2)].to_string();
    match rng.u8(0..5) {
        0 => KeyValueOp::Put(at, values.value(rng).to_string()),
        1 | 2 => KeyValueOp::Append(at, values.value(rng).to_string()),
        _ => KeyValueOp::Get(at),
    }
}

pub(crate) fn list(rng: &mut Rng, values: &mut Values) -> ListOp {
    if rng.bool() { ListOp::Append(values.value(rng)) } else { ListOp::Read }
}

pub(crate) fn priority_queue(rng: &mut Rng, values: &mut Values) -> PriorityQueueOp {
    let value = values.value(rng);
    let scattered = if values.distinct { value * 7 % 11 } else { value };
    if rng.bool() { PriorityQueueOp::Insert(scattered) } else { PriorityQueueOp::PopMax }
}

pub(crate) fn bounded_queue(rng: &mut Rng, values: &mut Values) -> BoundedQueueOp {
    match rng.u8(0..9) {
        0..=2 => BoundedQueueOp::Enqueue(values.value(rng)),
        3 => BoundedQueueOp::TryEnqueue(values.value(rng)),
        4..=6 => BoundedQueueOp::Dequeue,
        7 => BoundedQueueOp::TryDequeue,
        _ => BoundedQueueOp::Close,
    }
}

pub(crate) fn mutex(rng: &mut Rng, _values: &mut Values) -> MutexOp {
    [MutexOp::Lock, MutexOp::TryLock, MutexOp::Unlock][rng.usize(0..3)]
}

pub(crate) fn semaphore(rng: &mut Rng, _values: &mut Values) -> SemaphoreOp {
    [SemaphoreOp::Acquire, SemaphoreOp::TryAcquire, SemaphoreOp::Release][rng.usize(0..3)]
}
