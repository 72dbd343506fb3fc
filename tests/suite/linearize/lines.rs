//! Histories as JSON lines: what is read, and what is refused, with its line.

use selvedge::linearize::specifications::*;
use selvedge::linearize::{LONGEST, Lines, Mismatch, Operation, ReadErrorKind, read};
use std::io::{self, BufReader, Read};

fn refused(text: &str) -> (u64, ReadErrorKind, String) {
    let why = read::<Queue>(text.as_bytes()).expect_err("an error");
    (why.line(), why.kind(), why.to_string())
}

#[test]
fn a_history_is_read() {
    let text = r#"
{"process":3,"op":"enq","arg":7,"ret":null,"call":1,"return":4}

{"process":4,"op":"dequeue","call":2,"return":3}
{"process":4,"op":"dequeue","ret":null,"call":5,"return":null}"#;
    let history = read::<Queue>(text.as_bytes()).expect("a history");
    let operation =
        |process, op, invocation, response| Operation { process, op, invocation, response };
    let expected = [
        operation(3, QueueOp::Enqueue(7), 1, Some((4, QueueRet::Enqueued))),
        operation(4, QueueOp::Dequeue, 2, Some((3, QueueRet::Dequeued(None)))),
        operation(4, QueueOp::Dequeue, 5, None),
    ];
    assert_eq!(history.operations, expected);
    assert!(!history.stuck);
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let good = r#"{"process":0,"op":"enqueue","arg":1,"call":1,"return":2}"#;
    let mismatch = ReadErrorKind::Mismatch;
    let cases = [
        (
            r#"{"process":0,"op":"push","call":3}"#,
            mismatch(Mismatch::Operation),
            r#"no operation is called "push""#,
        ),
        (
            r#"{"process":0,"op":"enqueue","arg":"a","call":3}"#,
            mismatch(Mismatch::Argument),
            r#"the argument is not "a""#,
        ),
        (
            r#"{"process":0,"op":"dequeue","arg":1,"call":3}"#,
            mismatch(Mismatch::Argument),
            "the argument is not 1",
        ),
        (
            r#"{"process":0,"op":"dequeue","ret":[1],"call":3,"return":4}"#,
            mismatch(Mismatch::Return),
            "it does not return [1]",
        ),
        (
            r#"{"process":0,"op":"dequeue","key":"k","call":3}"#,
            mismatch(Mismatch::Key),
            r#"the key is not "k""#,
        ),
        (
            r#"{"process":0,"op":"dequeue"}"#,
            ReadErrorKind::Syntax,
            "missing field `call` (column 28)",
        ),
        (
            r#"{"process":0,"op":"dequeue","call":-3}"#,
            ReadErrorKind::Syntax,
            "invalid value: integer `-3`, expected u64 (column 37)",
        ),
        (
            r#"{"process":0,"op":"dequeue","call":3,"retrun":4}"#,
            ReadErrorKind::Syntax,
            "unknown field `retrun`, expected one of `process`, `op`, `key`, `arg`, `ret`, `call`, \
             `return` (column 45)",
        ),
        ("{}x", ReadErrorKind::Syntax, "missing field `process` (column 2)"),
        ("\u{0}", ReadErrorKind::Syntax, "expected value (column 1)"),
        (
            r#"{"process":0,"op":"dequeue","call":2,"return":3}"#,
            ReadErrorKind::IllFormed,
            "operation 1 is called by a process whose operation 0 has not returned before",
        ),
    ];
    for (line, kind, words) in cases {
        let text = format!("{good}\n\n{line}\n");
        assert_eq!(refused(&text), (3, kind, format!("line 3: {words}")), "{line}");
    }
}

#[test]
fn a_line_without_an_end_does_not_fill_the_memory() {
    let endless = BufReader::new(io::repeat(b' '));
    let why = Lines::<_, Queue>::new(endless).next().expect("something").expect_err("an error");
    assert_eq!((why.line(), why.kind()), (1, ReadErrorKind::TooLong));
    assert_eq!(why.to_string(), format!("line 1: longer than {LONGEST} bytes"));
}

#[test]
fn an_input_that_breaks_off_is_an_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let why = read::<Queue>(BufReader::new(Broken)).expect_err("an error");
    assert_eq!(
        (why.kind(), why.to_string().as_str()),
        (ReadErrorKind::Io, "line 1: the disk is gone")
    );
}

/// Lines that are made while they are read: nothing but one line is kept.
#[test]
fn a_long_history_is_read_as_it_comes() {
    struct Endless {
        line: u64,
        rest: Vec<u8>,
    }
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.rest.is_empty() && self.line < 100_000 {
                self.line += 1;
                let (call, end) = (2 * self.line, 2 * self.line + 1);
                self.rest = format!(
                    "{{\"process\":0,\"op\":\"push\",\"arg\":1,\"call\":{call},\"return\":{end}}}\n"
                )
                .into();
            }
            let count = self.rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&self.rest[..count]);
            self.rest.drain(..count);
            Ok(count)
        }
    }
    let lines = Lines::<_, Stack>::new(BufReader::new(Endless { line: 0, rest: Vec::new() }));
    assert_eq!(lines.filter(|operation| operation.is_ok()).count(), 100_000);
}

/// One operation of each specification, with its answers.
#[test]
fn every_ready_made_specification_is_read() {
    fn reads<S: selvedge::linearize::Recorded>(lines: &[&str]) {
        for (number, line) in lines.iter().enumerate() {
            let text = format!("{{\"process\":0,{line},\"call\":1,\"return\":2}}");
            assert!(
                read::<S>(text.as_bytes()).is_ok(),
                "{number}: {:?}",
                read::<S>(text.as_bytes()).map(|_| ())
            );
        }
    }
    reads::<BoundedQueue>(&[
        r#""op":"enqueue","arg":1"#,
        r#""op":"enqueue","arg":1,"ret":"closed""#,
        r#""op":"try_enqueue","arg":1,"ret":"full""#,
        r#""op":"dequeue","ret":1"#,
        r#""op":"try_dequeue","ret":null"#,
        r#""op":"close""#,
    ]);
    reads::<CasRegister>(&[
        r#""op":"cas","arg":[1,2],"ret":false"#,
        r#""op":"read","ret":1"#,
        r#""op":"write","arg":1"#,
    ]);
    reads::<Counter>(&[r#""op":"increment""#, r#""op":"read","ret":1"#]);
    reads::<FetchAdd>(&[r#""op":"fetch_add","arg":1,"ret":0"#]);
    reads::<KeyValue>(&[
        r#""op":"get","key":"a","ret":"""#,
        r#""op":"append","key":"a","arg":"b""#,
    ]);
    reads::<List>(&[r#""op":"append","arg":1"#, r#""op":"read","ret":[1,2]"#]);
    reads::<Map<String, i64>>(&[
        r#""op":"insert","key":"a","arg":1"#,
        r#""op":"get","key":"a","ret":1"#,
    ]);
    reads::<Mutex>(&[
        r#""op":"lock""#,
        r#""op":"try_lock","ret":"would_block""#,
        r#""op":"unlock""#,
    ]);
    reads::<PriorityQueue>(&[r#""op":"insert","arg":1"#, r#""op":"pop_max","ret":1"#]);
    reads::<Register<Option<i64>>>(&[r#""op":"write","arg":1"#, r#""op":"read""#]);
    reads::<Semaphore>(&[
        r#""op":"acquire""#,
        r#""op":"try_acquire","ret":"would_block""#,
        r#""op":"release""#,
    ]);
    reads::<Set>(&[
        r#""op":"insert","arg":1,"ret":true"#,
        r#""op":"contains","arg":1,"ret":false"#,
    ]);
    reads::<Stack>(&[r#""op":"push","arg":1"#, r#""op":"pop","ret":null"#]);
}
