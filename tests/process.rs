//! Worker processes: whatever ends one is an answer in the parent, and the right one.
//!
//! This program is its own worker: see `main`.

use libtest_mimic::{Arguments, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use selvedge::process::frame::{self, Decoder, FrameError, Reason, check_bytes};
use selvedge::process::handle::Handle;
use selvedge::process::{Builder, Failure, Table, Worker, WorkerError, WorkerHandle, worker_main};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Turns a hang into a failure; nothing here takes a hundredth of it.
const LIMIT: Duration = Duration::from_secs(30);

fn table() -> Table {
    Table::new()
        .function("squares", |numbers: Vec<u64>| numbers.into_iter().map(|n| n * n).collect::<Vec<_>>())
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

fn main() {
    worker_main(&table());
    let mut trials = Vec::new();
    macro_rules! tests {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::test(stringify!($name), || { $name(); Ok(()) }));)*
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
        errors_are_sentences,
        frames_survive_any_cut,
        a_cut_frame_says_where_it_ends,
        an_oversized_length_allocates_nothing,
        garbage_is_no_frame,
        any_bytes_decode_or_say_why,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// What became of the worker; a panic if nothing does.
fn outcome<R: serde::de::DeserializeOwned>(worker: WorkerHandle<R>) -> Result<R, WorkerError> {
    match worker.join_timeout(LIMIT) {
        Ok(outcome) => outcome,
        Err(handle) => panic!("{handle:?} has not ended"),
    }
}

fn run<A: serde::Serialize + ?Sized, R: serde::de::DeserializeOwned>(name: &str, arguments: &A) -> Result<R, Failure> {
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
            assert!(at.starts_with("tests/process.rs:"), "{at}");
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
    // Killed at any time between its start and the end of its large result: never half of it, never a hang.
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
    let error = Builder::new().program("/no/such/program").spawn::<_, u64>("squares", &()).unwrap_err();
    match error.failure() {
        Failure::Io { doing, kind, .. } => {
            assert_eq!((doing.as_str(), *kind), ("start /no/such/program", std::io::ErrorKind::NotFound));
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
    let Err(Failure::NotRegistered { name, known }) = run::<_, u64>("sqares", &()) else { panic!("registered?") };
    assert_eq!(name, "sqares");
    assert_eq!(known, table().names());
}

fn arguments_of_another_type_are_an_error() {
    let Err(Failure::Decode(why)) = run::<_, Vec<u64>>("squares", &(2_u8, 1_u8)) else { panic!("decoded?") };
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
    assert!(matches!(&result, Err(Failure::Encode(why)) if why.starts_with("result: ")), "{result:?}");
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
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists(), "it is there, if only as a zombie");
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
    let sibling: WorkerHandle<()> = Worker::spawn("block", &Some(Handle::from(OwnedFd::from(theirs)))).unwrap();
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
    // The grandchild either never saw its arguments (the end of its control socket) or ran: in both cases it ends,
    // and with it the last copy of our socket.
    for _ in 0..10 {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(LIMIT)).unwrap();
        let theirs = Handle::from(OwnedFd::from(theirs));
        assert_eq!(run::<_, u64>("orphan", &theirs), Err(Failure::Signaled(6)));
        drop(theirs);
        assert_eq!(ours.read(&mut [0]).unwrap(), 0, "the end of the stream");
    }
}

fn errors_are_sentences() {
    let sentence = |name: &str, arguments: i32| Worker::spawn(name, &arguments).and_then(outcome::<u64>).unwrap_err();
    assert_eq!(sentence("exit", 3).to_string(), "worker `exit` exited with code 3 and without a result");
    let unknown = sentence("sqares", 3).to_string();
    let begin = "worker `sqares` is unknown to its program: no function \"sqares\" among abort, ";
    assert!(unknown.starts_with(begin), "{unknown}");
    let killed = blocked();
    killed.kill().unwrap();
    assert_eq!(outcome(killed).unwrap_err().to_string(), "worker `block` was ended by signal 9 (SIGKILL)");
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
    property((frames, prop::collection::vec(any::<u8>(), 0..40), 0..100_usize), |(frames, garbage, cut)| {
        let mut bytes: Vec<u8> = frames.iter().flat_map(|p| frame::encode(p).unwrap()).chain(garbage).collect();
        check_bytes(&bytes);
        bytes.truncate(cut);
        check_bytes(&bytes);
        let _ = frame::from_bytes::<Vec<(u64, String)>>(&bytes); // any answer, no panic
        Ok(())
    });
}
