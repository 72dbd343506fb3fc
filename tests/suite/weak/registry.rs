//! Registries that are walked while others register. Whoever walks must not find a place whose
//! contents are not there yet.

use super::{Data, Plain, beside, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};
use std::ptr;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release};

/// A node that is written before it is published.
struct Node {
    value: Plain,
    next: AtomicPtr<Node>,
}

impl Node {
    fn new(value: usize) -> *mut Node {
        let node = Node { value: Plain::new(), next: AtomicPtr::new(ptr::null_mut()) };
        node.value.set(value);
        Box::into_raw(Box::new(node))
    }
}

/// Frees a list that nobody else has any more, and says how long it was.
fn freed(mut at: *mut Node) -> usize {
    let mut count = 0;
    while !at.is_null() {
        // SAFETY: all threads have ended, and each node is in the list once
        let node = unsafe { Box::from_raw(at) };
        (at, count) = (node.next.load(Relaxed), count + 1);
    }
    count
}

/// The values from here on.
fn walk(mut at: *mut Node, next: Ordering) -> usize {
    let mut sum = 0;
    while !at.is_null() {
        // SAFETY: nodes are freed when all threads have ended
        let node = unsafe { &*at };
        sum += node.value.get();
        at = node.next.load(next);
    }
    sum
}

/// A list that grows at its head. Two nodes are pushed while it is walked.
fn pushed(head_read: Ordering, next_read: Ordering, publish: Ordering) {
    let head = AtomicPtr::new(ptr::null_mut());
    let push = |value| {
        let node = Node::new(value);
        let mut seen = head.load(Relaxed);
        loop {
            // SAFETY: the node is freed when all threads have ended
            unsafe { &*node }.next.store(seen, Relaxed);
            match head.compare_exchange(seen, node, publish, Relaxed) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    };
    let walked = || beside(|| push(1), || walk(head.load(head_read), next_read)).1;
    let ((), sum) = beside(|| push(2), walked);
    assert!(sum <= 3);
    assert_eq!(freed(head.load(Relaxed)), 2);
}

/// A list that grows at its end. A node is appended while it is walked from its first one.
fn appended(next_read: Ordering, publish: Ordering) {
    let first = Node::new(1);
    // SAFETY: the list is freed when all threads have ended
    let end = unsafe { &*first };
    let append = || end.next.store(Node::new(2), publish);
    let ((), sum) = beside(append, || walk(first, next_read));
    assert!(sum == 1 || sum == 3);
    assert_eq!(freed(first), 2);
}

/// An entry of a bucket that is made when it is needed.
struct Entry {
    present: AtomicBool,
    value: Plain,
}

/// RUSTSEC-2022-0006: thread_local's iterator read a bucket's place without an order, and then,
/// with one, whether the entry is there.
fn bucket(place_read: Ordering) {
    let bucket = AtomicPtr::new(ptr::null_mut());
    let enter = || {
        let made = Entry { present: AtomicBool::new(false), value: Plain::new() };
        let made = Box::into_raw(Box::new(made));
        bucket
            .compare_exchange(ptr::null_mut(), made, AcqRel, Acquire)
            .expect("nobody else enters");
        // SAFETY: the bucket is freed when all threads have ended
        let entry = unsafe { &*made };
        entry.value.set(1);
        entry.present.store(true, Release);
    };
    let iterate = || {
        // SAFETY: as above
        let entry: Option<&Entry> = unsafe { bucket.load(place_read).as_ref() };
        entry.filter(|entry| entry.present.load(Acquire)).map(|entry| entry.value.get())
    };
    let seen = beside(enter, iterate).1;
    assert!(matches!(seen, None | Some(1)));
    // SAFETY: all threads have ended
    drop(unsafe { Box::from_raw(bucket.load(Relaxed)) });
}

/// Slots that were there before: each is filled, and then they are counted.
fn slots(count_read: Ordering, publish: Ordering) {
    let (count, slots) = (AtomicUsize::new(0), [AtomicUsize::new(0), AtomicUsize::new(0)]);
    let fill = || {
        for (nth, slot) in slots.iter().enumerate() {
            slot.store(7, Relaxed);
            count.store(nth + 1, publish);
        }
    };
    let ((), seen) = beside(fill, || {
        let filled = &slots[..count.load(count_read)];
        filled.iter().map(|slot| slot.load(Relaxed)).collect::<Vec<_>>()
    });
    assert!(seen.iter().all(|value| *value == 7), "an empty slot is seen: {seen:?}");
}

#[test]
fn a_list_whose_head_is_read_relaxed_shows_a_node_that_is_not_there_yet() {
    races("head", || pushed(Relaxed, Acquire, Release));
    races("publication", || pushed(Acquire, Acquire, Relaxed));
    // two pushes are 4 executions; the head is empty, the first or the second node
    holds("ordered", 12, || pushed(Acquire, Acquire, Release));
}

/// Only read-modify-writes change the head: whoever acquires it has what each of them released.
#[test]
fn a_list_that_grows_at_its_head_needs_no_order_at_its_nodes() {
    holds("next relaxed", 12, || pushed(Acquire, Relaxed, Release));
}

#[test]
fn a_list_that_grows_at_its_end_needs_an_order_at_each_node() {
    races("next", || appended(Relaxed, Release));
    races("publication", || appended(Acquire, Relaxed));
    holds("ordered", 2, || appended(Acquire, Release));
}

/// The flag of the entry orders its value. So no interleaving shows that nothing orders the flag's
/// own creation before its use.
#[test]
fn a_bucket_whose_place_is_read_relaxed_shows_an_entry_that_is_not_there_yet() {
    only_weak("place", (Kind::DataRace, 1, 2), || bucket(Relaxed));
    // no bucket; or one, whose entry is there or not
    holds("ordered", 3, || bucket(Acquire));
}

#[test]
fn slots_that_are_counted_relaxed_are_seen_empty() {
    // none; or one, filled or not; or two, each of them filled or not
    for (name, read, publish) in [("read", Relaxed, Release), ("publication", Acquire, Relaxed)] {
        only_weak(name, (Kind::Panic, 4, 7), move || slots(read, publish));
    }
    holds("ordered", 3, || slots(Acquire, Release));
}
