//! Explores one scenario after another, within the budget, until one fails; then shrinks that one.

use super::judge::Court;
use super::model::{Log, model};
use super::subject::{Op, Ret, Subject};
use super::verdict::{Failure, Tested, Verdict};
use super::{Linearizable, Source, draw, partial};
use crate::check::{Check, Config, Insistence, Said, Settings, Violation, further};
use crate::counterexample::Token;
use crate::linearize::Specification;
use crate::scenario::{Scenario, ScenarioTree, every, scenarios};
use crate::verdict::{self, Bound, Counterexample, Explorer};
use crate::vocabulary::budget::Budget;
use proptest::strategy::{BoxedStrategy, Strategy, ValueTree};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

type Tree<S> = ScenarioTree<<BoxedStrategy<Op<S>> as Strategy>::Tree>;

/// Sizes grow from the first scenario of each cycle of this length to the last.
const CYCLE: u64 = 8;

/// The fewest executions of an explorer, however many scenarios share the budget.
const FEWEST: u64 = 100;

/// The number of scenarios assumed to share the budget, where they have not been counted.
const EVERY: u64 = 64;

/// The budget of an explorer where only the time is bounded.
const EACH: u64 = 20_000;

/// The shortest time to look for a smaller execution.
const SHRINK: Duration = Duration::from_millis(500);

/// The most executions in which a smaller scenario must show the failure.
const SMALLER: u64 = 5_000;

/// How a scenario was made, so that a token finds it again.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    /// It was given explicitly.
    Given,
    /// The scenario of this number in the enumeration.
    Every(u64),
    /// The scenario of this number, drawn from this seed and shrunk: the numbers of steps rejected
    /// before each kept step.
    Drawn(u64, u64, Vec<u64>),
}

impl Origin {
    /// `name`, `name/every/17`, `name/SEED/CASE`, `name/SEED/CASE/0.3.1`.
    fn name(&self, name: &str) -> String {
        match self {
            Origin::Given => name.to_string(),
            Origin::Every(number) => format!("{name}/every/{number}"),
            Origin::Drawn(seed, case, path) if path.is_empty() => format!("{name}/{seed}/{case}"),
            Origin::Drawn(seed, case, path) => {
                let path: Vec<String> = path.iter().map(ToString::to_string).collect();
                format!("{name}/{seed}/{case}/{}", path.join("."))
            }
        }
    }

    /// Parses what [`Origin::name`] wrote; `None` if it belongs to another test.
    fn of(token: &Token, name: &str) -> Option<Origin> {
        if token.is_for(name) {
            return Some(Origin::Given);
        }
        let name = name.split_whitespace().collect::<Vec<_>>().join("_");
        let parts: Vec<&str> =
            token.model().strip_prefix(&name)?.strip_prefix('/')?.split('/').collect();
        let number = |text: &str| text.parse().ok();
        match parts[..] {
            ["every", at] => Some(Origin::Every(number(at)?)),
            [seed, case] => Some(Origin::Drawn(number(seed)?, number(case)?, Vec::new())),
            [seed, case, path] => Some(Origin::Drawn(
                number(seed)?,
                number(case)?,
                path.split('.').map(number).collect::<Option<_>>()?,
            )),
            _ => None,
        }
    }
}

impl<S: Subject> Linearizable<S> {
    /// Explores scenarios and returns the verdict.
    ///
    /// The verdict is `Unknown` if nothing was explored.
    pub fn run(self) -> Verdict<S> {
        match self.settings.config.replay.as_deref().map(str::parse::<Token>) {
            None => self.explore(),
            Some(Err(error)) => {
                Verdict::Unknown(Bound::Replay(error.to_string()), Tested::default())
            }
            Some(Ok(token)) => self.replay(&token).unwrap_or_else(|| self.explore()),
        }
    }

    /// Explores scenarios and panics if the verdict is not the expected one.
    ///
    /// If a structure is expected to hold and does not, a token is stored in
    /// [`Config::failures`](crate::Config::failures). The next run replays that execution first.
    ///
    /// # Panics
    /// If the verdict is not the expected one: with the drawn failure, if there is one.
    #[track_caller]
    pub fn assert(self) -> Verdict<S> {
        let insistence = Insistence::new(&self.name, self.expect, &self.settings);
        let again = insistence.regress(
            |token| self.replay(token).filter(|_| self.explorers.contains(&token.explorer())),
            |verdict| matches!(verdict, Verdict::Violated(_)),
        );
        let verdict = again.unwrap_or_else(|| self.run());
        let drawing = || match &verdict {
            Verdict::Violated(found) => format!("{found}\n"),
            Verdict::Holds(_) | Verdict::Unknown(..) => String::new(),
        };
        insistence.see(&match &verdict {
            Verdict::Holds(tested) => {
                let was_cut = tested.planned.is_some_and(|planned| planned > tested.scenarios);
                Said::Holds(format!("{tested}{}", further(was_cut)))
            }
            Verdict::Violated(found) => Said::Violated(Violation {
                kind: found.counterexample.kind,
                is_of_set_up: found.counterexample.is_of_set_up(),
                token: found.counterexample.replay.clone(),
                drawing: &drawing,
            }),
            Verdict::Unknown(bound, tested) => {
                let further = further(bound.is_budget());
                Said::Unknown(format!("{bound} ({tested}){further}"))
            }
        });
        verdict
    }

    /// Runs the execution that the token names, if it belongs to this test.
    fn replay(&self, token: &Token) -> Option<Verdict<S>> {
        let origin = Origin::of(token, &self.name)?;
        let tested = Tested { seed: self.seed, ..Tested::default() };
        let Some(scenario) = self.made(&origin) else {
            let why = "there is no such scenario of this test any more".to_string();
            return Some(Verdict::Unknown(Bound::Replay(why), tested));
        };
        let mut trial = Trial::new(self, &scenario);
        let verdict = trial.replay(token);
        Some(match verdict {
            verdict::Verdict::Holds(_) => unreachable!("a replay fails, or says that it does not"),
            verdict::Verdict::Unknown(bound) => Verdict::Unknown(bound, tested),
            verdict::Verdict::Violated(found) => {
                Verdict::Violated(Box::new(trial.failure(*found, scenario.size(), tested)))
            }
        })
    }

    /// Returns the scenario of this origin.
    fn made(&self, origin: &Origin) -> Option<Scenario<Op<S>>> {
        match (origin, &self.source) {
            (Origin::Given, Source::Given(scenario)) => Some(scenario.clone()),
            (Origin::Every(number), Source::Every(operations)) => {
                every(operations, &self.shape).nth(usize::try_from(*number).ok()?)
            }
            (Origin::Drawn(seed, case, path), Source::Drawn(_)) => {
                let mut tree = self.tree(*seed, *case)?;
                for rejected in path {
                    let mut open = tree.simplify();
                    for _ in 0..*rejected {
                        open = open && (tree.reject() || tree.simplify());
                    }
                    open.then_some(())?;
                }
                Some(self.startable(tree.current()))
            }
            _ => None,
        }
    }

    /// Removes those of the scenario's first operations that would block forever, because no other
    /// thread has started yet.
    fn startable(&self, mut scenario: Scenario<Op<S>>) -> Scenario<Op<S>> {
        let mut state = self.question.specification.clone();
        scenario.initial.retain(|op| {
            let enabled = state.is_enabled(op);
            if enabled {
                state.apply(op);
            }
            enabled
        });
        scenario
    }

    /// Returns the scenario of this number as a tree to shrink.
    fn tree(&self, seed: u64, case: u64) -> Option<Tree<S>> {
        // each scenario has randomness of its own, so that it can be made again without those
        // before it
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&case.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let config =
            proptest::test_runner::Config { failure_persistence: None, ..Default::default() };
        let mut runner = TestRunner::new_with_rng(config, rng);
        let shape = self.shape.scaled((case % CYCLE + 1) as usize, CYCLE as usize);
        scenarios(self.strategy.clone(), shape).new_tree(&mut runner).ok()
    }

    fn explore(&self) -> Verdict<S> {
        let mut tested = Tested { seed: self.seed, ..Tested::default() };
        match &self.source {
            Source::Given(scenario) => {
                tested.planned = Some(1);
                self.in_turn(std::iter::once((Origin::Given, scenario.clone())), tested)
            }
            Source::Every(operations) => {
                let all = (0..).map(Origin::Every).zip(every(operations, &self.shape));
                self.in_turn(all, tested)
            }
            Source::Drawn(count) => {
                tested.planned = Some(*count);
                let origins = (0..*count).map(|case| Origin::Drawn(self.seed, case, Vec::new()));
                self.in_turn(
                    origins.filter_map(|origin| self.made(&origin).map(|made| (origin, made))),
                    tested,
                )
            }
        }
    }

    fn in_turn(
        &self,
        scenarios: impl Iterator<Item = (Origin, Scenario<Op<S>>)>,
        mut tested: Tested,
    ) -> Verdict<S> {
        let (start, mut unknown, meets) = (Instant::now(), None, Arc::default());
        for (origin, scenario) in scenarios {
            let Some(budget) = self.share(&tested, start) else { break };
            if scenario.size() > partial::MOST {
                return Verdict::Unknown(Bound::Operations(partial::MOST), tested);
            }
            let mut trial = Trial { meets: Arc::clone(&meets), ..Trial::new(self, &scenario) };
            match trial.explore(&origin.name(&self.name), &self.explorers, budget, Duration::ZERO) {
                verdict::Verdict::Holds(coverage) => tested.add(&coverage, &trial.court),
                verdict::Verdict::Violated(found) => {
                    return Verdict::Violated(Box::new(
                        self.smallest(origin, scenario, *found, tested),
                    ));
                }
                verdict::Verdict::Unknown(Bound::Time(_)) => break,
                // it hangs before there is a second thread
                verdict::Verdict::Unknown(Bound::NothingExplored) => {}
                verdict::Verdict::Unknown(bound) => drop(unknown.get_or_insert(bound)),
            }
        }
        // Relaxed: every exploration has been waited for
        match unknown {
            Some(bound) => Verdict::Unknown(bound, tested),
            None if tested.executions == 0 || !meets.load(Ordering::Relaxed) => {
                Verdict::Unknown(Bound::NothingExplored, tested)
            }
            None => Verdict::Holds(tested),
        }
    }

    /// Returns the budget of each explorer for the next scenario, if any is left.
    fn share(&self, tested: &Tested, start: Instant) -> Option<Budget> {
        let share = match self.settings.budget.most_executions() {
            None => Budget::executions(EACH),
            Some(most) => {
                let left = most.checked_sub(tested.executions).filter(|left| *left > 0)?;
                let scenarios =
                    tested.planned.unwrap_or(EVERY).saturating_sub(tested.scenarios).max(1);
                let each = left / scenarios / (self.explorers.len() as u64).max(1);
                Budget::executions(each.max(FEWEST).min(left))
            }
        };
        let Some(most) = self.settings.budget.most_time() else { return Some(share) };
        let left = most.checked_sub(start.elapsed()).filter(|left| !left.is_zero())?;
        Some(share.and_time(left))
    }

    /// Shrinks the failure: the scenario first, then the execution.
    fn smallest(
        &self,
        origin: Origin,
        scenario: Scenario<Op<S>>,
        found: Counterexample,
        tested: Tested,
    ) -> Failure<S> {
        let (end, kind, explorer) =
            (Instant::now() + self.settings.shrink, found.kind, found.explorer);
        let left = || end.saturating_duration_since(Instant::now());
        let (found_with, mut best, mut origin) = (scenario.size(), scenario, origin);
        if let Origin::Drawn(seed, case, path) = &mut origin
            && let Some(mut tree) = self.tree(*seed, *case)
        {
            let (mut open, mut rejected) = (!self.settings.shrink.is_zero() && tree.simplify(), 0);
            while open && !left().is_zero() {
                let budget = Budget::executions(SMALLER).and_time(left());
                let smaller = self.startable(tree.current());
                let verdict = Trial::new(self, &smaller).explore(
                    &self.name,
                    &[explorer],
                    budget,
                    Duration::ZERO,
                );
                let fails =
                    matches!(verdict, verdict::Verdict::Violated(found) if found.kind == kind);
                if fails {
                    path.push(std::mem::take(&mut rejected));
                    best = smaller;
                    open = tree.simplify();
                } else {
                    rejected += 1;
                    open = tree.reject() || tree.simplify();
                }
            }
        }
        // once more: with its own name, and the schedule made small too
        let mut trial = Trial::new(self, &best);
        let budget = Budget::executions(SMALLER.max(found.execution))
            .and_time(self.settings.budget.most_time().unwrap_or(SHRINK));
        let time = if self.settings.shrink.is_zero() { Duration::ZERO } else { left().max(SHRINK) };
        let again = trial.explore(&origin.name(&self.name), &[explorer], budget, time);
        match again {
            verdict::Verdict::Violated(smallest) => trial.failure(*smallest, found_with, tested),
            _ => trial.failure(found, found_with, tested),
        }
    }
}

/// One scenario, explored as a model.
struct Trial<'a, S: Subject> {
    test: &'a Linearizable<S>,
    scenario: Arc<Scenario<Op<S>>>,
    log: Arc<Log<Ret<S>>>,
    court: Arc<Court<S>>,
    /// Whether threads met, or at least did something visible.
    meets: Arc<AtomicBool>,
}

impl<'a, S: Subject> Trial<'a, S> {
    fn new(test: &'a Linearizable<S>, scenario: &Scenario<Op<S>>) -> Self {
        let log = Arc::default();
        let court = Court::new(Arc::clone(&test.question), scenario, Arc::clone(&log));
        Trial { test, scenario: Arc::new(scenario.clone()), log, court, meets: Arc::default() }
    }

    fn check(&self, name: &str) -> Check<'static> {
        let settings = Settings { config: Config::default(), ..self.test.settings.clone() };
        // a scenario in which nobody meets is one of many, and its history is checked like any
        // other
        Check::new(name).settings(settings).judge(self.court.judge()).meets(Arc::clone(&self.meets))
    }

    fn explore(
        &mut self,
        name: &str,
        explorers: &[Explorer],
        budget: Budget,
        shrink: Duration,
    ) -> verdict::Verdict {
        let check =
            self.check(name).explorers(explorers.iter().copied()).budget(budget).shrink(shrink);
        check.run(model::<S>(Arc::clone(&self.scenario), Arc::clone(&self.log)))
    }

    fn replay(&mut self, token: &Token) -> verdict::Verdict {
        let config = Config { replay: Some(token.to_string()), failures: None, explorers: None };
        let check = self.check(token.model()).config(config);
        check.run(model::<S>(Arc::clone(&self.scenario), Arc::clone(&self.log)))
    }

    fn failure(
        &self,
        counterexample: Counterexample,
        found_with: usize,
        tested: Tested,
    ) -> Failure<S> {
        let fault = self.court.fault(&counterexample.message);
        let drawn = fault.as_ref().map(|fault| draw::history(fault, self.test.question.criterion));
        let (history, explanation) = fault.map(|fault| (fault.history, fault.explanation)).unzip();
        let scenario = Scenario::clone(&self.scenario);
        let subject = std::any::type_name::<S>();
        Failure {
            scenario,
            found_with,
            counterexample,
            history,
            explanation,
            tested,
            drawn,
            subject,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_finds_its_scenario_again() {
        for origin in [
            Origin::Given,
            Origin::Every(17),
            Origin::Drawn(3, 4, vec![]),
            Origin::Drawn(3, 4, vec![0, 12, 1]),
        ] {
            let name = origin.name("stack of two");
            let name = name.split_whitespace().collect::<Vec<_>>().join("_");
            let read: Token = format!("v1:exhaustive:0-1:{name}").parse().expect("a token");
            assert_eq!(Origin::of(&read, "stack of two"), Some(origin));
            assert_eq!(Origin::of(&read, "stack"), None);
        }
    }
}
