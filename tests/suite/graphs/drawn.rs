//! How a failure of weak memory is drawn: no more stale reads than it needs, each with its reason.

use super::program::{Op, Outcome, Program, failing, failing_if, outcomes};
use super::{Plain, check};
use selvedge::report::{Style, timeline};
use selvedge::sync::Arc;
use selvedge::sync::atomic::AtomicUsize;
use selvedge::trace::{Operation, Trace, Why};
use selvedge::{Check, Counterexample, Explorer, Verdict, thread};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};
use std::time::Duration;

fn violated(check: Check, model: impl Fn() + Send + Sync + 'static) -> Counterexample {
    match check.run(model) {
        Verdict::Violated(found) => *found,
        other => panic!("{other:?}"),
    }
}

fn found(program: &Program, outcome: &Outcome) -> Counterexample {
    let check = check("program").leaks(false).shrink(Duration::ZERO);
    violated(check, failing(program, outcome))
}

/// Two threads with three accesses each: message passing, store buffering, 2+2W and their like.
fn pair(rng: &mut fastrand::Rng) -> Program {
    let mut access = |i: u64| {
        let (at, order) = (rng.usize(..2), rng.usize(..2));
        match rng.u8(..5) {
            0..=1 => Op::Load(at, [Relaxed, Acquire][order]),
            2..=3 => Op::Store(at, i, [Relaxed, Release][order]),
            _ => Op::Add(at, i, [Relaxed, AcqRel][order]),
        }
    };
    let threads = [1, 2].map(|i| (0..3).map(|_| access(i)).collect());
    Program { locations: 2, threads: threads.to_vec(), spurious: true }
}

/// What some interleaving does is drawn as an interleaving: here, what the threads read. The twin:
/// the first execution that is found shows more than it needs.
#[test]
fn a_failure_that_an_interleaving_has_is_drawn_without_stale_reads() {
    let reads = |explorer, program: &Program| -> BTreeSet<Vec<Vec<u64>>> {
        outcomes(explorer, program).into_iter().map(|(reads, _)| reads).collect()
    };
    let (mut weak, mut strong, mut by_chance) = (0, 0, 0);
    for seed in 0..200 {
        let program = pair(&mut fastrand::Rng::with_seed(seed));
        let interleaved = reads(Explorer::Exhaustive, &program);
        for wrong in reads(Explorer::Graphs, &program) {
            let found = |shrink| {
                let wrong = wrong.clone();
                let model = failing_if(&program, move |(reads, _)| *reads == wrong);
                violated(check("program").leaks(false).shrink(shrink), model)
            };
            let (least, first) = (found(Duration::from_secs(60)), found(Duration::ZERO));
            let stale = |found: &Counterexample| found.trace.stale_reads.len();
            let size = |found: &Counterexample| {
                (stale(found), found.preemptions, found.trace.events.len())
            };
            assert!(size(&least) <= size(&first), "{program:?}: {wrong:?}");
            assert_eq!(least.reduced_from.is_some(), size(&least) < size(&first));
            let is_strong = interleaved.contains(&wrong);
            assert_eq!(stale(&least) == 0, is_strong, "{program:?}: {least:?}");
            weak += u32::from(!is_strong);
            strong += u32::from(is_strong);
            by_chance += u32::from(is_strong && stale(&first) > 0);
        }
    }
    assert!(weak > 20 && strong > 400 && by_chance > 3, "{weak}, {strong}, {by_chance}");
}

/// Which operation of which thread of the program an event is.
fn operation_of(trace: &Trace, place: usize) -> (usize, usize) {
    let event = &trace.events[place];
    let is_one = |operation| {
        matches!(
            operation,
            Operation::Load(_) | Operation::Store(_) | Operation::Rmw(..) | Operation::Fence(_)
        )
    };
    let own = trace.events[..place].iter().filter(|e| e.thread == event.thread);
    (event.thread.index() - 1, own.filter(|e| is_one(e.operation)).count())
}

fn ordering(op: &mut Op) -> &mut Ordering {
    match op {
        Op::Load(_, order) | Op::Store(_, _, order) | Op::Add(_, _, order) => order,
        other => panic!("{other:?}"),
    }
}

/// What a reason asks for: the operation, and whether it must release.
type Asked = ((usize, usize), bool);

fn strengthened(program: &Program, asked: &[Asked]) -> Program {
    let mut program = program.clone();
    for ((thread, nth), release) in asked {
        let order = ordering(&mut program.threads[*thread][*nth]);
        *order = match (*release, *order) {
            (true, Relaxed) => Release,
            (false, Relaxed) => Acquire,
            (true, Acquire) | (false, Release) => AcqRel,
            (_, other) => panic!("{other:?} is as strong as the reason asks for"),
        };
    }
    program
}

/// Data is published to the last thread: by a flag, through a read-modify-write of the flag, by two
/// flags; with orderings and fences that may not be enough.
fn publication(rng: &mut fastrand::Rng) -> (Program, Outcome) {
    let any = |rng: &mut fastrand::Rng, orders: &[Ordering]| orders[rng.usize(..orders.len())];
    let fence = |rng: &mut fastrand::Rng| {
        let order = any(rng, &[Acquire, Release, AcqRel, SeqCst]);
        (rng.u8(..3) == 0).then_some(Op::Fence(order))
    };
    let store = |rng: &mut fastrand::Rng, at| Op::Store(at, 1, any(rng, &[Relaxed, Release]));
    let load = |rng: &mut fastrand::Rng, at| Op::Load(at, any(rng, &[Relaxed, Acquire]));
    let mut writer = vec![Op::Store(0, 1, Relaxed)];
    writer.extend(fence(rng));
    writer.push(store(rng, 1));
    let mut middle = Vec::new();
    let (flag, value) = match rng.u8(..3) {
        0 => (1, 1),
        1 => {
            middle.push(Op::Add(1, 1, any(rng, &[Relaxed, Acquire, Release, AcqRel])));
            (1, 2)
        }
        _ => {
            middle.push(load(rng, 1));
            middle.extend(fence(rng));
            middle.push(store(rng, 2));
            (2, 1)
        }
    };
    let mut reader = vec![load(rng, flag)];
    reader.extend(fence(rng));
    reader.push(Op::Load(0, Relaxed));
    let heard = middle.first().map_or(vec![], |_| vec![1]);
    let last = vec![1, value, u64::from(flag == 2)];
    let outcome = (vec![vec![], heard, vec![value, 0]], last);
    (Program { locations: 3, threads: vec![writer, middle, reader], spurious: true }, outcome)
}

/// If all that a reason asks for is done, the read cannot be stale any more; if any of it is left
/// out, it can. The reason is then another one, or the same without what was done.
#[test]
fn what_a_reason_asks_for_is_exactly_what_is_missing() {
    let (mut told, mut both, mut longest) = (0, 0, 0);
    for seed in 0..400 {
        let (program, outcome) = publication(&mut fastrand::Rng::with_seed(seed));
        let is_allowed = |program: &Program| outcomes(Explorer::Graphs, program).contains(&outcome);
        if !is_allowed(&program) {
            continue;
        }
        let trace = found(&program, &outcome).trace;
        let [stale] = &trace.stale_reads[..] else { panic!("{program:?}: {trace:?}") };
        assert_eq!(stale.source, None, "it reads the initial value");
        assert_eq!(operation_of(&trace, stale.missed), (0, 0), "{program:?}");
        assert_eq!(operation_of(&trace, stale.read), (2, program.threads[2].len() - 1));
        let Why::Unsynchronised(lacks) = &stale.why else { panic!("{program:?}: {stale:?}") };
        let mut asked: Vec<Asked> = Vec::new();
        for lack in lacks {
            let (store, read) = (operation_of(&trace, lack.store), operation_of(&trace, lack.read));
            asked.extend(lack.release.then_some((store, true)));
            asked.extend(lack.acquire.then_some((read, false)));
        }
        assert!(!asked.is_empty(), "{program:?}: {stale:?}");
        assert!(!is_allowed(&strengthened(&program, &asked)), "{program:?}: {stale:?}");
        for left_out in 0..asked.len() {
            let mut others = asked.clone();
            others.remove(left_out);
            let still = strengthened(&program, &others);
            let trace = found(&still, &outcome).trace;
            assert!(others.is_empty() || trace.stale_reads[0].why != stale.why, "{still:?}");
        }
        told += 1;
        both += u32::from(asked.len() > 1);
        longest = longest.max(lacks.len());
    }
    assert!(told > 150 && both > 50 && longest == 2, "{told}, {both}, {longest}");
}

/// Store buffering, and the same with one of the stores by a third thread: no release and no
/// acquire helps, and SeqCst does.
#[test]
fn where_nothing_leads_from_the_store_to_the_read_only_seqcst_helps() {
    let buffering = |store, load| {
        let threads = [0, 1].map(|i| vec![Op::Store(i, 1, store), Op::Load(1 - i, load)]);
        Program { locations: 2, threads: threads.to_vec(), spurious: true }
    };
    let by_another = |store, load| {
        let mut threads = buffering(store, load).threads;
        threads[0][0] = Op::Load(0, load);
        threads.push(vec![Op::Store(0, 1, store)]);
        Program { locations: 2, threads, spurious: true }
    };
    check_buffering(&buffering, vec![vec![0], vec![0]]);
    check_buffering(&by_another, vec![vec![1, 0], vec![0], vec![]]);
}

fn check_buffering(program: &dyn Fn(Ordering, Ordering) -> Program, reads: Vec<Vec<u64>>) {
    let outcome = (reads, vec![1, 1]);
    for (store, load) in [(Relaxed, Relaxed), (Release, Acquire)] {
        let found = found(&program(store, load), &outcome);
        let why: Vec<&Why> = found.trace.stale_reads.iter().map(|stale| &stale.why).collect();
        assert_eq!(why, [&Why::Apart { sequential: true }]);
    }
    assert!(!outcomes(Explorer::Graphs, &program(SeqCst, SeqCst)).contains(&outcome));
}

/// The search lets the thread beside run first, because the main one waits. The failure does not
/// need it.
#[test]
fn what_a_panic_does_not_need_is_not_drawn() {
    let beside = || {
        let (noise, flag) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (adds, raises) = (Arc::clone(&noise), Arc::clone(&flag));
        let adder =
            thread::spawn(move || (0..4).for_each(|_| assert!(adds.fetch_add(1, AcqRel) < 9)));
        thread::spawn(move || raises.store(1, Release)).join().unwrap();
        assert_eq!(flag.load(Acquire), 0, "it is up");
        adder.join().unwrap();
    };
    let found = violated(check("beside").shrink(Duration::ZERO), beside);
    assert_eq!(found.trace.events.len(), 5, "{:?}", found.trace.events);
}

/// What a thread knows may come to it by an object that reads nothing of another thread: a writer
/// comes after the readers that have left. The reason is what the accesses before that lack, and
/// nothing more.
#[test]
fn a_reason_leads_through_joins_that_read_nothing() {
    fn passes(program: Program) {
        let outcome = |(reads, _): &Outcome| reads[1] == [1] && reads[2] == [1, 0];
        let model = failing_if(&program, outcome);
        let found = violated(check("joins").leaks(false).shrink(Duration::ZERO), model);
        let [stale] = &found.trace.stale_reads[..] else { panic!("{found:?}") };
        let Why::Unsynchronised(lacks) = &stale.why else { panic!("{stale:?}") };
        let [lack] = &lacks[..] else { panic!("{stale:?}") };
        assert_eq!(operation_of(&found.trace, lack.store), (0, 1), "{found:?}");
        assert_eq!(operation_of(&found.trace, lack.read).0, 1, "{found:?}");
        assert!(lack.release && lack.acquire);
    }
    let writer = vec![Op::Store(0, 1, Relaxed), Op::Store(1, 1, Relaxed)];
    let (look, pass) = (Op::Load(1, Relaxed), Op::Store(2, 1, Relaxed));
    let read = [Op::Load(2, Relaxed), Op::Load(0, Relaxed)];
    let reader = vec![Op::Read, look, pass, Op::ReadUnlock];
    let mut last = vec![Op::Write];
    last.extend(read);
    last.push(Op::WriteUnlock);
    passes(Program { locations: 3, threads: vec![writer, reader, last], spurious: false });
}

/// A data race has a reason, too: what the accesses lack that lead from the one to the other. With
/// that, it is none.
#[test]
fn a_race_is_drawn_with_what_its_publication_lacks() {
    fn published(stores: Ordering, loads: Ordering) -> impl Fn() + Send + Sync + 'static {
        move || {
            let shared = Arc::new((Plain::new(), AtomicUsize::new(0)));
            let theirs = Arc::clone(&shared);
            let writer = thread::spawn(move || {
                theirs.0.write();
                theirs.1.store(1, stores);
            });
            if shared.1.load(loads) == 1 {
                shared.0.read();
            }
            writer.join().unwrap();
        }
    }
    for (stores, loads) in [(Relaxed, Relaxed), (Relaxed, Acquire), (Release, Relaxed)] {
        let found = violated(check("publication"), published(stores, loads));
        let [lack] = &found.trace.race[..] else { panic!("{found:?}") };
        assert_eq!((lack.release, lack.acquire), (stores == Relaxed, loads == Relaxed));
        let event = |place: usize| found.trace.events[place].operation;
        assert_eq!(event(lack.store), Operation::Store(stores));
        assert_eq!(event(lack.read), Operation::Load(loads));
        let drawn = timeline::counterexample(&found, &Style::Plain);
        let reason = format!("#{} reads #{}, but", lack.read + 1, lack.store + 1);
        assert!(drawn.contains(&reason), "{drawn}");
    }
    // nothing leads from the one to the other
    let apart = || {
        let shared = Arc::new(Plain::new());
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || theirs.write());
        shared.read();
        writer.join().unwrap();
    };
    assert!(violated(check("apart"), apart).trace.race.is_empty());
}
