//! What an operation on an `Arc` does to its counts.
//!
//! Orderings are those of std's implementation. Two deviations. `get_mut` there locks the count of
//! `Weak`s, and another `get_mut` that finds it locked fails. Here no thread sees the lock. And the
//! last owner acquires what the count tells, where std has a fence, which no documentation says. As
//! there, all handles hold one `Weak` together, which the last owner gives up. It is not counted in
//! the state, so that this begins with 0.

use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// What an operation does to the handles of an `Arc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Makes another handle.
    Clone,
    /// Makes another `Weak` from one, or from a handle.
    CloneWeak,
    Downgrade,
    /// Gives up a handle.
    Drop,
    /// Gives up a `Weak`.
    DropWeak,
    /// Gives up a handle, and says whether it was the last.
    Claim,
    /// Gives up a handle if it is the only one.
    Unwrap,
    /// Finds out whether it has the only handle, and keeps it.
    Own,
    /// Finds out whether there are no `Weak`s.
    OwnWeak,
    /// Looks at the number of handles.
    Look,
    /// The same, and learns what those who gave theirs up knew.
    LookAcquire,
    /// Looks at the number of `Weak`s.
    LookWeak,
    /// The same, and learns what those who gave theirs up knew.
    LookWeakAcquire,
    /// Makes a handle, if there is one.
    Upgrade,
}

/// Which count it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Handles,
    Weaks,
}

/// What an operation makes of a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makes {
    /// It leaves the count as it is.
    Nothing,
    This(u64),
}

impl Does {
    pub(crate) fn of(self) -> Of {
        match self {
            Does::CloneWeak | Does::Downgrade | Does::DropWeak | Does::OwnWeak => Of::Weaks,
            Does::LookWeak | Does::LookWeakAcquire => Of::Weaks,
            Does::Clone | Does::Drop | Does::Claim | Does::Unwrap | Does::Own => Of::Handles,
            Does::Look | Does::LookAcquire | Does::Upgrade => Of::Handles,
        }
    }

    /// Whether it tells how many handles there are, or that there is one.
    pub(super) fn looks(self) -> bool {
        match self {
            Does::Clone | Does::CloneWeak | Does::Downgrade => false,
            Does::Drop | Does::DropWeak | Does::Claim => false,
            Does::Unwrap | Does::Own | Does::OwnWeak | Does::Look | Does::LookAcquire => true,
            Does::LookWeak | Does::LookWeakAcquire | Does::Upgrade => true,
        }
    }

    /// Whether a thread that finds itself alone is ordered after it.
    pub(super) fn releases(self) -> bool {
        matches!(self, Does::Drop | Does::DropWeak | Does::Claim)
    }

    /// What it makes of this count.
    pub(crate) fn makes(self, count: u64) -> Makes {
        let when = |holds: bool, then: u64| if holds { Makes::This(then) } else { Makes::Nothing };
        match self {
            Does::Clone | Does::CloneWeak | Does::Downgrade => Makes::This(count.wrapping_add(1)),
            Does::Drop | Does::DropWeak | Does::Claim => Makes::This(count.wrapping_sub(1)),
            Does::Upgrade => when(count > 0, count + 1),
            Does::Unwrap => when(count == 1, 0),
            // std locks the count, and unlocks it
            Does::Own => when(count == 1, 1),
            Does::OwnWeak => when(count == 0, 0),
            Does::Look | Does::LookAcquire => Makes::Nothing,
            Does::LookWeak | Does::LookWeakAcquire => Makes::Nothing,
        }
    }

    /// What it leaves of the count, if it changes that. `told` is how many it left or saw.
    pub(super) fn left(self, told: u64) -> Option<u64> {
        match self {
            Does::Clone | Does::CloneWeak | Does::Downgrade => Some(told),
            Does::Drop | Does::DropWeak | Does::Claim => Some(told),
            Does::Upgrade => (told > 0).then_some(told),
            Does::Unwrap => (told == 1).then_some(0),
            Does::Own => (told == 1).then_some(1),
            Does::OwnWeak => (told == 0).then_some(0),
            Does::Look | Does::LookAcquire | Does::LookWeak | Does::LookWeakAcquire => None,
        }
    }

    /// Its ordering, if it leaves this count, or none.
    pub(crate) fn order(self, left: Option<u64>) -> Ordering {
        match (self, left) {
            (Does::Drop | Does::Claim, Some(0)) => AcqRel, // the last one acquires
            (Does::Drop | Does::Claim | Does::DropWeak, _) => Release,
            (Does::Own | Does::OwnWeak, Some(_)) => AcqRel,
            (Does::Upgrade | Does::Unwrap, Some(_)) | (Does::Downgrade, _) => Acquire,
            (Does::LookAcquire | Does::LookWeakAcquire, _) => Acquire,
            (Does::Upgrade | Does::Unwrap | Does::Own | Does::OwnWeak, None) => Relaxed,
            (Does::Clone | Does::CloneWeak | Does::Look | Does::LookWeak, _) => Relaxed,
        }
    }
}
