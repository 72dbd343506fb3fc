//! Runs the knockouts on all processors: which model notices and, if none does, how far each was
//! explored.

use super::Group;
use crate::check::{Check, Config, Settings};
use crate::execution::knockout::{Probe, SiteNote};
use crate::explore::ModelFn;
use crate::trace::{Event, Operation, Outcome, Thread, Trace, Value};
use crate::verdict::{Bound, Counterexample, Coverage, Explorer, Extent, Kind, Verdict};
use crate::vocabulary::budget::Budget;
use crate::vocabulary::change::{Change, Knockout, Site, changes, further};
use crate::vocabulary::fate::{Fate, KnockoutReport, ModelUsed, SiteSeen, Tried, Unseen};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

/// Weak memory, of which the second knows more operations, and the first all executions of those
/// that it knows. loom begins with few preemptions.
const GRAPHS: &[Explorer] = &[Explorer::Graphs];
const LOOM: &[Explorer] =
    &[Explorer::Loom { preemption_bound: Some(2) }, Explorer::Loom { preemption_bound: None }];

/// The first budget, tried with every model: most killed knockouts are killed within it.
const QUICK: Budget = Budget::executions(300).and_time(Duration::from_millis(300));

/// The budget of a knockout whose survival is explained: nothing waits for the answer.
const CURSORY: Budget = Budget::executions(2_000).and_time(Duration::from_secs(1));

/// A model that holds unchanged.
struct Usable {
    name: String,
    body: ModelFn,
    coverage: Coverage,
    sites: BTreeMap<Site, SiteNote>,
    /// Whether it watches something that depends on orderings.
    watches: bool,
    weak: Weak,
    took: Duration,
}

/// What explores weak memory in a model, if anything does.
struct Weak {
    explorers: &'static [Explorer],
    /// Why it is not what was asked first, nor, if it is nothing, what was asked then.
    why_not: Option<String>,
}

/// A knockout that is still to be tried.
struct Task {
    site: usize,
    change: Change,
}

/// Runs all knockouts.
pub(super) fn run(this: &Group, progress: &mut dyn FnMut(usize, usize)) -> KnockoutReport {
    if let Some(report) = replay(this) {
        return report;
    }
    let end = this.time.map(|time| Instant::now() + time);
    let (usable, unused) = usable(this);
    let mut sites: BTreeMap<Site, (SiteNote, Vec<usize>)> = BTreeMap::new();
    for (place, model) in usable.iter().enumerate() {
        for (site, seen) in &model.sites {
            let known = sites.entry(site.clone()).or_insert_with(|| (seen.clone(), Vec::new()));
            known.0.explained = known.0.explained.or(seen.explained);
            known.1.push(place);
        }
    }
    for (_, models) in sites.values_mut() {
        models.sort_by_key(|place| usable[*place].took);
    }
    let sites: Vec<(Site, SiteNote, Vec<usize>)> =
        sites.into_iter().map(|(site, (seen, at))| (site, seen, at)).collect();
    let first = |(at, (site, seen, _)): (usize, &(Site, SiteNote, Vec<usize>))| {
        changes(&site.operation, seen.declared)
            .into_iter()
            .map(move |change| Task { site: at, change })
    };
    let mut tasks: Vec<Task> = sites.iter().enumerate().flat_map(first).collect();
    let mut tried: Vec<Tried> = Vec::new();
    while !tasks.is_empty() {
        let try_one = |task: &Task| {
            let (site, seen, models) = &sites[task.site];
            let knockout = Knockout { site: site.clone(), change: task.change };
            let late = end.is_some_and(|end| Instant::now() >= end);
            let models: Vec<&Usable> = models.iter().map(|place| &usable[*place]).collect();
            let explained = seen.explained.map(ToString::to_string).or_else(|| by_std(task.change));
            let budget = if explained.is_some() { CURSORY } else { this.settings.budget };
            let fate = if late { out_of_budget() } else { fate(this, &knockout, &models, budget) };
            Tried { knockout, site: task.site, fate, explained }
        };
        let (before, left) = (tried.len(), tasks.len());
        let fresh =
            in_parallel(&tasks, this.workers, try_one, |done| progress(before + done, left - done));
        // what is killed is killed all the more when it is weaker still
        tasks.clear();
        for one in fresh {
            if matches!(one.fate, Fate::Survived(_) | Fate::Unseen(..)) {
                let further =
                    further(&one.knockout.site.operation, one.knockout.change).into_iter();
                tasks.extend(further.map(|change| Task { site: one.site, change }));
            }
            tried.push(one);
        }
        // two ways may lead to one ordering
        let mut known = BTreeSet::new();
        tasks.retain(|task| known.insert((task.site, task.change.to_string())));
    }
    tried.sort_by_key(|one| one.site); // stable: of one site, in the order in which they were tried
    let seen = sites.iter().map(|(site, seen, models)| SiteSeen {
        site: site.clone(),
        models: models.iter().map(|place| usable[*place].name.clone()).collect(),
        explained: seen.explained.map(ToString::to_string),
    });
    let sites = seen.collect();
    let used = usable.into_iter().map(|m| ModelUsed {
        name: m.name,
        coverage: m.coverage,
        weak_memory: m.weak.explorers.last().copied(),
        without_graphs: m.weak.why_not,
    });
    let models = used.collect();
    KnockoutReport { name: this.name.clone(), models, unused, sites, knockouts: tried }
}

/// Runs exactly one execution, if one is to be replayed in which an operation of one of these
/// models is knocked out.
fn replay(this: &Group) -> Option<KnockoutReport> {
    let (token, (name, body)) = this.replayed()?;
    let (knockout, body) = (token.knockout()?, Arc::clone(body));
    let fate = match Check::new(name).settings(this.settings.clone()).run(move || body()) {
        Verdict::Violated(found) => Fate::Killed(found),
        Verdict::Unknown(bound) => Fate::Undecided(bound.to_string()),
        Verdict::Holds(_) => unreachable!("a replay is violated or unknown"),
    };
    let seen =
        SiteSeen { site: knockout.site.clone(), models: vec![name.clone()], explained: None };
    let knockouts = vec![Tried { knockout, site: 0, fate, explained: None }];
    let (name, models, unused) = (this.name.clone(), Vec::new(), Vec::new());
    Some(KnockoutReport { name, models, unused, sites: vec![seen], knockouts })
}

fn out_of_budget() -> Fate {
    Fate::Undecided("out of budget: it was not tried".to_string())
}

/// Returns what std itself permits at any time: a model that notices the change is wrong, and one
/// that does not is right.
fn by_std(change: Change) -> Option<String> {
    let why = match change {
        Change::Spurious => "std lets a wait return for no reason: the code around it looks again",
        Change::TimesOut => "a timeout may fire at any time, and every check explores that",
        Change::Skipped | Change::Demoted | Change::Weaker(..) | Change::Split => return None,
        Change::Unconditional | Change::Dropped | Change::One => return None,
    };
    Some(why.to_string())
}

/// Returns the models that hold unchanged, with their sites, and those that do not.
fn usable(this: &Group) -> (Vec<Usable>, Vec<(String, String)>) {
    let explore = |(name, body): &(String, ModelFn)| -> Result<Usable, (String, String)> {
        let probe = Arc::new(Probe::recording());
        let start = Instant::now();
        let verdict =
            check(this, name, body, &[Explorer::Exhaustive], this.settings.budget, &probe);
        let took = start.elapsed();
        let coverage = match verdict {
            Verdict::Holds(coverage) => coverage,
            Verdict::Violated(found) => {
                return Err((name.clone(), format!("violated as it is: {}", found.kind)));
            }
            Verdict::Unknown(bound) => {
                return Err((name.clone(), format!("unknown as it is: {bound}")));
            }
        };
        let (sites, watches) = (probe.sites(), probe.watches());
        let has_orderings = sites.values().any(|seen| seen.declared != [None, None]);
        let none = Weak { explorers: &[], why_not: None };
        let weak = if has_orderings { weak(this, name, body) } else { none };
        let (name, body) = (name.clone(), Arc::clone(body));
        Ok(Usable { name, body, coverage, sites, watches, weak, took })
    };
    let (mut usable, mut unused) = (Vec::new(), Vec::new());
    for outcome in in_parallel(&this.models, this.workers, explore, |_| ()) {
        match outcome {
            Ok(model) => usable.push(model),
            Err(why) => unused.push(why),
        }
    }
    (usable, unused)
}

/// Returns what explores weak memory in a model that holds: graphs, and where they have no model of
/// an operation, loom.
fn weak(this: &Group, name: &str, body: &ModelFn) -> Weak {
    let refuses =
        |explorers| match check(this, name, body, explorers, this.settings.budget, &Arc::default())
        {
            Verdict::Holds(coverage) => {
                coverage.skipped.first().map(|(_, bound)| bound.to_string())
            }
            Verdict::Violated(found) => Some(format!("violated there as it is: {}", found.kind)),
            Verdict::Unknown(bound) => Some(bound.to_string()),
        };
    let Some(why) = refuses(GRAPHS) else { return Weak { explorers: GRAPHS, why_not: None } };
    let (explorers, why_not) = match this.loom.then(|| refuses(LOOM)) {
        Some(None) => (LOOM, why),
        Some(Some(loom)) => (&[][..], format!("{why}; loom: {loom}")),
        None => (&[][..], format!("{why}; loom: not asked for")),
    };
    Weak { explorers, why_not: Some(why_not) }
}

/// Runs a model with a probe.
fn check(
    this: &Group,
    name: &str,
    body: &ModelFn,
    explorers: &[Explorer],
    budget: Budget,
    probe: &Arc<Probe>,
) -> Verdict {
    let body = Arc::clone(body);
    let settings = Settings { budget, config: Config::default(), ..this.settings.clone() };
    let check = Check::new(name).explorers(explorers.iter().copied()).settings(settings);
    // as it is, threads must meet; without the one lock on which they do, there is nothing for them
    // to notice
    let check = if probe.changes_something() { check.meets(Arc::default()) } else { check };
    check.probe(Arc::clone(probe)).run(move || body())
}

/// Returns the fate of a knockout. One model that notices decides it; if none does, all were asked.
fn fate(this: &Group, knockout: &Knockout, models: &[&Usable], budget: Budget) -> Fate {
    let mut survived = Vec::new();
    let mut why_not: Vec<String> = Vec::new();
    // first a little of every model: one of them may see at once what another would look for in
    // vain, and for long
    let quick = if models.len() > 1 { models } else { &[] };
    let rounds =
        quick.iter().map(|model| (model, QUICK)).chain(models.iter().map(|model| (model, budget)));
    for (at, (model, budget)) in rounds.enumerate() {
        let is_last = at >= quick.len();
        let probe = Arc::new(Probe::of(knockout.clone()));
        let ask = |explorers: &[Explorer]| {
            check(
                this,
                &format!("{}+{knockout}", model.name),
                &model.body,
                explorers,
                budget,
                &probe,
            )
        };
        let mut verdict = ask(&explorers(knockout, model));
        let samplers = match &verdict {
            Verdict::Holds(coverage) if is_last => samplers(coverage),
            // without its lock, what a model does may depend on plain memory: that can be sampled,
            // and not explored
            Verdict::Unknown(Bound::NotDeterministic(_)) if is_last => {
                vec![Explorer::Portfolio { seed: 0 }]
            }
            Verdict::Holds(_) | Verdict::Violated(_) | Verdict::Unknown(_) => Vec::new(),
        };
        if !samplers.is_empty() {
            match (ask(&samplers), &mut verdict) {
                (Verdict::Holds(sampled), Verdict::Holds(coverage)) => {
                    coverage.runs.extend(sampled.runs)
                }
                (Verdict::Violated(found), _) if is_proof(&found) => {
                    verdict = Verdict::Violated(found)
                }
                // samplers are not fair: what they take for a livelock may be a thread that they
                // never chose
                (Verdict::Holds(_) | Verdict::Violated(_) | Verdict::Unknown(_), _) => {}
            }
        }
        match verdict {
            Verdict::Violated(found) if !is_proof(&found) => {
                why_not.extend(is_last.then(|| format!("{}: {}", model.name, found.message)));
            }
            Verdict::Unknown(bound) => {
                why_not.extend(is_last.then(|| format!("{}: {bound}", model.name)))
            }
            _ if probe.executed() == 0 => {
                return Fate::Undecided(format!(
                    "an error: {} did not execute the changed operation",
                    model.name
                ));
            }
            Verdict::Violated(found) => return Fate::Killed(found),
            Verdict::Holds(coverage) => {
                survived.extend(is_last.then(|| (model.name.clone(), coverage)))
            }
        }
    }
    match unseen(knockout, models) {
        _ if !why_not.is_empty() => Fate::Undecided(why_not.join("; ")),
        Some(why) => Fate::Unseen(why, survived),
        None => Fate::Survived(survived),
    }
}

/// Returns why none of the models could have noticed, if that is so.
fn unseen(knockout: &Knockout, models: &[&Usable]) -> Option<Unseen> {
    if knockout.publishes_less() {
        let watched = models.iter().any(|model| model.watches);
        return (!watched).then_some(Unseen::NothingWatched);
    }
    let weak = models.iter().any(|model| !model.weak.explorers.is_empty());
    (knockout.is_of_an_ordering() && !weak).then_some(Unseen::NoWeakMemory)
}

/// What samples the memory in which the budget ended a search.
fn samplers(coverage: &Coverage) -> Vec<Explorer> {
    let by_budget = |explorer: Explorer| {
        let mut runs = coverage.runs.iter().filter(|run| run.explorer == explorer);
        runs.any(|run| matches!(run.extent, Extent::Bounded(Bound::Executions(_) | Bound::Time(_))))
    };
    let weak = by_budget(Explorer::Graphs).then_some(Explorer::Weak { seed: 0 });
    let strong = by_budget(Explorer::Exhaustive).then_some(Explorer::Portfolio { seed: 0 });
    weak.into_iter().chain(strong).collect()
}

/// Whether the violation proves a fault. A bound on events alone is a guess: the execution may only
/// have been long.
fn is_proof(found: &Counterexample) -> bool {
    found.kind != Kind::Livelock || gets_nowhere(&found.trace)
}

/// Whether some threads only read and yield, over and over, while nothing changes any more, for
/// half of the execution; and all others have ended or are blocked.
fn gets_nowhere(trace: &Trace) -> bool {
    const ROUNDS: usize = 3;
    let half = &trace.events[trace.events.len() / 2..];
    let changes_nothing = |event: &Event| match event.operation {
        Operation::Load(_) | Operation::Yield | Operation::Read => true,
        Operation::Waker(_) | Operation::Choose(_) => true,
        Operation::Poll => event.value == Some(Value::Outcome(Outcome::Yielded)),
        Operation::TryLock | Operation::TryReadLock => event.value == Some(Value::Bool(false)),
        _ => false,
    };
    let is_through = |(at, thread): (usize, &Thread)| {
        let yields = |e: &&Event| e.thread.index() == at && e.operation == Operation::Yield;
        thread.pending.is_none()
            || thread.blocked.is_some()
            || half.iter().filter(yields).count() >= ROUNDS
    };
    half.iter().all(changes_nothing) && trace.threads.iter().enumerate().all(is_through)
}

/// Returns the explorers of a knockout: all interleavings, and also weak memory for orderings.
fn explorers(knockout: &Knockout, model: &Usable) -> Vec<Explorer> {
    let mut explorers = vec![Explorer::Exhaustive];
    if knockout.is_of_an_ordering() {
        explorers.extend(model.weak.explorers);
    }
    explorers
}

/// Does the work on this many threads. The results are in the order of the items.
fn in_parallel<I: Sync, R: Send>(
    items: &[I],
    workers: usize,
    work: impl Fn(&I) -> R + Sync,
    mut progress: impl FnMut(usize),
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    let (done, finished) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, items.len().max(1)) {
            let (done, next, results, work) = (done.clone(), &next, &results, &work);
            scope.spawn(move || {
                // Relaxed: the counter hands out places and publishes nothing
                while let Some((at, item)) = Some(next.fetch_add(1, Ordering::Relaxed))
                    .and_then(|at| Some((at, items.get(at)?)))
                {
                    let result = work(item);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                    let _ = done.send(()); // whoever shows the progress may be gone
                }
            });
        }
        drop(done);
        for count in 1.. {
            if finished.recv().is_err() {
                break;
            }
            progress(count);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knockout::Knockouts;
    use crate::sync::Mutex;

    #[test]
    fn a_change_of_what_is_not_executed_is_an_error_and_no_survivor() {
        let model = || {
            let sum = Arc::new(Mutex::new(0));
            let theirs = Arc::clone(&sum);
            let other = crate::thread::spawn(move || *theirs.lock().unwrap() += 1);
            *sum.lock().unwrap() += 1;
            other.join().unwrap();
        };
        let this = Knockouts::new("elsewhere").model("elsewhere", model).group;
        let (usable, _) = usable(&this);
        let knockout: Knockout =
            "knockout:src/nowhere.rs:1:1:lock/skipped".parse().expect("a knockout");
        let fate = fate(&this, &knockout, &usable.iter().collect::<Vec<_>>(), QUICK);
        let Fate::Undecided(why) = fate else { panic!("{fate:?}") };
        assert!(why.contains("did not execute"), "{why}");
    }
}
