//! Account: for real, and every model under loom and on shuttle.

use proptest::prelude::*;
use selvedge::systems::account::{self, Account, Deposit, MODELS};
use selvedge::{Budget, Check, Explorer, Extent, Verdict, systems::Model, thread};

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

fn model(name: &str) -> &'static Model {
    MODELS.iter().find(|m| m.name == name).expect("a model of this name")
}

fn check(model: &'static Model, explorer: Explorer) -> Verdict {
    Check::new(model.name)
        .explorers([explorer])
        .budget(Budget::executions(50_000))
        .expect(model.expect)
        .assert(model.body)
}

#[test]
fn two_threads_with_100_000_deposits_each_end_at_200_000() {
    assert_eq!(account::demo(2, 100_000), 200_000);
}

#[test]
fn every_model_is_as_expected_in_both_engines() {
    for model in MODELS {
        for explorer in [Explorer::Dfs, LOOM, Explorer::Loom { preemption_bound: Some(2) }] {
            let verdict = check(model, explorer);
            if let Verdict::Holds(coverage) = verdict {
                assert!(coverage.executions() > 1, "{}: {coverage}", model.name);
            }
        }
    }
}

#[test]
fn loom_needs_thirty_executions_for_two_tellers_with_two_deposits() {
    let Verdict::Holds(coverage) = check(model("account/locked"), LOOM) else {
        panic!("asserted to hold")
    };
    assert_eq!((coverage.executions(), &coverage.runs[0].extent), (30, &Extent::Complete));
}

#[test]
fn the_lost_update_is_drawn_in_both_engines() {
    for explorer in [Explorer::Dfs, LOOM] {
        let Verdict::Violated(found) = check(model("account/broken/unlocked"), explorer) else {
            unreachable!()
        };
        let drawn =
            selvedge::report::timeline::counterexample(&found, &selvedge::report::Style::Plain);
        assert!(drawn.contains("overwrites the store of teller"), "{drawn}");
        assert!(drawn.contains("a deposit is lost"), "{drawn}");
        assert!(drawn.contains("replay: SELVEDGE_REPLAY=v1:"), "{drawn}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_deposit_of_every_teller_is_kept(
        tellers in prop::collection::vec(prop::collection::vec(0..1_000_u64, 0..50), 1..6),
    ) {
        let account = Account::new(0);
        thread::scope(|scope| {
            for deposits in &tellers {
                let account = &account;
                scope.spawn(move || deposits.iter().for_each(|amount| account.deposit(*amount)));
            }
        });
        prop_assert_eq!(account.balance(), tellers.iter().flatten().sum::<u64>());
    }

    #[test]
    fn transfers_keep_the_sum(
        moves in prop::collection::vec((0..3_usize, 0..3_usize, 0..20_u64), 0..60),
    ) {
        let accounts = [Account::new(20), Account::new(20), Account::new(20)];
        thread::scope(|scope| {
            for part in moves.chunks(20) {
                let accounts = &accounts;
                scope.spawn(move || {
                    for (from, to, amount) in part {
                        accounts[*from].transfer(&accounts[*to], *amount);
                    }
                });
            }
        });
        prop_assert_eq!(accounts.iter().map(Account::balance).sum::<u64>(), 60);
    }
}
