//! How the operations of the built-in specifications are written in JSON lines.

use super::*;
use crate::linearize::reader::{Mismatch, Recorded};
use serde_json::Value as Json;

/// A value in JSON lines: a number, or, where there may be none, `null`.
pub trait Written: Value + Ord {
    /// Parses the value.
    fn from_json(json: &Json) -> Option<Self>;
}

impl Written for i64 {
    fn from_json(json: &Json) -> Option<Self> {
        json.as_i64()
    }
}

impl Written for Option<i64> {
    fn from_json(json: &Json) -> Option<Self> {
        if json.is_null() { Some(None) } else { json.as_i64().map(Some) }
    }
}

fn arg<T: Written>(json: &Json) -> Result<T, Mismatch> {
    T::from_json(json).ok_or(Mismatch::Argument)
}

fn nothing(json: &Json) -> Result<(), Mismatch> {
    if json.is_null() { Ok(()) } else { Err(Mismatch::Argument) }
}

fn returned<T: Written>(json: &Json) -> Result<T, Mismatch> {
    T::from_json(json).ok_or(Mismatch::Return)
}

/// What an operation returns that has nothing to say.
fn done<T>(ret: T, json: &Json) -> Result<T, Mismatch> {
    if json.is_null() { Ok(ret) } else { Err(Mismatch::Return) }
}

fn no_key(key: Option<&str>) -> Result<(), Mismatch> {
    if key.is_none() { Ok(()) } else { Err(Mismatch::Key) }
}

/// One of some words.
fn word<T: Clone>(words: &[(&str, T)], json: &Json) -> Result<T, Mismatch> {
    let said = json.as_str().ok_or(Mismatch::Return)?;
    words.iter().find(|(word, _)| *word == said).map(|(_, ret)| ret.clone()).ok_or(Mismatch::Return)
}

impl Recorded for Queue {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<QueueOp, Mismatch> {
        no_key(key)?;
        match name {
            "enqueue" | "enq" => arg(json).map(QueueOp::Enqueue),
            "dequeue" | "deq" => nothing(json).map(|()| QueueOp::Dequeue),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &QueueOp, json: &Json) -> Result<QueueRet, Mismatch> {
        match op {
            QueueOp::Enqueue(_) => done(QueueRet::Enqueued, json),
            QueueOp::Dequeue => returned(json).map(QueueRet::Dequeued),
        }
    }
}

impl Recorded for BoundedQueue {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<BoundedQueueOp, Mismatch> {
        no_key(key)?;
        match name {
            "enqueue" => arg(json).map(BoundedQueueOp::Enqueue),
            "try_enqueue" => arg(json).map(BoundedQueueOp::TryEnqueue),
            "dequeue" => nothing(json).map(|()| BoundedQueueOp::Dequeue),
            "try_dequeue" => nothing(json).map(|()| BoundedQueueOp::TryDequeue),
            "close" => nothing(json).map(|()| BoundedQueueOp::Close),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &BoundedQueueOp, json: &Json) -> Result<BoundedQueueRet, Mismatch> {
        let closed = ("closed", BoundedQueueRet::Closed);
        match op {
            _ if json.as_str() == Some("closed") => Ok(BoundedQueueRet::Closed),
            BoundedQueueOp::Enqueue(_) => done(BoundedQueueRet::Enqueued, json),
            BoundedQueueOp::TryEnqueue(_) if json.is_null() => Ok(BoundedQueueRet::Enqueued),
            BoundedQueueOp::TryEnqueue(_) => word(&[closed, ("full", BoundedQueueRet::Full)], json),
            BoundedQueueOp::Dequeue => returned(json).map(BoundedQueueRet::Dequeued),
            BoundedQueueOp::TryDequeue if json.is_null() => Ok(BoundedQueueRet::Empty),
            BoundedQueueOp::TryDequeue => returned(json).map(BoundedQueueRet::Dequeued),
            BoundedQueueOp::Close => done(BoundedQueueRet::Closed, json),
        }
    }
}

impl Recorded for Stack {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<StackOp, Mismatch> {
        no_key(key)?;
        match name {
            "push" => arg(json).map(StackOp::Push),
            "pop" => nothing(json).map(|()| StackOp::Pop),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &StackOp, json: &Json) -> Result<StackRet, Mismatch> {
        match op {
            StackOp::Push(_) => done(StackRet::Pushed, json),
            StackOp::Pop => returned(json).map(StackRet::Popped),
        }
    }
}

impl Recorded for PriorityQueue {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<PriorityQueueOp, Mismatch> {
        no_key(key)?;
        match name {
            "insert" => arg(json).map(PriorityQueueOp::Insert),
            "pop_max" => nothing(json).map(|()| PriorityQueueOp::PopMax),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &PriorityQueueOp, json: &Json) -> Result<PriorityQueueRet, Mismatch> {
        match op {
            PriorityQueueOp::Insert(_) => done(PriorityQueueRet::Inserted, json),
            PriorityQueueOp::PopMax => returned(json).map(PriorityQueueRet::Popped),
        }
    }
}

impl<T: Written> Recorded for Register<T> {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<RegisterOp<T>, Mismatch> {
        no_key(key)?;
        match name {
            "read" => nothing(json).map(|()| RegisterOp::Read),
            "write" => arg(json).map(RegisterOp::Write),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &RegisterOp<T>, json: &Json) -> Result<RegisterRet<T>, Mismatch> {
        match op {
            RegisterOp::Read => returned(json).map(RegisterRet::Value),
            RegisterOp::Write(_) => done(RegisterRet::Written, json),
        }
    }
}

impl<T: Written> Recorded for CasRegister<T> {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<CasRegisterOp<T>, Mismatch> {
        no_key(key)?;
        match name {
            "read" => nothing(json).map(|()| CasRegisterOp::Read),
            "write" => arg(json).map(CasRegisterOp::Write),
            "cas" => match json.as_array().map(Vec::as_slice) {
                Some([expected, new]) => {
                    Ok(CasRegisterOp::CompareAndSwap { expected: arg(expected)?, new: arg(new)? })
                }
                _ => Err(Mismatch::Argument),
            },
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &CasRegisterOp<T>, json: &Json) -> Result<CasRegisterRet<T>, Mismatch> {
        match op {
            CasRegisterOp::Read => returned(json).map(CasRegisterRet::Value),
            CasRegisterOp::Write(_) => done(CasRegisterRet::Written, json),
            CasRegisterOp::CompareAndSwap { .. } => {
                json.as_bool().map(CasRegisterRet::Swapped).ok_or(Mismatch::Return)
            }
        }
    }
}

impl Recorded for Counter {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<CounterOp, Mismatch> {
        no_key(key)?;
        match name {
            "increment" | "inc" => nothing(json).map(|()| CounterOp::Increment),
            "read" => nothing(json).map(|()| CounterOp::Read),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &CounterOp, json: &Json) -> Result<CounterRet, Mismatch> {
        match op {
            CounterOp::Increment => done(CounterRet::Incremented, json),
            CounterOp::Read => json.as_u64().map(CounterRet::Value).ok_or(Mismatch::Return),
        }
    }
}

impl Recorded for FetchAdd {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<FetchAddOp, Mismatch> {
        no_key(key)?;
        match name {
            "fetch_add" => arg(json).map(FetchAddOp),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(_op: &FetchAddOp, json: &Json) -> Result<i64, Mismatch> {
        returned(json)
    }
}

impl Recorded for Set {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<SetOp, Mismatch> {
        no_key(key)?;
        match name {
            "insert" | "add" => arg(json).map(SetOp::Insert),
            "remove" => arg(json).map(SetOp::Remove),
            "contains" => arg(json).map(SetOp::Contains),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(_op: &SetOp, json: &Json) -> Result<bool, Mismatch> {
        json.as_bool().ok_or(Mismatch::Return)
    }
}

impl Recorded for List {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<ListOp, Mismatch> {
        no_key(key)?;
        match name {
            "append" => arg(json).map(ListOp::Append),
            "read" => nothing(json).map(|()| ListOp::Read),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &ListOp, json: &Json) -> Result<ListRet, Mismatch> {
        match op {
            ListOp::Append(_) => done(ListRet::Appended, json),
            ListOp::Read => {
                let values = json.as_array().ok_or(Mismatch::Return)?;
                values.iter().map(returned).collect::<Result<_, _>>().map(ListRet::Values)
            }
        }
    }
}

impl Recorded for Map<String, i64> {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<MapOp<String, i64>, Mismatch> {
        let at = key.ok_or(Mismatch::Key)?.to_string();
        match name {
            "get" => nothing(json).map(|()| MapOp::Get(at)),
            "insert" => arg(json).map(|value| MapOp::Insert(at, value)),
            "remove" => nothing(json).map(|()| MapOp::Remove(at)),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(_op: &MapOp<String, i64>, json: &Json) -> Result<MapRet<i64>, Mismatch> {
        returned(json).map(MapRet)
    }
}

impl Recorded for KeyValue {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<KeyValueOp, Mismatch> {
        let at = key.ok_or(Mismatch::Key)?.to_string();
        let text = || json.as_str().map(str::to_string).ok_or(Mismatch::Argument);
        match name {
            "get" => nothing(json).map(|()| KeyValueOp::Get(at)),
            "put" => text().map(|text| KeyValueOp::Put(at, text)),
            "append" | "append_str" => text().map(|text| KeyValueOp::Append(at, text)),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &KeyValueOp, json: &Json) -> Result<KeyValueRet, Mismatch> {
        match op {
            KeyValueOp::Get(_) => {
                json.as_str().map(|text| KeyValueRet::Text(text.into())).ok_or(Mismatch::Return)
            }
            KeyValueOp::Put(..) | KeyValueOp::Append(..) => done(KeyValueRet::Done, json),
        }
    }
}

impl Recorded for Mutex {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<MutexOp, Mismatch> {
        no_key(key).and_then(|()| nothing(json))?;
        match name {
            "lock" => Ok(MutexOp::Lock),
            "try_lock" => Ok(MutexOp::TryLock),
            "unlock" => Ok(MutexOp::Unlock),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &MutexOp, json: &Json) -> Result<MutexRet, Mismatch> {
        match op {
            MutexOp::Lock => done(MutexRet::Locked, json),
            MutexOp::TryLock if json.is_null() => Ok(MutexRet::Locked),
            MutexOp::TryLock => word(&[("would_block", MutexRet::WouldBlock)], json),
            MutexOp::Unlock => done(MutexRet::Unlocked, json),
        }
    }
}

impl Recorded for Semaphore {
    fn op(name: &str, key: Option<&str>, json: &Json) -> Result<SemaphoreOp, Mismatch> {
        no_key(key).and_then(|()| nothing(json))?;
        match name {
            "acquire" => Ok(SemaphoreOp::Acquire),
            "try_acquire" => Ok(SemaphoreOp::TryAcquire),
            "release" => Ok(SemaphoreOp::Release),
            _ => Err(Mismatch::Operation),
        }
    }

    fn ret(op: &SemaphoreOp, json: &Json) -> Result<SemaphoreRet, Mismatch> {
        match op {
            SemaphoreOp::Acquire => done(SemaphoreRet::Acquired, json),
            SemaphoreOp::TryAcquire if json.is_null() => Ok(SemaphoreRet::Acquired),
            SemaphoreOp::TryAcquire => word(&[("would_block", SemaphoreRet::WouldBlock)], json),
            SemaphoreOp::Release => done(SemaphoreRet::Released, json),
        }
    }
}
