//! `coerce!`: what std's `Arc` does by itself.

use selvedge::coerce;
use selvedge::sync::{Arc, Mutex, Weak};
use selvedge::{Check, Explorer, Kind, Verdict, thread};

trait Account: Send + Sync {
    fn add(&self, amount: u64);
    fn balance(&self) -> u64;
}

impl Account for Mutex<u64> {
    fn add(&self, amount: u64) {
        *self.lock().unwrap() += amount;
    }

    fn balance(&self) -> u64 {
        *self.lock().unwrap()
    }
}

/// The coerced handle is the same `Arc`: its count is the one of the others.
#[test]
fn a_coerced_handle_shares_what_the_others_have() {
    let explorers = [Explorer::Exhaustive, Explorer::Graphs, Explorer::Random { seed: 1 }];
    for explorer in explorers {
        let verdict = Check::new("coerced").explorers([explorer]).run(|| {
            let account = Arc::new(Mutex::new(1));
            let weak: Weak<dyn Account> = coerce!(Arc::downgrade(&account));
            let theirs: Arc<dyn Account> = coerce!(Arc::clone(&account));
            let teller = thread::spawn(move || theirs.add(2));
            account.add(3);
            teller.join().unwrap();
            assert_eq!(weak.upgrade().map(|account| account.balance()), Some(6));
            assert_eq!(Arc::try_unwrap(account).unwrap().into_inner().unwrap(), 6);
            assert!(weak.upgrade().is_none());
        });
        assert!(matches!(verdict, Verdict::Holds(_)), "{explorer}: {verdict}");
    }
}

/// A look at the count, unordered with the drop of a coerced handle.
#[test]
fn the_drop_of_a_coerced_handle_is_explored() {
    let verdict = Check::new("counted").explorers([Explorer::Exhaustive]).run(|| {
        let mine = Arc::new(Mutex::new(0));
        let theirs: Arc<dyn Account> = coerce!(Arc::clone(&mine));
        let teller = thread::spawn(move || drop(theirs));
        assert_eq!(Arc::strong_count(&mine), 1, "it is gone already");
        teller.join().unwrap();
    });
    match verdict {
        Verdict::Violated(found) => assert_eq!(found.kind, Kind::Panic, "{found:?}"),
        other => panic!("{other}"),
    }
}
