//! What is explored, and the limits of an explorer.

use super::Again;
use super::smallest::Smaller;
use crate::execution::knockout::Probe;
use crate::execution::{Teller, World};
use crate::vocabulary::explorer::Explorer;
use crate::vocabulary::terms::Terms;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// A model: a closure that is explored many times.
pub(crate) type ModelFn = Arc<dyn Fn() + Send + Sync>;

/// The limits of an explorer.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
    pub(crate) max_events: usize,
    pub(crate) terms: Terms,
    /// For depth-first search: the most preemptions that an execution may have.
    pub(crate) preemptions: Option<usize>,
    /// An execution with more events than this is given up: it is not the one that is sought, or
    /// the check gives it up.
    pub(crate) most_events: Option<usize>,
    /// For graphs: a failing execution that is not smaller than this is given up.
    pub(crate) smaller: Option<Smaller>,
    /// The minimum stack size of every thread, in bytes. `None`: the engine's size.
    pub(crate) stack: Option<usize>,
    /// How long an execution may do nothing visible to an engine before it is given up.
    pub(crate) patience: Duration,
    /// Which executions are run again, to see whether they are the same.
    pub(crate) again: Again,
    /// Whether to continue past a violation, and count.
    pub(crate) past_violations: bool,
    /// Knocks out an operation, or records all of them.
    pub(crate) probe: Option<Arc<Probe>>,
    /// Has the last word on an execution, if set.
    pub(crate) judge: Option<Judge>,
    /// Renders an execution that ends its process, if set.
    pub(crate) teller: Option<Teller>,
    /// Where the `Arc`s are created that are counted from the beginning.
    pub(crate) places: Vec<&'static Location<'static>>,
}

impl Default for Limits {
    /// The defaults of a check, without a budget.
    fn default() -> Limits {
        Limits {
            executions: None,
            time: None,
            max_events: 10_000,
            terms: Terms::default(),
            preemptions: None,
            most_events: None,
            smaller: None,
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

/// Has the last word on every execution that finished, deadlocked or livelocked. It may reject one
/// that finished, accept one that did not, and reorder the trace equivalently.
#[derive(Clone)]
pub(crate) struct Judge(pub(crate) Arc<LastWord>);

type LastWord = dyn Fn(Explorer, &mut World) + Send + Sync;

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Judge")
    }
}

/// The progress of an exploration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many executions it has begun.
    pub executions: u64,
    /// An estimate of how many it needs in all, which is too low at first. `None` if there is no
    /// estimate.
    pub estimate: Option<u64>,
}
