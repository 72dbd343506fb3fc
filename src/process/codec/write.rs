//! A serializer around postcard's, which counts what `read` will count.

use super::{Account, Exceeded, Leaf, Level};
use serde::ser::{self, Error, Serialize, Serializer};
use std::fmt;

/// A value, written so that the account knows what it costs.
pub(super) struct Written<'a, T: ?Sized>(pub(super) &'a T, pub(super) &'a Account);

impl<T: Serialize + ?Sized> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Write { inner, account: self.1 })
    }
}

/// What every part of the value is written with.
struct Write<'a, S> {
    inner: S,
    account: &'a Account,
}

fn exceeded<E: Error>(account: &Account, limit: Exceeded) -> E {
    account.exceeded.set(Some(limit));
    E::custom(limit)
}

impl<'a, S> Write<'a, S> {
    fn level<E: Error>(&self) -> Result<Level<'a>, E> {
        self.account.level().map_err(|limit| exceeded(self.account, limit))
    }
}

/// The parts of a value that has several.
struct Parts<'a, C> {
    inner: C,
    account: &'a Account,
    /// Whether the bytes say how many there are.
    announced: bool,
    /// What had been written before this element.
    before: u64,
    _level: Level<'a>,
}

macro_rules! leaves {
    ($($method:ident $type:ty, $leaf:ident);* $(;)?) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.account.leaf(Leaf::$leaf);
            self.inner.$method(value)
        }
    )*};
}

/// A method that begins a value of several parts.
macro_rules! several {
    ($(
        $method:ident($($name:ident: $type:ty),*) -> $Part:ident, $announced:expr, $leaf:expr
    );* $(;)?) => {$(
        fn $method(self, $($name: $type),*) -> Result<Self::$Part, S::Error> {
            let _level = self.level()?;
            if let Some(leaf) = $leaf {
                self.account.leaf(leaf);
            }
            let inner = self.inner.$method($($name),*)?;
            Ok(Parts { inner, account: self.account, announced: $announced, before: 0, _level })
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Write<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<'a, S::SerializeSeq>;
    type SerializeTuple = Parts<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Parts<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<'a, S::SerializeTupleVariant>;
    type SerializeMap = Parts<'a, S::SerializeMap>;
    type SerializeStruct = Parts<'a, S::SerializeStruct>;
    type SerializeStructVariant = Parts<'a, S::SerializeStructVariant>;

    leaves! {
        serialize_bool bool, Bool;
        serialize_i8 i8, I8;
        serialize_i16 i16, I16;
        serialize_i32 i32, I32;
        serialize_i64 i64, I64;
        serialize_i128 i128, I128;
        serialize_u8 u8, U8;
        serialize_u16 u16, U16;
        serialize_u32 u32, U32;
        serialize_u64 u64, U64;
        serialize_u128 u128, U128;
        serialize_f32 f32, F32;
        serialize_f64 f64, F64;
        serialize_char char, Char;
        serialize_str &str, Str;
        serialize_bytes &[u8], Bytes;
    }

    several! {
        serialize_seq(len: Option<usize>) -> SerializeSeq, true, Some(Leaf::Seq);
        serialize_map(len: Option<usize>) -> SerializeMap, true, Some(Leaf::Map);
        serialize_tuple(len: usize) -> SerializeTuple, false, None;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct, false, None;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct, false, None;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant, false, Some(Leaf::Variant);
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant, false, Some(Leaf::Variant);
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Variant);
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let _level = self.level()?;
        self.inner.serialize_newtype_struct(name, &Written(value, self.account))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Variant);
        self.inner.serialize_newtype_variant(name, index, variant, &Written(value, self.account))
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::None);
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let _level = self.level()?;
        self.account.leaf(Leaf::Some);
        self.inner.serialize_some(&Written(value, self.account))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.account.leaf(Leaf::Str);
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

impl<'a, C> Parts<'a, C> {
    fn part<'t, T: ?Sized>(&mut self, value: &'t T) -> (&mut C, Written<'t, T>)
    where
        'a: 't,
    {
        self.before = self.account.leaves.get();
        (&mut self.inner, Written(value, self.account))
    }

    fn end_of_element<E: Error>(&self) -> Result<(), E> {
        if self.announced && self.account.leaves.get() == self.before {
            self.account.empty_element().map_err(|limit| exceeded(self.account, limit))?;
        }
        Ok(())
    }
}

macro_rules! parts {
    ($($Trait:ident :: $method:ident($($key:ident: $type:ty)?);)*) => {$(
        impl<C: ser::$Trait> ser::$Trait for Parts<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($key: $type,)?
                value: &T,
            ) -> Result<(), C::Error> {
                let (inner, value) = self.part(value);
                inner.$method($($key,)? &value)?;
                self.end_of_element()
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )*};
}

parts! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(key: &'static str);
    SerializeStructVariant::serialize_field(key: &'static str);
}

impl<C: ser::SerializeMap> ser::SerializeMap for Parts<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        let (inner, key) = self.part(key);
        inner.serialize_key(&key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.inner.serialize_value(&Written(value, self.account))?;
        self.end_of_element()
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
