//! Litmus tests, and other small programs of atomics whose executions are known.

use super::program::{DONE, Op, Outcomes, explored};
use super::{FENCE, add, atomics, counts, executions, load, program, store};
use selvedge::sync::Arc;
use selvedge::sync::atomic::fence;
use selvedge::{Explorer, thread};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// Store buffering and message passing, load buffering and IRIW: the smallest programs in which
/// memory shows that it is weak, or must not.
#[test]
fn litmus_tests_of_two_locations_have_the_executions_that_are_known() {
    let sb = |one, other| {
        program(2, &[&[store(0, one), load(1, other)], &[store(1, one), load(0, other)]])
    };
    let mp = |one, other| {
        program(2, &[&[store(0, Relaxed), store(1, one)], &[load(1, other), load(0, Relaxed)]])
    };
    let iriw = |write, read| {
        let readers: [&[Op]; 2] =
            [&[load(0, read), load(1, read)], &[load(1, read), load(0, read)]];
        program(2, &[&[store(0, write)], &[store(1, write)], readers[0], readers[1]])
    };
    let lb = [&[load(0, Relaxed), store(1, Relaxed)], &[load(1, Relaxed), store(0, Relaxed)]];
    counts(&[
        ("SB", 4, sb(Relaxed, Relaxed)),
        ("SB, SeqCst", 3, sb(SeqCst, SeqCst)),
        ("MP", 3, mp(Release, Acquire)),
        ("MP, relaxed", 4, mp(Relaxed, Relaxed)),
        ("LB", 3, program(2, &[lb[0], lb[1]])),
        ("IRIW", 16, iriw(Relaxed, Acquire)),
        ("IRIW, SeqCst", 15, iriw(SeqCst, SeqCst)),
    ]);
}

/// Where a SeqCst access meets a weaker one, or a fence. `Z6.U` is the paper's: GenMC has 22.
#[test]
fn litmus_tests_of_seqcst_have_the_executions_that_are_known() {
    let two = |location, order| Op::Store(location, 2, order);
    let middle = [load(0, Relaxed), Op::Pass(1, 0, Release)];
    let fenced = |from, to| [load(from, Relaxed), Op::Fence(AcqRel), load(to, Relaxed)];
    let first = [store(0, SeqCst), two(1, SeqCst)];
    let reads = [load(0, Relaxed), FENCE, load(1, Relaxed)];
    let late = [store(1, Relaxed), FENCE, load(0, Relaxed)];
    counts(&[
        ("SB+2sc+scf", 3, program(2, &[&[store(0, SeqCst), load(1, SeqCst)], &late])),
        ("2+2W+2sc+scf", 3, program(2, &[&first, &[store(1, Relaxed), FENCE, two(0, Relaxed)]])),
        // each store of the last thread may close the cycle, and the read must not read it then
        (
            "2+2W+4sc+read",
            9,
            program(2, &[&first, &[load(0, Relaxed)], &[store(1, SeqCst), two(0, SeqCst)]]),
        ),
        ("2+2W+3sc+rel1", 4, program(2, &[&first, &[store(1, Release), two(0, SeqCst)]])),
        ("RWC+syncs", 7, program(2, &[&[store(0, Relaxed)], &reads, &late])),
        (
            "W+RWC",
            7,
            program(
                3,
                &[
                    &[store(0, Relaxed), store(2, Release)],
                    &[load(2, Acquire), FENCE, load(1, Relaxed)],
                    &late,
                ],
            ),
        ),
        (
            "W+RWC, SeqCst",
            7,
            program(
                3,
                &[
                    &[store(0, SeqCst), store(1, Release)],
                    &[load(1, Acquire), load(2, SeqCst)],
                    &[store(2, SeqCst), load(0, SeqCst)],
                ],
            ),
        ),
        ("IRIWish", 28, program(2, &[&[store(0, Relaxed)], &middle, &fenced(0, 1), &fenced(1, 0)])),
        (
            "Z6+acq",
            7,
            program(
                3,
                &[
                    &[store(0, Relaxed), FENCE, store(1, Relaxed)],
                    &[load(1, Acquire), store(2, Relaxed)],
                    &[two(2, Relaxed), FENCE, load(0, Relaxed)],
                ],
            ),
        ),
        (
            "Z6.U",
            24,
            program(
                2,
                &[
                    &[store(0, SeqCst), store(1, Release)],
                    &[Op::Add(1, 1, SeqCst), load(1, Relaxed)],
                    &[Op::Store(1, 3, SeqCst), load(0, SeqCst)],
                ],
            ),
        ),
        (
            "peterZ",
            7,
            program(
                3,
                &[
                    &[store(0, Relaxed), FENCE, load(1, Relaxed)],
                    &[store(1, Relaxed), store(2, Release)],
                    &[load(2, Acquire), FENCE, load(0, Relaxed)],
                ],
            ),
        ),
    ]);
}

#[test]
fn litmus_tests_of_read_modify_writes_have_the_executions_that_are_known() {
    let writes: Vec<[Op; 1]> = (1..4).map(|value| [Op::Store(0, value, Relaxed)]).collect();
    let acq = load(0, Acquire);
    counts(&[
        ("inc2w", 6, program(1, &[&[add(Relaxed)], &[Op::Store(0, 4, Release)], &[add(Relaxed)]])),
        (
            "viktor-relseq",
            180,
            program(
                1,
                &[
                    &[add(Acquire), add(Relaxed)],
                    &[add(Relaxed), add(Relaxed)],
                    &[add(Release)],
                    &[add(Relaxed)],
                ],
            ),
        ),
        (
            "relseq",
            20,
            program(
                2,
                &[
                    &[store(0, Relaxed), store(1, Release), Op::Store(1, 2, Relaxed)],
                    &[Op::Swap(1, 3, Relaxed)],
                    &[load(1, Relaxed), Op::Fence(AcqRel), load(0, Relaxed)],
                ],
            ),
        ),
        (
            "fr+w+w+w+reads",
            210,
            program(1, &[&writes[0], &writes[1], &writes[2], &[load(0, Relaxed); 4]]),
        ),
        (
            "small0",
            9,
            program(1, &[&[acq], &[acq, store(0, Release)], &[Op::Store(0, 2, Release)]]),
        ),
        (
            "small1",
            8,
            program(
                3,
                &[
                    &[load(1, Acquire), load(2, Acquire), acq],
                    &[store(0, Release)],
                    &[store(1, Release), store(2, Release)],
                ],
            ),
        ),
        (
            "RMWFix",
            4,
            program(
                2,
                &[
                    &[load(1, SeqCst), Op::If(42, 2), add(SeqCst), add(SeqCst)],
                    &[add(SeqCst)],
                    &[Op::Store(1, 42, SeqCst)],
                ],
            ),
        ),
    ]);
}

/// Each of these was found by leaving out one rule of the search: random programs seldom need it.
#[test]
fn each_rule_of_the_search_has_a_program_that_needs_it() {
    let write = |location, order| Op::Store(location, 2, order);
    counts(&[
        (
            "a read-modify-write that reads another store is read in turn",
            24,
            program(
                2,
                &[
                    &[load(1, Relaxed), store(0, Relaxed)],
                    &[load(1, Relaxed), load(0, Relaxed)],
                    &[load(1, Relaxed), add(Release)],
                    &[write(0, SeqCst)],
                ],
            ),
        ),
        (
            "who waits for a lock at the end might have had it before",
            2,
            program(1, &[&[Op::Lock(0), Op::Lock(1)], &[Op::Lock(1), Op::Unlock(1)]]),
        ),
        (
            "a cycle of SeqCst goes through fences that happened before, not through accesses",
            30,
            program(
                2,
                &[
                    &[load(1, Acquire), FENCE, write(0, SeqCst)],
                    &[write(1, Release), FENCE, load(0, SeqCst)],
                    &[load(0, Acquire), Op::Add(1, 1, SeqCst), load(0, Acquire)],
                ],
            ),
        ),
    ]);
}

/// The order of SeqCst knows that a thread begins after it was started, and ends before it is
/// joined: store buffering in which one side is two threads.
#[test]
fn the_order_of_seqcst_goes_through_starts_and_joins() {
    let buffering = |starts: bool, fenced: bool| {
        move || {
            let shared = atomics::<2>(0);
            let [one, theirs, other] = [Arc::clone(&shared), Arc::clone(&shared), shared];
            let write = move || {
                one[0].store(1, if fenced { Relaxed } else { SeqCst });
                if fenced {
                    fence(SeqCst);
                }
            };
            let read = move || theirs[1].load(SeqCst);
            let left = thread::spawn(move || {
                if starts {
                    write();
                    return thread::spawn(read).join().unwrap();
                }
                thread::spawn(write).join().unwrap();
                read()
            });
            other[1].store(1, SeqCst);
            let right = other[0].load(SeqCst);
            assert!(left.join().unwrap() + right > 0, "neither saw the other");
        }
    };
    for (starts, fenced) in [(true, false), (false, false), (true, true), (false, true)] {
        assert_eq!(executions("two threads", buffering(starts, fenced)), 3);
    }
}

/// What a program reads that no interleaving reads.
#[test]
fn store_buffering_shows_what_no_interleaving_shows() {
    let sb = program(
        2,
        &[&[store(0, Relaxed), load(1, Relaxed)], &[store(1, Relaxed), load(0, Relaxed)]],
    );
    let weak: Outcomes = explored(Explorer::Graphs, &sb).1;
    let strong = explored(Explorer::Exhaustive, &sb).1;
    let neither = vec![vec![0, DONE]; 2];
    assert!(weak.contains_key(&neither) && !strong.contains_key(&neither));
}
