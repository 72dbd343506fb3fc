//! A scenario as a table for people, and as Rust source.

use super::Scenario;
use crate::report;
use std::fmt::{self, Debug};

/// Draws a column for each thread and a row for each operation. What one thread does before and
/// after has rows of its own.
pub(super) fn draw<Op: Debug>(scenario: &Scenario<Op>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let words = |op: &Op| report::clean(&format!("{op:?}"));
    let columns: Vec<Vec<String>> =
        scenario.threads.iter().map(|ops| ops.iter().map(words).collect()).collect();
    let heads = (1..=columns.len()).map(|number| format!("thread {number}"));
    let table: Vec<Vec<String>> =
        heads.zip(columns).map(|(head, ops)| [vec![head], ops].concat()).collect();
    let widths =
        table.iter().map(|column| column.iter().map(|cell| report::width(cell)).max().unwrap_or(0));
    let widths: Vec<usize> = widths.collect();
    let part = |f: &mut fmt::Formatter<'_>, name: &str, ops: &[Op]| match ops {
        [] => Ok(()),
        _ => writeln!(f, "  {name}: {}", ops.iter().map(words).collect::<Vec<_>>().join(", ")),
    };
    part(f, "first", &scenario.initial)?;
    let height = table.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..height {
        let mut line = String::new();
        for (column, width) in table.iter().zip(&widths) {
            let cell = column.get(row).map_or("", String::as_str);
            line += &format!("  {}", report::pad(cell, *width));
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    part(f, "last", &scenario.last)
}

impl<Op: Debug> Scenario<Op> {
    /// Returns the scenario as Rust source to paste into a test, as far as `Debug` writes
    /// operations as Rust.
    ///
    /// ```
    /// use selvedge::scenario::Scenario;
    ///
    /// let scenario = Scenario::of([vec![Some(1)], vec![None]]).then([Some(2)]);
    /// let source = "Scenario::of([vec![Some(1)], vec![None]]).then([Some(2)])";
    /// assert_eq!(scenario.to_source(), source);
    /// ```
    #[must_use]
    pub fn to_source(&self) -> String {
        let list =
            |ops: &[Op]| ops.iter().map(|op| format!("{op:?}")).collect::<Vec<_>>().join(", ");
        let threads: Vec<String> =
            self.threads.iter().map(|ops| format!("vec![{}]", list(ops))).collect();
        let mut source = format!("Scenario::of([{}])", threads.join(", "));
        for (method, ops) in [("after", &self.initial), ("then", &self.last)] {
            if !ops.is_empty() {
                source += &format!(".{method}([{}])", list(ops));
            }
        }
        source
    }
}
