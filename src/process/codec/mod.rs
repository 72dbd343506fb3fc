//! Encodes and decodes values within limits: bytes come from other processes, and may contain
//! anything.
//!
//! The format is postcard's. Both directions go through a wrapper (`read`, `write`) that counts the
//! cost of decoding a value. What could not be decoded is refused when it is encoded, so that its
//! sender gets the error.
//!
//! The wrapper also records the primitive types as which a value is written or read. postcard's
//! bytes do not contain them: an `i32` can be read as a `u64`, with another value. [`Shape`]
//! distinguishes the two.

mod read;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned};
use std::cell::Cell;
use std::fmt;

/// How deeply a value may be nested: every enum, struct, tuple, sequence, map, option and newtype
/// around another one counts.
///
/// ```
/// use selvedge::process::frame::{DEPTH, from_bytes};
///
/// #[derive(serde::Deserialize)]
/// struct Nested(#[allow(dead_code)] Option<Box<Nested>>);
///
/// let error = from_bytes::<Nested>(&[1; 100_000]).err().unwrap();
/// assert!(error.ends_with(&format!("it is deeper than the limit of {DEPTH} levels")), "{error}");
/// ```
pub const DEPTH: usize = 256;

/// How much stack, in bytes, encoding or decoding a value may take: half of what a thread of std's
/// has.
pub const STACK: usize = 1 << 20;

/// How many elements of a message's sequences and maps may take no bytes, such as `()`: no byte
/// count bounds their number.
///
/// ```
/// use selvedge::process::frame::{EMPTY_ELEMENTS, from_bytes, to_bytes};
///
/// let bytes = to_bytes(&vec![(); EMPTY_ELEMENTS]).unwrap();
/// assert_eq!(from_bytes::<Vec<()>>(&bytes).unwrap().len(), EMPTY_ELEMENTS);
/// let error = to_bytes(&vec![(); EMPTY_ELEMENTS + 1]).unwrap_err();
/// assert!(error.contains("elements without bytes"), "{error}");
/// ```
pub const EMPTY_ELEMENTS: usize = 1 << 16;

/// A limit that a value exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exceeded {
    /// [`DEPTH`].
    Depth,
    /// [`STACK`].
    Stack,
    /// [`EMPTY_ELEMENTS`].
    EmptyElements,
    /// The number of elements that the remaining bytes can hold.
    Announced {
        /// How many elements a sequence or a map announces.
        elements: usize,
        /// How many bytes follow.
        left: usize,
    },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exceeded::Depth => write!(f, "it is deeper than the limit of {DEPTH} levels"),
            Exceeded::Stack => write!(f, "it takes more than the limit of {STACK} bytes of stack"),
            Exceeded::EmptyElements => {
                write!(f, "it has more than the limit of {EMPTY_ELEMENTS} elements without bytes")
            }
            Exceeded::Announced { elements, left } => write!(
                f,
                "it announces {elements} elements; {left} bytes follow, and {EMPTY_ELEMENTS} \
                 elements without bytes are the limit"
            ),
        }
    }
}

/// The primitive types as which a value was written or read, in order, as a number. Two values
/// share it only if the types are the same. A struct, a tuple and a newtype contribute nothing to
/// the bytes, and nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape(u64);

/// What is written or read, as far as it leaves anything in the bytes.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Leaf {
    Bool = 1,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    None,
    Some,
    Seq,
    Map,
    Variant,
}

/// What one value has cost so far.
struct Account {
    depth: Cell<usize>,
    empty: Cell<usize>,
    /// Where the stack was when it began.
    stack: usize,
    shape: Cell<u64>,
    leaves: Cell<u64>,
    /// Reading: bytes that are left.
    left: Cell<usize>,
    /// Reading: for how many elements room may still be made before they are there.
    promised: Cell<usize>,
    exceeded: Cell<Option<Exceeded>>,
}

/// While it lives, the account is one level deeper.
struct Level<'a>(&'a Account);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
    }
}

impl Account {
    fn new(bytes: usize) -> Self {
        Account {
            depth: Cell::new(0),
            empty: Cell::new(0),
            stack: stack(),
            shape: Cell::new(0xcbf2_9ce4_8422_2325), // FNV-1a
            leaves: Cell::new(0),
            left: Cell::new(bytes),
            promised: Cell::new(bytes),
            exceeded: Cell::new(None),
        }
    }

    fn leaf(&self, leaf: Leaf) {
        self.shape.set((self.shape.get() ^ leaf as u64).wrapping_mul(0x0100_0000_01b3));
        self.leaves.set(self.leaves.get() + 1);
    }

    /// Keeps the limit for the message, as postcard's error has no room for it.
    fn exceeded<E: de::Error>(&self, limit: Exceeded) -> E {
        self.exceeded.set(Some(limit));
        E::custom(limit)
    }

    fn level(&self) -> Result<Level<'_>, Exceeded> {
        if self.depth.get() == DEPTH {
            return Err(Exceeded::Depth);
        }
        if self.stack.abs_diff(stack()) > STACK {
            return Err(Exceeded::Stack);
        }
        self.depth.set(self.depth.get() + 1);
        Ok(Level(self))
    }

    fn empty_element(&self) -> Result<(), Exceeded> {
        self.empty.set(self.empty.get() + 1);
        if self.empty.get() > EMPTY_ELEMENTS { Err(Exceeded::EmptyElements) } else { Ok(()) }
    }

    /// The words for an error: the limit, or those of a `Serialize` of this crate, or postcard's.
    fn reason(&self, error: &postcard::Error) -> String {
        // also where they are not needed: they are this value's
        let words = super::handle::take_reason();
        match (self.exceeded.get(), error, words) {
            (Some(limit), ..) => limit.to_string(),
            (
                None,
                postcard::Error::SerdeSerCustom | postcard::Error::SerdeDeCustom,
                Some(words),
            ) => words,
            _ => error.to_string(),
        }
    }
}

/// Where the stack is, roughly.
#[inline(never)]
fn stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&here)).addr()
}

/// Why a value did not become bytes.
pub(crate) struct Refusal {
    /// If that is why.
    pub(crate) exceeded: Option<Exceeded>,
    pub(crate) words: String,
}

/// Encodes a value.
///
/// # Errors
///
/// The message of the value's `Serialize`, if it fails. Also if the bytes could not be decoded,
/// because the value exceeds one of the limits here.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    encode(value).map(|(bytes, _)| bytes).map_err(|refusal| refusal.words)
}

pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<(Vec<u8>, Shape), Refusal> {
    let account = Account::new(0);
    match postcard::to_stdvec(&write::Written(value, &account)) {
        Ok(bytes) => Ok((bytes, Shape(account.shape.get()))),
        Err(e) => Err(Refusal { exceeded: account.exceeded.get(), words: account.reason(&e) }),
    }
}

/// Decodes a value from all of `bytes`.
///
/// This terminates for all bytes, within [`DEPTH`] and [`STACK`], and reserves room for no more
/// elements than there are bytes.
///
/// # Errors
///
/// What is wrong with the bytes; also if some are left over.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    decode(bytes).map(|(value, _)| value)
}

pub(in crate::process) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Shape), String> {
    let name = std::any::type_name::<T>();
    match take(bytes) {
        Ok((value, shape, [])) => Ok((value, shape)),
        Ok((_, _, rest)) => Err(format!(
            "{} bytes left over at {} after a {name}",
            rest.len(),
            bytes.len() - rest.len()
        )),
        Err(why) => Err(format!("{} bytes that are no {name}: {why}", bytes.len())),
    }
}

/// Decodes the value at the beginning of `bytes`, and returns the remaining bytes.
///
/// # Errors
///
/// As for [`from_bytes`], except for bytes left over.
pub(crate) fn take_from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), String> {
    take(bytes).map(|(value, _, rest)| (value, rest))
}

fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, Shape, &[u8]), String> {
    let account = Account::new(bytes.len());
    let read = read::read(bytes, &account);
    let value = read.map_err(|e| account.reason(&e))?;
    Ok((value, Shape(account.shape.get()), &bytes[bytes.len() - account.left.get()..]))
}

/// Bytes as one run: a sequence of numbers would be visited byte by byte.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::process) struct Bytes(pub(in crate::process) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Run;
        impl de::Visitor<'_> for Run {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a run of bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Run)
    }
}
