//! The protocol between clients and the manager: closed enums, in frames of a bounded size.
//!
//! The manager never learns the types of its items. An item is the postcard encoding of a value, so
//! a list holds anything that serde can write, and nothing that a peer sends is ever more than
//! data. Two items are equal when their encodings are.

use super::packed::Packed;
use crate::process::frame;
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An item of the manager: a value in its postcard encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item(pub Vec<u8>);

impl Item {
    /// The encoding of `value`.
    ///
    /// # Errors
    /// The value refuses to be serialised.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, CodecError> {
        encode(value).map(Item)
    }

    /// The value of which this is the encoding.
    ///
    /// # Errors
    /// It is not an encoding of a `T`, or bytes are left over.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        decode(&self.0)
    }
}

// As one run of bytes: a sequence of numbers would be visited byte by byte.
impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Item;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the bytes of an item")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Item, E> {
                Ok(Item(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// A value that could not be encoded, or bytes that are not the encoding of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodecError(pub(super) String);

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CodecError {}

pub(super) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
    frame::to_bytes(value).map_err(CodecError)
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    frame::from_bytes(bytes).map_err(CodecError)
}

/// The name of an object at its manager. It is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectId(pub u64);

/// Proof of having acquired a lock. Writes that carry it are refused once that hold is over.
///
/// It may be given to other clients. A hold ends with the guard or with the connection of its
/// owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fence {
    /// The lock.
    pub lock: ObjectId,
    /// The number of the hold among the lock's holds.
    pub token: u64,
}

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Creates an object, of which this connection then has a handle.
    Create(Create),
    /// Gives up this connection's handle.
    Release(ObjectId),
    /// Opens a further connection, whose socket is attached. It starts with a handle of this
    /// object.
    Connect(Option<ObjectId>),
    /// One operation.
    Call(Call),
    /// Several operations, without operations of other clients in between. The first refusal ends
    /// them.
    Batch(Packed<Call>),
    /// Acquires the lock for this connection, as soon as it is free.
    Acquire(ObjectId),
    /// Acquires the lock for this connection, if it is free now.
    TryAcquire(ObjectId),
    /// Ends the hold.
    Unlock {
        /// Which hold.
        fence: Fence,
        /// Whether the protected data may be half changed.
        poison: bool,
    },
    /// Forgets that an owner died.
    ClearPoison(ObjectId),
    /// Creates a number by which another connection of this client gets a handle of the object. It
    /// cannot be guessed, and it works once.
    Lend(ObjectId),
    /// Gets a handle of the object that another connection lends by this number.
    Borrow(u64),
}

/// The kind of a new object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Create {
    /// An empty list.
    List,
    /// An empty dict.
    Dict,
    /// One item.
    Value(Item),
    /// A free lock.
    Lock,
}

/// One operation on one object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The object.
    pub object: ObjectId,
    /// The hold under which it is done. It is refused when the hold is over.
    pub fence: Option<Fence>,
    /// The operation.
    pub operation: Operation,
}

/// What can be done to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operation {
    /// To a list.
    List(ListOperation),
    /// To a dict.
    Dict(DictOperation),
    /// To a value.
    Value(ValueOperation),
}

/// A function of the manager's table, by name, and its argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// Its name in [`Functions`](super::Functions).
    pub function: String,
    /// The client's assumption about its types, as a fingerprint.
    pub types: u64,
    /// Its argument, besides the item.
    pub argument: Item,
}

/// What can be done to a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListOperation {
    /// Appends one item.
    Push(Item),
    /// Appends several items.
    Extend(Packed<Item>),
    /// Reads one item.
    Get(u64),
    /// Replaces one item.
    Set(u64, Item),
    /// The number of items.
    Len,
    /// Takes the last item.
    Pop,
    /// Takes one item out.
    Remove(u64),
    /// Whether it contains this item.
    Contains(Item),
    /// Reads the items from the first index up to, but without, the second.
    Range(u64, u64),
    /// Applies a function to one item, in place.
    Update(u64, Apply),
    /// Replaces one item if it is as expected.
    CompareExchange {
        /// The index.
        index: u64,
        /// The expected item.
        current: Item,
        /// The new item.
        new: Item,
    },
    /// Takes all items out.
    Clear,
}

/// What can be done to a dict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DictOperation {
    /// Sets a key, and returns its previous item.
    Insert(Item, Item),
    /// Reads a key.
    Get(Item),
    /// Takes a key out.
    Remove(Item),
    /// The number of keys.
    Len,
    /// All keys.
    Keys,
    /// All keys with their items.
    Pairs,
    /// Applies a function to the item of a key, in place.
    Update {
        /// The key.
        key: Item,
        /// What the function starts from if the key is absent. Without it, an absent key is
        /// refused.
        default: Option<Item>,
        /// The function.
        apply: Apply,
    },
    /// Replaces the item of a key if it is as expected. `None` is an absent key.
    CompareExchange {
        /// The key.
        key: Item,
        /// The expected item.
        current: Option<Item>,
        /// The new item.
        new: Option<Item>,
    },
    /// Takes all out.
    Clear,
}

/// What can be done to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueOperation {
    /// Reads it.
    Get,
    /// Replaces it.
    Set(Item),
    /// Applies a function to it, in place.
    Update(Apply),
    /// Replaces it if it is as expected.
    CompareExchange {
        /// The expected item.
        current: Item,
        /// The new item.
        new: Item,
    },
}

/// The manager's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Done.
    Done,
    /// The new object.
    Created(ObjectId),
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(u64),
    /// One item, or none.
    Item(Option<Item>),
    /// Several items.
    Items(Packed<Item>),
    /// Keys with their items.
    Pairs(Packed<(Item, Item)>),
    /// `None`: exchanged. Otherwise the item that was there instead.
    Exchanged(Option<Option<Item>>),
    /// This connection has the lock.
    Acquired {
        /// The number of this hold.
        token: u64,
        /// Whether an earlier owner died, or panicked.
        poisoned: bool,
    },
    /// How many operations of a batch were done, and why the next one was not.
    Batch {
        /// These took effect.
        done: u64,
        /// This ended the batch.
        refusal: Option<Refusal>,
    },
    /// Not done. Nothing has changed.
    Refused(Refusal),
}

/// Why the manager refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// The connection is over.
    NotConnected,
    /// The manager is shutting down.
    Closing,
    /// No object of this name is alive.
    NoSuchObject(ObjectId),
    /// This connection has no handle of the object: it can neither use it nor give it up.
    NoHandle(ObjectId),
    /// The object is not of the operation's kind.
    WrongKind,
    /// The list ends before this index.
    OutOfRange {
        /// The index.
        index: u64,
        /// The length of the list.
        len: u64,
    },
    /// The dict does not have the key.
    NoSuchKey,
    /// The table has no function of this name.
    NoSuchFunction {
        /// The name.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// The item or the argument does not fit the function, or the client expects another result.
    Mismatch {
        /// The function.
        function: String,
        /// The types of the function, or why it failed.
        reason: String,
    },
    /// The function panicked, or the `Serialize`, `Deserialize` or `Drop` of one of its types did.
    /// The item is unchanged.
    Panicked {
        /// The function.
        function: String,
        /// The panic message.
        message: String,
        /// `src/work.rs:12:5`, if it is known.
        location: Option<String>,
    },
    /// The hold under which this was requested is over.
    StaleFence,
    /// This connection already holds the lock.
    AlreadyHeld,
    /// Another connection holds the lock.
    Locked,
    /// The answer does not fit into a frame of this many bytes.
    TooLarge(u64),
    /// The manager holds as much as its limits allow.
    Full,
    /// The bytes are not a request. The connection is over.
    Malformed(String),
    /// The requests, or the replies, of all connections together would take more than this many
    /// bytes at a time.
    Busy(u64),
    /// No object is lent by this number.
    NoLoan(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotConnected => f.write_str("the connection is over"),
            Refusal::Closing => f.write_str("the manager is shutting down"),
            Refusal::NoSuchObject(id) => write!(f, "object {} is not alive", id.0),
            Refusal::NoHandle(id) => write!(f, "this connection has no handle of object {}", id.0),
            Refusal::WrongKind => f.write_str("the object is of another kind"),
            Refusal::OutOfRange { index, len } => write!(f, "index {index} in a list of {len}"),
            Refusal::NoSuchKey => f.write_str("the key is absent"),
            Refusal::NoSuchFunction { name, known } => {
                write!(f, "no function {name:?}; known: {}", known.join(", "))
            }
            Refusal::Mismatch { function, reason } => write!(f, "function {function:?}: {reason}"),
            Refusal::Panicked { function, message, location: Some(at) } => {
                write!(f, "function {function:?} panicked at {at}: {message}")
            }
            Refusal::Panicked { function, message, location: None } => {
                write!(f, "function {function:?} panicked: {message}")
            }
            Refusal::StaleFence => f.write_str("the lock is no longer held"),
            Refusal::AlreadyHeld => f.write_str("this connection already holds the lock"),
            Refusal::Locked => f.write_str("somebody holds the lock"),
            Refusal::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
            Refusal::Full => f.write_str("the manager is full"),
            Refusal::Malformed(reason) => write!(f, "not a request: {reason}"),
            Refusal::Busy(limit) => {
                write!(f, "all that is under way would take more than the limit of {limit} bytes")
            }
            Refusal::NoLoan(number) => write!(f, "nobody lends an object by the number {number}"),
        }
    }
}

impl Reply {
    /// How many bytes of items it carries.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Reply::Items(items) => items.bytes(),
            Reply::Pairs(pairs) => pairs.bytes(),
            Reply::Item(Some(item)) | Reply::Exchanged(Some(Some(item))) => item.0.len(),
            // A refusal carries parts of the request, which is already counted.
            _ => 0,
        }
    }
}

/// The limits of a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The most bytes of one request or one reply.
    pub frame_bytes: u32,
    /// The most bytes of all objects together.
    pub total_bytes: u64,
    /// The most connections at a time.
    pub connections: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { frame_bytes: 16 << 20, total_bytes: 1 << 30, connections: 1024 }
    }
}

/// Decodes one request, as the manager does with every frame. Any bytes are either a request or an
/// error.
///
/// # Errors
/// The bytes are not exactly one request.
pub fn decode_request(bytes: &[u8]) -> Result<Request, CodecError> {
    decode(bytes)
}
