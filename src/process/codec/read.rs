//! A deserializer around postcard's, which counts levels, elements without bytes, and room reserved
//! in advance.

use super::{Account, Exceeded, Leaf, Level};
use postcard::Error;
use postcard::de_flavors::Flavor;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, Visitor};
use std::fmt;

/// Reads one value; the account then knows how many bytes are left.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], account: &Account) -> Result<T, Error> {
    let mut inner = postcard::Deserializer::from_flavor(Source { rest: bytes, account });
    T::deserialize(Read { inner: &mut inner, account })
}

/// The bytes: each that is taken is taken from the account.
struct Source<'a> {
    rest: &'a [u8],
    account: &'a Account,
}

impl<'a> Flavor<'a> for Source<'a> {
    type Remainder = ();
    type Source = &'a [u8];

    #[inline]
    fn pop(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.rest.split_first().ok_or(Error::DeserializeUnexpectedEnd)?;
        self.rest = rest;
        self.account.left.set(rest.len());
        Ok(*first)
    }

    #[inline]
    fn try_take_n(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or(Error::DeserializeUnexpectedEnd)?;
        self.rest = rest;
        self.account.left.set(rest.len());
        Ok(taken)
    }

    fn finalize(self) -> Result<(), Error> {
        Ok(())
    }
}

/// What every part of the value is read with.
struct Read<'a, D> {
    inner: D,
    account: &'a Account,
}

impl<'a, D> Read<'a, D> {
    fn level<E: de::Error>(&self) -> Result<Level<'a>, E> {
        self.account.level().map_err(|limit| self.account.exceeded(limit))
    }

    fn parts<V>(&self, parts: Parts, visitor: V) -> Visit<'a, V> {
        Visit { visitor, account: self.account, parts }
    }
}

macro_rules! leaves {
    ($($method:ident $leaf:ident),* $(,)?) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.account.leaf(Leaf::$leaf);
            self.inner.$method(visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Read<'_, D> {
    type Error = D::Error;

    leaves! {
        deserialize_bool Bool,
        deserialize_i8 I8,
        deserialize_i16 I16,
        deserialize_i32 I32,
        deserialize_i64 I64,
        deserialize_i128 I128,
        deserialize_u8 U8,
        deserialize_u16 U16,
        deserialize_u32 U32,
        deserialize_u64 U64,
        deserialize_u128 U128,
        deserialize_f32 F32,
        deserialize_f64 F64,
        deserialize_char Char,
        deserialize_str Str,
        deserialize_string Str,
        deserialize_bytes Bytes,
        deserialize_byte_buf Bytes,
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Seq);
        let visitor = self.parts(Parts::Announced, visitor);
        self.inner.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Map);
        let visitor = self.parts(Parts::Announced, visitor);
        self.inner.deserialize_map(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_tuple(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_tuple_struct(name, len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Variant);
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.deserialize_enum(name, variants, visitor)
    }

    // postcard has none of these three, and says so.

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_identifier(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Who says how many parts there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    /// The type.
    Fixed,
    /// The bytes.
    Announced,
}

/// The value's own visitor, which gets wrapped parts.
struct Visit<'a, V> {
    visitor: V,
    account: &'a Account,
    parts: Parts,
}

impl<'a, V> Visit<'a, V> {
    fn elements<A, E: de::Error>(
        self,
        inner: A,
        announced: Option<usize>,
    ) -> Result<(V, Elements<'a, A>), E> {
        let Visit { visitor, account, parts } = self;
        let left = account.left.get();
        let mut hint = announced;
        if let (Parts::Announced, Some(elements)) = (parts, announced) {
            if elements > left.saturating_add(super::EMPTY_ELEMENTS) {
                return Err(account.exceeded(Exceeded::Announced { elements, left }));
            }
            let room = elements.min(left).min(account.promised.get());
            account.promised.set(account.promised.get() - room);
            hint = Some(room);
        }
        Ok((visitor, Elements { inner, account, parts, hint, before: left }))
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Visit<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(f)
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.account.leaf(Leaf::None);
        self.visitor.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.account.leaf(Leaf::Some);
        self.visitor.visit_some(Read { inner, account: self.account })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.visitor.visit_newtype_struct(Read { inner, account: self.account })
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let announced = inner.size_hint();
        let (visitor, elements) = self.elements(inner, announced)?;
        visitor.visit_seq(elements)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        let announced = inner.size_hint();
        let (visitor, elements) = self.elements(inner, announced)?;
        visitor.visit_map(elements)
    }

    fn visit_enum<A: de::EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.visitor.visit_enum(Read { inner, account: self.account })
    }
}

/// The elements of a sequence, a tuple, a struct, or a map.
struct Elements<'a, A> {
    inner: A,
    account: &'a Account,
    parts: Parts,
    hint: Option<usize>,
    /// Bytes that were left before this element.
    before: usize,
}

impl<A> Elements<'_, A> {
    fn begin(&mut self) {
        self.before = self.account.left.get();
        self.hint = self.hint.map(|hint| hint.saturating_sub(1));
    }

    fn end<E: de::Error>(&self) -> Result<(), E> {
        if self.parts == Parts::Announced && self.account.left.get() == self.before {
            self.account.empty_element().map_err(|limit| self.account.exceeded(limit))?;
        }
        Ok(())
    }
}

impl<'de, A: de::SeqAccess<'de>> de::SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, A::Error> {
        self.begin();
        let element = self.inner.next_element_seed(Seed { seed, account: self.account })?;
        if element.is_some() {
            self.end()?;
        }
        Ok(element)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint
    }
}

impl<'de, A: de::MapAccess<'de>> de::MapAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.begin();
        self.inner.next_key_seed(Seed { seed, account: self.account })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let value = self.inner.next_value_seed(Seed { seed, account: self.account })?;
        self.end()?;
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint
    }
}

impl<'de, 'a, A: de::EnumAccess<'de>> de::EnumAccess<'de> for Read<'a, A> {
    type Error = A::Error;
    type Variant = Read<'a, A::Variant>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<(T::Value, Self::Variant), A::Error> {
        // the number of the variant: nothing is inside of it
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((value, Read { inner, account: self.account }))
    }
}

impl<'de, A: de::VariantAccess<'de>> de::VariantAccess<'de> for Read<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(Seed { seed, account: self.account })
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = self.parts(Parts::Fixed, visitor);
        self.inner.struct_variant(fields, visitor)
    }
}

/// A part's own seed, which gets a wrapped deserializer.
struct Seed<'a, T> {
    seed: T,
    account: &'a Account,
}

impl<'de, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<T::Value, D::Error> {
        self.seed.deserialize(Read { inner, account: self.account })
    }
}
