//! Lazy statics and thread-locals of an execution: made anew in each.
//!
//! A thread-local is lent to a closure only, so its value is dropped at the end of its thread. What is kept of a
//! lazy static is where its value stands: the static owns it (`sync/lazy.rs`), since references to it may outlive the
//! execution.

use super::{try_with, with};
use crate::trace::ThreadId;
use std::any::Any;
use std::rc::Rc;

/// Which static, and whose value of it, where each thread has its own.
pub(super) type Key = (usize, Option<ThreadId>);

/// In the order of their making, because that decides the order of their destructors. `None`: dropped already.
pub(super) type Statics = Vec<(Key, Option<Rc<dyn Any>>)>;

/// The value that this execution keeps for `key`, made by `init` at the first call; `None` if it is gone already.
pub(crate) fn local<T: 'static>(key: Key, init: impl FnOnce() -> T) -> Option<Rc<T>> {
    let find = |statics: &Statics| statics.iter().find(|(k, _)| *k == key).map(|(_, value)| value.clone());
    let kept = try_with(|world| find(&world.statics)).flatten();
    let value = match kept {
        Some(value) => value?,
        None => {
            let value: Rc<dyn Any> = Rc::new(init());
            // `init` may have made it, too: then the first one counts
            with(|world| match find(&world.statics) {
                Some(first) => first,
                None => {
                    world.statics.push((key, Some(Rc::clone(&value))));
                    Some(value)
                }
            })?
        }
    };
    Some(value.downcast().expect("one type for one static"))
}

/// Drops what `key` has in this execution: its owner is dropped.
pub(crate) fn forget_local(key: Key) {
    let kept = try_with(|world| {
        let at = world.statics.iter().position(|(k, _)| *k == key)?;
        world.statics.remove(at).1
    });
    drop(kept); // outside of the borrow: this is the user's code
}

/// Drops a thread's own values, the last made first, as std does; also those that the destructors make.
pub(super) fn drop_locals(thread: ThreadId) {
    let last =
        || with(|world| world.statics.iter_mut().rev().find(|(k, v)| k.1 == Some(thread) && v.is_some())?.1.take());
    while let Some(value) = last() {
        drop(value);
    }
}

/// Whether a lazy static is still there that this execution has used: what it owns is in use, and no leak.
pub(super) fn owns_values(statics: &Statics) -> bool {
    statics.iter().any(|((_, thread), _)| thread.is_none())
}

/// Drops what the execution has left, the last made first: a destructor may use what was made before it, and make
/// more. Two that make each other again and again are left as they are, which is a leak.
pub(super) fn drop_all() {
    const MOST: usize = 10_000;
    for _ in 0..MOST {
        let Some(last) = with(|world| world.statics.pop()) else { return };
        drop(last);
    }
}
