//! Frames: how messages are delimited in a stream of bytes.
//!
//! A frame is its payload's length (four bytes, little endian), that length's complement, and the
//! payload. The complement makes garbage recognisable at once. With a bare length the reader would
//! wait for bytes that never come. Nothing is allocated for a length; the buffer holds the bytes
//! that have arrived and no more.

use std::fmt;

pub use super::codec::{DEPTH, EMPTY_ELEMENTS, Exceeded, STACK, from_bytes, to_bytes};

/// The length of the header before a payload.
pub const HEADER: usize = 8;

/// The longest payload that is sent or accepted, in bytes, unless another limit is set.
pub const LIMIT: usize = 64 << 20;

/// A longer frame leaves no spare capacity in the buffer in which it was assembled.
const KEPT: usize = 1 << 16;

/// What is wrong with a stream of frames, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// The number of bytes in the stream before the frame.
    pub offset: u64,
    /// What is wrong with it.
    pub reason: Reason,
}

/// The ways in which a frame can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The eight bytes are not a length and its complement.
    NotAFrame([u8; HEADER]),
    /// The payload exceeds the limit.
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The stream ended inside the frame.
    Truncated {
        /// The length of the frame, as far as it is known.
        needed: usize,
        /// How many of its bytes arrived.
        arrived: usize,
    },
    /// The payload is invalid.
    Payload(String),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "frame at byte {}: ", self.offset)?;
        match &self.reason {
            Reason::NotAFrame(bytes) => write!(f, "no frame begins with {bytes:02x?}"),
            Reason::TooLong { length, limit } => {
                write!(f, "{length} bytes are more than the limit of {limit}")
            }
            Reason::Truncated { needed, arrived } => {
                write!(f, "the stream ends after {arrived} of {needed} bytes")
            }
            Reason::Payload(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for FrameError {}

/// Returns the header of a payload of this length.
///
/// # Errors
///
/// If that is longer than [`LIMIT`].
pub fn header(payload: usize) -> Result<[u8; HEADER], FrameError> {
    if payload > LIMIT {
        return Err(FrameError {
            offset: 0,
            reason: Reason::TooLong { length: payload, limit: LIMIT },
        });
    }
    let length = (payload as u32).to_le_bytes();
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&length);
    header[4..].copy_from_slice(&length.map(|byte| !byte));
    Ok(header)
}

/// Returns the frame that holds `payload`.
///
/// # Errors
///
/// If the payload is longer than [`LIMIT`].
pub fn encode(payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    let header = header(payload.len())?;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&header);
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// Decodes frames from bytes that arrive piece by piece.
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
    // Bytes to come that belong to a frame that was passed over. Invariant: if there are any, the
    // buffer is empty.
    skip: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    /// Creates a decoder at the beginning of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(LIMIT)
    }

    /// Creates a decoder that accepts payloads of at most `limit` bytes.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { buffer: Vec::new(), start: 0, offset: 0, limit, skip: 0 }
    }

    /// Adds the bytes that arrived next.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.buffer.extend_from_slice(&bytes[skipped..]);
    }

    /// Returns how many bytes of the next frame, and possibly of later ones, have arrived.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Skips the frame of which a part has arrived: its bytes are discarded, including those to
    /// come.
    ///
    /// Does nothing if its length is not yet known.
    pub fn pass_over(&mut self) {
        let arrived = &self.buffer[self.start..];
        let Some(length) = arrived.first_chunk::<HEADER>().and_then(length) else { return };
        let whole = HEADER + length;
        self.offset += whole as u64;
        match arrived.len().checked_sub(whole) {
            Some(_) => self.start += whole,
            None => {
                self.skip = whole - arrived.len();
                (self.buffer, self.start) = (Vec::new(), 0);
            }
        }
    }

    /// Returns the position of the next frame: the number of bytes in the stream before it.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next payload, or `None` if not all of it has arrived.
    ///
    /// # Errors
    ///
    /// If the next bytes are not a frame, or one that is too long. The decoder does not advance, so
    /// the error repeats.
    pub fn next_frame(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let arrived = &self.buffer[self.start..];
        let Some((header, rest)) = arrived.split_first_chunk::<HEADER>() else { return Ok(None) };
        let error = |reason| Err(FrameError { offset: self.offset, reason });
        let Some(length) = length(header) else { return error(Reason::NotAFrame(*header)) };
        if length > self.limit {
            return error(Reason::TooLong { length, limit: self.limit });
        }
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        self.offset += (HEADER + length) as u64;
        if payload.len() < rest.len() {
            let payload = payload.to_vec();
            self.start += HEADER + length;
            if length > KEPT {
                self.buffer.drain(..self.start);
                self.buffer.shrink_to_fit();
                self.start = 0;
            }
            return Ok(Some(payload));
        }
        // Nothing follows: the buffer is the payload, and no long frame leaves a large one behind.
        let mut payload = std::mem::take(&mut self.buffer);
        payload.drain(..self.start + HEADER);
        self.start = 0;
        Ok(Some(payload))
    }

    /// Ends the stream.
    ///
    /// # Errors
    ///
    /// If it ended inside a frame.
    pub fn finish(&self) -> Result<(), FrameError> {
        let arrived = &self.buffer[self.start..];
        if self.skip > 0 {
            let reason = Reason::Truncated { needed: self.skip, arrived: 0 };
            return Err(FrameError { offset: self.offset - self.skip as u64, reason });
        }
        if arrived.is_empty() {
            return Ok(());
        }
        let known = arrived.first_chunk::<HEADER>().and_then(length).unwrap_or(0);
        let reason = Reason::Truncated { needed: HEADER + known, arrived: arrived.len() };
        Err(FrameError { offset: self.offset, reason })
    }
}

/// Returns the length that a header announces.
fn length(header: &[u8; HEADER]) -> Option<usize> {
    let [a, b, c, d, e, f, g, h] = *header;
    let length = u32::from_le_bytes([a, b, c, d]);
    (length == !u32::from_le_bytes([e, f, g, h])).then_some(length as usize)
}

/// Checks what must be true of any bytes (for property tests and fuzzing).
///
/// # Panics
///
/// If decoding depends on how the bytes were split, or the accepted frames are not the bytes they
/// came from.
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
    let again: Vec<u8> =
        frames.iter().flat_map(|frame| encode(frame).expect("it was within the limit")).collect();
    assert!(bytes.starts_with(&again), "the frames are not the bytes they came from");
    match end {
        Ok(()) => assert_eq!(again.len(), bytes.len(), "bytes vanished without an error"),
        Err(error) => {
            assert_eq!(error.offset, again.len() as u64, "the error names another place: {error}")
        }
    }
}
