//! Exit codes: one table, printed by `--help`, and the only place where they are numbers.

use super::outcome::{Answer, Outcome};
use selvedge::knockout::{KnockoutReport, Mark};
use std::process::ExitCode;

/// The table.
pub(crate) const TABLE: &str = concat!(
    "Exit codes:\n",
    "  0  everything that must hold holds, and every broken form that must be caught is caught; ",
    "every knockout is\n",
    "     killed, or its survival explained\n",
    "  1  some verdict is not the expected one: a violation, or a broken form that was not ",
    "caught; or a knockout survived\n",
    "  2  the arguments are wrong (also a filter that matches nothing, a budget of zero, a token ",
    "that cannot\n",
    "     be read), or something could not be read or written\n",
    "  3  nothing is known to be wrong, but some check could say neither that its model holds nor ",
    "that it is violated,\n",
    "     or some knockout could not be decided, or is of an ordering on which nothing hangs that ",
    "the models watch",
);

/// The result of the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is as expected.
    Expected = 0,
    /// Something is not as expected.
    Violated = 1,
    /// Wrong arguments, or failed input or output.
    Usage = 2,
    /// Something is undecided.
    Unknown = 3,
}

impl Exit {
    /// The code for these outcomes. A wrong verdict outweighs a missing one. No outcomes at all
    /// prove nothing.
    pub(crate) fn of(outcomes: &[Outcome]) -> Exit {
        let any = |answer| outcomes.iter().any(|outcome| outcome.answer == answer);
        match () {
            () if any(Answer::Unexpected) => Exit::Violated,
            () if any(Answer::Unknown) || outcomes.is_empty() => Exit::Unknown,
            () => Exit::Expected,
        }
    }

    /// The code for these knockouts. A survivor outweighs an undecided one. No sites at all prove
    /// nothing.
    pub(crate) fn of_knockouts(reports: &[KnockoutReport]) -> Exit {
        match reports.iter().map(KnockoutReport::worst).max() {
            Some(Mark::Survived) => Exit::Violated,
            Some(Mark::Undecided | Mark::Nothing) | None => Exit::Unknown,
            Some(Mark::Killed | Mark::Explained) => Exit::Expected,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use selvedge::report::Row;

    fn exit(answers: &[Answer]) -> Exit {
        let outcome = |&answer| Outcome { row: Row::default(), answer, finding: None };
        Exit::of(&answers.iter().map(outcome).collect::<Vec<_>>())
    }

    #[test]
    fn a_wrong_verdict_weighs_more_than_an_unknown_one() {
        assert_eq!(exit(&[Answer::Expected, Answer::Unknown, Answer::Unexpected]), Exit::Violated);
        assert_eq!(exit(&[Answer::Expected, Answer::Unknown]), Exit::Unknown);
        assert_eq!(exit(&[Answer::Expected, Answer::Expected]), Exit::Expected);
    }

    #[test]
    fn nothing_checked_is_not_a_success() {
        assert_eq!(exit(&[]), Exit::Unknown);
    }
}
