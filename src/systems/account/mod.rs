//! Account: deposits into a shared balance, with a lock and without.

mod models;
mod subject;

pub use models::MODELS;

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{self, Mutex, MutexGuard, PoisonError};
use crate::thread;

/// Somewhere to deposit: [`Account`], or a broken form of it.
pub trait Deposit: Sync {
    /// Adds `amount` to the balance.
    fn deposit(&self, amount: u64);
    /// The current balance.
    fn balance(&self) -> u64;
}

/// A balance under a lock: no deposit is lost.
///
/// ```
/// use selvedge::systems::account::{Account, Deposit};
///
/// let account = Account::new(100);
/// account.deposit(20);
/// assert_eq!(account.balance(), 120);
/// ```
#[derive(Debug)]
pub struct Account {
    balance: Mutex<u64>,
}

impl Account {
    /// An account with this balance.
    #[must_use]
    pub fn new(balance: u64) -> Account {
        let balance = Mutex::new(balance);
        sync::name(&balance, "balance");
        Account { balance }
    }

    /// Moves `amount` to another account if the balance covers it. Returns whether it did.
    ///
    /// Both locks are taken in the order of their addresses, so that two transfers in opposite
    /// directions cannot deadlock. A transfer to the account itself moves nothing.
    pub fn transfer(&self, other: &Account, amount: u64) -> bool {
        let place = |account: &Account| std::ptr::from_ref(account).addr();
        match place(self).cmp(&place(other)) {
            std::cmp::Ordering::Equal => self.balance() >= amount,
            std::cmp::Ordering::Less => {
                let mut from = self.lock();
                let mut to = other.lock();
                moved(&mut from, &mut to, amount)
            }
            std::cmp::Ordering::Greater => {
                let mut to = other.lock();
                let mut from = self.lock();
                moved(&mut from, &mut to, amount)
            }
        }
    }

    /// A teller that panicked either has deposited or has not: the balance is consistent either
    /// way.
    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moved(from: &mut u64, to: &mut u64, amount: u64) -> bool {
    let enough = *from >= amount;
    if enough {
        *from -= amount;
        *to += amount;
    }
    enough
}

impl Deposit for Account {
    fn deposit(&self, amount: u64) {
        *self.lock() += amount;
    }

    fn balance(&self) -> u64 {
        *self.lock()
    }
}

/// The broken form: read, add, write back, with nothing that excludes other threads in between.
///
/// Each access by itself is atomic and sequentially consistent. So this is no data race, but a lost
/// update.
#[derive(Debug)]
pub struct Unlocked {
    balance: AtomicU64,
}

impl Unlocked {
    /// An account with this balance.
    #[must_use]
    pub fn new(balance: u64) -> Unlocked {
        let balance = AtomicU64::new(balance);
        sync::name(&balance, "balance");
        Unlocked { balance }
    }
}

impl Deposit for Unlocked {
    fn deposit(&self, amount: u64) {
        // SeqCst, like its partner, the store below: only the gap between them is wrong
        let seen = self.balance.load(Ordering::SeqCst);
        self.balance.store(seen + amount, Ordering::SeqCst);
    }

    fn balance(&self) -> u64 {
        self.balance.load(Ordering::SeqCst) // sees every store that a joined teller made
    }
}

/// Runs the system for real: several threads, each with the same number of deposits of 1. Returns
/// the final balance.
///
/// ```
/// assert_eq!(selvedge::systems::account::demo(2, 1_000), 2_000);
/// ```
#[must_use]
pub fn demo(tellers: u64, deposits: u64) -> u64 {
    let account = Account::new(0);
    thread::scope(|scope| {
        for _ in 0..tellers {
            scope.spawn(|| (0..deposits).for_each(|_| account.deposit(1)));
        }
    });
    account.balance()
}
