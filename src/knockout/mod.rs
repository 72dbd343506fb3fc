//! Knockouts: each synchronisation operation of a model is removed or weakened in turn, to see
//! which are load-bearing.
//!
//! A model that holds shows that its synchronisation suffices. It does not show that the model
//! would notice if a piece of it were missing. Every operation of the facade knows its place in the
//! source. So each one can be removed at run time, one at a time, and the model explored again. The
//! idea comes from mutation testing (DeMillo, Lipton, Sayward, "Hints on Test Data Selection",
//! 1978). Here the program never changes, only the meaning of one operation.
//!
//! A knockout is **killed** if some model is violated without the operation. It **survived** if
//! none is, as far as each was explored. A survivor is stronger than these models need, or nothing
//! tests it. Or it is needed for something that no model can show, such as speed: then
//! [`load_bearing_elsewhere`] says so at its place.
//!
//! An ordering matters for what it publishes: plain memory, which a model must watch to notice. So
//! a weakened ordering that no model noticed counts as survived only if one of the models that
//! execute it watches memory that depends on orderings. That is a
//! [`cell::UnsafeCell`](crate::cell::UnsafeCell), or memory announced with
//! [`cell::read`](crate::cell::read) and [`cell::write`](crate::cell::write), which two threads
//! access, one of them writing, with an atomic in between. Otherwise it is **undecided**, and the
//! advice is to watch: a `Release` that publishes memory behind a pointer is needed, although no
//! model can show it. In weak memory, older values of atomics also kill orderings; if none did,
//! that decides nothing. A weakened `SeqCst` is undecided if no model could be explored in weak
//! memory, because nothing else shows the order of all `SeqCst` operations. "`Relaxed` is enough
//! for these models" is a theorem about them where the exploration was exhaustive, weak memory
//! included: in all executions that RC11 allows, nothing that they *watch* is accessed unordered,
//! and no assertion fails. Other memory, which they do not watch, may still need the ordering.
//!
//! | operation | its knockouts |
//! |---|---|
//! | `lock`, `read`, `write`, and their `try_` forms | skipped; a `write` also demoted to `read` |
//! | atomics, fences | each ordering weakened by one step: what survives is weakened further |
//! | read-modify-writes | split into load and store; a compare-exchange also made unconditional |
//! | fences, `notify_one`, `notify_all`, `unpark`, a channel's end going out of scope | dropped |
//! | `notify_all` | also `notify_one` |
//! | `wait`, `park`, and their timeouts | the first in an execution returns at once, or times out |
//! | `join` | skipped, if the thread returns `()`; else it waits, but orders nothing |
//! | `Barrier::wait` | skipped |
//!
//! The data behind a skipped lock is watched like a cell: an overlap is reported as a data race
//! before it happens. Nothing can be removed from `Once`, `OnceLock` and `LazyLock` without handing
//! out memory that does not exist. Interleavings are explored exhaustively. Orderings are also
//! explored in weak memory: by the explorer of graphs, exhaustively, and where that has no model of
//! an operation, under loom.

mod run;

pub use crate::vocabulary::change::{Change, Half, Knockout, Site};
pub use crate::vocabulary::fate::{Fate, KnockoutReport, Mark, ModelUsed, SiteSeen, Tried, Unseen};

use crate::check::{Config, Settings, settings_of_check};
use crate::counterexample::Token;
use crate::explore::ModelFn;
use crate::vocabulary::budget::Budget;
use std::sync::Arc;
use std::time::Duration;

/// Knocks out every synchronisation operation of a model in turn, within the default budget.
///
/// ```
/// use selvedge::knockout::Mark;
/// use selvedge::sync::{Arc, Mutex};
/// use selvedge::thread;
///
/// let report = selvedge::knockout(|| {
///     let account = Arc::new(Mutex::new(0));
///     let theirs = Arc::clone(&account);
///     let teller = thread::spawn(move || *theirs.lock().unwrap() += 1);
///     *account.lock().unwrap() += 1;
///     teller.join().unwrap();
///     assert_eq!(*account.lock().unwrap(), 2);
/// });
/// // three locks and a join; the last lock comes after the join, so nothing is wrong without it
/// assert_eq!(report.sites.len(), 4);
/// assert_eq!((report.count(Mark::Killed), report.count(Mark::Survived)), (3, 1));
/// ```
pub fn knockout(model: impl Fn() + Send + Sync + 'static) -> KnockoutReport {
    let test = std::thread::current().name().unwrap_or("model").to_string();
    Knockouts::new(&test).model(&test, model).run()
}

/// States why no model needs to notice if this thread's next synchronisation operation is missing
/// or weaker.
///
/// The reason applies to that operation's place in the source. Outside of the first exploration of
/// [`Knockouts`] this does nothing.
///
/// ```
/// use selvedge::sync::atomic::{AtomicU32, Ordering};
///
/// let hits = AtomicU32::new(0);
/// selvedge::load_bearing_elsewhere("a statistic: a hit that is lost now and then does no harm");
/// hits.fetch_add(1, Ordering::Relaxed);
/// ```
pub fn load_bearing_elsewhere(why: &'static str) {
    crate::execution::knockout::explain_next(why);
}

/// The knockouts of a group of models, to be configured and run. A knockout is killed if one of the
/// models notices.
///
/// ```
/// use selvedge::knockout::Knockouts;
/// use selvedge::sync::{Arc, atomic::{AtomicBool, Ordering}};
/// use selvedge::{cell::UnsafeCell, thread};
///
/// struct Letter(UnsafeCell<u32>);
/// // SAFETY: written before the flag is set, read after it was seen set
/// unsafe impl Sync for Letter {}
///
/// let report = Knockouts::new("letter").model("letter/read", || {
///     let shared = Arc::new((Letter(UnsafeCell::new(0)), AtomicBool::new(false)));
///     let theirs = Arc::clone(&shared);
///     let writer = thread::spawn(move || {
///         theirs.0.0.with_mut(|letter| unsafe { *letter = 1 });
///         theirs.1.store(true, Ordering::Release); // pairs with the load below
///     });
///     if shared.1.load(Ordering::Acquire) {
///         shared.0.0.with(|letter| assert_eq!(unsafe { *letter }, 1));
///     }
///     selvedge::load_bearing_elsewhere("nothing comes after it but the end");
///     writer.join().unwrap();
/// }).assert();
/// assert_eq!(report.sites.len(), 3);
/// ```
#[must_use = "knockouts that are not run say nothing"]
pub struct Knockouts<'a> {
    group: Group,
    progress: Box<dyn FnMut(usize, usize) + 'a>,
}

/// The group of models that is knocked out.
struct Group {
    name: String,
    models: Vec<(String, ModelFn)>,
    time: Option<Duration>,
    loom: bool,
    workers: usize,
    settings: Settings,
}

impl Group {
    /// Returns the execution to replay, if it belongs to these knockouts.
    fn replayed(&self) -> Option<(Token, &(String, ModelFn))> {
        let token: Token = self.settings.config.replay.as_deref()?.parse().ok()?;
        token.knockout()?;
        let model = self.models.iter().find(|(name, _)| token.is_for(name))?;
        Some((token, model))
    }
}

impl std::fmt::Debug for Knockouts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let models: Vec<&str> = self.group.models.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Knockouts")
            .field("name", &self.group.name)
            .field("models", &models)
            .finish_non_exhaustive()
    }
}

impl<'a> Knockouts<'a> {
    /// Creates the knockouts of a group of this name, which has no model yet.
    ///
    /// An execution with more than 2,000 events is a livelock, unless set otherwise. If a knockout
    /// makes a model exceed that, it is undecided. The exception is threads that only read, over
    /// and over, what no thread changes any more: that livelock is shown.
    pub fn new(name: &str) -> Knockouts<'a> {
        let shrink = Duration::from_millis(200);
        let group = Group {
            name: name.to_string(),
            models: Vec::new(),
            time: None,
            loom: true,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            settings: Settings { max_events: 2_000, shrink, ..Settings::default() },
        };
        Knockouts { group, progress: Box::new(|_, _| {}) }
    }

    /// Adds a model of this name. The model must hold unchanged. One that does not is named in the
    /// report and decides nothing.
    pub fn model(mut self, name: &str, model: impl Fn() + Send + Sync + 'static) -> Self {
        self.group.models.push((name.to_string(), Arc::new(model)));
        self
    }

    /// Sets the budget of each explorer, for each knockout in each model.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.group.settings.budget = budget;
        self
    }

    /// Sets the time limit of the whole run (none, unless set). Knockouts that have not started by
    /// then are undecided.
    pub fn time(mut self, time: Duration) -> Self {
        self.group.time = Some(time);
        self
    }

    /// Sets whether weaker orderings are explored under loom where [`Explorer::Graphs`] has no
    /// model of an operation. They are, unless set.
    ///
    /// [`Explorer::Graphs`]: crate::Explorer::Graphs
    pub fn loom(mut self, loom: bool) -> Self {
        self.group.loom = loom;
        self
    }

    settings_of_check!(group.settings);

    /// Sets how long to look for a smaller execution that kills a knockout (200 ms, unless set;
    /// zero: not at all).
    pub fn shrink(mut self, time: Duration) -> Self {
        self.group.settings.shrink = time;
        self
    }

    /// Sets how many knockouts are explored at a time: one for each processor, unless set.
    pub fn workers(mut self, workers: usize) -> Self {
        self.group.workers = workers;
        self
    }

    /// Replaces the configuration that comes from the environment. If it replays an execution of
    /// one of the models with a knockout, only that execution runs.
    pub fn config(mut self, config: Config) -> Self {
        self.group.settings.config = config;
        self
    }

    /// Calls `f` after each knockout with the numbers done and left. Survivors may add more.
    pub fn progress(self, f: impl FnMut(usize, usize) + 'a) -> Self {
        Knockouts { progress: Box::new(f), ..self }
    }

    /// Tries every knockout of every site and reports their fates.
    pub fn run(mut self) -> KnockoutReport {
        run::run(&self.group, &mut self.progress)
    }

    /// Tries every knockout, and panics unless each one is killed or its survival is explained.
    ///
    /// # Panics
    /// If a knockout survived or is undecided, if a model could not be used, or if there was
    /// nothing to knock out: with the listing of the sites. A replay panics with its drawing,
    /// because it is there to be seen.
    #[track_caller]
    pub fn assert(self) -> KnockoutReport {
        let replays = self.group.replayed().is_some();
        let report = self.run();
        if let Some(Fate::Killed(found)) =
            report.knockouts.first().map(|tried| &tried.fate).filter(|_| replays)
        {
            panic!(
                "{}",
                crate::report::timeline::counterexample(found, &crate::report::Style::Plain)
            );
        }
        assert!(
            report.is_load_bearing(),
            "{}",
            crate::report::knockouts::text(&report, &crate::report::Style::Plain, &|_| None)
        );
        report
    }
}
