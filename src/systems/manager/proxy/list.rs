//! A list at a manager.

use super::answer::{Result, apply, done, exchanged, items, maybe, number, one};
use crate::systems::manager::client::{Client, Object, unexpected};
use crate::systems::manager::protocol::{Fence, Item, ListOperation, ObjectId, Operation, Reply};
use crate::systems::manager::types::Typed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A list at a manager.
///
/// ```compile_fail,E0608
/// # use selvedge::systems::manager::{Functions, Manager};
/// # let manager = Manager::spawn(Functions::new()).unwrap();
/// let list = manager.list::<i64>().unwrap();
/// list.push(&1).unwrap();
/// list[0] += 1; // would be two round trips, and an update that comes in between would be lost
/// ```
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ListProxy<T> {
    pub(super) object: Object,
    item: Typed<T>,
}

impl<T> ListProxy<T> {
    pub(in crate::systems::manager) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        ListProxy { object: Object::new(client, id), item: Typed::new() }
    }

    pub(in crate::systems::manager) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same list, used under this hold of a lock. It is refused when the hold is over.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        ListProxy { object: self.object.fenced(fence), item: Typed::new() }
    }

    /// The number of items.
    ///
    /// # Errors
    /// As every operation of a proxy: the manager is gone, or refuses.
    #[track_caller]
    pub fn len(&self) -> Result<u64> {
        number(self.call(ListOperation::Len)?)
    }

    /// Whether there are none.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    #[track_caller]
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Removes all items.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    #[track_caller]
    pub fn clear(&self) -> Result<()> {
        done(self.call(ListOperation::Clear)?)
    }

    #[track_caller]
    fn call(&self, operation: ListOperation) -> Result<Reply> {
        self.object.call(Operation::List(operation))
    }
}

impl<T: Serialize + DeserializeOwned> ListProxy<T> {
    /// Appends an item.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the item cannot be encoded.
    #[track_caller]
    pub fn push(&self, item: &T) -> Result<()> {
        done(self.call(ListOperation::Push(Item::encode(item)?))?)
    }

    /// Appends all of these, without operations of other clients in between.
    ///
    /// # Errors
    /// As [`push`](Self::push); then none of them was appended.
    #[track_caller]
    pub fn extend<'t>(&self, items: impl IntoIterator<Item = &'t T>) -> Result<()>
    where
        T: 't,
    {
        let items = items.into_iter().map(Item::encode).collect::<std::result::Result<_, _>>()?;
        done(self.call(ListOperation::Extend(items))?)
    }

    /// The item at this index, or `None` beyond the end.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the item is not a `T`.
    #[track_caller]
    pub fn get(&self, index: u64) -> Result<Option<T>> {
        maybe(self.call(ListOperation::Get(index))?)
    }

    /// Replaces the item at this index.
    ///
    /// # Errors
    /// As [`push`](Self::push), and if the list ends before it.
    #[track_caller]
    pub fn set(&self, index: u64, item: &T) -> Result<()> {
        done(self.call(ListOperation::Set(index, Item::encode(item)?))?)
    }

    /// Takes the last item.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn pop(&self) -> Result<Option<T>> {
        maybe(self.call(ListOperation::Pop)?)
    }

    /// Takes out the item at this index. Those after it move up.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if the list ends before it.
    #[track_caller]
    pub fn remove(&self, index: u64) -> Result<T> {
        one(self.call(ListOperation::Remove(index))?)
    }

    /// Whether an item with the same encoding is in the list.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    #[track_caller]
    pub fn contains(&self, item: &T) -> Result<bool> {
        match self.call(ListOperation::Contains(Item::encode(item)?))? {
            Reply::Bool(is) => Ok(is),
            reply => Err(unexpected(reply)),
        }
    }

    /// All items, as they were at one moment.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if they do not fit into one frame: then [`range`](Self::range)
    /// reads it in parts.
    #[track_caller]
    pub fn to_vec(&self) -> Result<Vec<T>> {
        self.range(0..u64::MAX)
    }

    /// The items in this range, as far as there are any, as they were at one moment.
    ///
    /// # Errors
    /// As [`to_vec`](Self::to_vec).
    #[track_caller]
    pub fn range(&self, range: std::ops::Range<u64>) -> Result<Vec<T>> {
        items(self.call(ListOperation::Range(range.start, range.end))?)
    }

    /// Applies a function of the manager's table to the item at this index, in place and in one
    /// step, and returns its result.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if there is no such function, if it panicked, or if it takes or
    /// returns something else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(
        &self,
        index: u64,
        function: &str,
        argument: &A,
    ) -> Result<R> {
        one(self.call(ListOperation::Update(index, apply::<T, A, R>(function, argument)?))?)
    }

    /// Replaces the item at this index if it is `current`. `Err` is the item that was there
    /// instead.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn compare_exchange(
        &self,
        index: u64,
        current: &T,
        new: &T,
    ) -> Result<std::result::Result<(), T>> {
        let (current, new) = (Item::encode(current)?, Item::encode(new)?);
        exchanged(self.call(ListOperation::CompareExchange { index, current, new })?)
    }
}

// By hand: a derive would require clonable items.
impl<T> Clone for ListProxy<T> {
    fn clone(&self) -> Self {
        ListProxy { object: self.object.clone(), item: Typed::new() }
    }
}
