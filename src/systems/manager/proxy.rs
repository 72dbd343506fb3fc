//! Typed proxies of a list, a dict and a value: one method, one round trip, one step at the manager.
//!
//! None of them is `Deref` or `IndexMut`: `list[0] += 1` would be a read and a write with room for others in between.
//! What depends on the present item is done at the manager, by `update` or `compare_exchange`.

use super::client::{Client, Object, refused, unexpected};
use super::error::ManagerError;
use super::packed::Packed;
use super::protocol::{
    Apply, Call, DictOperation, Fence, Item, ListOperation, ObjectId, Operation, Reply, Request, ValueOperation,
};
use super::types::{Typed, fingerprint};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

type Result<T> = std::result::Result<T, ManagerError>;

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
    object: Object,
    item: Typed<T>,
}

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
    object: Object,
    entry: Typed<(K, V)>,
}

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
    object: Object,
    item: Typed<T>,
}

impl<T> ListProxy<T> {
    pub(super) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        ListProxy { object: Object::new(client, id), item: Typed::new() }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same list, used under this hold of a lock: refused when the hold is over.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        ListProxy { object: self.object.fenced(fence), item: Typed::new() }
    }

    /// How many items there are.
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

    /// Takes all items out.
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

    /// Appends all of these, with nothing of other clients in between.
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

    /// The item at this index, or `None` behind the end.
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

    /// Takes out the item at this index; those behind it move up.
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
    /// As [`get`](Self::get), and if they do not fit into one frame: then [`range`](Self::range) reads it in parts.
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

    /// Applies a function of the manager's table to the item at this index, in place and in one step, and returns
    /// what it returned.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if there is no such function, if it panicked, or if it takes or returns something
    /// else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(&self, index: u64, function: &str, argument: &A) -> Result<R> {
        one(self.call(ListOperation::Update(index, apply::<T, A, R>(function, argument)?))?)
    }

    /// Replaces the item at this index if it is `current`: `Err` is what it was instead.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn compare_exchange(&self, index: u64, current: &T, new: &T) -> Result<std::result::Result<(), T>> {
        let (current, new) = (Item::encode(current)?, Item::encode(new)?);
        exchanged(self.call(ListOperation::CompareExchange { index, current, new })?)
    }
}

impl<K, V> DictProxy<K, V> {
    pub(super) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        DictProxy { object: Object::new(client, id), entry: Typed::new() }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same dict, used under this hold of a lock: refused when the hold is over.
    #[must_use]
    pub fn fenced(&self, fence: Fence) -> Self {
        DictProxy { object: self.object.fenced(fence), entry: Typed::new() }
    }

    /// How many keys there are.
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

    /// Takes all keys out.
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
    /// Sets a key, and returns what it was.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the key or the item cannot be encoded.
    #[track_caller]
    pub fn insert(&self, key: &K, item: &V) -> Result<Option<V>> {
        maybe(self.call(DictOperation::Insert(Item::encode(key)?, Item::encode(item)?))?)
    }

    /// What a key is.
    ///
    /// # Errors
    /// As [`len`](Self::len), and if the item is not a `V`.
    #[track_caller]
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        maybe(self.call(DictOperation::Get(Item::encode(key)?))?)
    }

    /// Takes a key out, and returns what it was.
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
            Reply::Pairs(pairs) => pairs.iter().map(|(key, item)| Ok((key.decode()?, item.decode()?))).collect(),
            reply => Err(unexpected(reply)),
        }
    }

    /// Applies a function of the manager's table to the item of a key, in place and in one step, and returns what it
    /// returned.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and if the key is absent, if there is no such function, if it panicked, or if it
    /// takes or returns something else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(&self, key: &K, function: &str, argument: &A) -> Result<R> {
        let (key, apply) = (Item::encode(key)?, apply::<V, A, R>(function, argument)?);
        one(self.call(DictOperation::Update { key, default: None, apply })?)
    }

    /// As [`update`](Self::update); the function starts from `default` where the key is absent.
    ///
    /// # Errors
    /// As there, but for the absent key.
    #[track_caller]
    pub fn update_or<A: Serialize, R: DeserializeOwned>(
        &self,
        key: &K,
        default: &V,
        function: &str,
        argument: &A,
    ) -> Result<R> {
        let (key, apply) = (Item::encode(key)?, apply::<V, A, R>(function, argument)?);
        one(self.call(DictOperation::Update { key, default: Some(Item::encode(default)?), apply })?)
    }

    /// Replaces what a key is if it is `current`, where `None` is an absent key: `Err` is what it was instead.
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
            Reply::Exchanged(Some(found)) => Ok(Err(found.map(|item| item.decode()).transpose()?)),
            reply => Err(unexpected(reply)),
        }
    }
}

impl<T> ValueProxy<T> {
    pub(super) fn new(client: &Arc<Client>, id: ObjectId) -> Self {
        ValueProxy { object: Object::new(client, id), item: Typed::new() }
    }

    pub(super) fn id(&self) -> ObjectId {
        self.object.id()
    }

    /// The same value, used under this hold of a lock: refused when the hold is over.
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
    /// What it is.
    ///
    /// # Errors
    /// As every operation of a proxy: the manager is gone, or refuses; and if the item is not a `T`.
    #[track_caller]
    pub fn get(&self) -> Result<T> {
        one(self.call(ValueOperation::Get)?)
    }

    /// Replaces it.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if the item cannot be encoded.
    #[track_caller]
    pub fn set(&self, item: &T) -> Result<()> {
        done(self.call(ValueOperation::Set(Item::encode(item)?))?)
    }

    /// Applies a function of the manager's table to it, in place and in one step, and returns what it returned.
    ///
    /// # Errors
    /// As [`set`](Self::set), and if there is no such function, if it panicked, or if it takes or returns something
    /// else.
    #[track_caller]
    pub fn update<A: Serialize, R: DeserializeOwned>(&self, function: &str, argument: &A) -> Result<R> {
        one(self.call(ValueOperation::Update(apply::<T, A, R>(function, argument)?))?)
    }

    /// Replaces it if it is `current`: `Err` is what it was instead.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn compare_exchange(&self, current: &T, new: &T) -> Result<std::result::Result<(), T>> {
        let (current, new) = (Item::encode(current)?, Item::encode(new)?);
        exchanged(self.call(ValueOperation::CompareExchange { current, new })?)
    }
}

// By hand: a derive would ask for clonable items.
impl<T> Clone for ListProxy<T> {
    fn clone(&self) -> Self {
        ListProxy { object: self.object.clone(), item: Typed::new() }
    }
}

impl<K, V> Clone for DictProxy<K, V> {
    fn clone(&self) -> Self {
        DictProxy { object: self.object.clone(), entry: Typed::new() }
    }
}

impl<T> Clone for ValueProxy<T> {
    fn clone(&self) -> Self {
        ValueProxy { object: self.object.clone(), item: Typed::new() }
    }
}

/// Several writes in one round trip, with nothing of other clients in between.
///
/// The first refusal ends it: what was done before stays done, and [`ManagerError::Interrupted`] says how much.
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
    // Those of other connections than the first proxy's.
    foreign: BTreeMap<ObjectId, Object>,
}

impl Batch {
    /// An empty batch. It goes through the connection of the first proxy in it; all must be of one manager.
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
    pub fn insert<K: Serialize, V: Serialize>(self, dict: &DictProxy<K, V>, key: &K, item: &V) -> Result<Self> {
        let (key, item) = (Item::encode(key)?, Item::encode(item)?);
        Ok(self.with(&dict.object, Operation::Dict(DictOperation::Insert(key, item))))
    }

    /// Takes a key out of a dict.
    ///
    /// # Errors
    /// The key cannot be encoded.
    pub fn remove<K: Serialize, V>(self, dict: &DictProxy<K, V>, key: &K) -> Result<Self> {
        let key = Item::encode(key)?;
        Ok(self.with(&dict.object, Operation::Dict(DictOperation::Remove(key))))
    }

    /// Applies a function of the manager's table, which returns an `R` that is not sent, to a value.
    ///
    /// # Errors
    /// The argument cannot be encoded.
    pub fn update<R, T, A: Serialize>(self, value: &ValueProxy<T>, function: &str, argument: &A) -> Result<Self> {
        let apply = apply::<T, A, R>(function, argument)?;
        Ok(self.with(&value.object, Operation::Value(ValueOperation::Update(apply))))
    }

    /// Does all of it.
    ///
    /// # Errors
    /// The manager is gone, or refuses one of them.
    pub fn run(self) -> Result<()> {
        let Some(client) = self.client else { return Ok(()) };
        // This connection gets handles of its own, until the batch is done.
        let _lent = self.foreign.values().map(|object| object.lend(&client)).collect::<Result<Vec<_>>>()?;
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

fn apply<T, A: Serialize, R>(function: &str, argument: &A) -> Result<Apply> {
    let types = fingerprint::<(T, A, R)>();
    Ok(Apply { function: function.to_string(), types, argument: Item::encode(argument)? })
}

fn done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Done => Ok(()),
        reply => Err(unexpected(reply)),
    }
}

fn number(reply: Reply) -> Result<u64> {
    match reply {
        Reply::Number(n) => Ok(n),
        reply => Err(unexpected(reply)),
    }
}

fn maybe<T: DeserializeOwned>(reply: Reply) -> Result<Option<T>> {
    match reply {
        Reply::Item(item) => Ok(item.map(|item| item.decode()).transpose()?),
        reply => Err(unexpected(reply)),
    }
}

fn one<T: DeserializeOwned>(reply: Reply) -> Result<T> {
    maybe(reply)?.ok_or_else(|| ManagerError::Protocol("an answer without an item".to_string()))
}

fn items<T: DeserializeOwned>(reply: Reply) -> Result<Vec<T>> {
    match reply {
        Reply::Items(items) => items.iter().map(|item| Ok(item.decode()?)).collect(),
        reply => Err(unexpected(reply)),
    }
}

fn exchanged<T: DeserializeOwned>(reply: Reply) -> Result<std::result::Result<(), T>> {
    match reply {
        Reply::Exchanged(None) => Ok(Ok(())),
        Reply::Exchanged(Some(Some(found))) => Ok(Err(found.decode()?)),
        reply => Err(unexpected(reply)),
    }
}
