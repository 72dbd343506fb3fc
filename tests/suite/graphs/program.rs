//! Small programs of atomics, fences and locks: by hand, at random, and on the facade.

use selvedge::sync::atomic::{AtomicU64, fence};
use selvedge::sync::{Mutex, MutexGuard};
use selvedge::{Budget, Check, Explorer, Extent, Verdict, thread};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// What a thread does. Locations and locks are numbered.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Load(usize, Ordering),
    Store(usize, u64, Ordering),
    /// Stores what was read last, and this more.
    Pass(usize, u64, Ordering),
    Add(usize, u64, Ordering),
    Swap(usize, u64, Ordering),
    /// Expected, new, success, failure.
    Exchange(usize, u64, u64, Ordering, Ordering),
    /// The weak one, which may fail for no reason: once in each thread.
    Weak(usize, u64, u64, Ordering, Ordering),
    Fence(Ordering),
    /// Skips so many operations, unless this was read last.
    If(u64, usize),
    Lock(usize),
    Unlock(usize),
    /// Tries to lock: reads 0 if the lock was free.
    Try(usize),
    /// Unlocks if the last try took the lock.
    UnlockTried(usize),
    /// Starts another thread, which does not start by itself then; waits for its end.
    Start(usize),
    Join(usize),
    /// What `axioms` puts around the operations of a thread that is started and joined.
    Begin(usize),
    End(usize),
}

/// How many locks a program has.
pub(super) const LOCKS: usize = 2;

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) locations: usize,
    pub(super) threads: Vec<Vec<Op>>,
}

impl Program {
    fn has(&self, wanted: impl Fn(&Op) -> bool) -> bool {
        self.threads.iter().flatten().any(wanted)
    }

    /// Whether some thread starts this one.
    pub(super) fn starts(&self, thread: usize) -> bool {
        self.has(|op| matches!(op, Op::Start(other) if *other == thread))
    }

    /// Whether some thread joins this one.
    pub(super) fn joins(&self, thread: usize) -> bool {
        self.has(|op| matches!(op, Op::Join(other) if *other == thread))
    }
}

/// What each thread reads, in order.
pub(super) type Reads = Vec<Vec<u64>>;

/// How many executions read this.
pub(super) type Outcomes = BTreeMap<Reads, u64>;

struct Shared {
    atomics: Vec<AtomicU64>,
    locks: Vec<Mutex<()>>,
    threads: Vec<Vec<Op>>,
    started: Vec<std::sync::Mutex<Option<thread::JoinHandle<()>>>>,
    read: Arc<std::sync::Mutex<Vec<Reads>>>,
}

fn start(thread: usize, shared: &Arc<Shared>) -> thread::JoinHandle<()> {
    let theirs = Arc::clone(shared);
    thread::spawn(move || {
        let read = |value| theirs.read.lock().unwrap().last_mut().unwrap()[thread].push(value);
        run(&theirs.threads[thread], &theirs, read);
    })
}

fn run(ops: &[Op], shared: &Arc<Shared>, mut read: impl FnMut(u64)) {
    let (mut last, mut skips) = (0, 0);
    let mut guards: Vec<Option<MutexGuard<'_, ()>>> = shared.locks.iter().map(|_| None).collect();
    let at = |location: usize| &shared.atomics[location];
    for op in ops {
        if skips > 0 {
            skips -= 1;
            continue;
        }
        let value = match *op {
            Op::Load(x, order) => Some(at(x).load(order)),
            Op::Add(x, by, order) => Some(at(x).fetch_add(by, order)),
            Op::Swap(x, new, order) => Some(at(x).swap(new, order)),
            Op::Exchange(x, old, new, success, failure) => {
                Some(at(x).compare_exchange(old, new, success, failure).unwrap_or_else(|v| v))
            }
            Op::Weak(x, old, new, success, failure) => {
                Some(at(x).compare_exchange_weak(old, new, success, failure).unwrap_or_else(|v| v))
            }
            Op::Try(lock) => {
                guards[lock] = shared.locks[lock].try_lock().ok();
                Some(u64::from(guards[lock].is_none()))
            }
            Op::Lock(lock) => {
                guards[lock] = Some(shared.locks[lock].lock().unwrap());
                None
            }
            Op::Unlock(lock) | Op::UnlockTried(lock) => {
                drop(guards[lock].take());
                None
            }
            Op::Store(x, value, order) => {
                at(x).store(value, order);
                None
            }
            Op::Pass(x, more, order) => {
                at(x).store(last + more, order);
                None
            }
            Op::Fence(order) => {
                fence(order);
                None
            }
            Op::Start(thread) => {
                *shared.started[thread].lock().unwrap() = Some(start(thread, shared));
                None
            }
            Op::Join(thread) => {
                let handle = shared.started[thread].lock().unwrap().take();
                handle.expect("it was started").join().unwrap();
                None
            }
            Op::Begin(_) | Op::End(_) => unreachable!("nobody writes them"),
            Op::If(wanted, count) => {
                skips = if last == wanted { 0 } else { count };
                None
            }
        };
        if let Some(value) = value {
            last = value;
            read(value);
        }
    }
    guards.into_iter().for_each(std::mem::forget); // held to the end
}

/// A program as a model. Each execution adds what it reads.
fn model(program: &Program, read: &Arc<std::sync::Mutex<Vec<Reads>>>) -> impl Fn() + use<> {
    let (theirs, program) = (Arc::clone(read), program.clone());
    move || {
        theirs.lock().unwrap().push(vec![Vec::new(); program.threads.len()]);
        let atomics = (0..program.locations).map(|_| AtomicU64::new(0)).collect();
        let locks = (0..LOCKS).map(|_| Mutex::new(())).collect();
        let threads = program.threads.clone();
        let started = threads.iter().map(|_| std::sync::Mutex::default()).collect();
        let read = Arc::clone(&theirs);
        let shared = Arc::new(Shared { atomics, locks, threads, started, read });
        for thread in (0..program.threads.len()).filter(|thread| !program.starts(*thread)) {
            drop(start(thread, &shared));
        }
    }
}

fn check(explorer: Explorer) -> Check<'static> {
    let budget = Budget::executions(1_000_000);
    Check::new("program").explorers([explorer]).leaks(false).budget(budget)
}

/// What a check says of a program.
pub(super) fn verdict(explorer: Explorer, program: &Program) -> Verdict {
    check(explorer).run(model(program, &Arc::default()))
}

/// All executions of a program, and what they read.
pub(super) fn explored(explorer: Explorer, program: &Program) -> (u64, Outcomes) {
    let read: Arc<std::sync::Mutex<Vec<Reads>>> = Arc::default();
    let counts = check(explorer).count(model(program, &read)).expect("all of it is modelled");
    assert!(matches!(counts.extent, Extent::Weak | Extent::Exhaustive), "{counts:?}");
    let mut outcomes = Outcomes::new();
    for reads in read.lock().unwrap().iter() {
        *outcomes.entry(reads.clone()).or_default() += 1;
    }
    (counts.executions, outcomes)
}

/// What random programs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything but locks.
    Atomics,
    /// Two or three accesses with SeqCst among them, or with a fence between them: store buffering,
    /// IRIW and their like.
    SeqCst,
    Locks,
}

pub(super) fn random(rng: &mut fastrand::Rng, kind: Kind, size: usize) -> Program {
    let locations = rng.usize(2..=3);
    let mut left = size;
    let threads = (0..rng.usize(2..=4)).map(|_| {
        let most = if kind == Kind::SeqCst { 3 } else { 4 };
        let count = rng.usize(1..=most).min(left);
        left -= count;
        match kind {
            Kind::Atomics => atomics(rng, locations, count),
            Kind::SeqCst => shape(rng, locations, count),
            Kind::Locks => locks(rng, locations, count),
        }
    });
    let mut threads: Vec<Vec<Op>> = threads.collect();
    if kind == Kind::SeqCst && rng.u8(..3) > 0 {
        family(rng, &mut threads);
    }
    Program { locations, threads }
}

fn any(rng: &mut fastrand::Rng, orders: &[Ordering]) -> Ordering {
    orders[rng.usize(..orders.len())]
}

fn access(rng: &mut fastrand::Rng, locations: usize) -> Op {
    let (x, value) = (rng.usize(..locations), rng.u64(1..3));
    let loads = any(rng, &[Relaxed, Acquire, SeqCst]);
    let stores = any(rng, &[Relaxed, Release, SeqCst]);
    let both = any(rng, &[Relaxed, Acquire, Release, AcqRel, SeqCst]);
    match rng.u8(..12) {
        0..=2 => Op::Load(x, loads),
        3..=5 => Op::Store(x, value, stores),
        6 => Op::Pass(x, 1, stores),
        7 => Op::Add(x, value, both),
        8 => Op::Swap(x, value, both),
        9 => Op::Exchange(x, rng.u64(..3), rng.u64(1..4), both, loads),
        10 => Op::Weak(x, rng.u64(..2), rng.u64(1..4), both, loads),
        _ => Op::Fence(any(rng, &[Acquire, Release, AcqRel, SeqCst])),
    }
}

fn atomics(rng: &mut fastrand::Rng, locations: usize, count: usize) -> Vec<Op> {
    let mut ops = Vec::new();
    for nth in 0..count {
        if nth > 0 && rng.u8(..4) == 0 {
            ops.push(Op::If(rng.u64(..3), 1));
        }
        ops.push(access(rng, locations));
    }
    ops
}

fn shape(rng: &mut fastrand::Rng, locations: usize, count: usize) -> Vec<Op> {
    let (mut ops, mut x) = (Vec::new(), rng.usize(..locations));
    let fenced = rng.u8(..5) < 2;
    for nth in 0..count {
        if nth > 0 && fenced {
            ops.push(Op::Fence(if rng.u8(..5) > 0 { SeqCst } else { AcqRel }));
        }
        let strong = rng.u8(..if fenced { 5 } else { 2 }) == 0;
        let mut order = |weak: &[Ordering]| if strong { SeqCst } else { any(rng, weak) };
        let (loads, stores) = (order(&[Relaxed, Acquire]), order(&[Relaxed, Release]));
        ops.push(match rng.u8(..9) {
            0..=3 => Op::Load(x, loads),
            4..=7 => Op::Store(x, rng.u64(1..3), stores),
            _ => Op::Add(x, 1, stores),
        });
        if rng.u8(..6) > 0 {
            x = (x + rng.usize(1..locations)) % locations;
        }
    }
    ops
}

/// Lets one thread start another, and perhaps join it.
fn family(rng: &mut fastrand::Rng, threads: &mut [Vec<Op>]) {
    let child = rng.usize(1..threads.len());
    let parent = &mut threads[rng.usize(..child)];
    let at = rng.usize(..=parent.len());
    parent.insert(at, Op::Start(child));
    if rng.u8(..3) > 0 {
        parent.insert(rng.usize(at + 1..=parent.len()), Op::Join(child));
    }
}

fn locks(rng: &mut fastrand::Rng, locations: usize, count: usize) -> Vec<Op> {
    let (mut ops, mut held) = (Vec::new(), [false; LOCKS]);
    for _ in 0..count {
        let lock = rng.usize(..LOCKS);
        match (rng.u8(..8), held[lock]) {
            (0..=3, false) => ops.push(Op::Lock(lock)),
            (4 | 5, true) => ops.push(Op::Unlock(lock)),
            (6, false) => {
                ops.extend([Op::Try(lock), access(rng, locations), Op::UnlockTried(lock)]);
                continue;
            }
            _ => {
                ops.push(access(rng, locations));
                continue;
            }
        }
        held[lock] = !held[lock];
    }
    let released = (0..LOCKS).filter(|lock| held[*lock] && rng.u8(..8) > 0);
    ops.extend(released.map(Op::Unlock).collect::<Vec<_>>());
    ops
}
