//! Why a read may see an older value than the last one: one sentence.

use super::text::clean;
use crate::trace::{Lack, Operation, StaleRead, Trace, Why};

/// Returns what a read sees instead of the last store: `reads the initial value and not #3`.
pub(super) fn what(stale: &StaleRead) -> String {
    let source = stale.source.map_or("the initial value".to_string(), number);
    format!("stale: reads {source} and not {}", number(stale.missed))
}

/// Returns why: `reader need not know of #3: #5 reads #4, but #4 is Relaxed and does not release
/// #3`.
pub(super) fn why(trace: &Trace, stale: &StaleRead) -> String {
    let (read, missed) = (number(stale.read), number(stale.missed));
    let thread = trace.events.get(stale.read).map(|event| clean(&trace.thread_name(event.thread)));
    let need_not = format!("{} need not know of {missed}", thread.unwrap_or_default());
    match &stale.why {
        Why::Older => {
            let source = stale.source.map_or("the initial value".to_string(), number);
            format!("{missed} is the older store: every thread sees it before {source}")
        }
        Why::Apart { sequential } => {
            let would = if *sequential { " (SeqCst throughout would)" } else { "" };
            format!("{need_not}: nothing orders {missed} before {read}{would}")
        }
        Why::Unsynchronised(lacks) => {
            let lacks: Vec<String> =
                lacks.iter().map(|lack| lacking(trace, lack, &missed)).collect();
            format!("{need_not}: {}", lacks.join("; and "))
        }
    }
}

/// Returns why nothing orders an access before another one: `#11 reads #10, but #10 is Relaxed and
/// does not release #9`.
pub(super) fn of_race(trace: &Trace, first: usize) -> Option<String> {
    let lacks = trace.race.iter().map(|lack| lacking(trace, lack, &number(first)));
    let lacks: Vec<String> = lacks.collect();
    (!lacks.is_empty()).then(|| lacks.join("; and "))
}

/// The places of all events that the reason names.
pub(super) fn named(stale: &StaleRead) -> Vec<usize> {
    let mut named = vec![stale.read, stale.missed];
    named.extend(stale.source);
    if let Why::Unsynchronised(lacks) = &stale.why {
        named.extend(named_by(lacks));
    }
    named
}

/// The places of all events that these name.
pub(super) fn named_by(lacks: &[Lack]) -> impl Iterator<Item = usize> {
    lacks.iter().flat_map(|lack| [Some(lack.store), Some(lack.read), lack.through]).flatten()
}

fn number(place: usize) -> String {
    format!("#{}", place + 1)
}

fn lacking(trace: &Trace, lack: &Lack, missed: &str) -> String {
    let (store, read) = (number(lack.store), number(lack.read));
    let is = |place: usize| -> String {
        let ordering = trace.events.get(place).and_then(|event| event.operation.ordering());
        ordering.map_or(String::new(), |ordering| format!("is {ordering:?} and "))
    };
    let reads = match lack.through {
        None => format!("{read} reads {store}"),
        Some(through) => format!("{read} reads {}, which goes on from {store}", number(through)),
    };
    let release = format!("{store} {}does not release {missed}", is(lack.store));
    let tries = |event: &crate::trace::Event| event.operation == Operation::TryLock;
    let failed = if trace.events.get(lack.read).is_some_and(tries) { "fails and " } else { "" };
    let acquire = format!("{read} {failed}{}acquires nothing", is(lack.read));
    match (lack.release, lack.acquire) {
        (true, true) => format!("{reads}, but {release}, and {acquire}"),
        (true, false) => format!("{reads}, but {release}"),
        (false, _) => format!("{reads}, but {acquire}"),
    }
}
