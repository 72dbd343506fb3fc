//! The report for programs: one JSON document with stable names.
//!
//! * `version`: of this format: 1. Fields may be added; none changes its meaning without a new
//!   number
//! * `summary.checks`, `.expected`, `.unexpected`, `.unknown`: how many; `checks` is the sum of the
//!   other three
//! * `checks[]`: the lines of the table: `system`, `model`, `explorer`, `executions`, `coverage`,
//!   `verdict`, `expected`, `note`, `counterexample`
//! * `….counterexample`: null, or `model`, `kind`, `message`, `location`, `explorer`, `execution`,
//!   `preemptions`, `reduced_from` (null, or preemptions and events before), `caveat` (null, or
//!   what to know before believing it), `replay`, and the four below
//! * `….threads[]`: `name`, `blocked` (what it waits for, or null); the place in the list is the
//!   thread's number
//! * `….objects[]`: `name`, `kind`, `created`; the place in the list is the object's number
//! * `….events[]`: `number` (from 1, as drawn), `thread`, `operation`, `ordering`, `target` (the
//!   thread of spawn, join, unpark), `object`, `value`, `written`, `location`, `latest` (for a
//!   stale load: the value it did not see), `reason` (why it need not, or why nothing orders the
//!   two accesses of a data race; only where it is known)
//! * `….conflicts[]`: pairs of event numbers
//!
//! Numbers and booleans that an operation read or wrote are JSON numbers and booleans (64-bit:
//! parse them as such). Pointers and outcomes are strings. A value that cannot be shown is null.

use super::fields::Fields;
use super::finding::Finding;
use super::table::{Row, is_unknown};
use serde::Serialize;

/// Returns the document, indented, with a trailing newline.
#[must_use]
pub fn document(checks: &[(&Row, Option<&Finding>)]) -> String {
    let expected = checks.iter().filter(|(row, _)| row.expected).count();
    let unknown = checks.iter().filter(|(row, _)| is_unknown(row)).count();
    let document = Document {
        version: 1,
        summary: Summary {
            checks: checks.len(),
            expected,
            unexpected: checks.len() - expected - unknown,
            unknown,
        },
        checks: checks.iter().map(|(row, found)| Check::new(row, *found)).collect(),
    };
    // Strings, numbers and lists only: nothing of this can fail to serialise.
    serde_json::to_string_pretty(&document).expect("plain data is JSON") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    summary: Summary,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Summary {
    checks: usize,
    expected: usize,
    unexpected: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct Check<'a> {
    system: &'a str,
    model: &'a str,
    explorer: &'a str,
    executions: u64,
    coverage: &'a str,
    verdict: &'a str,
    expected: bool,
    note: &'a str,
    counterexample: Option<&'a Fields>,
}

impl<'a> Check<'a> {
    fn new(row: &'a Row, found: Option<&'a Finding>) -> Self {
        Check {
            system: &row.system,
            model: &row.model,
            explorer: &row.explorer,
            executions: row.executions,
            coverage: &row.coverage,
            verdict: &row.verdict,
            expected: row.expected,
            note: &row.note,
            counterexample: found.map(|found| &found.fields),
        }
    }
}
