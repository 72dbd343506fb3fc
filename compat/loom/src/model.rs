//! The check of a model, with loom's settings.

use selvedge::{Budget, Check, Config, Explorer, Leaks};
use std::path::PathBuf;
use std::time::Duration;

/// loom's bound on the branches of an execution, unless it is set.
const DEFAULT_MAX_BRANCHES: usize = 1_000;

/// The settings of a check.
///
/// ```
/// use selvedge_loom as loom;
///
/// let mut builder = loom::model::Builder::new();
/// builder.max_permutations = Some(100);
/// builder.check(|| {
///     loom::thread::spawn(|| ()).join().unwrap();
/// });
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Builder {
    /// The most threads of an execution under loom. selvedge has no limit.
    pub max_threads: usize,
    /// The most events of an execution; one with more is a livelock. loom's own default of 1,000
    /// stands for selvedge's, which is larger. `LOOM_MAX_BRANCHES` sets it.
    pub max_branches: usize,
    /// The most executions of each explorer. `LOOM_MAX_PERMUTATIONS` sets it.
    pub max_permutations: Option<usize>,
    /// The most time of each explorer. `LOOM_MAX_DURATION` sets it, in seconds.
    pub max_duration: Option<Duration>,
    /// The most preemptions of an execution, for the explorer `loom`. The other explorers need no
    /// such bound. `LOOM_MAX_PREEMPTIONS` sets it.
    pub preemption_bound: Option<usize>,
    /// Where loom stores its progress. A failure of selvedge's prints the token that replays it, so
    /// nothing is written.
    pub checkpoint_file: Option<PathBuf>,
    /// How often loom stores its progress. See [`Builder::checkpoint_file`].
    pub checkpoint_interval: usize,
    /// Whether loom waits for [`explore`](crate::explore). selvedge explores all of an execution.
    pub expect_explicit_explore: bool,
    /// Whether loom captures locations. selvedge always does.
    pub location: bool,
    /// Whether loom writes a log. selvedge draws each failure instead.
    pub log: bool,
}

/// Returns the number in an environment variable.
///
/// # Panics
/// If the variable holds something else.
fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    let Ok(number) = value.parse() else { panic!("invalid value for `{name}`: {value}") };
    Some(number)
}

impl Builder {
    /// Creates the settings that the `LOOM_*` variables ask for.
    ///
    /// # Panics
    /// If a variable has no number where loom expects one.
    pub fn new() -> Builder {
        Builder {
            max_threads: crate::MAX_THREADS,
            max_branches: number("LOOM_MAX_BRANCHES").unwrap_or(DEFAULT_MAX_BRANCHES),
            max_permutations: number("LOOM_MAX_PERMUTATIONS"),
            max_duration: number("LOOM_MAX_DURATION").map(Duration::from_secs),
            preemption_bound: number("LOOM_MAX_PREEMPTIONS"),
            checkpoint_file: std::env::var_os("LOOM_CHECKPOINT_FILE").map(PathBuf::from),
            checkpoint_interval: number("LOOM_CHECKPOINT_INTERVAL").unwrap_or(20_000),
            expect_explicit_explore: false,
            location: std::env::var_os("LOOM_LOCATION").is_some(),
            log: std::env::var_os("LOOM_LOG").is_some(),
        }
    }

    /// Sets [`Builder::checkpoint_file`].
    pub fn checkpoint_file(&mut self, file: &str) -> &mut Self {
        self.checkpoint_file = Some(file.into());
        self
    }

    /// Explores the model, and prints what was explored.
    ///
    /// # Panics
    /// If the model is violated: with the drawn counterexample and its token. If nothing can be
    /// said about it: with the reason.
    #[track_caller]
    pub fn check<F>(&self, model: F)
    where
        F: Fn() + Sync + Send + 'static,
    {
        let name = std::thread::current().name().unwrap_or("model").to_string();
        let mut config = Config::from_env();
        config.explorers.iter_mut().flatten().for_each(|explorer| self.bound(explorer));
        let mut check =
            Check::new(&name).config(config).budget(self.budget()).leaks(Leaks::Owned).apart(true);
        check = check.recursive_reads(true);
        if self.max_branches != DEFAULT_MAX_BRANCHES {
            check = check.max_events(self.max_branches);
        }
        let _holds = check.assert(model);
    }

    /// Gives loom's own explorer the bound on preemptions. Refuses real threads, on which
    /// [`thread::spawn`](crate::thread::spawn) is not sound.
    fn bound(&self, explorer: &mut Explorer) {
        match explorer {
            Explorer::Loom { preemption_bound } => {
                *preemption_bound = preemption_bound.or(self.preemption_bound);
            }
            Explorer::Threads => panic!("loom's models do not run on real threads"),
            _ => {}
        }
    }

    fn budget(&self) -> Budget {
        let executions = self.max_permutations.map(|most| most as u64);
        match (executions, self.max_duration) {
            (None, None) => Budget::default(),
            (Some(executions), None) => Budget::executions(executions),
            (None, Some(time)) => Budget::time(time),
            (Some(executions), Some(time)) => Budget::executions(executions).and_time(time),
        }
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

/// Explores the model, with the settings that the `LOOM_*` variables ask for.
///
/// ```should_panic
/// use selvedge_loom as loom;
///
/// use loom::sync::Mutex;
/// use std::rc::Rc;
///
/// loom::model(|| {
///     let locks = Rc::new([Mutex::new(()), Mutex::new(())]);
///     let theirs = Rc::clone(&locks);
///     let other = loom::thread::spawn(move || drop((theirs[1].lock(), theirs[0].lock())));
///     drop((locks[0].lock(), locks[1].lock()));
///     other.join().unwrap();
/// });
/// ```
///
/// # Panics
/// As [`Builder::check`].
#[track_caller]
pub fn model<F>(model: F)
where
    F: Fn() + Sync + Send + 'static,
{
    Builder::new().check(model);
}
