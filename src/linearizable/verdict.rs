//! The verdict on a structure: three arms, and how much was explored.

use super::judge::Court;
use super::subject::{Op, Ret, Subject};
use crate::linearize::{Explanation, History};
use crate::report;
use crate::scenario::Scenario;
use crate::verdict::{Bound, Counterexample, Coverage, Explorer, Kind};
use std::fmt;

/// The verdict on a structure.
#[must_use]
pub enum Verdict<S: Subject> {
    /// Every history that was seen meets the criterion.
    Holds(Tested),
    /// This history does not meet it, or the execution failed otherwise.
    Violated(Box<Failure<S>>),
    /// Neither is known, and why.
    Unknown(Bound, Tested),
}

impl<S: Subject> Verdict<S> {
    /// Returns the kind of violation, if it is one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Verdict::Violated(failure) => Some(failure.counterexample.kind),
            Verdict::Holds(_) | Verdict::Unknown(..) => None,
        }
    }
}

impl<S: Subject> fmt::Debug for Verdict<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Holds(tested) => write!(f, "Holds({tested})"),
            Verdict::Violated(failure) => write!(f, "Violated(\n{failure})"),
            Verdict::Unknown(bound, tested) => write!(f, "Unknown({bound}; {tested})"),
        }
    }
}

/// How much was explored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tested {
    /// How many scenarios were explored.
    pub scenarios: u64,
    /// How many scenarios there were to explore, if known. Fewer were explored if the budget ended
    /// first.
    pub planned: Option<u64>,
    /// How many scenarios were explored in every interleaving.
    pub exhaustive: u64,
    /// How many executions all explorers ran.
    pub executions: u64,
    /// How many distinct histories were checked, summed over the scenarios.
    pub histories: u64,
    /// How many executions each explorer ran.
    pub explorers: Vec<(Explorer, u64)>,
    /// How many explorations were inconclusive, and why the first one was.
    pub skipped: Option<(u64, Explorer, Bound)>,
    /// The seed of the scenarios.
    pub seed: u64,
}

impl Tested {
    /// Adds a scenario without a fault.
    pub(super) fn add<S: Subject>(&mut self, coverage: &Coverage, court: &Court<S>) {
        self.scenarios += 1;
        self.exhaustive += u64::from(coverage.is_exhaustive() && !court.is_incomplete());
        self.histories += court.histories();
        for run in &coverage.runs {
            self.executions += run.executions;
            match self.explorers.iter_mut().find(|(explorer, _)| *explorer == run.explorer) {
                Some((_, executions)) => *executions += run.executions,
                None => self.explorers.push((run.explorer, run.executions)),
            }
        }
        for (explorer, bound) in &coverage.skipped {
            let first = self
                .skipped
                .take()
                .map_or((1, *explorer, bound.clone()), |(n, e, b)| (n + 1, e, b));
            self.skipped = Some(first);
        }
    }
}

impl fmt::Display for Tested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tested { scenarios, exhaustive, executions, histories, seed, .. } = self;
        write!(f, "{scenarios} scenarios")?;
        if let Some(planned) = self.planned.filter(|planned| planned != scenarios) {
            write!(f, " of {planned}")?;
        }
        write!(f, ", {exhaustive} of them exhaustively, {executions} executions")?;
        for (i, (explorer, executions)) in self.explorers.iter().enumerate() {
            write!(f, "{}{explorer}: {executions}", if i == 0 { " (" } else { ", " })?;
        }
        if !self.explorers.is_empty() {
            f.write_str(")")?;
        }
        write!(f, ", {histories} distinct histories, seed {seed}")?;
        match &self.skipped {
            Some((count, explorer, bound)) => {
                write!(f, "; {count} explorations skipped, the first: {explorer}: {bound}")
            }
            None => Ok(()),
        }
    }
}

/// A scenario with a failing execution.
pub struct Failure<S: Subject> {
    /// The shrunk scenario.
    pub scenario: Scenario<Op<S>>,
    /// How many operations the scenario had that failed first.
    pub found_with: usize,
    /// The shrunk execution.
    pub counterexample: Counterexample,
    /// The execution's history, if that is the fault; `None` if it failed otherwise, such as by a
    /// panic or a data race.
    pub history: Option<History<Op<S>, Ret<S>>>,
    /// Why the history violates the criterion.
    pub explanation: Option<Explanation>,
    /// How much was explored before.
    pub tested: Tested,
    /// The history, drawn.
    pub(super) drawn: Option<String>,
    /// The subject's type name.
    pub(super) subject: &'static str,
}

/// The scenario as a table, the counterexample with the history as intervals, the line that replays
/// it, and a test to paste.
impl<S: Subject> fmt::Display for Failure<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { scenario, found_with, counterexample, tested, drawn, subject, .. } = self;
        let reduced = match scenario.size() {
            size if size < *found_with => format!(" (found with {found_with} operations)"),
            _ => String::new(),
        };
        writeln!(f, "scenario of {subject}{reduced}:\n\n{scenario}")?;
        f.write_str(&report::timeline::counterexample(counterexample, &report::Style::Plain))?;
        if let Some(drawn) = drawn.as_ref().filter(|_| counterexample.kind != Kind::NotLinearizable)
        {
            writeln!(f, "\n{drawn}")?; // what the counterexample says is about the threads
        }
        if tested.executions > 0 {
            writeln!(f, "\nbefore it: {tested}")?;
        }
        let test: String = counterexample.kind.to_string().replace(' ', "_");
        writeln!(
            f,
            "\nas a test:\n\n    #[test]\n    fn regression_{test}() {{\n        \
             let scenario = {};\n        \
             selvedge::linearizable::<{subject}>().scenario(scenario).assert();\n    }}",
            scenario.to_source()
        )
    }
}

impl<S: Subject> fmt::Debug for Failure<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
