//! Queue: for real, between threads and between processes. Its models are in `queue_models`.
//!
//! This program is its own worker: see `main.rs`.

use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use selvedge::process::handle::Handle;
use selvedge::process::{Failure, Table, Worker, WorkerHandle, frame};
use selvedge::systems::queue::{
    self, Death, Died, Producers, Reason, Receiver, RecvTimeoutError, SendError, SendTimeoutError,
    Sender, TryRecvError, TrySendError, bounded, check_bytes,
};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned, ser};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Turns a hang into a failure; nothing here takes a hundredth of it.
const LIMIT: Duration = Duration::from_secs(60);
/// More than a socket holds.
const LARGE: usize = 300_000;

/// What its workers can run.
pub(crate) fn register(table: Table) -> Table {
    queue::register(table)
        .function("send", |(to, items): (Sender<Vec<u8>>, Vec<Vec<u8>>)| {
            items.into_iter().for_each(|item| to.send(item).unwrap());
        })
        .function(
            "send, then exit",
            |(to, items, code): (Sender<Vec<u8>>, Vec<Vec<u8>>, i32)| -> () {
                items.into_iter().for_each(|item| to.send(item).unwrap());
                std::process::exit(code)
            },
        )
        .function("send, then panic", |(to, item): (Sender<Vec<u8>>, Vec<u8>)| -> () {
            to.send(item).unwrap();
            panic!("on purpose");
        })
        .function("forget the sender", |to: Sender<Vec<u8>>| std::mem::forget(to))
        .function("count for ever", |to: Sender<Counted>| {
            for number in 0..u64::MAX {
                to.send(Counted { number, bulk: vec![number as u8; LARGE] }).unwrap();
            }
        })
        .function("send odd ones", |to: Sender<Odd>| {
            to.send(Odd(1)).unwrap();
            let refused = to.send(Odd(2)).unwrap_err().to_string();
            to.send(Odd(3)).unwrap();
            refused
        })
        .function("send what panics", |to: Sender<Touchy>| -> () {
            to.send(Touchy(1)).unwrap();
            to.send(Touchy(2)).unwrap();
        })
        .function("send many and stay", |(to, sent): (Sender<Vec<u8>>, Handle)| -> () {
            (0..1000).for_each(|_| to.send(vec![7; 1000]).unwrap());
            UnixStream::from(OwnedFd::from(sent)).write_all(b"!").unwrap();
            loop {
                std::thread::park();
            }
        })
        .function("send deep ones", |to: Sender<Nested>| {
            to.send(Nested::of(100)).unwrap();
            let refused = to.send(Nested::of(1_000)).unwrap_err().to_string();
            to.send(Nested::of(0)).unwrap();
            refused
        })
        .function("send too much", |to: Sender<String>| match to.send("0".repeat(frame::LIMIT)) {
            Err(SendError::Unserialisable(item, Reason::TooLong(_))) => item.len(),
            other => panic!("{other:?}"),
        })
        .function("fill up", |(to, full): (Sender<Vec<u8>>, Handle)| {
            let mut accepted = 0_usize;
            while let sent = to.try_send(vec![7; 1000])
                && sent != Err(TrySendError::Full(vec![7; 1000]))
            {
                sent.unwrap();
                accepted += 1;
            }
            while let sent = to.send_timeout(vec![7; 1000], Duration::from_millis(50))
                && sent != Err(SendTimeoutError::Timeout(vec![7; 1000]))
            {
                sent.unwrap();
                accepted += 1;
            }
            UnixStream::from(OwnedFd::from(full)).write_all(b"!").unwrap();
            accepted
        })
        .function("two clones", |to: Sender<Vec<u8>>| {
            let clone = to.clone();
            let thread = std::thread::spawn(move || clone.send(vec![1]).unwrap());
            to.send(vec![1]).unwrap();
            to.close();
            thread.join().unwrap();
        })
        // A sender's place among the arguments is a descriptor's: so raw bytes can be written where
        // frames belong.
        .function("write raw", |(to, bytes): (Handle, Vec<u8>)| {
            UnixStream::from(OwnedFd::from(to)).write_all(&bytes).unwrap();
        })
        .function("send until it fails", |(to, said): (Sender<Vec<u8>>, Option<Handle>)| {
            let error = loop {
                if let Err(error) = to.send(vec![0; 1000]) {
                    break error.to_string();
                }
            };
            if let Some(said) = said {
                UnixStream::from(OwnedFd::from(said)).write_all(error.as_bytes()).unwrap();
            }
            error
        })
        .function("receive one and abort", |said: Handle| -> () {
            let (to, from) = bounded::<Vec<u8>>(4);
            let worker: WorkerHandle<String> =
                Worker::spawn("send until it fails", &(to, Some(said))).unwrap();
            from.recv().unwrap();
            from.recv().unwrap();
            let _ = worker.id(); // alive: a dropped handle would kill it
            std::process::abort()
        })
}

#[derive(Debug, Serialize, Deserialize)]
struct Counted {
    number: u64,
    bulk: Vec<u8>,
}

/// The worker means well; the receiver's own code panics.
#[derive(Debug, PartialEq, Eq)]
struct Unwelcome;

impl<'de> Deserialize<'de> for Unwelcome {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        std::panic::resume_unwind(Box::new(()))
    }
}

/// The receiver's own code panics, and says why.
#[derive(Debug, PartialEq, Eq)]
struct Picky;

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("nothing can arrive")
    }
}

/// Two cannot travel.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Touchy(u32);

impl Serialize for Touchy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 != 2, "two cannot travel");
        serializer.serialize_u32(self.0)
    }
}

/// It cannot be dropped by a thread that it does not know.
#[derive(Debug, Deserialize)]
struct Clingy(#[allow(dead_code)] Vec<u8>);

/// How many a thread dropped that it does not know.
static CLINGY: AtomicUsize = AtomicUsize::new(0);

impl Drop for Clingy {
    fn drop(&mut self) {
        if std::thread::current().name() == Some("queue reader") {
            CLINGY.fetch_add(1, Ordering::Relaxed); // a count alone
            // as a panic, without its message on the screen
            std::panic::resume_unwind(Box::new("not by you"));
        }
    }
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Nested(Option<Box<Nested>>);

impl Nested {
    fn of(levels: u32) -> Self {
        (0..levels).fold(Nested(None), |inner, _| Nested(Some(Box::new(inner))))
    }
}

/// Even numbers cannot travel.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Odd(u32);

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(2) {
            return Err(ser::Error::custom("even"));
        }
        serializer.serialize_newtype_struct("Odd", &self.0)
    }
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    macro_rules! tests {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::test(concat!("queue::", stringify!($name)), || {
                $name();
                Ok(())
            }));)*
        };
    }
    tests![
        a_worker_puts_five_squares_and_the_parent_receives_exactly_these,
        threads_lose_nothing,
        each_clone_has_room_of_its_own,
        a_full_queue_gives_the_item_back,
        a_dropped_receiver_gives_the_item_back,
        an_empty_queue_is_not_the_end,
        a_timeout_is_not_the_end,
        closed_and_died_are_different_answers,
        a_panicking_thread_does_not_close,
        a_large_payload_arrives,
        a_worker_that_exits_leaves_what_it_sent_and_died,
        a_worker_that_panics_leaves_what_it_sent_and_says_why,
        a_worker_that_forgets_its_sender_did_not_finish,
        a_worker_that_sent_nothing_is_not_an_empty_result,
        a_worker_that_never_started_is_not_an_empty_result,
        a_worker_killed_inside_a_large_send_leaves_a_prefix,
        an_unserialisable_item_is_an_error_at_send,
        an_item_beyond_the_limit_is_an_error_at_send,
        a_full_socket_gives_the_item_back,
        clones_in_a_worker_close_together,
        joining_before_draining_ends,
        joining_before_draining_many_small_items_ends,
        a_dropped_receiver_is_an_error_in_the_worker,
        a_dead_receiver_process_is_an_error_in_the_worker,
        garbage_is_an_error_and_loses_nothing,
        an_oversized_frame_is_an_error_and_loses_nothing,
        a_wrong_count_is_an_error,
        an_item_whose_deserialize_panics_is_not_a_hang,
        an_item_whose_deserialize_panics_says_what_and_where,
        an_item_whose_serialize_panics_is_its_workers_panic,
        items_whose_drop_panics_harm_nobody,
        arguments_whose_serialize_panics_leave_no_receiver_waiting,
        an_item_that_is_too_deep_is_an_error_at_send,
        an_item_that_is_too_deep_is_an_error_at_the_receiver_and_loses_nothing,
        elements_without_bytes_and_without_end_are_an_error,
        a_torn_last_frame_is_dropped,
        a_sender_travels_only_to_workers,
        any_payloads_arrive_from_a_worker,
        any_bytes_from_a_worker_lose_nothing,
    ];
    trials
}

/// `small`, or `large` under `SOAK=1`.
fn size(small: u32, large: u32) -> u32 {
    if std::env::var_os("SOAK").is_some() { large } else { small }
}

/// All items, or a panic instead of a hang.
fn drain<T: Send + 'static>(receiver: Receiver<T>) -> Result<Vec<T>, Died<T>> {
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(receiver.drain()));
    wait.recv_timeout(LIMIT).expect("the drain ends")
}

fn join<R: DeserializeOwned>(worker: WorkerHandle<R>) -> Result<R, Failure> {
    match worker.join_timeout(LIMIT) {
        Ok(outcome) => outcome.map_err(|e| e.failure().clone()),
        Err(handle) => panic!("{handle:?} has not ended"),
    }
}

fn a_worker_puts_five_squares_and_the_parent_receives_exactly_these() {
    for _ in 0..size(50, 1_000) {
        let demo = queue::demo().unwrap();
        assert_eq!((demo.sent, demo.received), (5, vec![1, 4, 9, 16, 25]));
        assert_ne!(demo.worker, std::process::id());
    }
}

fn threads_lose_nothing() {
    let (sender, receiver) = bounded(3);
    let each = u64::from(size(20_000, 2_000_000));
    let producers: Vec<_> = (0..3)
        .map(|number| {
            let sender = sender.clone();
            std::thread::spawn(move || (0..each).for_each(|n| sender.send((number, n)).unwrap()))
        })
        .collect();
    drop(sender);
    let mut next = [0; 3];
    for (number, n) in receiver.iter() {
        assert_eq!(n, next[number], "producer {number}: in its order, nothing lost, nothing twice");
        next[number] += 1;
    }
    assert_eq!(next, [each; 3]);
    assert_eq!(receiver.producers(), Producers::Closed);
    producers.into_iter().for_each(|producer| producer.join().unwrap());
}

fn each_clone_has_room_of_its_own() {
    let (sender, receiver) = bounded(1);
    let clone = sender.clone();
    assert_eq!((sender.capacity(), receiver.capacity()), (Some(1), 1));
    sender.try_send(1).unwrap();
    clone.try_send(2).unwrap();
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(receiver.len(), 2);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [1, 2]);
    assert!(receiver.is_empty());
}

fn a_full_queue_gives_the_item_back() {
    let (sender, _receiver) = bounded(1);
    sender.send("first".to_string()).unwrap();
    assert_eq!(sender.try_send("second".to_string()).unwrap_err().into_inner(), "second");
    let late = sender.send_timeout("third".to_string(), Duration::from_millis(5));
    assert_eq!(late, Err(SendTimeoutError::Timeout("third".to_string())));
}

fn a_dropped_receiver_gives_the_item_back() {
    let (sender, receiver) = bounded(1);
    let late = sender.clone();
    sender.send(1).unwrap();
    let asleep = std::thread::spawn(move || sender.send(2));
    drop(receiver);
    assert_eq!(asleep.join().unwrap(), Err(SendError::Disconnected(2)));
    assert!(late.is_disconnected());
    assert_eq!(
        late.clone().try_send(3),
        Err(TrySendError::Disconnected(3)),
        "a lane made after the receiver's end"
    );
}

fn an_empty_queue_is_not_the_end() {
    let (sender, receiver) = bounded(1);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.producers(), Producers::Open);
    sender.send(1).unwrap();
    sender.close();
    assert!(receiver.is_disconnected());
    assert_eq!(receiver.try_recv(), Ok(1), "what is left comes first");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

fn a_timeout_is_not_the_end() {
    let (sender, receiver) = bounded::<u8>(1);
    assert_eq!(receiver.recv_timeout(Duration::from_millis(5)), Err(RecvTimeoutError::Timeout));
    drop(sender);
    assert_eq!(receiver.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected));
}

fn closed_and_died_are_different_answers() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    drop(sender);
    assert_eq!(drain(receiver), Ok(vec![]));
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> =
        Worker::spawn("send, then exit", &(sender, Vec::<Vec<u8>>::new(), 3)).unwrap();
    let died = drain(receiver).unwrap_err();
    assert_eq!(died, Died { items: vec![], deaths: vec![Death::Worker(Failure::Exited(3))] });
    let said = "a producer died after 0 items had arrived: its process exited with code 3 and \
                without a result";
    assert_eq!(died.to_string(), said);
    assert_eq!(join(worker), Err(Failure::Exited(3)));
}

fn a_panicking_thread_does_not_close() {
    let (sender, receiver) = bounded(1);
    let thread = std::thread::spawn(move || {
        sender.send(1).unwrap();
        // as a panic, without its message on the screen
        std::panic::resume_unwind(Box::new(sender));
    });
    let sender = *thread.join().unwrap_err().downcast::<Sender<i32>>().unwrap();
    drop(sender); // it survived the panic, in its payload: this closes
    assert_eq!(drain(receiver), Ok(vec![1]));

    let (sender, receiver) = bounded(1);
    let thread = std::thread::spawn(move || {
        let sender = sender; // dropped by the panic
        sender.send(1).unwrap();
        std::panic::resume_unwind(Box::new(()));
    });
    let deaths = vec![Death::Panicked { message: None, location: None }];
    assert_eq!(drain(receiver), Err(Died { items: vec![1], deaths }));
    thread.join().unwrap_err();
}

fn a_large_payload_arrives() {
    let items: Vec<Vec<u8>> = (0..5).map(|n| vec![n; LARGE]).collect();
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("send", &(sender, &items)).unwrap();
    assert!(drain(receiver).unwrap() == items);
    join(worker).unwrap();
}

fn a_worker_that_exits_leaves_what_it_sent_and_died() {
    for code in [0, 3] {
        let items = vec![vec![1], vec![2, 2]];
        let (sender, receiver) = bounded::<Vec<u8>>(1);
        let worker: WorkerHandle<()> =
            Worker::spawn("send, then exit", &(sender, &items, code)).unwrap();
        let deaths = vec![Death::Worker(Failure::Exited(code))];
        assert_eq!(drain(receiver), Err(Died { items, deaths }));
        assert_eq!(join(worker), Err(Failure::Exited(code)));
    }
}

fn a_worker_that_panics_leaves_what_it_sent_and_says_why() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> =
        Worker::spawn("send, then panic", &(sender, vec![1_u8])).unwrap();
    let died = drain(receiver).unwrap_err();
    assert_eq!(died.items, [[1]]);
    match &died.deaths[..] {
        [Death::Panicked { message: Some(message), location: Some(at) }] => {
            assert_eq!(message, "on purpose");
            assert!(at.starts_with("tests/workers/queue.rs:"), "{at}");
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(join(worker), Err(Failure::Panicked { message, .. }) if message == "on purpose")
    );
}

fn a_worker_that_forgets_its_sender_did_not_finish() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("forget the sender", &sender).unwrap();
    drop(sender);
    let deaths = vec![Death::Worker(Failure::Exited(0))];
    assert_eq!(drain(receiver), Err(Died { items: vec![], deaths }));
    join(worker).unwrap();
}

fn a_worker_that_sent_nothing_is_not_an_empty_result() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("no such function", &sender).unwrap();
    drop(sender);
    let died = drain(receiver).unwrap_err();
    assert!(matches!(&died.deaths[..], [Death::Worker(Failure::NotRegistered { .. })]), "{died}");
    drop(worker);
}

fn a_worker_that_never_started_is_not_an_empty_result() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let builder = selvedge::process::Builder::new().program("/no/such/program");
    builder.spawn::<_, ()>("send", &(sender, Vec::<Vec<u8>>::new())).unwrap_err();
    let died = drain(receiver).unwrap_err();
    assert!(matches!(&died.deaths[..], [Death::Worker(Failure::Io { .. })]), "{died}");
}

fn a_worker_killed_inside_a_large_send_leaves_a_prefix() {
    for round in 0..size(8, 500) {
        let (sender, receiver) = bounded::<Counted>(1);
        let worker: WorkerHandle<()> = Worker::spawn("count for ever", &sender).unwrap();
        drop(sender);
        let mut items: Vec<_> = receiver.iter().take(round as usize % 4 + 1).collect();
        worker.kill().unwrap(); // inside a send, as a rule: an item is larger than the room for it
        let died = drain(receiver).unwrap_err();
        assert_eq!(died.deaths, [Death::Worker(Failure::Signaled(9))]);
        items.extend(died.items);
        for (expected, item) in items.iter().enumerate() {
            assert_eq!(item.number, expected as u64);
            assert!(item.bulk == vec![expected as u8; LARGE], "item {expected} is whole");
        }
        assert_eq!(join(worker), Err(Failure::Signaled(9)));
    }
}

fn an_unserialisable_item_is_an_error_at_send() {
    let (sender, receiver) = bounded::<Odd>(1);
    let worker: WorkerHandle<String> = Worker::spawn("send odd ones", &sender).unwrap();
    drop(sender);
    assert_eq!(drain(receiver), Ok(vec![Odd(1), Odd(3)]), "the others are not harmed");
    assert_eq!(
        join(worker),
        Ok("sending an item that cannot travel: its Serialize refuses".to_string())
    );
}

fn an_item_beyond_the_limit_is_an_error_at_send() {
    let (sender, receiver) = bounded::<String>(1);
    let worker: WorkerHandle<usize> = Worker::spawn("send too much", &sender).unwrap();
    drop(sender);
    assert_eq!(drain(receiver), Ok(vec![]));
    assert_eq!(join(worker), Ok(frame::LIMIT), "the item came back");
}

fn a_full_socket_gives_the_item_back() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let (mut full, theirs) = UnixStream::pair().unwrap();
    full.set_read_timeout(Some(LIMIT)).unwrap();
    let arguments = (sender, Handle::from(OwnedFd::from(theirs)));
    let worker: WorkerHandle<usize> = Worker::spawn("fill up", &arguments).unwrap();
    drop(arguments);
    // Nothing is received until both `try_send` and `send_timeout` have given an item back.
    full.read_exact(&mut [0]).unwrap();
    let items = drain(receiver).unwrap();
    let accepted = join(worker).unwrap();
    assert!(accepted > 1);
    assert_eq!(items.len(), accepted, "what was accepted arrives, and only that");
    assert!(items.iter().all(|item| *item == [7; 1000]));
}

fn clones_in_a_worker_close_together() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("two clones", &sender).unwrap();
    drop(sender);
    assert_eq!(drain(receiver), Ok(vec![vec![1], vec![1]]));
    join(worker).unwrap();
}

fn joining_before_draining_ends() {
    let items: Vec<Vec<u8>> = (0..40).map(|n| vec![n; LARGE / 3]).collect();
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("send", &(sender, &items)).unwrap();
    join(worker).unwrap();
    assert!(drain(receiver).unwrap() == items);
}

fn joining_before_draining_many_small_items_ends() {
    let items: Vec<Vec<u8>> = (0..5_000_u32).map(|n| n.to_le_bytes().to_vec()).collect();
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let worker: WorkerHandle<()> = Worker::spawn("send", &(sender, &items)).unwrap();
    join(worker).unwrap();
    let received = drain(receiver).unwrap();
    assert_eq!(received.len(), items.len());
    assert!(received == items);
}

fn a_dropped_receiver_is_an_error_in_the_worker() {
    for received in [0, 1, 100] {
        let (sender, receiver) = bounded::<Vec<u8>>(1);
        let worker: WorkerHandle<String> =
            Worker::spawn("send until it fails", &(sender, None::<Handle>)).unwrap();
        assert_eq!(receiver.iter().take(received).count(), received);
        drop(receiver);
        assert_eq!(join(worker), Ok("sending on a queue whose receiver is gone".to_string()));
    }
}

fn a_dead_receiver_process_is_an_error_in_the_worker() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(LIMIT)).unwrap();
    let theirs = Handle::from(OwnedFd::from(theirs));
    let receiver: WorkerHandle<()> = Worker::spawn("receive one and abort", &theirs).unwrap();
    drop(theirs);
    assert_eq!(join(receiver), Err(Failure::Signaled(6)));
    let mut said = String::new();
    ours.read_to_string(&mut said).unwrap();
    assert_eq!(said, "sending on a queue whose receiver is gone");
}

/// The frame of an item.
fn item(bytes: &[u8]) -> Vec<u8> {
    frame::encode(&[&[0], &frame::to_bytes(bytes).unwrap()[..]].concat()).unwrap()
}

/// What a receiver makes of these bytes from a worker that then returns.
fn received(bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, Died<Vec<u8>>> {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    // What the worker takes for a descriptor is the queue's.
    let worker: WorkerHandle<()> = Worker::spawn("write raw", &(sender, bytes)).unwrap();
    let drained = drain(receiver);
    join(worker).unwrap();
    drained
}

fn garbage_is_an_error_and_loses_nothing() {
    let valid = [item(b"one"), item(b"two")].concat();
    let died = received([&valid, &b"GET / HTTP/1.1\r\n"[..]].concat()).unwrap_err();
    assert_eq!(died.items, [b"one", b"two"]);
    let said = format!(
        "a producer died after 2 items had arrived: it sent what is no item: frame at byte {}: no \
         frame begins with [47, 45, 54, 20, 2f, 20, 48, 54]",
        valid.len()
    );
    assert_eq!(died.to_string(), said);

    let unknown = frame::encode(&[9]).unwrap();
    let died = received([&valid[..], &unknown[..]].concat()).unwrap_err();
    assert_eq!(died.items, [b"one", b"two"]);
    assert!(died.to_string().ends_with("a message of the unknown kind 9"), "{died}");
}

fn an_oversized_frame_is_an_error_and_loses_nothing() {
    let length = frame::LIMIT as u32 + 1;
    let header = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    let died = received([item(b"one"), header].concat()).unwrap_err();
    assert_eq!(died.items, [b"one"]);
    assert!(died.to_string().contains("are more than the limit of"), "{died}");
}

fn a_wrong_count_is_an_error() {
    let close =
        |sent: u64| frame::encode(&[&[1], &frame::to_bytes(&sent).unwrap()[..]].concat()).unwrap();
    assert_eq!(received([item(b"one"), close(1)].concat()), Ok(vec![b"one".to_vec()]));
    let died = received([item(b"one"), close(2)].concat()).unwrap_err();
    assert_eq!(died.items, [b"one"]);
    assert!(died.to_string().ends_with("closed after 2 items, of which 1 arrived"), "{died}");
}

fn an_item_whose_deserialize_panics_is_not_a_hang() {
    let (sender, receiver) = bounded::<Unwelcome>(1);
    let worker: WorkerHandle<()> = Worker::spawn("write raw", &(sender, item(b"one"))).unwrap();
    let deaths = vec![Death::Panicked { message: None, location: None }];
    assert_eq!(drain(receiver), Err(Died { items: vec![], deaths }));
    join(worker).unwrap();
}

fn an_item_whose_deserialize_panics_says_what_and_where() {
    let (sender, receiver) = bounded::<Picky>(1);
    let worker: WorkerHandle<()> = Worker::spawn("write raw", &(sender, item(b"one"))).unwrap();
    match &drain(receiver).unwrap_err().deaths[..] {
        [Death::Panicked { message: Some(message), location: Some(at) }] => {
            assert_eq!(message, "nothing can arrive");
            assert!(at.starts_with("tests/workers/queue.rs:"), "{at}");
        }
        other => panic!("{other:?}"),
    }
    join(worker).unwrap();
}

fn an_item_whose_serialize_panics_is_its_workers_panic() {
    let (sender, receiver) = bounded::<Touchy>(1);
    let worker: WorkerHandle<()> = Worker::spawn("send what panics", &sender).unwrap();
    drop(sender);
    let died = drain(receiver).unwrap_err();
    assert_eq!(died.items, [Touchy(1)]);
    let said = |message: &str, at: &str| {
        assert_eq!(message, "two cannot travel");
        assert!(at.starts_with("tests/workers/queue.rs:"), "{at}");
    };
    match &died.deaths[..] {
        [Death::Panicked { message: Some(message), location: Some(at) }] => said(message, at),
        other => panic!("{other:?}"),
    }
    match join(worker) {
        Err(Failure::Panicked { message, location: Some(at) }) => said(&message, &at),
        other => panic!("{other:?}"),
    }
}

fn items_whose_drop_panics_harm_nobody() {
    let (sender, receiver) = bounded::<Clingy>(1);
    let (mut sent, theirs) = UnixStream::pair().unwrap();
    sent.set_read_timeout(Some(LIMIT)).unwrap();
    let arguments = (sender, Handle::from(OwnedFd::from(theirs)));
    let worker: WorkerHandle<()> = Worker::spawn("send many and stay", &arguments).unwrap();
    drop(arguments);
    // The lane has room for one, and who joins has the rest taken in: of more than a socket holds,
    // the reader has many when the receiver goes. Each panics, and two panics at once would end
    // this process.
    let worker = worker.join_timeout(Duration::from_millis(1)).unwrap_err();
    sent.read_exact(&mut [0]).unwrap();
    receiver.recv().unwrap();
    drop(receiver);
    let begun = Instant::now();
    while CLINGY.load(Ordering::Relaxed) < 100 {
        assert!(begun.elapsed() < LIMIT, "the reader drops what it has");
        std::thread::yield_now();
    }
    drop(worker);
}

fn arguments_whose_serialize_panics_leave_no_receiver_waiting() {
    let (sender, receiver) = bounded::<Vec<u8>>(1);
    let error = Worker::spawn::<_, ()>("send", &(sender, Touchy(2))).unwrap_err();
    let Failure::Encode(why) = error.failure() else { panic!("{error}") };
    assert!(why.starts_with("its Serialize panicked at tests/workers/queue.rs:"), "{why}");
    let died = drain(receiver).unwrap_err();
    assert_eq!((died.items, died.deaths), (vec![], vec![Death::Worker(error.failure().clone())]));
}

fn an_item_that_is_too_deep_is_an_error_at_send() {
    let (sender, receiver) = bounded::<Nested>(1);
    let worker: WorkerHandle<String> = Worker::spawn("send deep ones", &sender).unwrap();
    drop(sender);
    assert_eq!(
        drain(receiver),
        Ok(vec![Nested::of(100), Nested::of(0)]),
        "the others are not harmed"
    );
    let limit = format!("it is deeper than the limit of {} levels", frame::DEPTH);
    assert_eq!(join(worker), Ok(format!("sending an item that cannot travel: {limit}")));
}

fn an_item_that_is_too_deep_is_an_error_at_the_receiver_and_loses_nothing() {
    let (sender, receiver) = bounded::<Nested>(1);
    // The bytes of an item of this depth, from a worker that has the stack to write it.
    let deep = frame::encode(&[vec![0], vec![1; 100_000], vec![0]].concat()).unwrap();
    let bytes = [frame::encode(&[0, 1, 0]).unwrap(), deep].concat();
    let worker: WorkerHandle<()> = Worker::spawn("write raw", &(sender, bytes)).unwrap();
    let died = drain(receiver).unwrap_err();
    assert_eq!(died.items, [Nested::of(1)]);
    let limit = format!("it is deeper than the limit of {} levels", frame::DEPTH);
    assert!(died.to_string().ends_with(&limit), "{died}");
    join(worker).unwrap();
}

fn elements_without_bytes_and_without_end_are_an_error() {
    let (sender, receiver) = bounded::<Vec<()>>(1);
    // Eleven bytes: an item, of 2^64 - 1 elements.
    let bytes = frame::encode(&[&[0], &[0xff; 9][..], &[1]].concat()).unwrap();
    let worker: WorkerHandle<()> = Worker::spawn("write raw", &(sender, bytes)).unwrap();
    let died = drain(receiver).unwrap_err();
    assert!(died.to_string().contains("65536 elements without bytes are the limit"), "{died}");
    join(worker).unwrap();
}

fn a_torn_last_frame_is_dropped() {
    let stream = [item(b"one"), item(b"two")].concat();
    for length in item(b"one").len()..stream.len() {
        let died = received(stream[..length].to_vec()).unwrap_err();
        assert_eq!(
            (died.items, died.deaths),
            (vec![b"one".to_vec()], vec![Death::Worker(Failure::Exited(0))])
        );
    }
}

fn a_sender_travels_only_to_workers() {
    let (sender, receiver) = bounded::<u8>(1);
    let why = frame::to_bytes(&sender).unwrap_err();
    assert!(why.contains("only among a worker's arguments"), "{why}");
    drop(sender);
    assert_eq!(drain(receiver), Ok(vec![]), "no lane was left behind");
}

fn property<S: Strategy>(
    cases: u32,
    strategy: S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, test).unwrap_or_else(|e| panic!("{e}"));
}

fn any_payloads_arrive_from_a_worker() {
    let payload = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..50),
        1 => (any::<u8>(), 0..100_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    property(
        size(15, 1_000),
        (prop::collection::vec(payload, 0..40), 1..8_usize),
        |(items, capacity)| {
            let (sender, receiver) = bounded::<Vec<u8>>(capacity);
            let worker: WorkerHandle<()> = Worker::spawn("send", &(sender, &items)).unwrap();
            prop_assert!(drain(receiver) == Ok(items));
            prop_assert_eq!(join(worker), Ok(()));
            Ok(())
        },
    );
}

fn any_bytes_from_a_worker_lose_nothing() {
    let word = prop_oneof![
        5 => prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| item(&bytes)),
        1 => (0..4_u8).prop_map(|sent| frame::encode(&[1, sent]).unwrap()),
        1 => prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|payload| frame::encode(&payload).unwrap()),
        1 => prop::collection::vec(any::<u8>(), 0..9),
    ];
    property(
        size(200, 100_000),
        (prop::collection::vec(word, 0..6), 0..80_usize),
        |(words, cut)| {
            let mut bytes = words.concat();
            check_bytes(&bytes);
            bytes.truncate(cut);
            check_bytes(&bytes);
            Ok(())
        },
    );
}
