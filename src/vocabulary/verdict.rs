//! The verdict of a check, with three arms, and how much was explored.

use super::explorer::MemoryModel;
use super::trace::Trace;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use super::explorer::Explorer;

/// The verdict of a check on a model.
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// No explored execution broke the model.
    Holds(Coverage),
    /// This execution broke it.
    Violated(Box<Counterexample>),
    /// Neither is known, and why.
    Unknown(Bound),
}

impl fmt::Display for Verdict {
    /// One line: how much was explored, what was violated, or why nothing is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Holds(coverage) => write!(f, "holds: {coverage}"),
            Verdict::Violated(found) => write!(f, "violated: {}: {}", found.kind, found.message),
            Verdict::Unknown(bound) => write!(f, "unknown: {bound}"),
        }
    }
}

impl Verdict {
    /// Returns `true` if the verdict is the expected one. A panic in the model's set-up never is:
    /// see [`Counterexample::is_of_set_up`].
    #[must_use]
    pub fn is(&self, expect: Expect) -> bool {
        match (self, expect) {
            (Verdict::Holds(_), Expect::Holds) => true,
            (Verdict::Violated(found), Expect::Violation(kind)) => {
                found.kind == kind && !found.is_of_set_up()
            }
            (Verdict::Holds(_), Expect::Violation(_)) | (Verdict::Violated(_), Expect::Holds) => {
                false
            }
            (Verdict::Unknown(_), Expect::Holds | Expect::Violation(_)) => false,
        }
    }
}

/// How much was explored, explorer by explorer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// What each explorer did, in the order in which they ran. This is never empty, and no run has
    /// zero executions.
    pub runs: Vec<Run>,
    /// Explorers that were inconclusive, and why.
    pub skipped: Vec<(Explorer, Bound)>,
    /// The first two operations by which weak memory may show more than sequential consistency, if
    /// [`Explorer::Exhaustive`] came by some. Mostly they are accesses of one atomic: one of them
    /// writes, one of them is weaker than `SeqCst`, and nothing orders them. Or one of them tells
    /// what another thread has done and orders nothing: a failed `try_lock`, the count of an `Arc`.
    pub race: Option<String>,
    /// Whether two threads used the same object in some execution, and one of them changed it. If
    /// not, only one order of the threads' operations was there to be seen.
    pub met: bool,
}

impl Coverage {
    /// Returns the number of all executions.
    #[must_use]
    pub fn executions(&self) -> u64 {
        self.runs.iter().map(|run| run.executions).sum()
    }

    /// Returns `true` if some explorer saw everything that weak memory allows, or saw that it
    /// allows no more than sequential consistency.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.runs.iter().any(|run| run.extent == Extent::Weak)
    }

    /// Says why the verdict is about weak memory, too, or why it is not; `None` if the runs say it.
    #[must_use]
    pub fn on_weak_memory(&self) -> Option<String> {
        let robust = |run: &Run| run.extent == Extent::Weak && run.explorer == Explorer::Exhaustive;
        if self.runs.iter().any(robust) {
            return Some(
                "RC11 adds nothing: at most SeqCst accesses of an atomic are unordered".to_string(),
            );
        }
        let mut weak = self.runs.iter().filter(|run| match run.explorer.memory() {
            MemoryModel::Rc11 | MemoryModel::Loom => true,
            MemoryModel::Sequential | MemoryModel::Real => false,
        });
        let explored = weak.clone().any(|run| !run.explorer.samples());
        let race = self.race.as_ref().filter(|_| !explored)?;
        let how = if weak.next().is_some() { "only sampled" } else { "not explored" };
        Some(format!("weak memory is {how}, and may show more: {race}"))
    }

    /// Returns `true` if the budget ended an exploration, so that a faster build sees more.
    ///
    /// ```
    /// use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
    /// use selvedge::{Budget, Check, Explorer, Verdict, thread};
    ///
    /// let counted = || {
    ///     let count = AtomicU32::new(0);
    ///     thread::scope(|s| {
    ///         s.spawn(|| count.fetch_add(1, SeqCst));
    ///         count.fetch_add(1, SeqCst);
    ///     });
    /// };
    /// for (executions, is_cut) in [(1, true), (100, false)] {
    ///     let check = Check::new("counted").explorers([Explorer::Exhaustive]);
    ///     match check.budget(Budget::executions(executions)).run(counted) {
    ///         Verdict::Holds(coverage) => assert_eq!(coverage.was_cut(), is_cut),
    ///         other => panic!("{other}"),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn was_cut(&self) -> bool {
        let bounds = self.runs.iter().filter_map(|run| match &run.extent {
            Extent::Bounded(bound) => Some(bound),
            Extent::Exhaustive | Extent::Weak | Extent::Complete | Extent::Sampled => None,
        });
        bounds.chain(self.skipped.iter().map(|(_, bound)| bound)).any(Bound::is_budget)
    }

    /// Returns `true` if some explorer saw every interleaving.
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        self.runs.iter().any(|run| matches!(run.extent, Extent::Exhaustive | Extent::Weak))
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, run) in self.runs.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}: {}, {} executions", run.explorer, run.extent, run.executions)?;
        }
        for (explorer, bound) in &self.skipped {
            write!(f, "; {explorer}: skipped: {bound}")?;
        }
        self.on_weak_memory().iter().try_for_each(|words| write!(f, "; {words}"))?;
        if self.met { Ok(()) } else { f.write_str("; no two threads met") }
    }
}

/// What one explorer did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The explorer.
    pub explorer: Explorer,
    /// How many executions it ran, counted by selvedge.
    pub executions: u64,
    /// How many events the longest of them had.
    pub longest: usize,
    /// How far it got.
    pub extent: Extent,
}

/// The counts of an explorer that does not stop at violations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// How many executions it ran, including violated ones.
    pub executions: u64,
    /// How many of them were violated, by kind.
    pub violations: BTreeMap<Kind, u64>,
    /// How far it got.
    pub extent: Extent,
}

/// How far an explorer got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extent {
    /// Every interleaving of the model's operations (sequential consistency).
    Exhaustive,
    /// Every execution of the model that the memory model RC11 allows.
    Weak,
    /// Everything that loom explores: complete within loom's own limits (five threads, its memory
    /// model).
    Complete,
    /// Everything within this bound, and nothing beyond it.
    Bounded(Bound),
    /// Random samples.
    Sampled,
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Extent::Exhaustive => f.pad("exhaustive"),
            Extent::Weak => f.pad("exhaustive, weak memory included"),
            Extent::Complete => f.pad("complete by loom"),
            Extent::Bounded(bound) => f.pad(&format!("bounded by {bound}")),
            Extent::Sampled => f.pad("sampled"),
        }
    }
}

impl Bound {
    /// Whether the budget is used up: a faster build comes further.
    pub(crate) fn is_budget(&self) -> bool {
        matches!(self, Bound::Executions(_) | Bound::Time(_))
    }
}

/// Why a check stopped short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// The budget's executions were used up.
    Executions(u64),
    /// The budget's time was used up.
    Time(Duration),
    /// Only executions with at most this many preemptions were explored.
    Preemptions(usize),
    /// The engine refuses more threads than this, including the main thread.
    Threads(usize),
    /// The engine has no model of this operation.
    NotModelled {
        /// `loom`, `shuttle`, `graphs`.
        engine: &'static str,
        /// The operation, in std's terms.
        operation: String,
    },
    /// An execution blocked in something that no engine sees.
    Stuck {
        /// Its last event, drawn as one line.
        last: String,
    },
    /// A thread's operations while it unwound were taken as one with its earlier ones: no other
    /// thread was scheduled in between.
    Unwinding,
    /// A thread overflowed its stack. [`Check::stack`](crate::Check::stack) sets the size for all
    /// threads, [`Builder::stack_size`](crate::thread::Builder::stack_size) for one.
    Stack {
        /// The thread.
        thread: String,
        /// How large its stack was.
        bytes: usize,
        /// The place of the execution's last operation in the source.
        last: Option<String>,
    },
    /// There was nothing to explore: in no execution did two threads use the same object of
    /// selvedge's, one of them to change it. Either an import is missing, or the model is meant to
    /// run on one thread: see [`Check::alone`](crate::Check::alone).
    NothingExplored,
    /// Some executions were given up after so many events
    /// ([`Check::give_up`](crate::Check::give_up)).
    Events(usize),
    /// Every execution was given up after so many events
    /// ([`Check::give_up`](crate::Check::give_up)): none has come to its end.
    GivenUp(usize),
    /// Scenarios of more operations than this are not explored.
    Operations(usize),
    /// The check of a history exceeded this many configurations of the search.
    Configurations(u64),
    /// Whether [`is_finished`](crate::thread::JoinHandle::is_finished) was called before or after a
    /// thread's end was not explored.
    Ends,
    /// Only so many values were explored of each choice of [`rand`](crate::rand) that has more. The
    /// second number is the most that one had.
    Values(u32, u32),
    /// A [`sleep`](crate::time::sleep) ended only where no other thread could go on.
    Sleeps,
    /// Tasks that nobody awaits were left behind although they could go on
    /// ([`Check::detached`](crate::Check::detached)).
    Detached,
    /// Rounds of loops that yield, and timeouts, were taken to change nothing.
    Spins,
    /// The model has state that selvedge cannot see (an atomic of std's, a lock of another crate):
    /// two executions that differ only in the order of independent operations were not the same.
    /// Holds the first operation that differed.
    Unseen(String),
    /// Fewer executions than the model is known to need.
    TooFew {
        /// How many executions ran.
        executions: u64,
        /// How many executions there must be at least.
        needed: u64,
    },
    /// A condition that must be true in some execution never was.
    NeverReached(String),
    /// The same schedule led to another execution: the model depends on something that no explorer
    /// controls.
    NotDeterministic(String),
    /// The replay token does not fit the model.
    Replay(String),
}

/// What to do if nothing was explored.
const NOTHING: &str = "nothing to explore: in no execution did two threads use the same object of \
                       selvedge's, one of them to change it. Does the code use std's Mutex, \
                       channels or atomics where it should use those of selvedge::sync? If the \
                       model is meant to run on one thread, say so: Check::alone(true)";

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Executions(n) => write!(f, "{n} executions"),
            Bound::Time(t) => write!(f, "{} ms", t.as_millis()),
            Bound::Preemptions(n) => write!(f, "{n} preemptions"),
            Bound::Threads(n) => write!(f, "{n} threads"),
            Bound::NotModelled { engine, operation } => {
                write!(f, "{engine} has no model of {operation}")
            }
            Bound::Stuck { last } => {
                write!(f, "an execution that blocks in something un-modelled, after: {last}")
            }
            Bound::Stack { thread, bytes, last } => {
                write!(f, "an overflow of the stack of {thread}, which has {bytes} bytes")?;
                last.iter().try_for_each(|last| write!(f, ", after the operation at {last}"))?;
                let more = (4 * bytes).next_power_of_two().max(1 << 20);
                write!(f, "; give the model more: `Check::new(..).stack({more})`")
            }
            Bound::Events(n) => write!(f, "{n} events of an execution"),
            Bound::GivenUp(n) => {
                write!(f, "executions that were all given up after {n} events")
            }
            Bound::Operations(n) => write!(f, "a scenario of more than {n} operations"),
            Bound::Configurations(n) => write!(f, "{n} configurations in the check of a history"),
            Bound::Ends => f.write_str("one order of is_finished and the end of a thread"),
            Bound::Values(few, of) => write!(f, "{few} values of a choice among {of}"),
            Bound::Sleeps => f.write_str("sleeps that end where no other thread can go on"),
            Bound::Detached => {
                f.write_str("detached tasks that were left behind although they could go on")
            }
            Bound::Spins => f.write_str("few rounds of each spin loop, one timeout a wait"),
            Bound::Unwinding => f.write_str("one order of what a thread does while it unwinds"),
            Bound::NothingExplored => f.write_str(NOTHING),
            Bound::Unseen(what) => {
                write!(f, "state that selvedge cannot see: by an equivalent schedule, {what}")
            }
            Bound::TooFew { executions, needed } => {
                write!(f, "{executions} executions where {needed} are needed")
            }
            Bound::NeverReached(name) => write!(f, "`{name}` was never true"),
            Bound::NotDeterministic(what) => write!(f, "a model that is not deterministic: {what}"),
            Bound::Replay(why) => write!(f, "a replay that does not fit: {why}"),
        }
    }
}

/// The kind of a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An assertion failed, or something else panicked.
    Panic,
    /// Two unordered accesses to a cell, one of them a write.
    DataRace,
    /// Threads wait forever, or might: a thread reads an `RwLock` again that it is reading
    /// ([`Check::recursive_reads`](crate::Check::recursive_reads)).
    Deadlock,
    /// Threads run forever without progress.
    Livelock,
    /// An object was created in the execution and never dropped.
    Leak,
    /// The execution ended its process: by a panic that cannot unwind, an abort, a signal or an
    /// exit. No check returns this verdict; the process reports it in its last words.
    Abort,
    /// The operations returned what the sequential specification does not allow in any order that
    /// the criterion permits.
    NotLinearizable,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Panic => "panic",
            Kind::DataRace => "data race",
            Kind::Deadlock => "deadlock",
            Kind::Livelock => "livelock",
            Kind::Leak => "leak",
            Kind::Abort => "abort",
            Kind::NotLinearizable => "not linearizable",
        })
    }
}

/// What a check must find for the test to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No violation.
    Holds,
    /// A violation of this kind: a broken form that must be caught.
    Violation(Kind),
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expect::Holds => f.pad("holds"),
            Expect::Violation(kind) => f.pad(&format!("violated: {kind}")),
        }
    }
}

/// An execution that broke the model.
#[derive(Clone, Debug)]
pub struct Counterexample {
    /// The model's name.
    pub model: String,
    /// The kind of violation.
    pub kind: Kind,
    /// The message of the panic or the engine.
    pub message: String,
    /// Where it failed, if a panic or a race said so: `account.rs:57`.
    pub location: Option<String>,
    /// The explorer that found it.
    pub explorer: Explorer,
    /// The number of the execution, from 1.
    pub execution: u64,
    /// The number of preemptions: switches away from a thread that was still enabled.
    pub preemptions: usize,
    /// The execution that was found first, if this is a smaller one with the same failure.
    pub reduced_from: Option<Size>,
    /// The events up to the failure.
    pub trace: Trace,
    /// Pairs of conflicting events (places in the trace): the second overwrites or races with the
    /// first.
    pub conflicts: Vec<(usize, usize)>,
    /// A caveat: an engine may allow what the language does not.
    pub caveat: Option<String>,
    /// The token that replays exactly this execution.
    pub replay: String,
}

impl Counterexample {
    /// Returns `true` if it is a panic before the execution had a second thread. Then the model's
    /// set-up failed, and the code that a broken form tests never ran.
    ///
    /// ```
    /// use selvedge::{Check, Config, Expect, Kind, Verdict, thread};
    ///
    /// let verdict = Check::new("no file").config(Config::default()).run(|| {
    ///     let settings: Result<u32, String> = Err("there is no file".to_string());
    ///     let worker = thread::spawn(|| ());
    ///     worker.join().unwrap();
    ///     settings.unwrap();
    /// });
    /// assert!(verdict.is(Expect::Violation(Kind::Panic)));
    /// let verdict = Check::new("no file").config(Config::default()).run(|| {
    ///     let settings: Result<u32, String> = Err("there is no file".to_string());
    ///     settings.unwrap();
    ///     let worker = thread::spawn(|| ());
    ///     worker.join().unwrap();
    /// });
    /// assert!(!verdict.is(Expect::Violation(Kind::Panic)));
    /// # let Verdict::Violated(found) = verdict else { panic!() };
    /// # assert!(found.is_of_set_up());
    /// ```
    #[must_use]
    pub fn is_of_set_up(&self) -> bool {
        self.kind == Kind::Panic && self.trace.threads.len() < 2
    }
}

/// The size of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of stale reads: loads of values that were not the newest.
    pub stale_reads: usize,
    /// The number of preemptions: switches away from a thread that was still enabled.
    pub preemptions: usize,
    /// The number of operations of all threads.
    pub events: usize,
}
