//! `Arc`: its counts are values too, and a thread may see an older one.
//!
//! The twin of an `Arc` is two atomics, with the orderings of std's implementation. Nobody fails
//! because of the lock in its `get_mut`: see `execution/memory/counting.rs`.

use super::{check, executions, soaked};
use selvedge::cell::{read, write};
use selvedge::sync::atomic::{AtomicUsize, fence};
use selvedge::sync::{Arc, Weak};
use selvedge::{Bound, Explorer, Kind, Verdict, thread};
use std::cell::UnsafeCell;
use std::collections::BTreeSet;
use std::sync::Arc as Std;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Handles of one value, and what std has for them.
trait Handles: Sized + Send + 'static {
    type Weak: Send + 'static;

    fn new() -> Self;
    fn another(&self) -> Self;
    fn give_up(self);
    fn downgrade(&self) -> Self::Weak;
    fn count(&self) -> usize;
    fn weak_count(&self) -> usize;
    fn is_alone(&mut self) -> bool;
    fn unwrap(self) -> Result<(), Self>;
    fn into_inner(self) -> bool;
    fn make_mut(&mut self);
    fn upgrade(weak: &Self::Weak) -> Option<Self>;
    fn another_weak(weak: &Self::Weak) -> Self::Weak;
    fn give_up_weak(weak: Self::Weak);
    fn count_of_weak(weak: &Self::Weak) -> usize;
    fn weak_count_of_weak(weak: &Self::Weak) -> usize;
}

impl Handles for Arc<()> {
    type Weak = Weak<()>;

    fn new() -> Self {
        Arc::new(())
    }
    fn another(&self) -> Self {
        Arc::clone(self)
    }
    fn give_up(self) {}
    fn downgrade(&self) -> Weak<()> {
        Arc::downgrade(self)
    }
    fn count(&self) -> usize {
        Arc::strong_count(self)
    }
    fn weak_count(&self) -> usize {
        Arc::weak_count(self)
    }
    fn is_alone(&mut self) -> bool {
        Arc::get_mut(self).is_some()
    }
    fn unwrap(self) -> Result<(), Self> {
        Arc::try_unwrap(self)
    }
    fn into_inner(self) -> bool {
        Arc::into_inner(self).is_some()
    }
    fn make_mut(&mut self) {
        Arc::make_mut(self);
    }
    fn upgrade(weak: &Weak<()>) -> Option<Self> {
        weak.upgrade()
    }
    fn another_weak(weak: &Weak<()>) -> Weak<()> {
        weak.clone()
    }
    fn give_up_weak(_: Weak<()>) {}
    fn count_of_weak(weak: &Weak<()>) -> usize {
        weak.strong_count()
    }
    fn weak_count_of_weak(weak: &Weak<()>) -> usize {
        weak.weak_count()
    }
}

/// The count of `Weak`s while somebody looks whether there are any.
const LOCKED: usize = usize::MAX;

/// All handles hold one `Weak` together.
#[derive(Clone)]
struct Twin(Std<[AtomicUsize; 2]>);

impl Twin {
    fn handles(&self) -> &AtomicUsize {
        &self.0[0]
    }

    fn weaks(&self) -> &AtomicUsize {
        &self.0[1]
    }

    fn is_last(&self) -> bool {
        let is_last = self.handles().fetch_sub(1, Release) == 1;
        if is_last {
            self.handles().load(Acquire);
        }
        is_last
    }
}

impl Handles for Twin {
    type Weak = Twin;

    fn new() -> Self {
        Twin(Std::new([AtomicUsize::new(1), AtomicUsize::new(1)]))
    }
    fn another(&self) -> Self {
        self.handles().fetch_add(1, Relaxed);
        self.clone()
    }
    fn give_up(self) {
        if self.is_last() {
            self.weaks().fetch_sub(1, Release);
        }
    }
    fn downgrade(&self) -> Twin {
        loop {
            let weaks = self.weaks().load(Relaxed);
            let made = weaks != LOCKED
                && self.weaks().compare_exchange(weaks, weaks + 1, Acquire, Relaxed).is_ok();
            if made {
                return self.clone();
            }
            thread::yield_now();
        }
    }
    fn count(&self) -> usize {
        self.handles().load(Relaxed)
    }
    fn weak_count(&self) -> usize {
        match self.weaks().load(Relaxed) {
            LOCKED => 0,
            weaks => weaks - 1,
        }
    }
    fn is_alone(&mut self) -> bool {
        while let Err(weaks) = self.weaks().compare_exchange(1, LOCKED, Acquire, Relaxed) {
            if weaks != LOCKED {
                return false;
            }
            thread::yield_now();
        }
        let is_alone = self.handles().load(Acquire) == 1;
        self.weaks().store(1, Release);
        is_alone
    }
    fn unwrap(self) -> Result<(), Self> {
        if self.handles().compare_exchange(1, 0, Acquire, Relaxed).is_err() {
            return Err(self);
        }
        self.weaks().fetch_sub(1, Release);
        Ok(())
    }
    fn into_inner(self) -> bool {
        let is_last = self.is_last();
        if is_last {
            self.weaks().fetch_sub(1, Release);
        }
        is_last
    }
    /// There are no `Weak`s.
    fn make_mut(&mut self) {
        if self.handles().compare_exchange(1, 0, Acquire, Relaxed).is_ok() {
            self.handles().store(1, Release);
        } else {
            let shared = std::mem::replace(self, Twin::new());
            shared.give_up();
        }
    }
    fn upgrade(weak: &Twin) -> Option<Self> {
        let handles = weak.handles();
        let mut count = handles.load(Relaxed);
        while count > 0 {
            match handles.compare_exchange(count, count + 1, Acquire, Relaxed) {
                Ok(_) => return Some(weak.clone()),
                Err(now) => count = now,
            }
        }
        None
    }
    fn another_weak(weak: &Twin) -> Twin {
        weak.weaks().fetch_add(1, Relaxed);
        weak.clone()
    }
    fn give_up_weak(weak: Twin) {
        weak.weaks().fetch_sub(1, Release);
    }
    fn count_of_weak(weak: &Twin) -> usize {
        weak.handles().load(Relaxed)
    }
    fn weak_count_of_weak(weak: &Twin) -> usize {
        let weaks = weak.weaks().load(Acquire);
        match weak.handles().load(Relaxed) {
            0 => 0,
            _ => weaks - 1,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Another,
    GiveUp,
    Downgrade,
    Count,
    WeakCount,
    IsAlone,
    Unwrap,
    IntoInner,
    MakeMut,
    Upgrade,
    AnotherWeak,
    GiveUpWeak,
    CountOfWeak,
    WeakCountOfWeak,
    Store(usize),
    Load(usize),
}

/// What each thread does. It begins with a handle, or with a `Weak`.
#[derive(Clone, Debug)]
struct Program(Vec<(bool, Vec<Op>)>);

fn random(rng: &mut fastrand::Rng) -> Program {
    let weak = rng.bool();
    let threads = rng.usize(2..=3);
    let op = |rng: &mut fastrand::Rng| match rng.u32(0..if weak { 17 } else { 12 }) {
        0 => Op::Another,
        1 | 2 => Op::GiveUp,
        3 => Op::Count,
        4 => Op::IsAlone,
        5 => Op::Unwrap,
        6 => Op::IntoInner,
        7 | 8 => Op::Store(rng.usize(0..2)),
        9 | 10 => Op::Load(rng.usize(0..2)),
        11 if !weak => Op::MakeMut,
        11 => Op::Downgrade,
        12 => Op::WeakCount,
        13 => Op::Upgrade,
        14 => Op::AnotherWeak,
        15 => Op::GiveUpWeak,
        _ if rng.bool() => Op::CountOfWeak,
        _ => Op::WeakCountOfWeak,
    };
    if rng.bool() {
        return passes(rng, weak);
    }
    let each = if threads == 2 { 1..=4 } else { 1..=2 };
    let ops = |rng: &mut fastrand::Rng| (0..rng.usize(each.clone())).map(|_| op(rng)).collect();
    Program((0..threads).map(|_| (!(weak && rng.bool()), ops(rng))).collect())
}

/// One thread changes a count and says so. Another one hears of it, and looks.
fn passes(rng: &mut fastrand::Rng, weak: bool) -> Program {
    let changes = [Op::GiveUp, Op::Another, Op::IntoInner, Op::Downgrade, Op::GiveUpWeak];
    let looks = [Op::Count, Op::IsAlone, Op::Unwrap, Op::WeakCount];
    let looks_of_weak = [Op::CountOfWeak, Op::WeakCountOfWeak, Op::Upgrade, Op::AnotherWeak];
    let (from, to) = (!(weak && rng.bool()), !(weak && rng.bool()));
    let change = changes[rng.usize(..if weak { 5 } else { 3 })];
    let look = |rng: &mut fastrand::Rng| match to {
        true => looks[rng.usize(..if weak { 4 } else { 3 })],
        false => looks_of_weak[rng.usize(..4)],
    };
    let mut says = vec![change, Op::Store(0)];
    says.extend(rng.bool().then_some(Op::Load(1)));
    let mut hears = vec![Op::Load(0), look(rng)];
    hears.extend(rng.bool().then_some(Op::Store(1)));
    hears.extend(rng.bool().then(|| look(rng)));
    let mut threads = vec![(from, says), (to, hears)];
    threads.extend(rng.bool().then(|| (rng.bool() || !weak, vec![])));
    rng.shuffle(&mut threads);
    Program(threads)
}

/// What a thread holds, and what it has seen.
struct Thread<H: Handles> {
    handles: Vec<H>,
    weaks: Vec<H::Weak>,
    seen: Vec<usize>,
}

impl<H: Handles> Thread<H> {
    fn does(&mut self, op: Op, memory: &[AtomicUsize; 2]) {
        let Thread { handles, weaks, seen } = self;
        match op {
            Op::Store(at) => memory[at].store(1, Relaxed),
            Op::Load(at) => seen.push(memory[at].load(Relaxed)),
            Op::Another if handles.len() == 1 => handles.push(handles[0].another()),
            Op::GiveUp => handles.pop().into_iter().for_each(H::give_up),
            Op::Downgrade => weaks.extend(handles.last().map(H::downgrade)),
            Op::Count => seen.extend(handles.last().map(H::count)),
            Op::WeakCount => seen.extend(handles.last().map(H::weak_count)),
            Op::IsAlone => seen.extend(handles.last_mut().map(|h| usize::from(h.is_alone()))),
            Op::Unwrap => {
                let handle = handles.pop().map(H::unwrap);
                seen.extend(handle.iter().map(|done| usize::from(done.is_ok())));
                handles.extend(handle.and_then(Result::err));
            }
            Op::IntoInner => seen.extend(handles.pop().map(|h| usize::from(h.into_inner()))),
            Op::MakeMut => handles.last_mut().into_iter().for_each(H::make_mut),
            Op::Upgrade => {
                let handle = weaks.last().map(H::upgrade);
                seen.extend(handle.iter().map(|handle| usize::from(handle.is_some())));
                handles.extend(handle.flatten());
            }
            Op::AnotherWeak if weaks.len() == 1 => weaks.push(H::another_weak(&weaks[0])),
            Op::GiveUpWeak => weaks.pop().into_iter().for_each(H::give_up_weak),
            Op::CountOfWeak => seen.extend(weaks.last().map(H::count_of_weak)),
            Op::WeakCountOfWeak => seen.extend(weaks.last().map(H::weak_count_of_weak)),
            Op::Another | Op::AnotherWeak => {}
        }
    }

    fn runs(mut self, ops: &[Op], memory: &[AtomicUsize; 2]) -> Vec<usize> {
        ops.iter().for_each(|op| self.does(*op, memory));
        self.handles.into_iter().for_each(H::give_up);
        self.weaks.into_iter().for_each(H::give_up_weak);
        self.seen
    }
}

/// What its threads see, the first of which is the main one.
fn run<H: Handles>(program: &Program) -> Vec<Vec<usize>> {
    let memory = Std::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let first = H::new();
    let held = |is_handle: bool| Thread {
        handles: Vec::from_iter(is_handle.then(|| first.another())),
        weaks: Vec::from_iter((!is_handle).then(|| first.downgrade())),
        seen: Vec::new(),
    };
    let mut threads: Vec<(Thread<H>, Vec<Op>)> =
        program.0.iter().map(|(is_handle, ops)| (held(*is_handle), ops.clone())).collect();
    first.give_up();
    let (main, its_ops) = threads.remove(0);
    let spawn = |(thread, ops): (Thread<H>, Vec<Op>)| {
        let memory = Std::clone(&memory);
        thread::spawn(move || thread.runs(&ops, &memory))
    };
    let others: Vec<_> = threads.into_iter().map(spawn).collect();
    let mut seen = vec![main.runs(&its_ops, &memory)];
    seen.extend(others.into_iter().map(|other| other.join().unwrap()));
    seen
}

/// What its threads see in all executions. `None` if nobody has anything to do with the others.
fn outcomes<H: Handles>(
    explorer: Explorer,
    program: &Program,
) -> Option<BTreeSet<Vec<Vec<usize>>>> {
    let (seen, own) = (Std::new(StdMutex::new(BTreeSet::new())), program.clone());
    let seeing = Std::clone(&seen);
    let model = move || {
        let seen = run::<H>(&own);
        seeing.lock().unwrap().insert(seen);
    };
    match check("owners").again_never().explorers([explorer]).run(model) {
        Verdict::Holds(_) => Some(std::mem::take(&mut *seen.lock().unwrap())),
        Verdict::Unknown(Bound::NothingExplored) => None,
        other => panic!("{program:?}: {other:?}"),
    }
}

/// Programs that were wrong once, and those that need an ordering of one operation: a thread has
/// seen that another one has given up a handle, synchronises with it, and looks at its store.
#[test]
fn each_ordering_of_an_owner_has_a_program_that_needs_it() {
    let stores: (bool, &[Op]) = (true, &[Op::Store(0)]);
    let stores_weak: (bool, &[Op]) = (false, &[Op::Store(0)]);
    let programs: [[(bool, &[Op]); 2]; 8] = [
        [stores, (true, &[Op::Unwrap, Op::Load(0)])],
        [stores, (true, &[Op::IntoInner, Op::Load(0)])],
        [stores, (true, &[Op::IsAlone, Op::Load(0)])],
        [stores, (true, &[Op::Count, Op::MakeMut, Op::Load(0)])],
        [stores_weak, (true, &[Op::WeakCount, Op::Downgrade, Op::Load(0)])],
        [
            (true, &[Op::Another, Op::Store(0), Op::GiveUp]),
            (false, &[Op::CountOfWeak, Op::CountOfWeak, Op::Upgrade, Op::Load(0)]),
        ],
        [
            (true, &[Op::Load(0), Op::IsAlone, Op::Store(1), Op::IsAlone]),
            (true, &[Op::Downgrade, Op::Store(0)]),
        ],
        [
            (false, &[Op::Load(0), Op::AnotherWeak, Op::WeakCountOfWeak]),
            (true, &[Op::IntoInner, Op::Store(0), Op::Load(1)]),
        ],
    ];
    for program in programs {
        let program = Program(program.map(|(is_handle, ops)| (is_handle, ops.to_vec())).to_vec());
        let ours = outcomes::<Arc<()>>(Explorer::Graphs, &program);
        assert_eq!(ours, outcomes::<Twin>(Explorer::Graphs, &program), "{program:?}");
    }
}

/// How many of these programs see something that no interleaving shows.
fn compare(explorer: Explorer, programs: u64) -> (u64, usize) {
    let (mut differ, mut weak) = (0, 0);
    for seed in 0..programs {
        let program = random(&mut fastrand::Rng::with_seed(seed));
        let Some(ours) = outcomes::<Arc<()>>(explorer, &program) else { continue };
        let theirs = outcomes::<Twin>(Explorer::Graphs, &program).expect("they meet there, too");
        let strong = outcomes::<Arc<()>>(Explorer::Exhaustive, &program);
        let is_allowed = strong.as_ref().is_none_or(|strong| strong.is_subset(&theirs));
        assert!(is_allowed, "seed {seed}: {program:?}");
        weak += usize::from(strong.is_some_and(|strong| strong != theirs));
        if ours != theirs {
            assert_eq!(
                explorer,
                Explorer::Exhaustive,
                "seed {seed}: {program:?}\n{ours:?}\n{theirs:?}"
            );
            differ += 1;
        }
    }
    (differ, weak)
}

#[test]
fn random_owners_see_what_their_twins_of_atomics_see() {
    let (_, weak) = compare(Explorer::Graphs, soaked(250, 50_000));
    assert!(weak > 30, "{weak}");
}

#[test]
fn counts_in_an_order_are_not_taken_for_counts_of_weak_memory() {
    let (differ, weak) = compare(Explorer::Exhaustive, 100);
    assert!(differ > 10 && differ == weak as u64, "{differ}, {weak}");
}

/// What only changes counts has as many executions as there are orders that somebody can tell.
#[test]
fn owners_have_the_executions_that_are_known() {
    fn spawned(threads: usize, body: impl Fn(Arc<AtomicUsize>) + Send + Sync + Copy + 'static) {
        let shared = Arc::new(AtomicUsize::new(0));
        for _ in 0..threads {
            let theirs = Arc::clone(&shared);
            thread::spawn(move || body(theirs));
        }
    }
    // a thread may claim before another handle is made for the next one
    for (threads, orders) in [(1, 2), (2, 8), (3, 48)] {
        let claims = move || spawned(threads, |shared| _ = Arc::into_inner(shared));
        assert_eq!(executions("into_inner", claims), orders, "{threads} threads");
    }
    // each of them fails, or is the last: who looks at 3, 2 or 1 is told apart
    let looks = |threads: usize| move || spawned(threads, |shared| _ = Arc::strong_count(&shared));
    assert_eq!(executions("strong_count", looks(1)), 3);
}

/// The program of Miri's test with GenMC, `arc.rs`: std's `Arc`, written down with atomics, and
/// ours, whose `upgrade` does not load before it exchanges.
#[test]
fn an_upgrade_has_the_executions_that_genmc_counts_for_miri() {
    fn upgrades<H: Handles>() {
        let weak = {
            let first = H::new();
            let handle = first.another();
            first.give_up();
            let weak = handle.downgrade();
            let theirs = H::another_weak(&weak);
            let other = thread::spawn(move || {
                H::upgrade(&theirs).into_iter().for_each(H::give_up);
                H::give_up_weak(theirs);
            });
            handle.give_up();
            other.join().unwrap();
            weak
        };
        assert!(H::upgrade(&weak).is_none());
        H::give_up_weak(weak);
    }
    assert_eq!(executions("twin", upgrades::<Twin>), 7);
    assert_eq!(executions("ours", upgrades::<Arc<()>>), 5);
}

struct Plain(UnsafeCell<u32>);

// SAFETY: 1. it is accessed as the models say, which is what is checked
unsafe impl Sync for Plain {}

impl Plain {
    fn write(&self) {
        write(self.0.get());
    }

    fn read(&self) {
        read(self.0.get());
    }
}

type Model = Box<dyn Fn() + Send + Sync>;

/// A thread with a handle and a `Weak` of a value writes something, and gives both up. Another one
/// reads it.
fn model(
    gives_up: impl Fn(Arc<()>, Weak<()>, &Plain) + Send + Sync + Copy + 'static,
    reads: impl Fn(Arc<()>, &Plain) + Send + Sync + Copy + 'static,
) -> Model {
    Box::new(move || {
        let plain = Std::new(Plain(UnsafeCell::new(0)));
        let shared = Arc::new(());
        let (theirs, weak) = (Arc::clone(&shared), Arc::downgrade(&shared));
        let written = Std::clone(&plain);
        let other = thread::spawn(move || gives_up(theirs, weak, &written));
        reads(shared, &plain);
        other.join().unwrap();
    })
}

/// Which order the drops of an `Arc` make, and which they do not.
#[test]
fn an_arc_orders_what_its_owners_did_before_they_gave_it_up() {
    let handle = |theirs: Arc<()>, weak: Weak<()>, plain: &Plain| {
        drop(weak);
        plain.write();
        drop(theirs);
    };
    let weak = |theirs: Arc<()>, weak: Weak<()>, plain: &Plain| {
        drop(theirs);
        plain.write();
        drop(weak);
    };
    let last = |shared, plain: &Plain| {
        if Arc::into_inner(shared).is_some() {
            plain.read();
        }
    };
    let alone = |mut shared: Arc<()>, plain: &Plain| {
        if Arc::get_mut(&mut shared).is_some() {
            plain.read();
        }
    };
    let sees = |shared: Arc<()>, plain: &Plain| {
        if Arc::strong_count(&shared) == 1 {
            plain.read();
        }
    };
    let fences = |shared: Arc<()>, plain: &Plain| {
        if Arc::strong_count(&shared) == 1 {
            fence(Acquire);
            plain.read();
        }
    };
    let sees_weak = |shared: Arc<()>, plain: &Plain| {
        if Arc::weak_count(&shared) == 0 {
            drop(shared); // the last: it learns what owners of handles knew
            plain.read();
        }
    };
    for explorer in [Explorer::Graphs, Explorer::Exhaustive] {
        let is_ordered = |name: &str, is_so: bool, model: Model| match check(name)
            .explorers([explorer])
            .run(model)
        {
            Verdict::Holds(_) if is_so => {}
            Verdict::Violated(found) if !is_so && found.kind == Kind::DataRace => {}
            other => panic!("{name}, {explorer:?}: {other:?}"),
        };
        is_ordered("the last", true, model(handle, last));
        is_ordered("the last, a Weak", false, model(weak, last));
        is_ordered("alone", true, model(handle, alone));
        is_ordered("alone, a Weak", true, model(weak, alone));
        is_ordered("counted", false, model(handle, sees));
        is_ordered("counted, a Weak", false, model(weak, sees_weak));
        is_ordered("fenced", true, model(handle, fences));
    }
}

/// Which thread drops the last handle is not told by its drop. What it does after that tells.
#[test]
fn whoever_drops_the_last_handle_may_be_another_one() {
    fn model(swapped: bool, by_join: bool) -> impl Fn() + Send + Sync + 'static {
        move || {
            let plain = Std::new(Plain(UnsafeCell::new(0)));
            let shared = Arc::new(());
            let (theirs, written) = (Arc::clone(&shared), Std::clone(&plain));
            let writes = move || {
                written.write();
                drop(theirs);
            };
            let reads = move || {
                drop(shared);
                if !by_join {
                    plain.read();
                }
                plain
            };
            let (writes, reads) = if swapped {
                let reads = thread::spawn(reads);
                (thread::spawn(writes), reads)
            } else {
                (thread::spawn(writes), thread::spawn(reads))
            };
            reads.join().unwrap().read();
            writes.join().unwrap();
        }
    }
    for explorer in [Explorer::Graphs, Explorer::Exhaustive] {
        for (swapped, by_join) in [(false, false), (false, true), (true, false), (true, true)] {
            match check("last").explorers([explorer]).run(model(swapped, by_join)) {
                Verdict::Violated(found) if found.kind == Kind::DataRace => {}
                other => panic!("{explorer:?}, {swapped}, {by_join}: {other:?}"),
            }
        }
    }
}

/// A look and an unwrapping that succeeds do not commute, whichever comes first. (The `Weak` is
/// kept: its drop beside the unwrapping would make the `Arc` counted.)
#[test]
fn a_count_may_be_looked_at_before_and_after_its_value_is_unwrapped() {
    for explorer in [Explorer::Graphs, Explorer::Exhaustive] {
        for main_looks in [false, true] {
            let seen = Std::new(StdMutex::new(BTreeSet::new()));
            let seeing = Std::clone(&seen);
            let model = move || {
                let shared = Arc::new(());
                let weak = Arc::downgrade(&shared);
                let (mut looks, mut unwraps) = (
                    Some(move || (weak.strong_count(), weak)),
                    Some(move || Arc::try_unwrap(shared)),
                );
                let (count, _weak) = if main_looks {
                    let unwraps = unwraps.take().expect("it is there");
                    let other = thread::spawn(move || unwraps().is_ok());
                    let count = looks.take().expect("it is there")();
                    assert!(other.join().unwrap());
                    count
                } else {
                    let other = thread::spawn(looks.take().expect("it is there"));
                    assert!(unwraps.take().expect("it is there")().is_ok());
                    other.join().unwrap()
                };
                seeing.lock().unwrap().insert(count);
            };
            let verdict = check("looks").again_never().explorers([explorer]).run(model);
            assert!(matches!(verdict, Verdict::Holds(_)), "{verdict:?}");
            let seen = std::mem::take(&mut *seen.lock().unwrap());
            assert_eq!(Vec::from_iter(seen), [0, 1], "{explorer}, {main_looks}");
        }
    }
}
