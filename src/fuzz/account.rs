//! Interprets bytes as deposits and transfers between two accounts, and compares the accounts with
//! two plain numbers.

use super::Decisions;
use crate::systems::account::{Account, Deposit};

/// Checks that deposits and transfers change two accounts as they change two numbers.
///
/// # Panics
/// If they do not.
pub fn account(bytes: &[u8]) {
    transferred(bytes, Account::transfer);
}

fn transferred(bytes: &[u8], transfer: impl Fn(&Account, &Account, u64) -> bool) {
    let accounts = [Account::new(0), Account::new(0)];
    let mut numbers = [0_u64; 2];
    let mut decisions = Decisions::new(bytes);
    let mut operation =
        || Some((decisions.below(2)?, decisions.below(3)?, u64::from(decisions.byte()?)));
    while let Some((deposits, ends, amount)) = operation() {
        let (from, to) = (ends / 2, ends % 2); // 0 to 0, 0 to 1, 1 to 0
        if deposits == 1 {
            accounts[to].deposit(amount);
            numbers[to] += amount;
        } else {
            let enough = numbers[from] >= amount;
            if enough {
                numbers[from] -= amount;
                numbers[to] += amount;
            }
            assert_eq!(
                transfer(&accounts[from], &accounts[to], amount),
                enough,
                "a transfer of {amount}"
            );
        }
        let balances = [accounts[0].balance(), accounts[1].balance()];
        assert_eq!(balances, numbers, "after a move of {amount} from {from} to {to}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::objection;
    use super::*;

    #[test]
    fn a_transfer_that_makes_money_is_noticed() {
        let bytes = [1, 0, 5, 0, 1, 5];
        account(&bytes);
        let minted = |_: &Account, to: &Account, amount| {
            to.deposit(amount);
            true
        };
        let said = objection(|bytes| transferred(bytes, minted), &bytes);
        assert!(said.contains("after a move of 5 from 0 to 1"), "{said}");
    }

    #[test]
    fn a_transfer_of_what_is_not_there_is_noticed() {
        let bytes = [0, 1, 5];
        account(&bytes);
        let said = objection(|bytes| transferred(bytes, |_, _, _| true), &bytes);
        assert!(said.contains("a transfer of 5"), "{said}");
    }
}
