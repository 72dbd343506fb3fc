//! Models of lists and dicts: two clients, and no write of either is lost.

use super::setting::{client, given_to_child, join, manager, new_list, spawn};
use crate::systems::manager::protocol::Create;
use crate::systems::manager::proxy::{DictProxy, ListProxy};
use crate::systems::manager::server::create;

/// Runs `work` on a list in a child and in the parent. Both keep their proxies until both are done.
fn parent_and_child(items: &[u64], work: fn(&ListProxy<u64>, u64)) -> Vec<u64> {
    let shared = manager();
    let list = new_list(&shared);
    list.extend(items).expect("the manager is there");
    let childs = given_to_child(&shared, &list);
    let child = spawn("child", move || {
        work(&childs, 20);
        childs
    });
    work(&list, 10);
    let _childs = join(child);
    list.to_vec().expect("the manager is there")
}

pub(super) fn append() {
    let mut list = parent_and_child(&[], |list, first| {
        list.push(&first).expect("the manager is there");
        list.push(&(first + 1)).expect("the manager is there");
    });
    list.sort_unstable();
    assert_eq!(list, [10, 11, 20, 21], "an item was lost");
}

pub(super) fn two_clients_add(add: fn(&ListProxy<u64>, u64)) {
    assert_eq!(parent_and_child(&[0], add), [30], "an update was lost");
}

pub(super) fn add_at_the_manager(list: &ListProxy<u64>, amount: u64) {
    list.update::<_, u64>(0, "add", &amount).expect("the manager is there");
}

pub(super) fn add_through_the_proxy(list: &ListProxy<u64>, amount: u64) {
    let present = list.get(0).expect("the manager is there").expect("the list has one item");
    list.set(0, &(present + amount)).expect("the manager is there");
}

pub(super) fn add_by_compare_exchange(list: &ListProxy<u64>, amount: u64) {
    let mut present = list.get(0).expect("the manager is there").expect("the list has one item");
    while let Err(found) =
        list.compare_exchange(0, &present, &(present + amount)).expect("the manager is there")
    {
        present = found;
    }
}

pub(super) fn dict() {
    let shared = manager();
    let parent = client(&shared, None);
    let dict =
        DictProxy::<u64, u64>::new(&parent, create(&parent, Create::Dict).expect("there is room"));
    let childs = DictProxy::<u64, u64>::new(&client(&shared, Some(dict.id())), dict.id());
    let work = |dict: &DictProxy<u64, u64>, n: u64| {
        dict.insert(&n, &(n * n)).expect("the manager is there");
        dict.update_or::<_, u64>(&0, &0, "add", &n).expect("the manager is there");
    };
    let child = spawn("child", move || {
        work(&childs, 4);
        childs
    });
    work(&dict, 3);
    let _childs = join(child);
    let expected = [(0, 7), (3, 9), (4, 16)];
    assert_eq!(dict.to_map().expect("the manager is there"), expected.into(), "an entry was lost");
}
