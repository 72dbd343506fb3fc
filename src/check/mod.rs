//! A check: a model, its explorers and their budget produce a verdict.

mod config;
mod found;
mod insist;
mod settings;

pub use config::Config;
pub(crate) use insist::{Insistence, Said, Violation, further};
pub(crate) use settings::{Settings, settings_of_check};

use crate::counterexample::Token;
use crate::execution::knockout::Probe;
use crate::execution::{Ending, Engine, Robustness};
use crate::explore::{self, Again, Exploration, Judge, Limits, ModelFn, Progress};
use crate::report;
use crate::verdict::{Bound, Counts, Coverage, Expect, Explorer, Extent, Run, Verdict};
use crate::vocabulary::budget::Budget;
use crate::vocabulary::explorer::MemoryModel;
use crate::vocabulary::leaks::Leaks;
use crate::vocabulary::schedule::Which;
use crate::vocabulary::spurious::Spurious;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Checks a model with the default explorers and budget. Panics with the drawn counterexample if
/// the model is violated.
///
/// ```
/// use selvedge::sync::{Arc, Mutex};
/// use selvedge::thread;
///
/// selvedge::check(|| {
///     let account = Arc::new(Mutex::new(0));
///     let tellers = [1, 2].map(|amount| {
///         let account = Arc::clone(&account);
///         thread::spawn(move || *account.lock().unwrap() += amount)
///     });
///     for teller in tellers {
///         teller.join().unwrap();
///     }
///     assert_eq!(*account.lock().unwrap(), 3);
/// });
/// ```
///
/// # Panics
/// If the model does not hold, or if the verdict is `Unknown`.
#[track_caller]
pub fn check(model: impl Fn() + Send + Sync + 'static) {
    let test = std::thread::current().name().unwrap_or("model").to_string();
    let _ = Check::new(&test).assert(model); // it held, or this line is not reached
}

/// Requires that `condition` is true in at least one execution of a check: see
/// [`sometimes!`](crate::sometimes).
#[doc(hidden)]
pub fn reached(condition: bool, name: &'static str) {
    crate::execution::try_with(|world| *world.log.sometimes.entry(name).or_default() |= condition);
}

/// A check, to be configured and run.
///
/// ```
/// use selvedge::sync::{Arc, atomic::{AtomicU32, Ordering}};
/// use selvedge::{Check, Expect, Explorer, Kind, thread};
///
/// // a broken form is a check that must be violated, and in this way
/// let check = Check::new("account/unlocked").explorers([Explorer::Dfs]);
/// check.expect(Expect::Violation(Kind::Panic)).assert(|| {
///     let account = Arc::new(AtomicU32::new(0));
///     let theirs = Arc::clone(&account);
///     let teller = thread::spawn(move || {
///         theirs.store(theirs.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
///     });
///     account.store(account.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
///     teller.join().unwrap();
///     assert_eq!(account.load(Ordering::SeqCst), 2);
/// });
/// ```
#[must_use = "a check that is not run says nothing"]
pub struct Check<'a> {
    name: String,
    /// Those that were set.
    explorers: Option<Vec<Explorer>>,
    settings: Settings,
    expect: Expect,
    at_least: u64,
    alone: bool,
    apart: bool,
    meets: Option<Arc<AtomicBool>>,
    again: Again,
    judge: Option<Judge>,
    progress: Box<dyn FnMut(Progress) + 'a>,
    probe: Option<Arc<Probe>>,
}

impl std::fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("explorers", &self.chosen())
            .finish_non_exhaustive()
    }
}

impl<'a> Check<'a> {
    /// Creates a check of the model of this name, with the default budget. It explores every
    /// interleaving, and then weak memory, unless the first has shown that it adds nothing. What
    /// is too much to be explored is sampled: weak memory by [`Explorer::Weak`], and interleavings
    /// by a portfolio. A model of which [`Explorer::Graphs`] knows too little still holds: its
    /// coverage says that weak memory was not explored, or only sampled, and why that matters
    /// ([`Coverage::on_weak_memory`]).
    pub fn new(name: &str) -> Check<'a> {
        Check {
            name: name.to_string(),
            explorers: None,
            settings: Settings::default(),
            expect: Expect::Holds,
            at_least: 1,
            alone: false,
            apart: false,
            meets: None,
            again: Again::Sometimes,
            judge: None,
            progress: Box::new(|_| {}),
            probe: None,
        }
    }

    /// Sets the explorers. They run in this order until one finds a violation. If none are set,
    /// [`Config::explorers`] may replace the default ones.
    pub fn explorers(self, explorers: impl IntoIterator<Item = Explorer>) -> Self {
        Check { explorers: Some(explorers.into_iter().collect()), ..self }
    }

    /// The explorers that run.
    fn chosen(&self) -> Vec<Explorer> {
        let default = || {
            vec![
                Explorer::Exhaustive,
                Explorer::Graphs,
                Explorer::Weak { seed: 0 },
                Explorer::Portfolio { seed: 0 },
            ]
        };
        let chosen = self.explorers.as_ref().or(self.settings.config.explorers.as_ref());
        chosen.cloned().unwrap_or_else(default)
    }

    /// Sets the budget of each explorer.
    pub fn budget(mut self, budget: Budget) -> Self {
        self.settings.budget = budget;
        self
    }

    /// Sets the verdict that [`assert`](Check::assert) expects.
    pub fn expect(self, expect: Expect) -> Self {
        Check { expect, ..self }
    }

    /// Sets how many executions the model is known to need: with fewer, it does not hold.
    pub fn at_least(self, executions: u64) -> Self {
        Check { at_least: executions, ..self }
    }

    /// Sets the most events of an execution (10,000, unless set). An execution with more is a
    /// livelock.
    pub fn max_events(mut self, events: usize) -> Self {
        self.settings.max_events = events;
        self
    }

    /// Sets after how many events an execution is given up: after any number, unless set. It counts
    /// as far as it went, and the extent of its explorer is [`Bound::Events`], also where schedules
    /// are sampled. An explorer of which no execution has come to its end says nothing
    /// ([`Bound::GivenUp`]). loom gives none up, and graphs do not go on from where one was given
    /// up.
    ///
    /// ```
    /// use selvedge::sync::{Arc, atomic::{AtomicU32, Ordering::SeqCst}};
    /// use selvedge::{Bound, Check, Explorer, Extent, Verdict, thread};
    ///
    /// let check = || Check::new("unfair").explorers([Explorer::Dfs]).give_up(50);
    /// let Verdict::Holds(coverage) = check().run(|| {
    ///     let flag = Arc::new(AtomicU32::new(0));
    ///     let theirs = Arc::clone(&flag);
    ///     let setter = thread::spawn(move || theirs.store(1, SeqCst));
    ///     while flag.load(SeqCst) == 0 {} // it does not yield
    ///     setter.join().unwrap();
    /// }) else {
    ///     panic!("nothing is wrong with 50 events of it")
    /// };
    /// assert_eq!(coverage.runs[0].extent, Extent::Bounded(Bound::Events(50)));
    ///
    /// let verdict = check().alone(true).run(|| {
    ///     let count = AtomicU32::new(0);
    ///     loop {
    ///         count.fetch_add(1, SeqCst);
    ///     }
    /// });
    /// assert!(matches!(verdict, Verdict::Unknown(Bound::GivenUp(50))));
    /// ```
    pub fn give_up(mut self, events: usize) -> Self {
        self.settings.most_events = Some(events);
        self
    }

    /// Sets whether the model is meant to run on one thread. It is not, unless set. A check in
    /// which no two threads meet is [`Unknown`](Bound::NothingExplored), because most such models
    /// only lack an import.
    ///
    /// If a model starts threads anyway, they must still meet. The choices of a single thread are
    /// still explored: a weak compare-exchange fails spuriously, or a timeout fires.
    ///
    /// ```
    /// use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
    /// use selvedge::{Check, Verdict};
    ///
    /// let counts = || {
    ///     let count = AtomicU32::new(0);
    ///     while count.compare_exchange_weak(0, 1, SeqCst, SeqCst).is_err() {}
    ///     assert_eq!(count.into_inner(), 1);
    /// };
    /// assert!(matches!(Check::new("counts").run(counts), Verdict::Unknown(_)));
    /// let Verdict::Holds(coverage) = Check::new("counts").alone(true).run(counts) else {
    ///     panic!("it holds")
    /// };
    /// assert_eq!(coverage.runs[0].executions, 2, "in one of them the exchange fails once");
    /// ```
    pub fn alone(self, alone: bool) -> Self {
        Check { alone, ..self }
    }

    /// Sets whether threads may stay apart. They may not, unless set: a check in which no two
    /// threads meet is [`Unknown`](Bound::NothingExplored).
    ///
    /// This is for models that other harnesses accept, whatever their threads do. It allows what
    /// [`Check::alone`] allows, and more: threads that do not meet, and no operation at all. Then
    /// the coverage says that no two threads met ([`Coverage::met`]). A model that never ran to its
    /// end does not hold.
    ///
    /// ```
    /// use selvedge::{Check, Verdict, thread};
    ///
    /// let check = Check::new("one after the other").apart(true);
    /// let Verdict::Holds(coverage) = check.run(|| thread::spawn(|| ()).join().unwrap()) else {
    ///     panic!("it holds")
    /// };
    /// assert!(!coverage.met);
    /// assert!(coverage.to_string().ends_with("; no two threads met"));
    /// ```
    pub fn apart(self, apart: bool) -> Self {
        Check { apart, ..self }
    }

    /// Sets which objects must not outlive the execution (in a cycle of `Arc`s, in a node never
    /// freed): all, unless set. `false` allows it; see [`Leaks`].
    pub fn leaks(mut self, leaks: impl Into<Leaks>) -> Self {
        self.settings.terms.leaks = leaks.into();
        self
    }

    /// Sets whether operations may fail or return spuriously: waits on a condition variable, parks,
    /// polls of a task that nobody has woken, and weak compare-exchanges, once at each place of a
    /// thread. All may, unless set; see [`Spurious`]. loom models none of them.
    ///
    /// ```
    /// use selvedge::sync::{Arc, Condvar, Mutex};
    /// use selvedge::{Check, Expect, Kind, thread};
    ///
    /// let waits_without_a_loop = || {
    ///     let ready = Arc::new((Mutex::new(false), Condvar::new()));
    ///     let theirs = Arc::clone(&ready);
    ///     let worker = thread::spawn(move || {
    ///         *theirs.0.lock().unwrap() = true;
    ///         theirs.1.notify_one();
    ///     });
    ///     let mut now = ready.0.lock().unwrap();
    ///     if !*now {
    ///         now = ready.1.wait(now).unwrap();
    ///     }
    ///     assert!(*now);
    ///     drop(now);
    ///     worker.join().unwrap();
    /// };
    /// let as_it_is = Check::new("as it is").expect(Expect::Violation(Kind::Panic));
    /// let _ = as_it_is.assert(waits_without_a_loop);
    /// let _ = Check::new("as one hopes").spurious(false).assert(waits_without_a_loop);
    /// ```
    pub fn spurious(mut self, spurious: impl Into<Spurious>) -> Self {
        self.settings.terms.spurious = spurious.into();
        self
    }

    /// Sets whether a thread may read an `RwLock` that it is already reading. It may not, unless
    /// set: where a writer waits in between, std might block such a reader, and then both wait for
    /// ever. So it is a violation wherever it happens. loom allows it.
    ///
    /// With `true`, readers come in before writers that wait, and no execution blocks.
    ///
    /// ```
    /// use selvedge::sync::{Arc, RwLock};
    /// use selvedge::{Check, Expect, Kind, thread};
    ///
    /// let sums_in_one_expression = || {
    ///     let rate = Arc::new(RwLock::new(3));
    ///     let theirs = Arc::clone(&rate);
    ///     let setter = thread::spawn(move || *theirs.write().unwrap() = 4);
    ///     let sum = *rate.read().unwrap() + *rate.read().unwrap();
    ///     assert!(sum == 6 || sum == 8);
    ///     setter.join().unwrap();
    /// };
    /// let by_std = Check::new("by std").expect(Expect::Violation(Kind::Deadlock));
    /// let _ = by_std.assert(sums_in_one_expression);
    /// let _ = Check::new("lenient").recursive_reads(true).assert(sums_in_one_expression);
    /// ```
    pub fn recursive_reads(mut self, allowed: bool) -> Self {
        self.settings.terms.recursive_reads = allowed;
        self
    }

    /// Sets whether tasks that nobody awaits may be left behind, as where a program returns from
    /// `main`. They may not, unless set: a task that waits for ever is a deadlock.
    ///
    /// An execution is then over when all threads have ended, and all tasks whose handle was not
    /// dropped, and the others wait or have gone on for a while. What these hold is never dropped.
    ///
    /// Two kinds of failures are then not found. Where a task is left behind, leaks are not looked
    /// for: what another thread has forgotten looks like what the task holds. And tasks that nobody
    /// awaits may wait for each other for ever, as in a deadlock of two locks: that looks like
    /// waiting for work.
    ///
    /// ```
    /// use selvedge::future::{pending, spawn};
    /// use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
    /// use selvedge::sync::Arc;
    /// use selvedge::{Check, Expect, Kind};
    ///
    /// let leaves_a_server = || {
    ///     let served = Arc::new(AtomicU32::new(0));
    ///     let theirs = Arc::clone(&served);
    ///     drop(spawn(async move {
    ///         theirs.fetch_add(1, SeqCst);
    ///         pending::<()>().await
    ///     }));
    ///     assert!(served.load(SeqCst) < 2);
    /// };
    /// let strict = Check::new("strict").expect(Expect::Violation(Kind::Deadlock));
    /// let _ = strict.assert(leaves_a_server);
    /// let _ = Check::new("as a program").detached(true).assert(leaves_a_server);
    /// ```
    pub fn detached(mut self, detached: bool) -> Self {
        self.settings.terms.detached = detached;
        self
    }

    /// Sets the smallest stack of every green thread in bytes, including the main thread. The
    /// default is 256 KiB. A thread that overflows its stack makes the verdict `Unknown`. Real
    /// threads have std's stacks.
    ///
    /// ```
    /// use selvedge::sync::{Arc, atomic::{AtomicUsize, Ordering::SeqCst}};
    /// use selvedge::{Check, thread};
    ///
    /// fn deep(n: usize) -> usize {
    ///     let room = std::hint::black_box([0_u8; 1024]);
    ///     if n == 0 { 1 } else { deep(n - 1) + usize::from(room[n % 1024]) }
    /// }
    ///
    /// let _ = Check::new("deep").stack(1 << 20).assert(|| {
    ///     let counter = Arc::new(AtomicUsize::new(0));
    ///     let theirs = Arc::clone(&counter);
    ///     let other = thread::spawn(move || theirs.fetch_add(deep(300), SeqCst));
    ///     counter.fetch_add(deep(300), SeqCst);
    ///     other.join().unwrap();
    ///     assert_eq!(counter.load(SeqCst), 2);
    /// });
    /// ```
    pub fn stack(mut self, bytes: usize) -> Self {
        self.settings.stack = Some(bytes);
        self
    }

    /// Sets how long an execution may go without an event (10 s, unless set). After that it is
    /// given up as blocked in something un-modelled, and its OS thread is left behind.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience;
        self
    }

    /// Sets how long to look for a smaller execution with the same failure (1 s, unless set; zero:
    /// not at all).
    pub fn shrink(mut self, time: Duration) -> Self {
        self.settings.shrink = time;
        self
    }

    /// Replaces the settings.
    pub(crate) fn settings(self, settings: Settings) -> Self {
        Check { settings, ..self }
    }

    /// Sets a judge, which has the last word on each execution.
    pub(crate) fn judge(self, judge: Judge) -> Self {
        Check { judge: Some(judge), ..self }
    }

    /// Accepts a model whose threads do not meet, as long as it starts some. Records in `whether`
    /// whether they met; if a judge is set, it is enough that they acted concurrently.
    pub(crate) fn meets(self, whether: Arc<AtomicBool>) -> Self {
        Check { meets: Some(whether), ..self }
    }

    /// Runs every execution again, not only some.
    #[doc(hidden)]
    pub fn again_always(self) -> Self {
        Check { again: Again::Always, ..self }
    }

    /// Runs no execution again: each one of a search is then one run of the model.
    #[doc(hidden)]
    pub fn again_never(self) -> Self {
        Check { again: Again::Never, ..self }
    }

    /// Replaces the configuration that comes from the environment.
    pub fn config(mut self, config: Config) -> Self {
        self.settings.config = config;
        self
    }

    /// Calls `f` regularly with the progress of the running explorer.
    pub fn progress(self, f: impl FnMut(Progress) + 'a) -> Self {
        Check { progress: Box::new(f), ..self }
    }

    /// Sets a probe, which knocks an operation out or records all of them.
    pub(crate) fn probe(self, probe: Arc<Probe>) -> Self {
        Check { probe: Some(probe), ..self }
    }

    /// Explores the model and returns the verdict.
    ///
    /// The verdict is `Unknown` if no two threads meet in any execution (see [`Check::alone`]), if
    /// there is no explorer, or if the budget is empty.
    pub fn run(self, model: impl Fn() + Send + Sync + 'static) -> Verdict {
        self.run_model(&(Arc::new(model) as ModelFn))
    }

    /// [`Check::run`], compiled once, and not for each model.
    fn run_model(mut self, model: &ModelFn) -> Verdict {
        match self.settings.config.replay.as_deref().map(str::parse::<Token>) {
            None => self.explore(model),
            Some(Err(error)) => Verdict::Unknown(Bound::Replay(error.to_string())),
            Some(Ok(token)) if token.is_for(&self.name) => self.replay(model, &token),
            Some(Ok(_)) => self.explore(model),
        }
    }

    /// Explores the model and panics if the verdict is not the expected one.
    ///
    /// If a model is expected to hold and does not, its token is stored in [`Config::failures`].
    /// The next run replays that execution first.
    ///
    /// # Panics
    /// If the verdict is not the expected one: with the drawn counterexample, if there is one.
    #[track_caller]
    pub fn assert(self, model: impl Fn() + Send + Sync + 'static) -> Verdict {
        self.assert_model(&(Arc::new(model) as ModelFn))
    }

    /// [`Check::assert`], compiled once, and not for each model.
    #[track_caller]
    fn assert_model(mut self, model: &ModelFn) -> Verdict {
        let insistence = Insistence::new(&self.name, self.expect, &self.settings);
        let alone = self.alone || self.apart;
        let again = insistence.regress(
            |token| {
                let is_mine = token.is_for(&self.name) && self.chosen().contains(&token.explorer());
                is_mine.then(|| self.replay(model, token))
            },
            |verdict| matches!(verdict, Verdict::Violated(_)),
        );
        let verdict = again.unwrap_or_else(|| self.run_model(model));
        let drawing = || match &verdict {
            Verdict::Violated(found) => {
                report::timeline::counterexample(found, &report::Style::Plain)
            }
            Verdict::Holds(_) | Verdict::Unknown(_) => String::new(),
        };
        insistence.see(&match &verdict {
            Verdict::Holds(coverage) => {
                Said::Holds(format!("{coverage}{}", further(coverage.was_cut())))
            }
            Verdict::Violated(found) => Said::Violated(Violation {
                kind: found.kind,
                is_of_set_up: found.is_of_set_up() && !alone,
                token: found.replay.clone(),
                drawing: &drawing,
            }),
            Verdict::Unknown(bound) => {
                Said::Unknown(format!("{bound}{}", further(bound.is_budget())))
            }
        });
        verdict
    }

    fn limits(&self) -> Limits {
        Limits {
            executions: self.settings.budget.most_executions(),
            time: self.settings.budget.most_time(),
            max_events: self.settings.max_events,
            most_events: self.settings.most_events,
            terms: self.settings.terms,
            stack: self.settings.stack,
            patience: self.settings.patience,
            again: self.again,
            probe: self.probe.clone(),
            judge: self.judge.clone(),
            teller: Some(self.teller()),
            ..Limits::default()
        }
    }

    /// Explores with the first explorer to the end, past violations. Counts the executions, and how
    /// many of them are violated.
    ///
    /// An execution ends at its violation: the remaining operations of its other threads are not
    /// explored. So after violations other than deadlocks the counts are lower bounds. The stacks
    /// of violated executions are leaked.
    ///
    /// ```
    /// use selvedge::sync::{Arc, Mutex};
    /// use selvedge::{Check, Kind, thread};
    ///
    /// let counts = Check::new("two locks").count(|| {
    ///     let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    ///     let theirs = Arc::clone(&locks);
    ///     let other = thread::spawn(move || drop((theirs[1].lock(), theirs[0].lock())));
    ///     drop((locks[0].lock(), locks[1].lock()));
    ///     other.join().unwrap();
    /// });
    /// let counts = counts.unwrap();
    /// assert_eq!((counts.executions, counts.violations[&Kind::Deadlock]), (3, 1));
    /// ```
    ///
    /// # Errors
    /// If nothing was explored, the model is not deterministic, or the explorer cannot continue
    /// past a violation (loom, real threads).
    pub fn count(self, model: impl Fn() + Send + Sync + 'static) -> Result<Counts, Bound> {
        self.count_model(Arc::new(model))
    }

    /// [`Check::count`], compiled once, and not for each model.
    fn count_model(mut self, model: ModelFn) -> Result<Counts, Bound> {
        let first = self.chosen().first().copied();
        let Some(explorer) = first.filter(|_| !self.settings.budget.is_zero()) else {
            return Err(Bound::NothingExplored);
        };
        if explorer.driver() != Engine::Shuttle {
            let operation = "what comes after a violation".to_string();
            return Err(Bound::NotModelled { engine: explorer.engine(), operation });
        }
        let limits = Limits { past_violations: true, ..self.limits() };
        let mut exploration = explore::explore(explorer, model, &limits, None, &mut self.progress);
        let tally = exploration.tally.take();
        match exploration.failure.take().map(|failure| failure.ending) {
            Some(Ending::Unknown(bound)) => return Err(bound),
            // counted violations are no failures: this one is of an execution that could not be
            // left
            Some(_) => {
                let operation = "what comes after an execution that cannot be left".to_string();
                return Err(Bound::NotModelled { engine: "selvedge", operation });
            }
            None => {}
        }
        let started = exploration.started;
        let Run { executions, extent, .. } = ran(explorer, exploration)?;
        if !started && !self.alone && !self.apart {
            return Err(Bound::NothingExplored);
        }
        let violations = tally.ok_or(Bound::NothingExplored)?;
        Ok(Counts { executions, violations, extent })
    }

    fn explore(&mut self, model: &ModelFn) -> Verdict {
        if self.settings.budget.is_zero() {
            return Verdict::Unknown(Bound::Executions(0));
        }
        let limits = self.limits();
        let mut coverage = Coverage::default();
        let mut sometimes: BTreeMap<&str, bool> = BTreeMap::new();
        for explorer in self.chosen() {
            if !adds(explorer, &coverage) {
                continue;
            }
            let exploration =
                explore::explore(explorer, Arc::clone(model), &limits, None, &mut self.progress);
            for (name, was) in &exploration.sometimes {
                *sometimes.entry(name).or_default() |= was;
            }
            if let Some(failure) = exploration.failure {
                match self.smallest(explorer, model, failure) {
                    Ok(found) => return Verdict::Violated(Box::new(found)),
                    Err(bound @ (Bound::NotDeterministic(_) | Bound::Stack { .. })) => {
                        return Verdict::Unknown(bound);
                    }
                    Err(bound) => coverage.skipped.push((explorer, bound)),
                }
                continue;
            }
            let is_explored = self.is_explored(&exploration);
            coverage.met |= exploration.met;
            let race = exploration.races.as_ref().and_then(Robustness::race);
            coverage.race = coverage.race.take().or_else(|| race.cloned());
            match ran(explorer, exploration) {
                Ok(run) if is_explored => coverage.runs.push(run),
                // where no threads meet in any interleaving, they do so nowhere: nothing that is
                // done is seen by another
                Ok(Run { extent: Extent::Exhaustive | Extent::Weak, .. }) => {
                    return Verdict::Unknown(Bound::NothingExplored);
                }
                // elsewhere another explorer may come by more
                Ok(_) => coverage.skipped.push((explorer, Bound::NothingExplored)),
                // what blocks one engine does so for all; and what a larger stack makes possible
                // must not be left out without a word
                Err(bound @ (Bound::Stuck { .. } | Bound::Stack { .. })) => {
                    return Verdict::Unknown(bound);
                }
                // who samples it has no more of a model than who explores it
                Err(bound) if is_said(explorer, &bound, &coverage) => {}
                Err(bound) => coverage.skipped.push((explorer, bound)),
            }
        }
        let executions = coverage.executions();
        let never = sometimes.iter().find(|(_, was)| !**was).map(|(name, _)| name.to_string());
        match coverage.skipped.first() {
            Some((_, bound)) if coverage.runs.is_empty() => Verdict::Unknown(bound.clone()),
            None if coverage.runs.is_empty() => Verdict::Unknown(Bound::NothingExplored),
            _ if executions < self.at_least => {
                Verdict::Unknown(Bound::TooFew { executions, needed: self.at_least })
            }
            _ => never.map_or(Verdict::Holds(coverage), |name| {
                Verdict::Unknown(Bound::NeverReached(name))
            }),
        }
    }

    /// Whether the exploration saw enough to say something about the model.
    fn is_explored(&self, exploration: &Exploration) -> bool {
        let Exploration { met, busy, started, active, .. } = *exploration;
        // Relaxed: whoever asks has waited for this check
        self.meets.iter().for_each(|meets| _ = meets.fetch_or(met || busy, Ordering::Relaxed));
        met || self.apart || self.alone && !started && active || self.meets.is_some() && started
    }

    fn replay(&mut self, model: &ModelFn, token: &Token) -> Verdict {
        if let Some(knockout) = token.knockout() {
            self.probe = Some(Arc::new(Probe::of(knockout)));
            self.name = token.name().to_string();
        }
        let limits = Limits { executions: None, time: None, again: Again::Never, ..self.limits() };
        let only = Some(token.only().clone());
        let explorer = token.explorer();
        let exploration =
            explore::explore(explorer, Arc::clone(model), &limits, only, &mut self.progress);
        let violated =
            exploration.failure.as_ref().filter(|f| matches!(f.ending, Ending::Violation { .. }));
        if let Some(why) =
            violated.and_then(|failure| token.only().events.goes_on_after(&failure.trace))
        {
            return Verdict::Unknown(Bound::Replay(why));
        }
        if let (Some(failure), Which::Schedule(choices)) = (violated, &token.only().which)
            && failure.schedule != choices.0
        {
            let (had, has) = (choices.0.len(), failure.schedule.len());
            let why = format!(
                "the program is another one: the execution had {had} choices, and has {has} now"
            );
            return Verdict::Unknown(Bound::Replay(why));
        }
        match (exploration.failure, exploration.cut) {
            (Some(failure), _) => match self.counterexample(explorer, explorer, failure) {
                Ok(found) => Verdict::Violated(Box::new(found)),
                Err(bound) => Verdict::Unknown(bound),
            },
            (None, Some(bound)) => Verdict::Unknown(bound),
            (None, None) => Verdict::Unknown(Bound::Replay(
                "this execution of the model no longer fails".to_string(),
            )),
        }
    }
}

/// Whether an explorer may come by more than those before it.
fn adds(explorer: Explorer, coverage: &Coverage) -> bool {
    match explorer.memory() {
        // it would come by the same executions
        MemoryModel::Rc11 => !coverage.is_weak(),
        // nothing is left to be found by chance
        MemoryModel::Sequential | MemoryModel::Real => {
            !(explorer.samples() && coverage.is_exhaustive())
        }
        MemoryModel::Loom => true,
    }
}

/// Whether another explorer of the same memory has said the same of what it has no model of.
fn is_said(explorer: Explorer, bound: &Bound, coverage: &Coverage) -> bool {
    let is_same =
        |(by, said): &(Explorer, Bound)| by.memory() == explorer.memory() && said == bound;
    matches!(bound, Bound::NotModelled { .. })
        && explorer.samples()
        && coverage.skipped.iter().any(is_same)
}

/// Returns what an explorer did that found no violation, or why that says nothing.
fn ran(explorer: Explorer, exploration: Exploration) -> Result<Run, Bound> {
    let Exploration { executions, longest, cut, unseen, races, given_up, .. } = exploration;
    if let Some(bound @ (Bound::Stuck { .. } | Bound::NotModelled { .. } | Bound::Stack { .. })) =
        cut
    {
        return Err(bound);
    }
    if executions == 0 {
        return Err(cut.unwrap_or(Bound::NothingExplored));
    }
    let given_up = match given_up {
        Some((events, all)) if all == executions => return Err(Bound::GivenUp(events)),
        some => some.map(|(events, _)| Extent::Bounded(Bound::Events(events))),
    };
    let extent = given_up.unwrap_or_else(|| match (cut, unseen) {
        _ if explorer.samples() => Extent::Sampled,
        (_, Some(unseen)) => Extent::Bounded(Bound::Unseen(unseen)),
        (Some(bound), None) => Extent::Bounded(bound),
        (None, None) if races.is_some_and(|races| races.race().is_none()) => Extent::Weak,
        (None, None) => whole(explorer),
    });
    Ok(Run { explorer, executions, longest, extent })
}

/// Returns the extent of an explorer that has nothing left to explore.
fn whole(explorer: Explorer) -> Extent {
    match (explorer.memory(), explorer.preemption_bound()) {
        (MemoryModel::Loom, Some(most)) => Extent::Bounded(Bound::Preemptions(most)),
        (MemoryModel::Loom, None) => Extent::Complete,
        (MemoryModel::Rc11, _) => Extent::Weak,
        (MemoryModel::Sequential | MemoryModel::Real, _) => Extent::Exhaustive,
    }
}
