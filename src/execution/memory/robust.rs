//! Robustness: whether weak memory may show what sequential consistency does not.
//!
//! A race is two accesses of one atomic, at least one of them a write, that happens-before leaves
//! unordered. If in every sequentially consistent execution each race is between two SeqCst
//! accesses, then RC11 allows no other execution (Lahav, Vafeiadis, Kang, Hur, Dreyer, "Repairing
//! Sequential Consistency in C/C++11", PLDI 2017). So an exhaustive search of sequential
//! consistency also says whether there is anything left to look for.
//!
//! An access is compared with the last write, and a write with the reads since then, as in
//! FastTrack (Flanagan and Freund, PLDI 2009). An older access that is unordered with this one is
//! next to it in another execution of the search. What follows is about the operations that are
//! no accesses of atomics.
//!
//! * A lock that is taken acquires from its last release. So happens-before orders all that is done
//!   to one lock, and nothing is left to race. A try that fails reads that the lock is held, and
//!   acquires nothing: it is a race.
//! * A notification orders nothing. It is the read, and to begin to wait is the write, of a race
//!   that counts only beside a race of SeqCst accesses: those have an order that happens-before
//!   does not know, and with it, weak memory can leave a waiter asleep whom the search sees woken.
//!   Without them, happens-before and the order of notifications are those of some interleaving. A
//!   wait that says whether it was notified, and one that cannot end spuriously, is a plain race.
//! * `park` acquires from all that unparked it, and it may return without that: then weak memory
//!   adds nothing. If it cannot return spuriously, it races with what unparks it later.
//! * The count of an `Arc`: each drop releases, and the last one acquires. A look at the count
//!   acquires nothing: it races with what changes the count, and so does an upgrade of a `Weak`.
//! * A channel and a `Once` are made of locks here, and so they order more than std promises. Where
//!   they do, accesses that are weaker than SeqCst, and accesses of cells, count although they are
//!   ordered.
//! * Whoever creates an atomic, or borrows it exclusively, has handed the reference on or got it:
//!   by what orders the threads, or by a race that counts by itself.
//! * `is_finished` also acquires nothing. A search in which it is called is bounded anyway.

use super::Memory;
use crate::execution::World;
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId, Trace};
use crate::vocabulary::{PerObject, VectorClock};
use std::sync::atomic::Ordering;

/// Which races an access takes part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::execution) enum Strength {
    /// Two of these may race.
    SeqCst,
    /// A race of two of these counts beside a race of SeqCst accesses.
    Waiting,
    Weak,
}

impl From<Ordering> for Strength {
    fn from(order: Ordering) -> Strength {
        if order == Ordering::SeqCst { Strength::SeqCst } else { Strength::Weak }
    }
}

/// An access, for those that come later. The default is none: it happened before everything.
#[derive(Clone, Copy, Debug)]
struct Past {
    thread: ThreadId,
    epoch: u32,
    event: u32,
    strength: Strength,
}

impl Default for Past {
    fn default() -> Past {
        Past { thread: ThreadId::MAIN, epoch: 0, event: 0, strength: Strength::SeqCst }
    }
}

#[derive(Debug, Default)]
struct History {
    write: Past,
    /// The last read since then, and earlier ones that are not ordered before it.
    read: Past,
    reads: Vec<Past>,
}

/// Which accesses are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sought {
    #[default]
    All,
    /// Only those that are weaker than SeqCst: there were none so far. If there is one now, all
    /// executions so far are to be looked at again.
    Weaker,
}

/// Two events that race.
type Pair = (u32, u32);

/// The races of an execution: the first one of each kind.
#[derive(Debug, Default)]
pub(crate) struct Races {
    pub(super) sought: Sought,
    histories: PerObject<History>,
    found: Kinds<Pair>,
    /// Whether there was an access that is weaker than SeqCst.
    weaker: bool,
    /// Whether one was found that decides by itself, so that no other is sought.
    decided: bool,
}

/// What was found of each kind of race.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kinds<T> {
    /// At least one access is weaker than SeqCst.
    weak: Option<T>,
    /// Between a wait and a notification.
    waiting: Option<T>,
    /// Whether two SeqCst accesses raced.
    seqcst: bool,
    /// The two accesses are ordered, but perhaps only by what orders more than std promises.
    ordered: Option<T>,
    /// Whether something does that.
    orders_more: bool,
}

impl<T> Kinds<T> {
    /// The race that decides.
    fn decisive(&self) -> Option<&T> {
        let waiting = self.waiting.as_ref().filter(|_| self.seqcst);
        let ordered = self.ordered.as_ref().filter(|_| self.orders_more);
        self.weak.as_ref().or(waiting).or(ordered)
    }
}

impl Races {
    pub(super) fn clear(&mut self) {
        self.histories.iter_mut().for_each(|history| {
            (history.write, history.read) = Default::default();
            history.reads.clear();
        });
        self.found = Kinds::default();
        (self.weaker, self.decided) = (false, false);
    }

    /// An access. Its epoch is what its thread knows of itself.
    #[inline(never)]
    fn see(&mut self, now: &VectorClock, object: ObjectId, mine: Past, writes: bool) {
        let Races { histories, found, decided, weaker, .. } = self;
        *weaker |= mine.strength != Strength::SeqCst;
        let mine = Past { epoch: now.get(mine.thread), ..mine };
        let History { write, read, reads } = histories.of(object);
        found.compare(now, write, &mine);
        if writes {
            *write = mine;
            found.compare(now, read, &mine);
            *read = Past::default();
            if !reads.is_empty() {
                reads.drain(..).for_each(|read| found.compare(now, &read, &mine));
            }
        } else {
            let before = std::mem::replace(read, mine);
            if now.get(before.thread) < before.epoch {
                reads.retain(|read| read.thread != mine.thread);
                reads.push(before);
            }
        }
        *decided = found.weak.is_some();
    }
}

impl Kinds<Pair> {
    #[inline]
    fn compare(&mut self, now: &VectorClock, past: &Past, mine: &Past) {
        if past.thread == mine.thread {
            return;
        }
        let ordered = now.get(past.thread) >= past.epoch;
        match (past.strength, mine.strength) {
            (Strength::SeqCst, Strength::SeqCst) => self.seqcst |= !ordered,
            _ => self.weaker(ordered, past, mine),
        }
    }

    #[cold]
    fn weaker(&mut self, ordered: bool, past: &Past, mine: &Past) {
        if past.epoch == 0 {
            return; // there was none
        }
        let pair = (past.event, mine.event);
        match (past.strength, mine.strength) {
            (Strength::Waiting, _) | (_, Strength::Waiting) if ordered => {}
            (Strength::Waiting, Strength::Waiting) => _ = self.waiting.get_or_insert(pair),
            _ if ordered => _ = self.ordered.get_or_insert(pair),
            _ => _ = self.weak.get_or_insert(pair),
        }
    }
}

impl World {
    /// An access to an object, before the thread ticks, and after it has learned what it reads.
    #[inline]
    pub(in crate::execution) fn accesses(
        &mut self,
        me: ThreadId,
        object: ObjectId,
        strength: impl Into<Strength>,
        writes: bool,
    ) {
        let Memory { races: Some(races), clocks, .. } = &mut self.memory else { return };
        let strength = strength.into();
        let is_passed_over = strength == Strength::SeqCst && races.sought == Sought::Weaker;
        if !races.decided && !is_passed_over {
            let event = self.log.trace.events.len() as u32;
            let mine = Past { thread: me, epoch: 0, event, strength };
            races.see(clocks.now(me), object, mine, writes);
        }
    }

    /// A cell is accessed after this event, as happens-before has it.
    pub(in crate::execution) fn accesses_cell_after(&mut self, earlier: Option<usize>) {
        let event = self.log.trace.events.len() as u32;
        if let (Some(races), Some(earlier)) = (&mut self.memory.races, earlier) {
            races.found.ordered.get_or_insert((earlier as u32, event));
        }
    }

    /// An attempt to take a lock that others hold.
    pub(in crate::execution) fn tries_in_vain(&mut self, me: ThreadId, lock: ObjectId) {
        let Some(races) = &mut self.memory.races else { return };
        let events = &self.log.trace.events;
        let takes = |operation| {
            matches!(
                operation,
                Operation::Lock | Operation::TryLock | Operation::ReadLock | Operation::TryReadLock
            )
        };
        let taken = events.iter().rposition(|event| {
            event.object == Some(lock) && event.thread != me && takes(event.operation)
        });
        let taken = taken.map(|taken| (taken as u32, events.len() as u32));
        races.found.weak = races.found.weak.or(taken);
    }

    /// A lock is taken. One that is part of another type orders more than that type does in std.
    #[inline]
    pub(in crate::execution) fn orders_by(&mut self, lock: ObjectId) {
        if let Some(races) = &mut self.memory.races {
            races.found.orders_more |= self.objects[lock.index()].part;
        }
    }

    /// Adds the execution's races to those of the exploration. Returns what to seek in the next
    /// one, or that the exploration must begin again and seek all.
    pub(crate) fn add_races(&self, to: &mut Robustness) -> Result<Option<Sought>, Anew> {
        let Some(races) = &self.memory.races else { return Ok(None) };
        if races.weaker && races.sought == Sought::Weaker {
            to.1 = true;
            return Err(Anew);
        }
        let Kinds { weak, waiting, seqcst, ordered, orders_more } = &races.found;
        let trace = &self.log.trace;
        let keep = |of: &mut Option<String>, pair: &Option<Pair>, how: &str| {
            if let (None, Some((one, other))) = (&of, pair) {
                *of = Some(in_words(trace, *one as usize, *other as usize, how));
            }
        };
        keep(&mut to.0.weak, weak, NOTHING);
        keep(&mut to.0.waiting, waiting, NOTHING);
        keep(&mut to.0.ordered, ordered, MORE);
        to.0.seqcst |= seqcst;
        to.0.orders_more |= orders_more;
        to.1 |= races.weaker;
        let sought = if to.1 { Sought::All } else { Sought::Weaker };
        Ok(Some(sought).filter(|_| to.race().is_none())) // one is enough
    }
}

const NOTHING: &str = "nothing orders them";
const MORE: &str = "a channel or a Once may be all that orders them, and std's orders less";

/// An exploration must begin again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Anew;

/// The races of an exploration, and whether there was an access that is weaker than SeqCst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Robustness(Kinds<String>, bool);

impl Robustness {
    /// The same for an exploration that begins again.
    pub(crate) fn anew(&self) -> Robustness {
        Robustness(Kinds::default(), self.1)
    }

    /// The race by which weak memory may show more, if there is one.
    pub(crate) fn race(&self) -> Option<&String> {
        self.0.decisive()
    }
}

/// `thread 1's store (Release) of flag at src/a.rs:3:4 and main's load (Relaxed) at src/a.rs:9:4:
/// nothing orders them`
#[cold]
fn in_words(trace: &Trace, one: usize, other: usize, how: &str) -> String {
    let whose = |at: usize, of: bool| {
        let Some(event) = trace.events.get(at) else { return "an access".to_string() };
        let order = event.operation.ordering().map(|order| format!(" ({order:?})"));
        let object = event.object.filter(|_| of).map(|object| trace.object_name(object));
        format!(
            "{}'s {}{}{} at {}",
            trace.thread_name(event.thread),
            event.operation.name(),
            order.unwrap_or_default(),
            object.map_or(String::new(), |object| format!(" of {object}")),
            event.location
        )
    };
    format!("{} and {}: {how}", whose(one, true), whose(other, false))
}
