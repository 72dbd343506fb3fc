//! The command's output: tables, drawings, documents.

use super::arguments::Arguments;
use super::outcome::{Answer, Outcome, Page};
use clap::ColorChoice;
use selvedge::knockout::{Fate, KnockoutReport};
use selvedge::report::{Finding, Row, Style, json, junit, knockouts, table, timeline};
use selvedge::systems::Model;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

/// Which counterexamples are drawn. Unexpected ones always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Draw {
    /// The first of each system.
    OneEachSystem,
    /// Each.
    All,
}

/// Where and how to print.
pub(crate) struct Output {
    json: bool,
    junit: Option<PathBuf>,
    pub(crate) page: Page,
}

impl Output {
    pub(crate) fn new(arguments: &Arguments) -> Output {
        let terminal = std::io::stdout().is_terminal();
        let colour = match arguments.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Output {
            json: arguments.json,
            junit: arguments.junit.clone(),
            page: Page {
                style: if colour { Style::Colour } else { Style::Plain },
                // Files and pipes get the same drawing everywhere.
                columns: terminal.then(terminal_columns).flatten().unwrap_or(timeline::WIDTH),
            },
        }
    }

    /// Prints the table, the counterexamples and the closing line.
    ///
    /// # Errors
    ///
    /// If standard output or the JUnit file cannot be written.
    pub(crate) fn report(
        &self,
        outcomes: &[Outcome],
        skipped: &[String],
        draw: Draw,
    ) -> Result<(), String> {
        let rows: Vec<Row> = outcomes.iter().map(|outcome| outcome.row.clone()).collect();
        let checks: Vec<(&Row, Option<&Finding>)> =
            outcomes.iter().map(|outcome| (&outcome.row, outcome.finding.as_ref())).collect();
        if let Some(path) = &self.junit {
            let written = std::fs::write(path, junit::document(&checks));
            written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        if self.json {
            return print(&json::document(&checks));
        }
        let mut text = table::table(&rows, &self.page.style);
        if !skipped.is_empty() {
            text += "\nnot run, as the engine has no model of it:\n";
            for line in skipped {
                text += &format!("  {line}\n");
            }
        }
        let drawn = chosen(outcomes, draw);
        for finding in &drawn {
            text += &format!("\n{}", finding.drawing());
        }
        if drawn.iter().any(|finding| finding.drawing().contains("SELVEDGE_REPLAY=")) {
            text += "\nto run one of these executions here: selvedge replay TOKEN (what stands \
                     behind SELVEDGE_REPLAY=)\n";
        }
        text += &format!("\n{}\n", table::closing(&rows, &self.page.style));
        print(&text)
    }

    /// Prints the results of knockouts: the listings of the sites with their marks, and a closing
    /// line.
    ///
    /// # Errors
    ///
    /// As [`Output::report`].
    pub(crate) fn knockouts(&self, reports: &[KnockoutReport], drawn: bool) -> Result<(), String> {
        if self.json {
            return print(&knockouts::document(reports));
        }
        let page = self.page;
        let mut text = String::new();
        for report in reports {
            text +=
                &knockouts::text(report, &page.style, &|file| std::fs::read_to_string(file).ok());
            text.push('\n');
            for tried in report.knockouts.iter().filter(|_| drawn) {
                if let Fate::Killed(found) = &tried.fate {
                    text += &format!(
                        "{}\n",
                        timeline::counterexample_within(found, &page.style, page.columns)
                    );
                }
            }
        }
        text += &format!("{}\n", knockouts::total(reports, &page.style));
        print(&text)
    }

    /// Prints a finished text.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub(crate) fn text(&self, text: &str) -> Result<(), String> {
        print(text)
    }

    /// Prints the results of real runs.
    ///
    /// # Errors
    ///
    /// As [`Output::report`].
    pub(crate) fn demo(&self, outcomes: &[Outcome]) -> Result<(), String> {
        if self.json || self.junit.is_some() {
            return self.report(outcomes, &[], Draw::All);
        }
        let lines = outcomes.iter().map(|Outcome { row, answer, .. }| match answer {
            Answer::Expected => format!("{}: {}\n", row.model, row.note),
            _ => format!("{}: {}: {}\n", row.model, row.verdict, row.note),
        });
        print(&lines.collect::<String>())
    }

    /// Prints the models.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub(crate) fn list(&self, models: &[Model]) -> Result<(), String> {
        if self.json {
            let models: Vec<_> = models
                .iter()
                .map(|model| {
                    let not_in: Vec<_> = model
                        .not_in
                        .iter()
                        .map(|(engine, reason)| {
                            serde_json::json!({ "engine": engine, "reason": reason })
                        })
                        .collect();
                    serde_json::json!({
                        "name": model.name,
                        "expect": model.expect.to_string(),
                        "about": model.about,
                        "not_in": not_in,
                    })
                })
                .collect();
            let document = serde_json::json!({ "version": 1, "models": models });
            return print(&format!("{document:#}\n"));
        }
        let longest = |text: fn(&Model) -> String| {
            models.iter().map(|model| text(model).len()).max().unwrap_or(0)
        };
        let names = longest(|model| model.name.to_string());
        let expectations = longest(|model| model.expect.to_string());
        let mut text = String::new();
        for model in models {
            let Model { name, about, expect, .. } = model;
            text += &format!("{name:names$}  {expect:expectations$}  {about}\n");
            for (engine, reason) in model.not_in {
                text += &format!(
                    "{:names$}  {:expectations$}  (not under {engine}: {reason})\n",
                    "", ""
                );
            }
        }
        print(&text)
    }
}

fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    // Some terminals do not know their size and report 0.
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The counterexamples to draw, in the order of the table.
fn chosen(outcomes: &[Outcome], draw: Draw) -> Vec<&Finding> {
    let mut systems: Vec<&str> = Vec::new();
    let mut chosen = Vec::new();
    for outcome in outcomes {
        let Some(finding) = &outcome.finding else { continue };
        let system = outcome.row.system.as_str();
        if draw == Draw::All || outcome.answer != Answer::Expected {
            chosen.push(finding);
        } else if !systems.contains(&system) {
            systems.push(system);
            chosen.push(finding);
        }
    }
    chosen
}

/// Prints all of it at once.
fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader has read enough (`selvedge | head`), which changes no verdict.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| format!("cannot write to standard output: {error}")),
    }
}
