//! Types across processes. Encodings do not tell one type from another, so both sides compare the
//! type's fingerprint.
//!
//! Without that, an `i32` sent where a `u64` is expected would arrive as twice its value, without
//! an error.

use crate::process::handle;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::marker::PhantomData;

/// A number that two types share only if they have the same name. It is the same in every process
/// of one program.
pub(super) fn fingerprint<T: ?Sized>() -> u64 {
    // FNV-1a
    std::any::type_name::<T>().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Encoded as the fingerprint of `T`, and decoded only where a `T` is expected.
pub(super) struct Typed<T>(PhantomData<fn(T) -> T>);

impl<T> Typed<T> {
    pub(super) const fn new() -> Self {
        Typed(PhantomData)
    }
}

impl<T> Clone for Typed<T> {
    fn clone(&self) -> Self {
        Typed::new()
    }
}

impl<T> fmt::Debug for Typed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::any::type_name::<T>())
    }
}

impl<T> Serialize for Typed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fingerprint::<T>().serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Typed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? == fingerprint::<T>() {
            true => Ok(Typed::new()),
            false => {
                let words = format!(
                    "a proxy of another type than the expected {}",
                    std::any::type_name::<T>()
                );
                Err(de::Error::custom(handle::refuse(words)))
            }
        }
    }
}
