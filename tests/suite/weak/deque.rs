//! A deque whose owner takes at one end while others steal at the other one (Chase and Lev). Only
//! the last item is fought for, so each side must see how far the other one is: Lê, Pop, Cohen and
//! Zappa Nardelli, "Correct and Efficient Work-Stealing for Weak Memory Models", PPoPP 2013.

use super::{beside, fence_if, holds, only_weak};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, SeqCst};

/// Items `top..bottom` are there. Their numbers are their values.
struct Deque {
    top: AtomicUsize,
    bottom: AtomicUsize,
    fences: Fences,
}

#[derive(Clone, Copy)]
struct Fences {
    take: Option<Ordering>,
    steal: Option<Ordering>,
}

const RIGHT: Fences = Fences { take: Some(SeqCst), steal: Some(SeqCst) };

impl Deque {
    /// Only the owner takes.
    fn take(&self) -> Option<usize> {
        let last = self.bottom.load(Relaxed) - 1;
        self.bottom.store(last, Relaxed);
        fence_if(self.fences.take);
        let top = self.top.load(Relaxed);
        if top < last {
            return Some(last);
        }
        let got = top == last && self.exchange(top);
        self.bottom.store(last + 1, Relaxed);
        got.then_some(last)
    }

    fn steal(&self) -> Option<usize> {
        let top = self.top.load(Acquire);
        fence_if(self.fences.steal);
        let bottom = self.bottom.load(Acquire);
        (top < bottom && self.exchange(top)).then_some(top)
    }

    fn exchange(&self, top: usize) -> bool {
        self.top.compare_exchange(top, top + 1, SeqCst, Relaxed).is_ok()
    }
}

/// One takes, the other one steals twice, and there are two items.
fn take_and_steal(fences: Fences) {
    let deque = Deque { top: AtomicUsize::new(0), bottom: AtomicUsize::new(2), fences };
    let steals = || [deque.steal(), deque.steal()];
    let (stolen, taken) = beside(steals, || deque.take());
    let twice = taken.is_some() && stolen.contains(&taken);
    assert!(!twice, "taken and stolen: {taken:?}");
}

#[test]
fn an_item_is_taken_twice_without_a_fence_on_each_side() {
    for (name, fences) in [
        ("no fence of the owner", Fences { take: None, ..RIGHT }),
        ("no fence of the thief", Fences { steal: None, ..RIGHT }),
        ("a weak fence", Fences { take: Some(AcqRel), ..RIGHT }),
    ] {
        only_weak(name, (Kind::Panic, 1, 14), move || take_and_steal(fences));
    }
    holds("fences", 13, || take_and_steal(RIGHT));
}
