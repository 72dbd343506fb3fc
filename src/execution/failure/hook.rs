//! The process's panic hook while models run: one hook over both engines' hooks, silent for panics
//! that are not failures.
//!
//! loom ends every green thread with a panic (its `generator` installs a hook for that), and
//! shuttle's hook prints a failure for each panic that it sees. Each installs its own hook once, at
//! its first use. So both are made to do so first, and this hook goes on top. The thread-local
//! engine tells it whether a panic is a model's. If so, the panic is recorded, not printed. All
//! others go to the previous hook.

use super::last_words::{self, Death};
use super::{Ending, Halt, Panic};
use crate::execution::memory::unseen::{learn_from_race, unseen_order};
use crate::execution::{Engine, World, engine, me, try_with};
use crate::vocabulary::trace::Event;
use crate::vocabulary::verdict::{Bound, Kind};
use std::any::Any;
use std::panic::PanicHookInfo;
use std::sync::Once;

/// Installs the hook, once per process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        #[cfg(unix)]
        super::fault::remember();
        let original = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let mut config = shuttle::Config::new();
        config.failure_persistence = shuttle::FailurePersistence::None;
        config.silence_warnings = true;
        let once = shuttle::scheduler::RoundRobinScheduler::new(1);
        shuttle::Runner::new(once, config).run(|| {});
        loom::model::Builder::new().check(|| {});
        #[cfg(unix)]
        super::fault::take_over();
        std::panic::set_hook(Box::new(move |info| hook(&original, info)));
    });
}

fn hook(original: &(dyn Fn(&PanicHookInfo<'_>) + Send + Sync), info: &PanicHookInfo<'_>) {
    if info.payload().is::<generator::Error>() {
        return;
    }
    if engine() == Engine::Std {
        return original(info);
    }
    let message = message(info.payload());
    let location = info.location().map(ToString::to_string);
    if ABORTS.contains(&message.as_str()) || message.contains(PRECONDITION) {
        // Nothing can be done any more: std aborts as soon as this hook returns. A hook that does
        // not return holds std's hook lock, and every test process would hang on that at its end.
        let words = try_with(|world| aborts(world, message, location));
        return words.into_iter().for_each(|words| last_words::say(&Death::Panic(words)));
    }
    let engine_panicked = info.location().is_some_and(|l| is_of_an_engine(l.file()));
    try_with(|world| {
        if engine_panicked {
            end_by_engine(world, message, location);
        } else {
            world.panicked(me(), (message, location));
        }
    });
}

/// The standard library's messages before it aborts the process.
const ABORTS: [&str; 2] =
    ["panic in a destructor during cleanup", "panic in a function that cannot unwind"];

/// Part of its message about a function called against its contract. It aborts after that too.
const PRECONDITION: &str = "precondition(s) violated: ";

/// The message and the place of what happened.
fn aborts(world: &mut World, message: String, location: Option<String>) -> String {
    if message.contains(PRECONDITION) {
        let first = message.lines().next().unwrap_or_default().to_string();
        world.panicked(me(), (first.clone(), location));
        return format!("{first}; std aborts");
    }
    let words =
        |(message, location): Panic| format!("{message} ({})", location.unwrap_or_default());
    match (world.take_panic(me()), world.take_panic(me())) {
        (Some(last), Some(first)) if message == ABORTS[0] => {
            let (last, first) = (words(last), words(first));
            format!(
                "a destructor panicked while a panic unwound: {last}, after {first}. {message}: \
                 std aborts"
            )
        }
        (last, _) => format!("{}: {message}: std aborts", words(last.unwrap_or_default())),
    }
}

/// Whether a source file belongs to loom or shuttle, or to their runtimes.
fn is_of_an_engine(file: &str) -> bool {
    // cargo's names of their source directories: a user's own `loom-tests` does not match
    [
        "loom-0.7",
        "shuttle-0.9",
        "shuttle-engine-",
        "shuttle-std-",
        "shuttle-schedulers-",
        "generator-0.8",
        "corosensei-0.",
    ]
    .iter()
    .any(|engine| file.split(['/', '\\']).any(|directory| directory.starts_with(engine)))
}

/// loom reports its findings by panicking, and a model must not swallow that by catching it. Only
/// the message says what it found.
fn end_by_engine(world: &mut World, message: String, location: Option<String>) {
    if world.over() {
        return;
    }
    if message.starts_with("deadlock") {
        return world.deadlock();
    }
    if message.contains("Is the model fully deterministic?") {
        let why = "loom does not find what it found by the same schedule before".to_string();
        return world.end(Ending::Unknown(Bound::NotDeterministic(why)));
    }
    let kind = if message.contains("Causality violation") { Kind::DataRace } else { Kind::Panic };
    if kind == Kind::DataRace {
        if let Some(unseen) = unseen_order(world) {
            return world.end(unseen);
        }
        learn_from_race(world);
    }
    // the operation that violated the model is the last event of its trace
    let me = me();
    let pending = world.thread(me).pending.take();
    let mut conflict = None;
    if let Some(pending) = pending.filter(|p| p.object.is_some()) {
        let last = world.log.trace.events.len();
        conflict = world
            .log
            .trace
            .events
            .iter()
            .rposition(|e| {
                let writes = e.operation.writes() || pending.operation.writes();
                e.object == pending.object && e.thread != me && writes
            })
            .map(|first| (first, last));
        let Some(object) = pending.object else { return };
        world.log.trace.events.push(Event {
            thread: me,
            operation: pending.operation,
            object: Some(object),
            value: None,
            written: None,
            location: pending.location,
        });
    }
    let place = pending.map(|p| p.location.to_string()).or(location);
    let message = message.lines().next().unwrap_or_default().to_string();
    world.end(Ending::Violation { kind, message, location: place, conflict });
}

/// A panic's message.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_string())
}

/// Whether the payload ends a green thread, and is not a panic of the user's code.
pub(crate) fn ends_green_thread(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Halt>() || payload.is::<generator::Error>()
}
