//! Worker processes: whatever ends one is an answer in the parent, and the right one.
//!
//! This program is its own worker: see `main.rs`.

use libtest_mimic::Trial;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use selvedge::process::frame::{self, Decoder, FrameError, Reason, check_bytes};
use selvedge::process::handle::Handle;
use selvedge::process::{Builder, Failure, Table, Worker, WorkerError, WorkerHandle};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeTuple};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Turns a hang into a failure; nothing here takes a hundredth of it.
const LIMIT: Duration = Duration::from_secs(30);

/// What its workers can run.
pub(crate) fn register(table: Table) -> Table {
    table
        .function("squares", |numbers: Vec<u64>| {
            numbers.into_iter().map(|n| n * n).collect::<Vec<_>>()
        })
        .function("twice", |n: i32| 2 * n)
        .function("echo", |bytes: Vec<u8>| bytes)
        .function("boom", |n: u64| -> u64 { panic!("boom at {n}") })
        .function("exit", |code: i32| -> u64 { std::process::exit(code) })
        .function("abort", |()| -> u64 { std::process::abort() })
        .function("block", |_: Option<Handle>| block())
        .function("text", |length: usize| "0".repeat(length))
        .function("unserialisable", |()| Unserialisable)
        .function("write", |(to, text): (Handle, String)| {
            UnixStream::from(OwnedFd::from(to)).write_all(text.as_bytes()).unwrap();
        })
        .function("open descriptors", |()| std::fs::read_dir("/proc/self/fd").unwrap().count())
        .function("sockets of a child", |()| sockets_of_a_child())
        .function("worker of a worker", |numbers: Vec<u64>| {
            let worker: WorkerHandle<Vec<u64>> = Worker::spawn("squares", &numbers).unwrap();
            worker.join().unwrap()
        })
        .function("orphan", |socket: Handle| -> u64 {
            // This worker dies while its own worker, perhaps, still waits for its arguments.
            let _worker: WorkerHandle<()> = Worker::spawn("drop", &socket).unwrap();
            std::process::abort();
        })
        .function("drop", |socket: Handle| drop(socket))
        .function("busy", |socket: Handle| -> () {
            UnixStream::from(socket.as_fd().try_clone_to_owned().unwrap()).write_all(b"!").unwrap();
            loop {
                std::hint::spin_loop(); // it never looks whether anybody is there
            }
        })
        .function("parent of a busy one", |socket: Handle| {
            let _busy: WorkerHandle<()> = Worker::spawn("busy", &socket).unwrap();
            drop(socket);
            block();
        })
        .function("as u64", |n: u64| n)
        .function("join words", |(first, rest): (String, Vec<String>)| {
            format!("{first} {}", rest.join(" "))
        })
        .function("of many types", |many: Many| many)
        .function("take picky", |_: PickyReader| ())
        .function("return picky", |number: u8| PickyWriter(number))
        .function("return picky to read", |()| PickyReader)
        .function("panic with a payload that panics", |()| -> u64 { std::panic::panic_any(Bomb) })
        .function("take deep", |_: Deep| ())
        .function("return deep", |levels: u32| Deep::of(levels))
        .function("take units", |_: Units| ())
        .function("return units", |()| Units(Vec::new()))
}

/// Nearly all that serde has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Many {
    numbers: (i8, u16, i32, u64, i128, f32, f64),
    text: (char, String, Vec<u8>),
    maybe: [Option<bool>; 2],
    map: BTreeMap<String, Vec<()>>,
    either: Vec<Either>,
    net: std::net::SocketAddr,
    time: Duration,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Either {
    Neither,
    Left(u8),
    Right { name: String },
    Both(u8, Box<Either>),
}

/// Only zero can travel.
#[derive(Debug, Deserialize)]
struct PickyWriter(u8);

impl Serialize for PickyWriter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 == 0, "only zero can travel");
        serializer.serialize_u8(self.0)
    }
}

/// Nothing can arrive.
#[derive(Debug, Serialize)]
struct PickyReader;

impl<'de> Deserialize<'de> for PickyReader {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("nothing can arrive")
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("and its drop panics, too");
    }
}

/// Bytes that nobody wrote who keeps to the rules: they are what they are, and take no length of
/// their own.
struct Raw<'a>(&'a [u8]);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|byte| bytes.serialize_element(byte))?;
        bytes.end()
    }
}

/// Read, it is what a user writes; written, it is what a peer may send, who has another stack.
#[derive(Debug, Deserialize)]
#[serde(from = "Nested")]
struct Deep(u32);

#[derive(Debug, Deserialize)]
struct Nested(Option<Box<Nested>>);

impl From<Nested> for Deep {
    fn from(nested: Nested) -> Self {
        Deep(nested.0.map_or(0, |inner| 1 + Deep::from(*inner).0))
    }
}

impl Deep {
    fn of(levels: u32) -> Self {
        Deep(levels)
    }
}

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Raw(&[vec![1; self.0 as usize], vec![0]].concat()).serialize(serializer)
    }
}

#[derive(Debug, Deserialize)]
struct Units(#[allow(dead_code)] Vec<()>);

/// 2^64 - 1 of them.
impl Serialize for Units {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Raw(&[&[0xff; 9][..], &[1]].concat()).serialize(serializer)
    }
}

/// A program that has forgotten to call `worker_main` and starts itself as a worker. It says that
/// it ran; and, because without a guard there would be no end of it, it is a rule of its own that
/// the sixth one in a row starts no more.
fn forgetful(generation: u32) -> ! {
    println!("generation {generation}");
    let own = std::env::current_exe().unwrap();
    let program = std::env::var_os("FORGETFUL_PROGRAM").unwrap_or(own.into_os_string());
    let again = Builder::new().program(program).env("FORGETFUL", (generation + 1).to_string());
    if generation < 5
        && let Err(error) = again.spawn::<_, ()>("squares", &()).and_then(WorkerHandle::join)
    {
        println!("{error}");
    }
    std::process::exit(0)
}

fn block() {
    loop {
        std::thread::park();
    }
}

fn sockets_of_a_child() -> String {
    let listing = std::process::Command::new("ls").arg("-l").arg("/proc/self/fd").output().unwrap();
    let text = String::from_utf8(listing.stdout).unwrap();
    assert!(text.contains(" 1 -> "), "a listing of descriptors: {text}");
    text.lines().filter(|line| line.contains(" 0 -> socket:")).collect()
}

struct Unserialisable;

impl serde::Serialize for Unserialisable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("never"))
    }
}

/// In the forgetful program, runs that; else returns at once.
pub(crate) fn forgetful_main() {
    if let Ok(generation) = std::env::var("FORGETFUL") {
        forgetful(generation.parse().unwrap());
    }
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    macro_rules! tests {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::test(concat!("process::", stringify!($name)), || {
                $name();
                Ok(())
            }));)*
        };
    }
    tests![
        a_result_comes_back,
        a_result_longer_than_a_pipe_comes_back,
        a_panic_is_an_error_with_message_and_location,
        an_exit_code_is_an_error,
        an_exit_with_zero_but_without_a_result_is_an_error,
        an_abort_is_an_error,
        a_killed_worker_is_an_error,
        a_worker_killed_while_it_sends_its_result_is_an_error,
        a_missing_program_is_an_error,
        a_program_that_is_no_worker_is_an_error,
        an_unknown_function_is_an_error_that_lists_the_known_ones,
        arguments_of_another_type_are_an_error,
        a_result_of_another_type_is_an_error,
        unserialisable_arguments_are_an_error,
        an_unserialisable_result_is_an_error,
        a_result_beyond_the_limit_is_an_error,
        a_running_worker_gives_its_handle_back,
        a_dropped_handle_leaves_no_process,
        a_descriptor_travels,
        a_descriptor_travels_nowhere_else,
        a_worker_inherits_no_stray_descriptors,
        a_workers_child_does_not_inherit_the_control_socket,
        a_worker_starts_workers,
        a_worker_ends_when_its_parent_dies,
        a_busy_worker_ends_when_its_parent_is_killed,
        a_program_without_worker_main_starts_no_endless_chain,
        arguments_written_as_another_primitive_type_are_an_error,
        borrowed_arguments_arrive_as_owned_ones,
        arguments_of_any_types_arrive,
        a_panic_of_a_types_own_code_is_an_error_of_the_call,
        a_value_that_is_too_deep_is_an_error_that_names_the_limit,
        lengths_that_no_frame_can_hold_are_an_error,
        what_can_be_written_can_be_read,
        room_is_made_for_no_more_elements_than_there_are_bytes,
        errors_are_sentences,
        frames_survive_any_cut,
        a_cut_frame_says_where_it_ends,
        an_oversized_length_allocates_nothing,
        garbage_is_no_frame,
        any_bytes_decode_or_say_why,
    ];
    trials
}

/// What became of the worker; a panic if nothing does.
fn outcome<R: serde::de::DeserializeOwned>(worker: WorkerHandle<R>) -> Result<R, WorkerError> {
    match worker.join_timeout(LIMIT) {
        Ok(outcome) => outcome,
        Err(handle) => panic!("{handle:?} has not ended"),
    }
}

fn run<A: serde::Serialize + ?Sized, R: serde::de::DeserializeOwned>(
    name: &str,
    arguments: &A,
) -> Result<R, Failure> {
    Worker::spawn(name, arguments).and_then(outcome).map_err(|e| e.failure().clone())
}

fn blocked() -> WorkerHandle<()> {
    Worker::spawn("block", &None::<Handle>).unwrap()
}

fn a_result_comes_back() {
    assert_eq!(run("squares", &vec![1_u64, 2, 3]), Ok(vec![1_u64, 4, 9]));
}

fn a_result_longer_than_a_pipe_comes_back() {
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| n as u8).collect();
    assert_eq!(run("echo", &bytes), Ok(bytes));
}

fn a_panic_is_an_error_with_message_and_location() {
    match run::<_, u64>("boom", &7_u64) {
        Err(Failure::Panicked { message, location: Some(at) }) => {
            assert_eq!(message, "boom at 7");
            assert!(at.starts_with("tests/workers/process.rs:"), "{at}");
        }
        other => panic!("{other:?}"),
    }
}

fn an_exit_code_is_an_error() {
    assert_eq!(run::<_, u64>("exit", &3), Err(Failure::Exited(3)));
}

fn an_exit_with_zero_but_without_a_result_is_an_error() {
    assert_eq!(run::<_, ()>("exit", &0), Err(Failure::Exited(0)));
}

fn an_abort_is_an_error() {
    assert_eq!(run::<_, u64>("abort", &()), Err(Failure::Signaled(6)));
}

fn a_killed_worker_is_an_error() {
    let worker = blocked();
    worker.kill().unwrap();
    assert_eq!(outcome(worker).unwrap_err().failure(), &Failure::Signaled(9));
}

fn a_worker_killed_while_it_sends_its_result_is_an_error() {
    // Killed at any time between its start and the end of its large result: never half of it, never
    // a hang.
    for microseconds in (0..20).map(|n| n * n * 40) {
        let worker: WorkerHandle<String> = Worker::spawn("text", &20_000_000_usize).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(microseconds) {
            std::hint::spin_loop();
        }
        worker.kill().unwrap();
        match outcome(worker) {
            Ok(text) => assert_eq!(text.len(), 20_000_000),
            Err(e) => assert_eq!(e.failure(), &Failure::Signaled(9)),
        }
    }
}

fn a_missing_program_is_an_error() {
    let error =
        Builder::new().program("/no/such/program").spawn::<_, u64>("squares", &()).unwrap_err();
    match error.failure() {
        Failure::Io { doing, kind, .. } => {
            assert_eq!(
                (doing.as_str(), *kind),
                ("start /no/such/program", std::io::ErrorKind::NotFound)
            );
        }
        other => panic!("{other:?}"),
    }
}

fn a_program_that_is_no_worker_is_an_error() {
    for (program, failure) in [("true", Failure::Exited(0)), ("false", Failure::Exited(1))] {
        let worker = Builder::new().program(program).spawn::<_, ()>("squares", &()).unwrap();
        assert_eq!(outcome(worker).unwrap_err().failure(), &failure);
    }
}

fn an_unknown_function_is_an_error_that_lists_the_known_ones() {
    let Err(Failure::NotRegistered { name, known }) = run::<_, u64>("sqares", &()) else {
        panic!("registered?")
    };
    assert_eq!(name, "sqares");
    assert_eq!(known, crate::table().names());
}

fn arguments_of_another_type_are_an_error() {
    let Err(Failure::Decode(why)) = run::<_, Vec<u64>>("squares", &(2_u8, 1_u8)) else {
        panic!("decoded?")
    };
    assert!(why.starts_with("arguments: 2 bytes that are no "), "{why}");
}

fn a_result_of_another_type_is_an_error() {
    // An i32 would decode as a u32: twice as much.
    let Err(Failure::Decode(why)) = run::<_, u32>("twice", &1) else { panic!("decoded?") };
    assert_eq!(why, "result: the function returns i32, the handle expects u32");
}

fn unserialisable_arguments_are_an_error() {
    let error = Worker::spawn::<_, u64>("squares", &Unserialisable).unwrap_err();
    assert!(matches!(error.failure(), Failure::Encode(_)), "{error}");
}

fn an_unserialisable_result_is_an_error() {
    let result = run::<_, ()>("unserialisable", &());
    assert!(
        matches!(&result, Err(Failure::Encode(why)) if why.starts_with("result: ")),
        "{result:?}"
    );
}

fn a_result_beyond_the_limit_is_an_error() {
    let result = run::<_, String>("text", &(frame::LIMIT + 1));
    assert!(matches!(&result, Err(Failure::Encode(why)) if why.contains("limit")), "{result:?}");
}

fn a_running_worker_gives_its_handle_back() {
    let worker = blocked();
    assert!(!worker.is_finished());
    let worker = worker.try_join().unwrap_err();
    let worker = worker.join_timeout(Duration::from_millis(1)).unwrap_err();
    worker.kill().unwrap();
    assert_eq!(worker.exit().wait(), Err(Failure::Signaled(9)));
    assert!(worker.is_finished());
    assert_eq!(worker.try_join().unwrap().unwrap_err().failure(), &Failure::Signaled(9));
}

fn a_dropped_handle_leaves_no_process() {
    let worker = blocked();
    let (exit, id) = (worker.exit(), worker.id());
    drop(worker);
    assert_eq!(exit.get(), Some(Err(Failure::Signaled(9))));
    assert!(
        !std::path::Path::new(&format!("/proc/{id}")).exists(),
        "it is there, if only as a zombie"
    );
}

fn a_descriptor_travels() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let theirs = Handle::from(OwnedFd::from(theirs));
    run::<_, ()>("write", &(&theirs, "here")).unwrap();
    drop(theirs);
    let mut text = String::new();
    ours.set_read_timeout(Some(LIMIT)).unwrap();
    ours.read_to_string(&mut text).unwrap(); // ends: nobody else holds the other end
    assert_eq!(text, "here");
}

fn a_descriptor_travels_nowhere_else() {
    let handle = Handle::from(OwnedFd::from(std::fs::File::open("/dev/null").unwrap()));
    let why = frame::to_bytes(&handle).unwrap_err();
    assert!(why.contains("only among a worker's arguments"), "{why}");
    let why = frame::from_bytes::<Handle>(&[0]).unwrap_err();
    assert!(why.contains("did not travel"), "{why}");
}

fn a_worker_inherits_no_stray_descriptors() {
    let before: usize = run("open descriptors", &()).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let stray: Vec<_> = (0..20).map(|_| ours.try_clone().unwrap()).collect();
    let sibling: WorkerHandle<()> =
        Worker::spawn("block", &Some(Handle::from(OwnedFd::from(theirs)))).unwrap();
    assert_eq!(run("open descriptors", &()), Ok(before));
    drop((stray, sibling));
}

fn a_workers_child_does_not_inherit_the_control_socket() {
    assert_eq!(run("sockets of a child", &()), Ok(String::new()));
}

fn a_worker_starts_workers() {
    assert_eq!(run("worker of a worker", &vec![3_u64]), Ok(vec![9_u64]));
}

fn a_worker_ends_when_its_parent_dies() {
    // The grandchild either never saw its arguments (the end of its control socket) or ran: in both
    // cases it ends, and with it the last copy of our socket.
    for _ in 0..10 {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(LIMIT)).unwrap();
        let theirs = Handle::from(OwnedFd::from(theirs));
        assert_eq!(run::<_, u64>("orphan", &theirs), Err(Failure::Signaled(6)));
        drop(theirs);
        assert_eq!(ours.read(&mut [0]).unwrap(), 0, "the end of the stream");
    }
}

fn a_busy_worker_ends_when_its_parent_is_killed() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(LIMIT)).unwrap();
    let theirs = Handle::from(OwnedFd::from(theirs));
    let parent: WorkerHandle<()> = Worker::spawn("parent of a busy one", &theirs).unwrap();
    drop(theirs);
    ours.read_exact(&mut [0]).unwrap(); // it is busy now
    parent.kill().unwrap();
    assert_eq!(
        ours.read(&mut [0]).unwrap(),
        0,
        "the end of the stream: nobody has the other end any more"
    );
}

fn a_program_without_worker_main_starts_no_endless_chain() {
    let own = std::env::current_exe().unwrap();
    let run = |program: &std::ffi::OsStr| {
        let mut command = std::process::Command::new(&own);
        let output =
            command.env("FORGETFUL", "0").env("FORGETFUL_PROGRAM", program).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let refused = "worker `squares` was not started: `worker_main` must be the first line of this \
                   program's `main`";
    assert_eq!(
        run(own.as_os_str()),
        format!("generation 0\n{refused}\n"),
        "its own program, at once"
    );

    // Another name of the same program: a script's, say. The one that is started is the last.
    let script = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("forgetful.sh");
    std::fs::write(&script, format!("#!/bin/sh\nexec '{}'\n", own.display())).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let exited = "worker `squares` exited with code 0 and without a result";
    let said = format!("generation 0\ngeneration 1\n{refused}\n{exited}\n");
    assert_eq!(run(script.as_os_str()), said);
}

fn arguments_written_as_another_primitive_type_are_an_error() {
    // An i32 would decode as a u64: twice as much.
    let Err(Failure::Decode(why)) = run::<_, u64>("as u64", &5_i32) else { panic!("decoded?") };
    assert_eq!(
        why,
        "arguments: the function takes u64, the caller passes i32: other primitive types"
    );
    let Err(Failure::Decode(why)) = run::<_, Vec<u64>>("squares", &vec![1_i64]) else {
        panic!("decoded?")
    };
    assert!(
        why.ends_with("the caller passes alloc::vec::Vec<i64>: other primitive types"),
        "{why}"
    );
    let Err(Failure::Decode(why)) = run::<_, Vec<u8>>("echo", "text") else { panic!("decoded?") };
    assert!(why.ends_with("the caller passes str: other primitive types"), "{why}");
    assert_eq!(run("as u64", &5_u64), Ok(5_u64));
    assert_eq!(run("as u64", &5_usize), Ok(5_u64), "serde writes a usize as a u64");
}

fn borrowed_arguments_arrive_as_owned_ones() {
    assert_eq!(run("join words", &("a", &["b", "c"][..])), Ok("a b c".to_string()));
    assert_eq!(run("squares", &[1_u64, 2][..]), Ok(vec![1_u64, 4]));
}

fn many() -> impl Strategy<Value = Many> {
    let either = prop_oneof![
        Just(Either::Neither),
        any::<u8>().prop_map(Either::Left),
        ".{0,3}".prop_map(|name| Either::Right { name }),
    ];
    let either = either.prop_recursive(3, 8, 1, |inner| {
        (any::<u8>(), inner).prop_map(|(n, inner)| Either::Both(n, Box::new(inner)))
    });
    let numbers = (
        any::<i8>(),
        any::<u16>(),
        any::<i32>(),
        any::<u64>(),
        any::<i128>(),
        -1e9..1e9_f32,
        -1e9..1e9_f64,
    );
    let map = prop::collection::btree_map(".{0,3}", (0..3_usize).prop_map(|n| vec![(); n]), 0..3);
    let net =
        any::<(u32, u16)>().prop_map(|(ip, port)| (std::net::Ipv4Addr::from(ip), port).into());
    let time = any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into()));
    let some = (map, prop::collection::vec(either, 0..4), net, time);
    (numbers, any::<(char, String, Vec<u8>, [Option<bool>; 2])>(), some).prop_map(
        |(numbers, (a, b, c, maybe), (map, either, net, time))| Many {
            numbers,
            text: (a, b, c),
            maybe,
            map,
            either,
            net,
            time,
        },
    )
}

fn arguments_of_any_types_arrive() {
    let config = Config { cases: 20, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&many(), |many| {
            prop_assert_eq!(run("of many types", &many), Ok(many));
            Ok(())
        })
        .unwrap();
}

fn a_panic_of_a_types_own_code_is_an_error_of_the_call() {
    let panicked = |result: Result<(), Failure>, said: &str| match result {
        Err(Failure::Panicked { message, location: Some(at) }) => {
            assert_eq!(message, said);
            assert!(at.starts_with("tests/workers/process.rs:"), "{at}");
        }
        other => panic!("{other:?}"),
    };
    // In the worker: the arguments' Deserialize, the result's Serialize.
    panicked(run("take picky", &()), "nothing can arrive");
    panicked(run::<_, PickyWriter>("return picky", &7_u8).map(drop), "only zero can travel");
    assert!(run::<_, PickyWriter>("return picky", &0_u8).is_ok());
    let payload = run::<_, u64>("panic with a payload that panics", &()).unwrap_err();
    assert!(matches!(
        &payload,
        Failure::Panicked { message, .. } if message == "a panic without a message"
    ));
    // Here: the arguments' Serialize, the result's Deserialize.
    let Err(Failure::Encode(why)) = run::<_, ()>("take picky", &PickyWriter(1)) else {
        panic!("encoded?")
    };
    assert!(why.starts_with("its Serialize panicked at tests/workers/process.rs:"), "{why}");
    assert!(why.ends_with(": only zero can travel"), "{why}");
    let Err(Failure::Decode(why)) = run::<_, PickyReader>("return picky to read", &()) else {
        panic!("decoded?")
    };
    assert!(
        why.starts_with("result: its Deserialize panicked at tests/workers/process.rs:"),
        "{why}"
    );
}

fn a_value_that_is_too_deep_is_an_error_that_names_the_limit() {
    let limit = format!("it is deeper than the limit of {} levels", frame::DEPTH);
    let Err(Failure::Decode(why)) = run::<_, ()>("take deep", &Deep::of(100_000)) else {
        panic!("decoded?")
    };
    assert!(why.starts_with("arguments: ") && why.ends_with(&limit), "{why}");
    let Err(Failure::Decode(why)) = run::<_, Deep>("return deep", &100_000_u32) else {
        panic!("decoded?")
    };
    assert!(why.starts_with("result: ") && why.ends_with(&limit), "{why}");
    // Written in good faith, it is refused here.
    #[derive(Serialize)]
    struct Honest(Option<Box<Honest>>);
    let honest = (0..frame::DEPTH).fold(Honest(None), |inner, _| Honest(Some(Box::new(inner))));
    assert_eq!(frame::to_bytes(&honest), Err(limit));
    // A level of a user's own may take more stack than there is: 64 KiB each, in this one.
    struct Wide(#[allow(dead_code)] Option<Box<Wide>>);
    impl<'de> Deserialize<'de> for Wide {
        #[inline(never)]
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let wide = std::hint::black_box([0_u8; 1 << 16]);
            let inner = Option::deserialize(deserializer)?;
            std::hint::black_box(wide);
            Ok(Wide(inner))
        }
    }
    let why = frame::from_bytes::<Wide>(&[1; 200]).err().unwrap();
    assert!(
        why.ends_with(&format!("it takes more than the limit of {} bytes of stack", frame::STACK)),
        "{why}"
    );
}

fn lengths_that_no_frame_can_hold_are_an_error() {
    let begun = Instant::now();
    for failure in
        [run::<_, ()>("take units", &Units(vec![])), run::<_, Units>("return units", &()).map(drop)]
    {
        let Err(Failure::Decode(why)) = failure else { panic!("decoded?") };
        let said = "it announces 18446744073709551615 elements; 0 bytes follow, and 65536 elements \
                    without bytes are the limit";
        assert!(why.ends_with(said), "{why}");
    }
    assert!(begun.elapsed() < LIMIT);
    // In many small sequences, and in a map.
    let units = frame::to_bytes(&vec![(); 60_000]).unwrap();
    let twice = [&[2], &units[..], &units[..]].concat();
    let why = frame::from_bytes::<Vec<Vec<()>>>(&twice).unwrap_err();
    assert!(why.ends_with("it has more than the limit of 65536 elements without bytes"), "{why}");
    let why = frame::from_bytes::<BTreeMap<(), ()>>(&[0xff, 0xff, 0x7f]).unwrap_err();
    assert!(why.contains("it announces 2097151 elements"), "{why}");
    // Elements of fixed number are the type's business, not the bytes'.
    let pairs = vec![(1_u8, ()); 100_000];
    assert_eq!(frame::from_bytes(&frame::to_bytes(&pairs).unwrap()), Ok(pairs));
}

fn what_can_be_written_can_be_read() {
    property(many(), |many| {
        prop_assert_eq!(frame::from_bytes(&frame::to_bytes(&many).unwrap()), Ok(many));
        Ok(())
    });
}

fn room_is_made_for_no_more_elements_than_there_are_bytes() {
    thread_local!(static PROMISED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });
    #[derive(Debug)]
    struct Tree(#[allow(dead_code)] Vec<Tree>);
    impl<'de> Deserialize<'de> for Tree {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Branches;
            impl<'de> serde::de::Visitor<'de> for Branches {
                type Value = Tree;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("branches")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(
                    self,
                    mut branches: A,
                ) -> Result<Tree, A::Error> {
                    PROMISED.set(PROMISED.get() + branches.size_hint().unwrap());
                    let mut tree = Vec::new();
                    while let Some(branch) = branches.next_element()? {
                        tree.push(branch);
                    }
                    Ok(Tree(tree))
                }
            }
            deserializer.deserialize_seq(Branches)
        }
    }
    // Each of them announces 60,000 more.
    let bytes = [0xe0, 0xd4, 3].repeat(100);
    frame::from_bytes::<Tree>(&bytes).unwrap_err();
    assert!(PROMISED.get() <= bytes.len(), "{} elements for {} bytes", PROMISED.get(), bytes.len());
}

fn errors_are_sentences() {
    let sentence = |name: &str, arguments: i32| {
        Worker::spawn(name, &arguments).and_then(outcome::<u64>).unwrap_err()
    };
    assert_eq!(
        sentence("exit", 3).to_string(),
        "worker `exit` exited with code 3 and without a result"
    );
    let unknown = sentence("sqares", 3).to_string();
    let begin = "worker `sqares` is unknown to its program: no function \"sqares\" among abort, ";
    assert!(unknown.starts_with(begin), "{unknown}");
    let killed = blocked();
    killed.kill().unwrap();
    assert_eq!(
        outcome(killed).unwrap_err().to_string(),
        "worker `block` was ended by signal 9 (SIGKILL)"
    );
}

fn property<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let cases = if std::env::var_os("SOAK").is_some() { 100_000 } else { 500 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, test).unwrap_or_else(|e| panic!("{e}"));
}

fn frames_survive_any_cut() {
    let payloads = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8);
    property((payloads, 1..20_usize), |(payloads, cut)| {
        let stream: Vec<u8> = payloads.iter().flat_map(|p| frame::encode(p).unwrap()).collect();
        let (mut decoder, mut decoded) = (Decoder::new(), Vec::new());
        for piece in stream.chunks(cut) {
            decoder.feed(piece);
            while let Some(payload) = decoder.next_frame().unwrap() {
                decoded.push(payload);
            }
        }
        prop_assert_eq!(decoder.finish(), Ok(()));
        prop_assert_eq!(decoded, payloads);
        Ok(())
    });
}

fn a_cut_frame_says_where_it_ends() {
    let mut stream = frame::encode(b"whole").unwrap();
    let whole = stream.len();
    stream.extend(frame::encode(b"cut").unwrap());
    for length in whole + 1..stream.len() {
        let mut decoder = Decoder::new();
        decoder.feed(&stream[..length]);
        assert_eq!(decoder.next_frame(), Ok(Some(b"whole".to_vec())));
        assert_eq!(decoder.next_frame(), Ok(None));
        let arrived = length - whole;
        let needed = if arrived < frame::HEADER { frame::HEADER } else { frame::HEADER + 3 };
        let reason = Reason::Truncated { needed, arrived };
        assert_eq!(decoder.finish(), Err(FrameError { offset: whole as u64, reason }));
    }
}

fn an_oversized_length_allocates_nothing() {
    let length = u32::MAX - 1;
    let mut decoder = Decoder::new();
    decoder.feed(&[length.to_le_bytes(), (!length).to_le_bytes()].concat());
    let reason = Reason::TooLong { length: length as usize, limit: frame::LIMIT };
    assert_eq!(decoder.next_frame(), Err(FrameError { offset: 0, reason }));
}

fn garbage_is_no_frame() {
    let mut decoder = Decoder::new();
    decoder.feed(b"HTTP/1.1 200 OK");
    let error = decoder.next_frame().unwrap_err();
    assert_eq!(error, FrameError { offset: 0, reason: Reason::NotAFrame(*b"HTTP/1.1") });
    assert_eq!(decoder.next_frame(), Err(error), "it stays");
}

fn any_bytes_decode_or_say_why() {
    // Bytes alone hardly ever begin with a frame: begin with some.
    let frames = prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..4);
    property(
        (frames, prop::collection::vec(any::<u8>(), 0..40), 0..100_usize),
        |(frames, garbage, cut)| {
            let mut bytes: Vec<u8> =
                frames.iter().flat_map(|p| frame::encode(p).unwrap()).chain(garbage).collect();
            check_bytes(&bytes);
            bytes.truncate(cut);
            check_bytes(&bytes);
            let _ = frame::from_bytes::<Vec<(u64, String)>>(&bytes); // any answer, no panic
            Ok(())
        },
    );
}
