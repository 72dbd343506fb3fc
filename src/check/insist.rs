//! Assertions: a verdict that is not expected panics and stores its token for the next run.

use super::Settings;
use crate::counterexample::{Regression, Token};
use crate::vocabulary::verdict::{Expect, Kind};

/// A verdict as an assertion sees it, with its words.
pub(crate) enum Said<'a> {
    /// The verdict holds; how much was explored.
    Holds(String),
    Violated(Violation<'a>),
    /// The verdict is unknown; why.
    Unknown(String),
}

/// A violation as an assertion sees it.
pub(crate) struct Violation<'a> {
    pub(crate) kind: Kind,
    /// Whether it is a panic before the second thread: the code that a broken form tests never ran.
    pub(crate) is_of_set_up: bool,
    /// The token; empty if no token replays it.
    pub(crate) token: String,
    pub(crate) drawing: &'a dyn Fn() -> String,
}

/// What takes a check further that the budget has cut short.
pub(crate) fn further(was_cut: bool) -> &'static str {
    match was_cut && cfg!(unoptimised) {
        true => {
            "\nselvedge is not optimised in this build. With these lines in Cargo.toml, a check \
             comes much further:\n    [profile.dev]\n    opt-level = 1"
        }
        false => "",
    }
}

impl Violation<'_> {
    /// The drawing. Its last line replays the failure, and names the test that runs on this thread.
    fn drawn(&self) -> String {
        let drawing = (self.drawing)();
        match (drawing.strip_suffix("cargo test\n"), this_test()) {
            (Some(before), Some(test)) => format!("{before}cargo test {test} -- --exact\n"),
            (_, _) => drawing,
        }
    }
}

/// The test that runs on this thread, if libtest runs it: libtest names threads after tests.
fn this_test() -> Option<String> {
    let thread = std::thread::current();
    let is_path = |c: char| c.is_alphanumeric() || "_:".contains(c);
    // a thread of the user's own may have any name, but hardly a path
    let is_test = |name: &&str| name.contains("::") && name.chars().all(is_path);
    thread.name().filter(is_test).map(ToString::to_string)
}

/// What is expected of the model of this name.
pub(crate) struct Insistence {
    name: String,
    expect: Expect,
    /// Whether one execution is replayed, to be seen.
    replays: bool,
    regression: Option<Regression>,
}

impl Insistence {
    pub(crate) fn new(name: &str, expect: Expect, settings: &Settings) -> Insistence {
        let replays = settings.config.replay.is_some();
        let folder =
            settings.config.failures.as_deref().filter(|_| expect == Expect::Holds && !replays);
        let regression = folder.map(|folder| Regression::of(folder, name));
        Insistence { name: name.to_string(), expect, replays, regression }
    }

    /// Replays the last failure with `replay`, which returns nothing if the token is another
    /// model's. Returns the verdict if it still fails.
    pub(crate) fn regress<V>(
        &self,
        replay: impl FnOnce(&Token) -> Option<V>,
        is_violated: impl FnOnce(&V) -> bool,
    ) -> Option<V> {
        let regression = self.regression.as_ref()?;
        let verdict = replay(&regression.load()?)?;
        if is_violated(&verdict) {
            return Some(verdict);
        }
        regression.forget();
        None
    }

    /// # Panics
    /// If the verdict is not the expected one.
    #[track_caller]
    pub(crate) fn see(self, said: &Said<'_>) {
        let Insistence { name, expect, replays, regression } = self;
        match (said, expect) {
            // a test runner shows it with `--nocapture`
            (Said::Holds(coverage), Expect::Holds) => println!("{name}: holds: {coverage}"),
            (Said::Violated(found), Expect::Violation(kind))
                if found.kind == kind && found.is_of_set_up =>
            {
                panic!(
                    "{name} was to be violated by a {kind}, but its set-up panicked, before there \
                     was a second thread:\n{}",
                    found.drawn()
                )
            }
            (Said::Violated(found), Expect::Violation(kind)) if found.kind == kind && !replays => {}
            // a replay is there to be seen
            (Said::Violated(found), Expect::Violation(kind)) if found.kind == kind => {
                panic!("{}", found.drawn())
            }
            (Said::Violated(found), Expect::Holds) => {
                let kept = regression.filter(|_| !found.token.is_empty());
                let kept = kept.filter(|regression| regression.save(&found.token).is_ok());
                let kept = kept
                    .map(|r| format!("replayed first at the next run: {}\n", r.path().display()));
                panic!("{}{}", found.drawn(), kept.unwrap_or_default())
            }
            (Said::Violated(found), Expect::Violation(kind)) => {
                panic!(
                    "{name} was to be violated by a {kind}, but was violated like this:\n{}",
                    found.drawn()
                )
            }
            (Said::Holds(coverage), Expect::Violation(kind)) => {
                panic!("{name} was to be violated by a {kind}, but holds ({coverage})")
            }
            (Said::Unknown(why), _) => panic!("{name}: unknown: {why}"),
        }
    }
}
