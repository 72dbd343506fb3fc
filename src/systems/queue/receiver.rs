//! The receiving end of a queue.

use super::bell::yields;
use super::error::{Death, Died, Producers, RecvError, RecvTimeoutError, TryRecvError};
use super::hub::{Arrivals, Hub};
use super::lane::{Consumer, End, PopError};
use crate::sync::Arc;
use crate::thread;
use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

/// The receiving end of a queue. Items of one sender arrive in the order in which they were sent.
///
/// Dropping it makes every `send` an error.
pub struct Receiver<T> {
    /// A `RefCell`, because a lane has one consumer: a receiver is not `Sync`.
    lanes: RefCell<Lanes<T>>,
    hub: Arc<Hub<T>>,
    capacity: usize,
}

struct Lanes<T> {
    /// The lanes that were not seen ended.
    open: Vec<Consumer<T>>,
    /// Where the next sweep begins: no lane is served twice while others wait.
    next: usize,
    /// The ends of those that did not close.
    deaths: Vec<Death>,
    /// The number of receives since new lanes were last adopted.
    since: u32,
}

/// At most this many receives pass before a new lane is served, however busy the others are.
const TAKE_UP: u32 = 32;

impl<T> Lanes<T> {
    fn take_up(&mut self, arrivals: &mut Arrivals<T>) {
        self.since = 0;
        self.open.extend(arrivals.take());
    }

    /// The next item of any lane. `Disconnected` is final only if all lanes are included.
    fn sweep(&mut self) -> Result<T, TryRecvError> {
        for _ in 0..self.open.len() {
            self.next %= self.open.len();
            match self.open[self.next].pop() {
                Ok(item) => {
                    self.next += 1;
                    return Ok(item);
                }
                Err(PopError::Empty) => self.next += 1,
                Err(PopError::Ended(end)) => {
                    self.open.remove(self.next);
                    if let End::Dead(death) = end {
                        self.deaths.push(death);
                    }
                }
            }
        }
        Err(if self.open.is_empty() { TryRecvError::Disconnected } else { TryRecvError::Empty })
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(hub: Arc<Hub<T>>, capacity: usize) -> Self {
        let lanes = Lanes { open: Vec::new(), next: 0, deaths: Vec::new(), since: 0 };
        let receiver = Self { lanes: RefCell::new(lanes), hub, capacity };
        crate::load_bearing_elsewhere(
            "nobody else has a sender yet; the lock is the only way to what is behind it",
        );
        receiver.lanes.borrow_mut().take_up(&mut receiver.hub.lock());
        receiver
    }

    /// Sweeps without the hub's lock. If this finds nothing, that is no answer yet.
    fn glance(&self) -> Option<T> {
        let mut lanes = self.lanes.borrow_mut();
        lanes.since += 1;
        if lanes.since == TAKE_UP {
            lanes.take_up(&mut self.hub.lock());
        }
        lanes.sweep().ok()
    }

    /// Sweeps all lanes. While the hub is locked, no lane arrives. A lane cloned from one that was
    /// seen closed arrived before that one closed, and hence before this.
    fn look(&self, arrivals: &mut Arrivals<T>) -> Result<T, TryRecvError> {
        let mut lanes = self.lanes.borrow_mut();
        lanes.take_up(arrivals);
        lanes.sweep()
    }

    /// The next item, if one is there.
    ///
    /// # Errors
    ///
    /// `Empty` if none is there now; `Disconnected` if none will ever be.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.glance() {
            Some(item) => Ok(item),
            None => self.look(&mut self.hub.lock()),
        }
    }

    /// The next item, waiting until there is one.
    ///
    /// # Errors
    ///
    /// If every producer has ended and no item is left. [`producers`](Self::producers) says how
    /// they ended.
    pub fn recv(&self) -> Result<T, RecvError> {
        match self.recv_until(None) {
            Ok(item) => Ok(item),
            Err(_) => Err(RecvError),
        }
    }

    /// The next item, waiting for one at most for `timeout`.
    ///
    /// # Errors
    ///
    /// `Timeout` if none came in time; `Disconnected` if none will ever be.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(Instant::now().checked_add(timeout)).map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, TryRecvError> {
        // Once without the lock, even without yields: models must see this path too.
        for turn in 0..=yields() {
            if turn > 0 {
                thread::yield_now();
            }
            if let Some(item) = self.glance() {
                return Ok(item);
            }
        }
        let seen = self.hub.wait_until(deadline, |arrivals| match self.look(arrivals) {
            Err(TryRecvError::Empty) => None,
            answer => Some(answer),
        });
        seen.unwrap_or(Err(TryRecvError::Empty))
    }

    /// Items as they come, until every producer has ended, in whatever way: see
    /// [`drain`](Self::drain).
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// The items that are there.
    pub fn try_iter(&self) -> impl Iterator<Item = T> + '_ {
        std::iter::from_fn(|| self.try_recv().ok())
    }

    /// All items until the end of the stream, if every producer has closed.
    ///
    /// # Errors
    ///
    /// If a producer died: the items that arrived, and how it died.
    pub fn drain(&self) -> Result<Vec<T>, Died<T>> {
        let items = self.iter().collect();
        let deaths = self.lanes.borrow().deaths.clone();
        if deaths.is_empty() { Ok(items) } else { Err(Died { items, deaths }) }
    }

    /// The state of the producers. Items of those that have ended may be left.
    #[must_use]
    pub fn producers(&self) -> Producers {
        let mut lanes = self.lanes.borrow_mut();
        lanes.take_up(&mut self.hub.lock());
        let mut deaths = lanes.deaths.clone();
        for lane in &lanes.open {
            match lane.ended() {
                None => return Producers::Open,
                Some(End::Closed) => {}
                Some(End::Dead(death)) => deaths.push(death),
            }
        }
        deaths.into_iter().next().map_or(Producers::Closed, Producers::Died)
    }

    /// Whether no producer can send any more. Items may be left.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        self.producers() != Producers::Open
    }

    /// How many items are there. The number may be outdated when it is used, so nothing should
    /// depend on it.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut lanes = self.lanes.borrow_mut();
        lanes.take_up(&mut self.hub.lock());
        lanes.open.iter().map(Consumer::len).sum()
    }

    /// Whether no item is there now. It says *nothing* about the end of the stream: more may come.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of items for which each producer has room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let late = self.hub.lock().leave();
        drop(late); // like the others: each tells its producer
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
