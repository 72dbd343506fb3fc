//! Lazy statics and thread-locals of an execution: made anew in each.
//!
//! A thread-local is lent to a closure only, so its value is dropped at the end of its thread. What
//! is kept of a lazy static is where its value stands: the static owns it (`sync/lazy.rs`), since
//! references to it may outlive the execution.

use super::{try_with, with};
use crate::vocabulary::trace::ThreadId;
use std::any::Any;
use std::rc::Rc;

/// Which static, and whose value of it, where each thread has its own.
pub(super) type Key = (usize, Option<ThreadId>);

/// The values of an execution.
#[derive(Default)]
pub(super) struct Statics {
    /// In the order of their making, because that decides the order of their destructors. `None`:
    /// dropped already.
    values: Vec<(Key, Option<Rc<dyn Any>>)>,
    /// Whether a lazy static is still there that this execution has used: what is left may stand in
    /// it, and is no leak.
    pub(super) own_values: bool,
}

impl Statics {
    /// Looks whether what is left may stand in a static.
    pub(super) fn look(&mut self) {
        self.own_values = self.values.iter().any(|((_, thread), _)| thread.is_none());
    }
}

/// The value that this execution keeps for `key`, made by `init` at the first call; `None` if it is
/// gone already.
pub(crate) fn local<T: 'static>(key: Key, init: impl FnOnce() -> T) -> Option<Rc<T>> {
    let find = |statics: &Statics| {
        statics.values.iter().find(|(k, _)| *k == key).map(|(_, value)| value.clone())
    };
    let kept = try_with(|world| find(&world.statics)).flatten();
    let value = match kept {
        Some(value) => value?,
        None => {
            let value: Rc<dyn Any> = Rc::new(init());
            // `init` may have made it, too: then the first one counts
            with(|world| match find(&world.statics) {
                Some(first) => first,
                None => {
                    world.statics.values.push((key, Some(Rc::clone(&value))));
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
        let at = world.statics.values.iter().position(|(k, _)| *k == key)?;
        world.statics.values.remove(at).1
    });
    drop(kept); // outside of the borrow: this is the user's code
}

/// Drops a thread's own values, the last made first, as std does; also those that the destructors
/// make.
pub(super) fn drop_locals(thread: ThreadId) {
    let last = || {
        with(|world| {
            world
                .statics
                .values
                .iter_mut()
                .rev()
                .find(|(k, v)| k.1 == Some(thread) && v.is_some())?
                .1
                .take()
        })
    };
    while let Some(value) = last() {
        drop(value);
    }
}

/// Drops what the execution has left, the last made first: a destructor may use what was made
/// before it, and make more. Two that make each other again and again are left as they are, which
/// is a leak.
pub(super) fn drop_all() {
    const MOST: usize = 10_000;
    for _ in 0..MOST {
        let Some(last) = with(|world| world.statics.values.pop()) else { return };
        drop(last);
    }
}
