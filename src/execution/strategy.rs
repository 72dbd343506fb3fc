//! Who chooses which thread goes on: what it is shown, what it is asked, and what it is told.

use super::{Pending, Seen, ThreadState, World};
use crate::vocabulary::trace::ThreadId;
use crate::vocabulary::verdict::Bound;
use std::any::Any;
use std::cell::RefCell;

/// A place where the next thread is chosen.
pub(crate) struct Point<'a> {
    /// The threads whose next operation can take effect: never empty, ascending.
    pub(crate) enabled: &'a [ThreadId],
    /// All threads.
    pub(crate) threads: &'a [ThreadState],
    /// The thread that ran last, if it could go on.
    pub(crate) current: Option<ThreadId>,
    /// Whether nobody could go on but by a timeout.
    pub(crate) only_timeouts: bool,
    /// Whether more than one thread could have gone on, offered or not.
    pub(crate) several: bool,
}

/// Which threads a strategy is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    /// Who could go on, but for those who have yielded since anything changed, as long as there are
    /// others.
    Fair,
    /// Who could go on; who could but by a timeout, only if everybody else
    /// [waits](Strategy::waits).
    Able,
    /// Everybody who could go on in one way or the other.
    All,
}

impl<'a> Point<'a> {
    /// What an enabled thread is about to do.
    pub(crate) fn pending(&self, thread: ThreadId) -> &'a Pending {
        self.threads[thread.index()]
            .pending
            .as_ref()
            .expect("an enabled thread has announced something")
    }
}

/// Chooses schedules, on green threads.
pub(crate) trait Strategy: Any {
    /// Prepares another execution; false when there is none left.
    fn begin(&mut self) -> bool;
    /// The thread that goes on, if this is a point that the last execution had too, and whether it
    /// was one of several.
    fn repeat(&mut self) -> Option<(ThreadId, bool)> {
        None
    }
    /// The thread that goes on, one of the enabled.
    fn pick(&mut self, point: &Point<'_>) -> ThreadId;
    /// A choice that is not about threads, below `options`.
    fn choose(&mut self, options: usize) -> usize;
    /// An operation has taken effect: the thread's announced one, as it turned out.
    fn executed(&mut self, _world: &World, _thread: ThreadId, _pending: &Pending, _seen: &Seen) {}
    /// The execution is over.
    fn ended(&mut self, _world: &World) {}
    /// Whom it is offered.
    fn offers(&self) -> Offers {
        Offers::Fair
    }
    /// Whether a thread that could go on would only wait for others.
    fn waits(&self, _thread: ThreadId, _state: &ThreadState) -> bool {
        false
    }
    /// What a search that has come to its end has left out.
    fn caveat(&self) -> Option<Bound> {
        None
    }
    /// Which share of its search tree it has explored, as far as it knows the tree.
    fn explored(&self) -> Option<f64> {
        None
    }
    /// Why this execution does not follow the schedule that it was to repeat, if it does not.
    fn diverged(&self) -> Option<String> {
        None
    }
}

thread_local! {
    /// Who chooses. Not in the world, because it is shown the world.
    static STRATEGY: RefCell<Option<Box<dyn Strategy>>> = const { RefCell::new(None) };
}

/// Says who chooses in the executions of this OS thread; who did before.
pub(crate) fn set_strategy(strategy: Option<Box<dyn Strategy>>) -> Option<Box<dyn Strategy>> {
    STRATEGY.replace(strategy)
}

/// Lends the one who chooses.
pub(crate) fn with_strategy<R>(f: impl FnOnce(&mut dyn Strategy) -> R) -> R {
    STRATEGY.with_borrow_mut(|strategy| {
        f(&mut **strategy.as_mut().expect("an exploration on shuttle has one"))
    })
}
