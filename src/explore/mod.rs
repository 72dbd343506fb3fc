//! Explorers: who chooses the schedule of the next execution, one a file.
//!
//! An exploration runs on an OS thread that it has for itself (`host`), so that its panics reach nobody, and an execution
//! that blocks in something un-modelled can be given up with a word about where.

mod again;
mod dfs;
mod exhaustive;
mod host;
mod loom;
mod met;
mod order;
mod pct;
mod portfolio;
mod pos;
mod random;
mod replay;
mod shuttle;
mod smallest;
mod threads;
mod walk;

pub(crate) use again::Again;
pub(crate) use host::explore;
pub(crate) use order::{Deed, Known, known};
pub(crate) use smallest::smallest;

use crate::runtime::knockout::Probe;
use crate::runtime::{Counted, Ending, Engine, Pending, Pulse, Seen, Settings, ThreadState, World};
use crate::trace::{Fingerprint, ThreadId, Trace};
use crate::verdict::{Bound, Explorer, Kind};
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Mutex};
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

/// Has the last word about every execution that came to its end, to a deadlock or to a livelock: it may find fault
/// with what ended well, accept what did not, and draw the trace in an equivalent order.
#[derive(Clone)]
pub(crate) struct Judge(pub(crate) Arc<LastWord>);

type LastWord = dyn Fn(Explorer, &mut World) + Send + Sync;

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Judge")
    }
}

/// Draws an execution that ends its process, with the token that does it again.
#[derive(Clone)]
pub(crate) struct Teller(pub(crate) Arc<Tell>);

type Tell = dyn Fn(Explorer, Failure) -> String + Send + Sync;

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad("Teller")
    }
}

/// Which execution to run, if only one, and how it went as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Only {
    pub(crate) which: Which,
    /// The places, among those where it makes `Arc`s, at which the counts are steps of its schedule.
    pub(crate) counted: Vec<u32>,
    pub(crate) events: Arc<Fingerprint>,
}

/// By what an execution is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// On shuttle's green threads: the choices at the points where there is more than one.
    Schedule(Vec<u32>),
    /// Under loom, whose search is deterministic: the number of the execution.
    Execution(u64),
}

/// A place where the next thread is chosen.
pub(crate) struct Point<'a> {
    /// The threads whose next operation can take effect: never empty, ascending.
    pub(crate) enabled: &'a [ThreadId],
    /// All threads.
    pub(crate) threads: &'a [ThreadState],
    /// The thread that ran last, if it could go on.
    pub(crate) current: Option<ThreadId>,
    /// Whether nobody could go on but by a timeout.
    pub(crate) only_timeouts: bool,
    /// Whether more than one thread could have gone on, offered or not.
    pub(crate) several: bool,
}

/// Which threads a strategy is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    /// Who could go on, but for those who have yielded since anything changed, as long as there are others.
    Fair,
    /// Who could go on; who could but by a timeout, only if everybody else [waits](Strategy::waits).
    Able,
    /// Everybody who could go on in one way or the other.
    All,
}

impl<'a> Point<'a> {
    /// What an enabled thread is about to do.
    pub(crate) fn pending(&self, thread: ThreadId) -> &'a Pending {
        self.threads[thread.index()].pending.as_ref().expect("an enabled thread has announced something")
    }
}

/// Chooses schedules, on shuttle's green threads.
pub(crate) trait Strategy {
    /// Prepares another execution; false when there is none left.
    fn begin(&mut self) -> bool;
    /// The thread that goes on, if this is a point that the last execution had too, and whether it was one of several.
    fn repeat(&mut self) -> Option<(ThreadId, bool)> {
        None
    }
    /// The thread that goes on, one of the enabled.
    fn pick(&mut self, point: &Point<'_>) -> ThreadId;
    /// A choice that is not about threads, below `options`.
    fn choose(&mut self, options: usize) -> usize;
    /// An operation has taken effect: the thread's announced one, as it turned out.
    fn executed(&mut self, _world: &World, _thread: ThreadId, _pending: &Pending, _seen: &Seen) {}
    /// The execution is over.
    fn ended(&mut self, _world: &World) {}
    /// Whom it is offered.
    fn offers(&self) -> Offers {
        Offers::Fair
    }
    /// Whether a thread that could go on would only wait for others.
    fn waits(&self, _thread: ThreadId, _state: &ThreadState) -> bool {
        false
    }
    /// What a search that has come to its end has left out.
    fn caveat(&self) -> Option<Bound> {
        None
    }
    /// Which share of its search tree it has explored, as far as it knows the tree.
    fn explored(&self) -> Option<f64> {
        None
    }
    /// Why this execution does not follow the schedule that it was to repeat, if it does not.
    fn diverged(&self) -> Option<String> {
        None
    }
    /// The strategy for which this one has written an execution down, and what it wrote.
    fn recorded(self: Box<Self>) -> Option<(Box<dyn Strategy>, again::Record)> {
        None
    }
    /// How this execution differs from the one that was written down, if it does.
    fn difference(&self) -> Option<&str> {
        None
    }
}

/// Which share of a search tree stands left of a path: of each node on the path, how many branches are done, of how
/// many that are known.
///
/// Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29 (1975), gives each branch of a
/// node the same weight; here the weights of what a depth-first search has left behind are added up instead of drawing
/// paths at random (the weighted backtrack estimator of Kilby, Slaney, Thiébaux and Walsh, AAAI 2006). A reduction finds
/// branches while it goes, so the share is too large at first, and what it promises too little.
fn share(path: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (mut explored, mut weight) = (0.0, 1.0);
    for (done, of) in path {
        weight /= of as f64;
        explored += weight * done as f64;
    }
    explored
}

/// How far an exploration has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many executions it has begun.
    pub executions: u64,
    /// How many it will need in all, by an estimate that is too low at first; `None` where that cannot be said.
    pub estimate: Option<u64>,
}

/// An execution that did not come to its end.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) ending: Ending,
    pub(crate) trace: Trace,
    pub(crate) schedule: Vec<u32>,
    /// As in [`Only`].
    pub(crate) counted: Vec<u32>,
    pub(crate) events: Fingerprint,
    /// Its number, from 1.
    pub(crate) execution: u64,
}

impl Failure {
    /// How an execution ended that is over.
    fn of(world: &mut World, ending: Ending, execution: u64) -> Failure {
        let events = world.fingerprint.take().unwrap_or_else(|| Fingerprint::of(&world.trace));
        let counted = world.arcs.counted();
        let (trace, schedule) = (std::mem::take(&mut world.trace), std::mem::take(&mut world.schedule));
        Failure { ending, trace, schedule, counted, events, execution }
    }
}

/// What an exploration saw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exploration {
    /// Whole executions, the failing one included.
    pub(crate) executions: u64,
    pub(crate) longest: usize,
    /// Whether in some execution two threads used the same object, and one of them changed it.
    pub(crate) met: bool,
    /// Whether in some execution two threads beside the main one did anything.
    pub(crate) busy: bool,
    /// Whether some execution had a second thread, and whether some had an event.
    pub(crate) started: bool,
    pub(crate) active: bool,
    /// Whether some execution did not offer a thread that had yielded, although it could have gone on.
    pub(crate) kept_back: bool,
    /// Whether some execution had operations of a thread that unwound which were no steps of their own.
    pub(crate) merged: bool,
    /// Whether one execution was all that there is.
    pub(crate) drained: bool,
    /// What was done in the first execution, under loom.
    first: Vec<again::Deed>,
    /// How an execution differed from an equivalent one, if one did.
    pub(crate) unseen: Option<String>,
    /// Where `Arc`s are made that are to be counted, for another exploration.
    anew: Vec<&'static Location<'static>>,
    /// Conditions of `sometimes!` that were looked at, and whether they ever were true.
    pub(crate) sometimes: BTreeMap<&'static str, bool>,
    pub(crate) failure: Option<Failure>,
    /// Why it stopped before its end; `None` if the explorer had nothing left.
    pub(crate) cut: Option<Bound>,
    /// How many executions were violated, by kind, if violations are to be counted: else the first is the end.
    pub(crate) tally: Option<BTreeMap<Kind, u64>>,
}

impl Exploration {
    /// Begins anew.
    fn forget(&mut self) {
        let tally = self.tally.as_ref().map(|_| BTreeMap::new());
        *self = Exploration { tally, ..Exploration::default() };
    }

    /// Takes in an execution that is over. Whether the exploration is, too.
    fn take(&mut self, world: &mut World, execution: u64) -> bool {
        self.kept_back |= world.kept_back;
        self.merged |= world.merged;
        for (name, was) in std::mem::take(&mut world.sometimes) {
            *self.sometimes.entry(name).or_default() |= was;
        }
        let (trace, ending) = (&world.trace, world.ending.take());
        if let Some(Ending::Unknown(Bound::Time(_))) = ending {
            return true; // half an execution counts for nothing
        }
        self.executions += 1;
        self.started |= trace.threads.len() > 1;
        self.active |= !trace.events.is_empty();
        // not looked at any more once they have
        self.met = self.met || met::met(trace);
        self.busy = self.busy || met::both_did_something(trace);
        if let Some(Ending::GivenUp) = ending {
            return false;
        }
        self.longest = self.longest.max(trace.events.len());
        if let (Some(tally), Some(Ending::Violation { kind, .. })) = (&mut self.tally, &ending) {
            *tally.entry(*kind).or_default() += 1;
            return false;
        }
        self.failure = ending.map(|ending| Failure::of(world, ending, execution));
        self.failure.is_some()
    }
}

/// The exploration as the engine's closures share it.
type Shared = Arc<Mutex<Exploration>>;

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Exploration> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Everything that an engine needs to run.
struct Job {
    explorer: Explorer,
    model: Model,
    limits: Limits,
    only: Option<Only>,
    pulse: Arc<Pulse>,
}

impl Job {
    /// Whether the budget's executions are used up.
    fn used_up(&self, executions: u64) -> Option<Bound> {
        self.limits.executions.filter(|most| executions >= *most).map(Bound::Executions)
    }

    /// Lets the judge, if there is one, look at an execution that is over; and a probe that writes down what there is.
    fn judge(&self, world: &mut World) {
        let probe = self.limits.probe.as_ref().filter(|_| self.explorer.driver() == Engine::Shuttle);
        probe.into_iter().for_each(|probe| probe.look_at(&world.trace));
        let Some(Judge(judge)) = &self.limits.judge else { return };
        world.fingerprint = Some(Fingerprint::of(&world.trace));
        match world.ending {
            None | Some(Ending::Violation { kind: Kind::Deadlock | Kind::Livelock, .. }) => judge(self.explorer, world),
            Some(_) => {}
        }
    }

    /// What holds for every execution of it, on this engine; `places` are where `Arc`s are made that are counted.
    fn settings(&self, engine: Engine, places: &[&'static Location<'static>]) -> Settings {
        let counted = match &self.only {
            Some(Only { which: Which::Schedule(_), counted, .. }) => Counted::Nth(counted.clone()),
            _ => Counted::Places(places.to_vec()),
        };
        Settings {
            counted,
            engine,
            pulse: Arc::clone(&self.pulse),
            max_events: self.limits.max_events,
            leaks: self.limits.leaks && engine != Engine::Std,
            spurious: self.limits.spurious && engine == Engine::Shuttle, // loom has no model of it
            most_events: self.limits.most_events.filter(|_| engine == Engine::Shuttle),
            replays: self.only.as_ref().map(|only| Arc::clone(&only.events)),
            judged: self.limits.judge.is_some(),
        }
    }

    fn time_is_up(&self) -> Option<Bound> {
        self.pulse.asked_to_stop().then(|| Bound::Time(self.limits.time.unwrap_or_default()))
    }
}
