//! Draws a table of checks: one line for each model and explorer.

use super::style::{Ink, Style};
use super::text::{clean, count, pad, width};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One check as text: a model under an explorer, or a system run for real.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `account`, `queue`, `manager`.
    pub system: String,
    /// `queue/drain`.
    pub model: String,
    /// `loom:2`, `dfs`; `real run`.
    pub explorer: String,
    /// How many executions ran.
    pub executions: u64,
    /// How far the exploration went: `exhaustive`, `sampled`.
    pub coverage: String,
    /// `holds`, `violated: deadlock`, `unknown: 10 executions`.
    pub verdict: String,
    /// Whether the verdict is the one the model exists for: a broken form must be violated.
    pub expected: bool,
    /// What else to know.
    pub note: String,
    /// How long it took, by the clock. The table does not show it.
    pub took: Duration,
}

const HEADS: [&str; 8] =
    ["system", "model", "explorer", "executions", "coverage", "verdict", "expected", "note"];
/// The column whose figures are right-aligned.
const EXECUTIONS: usize = 3;
const VERDICT: usize = 5;
const EXPECTED: usize = 6;

/// Returns the rows as an aligned table with one header line. The name of a system or model is not
/// repeated.
#[must_use]
pub fn table(rows: &[Row], style: &Style) -> String {
    let cells: Vec<[String; 8]> = rows
        .iter()
        .enumerate()
        .map(|(i, row)| cells(row, i.checked_sub(1).map(|i| &rows[i])))
        .collect();
    let mut widths = HEADS.map(width);
    for row in &cells {
        for (columns, cell) in widths.iter_mut().zip(row) {
            *columns = width(cell).max(*columns);
        }
    }
    let mut text = style
        .paint(Ink::Heading, &line(&HEADS.map(str::to_string), &widths, |_, cell| cell))
        + "\n";
    for (row, cells) in rows.iter().zip(&cells) {
        let drawn = line(cells, &widths, |column, cell| match column {
            VERDICT | EXPECTED if !row.expected => style.paint(Ink::Wrong, &cell),
            EXPECTED => style.paint(Ink::Right, &cell),
            _ => cell,
        });
        text += drawn.trim_end();
        text.push('\n');
    }
    text
}

/// Returns the sum of a list of checks: `31 checks: 31 as expected`.
#[must_use]
pub fn closing(rows: &[Row], style: &Style) -> String {
    let expected = rows.iter().filter(|row| row.expected).count();
    let unknown = rows.iter().filter(|row| is_unknown(row)).count();
    let unexpected = rows.len() - expected - unknown;
    let checks = count(rows.len() as u64, "check");
    if expected == rows.len() {
        return style.paint(Ink::Right, &format!("{checks}: {expected} as expected"));
    }
    let mut text = format!("{checks}: {expected} as expected");
    for (number, words) in [(unexpected, "NOT as expected"), (unknown, "UNKNOWN")] {
        if number > 0 {
            text += &format!(", {number} {words}");
        }
    }
    style.paint(Ink::Wrong, &text)
}

/// Whether the row's verdict is unknown.
pub(super) fn is_unknown(row: &Row) -> bool {
    row.verdict.split(':').next() == Some("unknown")
}

fn cells(row: &Row, above: Option<&Row>) -> [String; 8] {
    let same_system = above.is_some_and(|above| above.system == row.system);
    let same_model = same_system && above.is_some_and(|above| above.model == row.model);
    let unless = |same: bool, text: &str| if same { String::new() } else { clean(text) };
    [
        unless(same_system, &row.system),
        unless(
            same_model,
            row.model.strip_prefix(&format!("{}/", row.system)).unwrap_or(&row.model),
        ),
        clean(&row.explorer),
        row.executions.to_string(),
        clean(&row.coverage),
        clean(&row.verdict),
        match row.expected {
            true => "yes",
            false if is_unknown(row) => "?",
            false => "NO",
        }
        .to_string(),
        clean(&row.note),
    ]
}

fn line(
    cells: &[String; 8],
    widths: &[usize; 8],
    paint: impl Fn(usize, String) -> String,
) -> String {
    let mut text = String::new();
    for (column, (cell, columns)) in cells.iter().zip(widths).enumerate() {
        let padded = match column {
            EXECUTIONS => format!("{cell:>columns$}"),
            _ => pad(cell, *columns),
        };
        text += &paint(column, padded);
        text += "  ";
    }
    text.trim_end().to_string()
}
