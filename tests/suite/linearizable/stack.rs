//! Stacks of Treiber's ("Systems Programming: Coping with Parallelism", 1986), in an arena: one
//! that never uses a node twice, one that does (ABA), and one that publishes with too weak an
//! ordering.

use proptest::prelude::*;
use selvedge::Subject;
use selvedge::linearize::Specification;
use selvedge::sync::Mutex;
use selvedge::sync::atomic::{AtomicU8, AtomicUsize, Ordering, Ordering::*};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Push(u8),
    Pop,
}

/// A push returns nothing.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pile(Vec<u8>);

impl Specification for Pile {
    type Op = Op;
    type Ret = Option<u8>;

    fn apply(&mut self, op: &Op) -> Option<u8> {
        match op {
            Op::Push(value) => {
                self.0.push(*value);
                None
            }
            Op::Pop => self.0.pop(),
        }
    }
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![(1..4_u8).prop_map(Op::Push), Just(Op::Pop)]
}

/// Node 0 is no node: it ends the list.
struct Arena {
    head: AtomicUsize,
    next: Vec<AtomicUsize>,
    value: Vec<AtomicU8>,
}

impl Arena {
    fn new() -> Arena {
        let nodes = 1..=16;
        Arena {
            head: AtomicUsize::new(0),
            next: nodes.clone().map(|_| AtomicUsize::new(0)).collect(),
            value: nodes.map(|_| AtomicU8::new(0)).collect(),
        }
    }

    fn push(&self, node: usize, value: u8, publish: Ordering) {
        self.value[node].store(value, Relaxed);
        loop {
            let head = self.head.load(Relaxed);
            self.next[node].store(head, Relaxed);
            // with Release: the node is visible to whoever acquires it in `pop`
            if self.head.compare_exchange(head, node, publish, Relaxed).is_ok() {
                return;
            }
        }
    }

    /// The node that was popped, and its value.
    fn pop(&self) -> Option<(usize, u8)> {
        loop {
            let head = self.head.load(Acquire); // pairs with the push
            if head == 0 {
                return None;
            }
            let (next, value) = (self.next[head].load(Relaxed), self.value[head].load(Relaxed));
            // a read-modify-write continues the release sequence of the push that it pops from
            if self.head.compare_exchange(head, next, Relaxed, Relaxed).is_ok() {
                return Some((head, value));
            }
        }
    }
}

/// Nodes are used once.
pub(crate) struct Treiber {
    arena: Arena,
    used: AtomicUsize,
}

impl Subject for Treiber {
    type Specification = Pile;

    fn new() -> Self {
        Treiber { arena: Arena::new(), used: AtomicUsize::new(0) }
    }

    fn call(&self, op: &Op) -> Option<u8> {
        match op {
            Op::Push(value) => {
                self.arena.push(self.used.fetch_add(1, Relaxed) + 1, *value, Release);
                None
            }
            Op::Pop => self.arena.pop().map(|(_, value)| value),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// A popped node is used again at once, while another pop still looks at it.
pub(crate) struct Reusing {
    arena: Arena,
    free: Mutex<Vec<usize>>,
}

impl Subject for Reusing {
    type Specification = Pile;

    fn new() -> Self {
        Reusing { arena: Arena::new(), free: Mutex::new((1..16).rev().collect()) }
    }

    fn call(&self, op: &Op) -> Option<u8> {
        match op {
            Op::Push(value) => {
                let node = self.free.lock().unwrap().pop().expect("a free node");
                self.arena.push(node, *value, Release);
                None
            }
            Op::Pop => {
                let (node, value) = self.arena.pop()?;
                self.free.lock().unwrap().push(node);
                Some(value)
            }
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

/// Publishes its nodes with a relaxed compare-exchange: who pops one may see it as it was before.
pub(crate) struct Relaxing(Treiber);

impl Subject for Relaxing {
    type Specification = Pile;

    fn new() -> Self {
        Relaxing(Treiber::new())
    }

    fn call(&self, op: &Op) -> Option<u8> {
        match op {
            Op::Push(value) => {
                let node = self.0.used.fetch_add(1, Relaxed) + 1;
                self.0.arena.push(node, *value, Relaxed);
                None
            }
            Op::Pop => self.0.call(op),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}
