//! A dict at a manager.

use super::answer::{Result, apply, done, items, maybe, number, one};
use crate::systems::manager::client::{Client, Object, unexpected};
use crate::systems::manager::protocol::{DictOperation, Fence, Item, ObjectId, Operation, Reply};
use crate::systems::manager::types::Typed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A dict at a manager.
///
/// ```compile_fail,E0608
/// # use selvedge::systems::manager::{Functions, Manager};
/// # let manager = Manager::spawn(Functions::new()).unwrap();
/// let dict = manager.dict::<String, i64>().unwrap();
/// dict["visits"] += 1;
/// ```
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct DictProxy<K, V> {
    pub(super) object: Object,
    entry: Typed<(K, V)>,
}

impl<K, V> DictProxy<K, V> {
    pub(in crate::systems::manager) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        DictProxy { object: Object::new(client, id), entry: Typed::new() }
    }

    pub(in crate::systems::manager) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same dict, used under this hold of a lock. It is refused when the hold is over.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        DictProxy { object: self.object.fenced(fence), entry: Typed::new() }
    }

    /// The number of keys.
    ///
    /// # Errors
    /// As every operation of a proxy: the manager is gone, or refuses.
    #[track_caller]
    pub fn len(&self) -> Result<u64> {
        number(self.call(DictOperation::Len)?)
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    #[track_caller]
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Removes all keys.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    #[track_caller]
    pub fn clear(&self) -> Result<()> {
        done(self.call(DictOperation::Clear)?)
    }

    #[track_caller]
    fn call(&self, operation: DictOperation) -> Result<Reply> {
        self.object.call(Operation::Dict(operation))
    }
}

impl<K, V> DictProxy<K, V>
where
    K: Serialize + DeserializeOwned + Ord,
    V: Serialize + DeserializeOwned,
{
    /// Sets a key, and returns its previous item.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the key or the item cannot be encoded.
    #[track_caller]
    pub fn insert(&self, key: &K, item: &V) -> Result<Option<V>> {
        maybe(self.call(DictOperation::Insert(Item::encode(key)?, Item::encode(item)?))?)
    }

    /// The item of a key.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the item is not a `V`.
    #[track_caller]
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        maybe(self.call(DictOperation::Get(Item::encode(key)?))?)
    }

    /// Removes a key, and returns its previous item.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn remove(&self, key: &K) -> Result<Option<V>> {
        maybe(self.call(DictOperation::Remove(Item::encode(key)?))?)
    }

    /// All keys, sorted, as they were at one moment.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if they do not fit into one frame.
    #[track_caller]
    pub fn keys(&self) -> Result<Vec<K>> {
        let mut keys: Vec<K> = items(self.call(DictOperation::Keys)?)?;
        keys.sort();
        Ok(keys)
    }

    /// All keys with their items, as they were at one moment.
    ///
    /// # Errors
    /// As [`keys`](Self::keys).
    #[track_caller]
    pub fn to_map(&self) -> Result<BTreeMap<K, V>> {
        match self.call(DictOperation::Pairs)? {
            Reply::Pairs(pairs) => {
                pairs.iter().map(|(key, item)| Ok((key.decode()?, item.decode()?))).collect()
            }
            reply => Err(unexpected(reply)),
        }
    }

    /// Applies a function of the manager's table to the item of a key, in place and in one step,
    /// and returns its result.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and if the key is absent, if there is no such function, if it
    /// panicked, or if it takes or returns something else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(
        &self,
        key: &K,
        function: &str,
        argument: &A,
    ) -> Result<R> {
        let (key, apply) = (Item::encode(key)?, apply::<V, A, R>(function, argument)?);
        one(self.call(DictOperation::Update { key, default: None, apply })?)
    }

    /// As [`update`](Self::update), but the function starts from `default` if the key is absent.
    ///
    /// # Errors
    /// As there, except for the absent key.
    #[track_caller]
    pub fn update_or<A: Serialize, R: DeserializeOwned>(
        &self,
        key: &K,
        default: &V,
        function: &str,
        argument: &A,
    ) -> Result<R> {
        let (key, apply) = (Item::encode(key)?, apply::<V, A, R>(function, argument)?);
        one(self.call(DictOperation::Update {
            key,
            default: Some(Item::encode(default)?),
            apply,
        })?)
    }

    /// Replaces the item of a key if it is `current`, where `None` is an absent key. `Err` is the
    /// item that was there instead.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    #[track_caller]
    pub fn compare_exchange(
        &self,
        key: &K,
        current: Option<&V>,
        new: Option<&V>,
    ) -> Result<std::result::Result<(), Option<V>>> {
        let key = Item::encode(key)?;
        let current = current.map(Item::encode).transpose()?;
        let new = new.map(Item::encode).transpose()?;
        match self.call(DictOperation::CompareExchange { key, current, new })? {
            Reply::Exchanged(None) => Ok(Ok(())),
            Reply::Exchanged(Some(found)) => {
                Ok(Err(found.map(|item| item.decode()).transpose()?))
            }
            reply => Err(unexpected(reply)),
        }
    }
}

// By hand: a derive would require clonable items.
impl<K, V> Clone for DictProxy<K, V> {
    fn clone(&self) -> Self {
        DictProxy { object: self.object.clone(), entry: Typed::new() }
    }
}
