//! Runners: a scheduler's explorer, with shuttle's settings.

use crate::current::{Manner, Random, begins};
use crate::scheduler::{Plan, Scheduler};
use crate::{Config, FailurePersistence, MaxSteps};
use selvedge::counterexample::Token;
use selvedge::report::{Style, timeline};
use selvedge::trace::{Awaited, Object, ObjectKind, ThreadId};
use selvedge::{Bound, Budget, Check, Counterexample, Coverage, Explorer, Kind, Spurious, Verdict};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// Explores a model as its scheduler says.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::scheduler::PctScheduler;
/// use shuttle::{Config, Runner};
///
/// let runner = Runner::new(PctScheduler::new(3, 100), Config::new());
/// let executions = runner.run(|| shuttle::thread::spawn(|| ()).join().unwrap());
/// assert_eq!(executions, 1, "there is one order: it is not explored a hundred times");
/// ```
#[derive(Debug)]
pub struct Runner<S: ?Sized + Scheduler> {
    config: Config,
    scheduler: Box<S>,
}

impl<S: Scheduler + 'static> Runner<S> {
    /// Creates a runner.
    #[must_use]
    pub fn new(scheduler: S, config: Config) -> Runner<S> {
        Runner { config, scheduler: Box::new(scheduler) }
    }

    /// Explores the model, prints what was explored, and returns the number of executions.
    ///
    /// # Panics
    /// If the model is violated: with the drawn counterexample and its token. If nothing can be
    /// said about it: with the reason.
    #[track_caller]
    pub fn run<F>(self, model: F) -> usize
    where
        F: Fn() + Send + Sync + 'static,
    {
        let name = std::thread::current().name().unwrap_or("model").to_string();
        let coverage = run(&name, &self.scheduler.plan(), &self.config, model);
        coverage.map_or(0, |coverage| coverage.executions() as usize)
    }
}

/// Runs a plan. Returns nothing if it allows no execution.
#[track_caller]
fn run<F>(name: &str, plan: &Plan, config: &Config, model: F) -> Option<Coverage>
where
    F: Fn() + Send + Sync + 'static,
{
    if plan.executions == Some(0) {
        return None;
    }
    match explored(name, plan, config, Arc::new(model)) {
        Verdict::Holds(coverage) => {
            let idle = coverage.runs.iter().all(|run| run.longest == 0);
            let is_pct = matches!(plan.explorer, Explorer::Pct { .. });
            assert!(!(idle && is_pct), "test closure did not exercise any concurrency");
            println!("{name}: holds: {coverage}");
            Some(coverage)
        }
        Verdict::Violated(found) => panic!("{}", failed(&found, config)),
        Verdict::Unknown(bound @ (Bound::NotDeterministic(_) | Bound::Unseen(_))) => {
            panic!("{name}: possible nondeterminism: {bound}")
        }
        Verdict::Unknown(bound @ Bound::GivenUp(_)) => {
            // shuttle fails no test whose executions are all too long
            println!("{name}: unknown: {bound}");
            None
        }
        Verdict::Unknown(bound) => panic!("{name}: unknown: {bound}"),
    }
}

/// Explores a model. All interleavings of a small one are explored one by one, which needs nothing
/// of what the model does to be seen. Of a larger one, only the inequivalent ones are, as long as
/// all that it does is seen.
fn explored<F>(name: &str, plan: &Plan, config: &Config, model: Arc<F>) -> Verdict
where
    F: Fn() + Send + Sync + 'static,
{
    /// What a search one by one may take before a reduced one is tried.
    const FEW: Budget = Budget::executions(20_000);
    /// What a reduced search may take.
    const LARGE: u64 = 1_000_000;
    let asked = plan.executions.map(|executions| Budget::executions(executions as u64));
    let unbounded = Budget::executions(u64::MAX);
    let within = |budget: Budget| config.max_time.map_or(budget, |time| budget.and_time(time));
    let run = |explorer: Explorer, budget: Budget| {
        let (model, mut settings) = (Arc::clone(&model), selvedge::Config::from_env());
        if plan.replays.is_some() {
            settings.replay = plan.replays.clone();
        }
        settings.explorers.get_or_insert_with(|| vec![explorer]);
        let manner = manner(plan, &settings);
        check(plan, config, explorer, Check::new(name).config(settings)).budget(budget).run(
            move || {
                begins(manner);
                model();
            },
        )
    };
    if plan.explorer != Explorer::Dfs || asked.is_some() || plan.replays.is_some() {
        return run(plan.explorer, within(asked.unwrap_or(unbounded)));
    }
    let is_open = |verdict: &Verdict| match verdict {
        Verdict::Holds(coverage) => !coverage.is_exhaustive(),
        Verdict::Violated(_) => false,
        Verdict::Unknown(_) => true,
    };
    let one_by_one = run(Explorer::Dfs, FEW);
    if !is_open(&one_by_one) {
        return one_by_one;
    }
    let reduced = run(Explorer::Exhaustive, within(Budget::executions(LARGE)));
    match one_by_one {
        // what is not seen may make the reduced search wrong, but not the other one
        Verdict::Holds(_) if is_open(&reduced) => one_by_one,
        _ => reduced,
    }
}

/// In which manner the model runs. A token has to run as it was found.
fn manner(plan: &Plan, settings: &selvedge::Config) -> Manner {
    let token = settings.replay.as_deref().and_then(|token| token.parse::<Token>().ok());
    let replayed = token.map(|token| vec![token.explorer()]);
    let random = match replayed.as_deref() {
        Some([Explorer::Dfs | Explorer::Exhaustive]) if plan.random == Random::Chosen => {
            Random::Fixed
        }
        _ => plan.random,
    };
    let explorers = replayed.or_else(|| settings.explorers.clone()).unwrap_or_default();
    Manner { sleeps_plainly: explorers.iter().all(samples_schedules), random }
}

/// Whether it samples schedules that know time.
fn samples_schedules(explorer: &Explorer) -> bool {
    matches!(
        explorer,
        Explorer::Random { .. }
            | Explorer::Pct { .. }
            | Explorer::Pos { .. }
            | Explorer::Urw { .. }
            | Explorer::Portfolio { .. }
    )
}

fn check<'a>(plan: &Plan, config: &Config, explorer: Explorer, check: Check<'a>) -> Check<'a> {
    let check = check
        .apart(true)
        .leaks(false)
        .spurious(Spurious::Parks)
        .detached(true)
        .stack(config.stack_size)
        .max_events(match config.max_steps {
            MaxSteps::None | MaxSteps::ContinueAfter(_) => usize::MAX,
            MaxSteps::FailAfter(most) => most,
        });
    let check = match config.max_steps {
        // shuttle counts the begin of a model as a step
        MaxSteps::ContinueAfter(most) => check.give_up(most.saturating_sub(1)),
        MaxSteps::None | MaxSteps::FailAfter(_) => check,
    };
    match explorer {
        _ if plan.again => check.again_always(),
        // it asks the model's operations which of them depend on each other, and must know
        // whether they have told all
        Explorer::Exhaustive => check,
        // each execution runs once, as under shuttle
        _ => check.again_never(),
    }
}

/// Whether a thread waits for a lock that it holds itself, or might, and which kind of lock.
fn waits_for_itself(found: &Counterexample) -> Option<&'static str> {
    let blocked = found.trace.threads.iter().any(|thread| thread.blocked.is_some());
    if found.kind == Kind::Deadlock && !blocked {
        return Some("RwLock"); // it reads again what it is reading
    }
    let mut threads = (0..).zip(&found.trace.threads);
    threads.find_map(|(nth, thread)| {
        let blocked = thread.blocked.as_ref()?;
        let Awaited::Lock(lock) = blocked.on else { return None };
        blocked.holders.contains(&ThreadId(nth)).then(|| match found.trace.objects[lock.index()] {
            Object { kind: ObjectKind::RwLock, .. } => "RwLock",
            _ => "Mutex",
        })
    })
}

/// The drawing of a failure, and what shuttle's users look for in the message of a panic.
fn failed(found: &Counterexample, config: &Config) -> String {
    let mut message = timeline::counterexample(found, &Style::Plain);
    if let (Kind::Livelock, MaxSteps::FailAfter(most)) = (found.kind, config.max_steps) {
        message += &format!("\nexceeded max_steps bound {most}\n");
    }
    if let Some(lock) = waits_for_itself(found) {
        message += &format!("\ntried to acquire a {lock} it already holds\n");
    }
    match &config.failure_persistence {
        FailurePersistence::None => {}
        FailurePersistence::Print => {
            message += &format!("\nfailing schedule:\n\"\n{}\n\"\n", found.replay);
        }
        FailurePersistence::File(folder) => {
            let folder = folder.clone().unwrap_or_else(|| PathBuf::from("."));
            let number = (0..).find(|n| !folder.join(format!("schedule{n:03}.txt")).exists());
            let path = folder.join(format!("schedule{:03}.txt", number.unwrap_or_default()));
            message += &match std::fs::write(&path, &found.replay) {
                Ok(()) => format!("\nfailing schedule persisted to file: {}\n", path.display()),
                Err(why) => format!("\nfailing schedule not persisted: {why}\n"),
            };
        }
    }
    message
}

/// Explores a model as several schedulers say, one after the other.
pub struct PortfolioRunner {
    plans: Vec<Plan>,
    stop_on_first_failure: bool,
    config: Config,
}

impl PortfolioRunner {
    /// Creates a runner without a scheduler.
    #[must_use]
    pub fn new(stop_on_first_failure: bool, config: Config) -> PortfolioRunner {
        PortfolioRunner { plans: Vec::new(), stop_on_first_failure, config }
    }

    /// Adds a scheduler.
    pub fn add(&mut self, scheduler: impl Scheduler + Send + 'static) {
        self.plans.push(scheduler.plan());
    }

    /// Explores the model.
    ///
    /// # Panics
    /// As [`Runner::run`].
    #[track_caller]
    pub fn run<F>(self, model: F)
    where
        F: Fn() + Send + Sync + 'static,
    {
        let name = std::thread::current().name().unwrap_or("model").to_string();
        let model = Arc::new(model);
        let mut failure = None;
        for plan in &self.plans {
            let model = Arc::clone(&model);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                run(&name, plan, &self.config, move || model());
            }));
            failure = failure.or(outcome.err());
            if failure.is_some() && self.stop_on_first_failure {
                break;
            }
        }
        if let Some(failure) = failure {
            resume_unwind(failure);
        }
    }
}

impl fmt::Debug for PortfolioRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortfolioRunner")
            .field("schedulers", &self.plans.len())
            .finish_non_exhaustive()
    }
}
