//! Thread-locals of an execution, created anew in each one.
//!
//! A thread-local is only lent to a closure, so its value is dropped at the end of its thread. A
//! value that all threads share is dropped when all have ended.

use super::{try_with, with};
use crate::vocabulary::trace::ThreadId;
use std::any::Any;
use std::rc::Rc;

/// The thread-local, by its address, and the thread.
pub(super) type Key = (usize, ThreadId);

/// Whose the values are that all threads share.
pub(crate) const ALL: ThreadId = ThreadId(u32::MAX);

/// The values of an execution.
#[derive(Default)]
pub(super) struct Statics {
    /// In order of creation, which decides the order of their destructors. `None`: already dropped.
    values: Vec<(Key, Option<Rc<dyn Any>>)>,
}

/// The value that this execution keeps for `key`, created by `init` at the first call. `None` if it
/// is already dropped.
pub(crate) fn local<T: 'static>(key: Key, init: impl FnOnce() -> T) -> Option<Rc<T>> {
    let find = |statics: &Statics| {
        statics.values.iter().find(|(k, _)| *k == key).map(|(_, value)| value.clone())
    };
    let kept = try_with(|world| find(&world.statics)).flatten();
    let value = match kept {
        Some(value) => value?,
        None => {
            let value: Rc<dyn Any> = Rc::new(init());
            // `init` may have created it too: then the first one counts
            with(|world| match find(&world.statics) {
                Some(first) => first,
                None => {
                    world.statics.values.push((key, Some(Rc::clone(&value))));
                    Some(value)
                }
            })?
        }
    };
    Some(value.downcast().expect("one type for one thread-local"))
}

/// Drops a thread's own values in reverse order of creation, as std does. This includes values that
/// the destructors create.
pub(super) fn drop_locals(thread: ThreadId) {
    let last = || {
        with(|world| {
            world
                .statics
                .values
                .iter_mut()
                .rev()
                .find(|(k, v)| k.1 == thread && v.is_some())?
                .1
                .take()
        })
    };
    while let Some(value) = last() {
        drop(value);
    }
}

/// Drops the remaining values of the execution in reverse order of creation. A destructor may use
/// older values and create new ones. Two that keep recreating each other are left alone, which is a
/// leak.
pub(super) fn drop_all() {
    const MOST: usize = 10_000;
    for _ in 0..MOST {
        let Some(last) = with(|world| world.statics.values.pop()) else { return };
        drop(last);
    }
}
