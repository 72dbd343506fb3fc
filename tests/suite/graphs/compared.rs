//! Random programs, compared with every graph that the axioms allow, and with interleavings.

use super::program::{Outcomes, counted, explored, is_stuck};
use super::random::{Kind as Programs, random, strong};
use super::soaked;
use super::steps::{allowed, gets_stuck};
use selvedge::{Counts, Explorer, Kind};

/// Whether the explorer found what is allowed. An execution in vain is not counted, but what it
/// read is seen: a part of what others read.
fn is_same((counts, seen): (&Counts, &Outcomes), (count, allowed): (u64, &Outcomes)) -> bool {
    let stuck: u64 = allowed.iter().filter(|(reads, _)| is_stuck(reads)).map(|row| row.1).sum();
    let deadlocks = counts.violations.get(&Kind::Deadlock).copied().unwrap_or_default();
    if counts.executions != count || deadlocks != stuck {
        return false;
    }
    if seen.values().sum::<u64>() == count {
        return seen == allowed;
    }
    let mut complete = seen.keys().filter(|reads| !is_stuck(reads));
    complete.all(|reads| allowed.contains_key(reads))
        && allowed.iter().all(|(reads, times)| seen.get(reads) >= Some(times))
}

/// So many random programs, compared with brute force. Returns how many differ.
pub(super) fn compare(explorer: Explorer, kind: Programs, size: usize, programs: u64) -> u64 {
    let (mut compared, mut graphs, mut differ) = (0, 0, 0);
    let mut seeds = 0..2 * programs;
    while compared < programs {
        let seed = seeds.next().expect("most programs are too large");
        let program = random(&mut fastrand::Rng::with_seed(seed), kind, size);
        let Some((count, outcomes)) = allowed(&program, 3_000) else { continue };
        compared += 1;
        graphs += count;
        let (counts, seen) = counted(explorer, &program);
        let is_same = match kind {
            Programs::Shared | Programs::Tried | Programs::Timeouts => {
                is_same((&counts, &seen), (count, &outcomes))
            }
            // those in which every thread comes to its end
            Programs::Awaits | Programs::StrongAwaits | Programs::Rounds => seen == outcomes,
            Programs::Spins => {
                let livelock = counts.violations.contains_key(&Kind::Livelock);
                let stuck = gets_stuck(&program, 3_000).expect("as before");
                seen == outcomes && (livelock || !stuck || explorer != Explorer::Graphs)
            }
            _ => counts.executions == count && seen == outcomes,
        };
        differ += u64::from(!is_same);
        assert!(
            is_same || explorer != Explorer::Graphs,
            "seed {seed}: {counts:?} for {count}\n{program:?}\nseen {seen:?}\nallowed {outcomes:?}"
        );
    }
    println!("{kind:?}: {compared} programs, {graphs} graphs, {differ} differ");
    differ
}

#[test]
fn random_programs_of_atomics_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Atomics, 7, soaked(200, 50_000));
}

#[test]
fn random_programs_with_seqcst_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::SeqCst, 7, soaked(100, 50_000));
}

#[test]
fn random_programs_with_locks_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Locks, 7, soaked(200, 50_000));
}

#[test]
fn random_programs_with_condvars_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Condvars, 7, soaked(150, 50_000));
}

#[test]
fn random_programs_with_parks_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Parks, 8, soaked(300, 50_000));
}

#[test]
fn random_programs_with_timeouts_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Timeouts, 6, soaked(80, 50_000));
}

#[test]
fn random_programs_with_readers_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Shared, 8, soaked(300, 50_000));
}

#[test]
fn random_programs_that_try_to_read_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Tried, 6, soaked(200, 50_000));
}

#[test]
fn random_programs_with_barriers_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Barriers, 6, soaked(200, 50_000));
}

#[test]
fn random_programs_that_initialise_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Onces, 7, soaked(300, 50_000));
}

#[test]
fn random_programs_with_channels_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Channels, 6, soaked(100, 50_000));
}

/// With SeqCst accesses only, memory is not weak: what the threads read, and whether they come to
/// their ends, is what the explorer of interleavings finds.
#[test]
fn random_programs_with_seqcst_only_read_what_interleavings_read() {
    let waits = [Programs::Condvars, Programs::Parks, Programs::Shared, Programs::Channels];
    for kind in waits.into_iter().chain([Programs::Barriers, Programs::Onces]) {
        let mut stuck = 0;
        for seed in 0..soaked(150, 10_000) {
            let program = strong(&random(&mut fastrand::Rng::with_seed(seed), kind, 7));
            if !program.is_startable() {
                continue;
            }
            let (counts, mut weak) = counted(Explorer::Graphs, &program);
            let sc = explored(Explorer::Exhaustive, &program).1;
            if weak.values().sum::<u64>() > counts.executions {
                weak.retain(|reads, _| !is_stuck(reads) || sc.contains_key(reads)); // in vain
            }
            stuck += usize::from(sc.keys().any(is_stuck));
            // a token orders less than a SeqCst access does: an unpark need not hear of a park
            let is_token = |all: (u64, Outcomes)| kind == Programs::Parks && all.1 == weak;
            let is_same =
                weak.keys().eq(sc.keys()) || allowed(&program, 3_000).is_some_and(is_token);
            assert!(is_same, "seed {seed}: {program:?}\n{weak:?}\n{sc:?}");
        }
        assert!(stuck > 5 || kind == Programs::Onces, "{kind:?}: {stuck} of them can get stuck");
    }
}

/// The comparison notices an explorer that does not know weak memory.
#[test]
fn an_explorer_of_sequential_consistency_is_not_taken_for_this_one() {
    assert!(compare(Explorer::Exhaustive, Programs::SeqCst, 7, 100) > 10);
}
