//! The hub: where producers ring, and where new lanes wait until the receiver adopts them.

use super::bell::{Bell, yields};
use super::error::Death;
use super::fault::{Fault, Step};
use super::lane::{Consumer, Lane, Producer, PushError, lane};
use crate::sync::Arc;
use crate::thread;
use std::time::Instant;

/// The receiver sleeps here.
pub(super) type Hub<T> = Bell<Arrivals<T>>;

/// Lanes that the receiver has not adopted yet.
#[derive(Debug)]
pub(super) struct Arrivals<T> {
    lanes: Vec<Consumer<T>>,
    gone: bool,
}

impl<T> Arrivals<T> {
    pub(super) fn new() -> Self {
        Self { lanes: Vec::new(), gone: false }
    }

    pub(super) fn take(&mut self) -> Vec<Consumer<T>> {
        std::mem::take(&mut self.lanes)
    }

    /// Records that the receiver is gone, and removes the lanes that it has not adopted.
    pub(super) fn leave(&mut self) -> Vec<Consumer<T>> {
        self.gone = true;
        self.take()
    }
}

/// The sending end of a lane in this process, and its way to the receiver.
#[derive(Debug)]
pub(super) struct Local<T> {
    producer: Producer<T>,
    hub: Arc<Hub<T>>,
}

impl<T> Local<T> {
    /// A new lane of this queue. `prepare` sees its consumer before the receiver can.
    pub(super) fn new(
        hub: &Arc<Hub<T>>,
        capacity: usize,
        fault: Fault,
        prepare: impl FnOnce(&mut Consumer<T>),
    ) -> Self {
        let (producer, mut consumer) = lane(capacity, fault);
        prepare(&mut consumer);
        let mut arrivals = hub.lock();
        // The lane that asks for this one stays open until we return, so no receiver sees the end
        // of the stream meanwhile.
        let gone = match arrivals.gone {
            true => Some(consumer),
            false => {
                arrivals.lanes.push(consumer);
                None
            }
        };
        drop(arrivals);
        drop(gone); // marks the lane, outside of the lock
        Self { producer, hub: Arc::clone(hub) }
    }

    /// Another lane of the same queue.
    pub(super) fn sibling(&self, prepare: impl FnOnce(&mut Consumer<T>)) -> Self {
        let lane = self.lane();
        Self::new(&self.hub, lane.capacity(), lane.fault(), prepare)
    }

    pub(super) fn lane(&self) -> &Arc<Lane<T>> {
        self.producer.lane()
    }

    pub(super) fn try_push(&mut self, item: T) -> Result<(), PushError<T>> {
        self.producer.push(item)?;
        if self.lane().fault().dies(self.producer.pushed() - 1, Step::Wake) {
            return Err(PushError::Died);
        }
        self.hub.ring();
        Ok(())
    }

    /// Pushes as soon as there is room. Returns `Full` if there is none until `deadline`, or when
    /// `give_up` says so.
    pub(super) fn push(
        &mut self,
        item: T,
        deadline: Option<Instant>,
        give_up: impl Fn() -> bool,
    ) -> Result<(), PushError<T>> {
        let mut item = Some(item);
        // Once without any lock, even without yields: models must see this path too.
        for turn in 0..=yields() {
            if turn > 0 {
                thread::yield_now();
            }
            match self.try_push(item.take().expect("it came back")) {
                Err(PushError::Full(back)) => item = Some(back),
                pushed => return pushed,
            }
        }
        let (lane, producer) = (Arc::clone(self.producer.lane()), &mut self.producer);
        let pushed = lane.room.wait_until(deadline, |()| {
            match producer.push(item.take().expect("it came back")) {
                Err(PushError::Full(back)) if give_up() => Some(Err(PushError::Full(back))),
                Err(PushError::Full(back)) => {
                    item = Some(back);
                    None
                }
                pushed => Some(pushed),
            }
        });
        match pushed {
            None => Err(PushError::Full(item.expect("it came back"))),
            Some(Ok(())) if lane.fault().dies(self.producer.pushed() - 1, Step::Wake) => {
                Err(PushError::Died)
            }
            Some(Ok(())) => {
                // outside of the lock of `room`, which the receiver takes under the hub's
                self.hub.ring();
                Ok(())
            }
            Some(error) => error,
        }
    }

    pub(super) fn close(self) {
        self.producer.close();
        if self.lane().fault() != Fault::CloseWithoutWake {
            self.hub.ring();
        }
    }

    pub(super) fn die(self, death: Death) {
        self.producer.die(death);
        self.hub.ring();
    }
}
