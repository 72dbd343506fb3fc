//! A map.

use super::Value;
use crate::linearize::{Specification, key};
use std::collections::BTreeMap;

/// A map. Each operation concerns one key, so histories are checked key by key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Map<K = i64, V = i64>(pub BTreeMap<K, V>);

/// The operations of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapOp<K = i64, V = i64> {
    /// Returns the value at a key.
    Get(K),
    /// Inserts a value at a key and returns the previous one.
    Insert(K, V),
    /// Removes the value at a key and returns it.
    Remove(K),
}

/// What a [`MapOp`] returns: the previous value at the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MapRet<V = i64>(pub Option<V>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Map(BTreeMap::new())
    }
}

impl<K, V> MapOp<K, V> {
    fn at(&self) -> &K {
        let (MapOp::Get(at) | MapOp::Insert(at, _) | MapOp::Remove(at)) = self;
        at
    }
}

impl<K: Value + Ord, V: Value> Specification for Map<K, V> {
    type Op = MapOp<K, V>;
    type Ret = MapRet<V>;

    fn apply(&mut self, op: &MapOp<K, V>) -> MapRet<V> {
        MapRet(match op {
            MapOp::Get(at) => self.0.get(at).cloned(),
            MapOp::Insert(at, value) => self.0.insert(at.clone(), value.clone()),
            MapOp::Remove(at) => self.0.remove(at),
        })
    }

    fn is_pure(op: &MapOp<K, V>) -> bool {
        matches!(op, MapOp::Get(_))
    }

    fn refuses(&self, op: &MapOp<K, V>, ret: &MapRet<V>) -> bool {
        self.0.get(op.at()) != ret.0.as_ref()
    }

    fn key(op: &MapOp<K, V>) -> Option<u64> {
        Some(key(op.at()))
    }
}
