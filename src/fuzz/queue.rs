//! Interprets bytes as operations on a queue and its senders, and compares them with one `VecDeque`
//! per sender. Also interprets bytes as the stream of a worker.

use super::Decisions;
use crate::systems::queue::{
    self, Producers, Receiver, Sender, TryRecvError, TrySendError, bounded,
};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Checks that a queue with several senders answers each operation as a sequential specification
/// does. It also checks that the queue distinguishes its end from emptiness, and a death from an
/// end.
///
/// # Panics
/// If it does not.
pub fn queue(bytes: &[u8]) {
    received(bytes, Receiver::try_recv);
}

/// Checks that what a worker sent before its stream became garbage is received, and that a stream
/// is finished only if the worker says so.
///
/// # Panics
/// If it does not.
pub fn pipe(bytes: &[u8]) {
    queue::check_bytes(bytes);
}

/// An item: the index of its sender, and its number among that sender's items.
type Item = (usize, u32);

/// The specification: one sender's items.
struct Lane {
    /// `None` once it has closed or died.
    sender: Option<Sender<Item>>,
    waiting: VecDeque<Item>,
    sent: u32,
}

impl Lane {
    fn new(sender: Sender<Item>) -> Self {
        Lane { sender: Some(sender), waiting: VecDeque::new(), sent: 0 }
    }
}

/// A higher limit would find nothing else.
const LANES: usize = 4;

fn received(bytes: &[u8], receive: impl Fn(&Receiver<Item>) -> Result<Item, TryRecvError>) {
    let mut decisions = Decisions::new(bytes);
    let Some(capacity) = decisions.below(4).map(|n| n + 1) else { return };
    let (sender, receiver) = bounded(capacity);
    let (mut receiver, mut lanes, mut deaths) = (Some(receiver), vec![Lane::new(sender)], 0);
    while let Some((operation, which)) = decisions.below(8).zip(decisions.below(LANES)) {
        let which = which % lanes.len();
        let lane = &mut lanes[which];
        match operation {
            0..=2 => send(lane, which, capacity, receiver.is_some()),
            3 | 4 => {
                let Some(receiver) = &receiver else { continue };
                expect(receive(receiver), &mut lanes);
                assert_eq!(
                    receiver.len(),
                    lanes.iter().map(|lane| lane.waiting.len()).sum::<usize>()
                );
            }
            5 => lane.sender = None, // dropping closes
            6 => {
                let clone = lane.sender.clone();
                if lanes.len() < LANES {
                    lanes.extend(clone.map(Lane::new));
                }
            }
            _ if which == LANES - 1 => receiver = None,
            _ => {
                // This drops the sender as a panic of its thread would, but without the hook's
                // output.
                let Some(sender) = lane.sender.take() else { continue };
                let died = catch_unwind(AssertUnwindSafe(move || {
                    let _sender = sender;
                    resume_unwind(Box::new(()));
                }));
                assert!(died.is_err());
                deaths += 1;
            }
        }
        if let Some(receiver) = &receiver {
            let open = lanes.iter().any(|lane| lane.sender.is_some());
            match receiver.producers() {
                Producers::Open => assert!(open, "nobody can send"),
                Producers::Closed => assert!(!open && deaths == 0, "an end that is none"),
                Producers::Died(_) => assert!(!open && deaths > 0, "a death that is none"),
            }
        }
    }
    if let Some(receiver) = receiver {
        end(&receiver, lanes, deaths);
    }
}

fn send(lane: &mut Lane, which: usize, capacity: usize, received: bool) {
    let Some(sender) = &lane.sender else { return };
    assert_eq!((sender.capacity(), sender.is_disconnected()), (Some(capacity), !received));
    let item = (which, lane.sent);
    match sender.try_send(item) {
        Ok(()) => {
            assert!(received && lane.waiting.len() < capacity, "there is no room for {item:?}");
            lane.waiting.push_back(item);
            lane.sent += 1;
        }
        Err(TrySendError::Full(back)) => {
            assert!(back == item && received && lane.waiting.len() == capacity)
        }
        Err(TrySendError::Disconnected(back)) => assert!(back == item && !received),
        Err(TrySendError::Unserialisable(..)) => panic!("nothing travels here"),
    }
}

/// A received item is the first of its sender. Nothing is received only if there is nothing.
fn expect(answer: Result<Item, TryRecvError>, lanes: &mut [Lane]) {
    let nothing = lanes.iter().all(|lane| lane.waiting.is_empty());
    let open = lanes.iter().any(|lane| lane.sender.is_some());
    match answer {
        Ok(item) => assert_eq!(lanes[item.0].waiting.pop_front(), Some(item), "out of order"),
        Err(TryRecvError::Empty) => assert!(nothing && open, "not empty, or at its end"),
        Err(TryRecvError::Disconnected) => assert!(nothing && !open, "not at its end"),
    }
}

/// Every sender ends. The rest is drained in each sender's order, and deaths are reported.
fn end(receiver: &Receiver<Item>, mut lanes: Vec<Lane>, deaths: usize) {
    lanes.iter_mut().for_each(|lane| lane.sender = None);
    let items = match receiver.drain() {
        Ok(items) => {
            assert_eq!(deaths, 0, "a death mistaken for an end");
            items
        }
        Err(died) => {
            assert_eq!(died.deaths.len(), deaths, "{died}");
            died.items
        }
    };
    for item in items {
        assert_eq!(lanes[item.0].waiting.pop_front(), Some(item), "drained out of order");
    }
    assert!(lanes.iter().all(|lane| lane.waiting.is_empty()), "something was lost");
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;

    #[test]
    fn emptiness_taken_for_the_end_is_noticed() {
        let bytes = [0, 3, 0]; // receive from an empty queue whose sender is open
        queue(&bytes);
        let polling =
            |receiver: &Receiver<Item>| receiver.try_recv().map_err(|_| TryRecvError::Disconnected);
        let said = objection(|bytes| received(bytes, polling), &bytes);
        assert!(said.contains("not at its end"), "{said}");
    }

    #[test]
    fn an_item_that_is_swallowed_is_noticed() {
        let bytes = [1, 0, 0, 0, 0, 3, 0]; // two items are sent, one is received
        queue(&bytes);
        let swallowing =
            |receiver: &Receiver<Item>| receiver.try_recv().and_then(|_| receiver.try_recv());
        let said = objection(|bytes| received(bytes, swallowing), &bytes);
        assert!(said.contains("out of order"), "{said}");
    }
}
