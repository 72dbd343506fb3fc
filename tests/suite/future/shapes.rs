//! The shapes of the crates atomic-waker, event-listener and async-channel, whole and broken.

use super::{executions, holds, violated};
use selvedge::cell::UnsafeCell;
use selvedge::future::{AtomicWaker, block_on, cancellable, poll_fn, spawn};
use selvedge::sync::atomic::{
    AtomicBool,
    Ordering::{self, Acquire, Relaxed, Release},
};
use selvedge::sync::{Arc, Mutex};
use selvedge::verdict::Kind;
use selvedge::{Check, Explorer, Verdict, thread};
use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

/// A flag beside an `AtomicWaker`, and what it publishes.
struct Signal {
    set: AtomicBool,
    waker: AtomicWaker,
    data: UnsafeCell<u32>,
}

// SAFETY: the data is written before the flag is set, and read after it was seen; the models are
// about whether that is so
#[allow(unsafe_code)]
unsafe impl Sync for Signal {}

/// Whether who waits looks again once its waker is registered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    Again,
    Once,
}

/// The flag is set and looked at by these orderings. `reads` what it publishes, or does not.
fn signal(looks: Looks, (set, look): (Ordering, Ordering), reads: bool) {
    let signal = Arc::new(Signal {
        set: AtomicBool::new(false),
        waker: AtomicWaker::new(),
        data: UnsafeCell::new(0),
    });
    let theirs = Arc::clone(&signal);
    let setter = thread::spawn(move || {
        theirs.data.with_mut(|data| {
            // SAFETY: nobody reads before the flag is set
            #[allow(unsafe_code)]
            unsafe {
                *data = 7;
            }
        });
        theirs.set.store(true, set);
        theirs.waker.wake();
    });
    block_on(poll_fn(|context| {
        if signal.set.load(look) {
            return Poll::Ready(());
        }
        signal.waker.register(context.waker());
        let ready = looks == Looks::Again && signal.set.load(look);
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }));
    if reads {
        // SAFETY: the flag was set, after the data was written
        #[allow(unsafe_code)]
        let data = signal.data.with(|data| unsafe { *data });
        assert_eq!(data, 7);
    }
    setter.join().unwrap();
}

const RELAXED: (Ordering, Ordering) = (Relaxed, Relaxed);

#[test]
fn an_atomic_waker_orders_a_relaxed_flag_and_loses_no_wake() {
    assert_eq!(executions("flag", || signal(Looks::Again, RELAXED, false)), [4, 8, 8]);
    violated("late", Kind::Deadlock, || signal(Looks::Once, RELAXED, false));
}

#[test]
fn what_a_flag_publishes_beside_an_atomic_waker_is_up_to_the_flag() {
    assert_eq!(executions("data", || signal(Looks::Again, (Release, Acquire), true)), [4, 8, 8]);
    violated("race", Kind::DataRace, || signal(Looks::Again, RELAXED, true));
}

/// Listeners in a list. A notification goes to the first one that has none yet.
#[derive(Default)]
struct Event {
    listeners: Mutex<Vec<Entry>>,
}

struct Entry {
    id: usize,
    notified: bool,
    waker: Option<Waker>,
}

struct Listener {
    event: Arc<Event>,
    id: usize,
    /// Whether a notification that it leaves unused goes to another one.
    passes_on: bool,
}

impl Event {
    fn listen(event: &Arc<Event>, id: usize, passes_on: bool) -> Listener {
        event.listeners.lock().unwrap().push(Entry { id, notified: false, waker: None });
        Listener { event: Arc::clone(event), id, passes_on }
    }

    fn notify(&self) {
        let mut listeners = self.listeners.lock().unwrap();
        let next = listeners.iter_mut().find(|entry| !entry.notified);
        let waker = next.and_then(|entry| {
            entry.notified = true;
            entry.waker.take()
        });
        drop(listeners);
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Listener {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut listeners = self.event.listeners.lock().unwrap();
        let entry = listeners.iter_mut().find(|entry| entry.id == self.id).unwrap();
        if entry.notified {
            return Poll::Ready(());
        }
        entry.waker = Some(context.waker().clone());
        Poll::Pending
    }

    async fn wait(self) {
        poll_fn(|context| self.poll(context)).await;
        let mut listeners = self.event.listeners.lock().unwrap();
        listeners.retain(|entry| entry.id != self.id); // it is used up
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.event.listeners.lock().unwrap();
        let Some(at) = listeners.iter().position(|entry| entry.id == self.id) else { return };
        let entry = listeners.remove(at);
        drop(listeners);
        if entry.notified && self.passes_on {
            self.event.notify();
        }
    }
}

/// One notification, for two listeners, one of which may stop to wait for it.
fn listeners(passes_on: bool) {
    let event = Arc::new(Event::default());
    let (first, second) =
        (Event::listen(&event, 1, passes_on), Event::listen(&event, 2, passes_on));
    let waits = spawn(cancellable(first.wait()));
    let notifier = thread::spawn(move || event.notify());
    if block_on(waits).unwrap().is_none() {
        block_on(second.wait());
    } else {
        drop(second);
    }
    notifier.join().unwrap();
}

#[test]
fn a_listener_that_is_dropped_passes_its_notification_on() {
    for explorer in [Explorer::Exhaustive, Explorer::Graphs] {
        assert_eq!(holds("listeners", explorer, || listeners(true)).executions, 56);
        match Check::new("swallowed").explorers([explorer]).run(|| listeners(false)) {
            Verdict::Violated(found) if found.kind == Kind::Deadlock => {}
            other => panic!("{explorer}: {other:?}"),
        }
    }
}

/// A channel: a queue under a lock, and the wakers of who waits at its ends.
struct Channel {
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Default)]
struct State {
    items: VecDeque<u32>,
    closed: bool,
    receivers: Vec<Waker>,
    senders: Vec<Waker>,
}

#[derive(Clone, Copy, Default)]
struct Faults {
    /// A receiver that has taken an item wakes no sender.
    tells_no_sender: bool,
    /// To close wakes no receiver.
    closes_silently: bool,
}

impl Channel {
    async fn send(&self, item: u32) {
        poll_fn(|context| {
            let mut state = self.state.lock().unwrap();
            if state.items.len() == 1 {
                state.senders.push(context.waker().clone());
                return Poll::Pending;
            }
            state.items.push_back(item);
            let receiver = state.receivers.pop();
            drop(state);
            receiver.into_iter().for_each(Waker::wake);
            Poll::Ready(())
        })
        .await;
    }

    async fn receive(&self) -> Option<u32> {
        poll_fn(|context| {
            let mut state = self.state.lock().unwrap();
            let Some(item) = state.items.pop_front() else {
                if state.closed {
                    return Poll::Ready(None);
                }
                state.receivers.push(context.waker().clone());
                return Poll::Pending;
            };
            let sender = state.senders.pop().filter(|_| !self.faults.tells_no_sender);
            drop(state);
            sender.into_iter().for_each(Waker::wake);
            Poll::Ready(Some(item))
        })
        .await
    }

    fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        let receivers = std::mem::take(&mut state.receivers);
        drop(state);
        if !self.faults.closes_silently {
            receivers.into_iter().for_each(Waker::wake);
        }
    }
}

fn channel(faults: Faults) {
    let channel = Arc::new(Channel { state: Mutex::new(State::default()), faults });
    let theirs = Arc::clone(&channel);
    let sender = spawn(async move {
        theirs.send(1).await;
        theirs.send(2).await;
        theirs.close();
    });
    let got = block_on(async {
        let mut got = Vec::new();
        while let Some(item) = channel.receive().await {
            got.push(item);
        }
        got
    });
    assert_eq!(got, [1, 2]);
    block_on(sender).unwrap();
}

#[test]
fn a_channel_hands_all_items_over_in_order() {
    assert_eq!(executions("channel", || channel(Faults::default())), [48, 1232, 1232]);
}

#[test]
fn a_channel_that_forgets_to_wake_is_a_deadlock() {
    violated("sender", Kind::Deadlock, || {
        channel(Faults { tells_no_sender: true, ..Faults::default() });
    });
    violated("close", Kind::Deadlock, || {
        channel(Faults { closes_silently: true, ..Faults::default() });
    });
}
