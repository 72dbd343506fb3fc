//! Identifies an execution: how it is found again, and how that is written.

use super::trace::Fingerprint;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The single execution to run, and its expected course as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Only {
    pub(crate) which: Which,
    /// The places, among those where the execution creates `Arc`s, at which the counts are steps of
    /// its schedule.
    pub(crate) counted: Vec<u32>,
    pub(crate) events: Arc<Fingerprint>,
}

/// How an execution is found again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// On green threads: its first choices; beyond them it takes the first option.
    Schedule(Prefix),
    /// Under loom, whose search is deterministic: the number of the execution.
    Execution(u64),
}

/// The first choices of an execution, at the points with more than one option: `0-1x3-2` for
/// `0 1 1 1 2`. A choice is the number of a thread, or of an option; or, where memory is weak, how
/// many stores of its object a read or a store goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefix(pub(crate) Vec<u32>);

/// The most choices of an execution. A longer text is refused before it takes memory.
const MOST: usize = 1_000_000;

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, run) in self.0.chunk_by(PartialEq::eq).enumerate() {
            let dash = if at > 0 { "-" } else { "" };
            match run.len() {
                1 => write!(f, "{dash}{}", run[0])?,
                times => write!(f, "{dash}{}x{times}", run[0])?,
            }
        }
        Ok(())
    }
}

impl FromStr for Prefix {
    /// The byte offset of the error, and why.
    type Err = (usize, String);

    fn from_str(text: &str) -> Result<Prefix, (usize, String)> {
        let mut choices = Vec::new();
        if text.is_empty() {
            return Ok(Prefix(choices));
        }
        let mut offset = 0;
        for step in text.split('-') {
            let (choice, run) = step.split_once('x').unwrap_or((step, "1"));
            let choice: u32 =
                choice.parse().map_err(|e| (offset, format!("choice {choice:?}: {e}")))?;
            let run: usize =
                run.parse().map_err(|e| (offset, format!("repetition {run:?}: {e}")))?;
            if run == 0 || run > MOST - choices.len() {
                return Err((
                    offset,
                    format!("a repetition of {run}: it is 1 to {MOST}, all together"),
                ));
            }
            choices.extend(std::iter::repeat_n(choice, run));
            offset += step.len() + 1;
        }
        Ok(Prefix(choices))
    }
}
