//! A lane: one producer, one consumer, a ring of slots.
//!
//! The producer's only visible step is one store of `tail`, the consumer's is one store of `head`.
//! So the end of either, at any step, leaves a valid prefix of what was sent. The producer changes
//! `state` from OPEN to CLOSED. The thread that sees the producer's end changes it to DEAD. The
//! consumer reads *`state` first, then `tail`*: a lane seen closed then shows its last `tail`.

use super::bell::Bell;
use super::error::Death;
use super::fault::{Fault, Step};
use crate::cell::UnsafeCell;
use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::sync::{self, Arc};
use std::fmt;

const OPEN: u32 = 0;
const CLOSED: u32 = 1;
const DEAD: u32 = 2;

/// In `head`: the consumer is gone.
const GONE: usize = 1 << (usize::BITS - 1);

/// What producer and consumer share.
pub(super) struct Lane<T> {
    /// The item of position `p` is in slot `p % slots.len()`. Contract, answered by number below:
    /// 1. there is one `Producer` and one `Consumer` of a lane, and the methods that touch slots
    ///    borrow them mutably;
    /// 2. slots of positions in `head..tail` are the consumer's, all others the producer's;
    /// 3. each hands a slot over with a Release store that the other loads with Acquire before
    ///    touching it.
    slots: Box<[UnsafeCell<Option<T>>]>,
    /// How many items were taken, and the bit GONE. Only the consumer stores it.
    head: AtomicUsize,
    /// How many items were published. Only the producer stores it.
    tail: AtomicUsize,
    state: AtomicU32,
    /// The consumer rings it when there is room, and when it leaves.
    pub(super) room: Bell<()>,
    /// Why it is DEAD, set before `state` says so. No branch point, because nothing ever waits for
    /// it.
    death: std::sync::OnceLock<Death>,
    fault: Fault,
}

// SAFETY: items move from the producer's thread to the consumer's (T: Send); by 1, 2 and 3 of the
// contract on `slots` a slot is never touched by both at once.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for Lane<T> {}

/// The sending end of a lane.
#[derive(Debug)]
pub(super) struct Producer<T> {
    lane: Arc<Lane<T>>,
    /// The value of `lane.tail`, which only the producer stores.
    tail: usize,
}

/// The receiving end of a lane.
pub(super) struct Consumer<T> {
    lane: Arc<Lane<T>>,
    /// The value of `lane.head`, which only the consumer stores.
    head: usize,
    /// Whether the lane was seen ended: then no producer waits for room.
    ended: bool,
    /// Called when the consumer leaves before the lane has ended.
    on_gone: Option<Box<dyn FnOnce() + Send>>,
}

/// Why an item was not pushed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PushError<T> {
    Full(T),
    Disconnected(T),
    /// Only with [`Fault::Death`]: the process is gone, and the item with it.
    Died,
}

/// Why nothing was popped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PopError {
    /// Nothing is there now.
    Empty,
    /// Nothing is there, and nothing will come.
    Ended(End),
}

/// Whether and how the producer has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Dead(Death),
}

/// A lane with room for `capacity` items.
pub(super) fn lane<T>(capacity: usize, fault: Fault) -> (Producer<T>, Consumer<T>) {
    let slots: Box<[_]> = (0..capacity).map(|_| UnsafeCell::new(None)).collect();
    let lane = Lane {
        slots,
        head: AtomicUsize::new(0),
        tail: AtomicUsize::new(0),
        state: AtomicU32::new(OPEN),
        room: Bell::new("sender", ()),
        death: std::sync::OnceLock::new(),
        fault,
    };
    lane.slots.iter().for_each(|slot| sync::name(slot, "slot"));
    sync::name(&lane.head, "head");
    sync::name(&lane.tail, "tail");
    sync::name(&lane.state, "state");
    let lane = Arc::new(lane);
    let producer = Producer { lane: Arc::clone(&lane), tail: 0 };
    (producer, Consumer { lane, head: 0, ended: false, on_gone: None })
}

impl<T> Lane<T> {
    fn slot(&self, position: usize) -> &UnsafeCell<Option<T>> {
        &self.slots[position % self.slots.len()]
    }

    /// How many items are there. The number may be outdated when it is used.
    fn len(&self) -> usize {
        let head = self.head.load(Ordering::Acquire) & !GONE; // as in `push`
        let tail = self.tail.load(Ordering::Acquire); // as in `pop`
        tail.saturating_sub(head).min(self.slots.len())
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_gone(&self) -> bool {
        self.head.load(Ordering::Acquire) & GONE != 0 // as in `push`
    }

    pub(super) fn fault(&self) -> Fault {
        self.fault
    }
}

impl<T> Producer<T> {
    pub(super) fn lane(&self) -> &Arc<Lane<T>> {
        &self.lane
    }

    /// How many items it has pushed.
    pub(super) fn pushed(&self) -> usize {
        self.tail
    }

    /// Puts an item into the lane. The receiver must be woken afterwards.
    #[allow(unsafe_code)]
    pub(super) fn push(&mut self, item: T) -> Result<(), PushError<T>> {
        let Self { lane, tail } = self;
        // Acquire: pairs with the Release store in `pop`: an item is out of its slot before another
        // one goes in.
        let head = lane.head.load(Ordering::Acquire);
        if head & GONE != 0 {
            return Err(PushError::Disconnected(item));
        }
        if *tail - head == lane.slots.len() {
            return Err(PushError::Full(item));
        }
        if lane.fault.dies(*tail, Step::Write) {
            return Err(PushError::Died);
        }
        // SAFETY: 1. by `&mut self`; 2. `tail` is not in `head..tail`, nor is it `head + len`; 3.
        // by the load above
        lane.slot(*tail).with_mut(|slot| unsafe { *slot = Some(item) });
        if lane.fault.dies(*tail, Step::Publish) {
            return Err(PushError::Died);
        }
        *tail += 1;
        // Release: pairs with the Acquire load of `tail` in `pop`: a thread that sees the position
        // sees the slot.
        let publish = if lane.fault == Fault::RelaxedPublication {
            Ordering::Relaxed
        } else {
            Ordering::Release
        };
        lane.tail.store(*tail, publish);
        Ok(())
    }

    /// Declares that nothing more comes. The receiver must be woken afterwards.
    pub(super) fn close(&self) {
        // Release: pairs with the Acquire load of `state` in `pop`: a thread that sees the end sees
        // the last `tail`.
        self.lane.state.store(CLOSED, Ordering::Release);
    }

    /// Declares that the producer is gone. The receiver must be woken afterwards.
    pub(super) fn die(&self, death: Death) {
        let _ = self.lane.death.set(death); // there is one producer, and it dies once
        self.lane.state.store(DEAD, Ordering::Release); // as in `close`
    }
}

impl<T> Consumer<T> {
    pub(super) fn len(&self) -> usize {
        self.lane.len()
    }

    pub(super) fn on_gone(&mut self, call: impl FnOnce() + Send + 'static) {
        self.on_gone = Some(Box::new(call));
    }

    /// Takes the next item out of the lane.
    #[allow(unsafe_code)]
    pub(super) fn pop(&mut self) -> Result<T, PopError> {
        let lane = &*self.lane;
        // The order is the algorithm: `state` first, then `tail`.
        // Acquire: `state` pairs with `close` and `die`, `tail` with `push`
        let (state, tail) = if lane.fault == Fault::TailBeforeState {
            let tail = lane.tail.load(Ordering::Acquire);
            (lane.state.load(Ordering::Acquire), tail)
        } else {
            let state = lane.state.load(Ordering::Acquire);
            (state, lane.tail.load(Ordering::Acquire))
        };
        if self.head == tail {
            let Some(end) = self.end(state) else { return Err(PopError::Empty) };
            self.ended = true;
            return Err(PopError::Ended(end));
        }
        // SAFETY: 1. by `&mut self`; 2. `head` is in `head..tail`; 3. by the load above
        let item = lane.slot(self.head).with_mut(|slot| unsafe { (*slot).take() });
        self.head += 1;
        // Release: pairs with the Acquire load in `push`: the slot is empty before it is filled
        // again.
        lane.head.store(self.head, Ordering::Release);
        lane.room.ring();
        Ok(item.expect("a published slot is full"))
    }

    /// Whether and how the producer has ended. Items may be left.
    pub(super) fn ended(&self) -> Option<End> {
        self.end(self.lane.state.load(Ordering::Acquire)) // as in `pop`
    }

    fn end(&self, state: u32) -> Option<End> {
        match state {
            OPEN => None,
            CLOSED => Some(End::Closed),
            _ => Some(End::Dead(self.lane.death.get().cloned().unwrap_or(Death::Unknown))),
        }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Release: pairs with the Acquire load in `push`, as every store of `head`
        crate::load_bearing_elsewhere(
            "who sees GONE touches no slot: Relaxed would do, but not for other stores of head",
        );
        self.lane.head.store(self.head | GONE, Ordering::Release);
        if self.lane.fault != Fault::LeaveWithoutWake {
            self.lane.room.ring();
        }
        if let Some(call) = self.on_gone.take() {
            call();
        }
    }
}

impl<T> fmt::Debug for Lane<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("head", &self.head)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
