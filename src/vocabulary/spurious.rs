//! Which operations may fail or return spuriously.

/// Which operations may fail or return spuriously.
///
/// ```
/// use selvedge::{Check, Expect, Kind, Spurious, thread};
///
/// let parks_without_a_loop = || {
///     let ready = selvedge::sync::Arc::new(selvedge::sync::Mutex::new(false));
///     let (theirs, main) = (selvedge::sync::Arc::clone(&ready), thread::current());
///     let worker = thread::spawn(move || {
///         *theirs.lock().unwrap() = true;
///         main.unpark();
///     });
///     thread::park();
///     assert!(*ready.lock().unwrap());
///     worker.join().unwrap();
/// };
/// let as_shuttle = Check::new("parks").spurious(Spurious::Parks);
/// let _ = as_shuttle.expect(Expect::Violation(Kind::Panic)).assert(parks_without_a_loop);
/// let _ = Check::new("none").spurious(Spurious::None).assert(parks_without_a_loop);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spurious {
    /// All that std allows to do so (`true` stands for it).
    All,
    /// Parks.
    Parks,
    /// None (`false` stands for it).
    None,
}

impl Spurious {
    /// Whether a park may return.
    pub(crate) fn parks(self) -> bool {
        matches!(self, Spurious::All | Spurious::Parks)
    }

    /// Whether anything but a park may.
    pub(crate) fn others(self) -> bool {
        self == Spurious::All
    }
}

impl From<bool> for Spurious {
    fn from(spurious: bool) -> Spurious {
        if spurious { Spurious::All } else { Spurious::None }
    }
}
