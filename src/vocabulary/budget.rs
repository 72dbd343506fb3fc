//! The budget of an explorer.

use std::time::Duration;

/// The budget of each explorer of a check.
///
/// ```
/// use selvedge::Budget;
/// use std::time::Duration;
///
/// let budget = Budget::executions(10_000).and_time(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    executions: Option<u64>,
    time: Option<Duration>,
}

impl Budget {
    /// Limits the number of executions.
    #[must_use]
    pub const fn executions(executions: u64) -> Budget {
        Budget { executions: Some(executions), time: None }
    }

    /// Limits the time.
    #[must_use]
    pub const fn time(time: Duration) -> Budget {
        Budget { executions: None, time: Some(time) }
    }

    /// Also limits the number of executions.
    #[must_use]
    pub const fn and_executions(self, executions: u64) -> Budget {
        Budget { executions: Some(executions), ..self }
    }

    /// Also limits the time.
    #[must_use]
    pub const fn and_time(self, time: Duration) -> Budget {
        Budget { time: Some(time), ..self }
    }

    pub(crate) fn most_executions(&self) -> Option<u64> {
        self.executions
    }

    pub(crate) fn most_time(&self) -> Option<Duration> {
        self.time
    }

    /// Returns `true` if the budget allows nothing at all.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.executions == Some(0) || self.time == Some(Duration::ZERO)
    }
}

impl Default for Budget {
    /// 20,000 executions and 2 seconds for each explorer.
    fn default() -> Self {
        Budget::executions(20_000).and_time(Duration::from_secs(2))
    }
}
