//! The manager's list and dict as subjects: an operation that the manager performs as a whole, and
//! the same operation composed by a client.

use super::models::setting::{client, manager, new_list};
use super::protocol::Create;
use super::proxy::{DictProxy, ListProxy};
use super::server::create;
use crate::linearizable::Subject;
use crate::linearize::specifications::{
    Counter, CounterOp, CounterRet, List, ListOp, ListRet, Map, MapOp, MapRet,
};
use proptest::prelude::*;

const THERE: &str = "the manager is there";

/// A list that is appended to and read as a whole.
pub struct Appended(ListProxy<u64>);

impl Subject for Appended {
    type Specification = List<u64>;

    fn new() -> Self {
        Appended(new_list(&manager()))
    }

    fn call(&self, op: &ListOp<u64>) -> ListRet<u64> {
        match op {
            ListOp::Append(item) => {
                self.0.push(item).expect(THERE);
                ListRet::Appended
            }
            ListOp::Read => ListRet::Values(self.0.to_vec().expect(THERE)),
        }
    }

    fn operations() -> impl Strategy<Value = ListOp<u64>> {
        prop_oneof![(1..4_u64).prop_map(ListOp::Append), Just(ListOp::Read)]
    }
}

/// The first item of a list, incremented at the manager.
pub struct Updated(ListProxy<u64>);

/// The broken form: read, incremented and written through the proxy.
pub struct ReadModifyWrite(ListProxy<u64>);

fn counted() -> ListProxy<u64> {
    let list = new_list(&manager());
    list.push(&0).expect(THERE);
    list
}

fn count(list: &ListProxy<u64>) -> u64 {
    list.get(0).expect(THERE).expect("the list has one item")
}

fn counts() -> impl Strategy<Value = CounterOp> {
    prop_oneof![Just(CounterOp::Increment), Just(CounterOp::Read)]
}

impl Subject for Updated {
    type Specification = Counter;

    fn new() -> Self {
        Updated(counted())
    }

    fn call(&self, op: &CounterOp) -> CounterRet {
        match op {
            CounterOp::Increment => {
                self.0.update::<_, u64>(0, "add", &1_u64).expect(THERE);
                CounterRet::Incremented
            }
            CounterOp::Read => CounterRet::Value(count(&self.0)),
        }
    }

    fn operations() -> impl Strategy<Value = CounterOp> {
        counts()
    }
}

impl Subject for ReadModifyWrite {
    type Specification = Counter;

    fn new() -> Self {
        ReadModifyWrite(counted())
    }

    fn call(&self, op: &CounterOp) -> CounterRet {
        let present = count(&self.0);
        match op {
            CounterOp::Increment => {
                self.0.set(0, &(present + 1)).expect(THERE);
                CounterRet::Incremented
            }
            CounterOp::Read => CounterRet::Value(present),
        }
    }

    fn operations() -> impl Strategy<Value = CounterOp> {
        counts()
    }
}

/// A dict whose operations are all performed at the manager.
pub struct Entries(DictProxy<u8, u64>);

/// The broken form: it first asks for the item at the key.
pub struct AskedFirst(DictProxy<u8, u64>);

fn dict() -> DictProxy<u8, u64> {
    let client = client(&manager(), None);
    DictProxy::new(&client, create(&client, Create::Dict).expect("there is room"))
}

fn entries() -> impl Strategy<Value = MapOp<u8, u64>> {
    prop_oneof![
        (0..2_u8, 1..4_u64).prop_map(|(key, value)| MapOp::Insert(key, value)),
        (0..2_u8).prop_map(MapOp::Get),
        (0..2_u8).prop_map(MapOp::Remove),
    ]
}

impl Subject for Entries {
    type Specification = Map<u8, u64>;

    fn new() -> Self {
        Entries(dict())
    }

    fn call(&self, op: &MapOp<u8, u64>) -> MapRet<u64> {
        MapRet(match op {
            MapOp::Get(key) => self.0.get(key).expect(THERE),
            MapOp::Insert(key, value) => self.0.insert(key, value).expect(THERE),
            MapOp::Remove(key) => self.0.remove(key).expect(THERE),
        })
    }

    fn operations() -> impl Strategy<Value = MapOp<u8, u64>> {
        entries()
    }
}

impl Subject for AskedFirst {
    type Specification = Map<u8, u64>;

    fn new() -> Self {
        AskedFirst(dict())
    }

    fn call(&self, op: &MapOp<u8, u64>) -> MapRet<u64> {
        let (MapOp::Get(key) | MapOp::Insert(key, _) | MapOp::Remove(key)) = op;
        let before = self.0.get(key).expect(THERE);
        match op {
            MapOp::Get(_) => {}
            MapOp::Insert(key, value) => drop(self.0.insert(key, value).expect(THERE)),
            MapOp::Remove(key) => drop(self.0.remove(key).expect(THERE)),
        }
        MapRet(before)
    }

    fn operations() -> impl Strategy<Value = MapOp<u8, u64>> {
        entries()
    }
}
