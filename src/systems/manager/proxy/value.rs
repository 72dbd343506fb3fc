//! One value at a manager.

use super::answer::{Result, apply, done, exchanged, one};
use crate::systems::manager::client::{Client, Object};
use crate::systems::manager::protocol::{Fence, Item, ObjectId, Operation, Reply, ValueOperation};
use crate::systems::manager::types::Typed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One value at a manager.
///
/// ```compile_fail,E0614
/// # use selvedge::systems::manager::{Functions, Manager};
/// # let manager = Manager::spawn(Functions::new()).unwrap();
/// let value = manager.value(&0_i64).unwrap();
/// *value += 1;
/// ```
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ValueProxy<T> {
    pub(super) object: Object,
    item: Typed<T>,
}

impl<T> ValueProxy<T> {
    pub(in crate::systems::manager) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        ValueProxy { object: Object::new(client, id), item: Typed::new() }
    }

    pub(in crate::systems::manager) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same value, used under this hold of a lock. It is refused when the hold is over.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        ValueProxy { object: self.object.fenced(fence), item: Typed::new() }
    }

    #[track_caller]
    fn call(&self, operation: ValueOperation) -> Result<Reply> {
        self.object.call(Operation::Value(operation))
    }
}

impl<T: Serialize + DeserializeOwned> ValueProxy<T> {
    /// The current value.
    ///
    /// # Errors
    /// As every operation of a proxy: the manager is gone, or refuses; and if the item is not a
    /// `T`.
    #[track_caller]
    pub fn get(&self) -> Result<T> {
        one(self.call(ValueOperation::Get)?)
    }

    /// Replaces the value.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if the item cannot be encoded.
    #[track_caller]
    pub fn set(&self, item: &T) -> Result<()> {
        done(self.call(ValueOperation::Set(Item::encode(item)?))?)
    }

    /// Applies a function of the manager's table to the value, in place and in one step, and
    /// returns its result.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if there is no such function, if it panicked, or if it takes or
    /// returns something else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(
        &self,
        function: &str,
        argument: &A,
    ) -> Result<R> {
        one(self.call(ValueOperation::Update(apply::<T, A, R>(function, argument)?))?)
    }

    /// Replaces the value if it is `current`. `Err` is the value that was there instead.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn compare_exchange(&self, current: &T, new: &T) -> Result<std::result::Result<(), T>> {
        let (current, new) = (Item::encode(current)?, Item::encode(new)?);
        exchanged(self.call(ValueOperation::CompareExchange { current, new })?)
    }
}

// By hand: a derive would require clonable items.
impl<T> Clone for ValueProxy<T> {
    fn clone(&self) -> Self {
        ValueProxy { object: self.object.clone(), item: Typed::new() }
    }
}
