//! Many values in one run of bytes: what fits into a frame takes no more memory than a frame.
//!
//! A call takes four bytes encoded and 144 in memory, so a frame full of calls is unpacked one at a
//! time.

use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;

/// A sequence of items or calls, each encoded until it is read.
///
/// ```
/// use selvedge::systems::manager::{Item, Packed};
///
/// let items = [1_u8, 2].map(|n| Item::encode(&n).unwrap());
/// let packed: Packed<Item> = items.iter().cloned().collect();
/// assert_eq!(packed.iter().collect::<Vec<_>>(), items);
/// assert_eq!((packed.len(), packed.bytes()), (2, 4)); // each with its length
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Packed<T> {
    count: usize,
    // invariant: `count` encodings of a `T`, as `push` made them
    bytes: Vec<u8>,
    values: PhantomData<fn() -> T>,
}

impl<T> Packed<T> {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    /// Appends one.
    ///
    /// # Panics
    /// If it refuses to be encoded, which no type of this module does.
    pub fn push(&mut self, value: &T) {
        let bytes = std::mem::take(&mut self.bytes);
        self.bytes = postcard::to_extend(value, bytes).expect("a closed type can be encoded");
        self.count += 1;
    }

    /// Iterates over the values.
    ///
    /// # Panics
    /// The iterator does, if what was encoded is no encoding, which is so for no type of this
    /// module.
    pub fn iter(&self) -> impl Iterator<Item = T> + '_ {
        let mut rest = &self.bytes[..];
        (0..self.count).map(move |_| {
            let (value, after) =
                postcard::take_from_bytes(rest).expect("what was encoded can be decoded");
            rest = after;
            value
        })
    }
}

// By hand: a derive would require `T: Default`.
impl<T> Default for Packed<T> {
    fn default() -> Self {
        Packed { count: 0, bytes: Vec::new(), values: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut packed = Packed::default();
        values.into_iter().for_each(|value| packed.push(&value));
        packed
    }
}

impl<T: Serialize + DeserializeOwned> From<Vec<T>> for Packed<T> {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Serialize + DeserializeOwned + fmt::Debug> fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize + DeserializeOwned> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.count))?;
        self.iter().try_for_each(|value| sequence.serialize_element(&value))?;
        sequence.end()
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sequence<T>(PhantomData<T>);
        impl<'de, T: Serialize + DeserializeOwned> Visitor<'de> for Sequence<T> {
            type Value = Packed<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Packed<T>, A::Error> {
                let mut packed = Packed::default();
                while let Some(value) = sequence.next_element()? {
                    packed.push(&value);
                }
                Ok(packed)
            }
        }
        deserializer.deserialize_seq(Sequence(PhantomData))
    }
}
