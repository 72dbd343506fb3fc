//! The models of the queue: the correct forms, and the broken twins that must be caught.
//!
//! A broken twin uses the queue wrongly (the first four, as the original programs did), or the
//! queue has a seeded [`Fault`].

use super::error::{Death, Died, RecvError, SendError};
use super::fault::{Fault, Step};
use super::lane::{End, PopError, lane};
use super::{Receiver, Sender, bounded_with};
use crate::sync::{self, Arc, Mutex, PoisonError};
use crate::systems::Model;
use crate::thread::{self, JoinHandle};
use crate::verdict::{Expect, Kind};

/// The models of this system.
pub(super) const MODELS: &[Model] = &[
    holds(
        "queue/drain",
        "two items through room for one: the drain gets both, in order, and ends",
        || {
            drained(Fault::None, &[1, 2]);
        },
    ),
    holds("queue/publication", "an item and the end, from a thread to main: both arrive", || {
        published(Fault::None)
    }),
    holds(
        "queue/lane-alone",
        "a lane without its bells: who sees the end has seen the item",
        lane_alone,
    ),
    holds(
        "queue/two-producers",
        "an item from one of two producers: the drain gets it, and ends with both",
        || {
            assert_eq!(two_producers(&[]), [1], "an item is lost");
        },
    ),
    holds(
        "queue/two-producers/an-item-each",
        "two producers, an item each: the drain gets both, and ends",
        || {
            assert_eq!(two_producers(&[2]), [1, 2], "an item is lost");
        },
    ),
    holds(
        "queue/late-producer",
        "a sender that is cloned and closed: the clone's item is not missed",
        late_producer,
    ),
    holds(
        "queue/two-consumers",
        "one item, two consumers: one gets it, and both see the end",
        two_consumers,
    ),
    holds(
        "queue/close-wakes",
        "a receiver asleep on an empty queue wakes when the sender closes",
        close_wakes,
    ),
    holds(
        "queue/receiver-wakes",
        "a sender asleep on a full queue wakes when the receiver goes",
        || {
            receiver_leaves(Fault::None);
        },
    ),
    holds(
        "queue/receiver-leaves-a-clone",
        "a sender that is cloned as the receiver goes is told so",
        leaves_a_clone,
    ),
    holds(
        "queue/producer-dies/before-writing",
        "the first item remains, and the drain says died",
        || {
            dies(Step::Write, &[1]);
        },
    ),
    holds(
        "queue/producer-dies/before-publishing",
        "the first item remains, and the drain says died",
        || {
            dies(Step::Publish, &[1]);
        },
    ),
    holds(
        "queue/producer-dies/before-waking",
        "both items remain, and the drain says died",
        || {
            dies(Step::Wake, &[1, 2]);
        },
    ),
    violated(
        "queue/broken/poll-is-empty",
        "is_empty() is taken for the end of the stream: items are lost",
        Kind::Panic,
        poll_is_empty,
    ),
    violated(
        "queue/broken/join-before-drain",
        "the producer is joined before the drain: it waits for room, for ever",
        Kind::Deadlock,
        join_before_drain,
    ),
    violated(
        "queue/broken/died-is-empty",
        "the end of the items is taken for a finished stream: a dead producer looks like one with \
         nothing to say",
        Kind::Panic,
        died_is_empty,
    ),
    violated(
        "queue/broken/swallowed-sentinel",
        "one sentinel, two consumers: the first swallows it, the second waits for ever",
        Kind::Deadlock,
        swallowed_sentinel,
    ),
    violated(
        "queue/broken/tail-before-state",
        "emptiness is read before the state: an item that was sent in between is lost",
        Kind::Panic,
        || drained(Fault::TailBeforeState, &[1]),
    ),
    violated(
        "queue/broken/close-without-wake",
        "closing does not wake the receiver: it sleeps for ever",
        Kind::Deadlock,
        || drained(Fault::CloseWithoutWake, &[1]),
    ),
    violated(
        "queue/broken/leave-without-wake",
        "the receiver's end does not wake the sender: it waits for room, for ever",
        Kind::Deadlock,
        || receiver_leaves(Fault::LeaveWithoutWake),
    ),
    violated(
        "queue/broken/relaxed-publication",
        "tail is stored without Release: the receiver reads a slot that was not published",
        Kind::DataRace,
        || published(Fault::RelaxedPublication),
    ),
];

const fn holds(name: &'static str, about: &'static str, body: fn()) -> Model {
    Model { name, about, body, expect: Expect::Holds, not_in: &[] }
}

const fn violated(name: &'static str, about: &'static str, kind: Kind, body: fn()) -> Model {
    Model { name, about, body, expect: Expect::Violation(kind), not_in: &[] }
}

fn queue(fault: Fault) -> (Sender<u32>, Receiver<u32>) {
    let (local, receiver) = bounded_with(1, fault);
    (Sender::local(local), receiver)
}

fn spawn<R: Send + 'static>(name: &str, run: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
    thread::Builder::new().name(name.into()).spawn(run).expect("a thread")
}

/// Sends these items and closes.
fn producer(sender: Sender<u32>, items: &'static [u32]) -> JoinHandle<()> {
    spawn("producer", move || items.iter().for_each(|item| sender.send(*item).expect("a receiver")))
}

fn join<R>(thread: JoinHandle<R>) -> R {
    crate::load_bearing_elsewhere("a model ends with it; what the thread returns is what counts");
    thread.join().expect("a thread that ends well")
}

/// The main thread sends these items and closes. A consumer drains.
fn drained(fault: Fault, items: &'static [u32]) {
    let (sender, receiver) = queue(fault);
    let consumer = spawn("consumer", move || {
        let drained = receiver.drain();
        (drained, receiver) // the receiver stays: its end is not the point
    });
    items.iter().for_each(|item| sender.send(*item).expect("a receiver"));
    sender.close();
    let (drained, _receiver) = join(consumer);
    assert_eq!(drained, Ok(items.to_vec()), "an item is lost");
}

/// A producer sends an item and closes. The main thread drains.
fn published(fault: Fault) {
    let (sender, receiver) = queue(fault);
    let producer = producer(sender, &[1]);
    assert_eq!(receiver.drain(), Ok(vec![1]), "an item is lost");
    join(producer);
}

/// The orderings of a lane must suffice without the fences of the bells that are rung next to it.
fn lane_alone() {
    let (mut producer, mut consumer) = lane(1, Fault::None);
    let producer = spawn("producer", move || {
        producer.push(1).expect("room for one");
        producer.close();
        producer
    });
    let popped = [(); 2].map(|()| consumer.pop());
    if let Some(end) = popped.iter().position(|popped| *popped == Err(PopError::Ended(End::Closed)))
    {
        assert_eq!(popped[..end].last(), Some(&Ok(1)), "an item is lost");
    }
    let _producer = join(producer);
    drop(consumer);
}

/// One producer sends 1, another one these items. Returns what arrives, sorted.
fn two_producers(second: &'static [u32]) -> Vec<u32> {
    let (sender, receiver) = queue(Fault::None);
    let producers = [producer(sender.clone(), &[1]), producer(sender, second)];
    let mut items = receiver.drain().expect("finished");
    items.sort_unstable();
    producers.into_iter().for_each(join);
    items
}

fn late_producer() {
    let (sender, receiver) = queue(Fault::None);
    let producer = spawn("producer", move || {
        let late = sender.clone();
        sender.close();
        late.send(1).expect("a receiver");
    });
    assert_eq!(receiver.drain(), Ok(vec![1]), "the clone's item is lost");
    join(producer);
}

/// A receiver that threads pass around, because it is not `Sync`.
fn shared(receiver: Receiver<u32>) -> Arc<Mutex<Receiver<u32>>> {
    let receiver = Mutex::new(receiver);
    sync::name(&receiver, "receiver");
    Arc::new(receiver)
}

fn next(receiver: &Mutex<Receiver<u32>>) -> Result<u32, RecvError> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv()
}

fn two_consumers() {
    let (sender, receiver) = queue(Fault::None);
    let receiver = shared(receiver);
    let consumers = [1, 2].map(|number| {
        let receiver = Arc::clone(&receiver);
        spawn(&format!("consumer {number}"), move || {
            let mut sum = 0;
            while let Ok(item) = next(&receiver) {
                sum += item;
            }
            sum
        })
    });
    sender.send(1).expect("a receiver");
    sender.close();
    assert_eq!(
        consumers.map(join).iter().sum::<u32>(),
        1,
        "the item is lost, or was received twice"
    );
}

fn swallowed_sentinel() {
    const SENTINEL: u32 = 0;
    let (sender, receiver) = queue(Fault::None);
    let receiver = shared(receiver);
    let consumers = [1, 2].map(|number| {
        let receiver = Arc::clone(&receiver);
        spawn(&format!("consumer {number}"), move || while next(&receiver) != Ok(SENTINEL) {})
    });
    sender.send(SENTINEL).expect("a receiver");
    consumers.into_iter().for_each(join);
    sender.close();
}

fn close_wakes() {
    let (sender, receiver) = queue(Fault::None);
    let producer = spawn("producer", move || sender.close());
    assert_eq!(receiver.recv(), Err(RecvError));
    join(producer);
}

fn receiver_leaves(fault: Fault) {
    let (sender, receiver) = queue(fault);
    let producer = spawn("producer", move || {
        let first = sender.send(1);
        let second = sender.send(2);
        assert_eq!(second, Err(SendError::Disconnected(2)), "sent to nobody (after {first:?})");
    });
    drop(receiver);
    join(producer);
}

/// A lane arrives just when the receiver leaves. The receiver has not adopted it, and its sender
/// must be told all the same.
fn leaves_a_clone() {
    let (sender, receiver) = queue(Fault::None);
    let producer = spawn("producer", move || {
        let late = sender.clone();
        let first = late.send(1);
        let second = late.send(2);
        assert_eq!(second, Err(SendError::Disconnected(2)), "sent to nobody (after {first:?})");
    });
    drop(receiver);
    join(producer);
}

/// The producer's process dies while it sends its second item. A thread that waits for it reports
/// that.
fn dies(before: Step, remains: &[u32]) {
    let (mut local, receiver) = bounded_with(2, Fault::Death { item: 1, before });
    let supervisor = spawn("supervisor", move || {
        let producer = spawn("producer", move || {
            local.try_push(1).expect("room for two");
            local.try_push(2).expect_err("it dies");
            local // no close: this is what its death leaves
        });
        join(producer).die(Death::Unknown);
    });
    let died = receiver.drain().expect_err("a stream that is cut short");
    assert_eq!(died, Died { items: remains.to_vec(), deaths: vec![Death::Unknown] });
    join(supervisor);
}

fn poll_is_empty() {
    let (sender, receiver) = queue(Fault::None);
    let consumer = spawn("consumer", move || {
        let mut items = Vec::new();
        while !receiver.is_empty() {
            items.extend(receiver.recv());
        }
        (items, receiver) // the queue stays: what is lost is the item, not the receiver
    });
    sender.send(1).expect("a receiver");
    sender.close();
    let (items, _receiver) = join(consumer);
    assert_eq!(items, [1], "an item is lost");
}

fn join_before_drain() {
    let (sender, receiver) = queue(Fault::None);
    let producer = producer(sender, &[1, 2]);
    join(producer);
    assert_eq!(receiver.drain(), Ok(vec![1, 2]), "an item is lost");
}

fn died_is_empty() {
    let (mut local, receiver) = bounded_with(1, Fault::Death { item: 0, before: Step::Publish });
    let worker = spawn("worker", move || {
        local.try_push(1).expect_err("it dies");
        local.die(Death::Unknown);
    });
    let items: Vec<u32> = receiver.iter().collect(); // ends, but in which way?
    assert_eq!(items, [1], "a dead worker is taken for one that had nothing to send");
    join(worker);
}
