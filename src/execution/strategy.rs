//! Strategies choose which thread runs next: what they are shown, asked and told.

use super::memory::Access;
use super::state::ObjectState;
use super::{Ending, Pending, Seen, ThreadState, World};
use crate::vocabulary::trace::{Lack, ObjectId, StaleRead, ThreadId};
use crate::vocabulary::verdict::Bound;
use std::any::Any;
use std::cell::RefCell;

/// A point where the next thread is chosen.
pub(crate) struct Point<'a> {
    /// The threads whose next operation can take effect: never empty, ascending.
    pub(crate) enabled: &'a [ThreadId],
    /// All threads, and all objects.
    pub(crate) threads: &'a [ThreadState],
    pub(crate) objects: &'a [ObjectState],
    /// The thread that ran last, if it can continue.
    pub(crate) current: Option<ThreadId>,
    /// Whether no thread can run except by a timeout.
    pub(crate) only_timeouts: bool,
    /// Whether more than one thread could run, offered or not.
    pub(crate) several: bool,
}

/// Which threads a strategy is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offers {
    /// The threads that can run. A thread that has yielded since the last change is left out as
    /// long as there are others.
    Fair,
    /// The threads that can run. A thread that could run only by a timeout is offered only if every
    /// other thread [waits](Strategy::waits).
    Able,
    /// Every thread that can run, including by a timeout.
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

/// Why a strategy ends an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It counts for nothing.
    InVain,
    /// This thread waits in a loop, and no other thread can run. So many events of the graph have
    /// come before.
    Livelock(ThreadId, usize),
}

/// What an operation on an object that is no atomic does, if memory is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Changes,
    /// It leaves the object as it is, in this state: a try that fails, a notification that finds
    /// nobody.
    Looks {
        state: u64,
    },
    /// It wakes this thread, one of several.
    Wakes(ThreadId),
}

/// The same, and by which choices: each out of how many. How many states back it reads, and which
/// of its options it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acted {
    pub(crate) effect: Effect,
    pub(crate) choices: [(usize, usize); 2],
}

/// How an execution ends that is not the one which it should repeat.
pub(crate) fn another(world: &World, why: String) -> Ending {
    let event = world.log.trace.events.len() + 1;
    Ending::Unknown(match world.rules.replays {
        Some(_) => Bound::Replay(format!("the program is another one: at event #{event}, {why}")),
        None => Bound::NotDeterministic(why),
    })
}

/// The two accesses of a data race: whose, and where in the trace.
pub(crate) type Race = [(ThreadId, usize); 2];

/// What explains a failure of weak memory, for its trace.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    pub(crate) stale_reads: Vec<StaleRead>,
    pub(crate) race: Vec<Lack>,
}

/// Chooses schedules, on green threads.
pub(crate) trait Strategy: Any {
    /// Prepares another execution. Returns false if none is left.
    fn begin(&mut self) -> bool;
    /// The thread that runs next if the last execution had this point too, and whether it was one
    /// of several.
    fn repeat(&mut self, _world: &World) -> Option<(ThreadId, bool)> {
        None
    }
    /// The thread that runs next, one of the enabled.
    fn pick(&mut self, point: &Point<'_>) -> ThreadId;
    /// A choice that is not about threads, below `options`.
    fn choose(&mut self, options: usize) -> usize;
    /// A value below `of`, for the model: they may be many.
    fn draw(&mut self, of: u32) -> u32 {
        self.choose(of as usize) as u32
    }
    /// An announced operation has taken effect: how it turned out.
    fn executed(&mut self, _world: &World, _thread: ThreadId, _pending: &Pending, _seen: &Seen) {}
    /// Which store of its object an access reads, if memory is weak: its number in the order of
    /// this execution, where the initial one is the first. An error ends the execution.
    fn reads(
        &mut self,
        world: &World,
        _thread: ThreadId,
        access: &Access,
    ) -> Result<usize, Ending> {
        Ok(self.newest(world, access.object))
    }
    /// What an announced operation on an object that is no atomic does, if memory is weak. What it
    /// reads may be older than the object's state.
    fn acts(
        &mut self,
        _world: &World,
        _thread: ThreadId,
        _pending: &Pending,
    ) -> Result<Acted, Ending> {
        Ok(Acted { effect: Effect::Changes, choices: [(0, 1); 2] })
    }
    /// How many of an object's stores so far are newer than the one that is about to be made, if
    /// memory is weak.
    fn overtakes(&mut self, _world: &World, _thread: ThreadId, _object: ObjectId) -> usize {
        0
    }
    /// Which store of an object is the newest, if memory is weak.
    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        world.stores_of(object).saturating_sub(1)
    }
    /// Whether a thread that can run must not, because another execution does what would follow.
    fn holds_off(&mut self, _world: &World, _thread: ThreadId) -> bool {
        false
    }
    /// The execution is over.
    fn ended(&mut self, _world: &mut World) {}
    /// What runs a failed execution again, in the order in which it is drawn. `None` if it is drawn
    /// as it was.
    fn drawing(&self, _world: &World) -> Option<Box<dyn Strategy>> {
        None
    }
    /// Why reads of this execution did not read the last store of their object, and why nothing
    /// orders the accesses of this data race.
    fn reasons(&self, _race: Option<Race>) -> Reasons {
        Reasons::default()
    }
    /// Which threads it is offered.
    fn offers(&self) -> Offers {
        Offers::Fair
    }
    /// Whether a thread that can run would only wait for others.
    fn waits(&self, _thread: ThreadId, _state: &ThreadState) -> bool {
        false
    }
    /// What a finished search has left out.
    fn caveat(&self) -> Option<Bound> {
        None
    }
    /// The share of its search tree that it has explored, as far as it knows the tree.
    fn explored(&self) -> Option<f64> {
        None
    }
    /// Whether this execution ends where the last choice was asked for.
    fn stops(&mut self) -> Option<Stop> {
        None
    }
    /// Whether a thread is made to repeat a round in which something has failed for no reason.
    fn repeats_failure(&self, _thread: ThreadId) -> bool {
        false
    }
    /// Whether all executions so far count for nothing: the exploration begins anew.
    fn begins_anew(&mut self) -> bool {
        false
    }
    /// Why this execution does not follow the schedule that it should repeat, if it does not.
    fn diverged(&self) -> Option<String> {
        None
    }
}

thread_local! {
    /// The strategy. It is not in the world, because it is shown the world.
    static STRATEGY: RefCell<Option<Box<dyn Strategy>>> = const { RefCell::new(None) };
}

/// Sets the strategy for the executions of this OS thread. Returns the previous one.
pub(crate) fn set_strategy(strategy: Option<Box<dyn Strategy>>) -> Option<Box<dyn Strategy>> {
    STRATEGY.replace(strategy)
}

/// Lends the strategy.
pub(crate) fn with_strategy<R>(f: impl FnOnce(&mut dyn Strategy) -> R) -> R {
    STRATEGY.with_borrow_mut(|strategy| {
        f(&mut **strategy.as_mut().expect("an exploration on shuttle has one"))
    })
}
