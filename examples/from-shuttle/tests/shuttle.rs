//! The crate's shuttle tests, as they were: `cargo test --features shuttle`.
#![cfg(feature = "shuttle")]

use from_shuttle::Queue;
use shuttle::sync::{Arc, Mutex};
use shuttle::thread;

fn items_arrive_in_order() {
    let queue = Arc::new(Queue::new(1));
    let theirs = queue.clone();
    let producer = thread::spawn(move || (0..3).for_each(|item| theirs.push(item)));
    assert_eq!([queue.pop(), queue.pop(), queue.pop()], [0, 1, 2]);
    producer.join().unwrap();
}

#[test]
fn items_arrive_in_order_by_chance() {
    shuttle::check_random(items_arrive_in_order, 100);
}

#[test]
fn items_arrive_in_order_always() {
    shuttle::check_dfs(items_arrive_in_order, None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn two_locks_in_two_orders() {
    shuttle::check_pct(
        || {
            let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
            let theirs = locks.clone();
            let other = thread::spawn(move || drop((theirs[1].lock(), theirs[0].lock())));
            drop((locks[0].lock(), locks[1].lock()));
            other.join().unwrap();
        },
        100,
        2,
    );
}
