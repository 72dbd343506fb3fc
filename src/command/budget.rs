//! The budget of one check: executions, time, or both, and its text form.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::time::Duration;

/// The budget of one check. At least one of the two is set, and none of them is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Budget {
    pub(crate) executions: Option<u64>,
    pub(crate) time: Option<Duration>,
}

/// The default.
pub(crate) const EVERYDAY: Budget =
    Budget { executions: Some(20_000), time: Some(Duration::from_secs(5)) };

impl From<Budget> for selvedge::Budget {
    fn from(budget: Budget) -> selvedge::Budget {
        match (budget.executions, budget.time) {
            (Some(executions), None) => selvedge::Budget::executions(executions),
            (None, Some(time)) => selvedge::Budget::time(time),
            (Some(executions), Some(time)) => {
                selvedge::Budget::executions(executions).and_time(time)
            }
            (None, None) => selvedge::Budget::default(),
        }
    }
}

/// `10000`, `500ms`, `10000,5s`.
impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let executions = self.executions.map(|n| n.to_string());
        let time = self.time.map(|time| humantime::format_duration(time).to_string());
        f.write_str(&[executions, time].into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let mut budget = Budget { executions: None, time: None };
        for part in text.split(',').map(str::trim) {
            let (is_zero, twice) = match executions(part) {
                Some(number) => (number == 0, budget.executions.replace(number).is_some()),
                None => {
                    let time = humantime::parse_duration(part).map_err(|error| {
                        format!(
                            "{part:?} is neither executions (`10000`, `100k`) nor a time (`500ms`, \
                             `1.5s`, `2m`): {error}"
                        )
                    })?;
                    (time.is_zero(), budget.time.replace(time).is_some())
                }
            };
            if is_zero {
                return Err(format!(
                    "{part:?} would explore nothing, and a check that explored nothing says nothing"
                ));
            }
            if twice {
                return Err(format!("{text:?} gives the same bound twice"));
            }
        }
        Ok(budget)
    }
}

/// A number of executions: `10000`, `10000x`, `100k`, `2M`.
fn executions(part: &str) -> Option<u64> {
    let part = part.strip_suffix('x').unwrap_or(part);
    let (digits, unit) = match part.strip_suffix(['k', 'M']) {
        Some(digits) if part.ends_with('k') => (digits, 1_000),
        Some(digits) => (digits, 1_000_000),
        None => (part, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_executions_or_time_or_both() {
        let read =
            |text: &str| text.parse::<Budget>().map(|budget| (budget.executions, budget.time));
        assert_eq!(read("10000"), Ok((Some(10_000), None)));
        assert_eq!(read("10000x"), Ok((Some(10_000), None)));
        assert_eq!(read("500ms"), Ok((None, Some(Duration::from_millis(500)))));
        assert_eq!(read("7,30s"), Ok((Some(7), Some(Duration::from_secs(30)))));
        assert_eq!(read("100k"), Ok((Some(100_000), None)));
        assert_eq!(read("2M, 1m"), Ok((Some(2_000_000), Some(Duration::from_secs(60)))));
        assert_eq!(read("1.5s"), Ok((None, Some(Duration::from_millis(1_500)))));
        for written in ["10000", "500ms", "10000,5s", "1s 500ms"] {
            assert_eq!(written.parse::<Budget>().expect(written).to_string(), written);
        }
    }

    #[test]
    fn a_budget_of_zero_is_refused_with_a_reason() {
        for zero in ["0", "0s", "0ms", "10,0s"] {
            let error = zero.parse::<Budget>().expect_err(zero);
            assert!(error.contains("explored nothing"), "{error}");
        }
        for wrong in [
            "",
            "s",
            "-1",
            "1,2",
            "1s,2ms",
            "1,",
            "1z",
            "k",
            "99999999999999999999",
            "999999999999999999k",
        ] {
            wrong.parse::<Budget>().expect_err(wrong);
        }
    }
}
