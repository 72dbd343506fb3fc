//! Small programs of atomics, fences, locks and other objects, and how they run on the facade.

use selvedge::channel::{self, Receiver, Sender};
use selvedge::sync::atomic::{AtomicU64, fence};
use selvedge::sync::{
    Barrier, Condvar, Mutex, MutexGuard, Once, RwLock, RwLockReadGuard, RwLockWriteGuard,
};
use selvedge::{Bound, Budget, Check, Counts, Explorer, Extent, Verdict, hint, thread};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// What a thread does. Locations and locks are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Loads until it reads this.
    Await(usize, u64, Ordering),
    /// The strong one, until it finds what it expects or this last value.
    SpinUnless(usize, u64, u64, u64, Ordering),
    /// Loads both until they read these; or the second one only while the first reads something
    /// else, until either reads its own.
    Both([(usize, u64); 2], Ordering),
    Either([(usize, u64); 2], Ordering),
    /// Loads until it reads this, and then exchanges; again, if that fails.
    Look(usize, u64, u64, Ordering),
    /// Exchanges until it finds what it expects. The weak one may fail for no reason.
    Spin(usize, u64, u64, Ordering, Ordering),
    SpinWeak(usize, u64, u64, Ordering, Ordering),
    /// Skips so many operations, unless this was read last; or if it was.
    If(u64, usize),
    Unless(u64, usize),
    Lock(usize),
    Unlock(usize),
    /// Tries to lock: reads 0 if the lock was free.
    Try(usize),
    /// Unlocks if the last try took the lock.
    UnlockTried(usize),
    /// Starts another thread, which does not start by itself then; waits for its end.
    Start(usize),
    Join(usize),
    /// Each lock has a condition variable.
    Wait(usize),
    NotifyOne(usize),
    NotifyAll(usize),
    /// With the first lock; reads 1 if it has timed out.
    WaitTimeout,
    Park,
    ParkTimeout,
    Unpark(usize),
    /// There is one lock for readers and writers. Readers come in no order unless one of them
    /// tries.
    Read,
    ReadUnlock,
    Write,
    WriteUnlock,
    TryRead,
    TryWrite,
    /// If the last try took it.
    ReadUnlockTried,
    WriteUnlockTried,
    /// Two threads meet.
    Meet,
    /// Stores 7 to the first location, unless that has been done; whether it has.
    Once,
    IsDone,
    /// The first channel has room for one item, the second for any number. An item is 1 to 3.
    Send(usize, u64),
    Receive(usize),
    /// Reads 1 if there is no room; 0 if there is no item.
    TrySend(usize, u64),
    TryReceive(usize),
    /// What `steps` puts around the operations of a thread that is started and joined.
    Begin(usize),
    End(usize),
    /// What it makes of a wait and a park.
    Choose(Place),
    Enqueue(usize),
    Notified(usize),
    Token,
    /// Of a wait with a timeout.
    NotifiedInTime,
    LockInTime,
    /// Of readers and writers, if readers come in no order.
    Enter,
    Leave,
    Take,
    /// Of a barrier, and of an initialisation.
    Arrive,
    Passes,
    Ask,
    Init,
    Finish,
    /// Of a channel: takes its lock; skips so many operations unless it was found empty, or with an
    /// item; releases the lock with one item more, with one less, or with what it reports.
    Open(usize),
    IfEmpty(usize),
    IfFilled(usize),
    Put(usize, u64),
    Get(usize),
    Shut(usize, Option<u64>),
}

/// What may end for no reason: once in each thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Weak,
    Wait,
    Park,
    /// As often as another thread has had the lock.
    Timeout,
}

/// How many locks a program has.
pub(super) const LOCKS: usize = 2;

/// And channels: bounded, unbounded.
pub(super) const CHANNELS: usize = 2;

#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) locations: usize,
    pub(super) threads: Vec<Vec<Op>>,
    /// Whether something may end for no reason.
    pub(super) spurious: bool,
}

impl Program {
    pub(super) fn has(&self, wanted: impl Fn(&Op) -> bool) -> bool {
        self.threads.iter().flatten().any(wanted)
    }

    /// Whether a thread waits in a loop.
    pub(super) fn awaits(&self) -> bool {
        let waits = |op: &Op| matches!(op, Op::Await(..) | Op::Spin(..) | Op::SpinWeak(..));
        let rounds = |op: &Op| matches!(op, Op::Both(..) | Op::Either(..) | Op::Look(..));
        self.has(|op| waits(op) || rounds(op) || matches!(op, Op::SpinUnless(..)))
    }

    /// Whether some thread starts this one.
    pub(super) fn starts(&self, thread: usize) -> bool {
        self.has(|op| matches!(op, Op::Start(other) if *other == thread))
    }

    /// Whether readers of the lock come in an order.
    pub(super) fn is_ordered(&self) -> bool {
        self.has(|op| matches!(op, Op::TryRead | Op::TryWrite))
    }

    /// Whether no thread can unpark one that is not yet started, in whatever order they run.
    pub(super) fn is_startable(&self) -> bool {
        self.threads.iter().enumerate().all(|(thread, ops)| {
            ops.iter().all(|op| !matches!(op, Op::Unpark(other) if *other >= thread))
        })
    }

    /// Whether some thread joins this one.
    pub(super) fn joins(&self, thread: usize) -> bool {
        self.has(|op| matches!(op, Op::Join(other) if *other == thread))
    }
}

/// What a thread reports that has come to its end.
pub(super) const DONE: u64 = 99;

/// What each thread reads, in order.
pub(super) type Reads = Vec<Vec<u64>>;

/// How many executions read this.
pub(super) type Outcomes = BTreeMap<Reads, u64>;

struct Shared {
    atomics: Vec<AtomicU64>,
    locks: Vec<(Mutex<()>, Condvar)>,
    lock: RwLock<()>,
    barrier: Barrier,
    once: Once,
    /// Kept to the end of a check: to drop them in an execution would be an operation.
    channels: Vec<(Sender<u64>, Receiver<u64>)>,
    threads: Vec<Vec<Op>>,
    started: Vec<std::sync::Mutex<Option<thread::JoinHandle<()>>>>,
    handles: std::sync::Mutex<Vec<Option<thread::Thread>>>,
    read: Arc<std::sync::Mutex<Vec<Reads>>>,
}

impl Shared {
    fn of(program: &Program, read: Arc<std::sync::Mutex<Vec<Reads>>>) -> Arc<Shared> {
        let threads = program.threads.clone();
        let sends = |op: &Op| matches!(op, Op::Send(..) | Op::TrySend(..));
        let receives = |op: &Op| matches!(op, Op::Receive(_) | Op::TryReceive(_));
        let has_channels = program.has(|op| sends(op) || receives(op));
        let channels = has_channels.then(|| vec![channel::bounded(1), channel::unbounded()]);
        Arc::new(Shared {
            atomics: (0..program.locations).map(|_| AtomicU64::new(0)).collect(),
            locks: (0..LOCKS).map(|_| (Mutex::new(()), Condvar::new())).collect(),
            lock: RwLock::new(()),
            barrier: Barrier::new(2),
            once: Once::new(),
            channels: channels.unwrap_or_default(),
            started: threads.iter().map(|_| std::sync::Mutex::default()).collect(),
            handles: std::sync::Mutex::new(vec![None; threads.len()]),
            threads,
            read,
        })
    }
}

fn start(thread: usize, shared: &Arc<Shared>) -> thread::JoinHandle<()> {
    let theirs = Arc::clone(shared);
    let handle = thread::spawn(move || {
        let read = |value| theirs.read.lock().unwrap().last_mut().unwrap()[thread].push(value);
        run(&theirs.threads[thread], &theirs, read);
        read(DONE);
    });
    shared.handles.lock().unwrap()[thread] = Some(handle.thread().clone());
    handle
}

/// What a thread holds.
#[derive(Default)]
struct Guards<'a> {
    locks: [Option<MutexGuard<'a, ()>>; LOCKS],
    read: Option<RwLockReadGuard<'a, ()>>,
    written: Option<RwLockWriteGuard<'a, ()>>,
}

/// Runs what is no access of an atomic. Returns what it reads.
fn act<'a>(op: Op, shared: &'a Arc<Shared>, guards: &mut Guards<'a>) -> Option<u64> {
    let locks = &mut guards.locks;
    match op {
        Op::Try(lock) => {
            locks[lock] = shared.locks[lock].0.try_lock().ok();
            return Some(u64::from(locks[lock].is_none()));
        }
        Op::Lock(lock) => locks[lock] = Some(shared.locks[lock].0.lock().unwrap()),
        Op::Unlock(lock) | Op::UnlockTried(lock) => drop(locks[lock].take()),
        Op::Wait(lock) => {
            let guard = locks[lock].take().expect("it has the lock");
            locks[lock] = Some(shared.locks[lock].1.wait(guard).unwrap());
        }
        Op::TryRead => {
            guards.read = shared.lock.try_read().ok();
            return Some(u64::from(guards.read.is_none()));
        }
        Op::TryWrite => {
            guards.written = shared.lock.try_write().ok();
            return Some(u64::from(guards.written.is_none()));
        }
        Op::IsDone => return Some(u64::from(shared.once.is_completed())),
        Op::Once => shared.once.call_once(|| shared.atomics[0].store(7, Ordering::Relaxed)),
        Op::Meet => _ = shared.barrier.wait(),
        Op::Read => guards.read = Some(shared.lock.read().unwrap()),
        Op::Write => guards.written = Some(shared.lock.write().unwrap()),
        Op::ReadUnlock | Op::ReadUnlockTried => drop(guards.read.take()),
        Op::WriteUnlock | Op::WriteUnlockTried => drop(guards.written.take()),
        Op::Send(channel, item) => shared.channels[channel].0.send(item).unwrap(),
        Op::Receive(channel) => return shared.channels[channel].1.recv().ok(),
        Op::TrySend(channel, item) => {
            return shared.channels[channel].0.try_send(item).is_err().then_some(1);
        }
        Op::TryReceive(channel) => {
            return Some(shared.channels[channel].1.try_recv().unwrap_or_default());
        }
        Op::NotifyOne(lock) => shared.locks[lock].1.notify_one(),
        Op::NotifyAll(lock) => shared.locks[lock].1.notify_all(),
        Op::WaitTimeout => {
            let guard = locks[0].take().expect("it has the lock");
            let (guard, ended) = shared.locks[0].1.wait_timeout(guard, Duration::ZERO).unwrap();
            locks[0] = Some(guard);
            return Some(u64::from(ended.timed_out()));
        }
        Op::ParkTimeout => thread::park_timeout(Duration::ZERO),
        Op::Park => thread::park(),
        Op::Unpark(thread) => {
            let handle = shared.handles.lock().unwrap()[thread].clone();
            handle.expect("it was started").unpark();
        }
        Op::Start(thread) => {
            *shared.started[thread].lock().unwrap() = Some(start(thread, shared));
        }
        Op::Join(thread) => {
            let handle = shared.started[thread].lock().unwrap().take();
            handle.expect("it was started").join().unwrap();
        }
        other => unreachable!("nobody writes {other:?}"),
    }
    None
}

fn run(ops: &[Op], shared: &Arc<Shared>, mut read: impl FnMut(u64)) {
    let (mut last, mut skips) = (0, 0);
    let mut guards = Guards::default();
    let at = |location: usize| &shared.atomics[location];
    for op in ops {
        if skips > 0 {
            skips -= 1;
            continue;
        }
        let value = match *op {
            Op::Load(x, order) => Some(at(x).load(order)),
            Op::Await(x, wanted, order) => {
                while at(x).load(order) != wanted {
                    hint::spin_loop();
                }
                Some(wanted)
            }
            Op::Spin(x, old, new, success, failure) => {
                while at(x).compare_exchange(old, new, success, failure).is_err() {
                    hint::spin_loop();
                }
                Some(old)
            }
            Op::SpinWeak(x, old, new, success, failure) => {
                while at(x).compare_exchange_weak(old, new, success, failure).is_err() {
                    hint::spin_loop();
                }
                Some(old)
            }
            Op::Add(x, by, order) => Some(at(x).fetch_add(by, order)),
            Op::Swap(x, new, order) => Some(at(x).swap(new, order)),
            Op::Exchange(x, old, new, success, failure) => {
                Some(at(x).compare_exchange(old, new, success, failure).unwrap_or_else(|v| v))
            }
            Op::Weak(x, old, new, success, failure) => {
                Some(at(x).compare_exchange_weak(old, new, success, failure).unwrap_or_else(|v| v))
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
            Op::If(wanted, count) => {
                skips = if last == wanted { 0 } else { count };
                None
            }
            Op::Both([(x, one), (y, other)], order) => {
                while at(x).load(order) != one || at(y).load(order) != other {
                    hint::spin_loop();
                }
                read(one);
                Some(other)
            }
            Op::Either([(x, one), (y, other)], order) => loop {
                let first = at(x).load(order);
                if first == one {
                    break Some(first);
                }
                if at(y).load(order) == other {
                    read(first);
                    break Some(other);
                }
                hint::spin_loop();
            },
            Op::SpinUnless(x, old, new, closed, order) => loop {
                match at(x).compare_exchange(old, new, order, Ordering::Relaxed) {
                    Err(other) if other != closed => hint::spin_loop(),
                    Ok(read) | Err(read) => break Some(read),
                }
            },
            Op::Look(x, old, new, order) => loop {
                if at(x).load(Ordering::Relaxed) == old
                    && at(x).compare_exchange(old, new, order, Ordering::Relaxed).is_ok()
                {
                    read(old);
                    break Some(old);
                }
                hint::spin_loop();
            },
            other => act(other, shared, &mut guards),
        };
        if let Some(value) = value {
            last = value;
            read(value);
        }
    }
    std::mem::forget(guards); // held to the end
}

/// Whether a thread has not come to its end.
pub(super) fn is_stuck(reads: &Reads) -> bool {
    reads.iter().any(|read| read.last() != Some(&DONE))
}

/// A program as a model. Each execution adds what it reads; if a thread waits in a loop, each one
/// in which every thread comes to its end.
fn model(program: &Program, read: &Arc<std::sync::Mutex<Vec<Reads>>>) -> impl Fn() + use<> {
    let (theirs, program) = (Arc::clone(read), program.clone());
    let awaits = program.awaits();
    let kept: std::sync::Mutex<Vec<Arc<Shared>>> = std::sync::Mutex::default();
    move || {
        let read = if awaits { Arc::default() } else { Arc::clone(&theirs) };
        read.lock().unwrap().push(vec![Vec::new(); program.threads.len()]);
        let all = Arc::clone(&read);
        let shared = Shared::of(&program, read);
        kept.lock().unwrap().extend((!shared.channels.is_empty()).then(|| Arc::clone(&shared)));
        let first = (0..program.threads.len()).filter(|thread| !program.starts(*thread));
        let started: Vec<_> = first.map(|thread| start(thread, &shared)).collect();
        if awaits {
            started.into_iter().for_each(|thread| thread.join().unwrap());
            theirs.lock().unwrap().append(&mut all.lock().unwrap());
        }
    }
}

fn check(explorer: Explorer, program: &Program) -> Check<'static> {
    let budget = Budget::executions(1_000_000);
    let check = Check::new("program").explorers([explorer]).leaks(false).budget(budget);
    check.spurious(program.spurious).again_never()
}

/// What a check says of a program.
pub(super) fn verdict(explorer: Explorer, program: &Program) -> Verdict {
    check(explorer, program).run(model(program, &Arc::default()))
}

/// All executions of a program, and what they read. If a thread waits in a loop: those in which
/// every thread comes to its end.
pub(super) fn explored(explorer: Explorer, program: &Program) -> (u64, Outcomes) {
    let (counts, outcomes) = counted(explorer, program);
    let executions = if program.awaits() { outcomes.values().sum() } else { counts.executions };
    (executions, outcomes)
}

/// The same, with how many executions are stuck. What is read in an execution that is in vain, or
/// before the exploration begins anew, is among the outcomes, too.
pub(super) fn counted(explorer: Explorer, program: &Program) -> (Counts, Outcomes) {
    let read: Arc<std::sync::Mutex<Vec<Reads>>> = Arc::default();
    let counts = check(explorer, program).count(model(program, &read));
    let counts = counts.unwrap_or_else(|why| panic!("{program:?}: {why}"));
    assert!(matches!(counts.extent, Extent::Weak | Extent::Exhaustive), "{counts:?}");
    let mut outcomes = Outcomes::new();
    let all = read.lock().unwrap();
    // a search that learns of a loop begins anew: the last ones count
    let complete = counts.executions - counts.violations.values().sum::<u64>();
    let before = if program.awaits() { all.len() - complete as usize } else { 0 };
    for reads in &all[before..] {
        *outcomes.entry(reads.clone()).or_default() += 1;
    }
    (counts, outcomes)
}

/// What a program reads in so many of its executions.
pub(super) fn sampled(explorer: Explorer, program: &Program, executions: u64) -> BTreeSet<Reads> {
    let read: Arc<std::sync::Mutex<Vec<Reads>>> = Arc::default();
    let check = check(explorer, program).budget(Budget::executions(executions));
    match check.count(model(program, &read)) {
        Ok(counts) => assert_eq!(counts.extent, Extent::Sampled, "{program:?}"),
        // none of them comes to its end
        Err(Bound::NotModelled { .. }) if program.awaits() => {}
        Err(why) => panic!("{program:?}: {why}"),
    }
    let all = read.lock().unwrap();
    all.iter().cloned().collect()
}

/// What the threads read, and what the main one reads of each location after it has joined them.
pub(super) type Outcome = (Reads, Vec<u64>);

/// A program, and what becomes of each outcome.
pub(super) fn whole(
    program: Program,
    see: impl Fn(Outcome) + Send + Sync,
) -> impl Fn() + Send + Sync {
    move || {
        let read = Arc::new(std::sync::Mutex::new(vec![vec![Vec::new(); program.threads.len()]]));
        let shared = Shared::of(&program, Arc::clone(&read));
        let mine = (0..program.threads.len()).filter(|thread| !program.starts(*thread));
        let handles: Vec<_> = mine.map(|thread| start(thread, &shared)).collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        let others = shared.started.iter().filter_map(|handle| handle.lock().unwrap().take());
        others.for_each(|handle| handle.join().unwrap());
        let last = shared.atomics.iter().map(|atomic| atomic.load(Ordering::Relaxed)).collect();
        let mut reads = read.lock().unwrap()[0].clone();
        reads.iter_mut().for_each(|reads| reads.retain(|read| *read != DONE));
        see((reads, last));
    }
}

/// All outcomes of a program, deadlocks aside.
pub(super) fn outcomes(explorer: Explorer, program: &Program) -> BTreeSet<Outcome> {
    let seen: Arc<std::sync::Mutex<BTreeSet<Outcome>>> = Arc::default();
    let all = Arc::clone(&seen);
    let model = whole(program.clone(), move |outcome| _ = all.lock().unwrap().insert(outcome));
    let check = Check::new("program").explorers([explorer]).leaks(false);
    let executions = if explorer.samples() { 2_000 } else { 1_000_000 };
    check.budget(Budget::executions(executions)).count(model).expect("all of it is modelled");
    let all = seen.lock().unwrap();
    all.clone()
}

/// Runs a program that panics if this is its outcome.
pub(super) fn failing(program: &Program, outcome: &Outcome) -> impl Fn() + Send + Sync + use<> {
    let wrong = outcome.clone();
    failing_if(program, move |outcome| *outcome == wrong)
}

/// Runs a program that panics if its outcome is like this.
pub(super) fn failing_if<F>(program: &Program, is_wrong: F) -> impl Fn() + Send + Sync + use<F>
where
    F: Fn(&Outcome) -> bool + Send + Sync,
{
    whole(program.clone(), move |outcome| assert!(!is_wrong(&outcome), "{outcome:?}"))
}
