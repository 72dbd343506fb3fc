//! The models of the account: the correct forms, and the broken twins that must be caught.

use super::{Account, Deposit, Unlocked};
use crate::cell::UnsafeCell;
use crate::sync::{self, Arc, Mutex, PoisonError};
use crate::systems::Model;
use crate::thread;
use crate::verdict::{Expect, Kind};

/// The models of this system.
pub const MODELS: &[Model] = &[
    Model {
        name: "account/locked",
        about: "two tellers, two deposits each, under the lock: every deposit is kept",
        body: || deposits(Account::new(0), 2, 2),
        expect: Expect::Holds,
        not_in: &[],
    },
    Model {
        name: "account/transfer",
        about: "two transfers in opposite directions: no money is made or lost, and nobody waits \
                for ever",
        body: transfers,
        expect: Expect::Holds,
        not_in: &[],
    },
    Model {
        name: "account/transfer-beside-deposits",
        about: "a transfer there and back, while others deposit and look: every deposit is kept",
        body: transfers_beside_deposits,
        expect: Expect::Holds,
        not_in: &[],
    },
    Model {
        name: "account/broken/unlocked",
        about: "read, add, write back without the lock: a deposit is lost",
        body: || deposits(Unlocked::new(0), 2, 1),
        expect: Expect::Violation(Kind::Panic),
        not_in: &[],
    },
    Model {
        name: "account/broken/lock-released-between",
        about: "the lock is released between reading and writing back: a deposit is lost",
        body: || deposits(ReleasedBetween::new(0), 2, 1),
        expect: Expect::Violation(Kind::Panic),
        not_in: &[],
    },
    Model {
        name: "account/broken/plain-memory",
        about: "a balance in plain memory, without the lock: a data race",
        body: || deposits(Plain::new(0), 2, 1),
        expect: Expect::Violation(Kind::DataRace),
        not_in: &[],
    },
    Model {
        name: "account/broken/transfer-lock-order",
        about: "each transfer locks its own side first: two in opposite directions wait for each \
                other",
        body: transfers_from_first,
        expect: Expect::Violation(Kind::Deadlock),
        not_in: &[],
    },
];

/// Runs `tellers` tellers with `each` deposits of 1, all of which must be there at the end.
fn deposits(account: impl Deposit + Send + 'static, tellers: u64, each: u64) {
    let account = Arc::new(account);
    let tellers: Vec<_> = (1..=tellers)
        .map(|number| {
            let account = Arc::clone(&account);
            let teller = thread::Builder::new().name(format!("teller {number}"));
            teller.spawn(move || (0..each).for_each(|_| account.deposit(1))).expect("a thread")
        })
        .collect();
    let number = tellers.len() as u64;
    for teller in tellers {
        teller.join().expect("a teller that ends well");
    }
    assert_eq!(account.balance(), number * each, "a deposit is lost");
}

fn accounts() -> Arc<[Account; 2]> {
    let accounts = Arc::new([Account::new(2), Account::new(2)]);
    sync::name(&accounts[0].balance, "left");
    sync::name(&accounts[1].balance, "right");
    accounts
}

/// Runs `transfer(0, 1)` concurrently with `transfer(1, 0)`, and checks the sum.
fn opposite(transfer: fn(&[Account; 2], usize, usize)) {
    let accounts = accounts();
    let theirs = Arc::clone(&accounts);
    let teller = thread::Builder::new().name("teller".into());
    let teller = teller.spawn(move || transfer(&theirs, 0, 1)).expect("a thread");
    transfer(&accounts, 1, 0);
    teller.join().expect("a teller that ends well");
    assert_eq!(accounts[0].balance() + accounts[1].balance(), 4, "money was made or lost");
}

fn transfers() {
    opposite(|accounts, from, to| assert!(accounts[from].transfer(&accounts[to], 1)));
}

/// Each lock of a transfer is needed against a thread that takes only that one.
fn transfers_beside_deposits() {
    let accounts = accounts();
    let theirs = Arc::clone(&accounts);
    let teller = thread::Builder::new().name("teller".into());
    let there_and_back = move || {
        assert!(
            theirs[0].transfer(&theirs[1], 1) && theirs[1].transfer(&theirs[0], 1),
            "there is enough in both"
        );
    };
    let teller = teller.spawn(there_and_back).expect("a thread");
    assert!((1..=2).contains(&accounts[0].balance()), "more than was ever there");
    accounts[0].deposit(1);
    accounts[1].deposit(1);
    teller.join().expect("a teller that ends well");
    assert_eq!(accounts[0].balance() + accounts[1].balance(), 6, "a deposit is lost");
}

fn transfers_from_first() {
    opposite(|accounts, from, to| {
        let mut from = accounts[from].lock();
        let mut to = accounts[to].lock();
        super::moved(&mut from, &mut to, 1);
    });
}

/// The broken twin that locks each access, but not the two together.
struct ReleasedBetween {
    balance: Mutex<u64>,
}

impl ReleasedBetween {
    fn new(balance: u64) -> ReleasedBetween {
        let balance = Mutex::new(balance);
        sync::name(&balance, "balance");
        ReleasedBetween { balance }
    }
}

impl Deposit for ReleasedBetween {
    fn deposit(&self, amount: u64) {
        let seen = self.balance();
        *self.balance.lock().unwrap_or_else(PoisonError::into_inner) = seen + amount;
    }

    fn balance(&self) -> u64 {
        *self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The broken twin in plain memory.
struct Plain {
    balance: UnsafeCell<u64>,
}

// SAFETY: none: this is the broken form. It only runs in models, where the race is reported before
// the second access, and all threads are green threads of one OS thread.
#[allow(unsafe_code)]
unsafe impl Sync for Plain {}

impl Plain {
    fn new(balance: u64) -> Plain {
        let balance = UnsafeCell::new(balance);
        sync::name(&balance, "balance");
        Plain { balance }
    }
}

#[allow(unsafe_code)]
impl Deposit for Plain {
    fn deposit(&self, amount: u64) {
        // SAFETY: see `Sync`
        self.balance.with_mut(|balance| unsafe { *balance += amount });
    }

    fn balance(&self) -> u64 {
        // SAFETY: see `Sync`
        self.balance.with(|balance| unsafe { *balance })
    }
}
