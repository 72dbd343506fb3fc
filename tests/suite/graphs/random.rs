//! Programs at random.

use super::program::{CHANNELS, LOCKS, Op, Program};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// What random programs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Everything but locks.
    Atomics,
    /// Two or three accesses with SeqCst among them, or with a fence between them: store buffering,
    /// IRIW and their like.
    SeqCst,
    Locks,
    /// Threads that wait in loops, and what they wait for; the same with SeqCst among them.
    Awaits,
    StrongAwaits,
    /// The same with loops of a compare-exchange: as locks, and of any kind; and with loops that
    /// read twice in a round.
    Spins,
    Rounds,
    /// Condition variables and what is around them.
    Condvars,
    Timeouts,
    Parks,
    /// A lock for readers and writers, with tries and without.
    Tried,
    Shared,
    /// A barrier; an initialisation.
    Barriers,
    Onces,
    Channels,
}

/// The same with SeqCst accesses only, and nothing that ends for no reason.
pub(super) fn strong(program: &Program) -> Program {
    let each = |op: &Op| match *op {
        Op::Load(x, _) => Op::Load(x, SeqCst),
        Op::Store(x, value, _) => Op::Store(x, value, SeqCst),
        Op::Add(x, by, _) => Op::Add(x, by, SeqCst),
        Op::ParkTimeout => Op::Park, // there it is a loop that yields
        op => op,
    };
    let threads = program.threads.iter().map(|ops| ops.iter().map(each).collect()).collect();
    Program { threads, spurious: false, ..program.clone() }
}

pub(super) fn random(rng: &mut fastrand::Rng, kind: Kind, size: usize) -> Program {
    let of_atomics = [Kind::Atomics, Kind::SeqCst, Kind::Locks, Kind::Awaits, Kind::StrongAwaits];
    if ![Kind::Spins, Kind::Rounds].contains(&kind) && !of_atomics.contains(&kind) {
        return objects(rng, kind, size);
    }
    let locations = rng.usize(2..=3);
    let mut left = size;
    let threads = (0..rng.usize(2..=4)).map(|_| {
        let most = if kind == Kind::SeqCst { 3 } else { 4 };
        let count = rng.usize(1..=most).min(left);
        left -= count;
        match kind {
            Kind::Atomics => atomics(rng, locations, count),
            Kind::SeqCst => shape(rng, locations, count),
            Kind::Spins => spins(rng, locations, count),
            Kind::Rounds => rounds(rng, locations, count),
            Kind::Awaits | Kind::StrongAwaits => awaits(rng, locations, count, kind),
            _ => locks(rng, locations, count),
        }
    });
    let mut threads: Vec<Vec<Op>> = threads.collect();
    if kind == Kind::SeqCst && rng.u8(..3) > 0 {
        family(rng, &mut threads);
    }
    Program { locations, threads, spurious: true }
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

fn awaits(rng: &mut fastrand::Rng, locations: usize, count: usize, kind: Kind) -> Vec<Op> {
    let ops = (0..count).map(|_| {
        if rng.u8(..3) == 0 {
            let loads = if kind == Kind::Awaits { 2 } else { 3 };
            let order = any(rng, &[Relaxed, Acquire, SeqCst][..loads]);
            return Op::Await(rng.usize(..locations), rng.u64(..3), order);
        }
        loop {
            let op = access(rng, locations);
            let is_strong = format!("{op:?}").contains("SeqCst");
            if kind == Kind::StrongAwaits || !is_strong {
                return op;
            }
        }
    });
    let mut ops: Vec<Op> = ops.collect();
    if kind == Kind::StrongAwaits && ops.len() > 1 && rng.bool() {
        ops.insert(1, Op::Fence(SeqCst));
    }
    ops
}

/// The first location is a lock in most programs.
fn spins(rng: &mut fastrand::Rng, locations: usize, count: usize) -> Vec<Op> {
    let (mut ops, mut held) = (Vec::new(), false);
    while ops.len() < count {
        let success = any(rng, &[Relaxed, Acquire, AcqRel, SeqCst]);
        let failure = any(rng, &[Relaxed, Acquire, SeqCst]);
        let stores = any(rng, &[Relaxed, Release, SeqCst]);
        let spin = |x, old, new, weak| match weak {
            true => Op::SpinWeak(x, old, new, success, failure),
            false => Op::Spin(x, old, new, success, failure),
        };
        match rng.u8(..16) {
            0..=5 if !held => {
                ops.push(spin(0, 0, rng.u64(1..3), rng.bool()));
                held = true;
            }
            0..=3 => {
                ops.push(Op::Store(0, 0, stores));
                held = false;
            }
            4..=5 => ops.push(Op::Swap(0, 0, success)),
            6 => ops.push(Op::Exchange(0, 0, 1, success, failure)),
            7 if rng.bool() => ops.push(Op::SpinUnless(0, 0, 1, 2, success)),
            7 => ops.push(Op::Load(0, failure)),
            8 => ops.push(Op::Await(rng.usize(..locations), rng.u64(..3), failure)),
            9 => ops.push(spin(rng.usize(..locations), rng.u64(..3), rng.u64(..3), rng.bool())),
            10 => ops.push(access(rng, locations)),
            _ => {
                let x = rng.usize(1..locations);
                let rest = [Op::Load(x, failure), Op::Store(x, rng.u64(1..3), stores)];
                ops.push(rest[rng.usize(..2)]);
            }
        }
    }
    if held && rng.u8(..6) > 0 {
        ops.push(Op::Store(0, 0, any(rng, &[Relaxed, Release])));
    }
    ops
}

/// The first location is a lock in many programs.
fn rounds(rng: &mut fastrand::Rng, locations: usize, count: usize) -> Vec<Op> {
    let (mut ops, mut held) = (Vec::new(), false);
    while ops.len() < count {
        let loads = any(rng, &[Relaxed, Acquire, Acquire, SeqCst]);
        let both = any(rng, &[Relaxed, Acquire, AcqRel]);
        let stores = any(rng, &[Relaxed, Release, SeqCst]);
        let mut wanted = || (rng.usize(..locations), rng.u64(..3));
        let pair = [wanted(), wanted()];
        match rng.u8(..16) {
            0..=2 => ops.push(Op::Both(pair, loads)),
            3..=5 => ops.push(Op::Either(pair, loads)),
            6..=8 if !held => {
                ops.push(Op::Look(0, 0, 1, both));
                held = true;
            }
            6 | 7 => {
                ops.push(Op::Store(0, 0, stores));
                held = false;
            }
            8 => ops.push(Op::Look(rng.usize(..locations), rng.u64(..3), rng.u64(..3), both)),
            9 => ops.push(Op::Spin(0, rng.u64(..2), 1, both, Relaxed)),
            10 => ops.push(Op::Await(rng.usize(..locations), rng.u64(..3), loads)),
            11 => ops.push(access(rng, locations)),
            _ => ops.push(Op::Store(rng.usize(..locations), rng.u64(..3), stores)),
        }
    }
    if held && rng.u8(..6) > 0 {
        ops.push(Op::Store(0, 0, any(rng, &[Relaxed, Release])));
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

/// Operations on objects, with a few accesses of one atomic around.
fn objects(rng: &mut fastrand::Rng, kind: Kind, size: usize) -> Program {
    let mut left = size;
    let (count, atomics) = (rng.usize(2..=4), rng.u8(..3));
    let threads = (0..count).map(|thread| {
        let most = rng.usize(1..=5).min(left);
        left -= most;
        let (mut ops, mut held, mut shared) = (Vec::new(), [false; LOCKS], None);
        while ops.len() < most {
            if rng.u8(..6) < atomics {
                ops.push(simple(rng));
                continue;
            }
            match kind {
                Kind::Condvars => condvars(rng, &mut ops, &mut held),
                Kind::Timeouts => timeouts(rng, &mut ops, &mut held[0]),
                Kind::Barriers => ops.push(Op::Meet),
                Kind::Onces => ops.push(if rng.u8(..3) > 0 { Op::Once } else { Op::IsDone }),
                Kind::Channels => ops.push(channels(rng)),
                Kind::Tried | Kind::Shared => readers(rng, &mut ops, &mut shared, kind),
                _ => parks(rng, &mut ops, thread, count),
            }
        }
        ops.extend(shared.filter(|_| rng.u8(..8) > 0));
        let released = (0..LOCKS).filter(|lock| held[*lock] && rng.u8(..8) > 0);
        ops.extend(released.map(Op::Unlock).collect::<Vec<_>>());
        ops
    });
    let threads = threads.collect();
    Program { locations: 1, threads, spurious: rng.u8(..4) == 0 }
}

fn simple(rng: &mut fastrand::Rng) -> Op {
    let loads = any(rng, &[Relaxed, Acquire, SeqCst]);
    let stores = any(rng, &[Relaxed, Release, SeqCst]);
    match rng.u8(..5) {
        0 | 1 => Op::Load(0, loads),
        2 | 3 => Op::Store(0, rng.u64(1..3), stores),
        _ => Op::Add(0, 1, any(rng, &[Relaxed, AcqRel, SeqCst])),
    }
}

/// One lock in most programs: its waiters must meet.
fn condvars(rng: &mut fastrand::Rng, ops: &mut Vec<Op>, held: &mut [bool; LOCKS]) {
    let lock = usize::from(rng.u8(..6) == 0);
    match (rng.u8(..8), held[lock]) {
        (0..=2, true) => ops.push(Op::Wait(lock)),
        (3, true) => {
            ops.push(Op::Unlock(lock));
            held[lock] = false;
        }
        (0..=3, false) => {
            ops.extend([Op::Lock(lock), Op::Wait(lock)]);
            held[lock] = true;
        }
        (4..=6, _) => ops.push(Op::NotifyOne(lock)),
        _ => ops.push(Op::NotifyAll(lock)),
    }
}

fn timeouts(rng: &mut fastrand::Rng, ops: &mut Vec<Op>, held: &mut bool) {
    match (rng.u8(..8), *held) {
        (0..=1, true) => ops.push(Op::WaitTimeout),
        (2, true) => ops.push(Op::Wait(0)),
        (3, true) => {
            ops.push(Op::Unlock(0));
            *held = false;
        }
        (0..=3, false) => {
            ops.extend([Op::Lock(0), Op::WaitTimeout]);
            *held = true;
        }
        (4..=6, _) => ops.push(Op::NotifyOne(0)),
        _ => ops.push(Op::NotifyAll(0)),
    }
}

/// One channel in most programs: its waiters must meet.
fn channels(rng: &mut fastrand::Rng) -> Op {
    let (channel, item) = (usize::from(rng.u8(..4) == 0), rng.u64(1..4));
    assert!(channel < CHANNELS);
    match rng.u8(..8) {
        0..=2 => Op::Send(channel, item),
        3..=5 => Op::Receive(channel),
        6 => Op::TrySend(channel, item),
        _ => Op::TryReceive(channel),
    }
}

/// `held` is how the lock is released, if the thread has it.
fn readers(rng: &mut fastrand::Rng, ops: &mut Vec<Op>, held: &mut Option<Op>, kind: Kind) {
    if let Some(release) = held.take() {
        return ops.push(release);
    }
    match rng.u8(..8) {
        0 if kind == Kind::Tried => ops.extend([Op::TryRead, Op::ReadUnlockTried]),
        1 if kind == Kind::Tried => ops.extend([Op::TryWrite, Op::WriteUnlockTried]),
        0..=4 => {
            ops.push(Op::Read);
            *held = Some(Op::ReadUnlock);
        }
        _ => {
            ops.push(Op::Write);
            *held = Some(Op::WriteUnlock);
        }
    }
}

/// A thread's first operation knows only the threads that were started before.
fn parks(rng: &mut fastrand::Rng, ops: &mut Vec<Op>, thread: usize, count: usize) {
    let known = if ops.is_empty() { thread } else { count };
    if rng.u8(..5) < 2 {
        ops.push(if rng.u8(..4) == 0 { Op::ParkTimeout } else { Op::Park });
    } else if known > 0 {
        ops.push(Op::Unpark(rng.usize(..known)));
    } else {
        ops.push(simple(rng));
    }
}
