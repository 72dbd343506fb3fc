//! A park returns after an unpark, and what came before the unpark is seen.

use super::{Ends, Model};
use selvedge::cell::UnsafeCell;
use selvedge::{Kind, sync::Arc, thread};

pub(super) const MODELS: [Model; 2] =
    [("one park", one_park, Ends::Weak), ("a token", a_token, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("one park", one_park, Kind::Deadlock);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

// SAFETY: 1. who uses it when is what the models check
unsafe impl Sync for Letter {}

fn one_park() {
    let (parker, unparker) = parking::pair();
    let letter = Arc::new(Letter(UnsafeCell::new(0)));
    let theirs = Arc::clone(&letter);
    let other = thread::spawn(move || {
        // SAFETY: 1. nobody reads before the unpark
        theirs.0.with_mut(|it| unsafe { *it = 1 });
        unparker.unpark()
    });
    parker.park();
    // SAFETY: 1. nobody writes after the unpark
    assert_eq!(letter.0.with(|it| unsafe { *it }), 1);
    assert!(other.join().unwrap());
}

/// Two unparks are one token.
fn a_token() {
    let (parker, unparker) = parking::pair();
    let theirs = unparker.clone();
    let other = thread::spawn(move || theirs.unpark());
    let mine = unparker.unpark();
    let theirs = other.join().unwrap();
    assert_eq!(u32::from(mine) + u32::from(theirs), 1);
    assert!(parker.park_timeout(std::time::Duration::from_secs(1)));
    assert!(!parker.park_timeout(std::time::Duration::ZERO));
}
