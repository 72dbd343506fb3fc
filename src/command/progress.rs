//! Progress on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::time::Duration;

/// A progress bar that is only there on a terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Shows on a terminal how many of `checks` are finished. Shows nothing elsewhere.
    pub(crate) fn new(checks: usize) -> Progress {
        if !std::io::stderr().is_terminal() {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(checks as u64);
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {pos}/{len} {elapsed} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }

    /// Shows on a terminal how much of a file has been read, and returns its reader.
    pub(crate) fn reading(file: File) -> std::io::Result<(Progress, Box<dyn Read>)> {
        if !std::io::stderr().is_terminal() {
            return Ok((Progress::hidden(), Box::new(file)));
        }
        let bar = ProgressBar::new(file.metadata()?.len());
        let style = ProgressStyle::with_template(
            "{spinner} {bytes}/{total_bytes} {elapsed} {wide_bar} {msg}",
        );
        let bar = style.map_or(bar.clone(), |style| bar.with_style(style));
        let read = bar.wrap_read(file);
        Ok((Progress(bar), Box::new(read)))
    }

    /// For work of unknown length.
    pub(crate) fn hidden() -> Progress {
        Progress(ProgressBar::hidden())
    }

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
