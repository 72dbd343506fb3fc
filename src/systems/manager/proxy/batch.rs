//! A batch: operations of several proxies in one round trip.

use super::answer::{Result, apply};
use super::dict::DictProxy;
use super::list::ListProxy;
use super::value::ValueProxy;
use crate::systems::manager::client::{Client, Object, refused, unexpected};
use crate::systems::manager::packed::Packed;
use crate::systems::manager::protocol::{
    Call, DictOperation, Item, ListOperation, ObjectId, Operation, Reply, Request, ValueOperation,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Several writes in one round trip, without operations of other clients in between.
///
/// The first refusal ends it. What was done before stays done, and [`Interrupted`] says how much.
///
/// [`Interrupted`]: crate::systems::manager::ManagerError::Interrupted
///
/// ```
/// use selvedge::systems::manager::{Batch, Functions, Manager};
///
/// let manager = Manager::spawn(Functions::new())?;
/// let (names, ages) = (manager.list::<String>()?, manager.dict::<String, u32>()?);
/// let ada = "ada".to_string();
/// Batch::new().push(&names, &ada)?.insert(&ages, &ada, &36)?.run()?;
/// assert_eq!((names.len()?, ages.get(&ada)?), (1, Some(36)));
/// # Ok::<(), selvedge::systems::manager::ManagerError>(())
/// ```
#[derive(Default)]
#[must_use = "a batch does nothing until it is run"]
pub struct Batch {
    client: Option<Arc<Client>>,
    calls: Packed<Call>,
    // The objects of other connections than the first proxy's.
    foreign: BTreeMap<ObjectId, Object>,
}

impl Batch {
    /// An empty batch. It goes through the connection of its first proxy. All proxies must belong
    /// to one manager.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an item to a list.
    ///
    /// # Errors
    /// The item cannot be encoded.
    pub fn push<T: Serialize>(self, list: &ListProxy<T>, item: &T) -> Result<Self> {
        let item = Item::encode(item)?;
        Ok(self.with(&list.object, Operation::List(ListOperation::Push(item))))
    }

    /// Replaces an item of a list.
    ///
    /// # Errors
    /// The item cannot be encoded.
    pub fn set<T: Serialize>(self, list: &ListProxy<T>, index: u64, item: &T) -> Result<Self> {
        let item = Item::encode(item)?;
        Ok(self.with(&list.object, Operation::List(ListOperation::Set(index, item))))
    }

    /// Sets a key of a dict.
    ///
    /// # Errors
    /// The key or the item cannot be encoded.
    pub fn insert<K: Serialize, V: Serialize>(
        self,
        dict: &DictProxy<K, V>,
        key: &K,
        item: &V,
    ) -> Result<Self> {
        let (key, item) = (Item::encode(key)?, Item::encode(item)?);
        Ok(self.with(&dict.object, Operation::Dict(DictOperation::Insert(key, item))))
    }

    /// Removes a key from a dict.
    ///
    /// # Errors
    /// The key cannot be encoded.
    pub fn remove<K: Serialize, V>(self, dict: &DictProxy<K, V>, key: &K) -> Result<Self> {
        let key = Item::encode(key)?;
        Ok(self.with(&dict.object, Operation::Dict(DictOperation::Remove(key))))
    }

    /// Applies a function of the manager's table to a value. The function returns an `R`, which is
    /// not sent.
    ///
    /// # Errors
    /// The argument cannot be encoded.
    pub fn update<R, T, A: Serialize>(
        self,
        value: &ValueProxy<T>,
        function: &str,
        argument: &A,
    ) -> Result<Self> {
        let apply = apply::<T, A, R>(function, argument)?;
        Ok(self.with(&value.object, Operation::Value(ValueOperation::Update(apply))))
    }

    /// Performs the batch.
    ///
    /// # Errors
    /// The manager is gone, or refuses one of them.
    pub fn run(self) -> Result<()> {
        let Some(client) = self.client else { return Ok(()) };
        // This connection gets its own handles until the batch is done.
        let _lent =
            self.foreign.values().map(|object| object.lend(&client)).collect::<Result<Vec<_>>>()?;
        match refused(client.call(Request::Batch(self.calls))?)? {
            Reply::Batch { .. } => Ok(()),
            reply => Err(unexpected(reply)),
        }
    }

    fn with(mut self, object: &Object, operation: Operation) -> Self {
        let client = self.client.get_or_insert_with(|| Arc::clone(object.client()));
        if !Arc::ptr_eq(client, object.client()) {
            self.foreign.entry(object.id()).or_insert_with(|| object.clone());
        }
        self.calls.push(&object.operation(operation));
        self
    }
}
