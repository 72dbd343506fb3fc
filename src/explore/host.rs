//! The OS threads on which explorations run, reused by one after another.
//!
//! Starting a thread, and mapping the stacks of its first green threads, takes longer than many a
//! small exploration. So a thread whose exploration has finished is kept for another one on the
//! same engine. The next model finds the std thread-locals that a model leaves behind, just as the
//! next execution of the same model does.

use super::exploration::{Exploration, Shared, lock};
use super::job::{Assignment, Fit, Job};
use super::limits::{Limits, ModelFn, Progress};
use super::{loom, shuttle, threads};
use crate::execution::failure::{hook, last_words};
use crate::execution::{Engine, FailedExecution, Frozen, Pulse};
use crate::vocabulary::explorer::Explorer;
use crate::vocabulary::schedule::Only;
use crate::vocabulary::trace::Fingerprint;
use crate::vocabulary::verdict::Bound;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// A thread that waits for orders.
struct Host {
    engine: Engine,
    orders: mpsc::Sender<Assignment>,
}

/// The idle hosts.
static IDLE: Mutex<Vec<Host>> = Mutex::new(Vec::new());

impl Host {
    fn start(engine: Engine) -> io::Result<Host> {
        let (orders, theirs) = mpsc::channel();
        let name = format!("selvedge {}", engine.name());
        std::thread::Builder::new().name(name).spawn(move || serve(engine, theirs))?;
        Ok(Host { engine, orders })
    }

    /// Gives the order to an idle host, or to a new one.
    fn take(engine: Engine, mut assigned: Assignment) -> io::Result<Host> {
        loop {
            let idle = {
                let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
                idle.iter().rposition(|host| host.engine == engine).map(|at| idle.swap_remove(at))
            };
            let host = idle.map_or_else(|| Host::start(engine), Ok)?;
            match host.orders.send(assigned) {
                Ok(()) => return Ok(host),
                Err(mpsc::SendError(back)) => assigned = back, // its thread is gone
            }
        }
    }

    fn give_back(self) {
        IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }
}

/// A host's life.
fn serve(engine: Engine, orders: mpsc::Receiver<Assignment>) {
    match engine {
        Engine::Shuttle => shuttle::serve(orders),
        Engine::Loom => {
            each(&orders, |assigned| loom::run(assigned, assigned.job.explorer.preemption_bound()))
        }
        Engine::Std => each(&orders, threads::run),
    }
}

/// Runs one exploration after another, each from beginning to end.
fn each(orders: &mpsc::Receiver<Assignment>, run: impl Fn(&Assignment) -> Fit) {
    while let Ok(assigned) = orders.recv() {
        let Job { explorer, limits, pulse, .. } = &*assigned.job;
        crate::execution::knockout::set(limits.probe.clone());
        crate::execution::failure::stack::set(limits.stack, pulse);
        last_words::set(*explorer, limits.teller.as_ref(), pulse);
        let fit = run(&assigned);
        assigned.done(fit);
        if fit == Fit::No {
            return;
        }
    }
}

/// Explores a model until the explorer has nothing left, something fails, or the budget is used up.
pub(crate) fn explore(
    explorer: Explorer,
    model: ModelFn,
    limits: &Limits,
    only: Option<Only>,
    progress: &mut dyn FnMut(Progress),
) -> Exploration {
    hook::install();
    let _awaited = last_words::Awaited::new();
    let start = Instant::now();
    let pulse = Arc::new(Pulse::default());
    let (again, only_again) = (Arc::clone(&model), only.clone());
    let job = Job { explorer, model, limits: limits.clone(), only, pulse: Arc::clone(&pulse) };
    let shared = Shared::default();
    lock(&shared).tally = limits.past_violations.then(BTreeMap::new);
    let (done, finished) = mpsc::channel();
    let assigned = Assignment { job: Arc::new(job), shared: Arc::clone(&shared), done };
    let mut explored = match Host::take(explorer.driver(), assigned) {
        Ok(host) => wait(host, &pulse, limits, start, &finished, progress)
            .unwrap_or_else(|| std::mem::take(&mut *lock(&shared))),
        Err(error) => given_up(0, not_by_us(format!("a thread of its own: {error}"))),
    };
    if let Some((bound, _)) = explored.refused.take() {
        explored.cut = Some(bound); // whatever else has cut it
    }
    match std::mem::take(&mut explored.anew) {
        places if places.is_empty() => explored,
        // there are more of them each time
        places => {
            explore(explorer, again, &Limits { places, ..limits.clone() }, only_again, progress)
        }
    }
}

/// An exploration of which only the number of finished executions is known.
fn given_up(executions: u64, cut: Bound) -> Exploration {
    Exploration { executions, cut: Some(cut), ..Exploration::default() }
}

fn not_by_us(operation: String) -> Bound {
    Bound::NotModelled { engine: "selvedge", operation }
}

/// Waits for the end of the exploration. Returns a substitute result if it does not end.
fn wait(
    host: Host,
    pulse: &Pulse,
    limits: &Limits,
    start: Instant,
    finished: &mpsc::Receiver<Fit>,
    progress: &mut dyn FnMut(Progress),
) -> Option<Exploration> {
    const TICK: Duration = Duration::from_millis(100);
    let so_far = || Progress { executions: pulse.executions(), estimate: pulse.estimate() };
    let (mut beats, mut since) = (0, start);
    loop {
        let left = limits
            .time
            .map(|time| time.saturating_sub(start.elapsed()))
            .filter(|_| !pulse.asked_to_stop());
        match finished.recv_timeout(left.unwrap_or(TICK).min(TICK)) {
            Ok(fit) => {
                if fit == Fit::Yes {
                    host.give_back();
                }
                progress(so_far());
                return None;
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Some(given_up(
                    0,
                    not_by_us("the exploration itself, which panicked (see above)".to_string()),
                ));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        progress(so_far());
        if let Some(Frozen { ending, trace, schedule, counted }) = pulse.frozen() {
            let (execution, longest) = (pulse.executions(), trace.events.len());
            let events = Fingerprint::of(&trace);
            let failure =
                Some(FailedExecution { ending, trace, schedule, counted, events, execution });
            return Some(Exploration {
                executions: execution,
                longest,
                met: true,
                failure,
                ..Exploration::default()
            });
        }
        if let Some(overflow) = pulse.overflow() {
            let bound = overflow.bound(pulse.last().map(ToString::to_string));
            return Some(given_up(pulse.executions().saturating_sub(1), bound));
        }
        if limits.time.is_some_and(|time| start.elapsed() >= time) {
            pulse.ask_to_stop();
        }
        if pulse.beats() != beats || pulse.is_at_work() {
            (beats, since) = (pulse.beats(), Instant::now());
        } else if since.elapsed() >= limits.patience {
            let last = pulse
                .last()
                .map_or_else(|| "its start".to_string(), |l| format!("the operation at {l}"));
            return Some(given_up(pulse.executions().saturating_sub(1), Bound::Stuck { last }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits, without patience, for an exploration that ends at the third progress report.
    fn wait_for(pulse: &Pulse) -> Option<Exploration> {
        let host = Host { engine: Engine::Shuttle, orders: mpsc::channel().0 };
        let (done, finished) = mpsc::channel();
        let limits = Limits { patience: Duration::ZERO, ..Limits::default() };
        let mut told = 0;
        let mut progress = |_| {
            told += 1;
            if told == 3 {
                done.send(Fit::No).expect("it is waited for");
            }
        };
        wait(host, pulse, &limits, Instant::now(), &finished, &mut progress)
    }

    #[test]
    fn patience_is_had_with_the_model_and_not_with_the_explorer() {
        let pulse = Pulse::default();
        assert!(
            pulse.at_work(|| wait_for(&pulse)).is_none(),
            "the exploration's own end is waited for"
        );
        let stuck = wait_for(&pulse).and_then(|exploration| exploration.cut);
        assert!(matches!(stuck, Some(Bound::Stuck { .. })), "{stuck:?}");
    }
}
