//! A program run on the facade: what its executions show, execution by execution.

use super::outcome::{ATOMICS, MUTEXES, Outcome, READERS, Seen, WRITERS};
use super::program::{Op, Program};
use selvedge::sync::atomic::{AtomicU64, Ordering::SeqCst};
use selvedge::sync::{
    Arc, Condvar, LockResult, Mutex, MutexGuard, RwLock, TryLockError, TryLockResult,
};
use selvedge::{Bound, Budget, Check, Counts, Explorer, thread};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex as StdMutex, PoisonError};

/// How often each outcome was seen. Not modelled: it is written between two operations, where
/// nothing is switched.
#[derive(Default)]
struct Record {
    seen: BTreeMap<Outcome, u64>,
    current: Option<Outcome>,
}

impl Record {
    fn finish(&mut self) {
        if let Some(outcome) = self.current.take() {
            *self.seen.entry(outcome).or_default() += 1;
        }
    }
}

struct World {
    atomics: [AtomicU64; 2],
    /// The data of mutex 0 are the tickets.
    mutexes: [Mutex<u64>; 2],
    condvar: Condvar,
    lock: RwLock<()>,
    record: Arc<StdMutex<Record>>,
}

/// One thread of the program.
struct Runner {
    me: usize,
    world: Arc<World>,
    /// The threads before this one.
    earlier: Vec<thread::Thread>,
    /// Those of them that this one joins.
    handles: BTreeMap<usize, thread::JoinHandle<()>>,
    /// How often it has yielded.
    yields: usize,
}

impl Runner {
    fn log(&self, f: impl FnOnce(&mut Outcome)) {
        f(self
            .world
            .record
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .current
            .as_mut()
            .expect("begun"));
    }

    fn seeing(&self, object: usize, result: u64) -> Seen {
        let record = self.world.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.current.as_ref().expect("begun").seeing(object, result)
    }

    fn saw(&self, object: usize, result: u64) {
        self.log(|outcome| outcome.saw(self.me, object, result));
    }

    fn changed(&self, object: usize, result: u64) {
        self.log(|outcome| outcome.changed(self.me, object, result));
    }

    fn wrote(&self, atomic: usize, read: u64, value: u64) {
        self.log(|outcome| outcome.wrote(self.me, atomic, read, value));
    }

    fn load(&self, atomic: usize) -> u64 {
        let value = self.world.atomics[atomic].load(SeqCst);
        self.saw(ATOMICS + atomic, value);
        value
    }

    /// What was acquired, and the mutex is poisoned or not.
    fn acquired<'a>(
        &self,
        mutex: usize,
        result: LockResult<MutexGuard<'a, u64>>,
        how: u64,
    ) -> MutexGuard<'a, u64> {
        self.changed(MUTEXES + mutex, how + poison(result.is_err()));
        result.unwrap_or_else(PoisonError::into_inner)
    }

    fn tickets(&self) -> MutexGuard<'_, u64> {
        self.acquired(0, self.world.mutexes[0].lock(), 1)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, u64>) -> MutexGuard<'a, u64> {
        self.acquired(0, self.world.condvar.wait(guard), 2)
    }

    fn wrote_lock(&self, poisoned: bool) {
        self.log(|outcome| {
            outcome.saw(self.me, READERS, 1);
            outcome.changed(self.me, WRITERS, 1 + poison(poisoned));
        });
    }

    fn read_lock(&self, poisoned: bool) {
        self.log(|outcome| {
            outcome.saw(self.me, WRITERS, 1 + poison(poisoned));
            outcome.versions[READERS] += 1;
        });
    }

    fn run(&mut self, ops: &[Op]) {
        let world = Arc::clone(&self.world);
        for op in ops {
            match op {
                Op::Load(a) => drop(self.load(*a)),
                Op::Store(a, value) => {
                    world.atomics[*a].store(*value, SeqCst);
                    self.wrote(*a, *value, *value);
                }
                Op::Add(a) => {
                    let old = world.atomics[*a].fetch_add(1, SeqCst);
                    self.wrote(*a, old, old + 1);
                }
                Op::Swap(a, value) => {
                    let old = world.atomics[*a].swap(*value, SeqCst);
                    self.wrote(*a, old, *value);
                }
                Op::Cas(a, expected, new) => {
                    match world.atomics[*a].compare_exchange(*expected, *new, SeqCst, SeqCst) {
                        Ok(old) => self.wrote(*a, old, *new),
                        Err(old) => self.saw(ATOMICS + a, old),
                    }
                }
                Op::CasWeak(a, expected, new) => {
                    match world.atomics[*a].compare_exchange_weak(*expected, *new, SeqCst, SeqCst) {
                        Ok(old) => self.wrote(*a, old, *new),
                        Err(old) => self.saw(ATOMICS + a, old),
                    }
                }
                Op::Lock(m, body) => {
                    let _held = self.acquired(*m, world.mutexes[*m].lock(), 1);
                    self.run(body);
                }
                Op::TryLock(m, body) => match tried(world.mutexes[*m].try_lock()) {
                    Some(result) => {
                        let _held = self.acquired(*m, result, 1);
                        self.run(body);
                    }
                    None => self.saw(MUTEXES + m, 0),
                },
                Op::Read(body) => {
                    let held = world.lock.read();
                    self.read_lock(held.is_err());
                    let _held = held.unwrap_or_else(PoisonError::into_inner);
                    self.run(body);
                }
                Op::Write(body) => {
                    let held = world.lock.write();
                    self.wrote_lock(held.is_err());
                    let _held = held.unwrap_or_else(PoisonError::into_inner);
                    self.run(body);
                }
                Op::TryRead(body) => match tried(world.lock.try_read()) {
                    Some(held) => {
                        self.read_lock(held.is_err());
                        let _held = held.unwrap_or_else(PoisonError::into_inner);
                        self.run(body);
                    }
                    None => self.saw(WRITERS, 0),
                },
                Op::TryWrite(body) => match tried(world.lock.try_write()) {
                    Some(held) => {
                        self.wrote_lock(held.is_err());
                        let _held = held.unwrap_or_else(PoisonError::into_inner);
                        self.run(body);
                    }
                    None => {
                        self.saw(READERS, 0);
                        self.saw(WRITERS, 0);
                    }
                },
                Op::WaitOnce => {
                    let guard = self.tickets();
                    if *guard == 0 {
                        drop(self.wait(guard));
                    }
                }
                Op::WaitTimeout => {
                    let guard = self.tickets();
                    if *guard == 0 {
                        let (_guard, result) =
                            world.condvar.wait_timeout(guard, std::time::Duration::ZERO).unwrap();
                        self.changed(MUTEXES, 2 + u64::from(result.timed_out()));
                    }
                }
                Op::Take => {
                    let mut guard = self.tickets();
                    while *guard == 0 {
                        guard = self.wait(guard);
                    }
                    *guard -= 1;
                }
                Op::Give(all) => {
                    let mut guard = self.tickets();
                    *guard += 1;
                    if *all { world.condvar.notify_all() } else { world.condvar.notify_one() }
                }
                Op::NotifyOne => world.condvar.notify_one(),
                Op::NotifyAll => world.condvar.notify_all(),
                Op::Park => {
                    thread::park();
                    self.log(|outcome| outcome.logs[self.me].push((1, 0)));
                }
                Op::Unpark(other) => self.earlier[*other].unpark(),
                Op::Join(other) => {
                    if let Some(handle) = self.handles.remove(other) {
                        handle.join().unwrap();
                    }
                }
                Op::If(a, body) => {
                    if self.load(*a) != 0 {
                        self.run(body);
                    }
                }
                // each at a source line of its own: a thread that yields again and again at one
                // place is a spin loop
                Op::Yield => {
                    self.yields += 1;
                    match self.yields {
                        1 => thread::yield_now(),
                        2 => thread::yield_now(),
                        3 => thread::yield_now(),
                        _ => thread::yield_now(),
                    }
                }
                Op::Yields => (0..3).for_each(|_| thread::yield_now()),
                Op::Await(a) => loop {
                    let value = world.atomics[*a].load(SeqCst);
                    if value != 0 {
                        break self.saw(ATOMICS + a, value);
                    }
                    thread::yield_now();
                },
                Op::AwaitEither => loop {
                    let seen = [0, 1].map(|atomic| {
                        let value = world.atomics[atomic].load(SeqCst);
                        self.seeing(ATOMICS + atomic, value)
                    });
                    if seen.iter().any(|(value, _)| *value != 0) {
                        break self.log(|outcome| outcome.logs[self.me].extend(seen));
                    }
                    thread::yield_now();
                },
                Op::Poll => loop {
                    let tickets = world.mutexes[0].lock().unwrap();
                    if *tickets > 0 {
                        break self.changed(MUTEXES, 1);
                    }
                    drop(tickets);
                    thread::yield_now();
                },
                Op::Grab(a) => {
                    while world.atomics[*a].compare_exchange(0, 1, SeqCst, SeqCst).is_err() {
                        thread::yield_now();
                    }
                    self.wrote(*a, 0, 1);
                }
                Op::OnDrop(cleanup, rest) => OnDrop(self, cleanup).0.run(rest),
                Op::Panic => panic!("on purpose"),
                Op::Catch(body) => self.catch(body),
            }
        }
    }

    fn catch(&mut self, ops: &[Op]) {
        _ = catch_unwind(AssertUnwindSafe(|| self.run(ops)));
    }
}

/// What an outcome shows of a lock that is poisoned.
fn poison(poisoned: bool) -> u64 {
    if poisoned { 4 } else { 0 }
}

/// `None` for a lock that is not free.
fn tried<G>(result: TryLockResult<G>) -> Option<LockResult<G>> {
    match result {
        Ok(guard) => Some(Ok(guard)),
        Err(TryLockError::Poisoned(guard)) => Some(Err(guard)),
        Err(TryLockError::WouldBlock) => None,
    }
}

struct OnDrop<'a>(&'a mut Runner, &'a [Op]);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.run(self.1);
    }
}

fn execute(program: &Program, record: &Arc<StdMutex<Record>>) {
    let locked = || record.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut record = locked();
        record.finish(); // the execution before was deadlocked, if this one finds it unfinished
        record.current = Some(Outcome::new(program.0.len()));
    }
    let world = Arc::new(World {
        atomics: [AtomicU64::new(0), AtomicU64::new(0)],
        mutexes: [Mutex::new(0), Mutex::new(0)],
        condvar: Condvar::new(),
        lock: RwLock::new(()),
        record: Arc::clone(record),
    });
    let mut earlier: Vec<thread::Thread> = Vec::new();
    let mut handles: BTreeMap<usize, thread::JoinHandle<()>> = BTreeMap::new();
    for (me, ops) in program.0.iter().enumerate() {
        let mine = (0..me).filter(|other| ops.contains(&Op::Join(*other)));
        let mine: BTreeMap<_, _> = mine.filter_map(|other| handles.remove_entry(&other)).collect();
        let mut runner = Runner {
            me,
            world: Arc::clone(&world),
            earlier: earlier.clone(),
            handles: mine,
            yields: 0,
        };
        let ops = ops.clone();
        let handle = thread::spawn(move || {
            runner.catch(&ops);
            runner.log(|outcome| outcome.finished[me] = true);
        });
        earlier.push(handle.thread().clone());
        handles.insert(me, handle);
    }
    for (_, handle) in handles {
        handle.join().unwrap();
    }
}

/// What the explorer sees of a program: its counts, and how often each outcome was seen.
pub(crate) fn explore(
    program: &Program,
    explorer: Explorer,
    budget: Budget,
) -> Result<(Counts, BTreeMap<Outcome, u64>), Bound> {
    let record = Arc::new(StdMutex::new(Record::default()));
    let (theirs, model) = (Arc::clone(&record), program.clone());
    let check =
        Check::new("oracle").explorers([explorer]).budget(budget).max_events(400).leaks(false);
    // the programs read twice at the same time, too
    let check = check.recursive_reads(true);
    let check = check.again_always(); // no false alarm: all that a program does is seen
    let counts = check.count(move || execute(&model, &theirs))?;
    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
    record.finish();
    Ok((counts, std::mem::take(&mut record.seen)))
}
