//! The checks, by shuttle's names.

use crate::scheduler::{
    DfsScheduler, PctScheduler, RandomScheduler, ReplayScheduler, RoundRobinScheduler,
    UncontrolledNondeterminismCheckScheduler, UrwRandomScheduler,
};
use crate::{Config, Runner};
use std::path::Path;

/// Runs one execution.
#[doc(hidden)]
#[track_caller]
pub fn check<F>(model: F)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(RoundRobinScheduler::new(1), Config::new()).run(model);
}

/// Samples so many executions by the uniform random walk.
///
/// # Panics
/// As [`Runner::run`]. So do all the checks.
#[track_caller]
pub fn check_urw<F>(model: F, iterations: usize)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(UrwRandomScheduler::new(iterations), Config::new()).run(model);
}

/// Samples so many executions, uniformly at each point.
#[track_caller]
pub fn check_random<F>(model: F, iterations: usize)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(RandomScheduler::new(iterations), Config::new()).run(model);
}

/// The same, from a seed.
#[track_caller]
pub fn check_random_with_seed<F>(model: F, seed: u64, iterations: usize)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(RandomScheduler::new_from_seed(seed, iterations), Config::new()).run(model);
}

/// Samples so many executions by probabilistic concurrency testing.
#[track_caller]
pub fn check_pct<F>(model: F, iterations: usize, depth: usize)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(PctScheduler::new(depth, iterations), Config::new()).run(model);
}

/// Explores every inequivalent interleaving once, or so many of them.
///
/// ```should_panic
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::sync::{Arc, Mutex};
///
/// shuttle::check_dfs(
///     || {
///         let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
///         let theirs = Arc::clone(&locks);
///         let other = shuttle::thread::spawn(move || drop((theirs[1].lock(), theirs[0].lock())));
///         drop((locks[0].lock(), locks[1].lock()));
///         other.join().unwrap();
///     },
///     None,
/// );
/// ```
#[track_caller]
pub fn check_dfs<F>(model: F, max_iterations: Option<usize>)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(DfsScheduler::new(max_iterations, false), Config::new()).run(model);
}

/// Samples so many executions, and runs each of them again: it must be the same.
#[track_caller]
pub fn check_uncontrolled_nondeterminism<F>(model: F, max_iterations: usize)
where
    F: Fn() + Send + Sync + 'static,
{
    let scheduler = RandomScheduler::new(max_iterations);
    let scheduler = UncontrolledNondeterminismCheckScheduler::new(scheduler);
    Runner::new(scheduler, Config::new()).run(model);
}

/// Replays the execution of a token.
#[track_caller]
pub fn replay<F>(model: F, encoded_schedule: &str)
where
    F: Fn() + Send + Sync + 'static,
{
    Runner::new(ReplayScheduler::new_from_encoded(encoded_schedule), Config::new()).run(model);
}

/// Replays the execution of the token in a file.
#[track_caller]
pub fn replay_from_file<F, P>(model: F, path: P)
where
    F: Fn() + Send + Sync + 'static,
    P: AsRef<Path>,
{
    let scheduler = ReplayScheduler::new_from_file(path);
    let scheduler = scheduler.expect("could not load schedule from file");
    Runner::new(scheduler, Config::new()).run(model);
}
