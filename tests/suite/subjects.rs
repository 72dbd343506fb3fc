//! The three systems tested against sequential specifications: no model was written for what is
//! found here.

use selvedge::linearizable::{Failure, Linearizable, Verdict};
use selvedge::linearize::specifications::BoundedQueue;
use selvedge::systems::account::{Account, Unlocked};
use selvedge::systems::{manager, queue};
use selvedge::{Budget, Kind, Subject, linearizable};

/// The smallest scenario that shows it: two threads, one or two operations each, and at the most
/// one before or after. By count alone, so that it is the same on every machine.
#[track_caller]
fn found<S: Subject>(test: Linearizable<S>, kind: Kind) -> Failure<S> {
    let verdict = test.budget(Budget::executions(4_000)).run();
    let Verdict::Violated(failure) = verdict else {
        panic!("it was to be caught by a {kind}: {verdict:?}")
    };
    assert_eq!(failure.counterexample.kind, kind, "{failure}");
    let threads = &failure.scenario.threads;
    assert!(
        threads.len() == 2 && threads.iter().all(|ops| (1..=2).contains(&ops.len())),
        "{failure}"
    );
    assert!(failure.scenario.initial.len() + failure.scenario.last.len() <= 1, "{failure}");
    *failure
}

/// By count alone, so that it is the same on every machine.
#[track_caller]
fn holds<S: Subject>(test: Linearizable<S>) {
    let verdict = test.scenarios(16).budget(Budget::executions(4_000)).run();
    let Verdict::Holds(tested) = verdict else { panic!("{verdict:?}") };
    assert!(tested.scenarios >= 12 && tested.histories >= 50 && tested.exhaustive >= 8, "{tested}");
}

fn lane<S: Subject<Specification = BoundedQueue<u32>>>() -> Linearizable<S> {
    Linearizable::new(BoundedQueue::new(queue::subject::CAPACITY))
}

#[test]
fn the_account_is_a_counter() {
    holds(linearizable::<Account>());
}

#[test]
fn an_account_without_its_lock_is_none() {
    found(linearizable::<Unlocked>(), Kind::NotLinearizable);
}

#[test]
fn the_queue_is_a_bounded_queue_that_can_be_closed() {
    holds(lane::<queue::subject::Drained>());
}

#[test]
fn a_lane_whose_emptiness_is_read_before_its_state_loses_an_item() {
    found(lane::<queue::subject::TailBeforeState>(), Kind::NotLinearizable);
}

#[test]
fn a_close_that_wakes_nobody_leaves_a_receiver_asleep() {
    let failure = found(lane::<queue::subject::CloseWithoutWake>(), Kind::Deadlock);
    assert!(failure.history.as_ref().is_some_and(|history| history.stuck), "{failure}");
}

#[test]
fn an_item_that_is_published_before_it_is_written_is_a_data_race() {
    found(lane::<queue::subject::RelaxedPublication>(), Kind::DataRace);
}

#[test]
fn emptiness_taken_for_the_end_is_found() {
    // with one thread: nobody else need be there
    let Verdict::Violated(failure) = lane::<queue::subject::PollIsEmpty>().run() else {
        panic!("it was to be caught")
    };
    assert_eq!(failure.counterexample.kind, Kind::NotLinearizable, "{failure}");
    assert_eq!(failure.scenario.size(), 1, "{failure}");
}

#[test]
fn the_managers_list_and_dict_are_a_list_and_a_map() {
    holds(linearizable::<manager::subject::Appended>());
    holds(linearizable::<manager::subject::Updated>());
    holds(linearizable::<manager::subject::Entries>());
}

#[test]
fn an_update_put_together_through_a_proxy_is_lost() {
    found(linearizable::<manager::subject::ReadModifyWrite>(), Kind::NotLinearizable);
}

#[test]
fn a_dict_that_is_asked_before_it_is_told_has_told_it_twice() {
    found(linearizable::<manager::subject::AskedFirst>(), Kind::NotLinearizable);
}
