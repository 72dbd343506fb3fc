//! The settings of an exploration, which checks, linearizability tests and knockouts share.

use super::Config;
use crate::vocabulary::budget::Budget;
use crate::vocabulary::terms::Terms;
use std::time::Duration;

/// How models are explored. Everything that explores models has every setting.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) budget: Budget,
    /// The most events of an execution; one with more is a livelock.
    pub(crate) max_events: usize,
    /// An execution with more is given up.
    pub(crate) most_events: Option<usize>,
    pub(crate) terms: Terms,
    /// The smallest stack of every thread in bytes; `None`: the engine's default.
    pub(crate) stack: Option<usize>,
    /// How long an execution may go without an event.
    pub(crate) patience: Duration,
    /// How long to look for a smaller execution with the same failure; zero: not at all.
    pub(crate) shrink: Duration,
    pub(crate) config: Config,
}

impl Default for Settings {
    /// A check's defaults, with the settings from the environment.
    fn default() -> Settings {
        Settings {
            budget: Budget::default(),
            max_events: 10_000,
            most_events: None,
            terms: Terms::default(),
            stack: None,
            patience: Duration::from_secs(10),
            shrink: Duration::from_secs(1),
            config: Config::from_env(),
        }
    }
}

/// The setters whose documentation is at [`Check`](crate::Check).
macro_rules! settings_of_check {
    ($($settings:ident).+) => {
        /// See [`Check::max_events`](crate::Check::max_events).
        pub fn max_events(mut self, events: usize) -> Self {
            self.$($settings).+.max_events = events;
            self
        }

        /// See [`Check::leaks`](crate::Check::leaks).
        pub fn leaks(mut self, leaks: impl Into<$crate::vocabulary::leaks::Leaks>) -> Self {
            self.$($settings).+.terms.leaks = leaks.into();
            self
        }

        /// See [`Check::spurious`](crate::Check::spurious).
        pub fn spurious(
            mut self,
            spurious: impl Into<$crate::vocabulary::spurious::Spurious>,
        ) -> Self {
            self.$($settings).+.terms.spurious = spurious.into();
            self
        }

        /// See [`Check::recursive_reads`](crate::Check::recursive_reads).
        pub fn recursive_reads(mut self, allowed: bool) -> Self {
            self.$($settings).+.terms.recursive_reads = allowed;
            self
        }

        /// See [`Check::stack`](crate::Check::stack).
        pub fn stack(mut self, bytes: usize) -> Self {
            self.$($settings).+.stack = Some(bytes);
            self
        }

        /// See [`Check::patience`](crate::Check::patience).
        pub fn patience(mut self, patience: std::time::Duration) -> Self {
            self.$($settings).+.patience = patience;
            self
        }
    };
}

pub(crate) use settings_of_check;
