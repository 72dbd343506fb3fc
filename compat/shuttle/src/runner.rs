//! Runners: a scheduler's explorer, with shuttle's settings.

use crate::scheduler::{Plan, Scheduler};
use crate::{Config, FailurePersistence, MaxSteps};
use selvedge::report::{Style, timeline};
use selvedge::{Bound, Budget, Check, Counterexample, Coverage, Kind, Verdict};
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
/// assert_eq!(runner.run(|| shuttle::thread::spawn(|| ()).join().unwrap()), 100);
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
    let executions = plan.executions.map_or(u64::MAX, |executions| executions as u64);
    let budget = Budget::executions(executions);
    let budget = config.max_time.map_or(budget, |time| budget.and_time(time));
    let mut settings = selvedge::Config::from_env();
    settings.explorers.get_or_insert_with(|| vec![plan.explorer]);
    if plan.replays.is_some() {
        settings.replay = plan.replays.clone();
    }
    let mut check = Check::new(name)
        .config(settings)
        .budget(budget)
        .apart(true)
        .leaks(false)
        .spurious(false)
        .stack(config.stack_size)
        .max_events(match config.max_steps {
            MaxSteps::None => usize::MAX,
            MaxSteps::FailAfter(most) | MaxSteps::ContinueAfter(most) => most,
        });
    if plan.again {
        check = check.again_always();
    }
    match check.run(model) {
        Verdict::Holds(coverage) => {
            println!("{name}: holds: {coverage}");
            Some(coverage)
        }
        Verdict::Violated(found) => panic!("{}", failed(&found, config)),
        Verdict::Unknown(bound @ (Bound::NotDeterministic(_) | Bound::Unseen(_))) => {
            panic!("{name}: possible nondeterminism: {bound}")
        }
        Verdict::Unknown(bound) => panic!("{name}: unknown: {bound}"),
    }
}

/// The drawing of a failure, and what shuttle's users look for in the message of a panic.
fn failed(found: &Counterexample, config: &Config) -> String {
    let mut message = timeline::counterexample(found, &Style::Plain);
    if let (Kind::Livelock, MaxSteps::FailAfter(most)) = (found.kind, config.max_steps) {
        message += &format!("\nexceeded max_steps bound {most}\n");
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
