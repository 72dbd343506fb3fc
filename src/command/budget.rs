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
        let time = self.time.map(|time| match time.subsec_millis() {
            0 => format!("{}s", time.as_secs()),
            _ => format!("{}ms", time.as_millis()),
        });
        f.write_str(&[executions, time].into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let mut budget = Budget { executions: None, time: None };
        for part in text.split(',') {
            // The longer unit first: `ms` ends with `s`.
            let (digits, unit) = ["ms", "s", "x"]
                .iter()
                .find_map(|unit| Some((part.strip_suffix(unit)?, *unit)))
                .unwrap_or((part, "x"));
            let number: u64 = digits.trim().parse().map_err(|e| {
                format!("{part:?} is neither executions (`10000`) nor a time (`500ms`, `30s`): {e}")
            })?;
            if number == 0 {
                return Err(format!(
                    "{part:?} would explore nothing, and a check that explored nothing says nothing"
                ));
            }
            let twice = match unit {
                "x" => budget.executions.replace(number).is_some(),
                "ms" => budget.time.replace(Duration::from_millis(number)).is_some(),
                _ => budget.time.replace(Duration::from_secs(number)).is_some(),
            };
            if twice {
                return Err(format!("{text:?} gives the same bound twice"));
            }
        }
        Ok(budget)
    }
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
        for written in ["10000", "500ms", "10000,5s", "1500ms"] {
            assert_eq!(written.parse::<Budget>().expect(written).to_string(), written);
        }
    }

    #[test]
    fn a_budget_of_zero_is_refused_with_a_reason() {
        for zero in ["0", "0s", "0ms", "10,0s"] {
            let error = zero.parse::<Budget>().expect_err(zero);
            assert!(error.contains("explored nothing"), "{error}");
        }
        for wrong in ["", "s", "-1", "1h", "1,2", "1s,2ms", "1,", "99999999999999999999"] {
            wrong.parse::<Budget>().expect_err(wrong);
        }
    }
}
