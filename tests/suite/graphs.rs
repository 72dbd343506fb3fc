//! The explorer of graphs: every execution that RC11 allows once, weak memory included.
//!
//! `axioms` says which executions those are, by brute force. More random programs with SOAK=1.

mod again;
mod axioms;
mod drawn;
mod known;
mod loops;
mod meaning;
mod objects;
mod program;
mod random;
mod robust;
mod sampled;
mod steps;
mod tokens;

use program::{DONE, Op, Outcomes, Program, counted, explored, is_stuck};
use random::{Kind as Programs, random, strong};
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, fence};
use selvedge::sync::{Arc, Condvar, LazyLock, Mutex};
use selvedge::{
    Bound, Budget, Check, Counterexample, Counts, Explorer, Extent, Kind, Verdict, thread,
};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use steps::allowed;

mod reference {
    use selvedge::{sync, thread};
    include!("../reference/programs.rs");
}

fn check(name: &str) -> Check<'static> {
    Check::new(name).explorers([Explorer::Graphs]).budget(Budget::executions(1_000_000))
}

/// The executions of a model that holds, all that the memory model allows of them seen.
fn executions(name: &str, model: impl Fn() + Send + Sync + 'static) -> u64 {
    match check(name).run(model) {
        Verdict::Holds(coverage) if coverage.runs[0].extent == Extent::Weak => {
            coverage.executions()
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn violated(name: &str, model: impl Fn() + Send + Sync + 'static) -> Counterexample {
    match check(name).run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{name}: {other:?}"),
    }
}

fn program(locations: usize, threads: &[&[Op]]) -> Program {
    let threads = threads.iter().map(|ops| ops.to_vec()).collect();
    Program { locations, threads, spurious: true }
}

fn load(location: usize, order: Ordering) -> Op {
    Op::Load(location, order)
}

fn store(location: usize, order: Ordering) -> Op {
    Op::Store(location, 1, order)
}

fn add(order: Ordering) -> Op {
    Op::Add(0, 1, order)
}

/// Compares with the number that is known, and with brute force.
fn counts(rows: &[(&str, u64, Program)]) {
    for (name, count, program) in rows {
        let (executions, outcomes) = explored(Explorer::Graphs, program);
        assert_eq!(executions, *count, "{name}: {outcomes:?}");
        if let Some(allowed) = allowed(program, 30_000) {
            assert_eq!((executions, outcomes), allowed, "{name}");
        }
    }
}

const FENCE: Op = Op::Fence(SeqCst);

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

/// How many programs: few, or many with SOAK=1.
fn soaked(few: u64, many: u64) -> u64 {
    if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { many } else { few }
}

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

/// Random programs, compared with brute force. Returns how many differ.
fn compare(explorer: Explorer, kind: Programs, size: usize, programs: u64) -> u64 {
    let (mut compared, mut differ) = (0, 0);
    for seed in 0..programs {
        let program = random(&mut fastrand::Rng::with_seed(seed), kind, size);
        let Some((count, outcomes)) = allowed(&program, 3_000) else { continue };
        compared += 1;
        let (counts, seen) = counted(explorer, &program);
        let is_same = match kind {
            Programs::Shared | Programs::Tried | Programs::Timeouts => {
                is_same((&counts, &seen), (count, &outcomes))
            }
            // those in which every thread comes to its end
            Programs::Awaits | Programs::StrongAwaits => seen == outcomes,
            _ => counts.executions == count && seen == outcomes,
        };
        differ += u64::from(!is_same);
        assert!(
            is_same || explorer != Explorer::Graphs,
            "seed {seed}: {counts:?} for {count}\n{program:?}\nseen {seen:?}\nallowed {outcomes:?}"
        );
    }
    assert!(compared > programs / 2, "most programs are too large");
    differ
}

#[test]
fn random_programs_of_atomics_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Atomics, 5, soaked(60, 1_200));
}

#[test]
fn random_programs_with_seqcst_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::SeqCst, 7, soaked(100, 2_000));
}

#[test]
fn random_programs_with_locks_have_the_executions_that_rc11_allows() {
    compare(Explorer::Graphs, Programs::Locks, 5, soaked(60, 1_200));
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

/// With SeqCst accesses only, memory is not weak: what the threads read, and whether they come to
/// their ends, is what the explorer of interleavings finds.
#[test]
fn random_programs_with_seqcst_only_read_what_interleavings_read() {
    for kind in
        [Programs::Condvars, Programs::Parks, Programs::Shared, Programs::Barriers, Programs::Onces]
    {
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
            assert!(weak.keys().eq(sc.keys()), "seed {seed}: {program:?}\n{weak:?}\n{sc:?}");
        }
        assert!(stuck > 5 || kind == Programs::Onces, "{kind:?}: {stuck} of them can get stuck");
    }
}

/// The comparison notices an explorer that does not know weak memory.
#[test]
fn an_explorer_of_sequential_consistency_is_not_taken_for_this_one() {
    assert!(compare(Explorer::Exhaustive, Programs::SeqCst, 7, 100) > 10);
}

/// The reference programs use SeqCst throughout: there are as many executions as inequivalent
/// interleavings.
#[test]
fn seqcst_programs_have_as_many_executions_as_interleavings() {
    let mut modelled = 0;
    for (name, _, program, optimum) in reference::PROGRAMS.iter().filter(|row| row.3 < 4_000) {
        match check(name).spurious(false).run(program) {
            Verdict::Holds(coverage) => {
                assert!(coverage.is_exhaustive(), "{name}");
                assert_eq!(coverage.executions(), *optimum, "{name}");
                modelled += 1;
            }
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(modelled > 20, "only {modelled} of them are modelled");
}

fn spawn_all(threads: usize, body: impl Fn(usize) + Send + Sync + Clone + 'static) {
    let all = (0..threads).map(|i| {
        let body = body.clone();
        thread::spawn(move || body(i))
    });
    all.collect::<Vec<_>>().into_iter().for_each(|t| t.join().unwrap());
}

fn atomics<const N: usize>(value: usize) -> Arc<[AtomicUsize; N]> {
    Arc::new(std::array::from_fn(|_| AtomicUsize::new(value)))
}

#[test]
fn known_programs_of_weak_memory_have_the_executions_that_are_known() {
    let fib = || {
        let shared = atomics::<2>(1);
        spawn_all(3, move |i| {
            if i == 2 {
                if shared[0].load(Acquire) <= 144 {
                    shared[1].load(Acquire);
                }
                return;
            }
            for _ in 0..3 {
                let sum = shared[0].load(Acquire) + shared[1].load(Acquire);
                shared[i].store(sum, Release);
            }
        });
    };
    let last_zero = |loads, stores| {
        move || {
            let array = atomics::<6>(0);
            spawn_all(6, move |i| {
                if i == 0 {
                    let mut at = 5;
                    while array[at].load(loads) != 0 {
                        at -= 1;
                    }
                } else {
                    array[i].store(array[i - 1].load(loads) + 1, stores);
                }
            });
        }
    };
    let readers = || {
        let shared = atomics::<1>(0);
        spawn_all(9, move |i| {
            if i == 0 {
                shared[0].store(1, Release);
            } else {
                shared[0].load(Acquire);
            }
        });
    };
    assert_eq!(executions("fib_bench 3", fib), 2_258);
    assert_eq!(executions("lastzero 5", last_zero(Acquire, Release)), 64);
    assert_eq!(executions("readers 8", readers), 256);
}

/// Plain data that threads share.
struct Plain(UnsafeCell<usize>);

// SAFETY: the explorer checks every access
unsafe impl Sync for Plain {}

impl Plain {
    fn new() -> Plain {
        Plain(UnsafeCell::new(0))
    }

    fn write(&self) {
        // SAFETY: as above
        self.0.with_mut(|data| unsafe { *data += 1 });
    }

    fn read(&self) -> usize {
        // SAFETY: as above
        self.0.with(|data| unsafe { *data })
    }
}

/// Publishes a cell through a flag.
fn publish(stores: Ordering, loads: Ordering) {
    let shared = Arc::new((Plain::new(), AtomicBool::new(false)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        theirs.0.write();
        theirs.1.store(true, stores);
    });
    if shared.1.load(loads) {
        assert_eq!(shared.0.read(), 1);
    }
    writer.join().unwrap();
}

#[test]
fn a_relaxed_publication_races_and_an_ordered_one_holds() {
    assert_eq!(executions("publish", || publish(Release, Acquire)), 2);
    for (stores, loads) in [(Relaxed, Acquire), (Release, Relaxed), (Relaxed, Relaxed)] {
        let found = violated("relaxed", move || publish(stores, loads));
        assert_eq!(found.kind, Kind::DataRace, "{found:?}");
    }
}

/// Two threads that enter unless they see the other: each must see, or be seen.
fn dekker(stores: Ordering, loads: Ordering) {
    let shared = Arc::new((Plain::new(), [AtomicBool::new(false), AtomicBool::new(false)]));
    spawn_all(2, move |i| {
        shared.1[i].store(true, stores);
        if !shared.1[1 - i].load(loads) {
            shared.0.write();
        }
    });
}

/// The exhaustive explorer cannot find this: every interleaving excludes.
#[test]
fn an_exclusion_needs_seqcst() {
    assert_eq!(executions("SeqCst", || dekker(SeqCst, SeqCst)), 3);
    let found = violated("release, acquire", || dekker(Release, Acquire));
    assert_eq!((found.kind, found.explorer), (Kind::DataRace, Explorer::Graphs));
    assert!(!found.replay.is_empty() && found.caveat.is_none(), "{found:?}");
    assert!(found.trace.events.len() > 4, "{found:?}");
    let sc = Check::new("SC").explorers([Explorer::Exhaustive]).run(|| dekker(Release, Acquire));
    assert!(matches!(sc, Verdict::Holds(_)), "{sc:?}");
}

#[test]
fn a_deadlock_is_found_in_whichever_order_the_locks_are_tried() {
    let deadlock = |swapped: bool| {
        move || {
            let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
            spawn_all(2, move |i| {
                let (one, other) =
                    if i == 1 && swapped { (&locks.1, &locks.0) } else { (&locks.0, &locks.1) };
                let (mut one, mut other) = (one.lock().unwrap(), other.lock().unwrap());
                (*one, *other) = (*other + 1, *one + 1);
            });
        }
    };
    assert_eq!(executions("ordered", deadlock(false)), 2);
    assert_eq!(violated("swapped", deadlock(true)).kind, Kind::Deadlock);
}

/// Each weak compare-exchange that could succeed may also fail.
#[test]
fn a_weak_compare_exchange_has_one_more_execution_where_it_could_succeed() {
    let exchange = |spurious: bool| {
        let model = || {
            let value = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&value);
            spawn_all(2, move |_| {
                let _ = theirs.compare_exchange_weak(0, 1, Relaxed, Relaxed);
            });
            selvedge::sometimes!(value.load(Relaxed) == 1, "one succeeded");
        };
        match check("weak").spurious(spurious).run(model) {
            Verdict::Holds(coverage) => coverage.executions(),
            other => panic!("{other:?}"),
        }
    };
    // either succeeds, and the other reads what it wrote, or what was before: that would succeed
    assert_eq!(exchange(false), 2);
    // and both fail; or one succeeds, and the other reads what was before, and fails
    assert_eq!(exchange(true), 5);
}

/// A stack of boxes, with pointers: addresses differ between executions.
#[test]
fn pointers_may_differ_between_executions() {
    struct Node {
        next: *mut Node,
    }
    let push = || {
        let head = Arc::new(AtomicPtr::<Node>::new(std::ptr::null_mut()));
        let theirs = Arc::clone(&head);
        spawn_all(2, move |_| {
            let node = Box::into_raw(Box::new(Node { next: std::ptr::null_mut() }));
            let mut seen = theirs.load(Relaxed);
            loop {
                // SAFETY: the node is not shared yet
                unsafe { (*node).next = seen };
                match theirs.compare_exchange(seen, node, AcqRel, Acquire) {
                    Ok(_) => return,
                    Err(now) => seen = now,
                }
            }
        });
        let (mut at, mut count) = (head.load(Relaxed), 0);
        while !at.is_null() {
            // SAFETY: all threads have ended, and each node is in the stack once
            let node = unsafe { Box::from_raw(at) };
            (at, count) = (node.next, count + 1);
        }
        assert_eq!(count, 2);
    };
    // the first of them reads null; the second reads the first, at once or after a failure that
    // read null and found the first
    assert_eq!(executions("push", push), 4);
}

#[test]
fn an_exclusive_borrow_has_the_newest_value() {
    let model = || {
        let value = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&value);
        spawn_all(2, move |i| theirs.store(i + 1, Relaxed));
        let seen = value.load(Relaxed);
        assert_eq!(Arc::try_unwrap(value).unwrap().into_inner(), seen);
    };
    assert_eq!(executions("into_inner", model), 2);
    let scoped = || {
        let mut value = AtomicUsize::new(0);
        thread::scope(|s| {
            s.spawn(|| value.store(1, Relaxed));
            s.spawn(|| value.store(2, Relaxed));
        });
        let seen = value.load(Relaxed);
        assert_eq!(*value.get_mut(), seen);
        selvedge::sometimes!(seen == 1, "the first is the newest");
        selvedge::sometimes!(seen == 2, "the second is the newest");
    };
    assert_eq!(executions("get_mut", scoped), 2);
}

/// What is shared without an order is not there for the other thread.
#[test]
fn an_atomic_is_used_only_where_its_creation_is_known() {
    let model = |stores: Ordering| {
        move || {
            let place = Arc::new(AtomicPtr::<AtomicUsize>::new(std::ptr::null_mut()));
            let theirs = Arc::clone(&place);
            let maker = thread::spawn(move || {
                theirs.store(Box::into_raw(Box::new(AtomicUsize::new(7))), stores);
            });
            let found = place.load(Acquire);
            if !found.is_null() {
                // SAFETY: it is freed below
                assert_eq!(unsafe { &*found }.load(Relaxed), 7);
            }
            maker.join().unwrap();
            // SAFETY: the thread has ended
            drop(unsafe { Box::from_raw(place.load(Relaxed)) });
        }
    };
    assert_eq!(executions("release", model(Release)), 2);
    assert_eq!(violated("relaxed", model(Relaxed)).kind, Kind::DataRace);
}

/// Threads are numbered as they start, and their order differs between executions.
#[test]
fn threads_that_start_threads_have_the_same_names_in_every_execution() {
    let model = || {
        let value = atomics::<1>(0);
        spawn_all(2, move |i| {
            let theirs = Arc::clone(&value);
            let own = Arc::new(AtomicUsize::new(0));
            let child = Arc::clone(&own);
            let inner = thread::spawn(move || {
                child.store(theirs[0].load(Relaxed), Relaxed);
                theirs[0].store(10 * (i + 1), Relaxed);
            });
            own.load(Relaxed);
            inner.join().unwrap();
        });
    };
    // each own load reads what its child stored, or not; the children are `unlocked 2x1`: each
    // reads the initial value with the stores in either order, or one reads the other
    assert_eq!(executions("nested", model), 4 * 4);
}

/// Two threads that add with a compare-exchange, and give way when it fails.
#[test]
fn a_loop_that_yields_and_ends_has_the_executions_of_one_that_does_not() {
    let add = |yields: bool| {
        move || {
            let value = Arc::new(AtomicUsize::new(0));
            let theirs = Arc::clone(&value);
            spawn_all(2, move |_| {
                let mut seen = theirs.load(Relaxed);
                while let Err(now) = theirs.compare_exchange(seen, seen + 1, Relaxed, Relaxed) {
                    seen = now;
                    if yields {
                        thread::yield_now();
                    }
                }
            });
            assert_eq!(value.load(Relaxed), 2);
        }
    };
    // either is first; the other reads that at once, or only after it has failed
    assert_eq!((executions("yields", add(true)), executions("does not", add(false))), (4, 4));
}

/// What the last drop orders is told once more by a join.
#[test]
fn the_last_owner_of_an_arc_may_join_the_others() {
    let model = || {
        let shared = Arc::new(AtomicUsize::new(0));
        let flag = Arc::new(AtomicUsize::new(0));
        let (theirs, raised) = (Arc::clone(&shared), Arc::clone(&flag));
        let other = thread::spawn(move || {
            theirs.store(1, Relaxed);
            drop(theirs);
            raised.store(1, Relaxed);
        });
        while flag.load(Relaxed) == 0 {
            thread::yield_now();
        }
        drop(shared);
        other.join().unwrap();
        assert_eq!(flag.load(Relaxed), 1);
    };
    assert_eq!(executions("joins", model), 1);
}

/// Which thread drops last orders it behind the others, and no event says so.
#[test]
fn what_the_last_owner_of_an_arc_reads_is_left_open() {
    struct Looks(AtomicUsize, bool);
    impl Drop for Looks {
        fn drop(&mut self) {
            if self.1 {
                assert_eq!(self.0.load(Relaxed), 1);
            }
        }
    }
    let model = |looks: bool| {
        move || {
            let shared = Arc::new(Looks(AtomicUsize::new(0), looks));
            let theirs = Arc::clone(&shared);
            thread::spawn(move || theirs.0.store(1, Relaxed));
            shared.0.load(Relaxed);
        }
    };
    assert_eq!(executions("not looked at", model(false)), 2);
    let verdict = check("looked at").run(model(true));
    let open = matches!(verdict, Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }));
    assert!(open, "{verdict:?}");
}

#[test]
fn what_has_no_model_leaves_the_verdict_open() {
    fn open(name: &str, model: impl Fn() + Send + Sync + 'static) {
        match check(name).max_events(200).run(model) {
            Verdict::Unknown(Bound::NotModelled { engine: "graphs", .. }) => {}
            other => panic!("{name}: {other:?}"),
        }
    }
    open("a timeout that fires again and again", || {
        let pair = (Mutex::new(false), Condvar::new());
        let mut guard = pair.0.lock().unwrap();
        for _ in 0..2 {
            guard = pair.1.wait_timeout(guard, std::time::Duration::ZERO).unwrap().0;
        }
    });
    open("is_finished", || {
        let child = thread::spawn(|| {});
        let _ = child.is_finished();
        child.join().unwrap();
    });
    open("count", || {
        let shared = Arc::new(AtomicUsize::new(0));
        let theirs = Arc::clone(&shared);
        let child = thread::spawn(move || theirs.load(Relaxed));
        let _ = Arc::strong_count(&shared);
        child.join().unwrap();
    });
    open("a loop without an end", || {
        let flag = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&flag);
        let setter = thread::spawn(move || theirs.store(true, Release));
        while !flag.load(Acquire) {}
        setter.join().unwrap();
    });
    open("no static", || {
        let lazy = LazyLock::new(|| AtomicUsize::new(0));
        lazy.store(1, Relaxed);
    });
    open("shared again", || {
        let mut value = AtomicUsize::new(0);
        value.store(1, Relaxed);
        *value.get_mut() = 2;
        value.load(Relaxed);
    });
}

#[test]
fn it_has_a_name_and_an_extent_of_its_own() {
    assert_eq!("graphs".parse(), Ok(Explorer::Graphs));
    assert_eq!(Explorer::Graphs.to_string(), "graphs");
    assert!(Explorer::NAMES.lines().any(|line| line.starts_with("graphs ")));
    assert!(!Explorer::Graphs.samples());
    assert_eq!(Extent::Weak.to_string(), "exhaustive, weak memory included");
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
