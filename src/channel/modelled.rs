//! The channel: a mutex and two condition variables.

use super::{RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError};
use crate::execution::knockout;
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

struct State<T> {
    /// The items, oldest first, each with its number.
    items: VecDeque<(u64, T)>,
    senders: usize,
    receivers: usize,
    /// The number of receivers that wait for an item.
    hungry: usize,
    /// The number of items ever sent.
    put: u64,
}

struct Channel<T> {
    state: Mutex<State<T>>,
    item: Condvar,
    room: Condvar,
    capacity: Option<usize>,
}

impl<T> Channel<T> {
    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Whether an item may be sent. On a rendezvous channel, a sender that can wait puts its item
    /// down and waits until it is received. A sender that cannot wait needs a receiver that is
    /// already waiting.
    fn has_room(&self, capacity: Option<usize>, can_wait: bool) -> bool {
        match capacity {
            None => true,
            Some(0) => can_wait || self.items.len() < self.hungry,
            Some(most) => self.items.len() < most,
        }
    }

    fn put(&mut self, item: T) -> u64 {
        self.put += 1;
        self.items.push_back((self.put, item));
        self.put
    }

    /// Returns the items that no receiver is left for. On a rendezvous channel, each sender takes
    /// its own item back.
    fn discard(&mut self, capacity: Option<usize>) -> VecDeque<(u64, T)> {
        if self.receivers == 0 && capacity != Some(0) {
            std::mem::take(&mut self.items)
        } else {
            VecDeque::new()
        }
    }

    /// Takes an item back, unless a receiver took it.
    fn withdraw(&mut self, number: u64) -> Option<T> {
        let at = self.items.iter().position(|item| item.0 == number)?;
        self.items.remove(at).map(|item| item.1)
    }
}

/// Creates a channel that holds at most `capacity` items. With 0 it is a rendezvous channel.
///
/// ```
/// let (sender, receiver) = selvedge::channel::bounded(1);
/// sender.send(7).unwrap();
/// drop(sender);
/// assert_eq!(receiver.recv(), Ok(7));
/// assert!(receiver.recv().is_err());
/// ```
#[track_caller]
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(capacity))
}

/// Creates a channel of unbounded capacity.
#[track_caller]
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

#[track_caller]
fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let state = State { items: VecDeque::new(), senders: 1, receivers: 1, hungry: 0, put: 0 };
    let channel = Arc::new(Channel {
        state: Mutex::part(state),
        item: Condvar::steady(),
        room: Condvar::steady(),
        capacity,
    });
    (Sender(Arc::clone(&channel), Location::caller()), Receiver(channel, Location::caller()))
}

/// Where an end was created. Where it goes out of scope is not known, so its close is reported
/// here.
type Made = &'static Location<'static>;

/// [`crossbeam_channel::Sender`], modelled.
pub struct Sender<T>(Arc<Channel<T>>, Made);

/// [`crossbeam_channel::Receiver`], modelled.
pub struct Receiver<T>(Arc<Channel<T>>, Made);

/// How long an operation may wait.
#[derive(Clone, Copy)]
enum Patience {
    None,
    Until(Instant, Duration),
    Endless,
}

impl Patience {
    fn of(timeout: Duration) -> Patience {
        Instant::now()
            .checked_add(timeout)
            .map_or(Patience::Endless, |end| Patience::Until(end, timeout))
    }

    /// Waits on `condvar`. Returns `true` once no time is left.
    #[track_caller]
    fn wait<'a, T>(self, condvar: &Condvar, guard: MutexGuard<'a, T>) -> (MutexGuard<'a, T>, bool) {
        match self {
            Patience::None => (guard, true),
            Patience::Endless => {
                (condvar.wait(guard).unwrap_or_else(PoisonError::into_inner), false)
            }
            Patience::Until(end, timeout) => {
                let modelled = crate::execution::is_modelled();
                // in a model no time passes: the timeout fires when the explorer says so
                let left =
                    if modelled { timeout } else { end.saturating_duration_since(Instant::now()) };
                let (guard, result) =
                    condvar.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner);
                (guard, result.timed_out())
            }
        }
    }
}

/// Why an item was not sent.
enum Refused<T> {
    Full(T),
    Disconnected(T),
}

impl<T> Sender<T> {
    /// Sends an item, blocking until there is room.
    ///
    /// # Errors
    /// Returns the item if no receiver is left.
    #[track_caller]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        match self.put(item, Patience::Endless) {
            Ok(()) => Ok(()),
            Err(Refused::Full(item) | Refused::Disconnected(item)) => Err(SendError(item)),
        }
    }

    /// Sends an item if there is room.
    ///
    /// # Errors
    /// Returns the item if there is no room or no receiver is left.
    #[track_caller]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        match self.put(item, Patience::None) {
            Ok(()) => Ok(()),
            Err(Refused::Full(item)) => Err(TrySendError::Full(item)),
            Err(Refused::Disconnected(item)) => Err(TrySendError::Disconnected(item)),
        }
    }

    /// Sends an item, blocking for at most `timeout` until there is room.
    ///
    /// # Errors
    /// Returns the item if there was no room or no receiver is left.
    #[track_caller]
    pub fn send_timeout(&self, item: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match self.put(item, Patience::of(timeout)) {
            Ok(()) => Ok(()),
            Err(Refused::Full(item)) => Err(SendTimeoutError::Timeout(item)),
            Err(Refused::Disconnected(item)) => Err(SendTimeoutError::Disconnected(item)),
        }
    }

    #[track_caller]
    fn put(&self, item: T, patience: Patience) -> Result<(), Refused<T>> {
        let channel = &*self.0;
        let mut state = channel.lock();
        let mut late = false;
        loop {
            if state.receivers == 0 {
                return Err(Refused::Disconnected(item));
            }
            if state.has_room(channel.capacity, !matches!(patience, Patience::None)) {
                break;
            }
            if late || matches!(patience, Patience::None) {
                return Err(Refused::Full(item));
            }
            (state, late) = patience.wait(&channel.room, state);
        }
        let mine = state.put(item);
        channel.item.notify_one();
        if channel.capacity == Some(0) && !matches!(patience, Patience::None) {
            while state.items.iter().any(|item| item.0 == mine) {
                if state.receivers == 0 || late {
                    let item = state.withdraw(mine).expect("just seen");
                    let gone = state.receivers == 0;
                    return Err(if gone {
                        Refused::Disconnected(item)
                    } else {
                        Refused::Full(item)
                    });
                }
                (state, late) = patience.wait(&channel.room, state);
            }
        }
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Receives the oldest item, blocking until there is one.
    ///
    /// # Errors
    /// If there is no item and no sender is left.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.take(Patience::Endless).map_err(|_| RecvError)
    }

    /// Receives the oldest item, if there is one.
    ///
    /// # Errors
    /// If there is no item; `Disconnected` if no sender is left either.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.take(Patience::None)
    }

    /// Receives the oldest item, blocking for at most `timeout`.
    ///
    /// # Errors
    /// If no item arrived; `Disconnected` if no sender is left.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.take(Patience::of(timeout)).map_err(|error| match error {
            TryRecvError::Empty => RecvTimeoutError::Timeout,
            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
        })
    }

    #[track_caller]
    fn take(&self, patience: Patience) -> Result<T, TryRecvError> {
        let channel = &*self.0;
        let hand_to_hand = channel.capacity == Some(0);
        let mut state = channel.lock();
        let mut late = false;
        loop {
            if let Some((_, item)) = state.items.pop_front() {
                if hand_to_hand {
                    channel.room.notify_all(); // each sender waits for its own item
                } else if channel.capacity.is_some() {
                    channel.room.notify_one();
                }
                return Ok(item);
            }
            if state.senders == 0 {
                return Err(TryRecvError::Disconnected);
            }
            if late || matches!(patience, Patience::None) {
                return Err(TryRecvError::Empty);
            }
            state.hungry += 1;
            (state, late) = patience.wait(&channel.item, state);
            state.hungry -= 1;
        }
    }

    /// Returns a blocking iterator over the items, until no sender is left.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Returns an iterator over the items that are available now.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

macro_rules! both {
    ($name:ident, $count:ident, $gone:ident) => {
        impl<T> $name<T> {
            /// Returns the number of items in the channel. It may already have changed when the
            /// caller reads it.
            #[track_caller]
            #[must_use]
            pub fn len(&self) -> usize {
                let state = self.0.lock();
                if self.0.capacity == Some(0) { 0 } else { state.items.len() }
            }

            /// Returns `true` if the channel is empty. This is advisory: it does not tell that no
            /// more items will come.
            #[track_caller]
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Returns `true` if the channel is full.
            #[track_caller]
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.0.capacity.is_some_and(|most| self.len() >= most)
            }

            /// Returns the capacity of the channel, if it is bounded.
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                self.0.capacity
            }

            /// Returns `true` if both belong to the same channel.
            #[must_use]
            pub fn same_channel(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.0, &other.0)
            }
        }

        impl<T> Clone for $name<T> {
            #[track_caller]
            fn clone(&self) -> Self {
                self.0.lock().$count += 1;
                $name(Arc::clone(&self.0), Location::caller())
            }
        }

        impl<T> Drop for $name<T> {
            #[track_caller]
            fn drop(&mut self) {
                if self.0.state.home.is_over() || knockout::plain(self.1, "close").is_some() {
                    return;
                }
                let mut state = self.0.lock();
                state.$count -= 1;
                if state.$count == 0 {
                    // the last one wakes everybody who waits for it
                    self.0.$gone.notify_all();
                }
                let unheard = state.discard(self.0.capacity);
                drop(state);
                drop(unheard); // not under the lock: this is the user's code
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

both!(Sender, senders, item);
both!(Receiver, receivers, room);

/// A blocking iterator: see [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

/// A non-blocking iterator: see [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

/// A blocking iterator that owns the receiver.
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}
