//! The report for continuous integration: JUnit XML, one test case for each check.
//!
//! A check whose verdict is not the expected one is a `failure`. An unknown verdict is also a
//! `failure` (its `type` is `unknown`). Nothing is ever `skipped`, because build servers show that
//! as green.

use super::finding::Finding;
use super::table::Row;
use std::fmt::Write;
use std::time::Duration;

/// Returns the document. The body of a failure is the drawn counterexample, if there is one.
#[must_use]
pub fn document(checks: &[(&Row, Option<&Finding>)]) -> String {
    let Counts { tests, failures, time } = Counts::of(checks);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing into a String cannot fail.
    let _ = writeln!(
        xml,
        r#"<testsuites name="selvedge" tests="{tests}" failures="{failures}" errors="0"{time}>"#
    );
    for group in checks.chunk_by(|(a, _), (b, _)| a.system == b.system) {
        let Counts { tests, failures, time } = Counts::of(group);
        let system = attribute(&group[0].0.system);
        let _ = write!(xml, r#"  <testsuite name="{system}" tests="{tests}""#);
        let _ = writeln!(xml, r#" failures="{failures}" errors="0" skipped="0"{time}>"#);
        for (row, found) in group {
            case(&mut xml, row, *found);
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// What an element says of the checks in it.
struct Counts {
    tests: usize,
    failures: usize,
    /// How long they took, as an attribute.
    time: String,
}

impl Counts {
    fn of(checks: &[(&Row, Option<&Finding>)]) -> Counts {
        Counts {
            tests: checks.len(),
            failures: checks.iter().filter(|(row, _)| !row.expected).count(),
            time: time(checks.iter().map(|(row, _)| row.took).sum()),
        }
    }
}

/// Seconds, as an attribute.
fn time(took: Duration) -> String {
    format!(" time=\"{:.3}\"", took.as_secs_f64())
}

fn case(xml: &mut String, row: &Row, found: Option<&Finding>) {
    let name = attribute(&format!("{} [{}]", row.model, row.explorer));
    let said = format!("{}; {} executions, {}", row.verdict, row.executions, row.coverage);
    let (system, time) = (attribute(&row.system), time(row.took));
    let _ = write!(xml, r#"    <testcase classname="{system}" name="{name}"{time}"#);
    if row.expected {
        let _ = writeln!(xml, ">\n      <system-out>{}</system-out>\n    </testcase>", text(&said));
        return;
    }
    let kind = row.verdict.split(':').next().unwrap_or_default();
    let mut body = said;
    if !row.note.is_empty() {
        body = format!("{body}\n{}", row.note);
    }
    if let Some(found) = found {
        body = format!("{body}\n\n{}", found.plain);
    }
    let _ = writeln!(
        xml,
        ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
        attribute(kind),
        attribute(&row.verdict),
        text(&body)
    );
}

/// Escapes text between tags.
fn text(raw: &str) -> String {
    raw.chars().map(allowed).fold(String::new(), |mut xml, c| {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            // Only `]]>` must not stand in text; escaping each is simpler.
            '>' => xml.push_str("&gt;"),
            // A parser would make a line feed of it.
            '\r' => xml.push_str("&#13;"),
            c => xml.push(c),
        }
        xml
    })
}

/// Escapes text between quotes. Line ends and tabs become references, because a parser would turn
/// them into spaces.
fn attribute(raw: &str) -> String {
    text(raw).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

/// Replaces characters that XML 1.0 cannot express: most control characters, not even escaped.
fn allowed(c: char) -> char {
    match c {
        '\t' | '\n' | '\r' => c,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
