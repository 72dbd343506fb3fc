//! The same bodies over std and crossbeam, over the facade outside of an engine, under shuttle and
//! under loom.

use super::helpers::*;
use selvedge::{Bound, Budget, Explorer, Verdict};

#[allow(unused_imports, reason = "included as written for both")]
mod over_std {
    use crossbeam::channel;
    use std::{hint, sync, thread, thread_local};

    include!("bodies.rs");
}

#[allow(unused_imports, reason = "included as written for both")]
mod over_facade {
    use selvedge::{channel, hint, sync, thread, thread_local};

    include!("bodies.rs");
}

fn on_green_threads(body: fn()) {
    let verdict = check(DFS)
        .explorers([DFS, Explorer::Random { seed: 1 }])
        .budget(Budget::executions(200))
        .run(body);
    nothing_is_wrong(&verdict);
}

fn under_loom(body: fn()) {
    nothing_is_wrong(&check(LOOM).budget(Budget::executions(500)).run(body));
}

/// The body is about what the facade does, and not every body has threads that meet: it ran, and
/// nothing was wrong.
fn nothing_is_wrong(verdict: &Verdict) {
    let is_right = match verdict {
        Verdict::Holds(coverage) => coverage.skipped.is_empty(),
        Verdict::Unknown(bound) => *bound == Bound::NothingExplored,
        Verdict::Violated(_) => false,
    };
    assert!(is_right, "{}", in_words(verdict));
}

fn not_under_loom(body: fn()) {
    not_modelled(check_by(LOOM, body), "loom", "timeout");
}

fn no_downgrade_under_loom(body: fn()) {
    not_modelled(check_by(LOOM, body), "loom", "downgrade");
}

fn no_constants_under_loom(body: fn()) {
    not_modelled(check_by(LOOM, body), "loom", "a static or a constant");
}

macro_rules! everywhere {
    ($($loom:ident: $($body:ident)*;)*) => {
        $($(
            mod $body {
                #[test]
                fn over_std() {
                    super::over_std::$body();
                }

                #[test]
                fn outside_of_an_engine() {
                    super::over_facade::$body();
                }

                #[test]
                fn on_green_threads() {
                    super::on_green_threads(super::over_facade::$body);
                }

                #[test]
                fn under_loom() {
                    super::$loom(super::over_facade::$body);
                }
            }
        )*)*
    };
}

everywhere! {
    under_loom:
        a_mutex_lets_one_thread_in a_held_mutex_would_block a_panicking_holder_poisons_a_mutex
        a_guard_taken_while_unwinding_does_not_poison a_mutex_is_made_and_taken_apart
        mutexes_hold_unsized_values readers_share_and_a_writer_excludes
        a_writer_and_readers_never_meet only_writers_poison_a_rwlock a_waiter_is_notified
        all_waiters_are_notified a_wait_on_a_poisoned_mutex_says_so once_runs_once
        a_once_that_panicked_is_poisoned a_once_lock_is_set_once an_initialisation_is_waited_for
        a_once_lock_whose_initialiser_panics_is_empty a_lazy_lock_is_made_at_its_first_use
        a_lazy_lock_whose_initialiser_panicked_is_poisoned a_barrier_has_one_leader_a_generation
        atomic_u8_operations atomic_u16_operations atomic_u32_operations atomic_u64_operations
        atomic_usize_operations atomic_i8_operations atomic_i16_operations atomic_i32_operations
        atomic_i64_operations atomic_isize_operations atomic_bool_operations
        atomic_pointer_operations atomics_are_updated
        a_thread_may_borrow_without_a_bound orderings_that_make_no_sense_panic fences_publish
        threads_return_their_result_or_their_panic threads_have_names_and_identities
        a_finished_thread_says_so scoped_threads_borrow a_scope_passes_panics_on_as_std_does
        a_token_is_kept_until_the_park yields_and_sleeps_come_back
        thread_locals_are_each_threads_own destroyed_thread_locals_are_refused
        a_result_that_nobody_takes_is_dropped_on_the_thread a_channel_is_first_in_first_out
        a_bounded_channel_waits_for_room a_rendezvous_passes_from_hand_to_hand
        a_channel_without_the_other_side_is_disconnected
        items_that_nobody_will_receive_are_dropped_with_the_receiver a_channel_tries
        consumers_share_a_channel mpsc_is_first_in_first_out a_sync_channel_is_bounded arcs_count;
    not_under_loom:
        a_park_ends_at_the_latest_with_its_timeout channels_wait_no_longer_than_their_timeout
        waits_end_at_the_latest_with_their_timeout;
    no_downgrade_under_loom: a_writer_keeps_its_lock_for_reading;
    no_constants_under_loom: constants_are_objects_of_their_own;
}
