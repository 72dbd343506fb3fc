//! Queues: Michael and Scott's (PODC 1996) in an arena, and one whose dequeue can miss.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::Specification;
use selvedge::sync::atomic::{AtomicU8, AtomicUsize, Ordering::*};
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Enqueue(u8),
    Dequeue,
}

/// An enqueue returns nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Line(VecDeque<u8>);

impl Specification for Line {
    type Op = Op;
    type Ret = Option<u8>;

    fn apply(&mut self, op: &Op) -> Option<u8> {
        match op {
            Op::Enqueue(value) => {
                self.0.push_back(*value);
                None
            }
            Op::Dequeue => self.0.pop_front(),
        }
    }
}

pub(crate) fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![(1..4_u8).prop_map(Op::Enqueue), Just(Op::Dequeue)]
}

/// Node 0 is the first dummy, and as a `next` it means that there is none.
pub(crate) struct MichaelScott {
    head: AtomicUsize,
    tail: AtomicUsize,
    used: AtomicUsize,
    next: Vec<AtomicUsize>,
    value: Vec<AtomicU8>,
}

impl MichaelScott {
    fn enqueue(&self, value: u8) {
        let node = self.used.fetch_add(1, Relaxed) + 1;
        self.value[node].store(value, Relaxed);
        loop {
            let tail = self.tail.load(Acquire);
            let next = self.next[tail].load(Acquire);
            if next != 0 {
                // another enqueue is between its two steps: help
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
            } else if self.next[tail].compare_exchange(0, node, Release, Relaxed).is_ok() {
                let _ = self.tail.compare_exchange(tail, node, Release, Relaxed);
                return;
            }
        }
    }

    fn dequeue(&self) -> Option<u8> {
        loop {
            let head = self.head.load(Acquire);
            let tail = self.tail.load(Acquire);
            let next = self.next[head].load(Acquire); // pairs with the enqueue that linked it
            if next == 0 {
                return None;
            }
            if head == tail {
                let _ = self.tail.compare_exchange(tail, next, Release, Relaxed);
                continue;
            }
            let value = self.value[next].load(Relaxed);
            if self.head.compare_exchange(head, next, Release, Relaxed).is_ok() {
                return Some(value);
            }
        }
    }
}

impl Subject for MichaelScott {
    type Specification = Line;

    fn new() -> Self {
        let zero = || AtomicUsize::new(0);
        MichaelScott {
            head: zero(),
            tail: zero(),
            used: zero(),
            next: (0..16).map(|_| zero()).collect(),
            value: (0..16).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    fn call(&self, op: &Op) -> Option<u8> {
        match op {
            Op::Enqueue(value) => {
                self.enqueue(*value);
                None
            }
            Op::Dequeue => self.dequeue(),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Whose dequeue takes another one's success for an empty queue.
pub(crate) struct Missing(MichaelScott);

impl Subject for Missing {
    type Specification = Line;

    fn new() -> Self {
        Missing(MichaelScott::new())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        if let Op::Enqueue(_) = op {
            return self.0.call(op);
        }
        let head = self.0.head.load(Acquire);
        let next = self.0.next[head].load(Acquire);
        if next == 0 {
            return None;
        }
        let value = self.0.value[next].load(Relaxed);
        self.0.head.compare_exchange(head, next, Release, Relaxed).ok().map(|_| value)
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
