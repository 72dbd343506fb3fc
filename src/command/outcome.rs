//! A finished check: its row of the report, its drawing, and whether it is as expected.

use super::selection::Plan;
use selvedge::report::{Finding, Row, Style};
use selvedge::systems::Model;
use selvedge::verdict::{Counterexample, Run};
use selvedge::{Coverage, Explorer, Extent, Verdict};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whether a verdict is the one that the model expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It is.
    Expected,
    /// It is another one.
    Unexpected,
    /// There is none.
    Unknown,
}

/// The page on which counterexamples are drawn.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) style: Style,
    pub(crate) columns: usize,
}

impl Page {
    pub(crate) fn finding(self, found: &Counterexample) -> Finding {
        Finding::new(found, &self.style, self.columns)
    }
}

/// A finished check.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) row: Row,
    pub(crate) answer: Answer,
    pub(crate) finding: Option<Finding>,
}

impl Outcome {
    /// Compares a verdict with the expected one, and renders its counterexample on this page.
    pub(crate) fn of(model: &Model, plan: &Plan, verdict: &Verdict, page: Page) -> Outcome {
        let answer = match verdict {
            Verdict::Unknown(_) => Answer::Unknown,
            verdict if verdict.is(model.expect) => Answer::Expected,
            _ => Answer::Unexpected,
        };
        let (executions, coverage, said) = match verdict {
            Verdict::Holds(coverage) => {
                (coverage.executions(), extents(plan, coverage), "holds".to_string())
            }
            Verdict::Violated(found) => {
                let coverage = "until broken".to_string() + &by(plan, &[found.explorer]);
                (found.execution, coverage, format!("violated: {}", found.kind))
            }
            Verdict::Unknown(bound) => (0, "-".to_string(), format!("unknown: {bound}")),
        };
        let mut notes = Vec::new();
        if answer != Answer::Expected {
            notes.push(format!("expected: {}", model.expect));
        }
        if let Verdict::Violated(found) = verdict
            && found.is_of_set_up()
        {
            notes.push("it panicked before there was a second thread".to_string());
        }
        if let Verdict::Holds(coverage) = verdict {
            let skipped = coverage.skipped.iter();
            notes.extend(
                skipped.map(|(explorer, bound)| format!("{explorer} says nothing: {bound}")),
            );
            notes.extend(coverage.on_weak_memory());
        }
        let row = Row {
            system: model.system().to_string(),
            model: model.name.to_string(),
            explorer: plan.label.clone(),
            executions,
            coverage,
            verdict: said,
            expected: answer == Answer::Expected,
            note: notes.join("; "),
            took: Duration::ZERO,
        };
        let finding = match verdict {
            Verdict::Violated(found) => Some(page.finding(found)),
            _ => None,
        };
        Outcome { row, answer, finding }
    }

    /// For a check that gave no answer: why, and what helps. It is never silent and never a
    /// success.
    pub(crate) fn lost(model: &Model, plan: &Plan, why: &str, help: Option<String>) -> Outcome {
        let expected = format!("expected: {}", model.expect);
        let note = [Some(expected), help].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let row = Row {
            system: model.system().to_string(),
            model: model.name.to_string(),
            explorer: plan.label.clone(),
            executions: 0,
            coverage: "-".to_string(),
            verdict: format!("unknown: {why}"),
            expected: false,
            note,
            took: Duration::ZERO,
        };
        Outcome { row, answer: Answer::Unknown, finding: None }
    }

    /// For something that a system should have but does not. It is never silent and never a
    /// success.
    pub(crate) fn missing(system: &str, what: &str) -> Outcome {
        let row = Row {
            system: system.to_string(),
            model: format!("{system}/({what})"),
            explorer: "-".to_string(),
            executions: 0,
            coverage: "-".to_string(),
            verdict: "unknown".to_string(),
            expected: false,
            note: "not part of this build".to_string(),
            took: Duration::ZERO,
        };
        Outcome { row, answer: Answer::Unknown, finding: None }
    }
}

/// The extent of the exploration: `exhaustive`, `bounded by 3000 ms (exhaustive), sampled (pct:3:0,
/// random:0)`.
fn extents(plan: &Plan, coverage: &Coverage) -> String {
    // every interleaving is among what weak memory allows
    let less = |run: &&Run| coverage.is_weak() && run.extent == Extent::Exhaustive;
    let runs: Vec<&Run> = coverage.runs.iter().filter(|run| !less(run)).collect();
    let alike = runs.chunk_by(|a, b| a.extent == b.extent);
    let said: Vec<String> = alike
        .map(|runs| {
            let explorers: Vec<Explorer> = runs.iter().map(|run| run.explorer).collect();
            let extent = runs[0].extent.to_string();
            // Avoids `exhaustive (exhaustive)`.
            if explorers.iter().all(|explorer| explorer.to_string() == extent) {
                extent
            } else {
                extent + &by(plan, &explorers)
            }
        })
        .collect();
    said.join(", ")
}

/// Which of the plan's explorers. Empty if there is only one.
fn by(plan: &Plan, explorers: &[Explorer]) -> String {
    if plan.explorers.len() == 1 {
        return String::new();
    }
    format!(" ({})", explorers.iter().map(Explorer::to_string).collect::<Vec<_>>().join(", "))
}
