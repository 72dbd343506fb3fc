//! Panics: how an execution ends by one, and which of several is the cause.

use super::{Ending, fail, freeze, hook, stalled};
use crate::execution::{World, me, with};
use crate::vocabulary::trace::ThreadId;
use crate::vocabulary::verdict::Kind;
use std::any::Any;
use std::panic::Location;

/// How an execution ends when its main thread panicked.
pub(in crate::execution) fn panic_of_main(
    world: &mut World,
    payload: Option<&(dyn Any + Send)>,
) -> Ending {
    let seen = world.take_panic(ThreadId::MAIN);
    let (message, location) =
        seen.unwrap_or_else(|| (payload.map(hook::message).unwrap_or_default(), None));
    // a main thread that unwraps another thread's panic fails because of that thread
    let unseen = world.take_unjoined().map(|(_, panic)| panic);
    let unwrapped = world.failure.observed.take().filter(|_| is_about_a_join(&message));
    let (message, location) = unseen.or(unwrapped).unwrap_or((message, location));
    Ending::Violation { kind: Kind::Panic, message, location, conflict: None }
}

/// How an execution ends when a destructor would have to panic during unwinding.
pub(in crate::execution) fn panic_while_unwinding(
    world: &mut World,
    second: &str,
    location: &'static Location<'static>,
) -> Ending {
    let first = world
        .take_panic(me())
        .map(|(message, _)| format!("{message}; while this unwound, "))
        .unwrap_or_default();
    let (message, location) = (format!("{first}{second}"), Some(location.to_string()));
    Ending::Violation { kind: Kind::Panic, message, location, conflict: None }
}

/// Ends an execution by a panic that cannot be caught: in the destructor of a thread-local, a
/// static, or a result.
pub(in crate::execution) fn end_by_panic(world: &mut World, payload: &(dyn Any + Send)) {
    let (message, location) =
        world.take_panic(me()).unwrap_or_else(|| (hook::message(payload), None));
    let message =
        format!("{message}; in a destructor at the end of a thread, where std aborts the process");
    world.end(Ending::Violation { kind: Kind::Panic, message, location, conflict: None });
}

/// Ends an execution in which an unwinding thread skipped a wait.
pub(in crate::execution) fn give_up_if_stalled() {
    if let Some(what) = with(|world| world.failure.stalled.take()) {
        fail(stalled(what));
    }
}

/// Stays here for ever. The execution has failed, and everything on this stack must stay in place.
pub(crate) fn stay() -> ! {
    freeze(|world| match world.failure.stalled.take() {
        Some(what) if me() != ThreadId::MAIN => stalled(what),
        _ => panic_of_main(world, None),
    })
}

/// std's message with which a scope reports that one of its threads panicked.
pub(crate) const SCOPED: &str = "a scoped thread panicked";

/// Whether a panic only reports that a joined thread panicked. After an `unwrap` of a join's
/// result, only std's message is left.
fn is_about_a_join(message: &str) -> bool {
    message.contains(": Any { .. }") || message == SCOPED
}
