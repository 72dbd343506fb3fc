//! Frames: how messages are cut out of a stream of bytes.
//!
//! A frame is its payload's length (four bytes, little endian), that length's complement, and the payload. The
//! complement makes garbage recognisable at once, where a bare length would make the reader wait for bytes that never
//! come. Nothing is allocated for a length; the buffer holds the bytes that have arrived and no more.

use serde::{Serialize, de::DeserializeOwned};
use std::fmt;

/// The bytes before a payload.
pub const HEADER: usize = 8;

/// The longest payload that is sent or accepted, in bytes, unless another limit is given.
pub const LIMIT: usize = 64 << 20;

/// What is wrong with a stream of frames, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Bytes of the stream before the frame in question.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What can be wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The eight bytes are not a length and its complement.
    NotAFrame([u8; HEADER]),
    /// The payload is longer than is accepted.
    TooLong {
        /// How long it is, in bytes.
        length: usize,
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// The stream ended inside the frame.
    Truncated {
        /// How many bytes the frame has, as far as that is known.
        needed: usize,
        /// How many of them arrived.
        arrived: usize,
    },
    /// The payload is not what it should be.
    Payload(String),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame at byte {}: ", self.offset)?;
        match &self.reason {
            Reason::NotAFrame(bytes) => write!(f, "no frame begins with {bytes:02x?}"),
            Reason::TooLong { length, limit } => write!(f, "{length} bytes are more than the limit of {limit}"),
            Reason::Truncated { needed, arrived } => write!(f, "the stream ends after {arrived} of {needed} bytes"),
            Reason::Payload(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FrameError {}

/// The frame that holds `payload`.
///
/// # Errors
///
/// If the payload is longer than [`LIMIT`].
pub fn encode(payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    if payload.len() > LIMIT {
        return Err(FrameError { offset: 0, reason: Reason::TooLong { length: payload.len(), limit: LIMIT } });
    }
    let length = payload.len() as u32;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&(!length).to_le_bytes());
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// The bytes of a value.
///
/// # Errors
///
/// In the words of the value's `Serialize`, if it refuses.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    postcard::to_stdvec(value).map_err(|e| reason(&e))
}

/// The value that all of `bytes` stands for.
///
/// # Errors
///
/// What is wrong with the bytes; also if some are left over.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let name = std::any::type_name::<T>();
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!("{} bytes left over at {} after a {name}", rest.len(), bytes.len() - rest.len())),
        Err(e) => Err(format!("{} bytes that are no {name}: {}", bytes.len(), reason(&e))),
    }
}

/// postcard has no room for the words of a `Serialize` that refuses: those of this crate leave them here.
fn reason(error: &postcard::Error) -> String {
    match (error, super::handle::take_reason()) {
        (postcard::Error::SerdeSerCustom | postcard::Error::SerdeDeCustom, Some(words)) => words,
        _ => error.to_string(),
    }
}

/// Cuts frames out of bytes that arrive piece by piece.
///
/// ```
/// use selvedge::process::frame::{Decoder, encode};
///
/// let mut decoder = Decoder::new();
/// let bytes = encode(b"hello").unwrap();
/// decoder.feed(&bytes[..10]);
/// assert_eq!(decoder.next_frame(), Ok(None)); // not yet
/// decoder.feed(&bytes[10..]);
/// assert_eq!(decoder.next_frame(), Ok(Some(b"hello".to_vec())));
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    // Invariant: start <= buffer.len(); the bytes before it have been handed out.
    start: usize,
    // Bytes of the stream before buffer[start].
    offset: u64,
    limit: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    /// A decoder that accepts payloads of at most `limit` bytes.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, offset: 0, limit }
    }

    /// Takes in the bytes that arrived next.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// Where the next frame begins: bytes of the stream before it.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next payload, or `None` if not all of it has arrived.
    ///
    /// # Errors
    ///
    /// If the next bytes are no frame, or one that is too long. The decoder stays where it is: so does the error.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let arrived = &self.buffer[self.start..];
        let Some((header, rest)) = arrived.split_first_chunk::<HEADER>() else { return Ok(None) };
        let error = |reason| Err(FrameError { offset: self.offset, reason });
        let Some(length) = length(header) else { return error(Reason::NotAFrame(*header)) };
        if length > self.limit {
            return error(Reason::TooLong { length, limit: self.limit });
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let payload = payload.to_vec();
        self.start += HEADER + length;
        self.offset += (HEADER + length) as u64;
        Ok(Some(payload))
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    ///
    /// If it ended inside a frame.
    pub fn finish(&self) -> Result<(), FrameError> {
        let arrived = &self.buffer[self.start..];
        if arrived.is_empty() {
            return Ok(());
        }
        let known = arrived.first_chunk::<HEADER>().and_then(length).unwrap_or(0);
        let reason = Reason::Truncated { needed: HEADER + known, arrived: arrived.len() };
        Err(FrameError { offset: self.offset, reason })
    }
}

/// The length that a header announces.
fn length(header: &[u8; HEADER]) -> Option<usize> {
    let [a, b, c, d, e, f, g, h] = *header;
    let length = u32::from_le_bytes([a, b, c, d]);
    (length == !u32::from_le_bytes([e, f, g, h])).then_some(length as usize)
}

/// What must be true of any bytes (for property tests and fuzzing).
///
/// # Panics
///
/// If decoding depends on how the bytes were cut, or the accepted frames are not the bytes they came from.
pub fn check_bytes(bytes: &[u8]) {
    let limit = 1 << 16;
    let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut decoder, mut frames) = (Decoder::with_limit(limit), Vec::new());
        for piece in pieces {
            decoder.feed(piece);
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, Err(error)),
                }
            }
        }
        let end = decoder.finish();
        (frames, end)
    };
    let whole = read(&mut std::iter::once(bytes));
    let bytewise = read(&mut bytes.chunks(1));
    assert_eq!(whole, bytewise, "decoding depends on how the bytes are cut");

    let (frames, end) = whole;
    let again: Vec<u8> = frames.iter().flat_map(|frame| encode(frame).expect("it was within the limit")).collect();
    assert!(bytes.starts_with(&again), "the frames are not the bytes they came from");
    match end {
        Ok(()) => assert_eq!(again.len(), bytes.len(), "bytes vanished without an error"),
        Err(error) => assert_eq!(error.offset, again.len() as u64, "the error names another place: {error}"),
    }
}
