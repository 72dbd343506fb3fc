//! What is explored, and how much an explorer may do.

use super::Again;
use crate::execution::knockout::Probe;
use crate::execution::{Teller, World};
use crate::vocabulary::explorer::Explorer;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// A model: a closure that is explored many times.
pub(crate) type Model = Arc<dyn Fn() + Send + Sync>;

/// How much an explorer may do.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) max_events: usize,
    pub(crate) leaks: bool,
    /// Whether weak compare-exchanges fail, and waits and parks end, without a cause.
    pub(crate) spurious: bool,
    /// For depth-first search: the most preemptions that an execution may have.
    pub(crate) preemptions: Option<usize>,
    /// An execution with more events than this is given up: it is not what is looked for.
    pub(crate) most_events: Option<usize>,
    /// How large the stack of every thread is at least, in bytes; `None`: the engine's.
    pub(crate) stack: Option<usize>,
    /// How long an execution may do nothing that an engine can see before it is given up.
    pub(crate) patience: Duration,
    /// Which executions are run again, to see whether they are the same.
    pub(crate) again: Again,
    /// Whether to go on past a violation, and count.
    pub(crate) past_violations: bool,
    /// The operation that is knocked out, or who writes all of them down.
    pub(crate) probe: Option<Arc<Probe>>,
    /// Who has the last word about an execution, if somebody has.
    pub(crate) judge: Option<Judge>,
    /// Who draws an execution that ends its process, if somebody does.
    pub(crate) teller: Option<Teller>,
    /// Where `Arc`s are made that are counted from the beginning.
    pub(crate) places: Vec<&'static Location<'static>>,
}

impl Default for Limits {
    /// What a check has, unless set, without a budget.
    fn default() -> Limits {
        Limits {
            executions: None,
            time: None,
            max_events: 10_000,
            leaks: true,
            spurious: true,
            preemptions: None,
            most_events: None,
            stack: None,
            patience: Duration::from_secs(10),
            again: Again::Sometimes,
            past_violations: false,
            probe: None,
            judge: None,
            teller: None,
            places: Vec::new(),
        }
    }
}

/// Has the last word about every execution that came to its end, to a deadlock or to a livelock: it
/// may find fault with what ended well, accept what did not, and draw the trace in an equivalent
/// order.
#[derive(Clone)]
pub(crate) struct Judge(pub(crate) Arc<LastWord>);

type LastWord = dyn Fn(Explorer, &mut World) + Send + Sync;

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Judge")
    }
}

/// How far an exploration has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many executions it has begun.
    pub executions: u64,
    /// How many it will need in all, by an estimate that is too low at first; `None` where that
    /// cannot be said.
    pub estimate: Option<u64>,
}
