//! The mailbox, every interleaving of it: one model by hand, and scenarios that are generated.

use journey::Mailbox;
use proptest::prelude::*;
use selvedge::linearize::Specification;
use selvedge::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use selvedge::{Expect, Kind, Subject, sync::Arc, thread};

#[test]
fn a_letter_is_taken_once() {
    selvedge::check(|| {
        let mailbox = Arc::new(Mailbox::new());
        assert!(mailbox.put(7));
        let theirs = Arc::clone(&mailbox);
        let other = thread::spawn(move || theirs.take());
        let taken = [mailbox.take(), other.join().unwrap()];
        assert_eq!(taken.iter().flatten().count(), 1, "{taken:?}");
    });
}

/// What a mailbox is when nobody else is there.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Letter(Option<u32>);

#[derive(Clone, Debug)]
enum Op {
    Put(u32),
    Take,
}

/// `Err` of a letter that was not put.
type Ret = Result<Option<u32>, u32>;

impl Specification for Letter {
    type Op = Op;
    type Ret = Ret;

    fn apply(&mut self, op: &Op) -> Ret {
        match op {
            Op::Put(letter) if self.0.is_some() => Err(*letter),
            Op::Put(letter) => {
                self.0 = Some(*letter);
                Ok(None)
            }
            Op::Take => Ok(self.0.take()),
        }
    }
}

fn operations() -> impl Strategy<Value = Op> {
    prop_oneof![(1..4_u32).prop_map(Op::Put), Just(Op::Take)]
}

/// The mailbox is another crate's here: hence a type around it. In a `mod tests` of its own crate
/// it is none.
struct Tested(Mailbox);

impl Subject for Tested {
    type Specification = Letter;

    fn new() -> Self {
        Tested(Mailbox::new())
    }

    fn call(&self, op: &Op) -> Ret {
        match op {
            Op::Put(letter) => self.0.put(*letter).then_some(None).ok_or(*letter),
            Op::Take => Ok(self.0.take()),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

#[test]
fn a_mailbox_is_linearizable() {
    let _ = selvedge::linearizable::<Tested>().assert();
}

/// The first attempt: a letter beside its state, and a state for "somebody is at it".
struct FirstAttempt {
    state: AtomicU8,
    letter: AtomicU32,
}

const EMPTY: u8 = 0;
const BUSY: u8 = 1;
const FULL: u8 = 2;

impl Subject for FirstAttempt {
    type Specification = Letter;

    fn new() -> Self {
        let (state, letter) = (AtomicU8::new(EMPTY), AtomicU32::new(0));
        selvedge::sync::name(&state, "state");
        selvedge::sync::name(&letter, "letter");
        FirstAttempt { state, letter }
    }

    fn call(&self, op: &Op) -> Ret {
        let enter = |from| {
            self.state.compare_exchange(from, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok()
        };
        match op {
            Op::Put(letter) if enter(EMPTY) => {
                self.letter.store(*letter, Ordering::Relaxed);
                self.state.store(FULL, Ordering::Release); // pairs with `enter`
                Ok(None)
            }
            Op::Put(letter) => Err(*letter),
            Op::Take if enter(FULL) => {
                let letter = self.letter.load(Ordering::Relaxed);
                self.state.store(EMPTY, Ordering::Release); // pairs with `enter`
                Ok(Some(letter))
            }
            Op::Take => Ok(None),
        }
    }

    fn operations() -> impl Strategy<Value = Op> {
        operations()
    }
}

#[test]
fn the_first_attempt_was_full_and_empty_at_once() {
    let test =
        selvedge::linearizable::<FirstAttempt>().expect(Expect::Violation(Kind::NotLinearizable));
    let selvedge::linearizable::Verdict::Violated(failure) = test.assert() else {
        unreachable!("it was asserted")
    };
    assert!(failure.scenario.threads.len() == 2 && failure.scenario.size() <= 4, "{failure}");
}
