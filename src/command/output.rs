//! What the command prints, and how it shows that it works.

use super::arguments::Arguments;
use super::exit::Exit;
use super::histories::{self, Request};
use super::outcome::{Answer, Outcome};
use clap::ColorChoice;
use indicatif::{ProgressBar, ProgressStyle};
use selvedge::knockout::{Fate, KnockoutReport};
use selvedge::report::{Finding, Row, Style, json, junit, knockouts, table, timeline};
use selvedge::systems::Model;
use selvedge::verdict::Counterexample;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Which counterexamples are drawn; those that nobody expected always are.
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

/// What counterexamples are drawn on.
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

impl Output {
    pub(crate) fn new(arguments: &Arguments) -> Output {
        let terminal = std::io::stdout().is_terminal();
        let colour = match arguments.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
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

    /// Prints the table, the counterexamples and the closing line. The exit code that they come to.
    ///
    /// # Errors
    ///
    /// If standard output or the JUnit file cannot be written.
    pub(crate) fn report(&self, outcomes: &[Outcome], skipped: &[String], draw: Draw) -> Result<Exit, String> {
        let rows: Vec<Row> = outcomes.iter().map(|outcome| outcome.row.clone()).collect();
        let checks: Vec<(&Row, Option<&Finding>)> =
            outcomes.iter().map(|outcome| (&outcome.row, outcome.finding.as_ref())).collect();
        if let Some(path) = &self.junit {
            let written = std::fs::write(path, junit::document(&checks));
            written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        if self.json {
            print(&json::document(&checks))?;
            return Ok(Exit::of(outcomes));
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
        if !drawn.is_empty() {
            text +=
                "\nto run one of these executions here: selvedge replay TOKEN (what stands behind SELVEDGE_REPLAY=)\n";
        }
        text += &format!("\n{}\n", table::closing(&rows, &self.page.style));
        print(&text)?;
        Ok(Exit::of(outcomes))
    }

    /// Prints what knockouts came to: the listings of the sites with their marks, and a closing line.
    ///
    /// # Errors
    ///
    /// As [`Output::report`].
    pub(crate) fn knockouts(&self, reports: &[KnockoutReport], drawn: bool) -> Result<Exit, String> {
        if self.json {
            print(&knockouts::document(reports))?;
            return Ok(super::knockouts::exit(reports));
        }
        let page = self.page;
        let mut text = String::new();
        for report in reports {
            text += &knockouts::text(report, &page.style, &|file| std::fs::read_to_string(file).ok());
            text.push('\n');
            for tried in report.knockouts.iter().filter(|_| drawn) {
                if let Fate::Killed(found) = &tried.fate {
                    text += &format!("{}\n", timeline::counterexample_within(found, &page.style, page.columns));
                }
            }
        }
        text += &format!("{}\n", knockouts::total(reports, &page.style));
        print(&text)?;
        Ok(super::knockouts::exit(reports))
    }

    /// Prints what real runs saw.
    ///
    /// # Errors
    ///
    /// As [`Output::report`].
    pub(crate) fn demo(&self, outcomes: &[Outcome]) -> Result<Exit, String> {
        if self.json || self.junit.is_some() {
            return self.report(outcomes, &[], Draw::All);
        }
        let lines = outcomes.iter().map(|Outcome { row, answer, .. }| match answer {
            Answer::Expected => format!("{}: {}\n", row.model, row.note),
            _ => format!("{}: {}: {}\n", row.model, row.verdict, row.note),
        });
        print(&lines.collect::<String>())?;
        Ok(Exit::of(outcomes))
    }

    /// Prints the models.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written.
    pub(crate) fn list(&self, models: &[Model]) -> Result<Exit, String> {
        if self.json {
            let models: Vec<_> = models
                .iter()
                .map(|model| {
                    let not_in: Vec<_> = model
                        .not_in
                        .iter()
                        .map(|(engine, reason)| serde_json::json!({ "engine": engine, "reason": reason }))
                        .collect();
                    serde_json::json!({
                        "name": model.name, "expect": model.expect.to_string(), "about": model.about, "not_in": not_in,
                    })
                })
                .collect();
            let document = serde_json::json!({ "version": 1, "models": models });
            print(&format!("{document:#}\n"))?;
            return Ok(Exit::Expected);
        }
        let longest = |text: fn(&Model) -> String| models.iter().map(|model| text(model).len()).max().unwrap_or(0);
        let names = longest(|model| model.name.to_string());
        let expectations = longest(|model| model.expect.to_string());
        let mut text = String::new();
        for model in models {
            let Model { name, about, expect, .. } = model;
            text += &format!("{name:names$}  {expect:expectations$}  {about}\n");
            for (engine, reason) in model.not_in {
                text += &format!("{:names$}  {:expectations$}  (not under {engine}: {reason})\n", "", "");
            }
        }
        print(&text)?;
        Ok(Exit::Expected)
    }

    /// Prints what is said of a history.
    pub(crate) fn judged(&self, request: &Request) -> Result<Exit, String> {
        let judged = histories::judge(request, self.json)?;
        print(&judged.text)?;
        Ok(judged.exit)
    }

    /// Shows on a terminal how many of `checks` are over; elsewhere nothing.
    pub(crate) fn progress(&self, checks: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(checks as u64);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }
}

fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    // Some terminals know nothing of themselves and say 0.
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// A progress bar that is only there on a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn starts(&self, what: &str) {
        self.0.set_message(what.to_string());
    }

    pub(crate) fn moves(&self, what: &str, so_far: &str) {
        self.0.set_message(format!("{what}: {so_far}"));
    }

    pub(crate) fn counts(&self, what: &str, done: usize, left: usize) {
        self.0.set_length((done + left) as u64);
        self.0.set_position(done as u64);
        self.0.set_message(format!("{what}: {left} left"));
    }

    pub(crate) fn ends(&self) {
        self.0.inc(1);
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
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
        // Whoever reads has read enough (`selvedge | head`): that changes no verdict.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| format!("cannot write to standard output: {error}")),
    }
}
