//! What is set for an exploration, whoever asks for it: a check, a test of linearizability,
//! knockouts.

use super::Config;
use crate::vocabulary::budget::Budget;
use std::time::Duration;

/// How models are explored. Each setting exists for everyone who explores models.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) budget: Budget,
    /// An execution with more events than this is a livelock.
    pub(crate) max_events: usize,
    /// Whether an object that outlives the execution is a violation.
    pub(crate) leaks: bool,
    /// Whether weak compare-exchanges fail, and waits and parks end, without a cause.
    pub(crate) spurious: bool,
    /// How large the stack of every thread is at least, in bytes; `None`: the engine's.
    pub(crate) stack: Option<usize>,
    /// How long an execution may go without an event.
    pub(crate) patience: Duration,
    /// How long to look for a smaller execution with the same failure; zero: not at all.
    pub(crate) shrink: Duration,
    pub(crate) config: Config,
}

impl Default for Settings {
    /// A check's, with what the environment says.
    fn default() -> Settings {
        Settings {
            budget: Budget::default(),
            max_events: 10_000,
            leaks: true,
            spurious: true,
            stack: None,
            patience: Duration::from_secs(10),
            shrink: Duration::from_secs(1),
            config: Config::from_env(),
        }
    }
}

/// The methods that change what [`Check`](crate::Check) explains at its own.
macro_rules! settings_of_check {
    ($($settings:ident).+) => {
        /// As [`Check::max_events`](crate::Check::max_events).
        pub fn max_events(mut self, events: usize) -> Self {
            self.$($settings).+.max_events = events;
            self
        }

        /// As [`Check::leaks`](crate::Check::leaks).
        pub fn leaks(mut self, leaks: bool) -> Self {
            self.$($settings).+.leaks = leaks;
            self
        }

        /// As [`Check::spurious`](crate::Check::spurious).
        pub fn spurious(mut self, spurious: bool) -> Self {
            self.$($settings).+.spurious = spurious;
            self
        }

        /// As [`Check::stack`](crate::Check::stack).
        pub fn stack(mut self, bytes: usize) -> Self {
            self.$($settings).+.stack = Some(bytes);
            self
        }

        /// As [`Check::patience`](crate::Check::patience).
        pub fn patience(mut self, patience: std::time::Duration) -> Self {
            self.$($settings).+.patience = patience;
            self
        }
    };
}

pub(crate) use settings_of_check;
