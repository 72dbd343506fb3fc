//! Reads histories from JSON lines: one operation on each line, read one by one.
//!
//! A line is an object with `process` (a number), `op` (a name), `arg`, `ret`, `call` and `return`
//! (times), and `key` for structures that have keys. If `return` is missing or `null`, the
//! operation is pending.

use super::{History, IllFormed, Operation, Specification};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::marker::PhantomData;

/// A specification whose histories can be read.
///
/// ```
/// use selvedge::linearize::specifications::Queue;
/// use selvedge::linearize::{Criterion, check, read};
///
/// let lines = r#"{"process":0,"op":"enqueue","arg":7,"call":1,"return":2}
/// {"process":1,"op":"dequeue","ret":7,"call":3,"return":4}"#;
/// let history = read::<Queue>(lines.as_bytes())?;
/// assert!(check(&Queue::default(), &history, Criterion::Linearizable, 1_000).holds());
///
/// let line = r#"{"process":0,"op":"push","arg":7,"call":1,"return":2}"#;
/// let wrong = read::<Queue>(line.as_bytes()).unwrap_err();
/// assert_eq!(wrong.to_string(), r#"line 1: no operation is called "push""#);
/// # Ok::<(), selvedge::linearize::ReadError>(())
/// ```
pub trait Recorded: Specification {
    /// Parses the operation of this name.
    ///
    /// # Errors
    /// If there is none, or not with this argument or this key.
    fn op(name: &str, key: Option<&str>, arg: &Value) -> Result<Self::Op, Mismatch>;

    /// Parses what the operation returned.
    ///
    /// # Errors
    /// If it does not return such a value.
    fn ret(op: &Self::Op, ret: &Value) -> Result<Self::Ret, Mismatch>;
}

/// What in a line does not fit the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// There is no operation of this name.
    Operation,
    /// The operation has another argument.
    Argument,
    /// The operation returns something else.
    Return,
    /// The operation has no key, or requires one.
    Key,
}

/// Why a history could not be read.
#[derive(Debug)]
pub struct ReadError {
    line: u64,
    kind: ReadErrorKind,
    context: Context,
}

/// The kind of a [`ReadError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The input could not be read.
    Io,
    /// The line is longer than [`LONGEST`].
    TooLong,
    /// The line is not a JSON object with these fields.
    Syntax,
    /// The specification has no such operation, argument, return value or key.
    Mismatch(Mismatch),
    /// The history is ill-formed.
    IllFormed,
}

#[derive(Debug)]
enum Context {
    None,
    Io(io::Error),
    Syntax(serde_json::Error),
    Value(String),
    IllFormed(IllFormed),
}

impl ReadError {
    /// Returns the line, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> ReadErrorKind {
        self.kind
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match (&self.context, self.kind) {
            (Context::Io(why), _) => write!(f, "{why}"),
            (Context::Syntax(why), _) => write!(f, "{} (column {})", words(why), why.column()),
            (Context::IllFormed(why), _) => write!(f, "{why}"),
            (Context::Value(value), ReadErrorKind::Mismatch(mismatch)) => match mismatch {
                Mismatch::Operation => write!(f, "no operation is called {value}"),
                Mismatch::Argument => write!(f, "the argument is not {value}"),
                Mismatch::Return => write!(f, "it does not return {value}"),
                Mismatch::Key => write!(f, "the key is not {value}"),
            },
            (Context::Value(_) | Context::None, _) => write!(f, "longer than {LONGEST} bytes"),
        }
    }
}

/// serde_json says where, but each of our lines is its first.
fn words(why: &serde_json::Error) -> String {
    let text = why.to_string();
    text.split(" at line ").next().unwrap_or_default().to_string()
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.context {
            Context::Io(why) => Some(why),
            Context::Syntax(why) => Some(why),
            Context::IllFormed(why) => Some(why),
            Context::None | Context::Value(_) => None,
        }
    }
}

/// The most bytes of a line, so that a file of another kind does not fill the memory.
pub const LONGEST: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    process: usize,
    #[serde(borrow)]
    op: Cow<'a, str>,
    #[serde(borrow, default)]
    key: Option<Cow<'a, str>>,
    #[serde(default)]
    arg: Value,
    #[serde(default)]
    ret: Value,
    call: u64,
    #[serde(default)]
    r#return: Option<u64>,
}

/// Reads operations line by line and skips empty lines. It ends at the first error.
#[derive(Debug)]
pub struct Lines<R, S> {
    input: R,
    line: u64,
    bytes: Vec<u8>,
    over: bool,
    specification: PhantomData<fn() -> S>,
}

impl<R: BufRead, S: Recorded> Lines<R, S> {
    /// Creates a reader of an input's lines.
    pub fn new(input: R) -> Self {
        Lines { input, line: 0, bytes: Vec::new(), over: false, specification: PhantomData }
    }

    /// Returns the number of the last line that was read, from 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    fn error(&self, kind: ReadErrorKind, context: Context) -> ReadError {
        ReadError { line: self.line, kind, context }
    }

    /// Advances to the next line that is not empty. Returns whether there is one.
    fn advance(&mut self) -> Result<bool, ReadError> {
        loop {
            self.line += 1;
            self.bytes.clear();
            let read = (&mut self.input).take(LONGEST + 1).read_until(b'\n', &mut self.bytes);
            let read = read.map_err(|why| self.error(ReadErrorKind::Io, Context::Io(why)))?;
            if read as u64 > LONGEST {
                return Err(self.error(ReadErrorKind::TooLong, Context::None));
            }
            if read == 0 || !self.bytes.trim_ascii().is_empty() {
                return Ok(read > 0);
            }
        }
    }

    fn operation(&self) -> Result<Operation<S::Op, S::Ret>, ReadError> {
        let line: Line<'_> = serde_json::from_slice(&self.bytes)
            .map_err(|why| self.error(ReadErrorKind::Syntax, Context::Syntax(why)))?;
        let mismatch = |which: Mismatch| {
            let value = match which {
                Mismatch::Operation => format!("{:?}", line.op),
                Mismatch::Argument => line.arg.to_string(),
                Mismatch::Return => line.ret.to_string(),
                Mismatch::Key => {
                    line.key.as_ref().map_or("missing".to_string(), |key| format!("{key:?}"))
                }
            };
            self.error(ReadErrorKind::Mismatch(which), Context::Value(value))
        };
        let op = S::op(&line.op, line.key.as_deref(), &line.arg).map_err(mismatch)?;
        let response = match line.r#return {
            Some(moment) => Some((moment, S::ret(&op, &line.ret).map_err(mismatch)?)),
            None => None,
        };
        Ok(Operation { process: line.process, op, invocation: line.call, response })
    }
}

impl<R: BufRead, S: Recorded> Iterator for Lines<R, S> {
    type Item = Result<Operation<S::Op, S::Ret>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self
            .advance()
            .and_then(|more| if more { self.operation().map(Some) } else { Ok(None) });
        self.over = !matches!(next, Ok(Some(_)));
        next.transpose()
    }
}

/// Reads a whole history.
///
/// # Errors
/// If a line cannot be read, or the history is ill-formed.
pub fn read<S: Recorded>(input: impl BufRead) -> Result<History<S::Op, S::Ret>, ReadError> {
    let mut lines = Lines::<_, S>::new(input);
    let (mut operations, mut numbers) = (Vec::new(), Vec::new());
    while let Some(operation) = lines.next() {
        operations.push(operation?);
        numbers.push(lines.line());
    }
    History::new(operations).map_err(|why| ReadError {
        line: numbers[why.operation()],
        kind: ReadErrorKind::IllFormed,
        context: Context::IllFormed(why),
    })
}
