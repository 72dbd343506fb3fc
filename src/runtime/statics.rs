//! Lazy statics and thread-locals of an execution: made anew in each, dropped at its end.

use super::try_with;
use crate::trace::ThreadId;
use std::any::Any;
use std::collections::HashMap;
use std::rc::Rc;

/// By the address of the static, and by the thread where the value is the thread's own.
pub(super) type Statics = HashMap<(usize, Option<ThreadId>), Rc<dyn Any>>;

/// The value that this execution keeps for `key`, made by `init` at the first call.
pub(crate) fn local<T: 'static>(key: (usize, Option<ThreadId>), init: impl FnOnce() -> T) -> Rc<T> {
    let kept = try_with(|world| world.statics.get(&key).cloned()).flatten();
    let value = kept.unwrap_or_else(|| {
        let value: Rc<dyn Any> = Rc::new(init());
        try_with(|world| world.statics.entry(key).or_insert(value).clone()).expect("inside an execution")
    });
    value.downcast().expect("one type for one static")
}
