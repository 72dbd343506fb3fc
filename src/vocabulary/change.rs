//! Knockouts: a synchronisation operation in the source, and one change of it.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::Ordering;

/// A synchronisation operation in the source.
///
/// A function with `#[track_caller]` around an operation moves its site to the caller's line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The source file, as the compiler names it, with white space replaced.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1: a line may hold several operations.
    pub column: u32,
    /// The operation by its name in std: `lock`, `store`, `compare_exchange`, `notify_all`.
    pub operation: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.file, self.line, self.column, self.operation)
    }
}

/// Which ordering of an operation is weakened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    /// The only one.
    Whole,
    /// The success ordering of a compare-exchange.
    Success,
    /// The failure ordering of a compare-exchange.
    Failure,
}

/// The change of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Change {
    /// A lock is not acquired; a join or a barrier does not wait.
    Skipped,
    /// A reader-writer lock is acquired for reading instead of for writing.
    Demoted,
    /// This ordering replaces the declared one.
    Weaker(Half, Ordering),
    /// A read-modify-write becomes a load and then a store.
    Split,
    /// A compare-exchange writes whatever it finds, and reports success.
    Unconditional,
    /// A fence, a notification, an unpark or a channel's close does not happen.
    Dropped,
    /// `notify_all` wakes one waiter.
    One,
    /// The first call of a wait or a park returns spuriously.
    Spurious,
    /// The first call with a timeout times out.
    TimesOut,
}

const ORDERINGS: [(&str, Ordering); 4] = [
    ("AcqRel", Ordering::AcqRel),
    ("Acquire", Ordering::Acquire),
    ("Release", Ordering::Release),
    ("Relaxed", Ordering::Relaxed),
];

const PLAIN: [(&str, Change); 8] = [
    ("skipped", Change::Skipped),
    ("demoted", Change::Demoted),
    ("split", Change::Split),
    ("unconditional", Change::Unconditional),
    ("dropped", Change::Dropped),
    ("notify_one", Change::One),
    ("spurious", Change::Spurious),
    ("times-out", Change::TimesOut),
];

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Weaker(Half::Whole, order) => write!(f, "{order:?}"),
            Change::Weaker(Half::Success, order) => write!(f, "success-{order:?}"),
            Change::Weaker(Half::Failure, order) => write!(f, "failure-{order:?}"),
            plain => f.write_str(
                PLAIN.iter().find(|(_, change)| change == plain).map_or("?", |(name, _)| name),
            ),
        }
    }
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Change, String> {
        if let Some((_, change)) = PLAIN.iter().find(|(name, _)| *name == text) {
            return Ok(*change);
        }
        let halves = [("success-", Half::Success), ("failure-", Half::Failure), ("", Half::Whole)];
        let (half, name) = halves
            .iter()
            .find_map(|(prefix, half)| Some((*half, text.strip_prefix(prefix)?)))
            .expect("the empty prefix");
        let order = ORDERINGS.iter().find(|(known, _)| *known == name);
        order
            .map(|(_, order)| Change::Weaker(half, *order))
            .ok_or_else(|| format!("{text:?} is no change of an operation"))
    }
}

/// One synchronisation operation, removed or weakened:
/// `knockout:src/account.rs:31:14:lock/skipped`.
///
/// ```
/// use selvedge::knockout::{Change, Knockout};
///
/// let knockout: Knockout = "knockout:src/account.rs:31:14:lock/skipped".parse().unwrap();
/// assert_eq!((knockout.site.line, knockout.change), (31, Change::Skipped));
/// assert_eq!(knockout.to_string(), "knockout:src/account.rs:31:14:lock/skipped");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Knockout {
    /// The operation.
    pub site: Site,
    /// Its change.
    pub change: Change,
}

impl Knockout {
    /// Whether only weak memory may show it: loom is asked too.
    pub(crate) fn is_of_an_ordering(&self) -> bool {
        matches!(self.change, Change::Weaker(..)) || self.site.operation == "fence"
    }

    /// Whether the change publishes or acquires less. This is not so if only the total order of
    /// `SeqCst` operations is lost.
    pub(crate) fn publishes_less(&self) -> bool {
        match self.change {
            Change::Weaker(half, Ordering::Acquire) => {
                half != Half::Failure && self.site.operation != "load"
            }
            Change::Weaker(_, Ordering::Release) => self.site.operation != "store",
            Change::Weaker(_, order) => order == Ordering::Relaxed,
            Change::Dropped => self.site.operation == "fence",
            Change::Skipped | Change::Demoted | Change::Split | Change::Unconditional => false,
            Change::One | Change::Spurious | Change::TimesOut => false,
        }
    }
}

impl fmt::Display for Knockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "knockout:{}/{}", self.site, self.change)
    }
}

impl FromStr for Knockout {
    type Err = String;

    fn from_str(text: &str) -> Result<Knockout, String> {
        let wrong =
            || format!("{text:?} is not of the form knockout:FILE:LINE:COLUMN:OPERATION/CHANGE");
        let (place, change) =
            text.strip_prefix("knockout:").and_then(|t| t.rsplit_once('/')).ok_or_else(wrong)?;
        let mut parts = place.rsplitn(4, ':'); // from the end: a file's name may hold colons
        let operation =
            parts.next().filter(|operation| !operation.is_empty()).ok_or_else(wrong)?.to_string();
        let mut number = || parts.next().and_then(|n| n.parse().ok()).ok_or_else(wrong);
        let (column, line) = (number()?, number()?);
        let file = parts.next().filter(|file| !file.is_empty()).ok_or_else(wrong)?.to_string();
        Ok(Knockout { site: Site { file, line, column, operation }, change: change.parse()? })
    }
}

/// The orderings that an operation declares, as far as they can be weakened. A compare-exchange has
/// two.
pub(crate) type Declared = [Option<Ordering>; 2];

/// Whether the operation reads, and whether it writes: which orderings it can have.
fn halves(operation: &str) -> (bool, bool) {
    match operation {
        "load" => (true, false),
        "store" => (false, true),
        _ => (true, true),
    }
}

/// Returns the orderings that are one step weaker.
fn one_step_weaker(order: Ordering, (reads, writes): (bool, bool)) -> &'static [Ordering] {
    match (order, reads, writes) {
        (Ordering::SeqCst, true, true) => &[Ordering::AcqRel],
        (Ordering::SeqCst, true, false) => &[Ordering::Acquire],
        (Ordering::SeqCst, false, _) => &[Ordering::Release],
        (Ordering::AcqRel, ..) => &[Ordering::Acquire, Ordering::Release],
        (Ordering::Acquire | Ordering::Release, ..) => &[Ordering::Relaxed],
        _ => &[],
    }
}

/// Whether `weak` promises less than `strong`.
pub(crate) fn is_weaker(weak: Ordering, strong: Ordering) -> bool {
    match strong {
        Ordering::SeqCst => weak != Ordering::SeqCst,
        Ordering::AcqRel => !matches!(weak, Ordering::SeqCst | Ordering::AcqRel),
        Ordering::Acquire | Ordering::Release => weak == Ordering::Relaxed,
        _ => false,
    }
}

/// Returns the first changes to try for an operation, with orderings one step down.
pub(crate) fn changes(operation: &str, declared: Declared) -> Vec<Change> {
    let plain: &[Change] = match operation {
        "lock" | "try_lock" | "read" | "try_read" | "join" | "barrier" => &[Change::Skipped],
        "write" | "try_write" => &[Change::Skipped, Change::Demoted],
        "fence" | "notify_one" | "unpark" | "close" => &[Change::Dropped],
        "notify_all" => &[Change::Dropped, Change::One],
        "wait" | "park" => &[Change::Spurious],
        "wait_timeout" | "park_timeout" => &[Change::TimesOut],
        "compare_exchange" | "compare_exchange_weak" => &[Change::Split, Change::Unconditional],
        "load" | "store" => &[],
        _ => &[Change::Split],
    };
    let mut changes = plain.to_vec();
    for (half, order) in [Half::Whole, Half::Failure].into_iter().zip(declared) {
        let half = if declared[1].is_some() && half == Half::Whole { Half::Success } else { half };
        changes.extend(order.into_iter().flat_map(|order| weaker(operation, half, order)));
    }
    changes
}

/// Returns what to try once this change has survived: the same ordering, one more step down.
pub(crate) fn further(operation: &str, change: Change) -> Vec<Change> {
    match change {
        Change::Weaker(half, order) => weaker(operation, half, order),
        Change::Skipped
        | Change::Demoted
        | Change::Split
        | Change::Unconditional
        | Change::Dropped => Vec::new(),
        Change::One | Change::Spurious | Change::TimesOut => Vec::new(),
    }
}

fn weaker(operation: &str, half: Half, order: Ordering) -> Vec<Change> {
    let halves = if half == Half::Failure { (true, false) } else { halves(operation) };
    let weaker = one_step_weaker(order, halves).iter();
    // a relaxed fence has no effect: that is the knockout that drops it
    let weaker = weaker.filter(|order| operation != "fence" || **order != Ordering::Relaxed);
    weaker.map(|order| Change::Weaker(half, *order)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for change in
            ["skipped", "notify_one", "times-out", "AcqRel", "success-Release", "failure-Relaxed"]
        {
            let name = format!("knockout:C:\\a b.rs:1:22:store/{change}");
            assert_eq!(name.parse::<Knockout>().expect(&name).to_string(), name);
        }
        for wrong in [
            "",
            "knockout:",
            "knockout:a.rs:1:2:lock",
            "knockout:a.rs:1:lock/skipped",
            "knockout:a.rs:1:2:/split",
        ] {
            wrong.parse::<Knockout>().expect_err(wrong);
        }
        "knockout:a.rs:1:2:lock/SeqCst"
            .parse::<Knockout>()
            .expect_err("nothing is weakened to SeqCst");
    }

    #[test]
    fn orderings_are_weakened_step_by_step() {
        let names =
            |changes: Vec<Change>| changes.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(changes("load", [Some(Ordering::SeqCst), None])), ["Acquire"]);
        assert_eq!(
            names(further("load", Change::Weaker(Half::Whole, Ordering::Acquire))),
            ["Relaxed"]
        );
        assert_eq!(
            names(changes("fetch_add", [Some(Ordering::AcqRel), None])),
            ["split", "Acquire", "Release"]
        );
        let both = [Some(Ordering::AcqRel), Some(Ordering::Acquire)];
        let expected =
            ["split", "unconditional", "success-Acquire", "success-Release", "failure-Relaxed"];
        assert_eq!(names(changes("compare_exchange", both)), expected);
        assert_eq!(names(changes("fence", [Some(Ordering::SeqCst), None])), ["dropped", "AcqRel"]);
        assert_eq!(
            names(further("fence", Change::Weaker(Half::Whole, Ordering::Acquire))),
            [""; 0]
        );
        assert_eq!(names(changes("store", [Some(Ordering::Relaxed), None])), [""; 0]);
    }
}
