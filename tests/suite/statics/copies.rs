//! Constants that a model copies into its own memory, and several threads use.

use super::{EXACT, executions, violated};
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicPtr, AtomicUsize};
use selvedge::sync::{Arc, Barrier, Condvar, Mutex, OnceLock, RwLock};
use selvedge::{Check, Explorer, Kind, Verdict, thread};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release, SeqCst};

const ZERO: AtomicUsize = AtomicUsize::new(0);

/// As many executions as with objects that the model creates when it runs, in both explorers.
fn is_like_twin(name: &str, copies: fn(), made: fn()) {
    for explorer in EXACT {
        let twin = executions(name, explorer, made);
        assert!(twin > 1, "{name}, {explorer}: nothing to explore");
        assert_eq!(executions(name, explorer, copies), twin, "{name}, {explorer}");
    }
}

fn made<T, const N: usize>(make: fn() -> T) -> [T; N] {
    std::array::from_fn(|_| make())
}

fn zero() -> AtomicUsize {
    AtomicUsize::new(0)
}

/// Two threads come to two atomics in two orders. Who comes first must not matter.
fn meet(slots: &[AtomicUsize; 2]) {
    meet_in([&slots[0], &slots[1]]);
}

fn meet_in([one, other]: [&AtomicUsize; 2]) {
    thread::scope(|s| {
        s.spawn(|| {
            first_of_all();
            one.store(1, Release);
            other.load(Acquire)
        });
        s.spawn(|| {
            first_of_all();
            other.store(1, Release);
            other.swap(2, Release); // what the two do is not the same
            one.load(Acquire)
        });
    });
}

/// A new thread runs to its first operation at once: this one, which is independent of all others.
fn first_of_all() {
    AtomicUsize::new(0).store(1, Relaxed);
}

#[test]
fn a_copy_in_an_arc_is_known_by_its_place() {
    is_like_twin("arc", || meet(&Arc::new([ZERO; 2])), || meet(&Arc::new(made(zero))));
    // an Arc more, and the copies behind something else
    is_like_twin(
        "second",
        || _ = (Arc::new(1), meet(&Arc::new((7, [ZERO; 2])).1)),
        || _ = (Arc::new(1), meet(&Arc::new((7, made(zero))).1)),
    );
}

/// Who comes first has one object less of its own than it seems to have. What two threads, or two
/// `Arc`s, have at the same place are two objects.
#[test]
fn the_place_of_a_copy_is_no_other_objects() {
    fn own(shared: &AtomicUsize, make: fn() -> Arc<AtomicUsize>) {
        let work = || {
            first_of_all();
            shared.fetch_add(1, Relaxed);
            let own = make();
            thread::scope(|s| {
                s.spawn(|| own.store(1, Relaxed));
                own.load(Relaxed);
            });
            shared.fetch_add(1, Relaxed);
        };
        thread::scope(|s| {
            s.spawn(work);
            first_of_all();
            shared.store(7, Relaxed);
            work();
        });
    }
    let copied = || own(&ZERO, || Arc::new(zero()));
    is_like_twin("own", copied, || own(&zero(), || Arc::new(zero())));
    fn each(make: fn() -> Arc<AtomicUsize>) {
        let last = zero();
        let work = || {
            let own = make();
            thread::scope(|s| {
                s.spawn(|| own.store(1, Relaxed));
                own.load(Relaxed);
            });
            last.fetch_add(1, Relaxed);
        };
        thread::scope(|s| {
            s.spawn(work);
            work();
        });
    }
    is_like_twin("each", || each(|| Arc::new(ZERO)), || each(|| Arc::new(zero())));
    is_like_twin(
        "two Arcs",
        || meet_in([&Arc::new(ZERO), &Arc::new(ZERO)]),
        || meet_in([&Arc::new(zero()), &Arc::new(zero())]),
    );
}

#[test]
fn a_copy_on_a_stack_is_known_by_its_place() {
    is_like_twin("stack", || meet(&[ZERO; 2]), || meet(&made(zero)));
    is_like_twin(
        "a thread's stack",
        || thread::scope(|s| _ = s.spawn(|| meet(&[ZERO; 2]))),
        || thread::scope(|s| _ = s.spawn(|| meet(&made(zero)))),
    );
}

/// What stands where another one has stood is another object.
#[test]
fn a_place_that_is_used_again_holds_another_object() {
    #[inline(never)]
    fn on_the_stack(make: fn() -> [AtomicUsize; 2]) {
        meet(&make());
    }
    is_like_twin(
        "frames",
        || (0..2).for_each(|_| on_the_stack(|| [ZERO; 2])),
        || (0..2).for_each(|_| on_the_stack(|| made(zero))),
    );
    fn borrowed(make: fn() -> [AtomicUsize; 2]) {
        let mut slots = Arc::new(make());
        meet(&slots);
        let mut slot = &mut Arc::get_mut(&mut slots).unwrap()[0];
        assert_eq!(std::mem::take(slot.get_mut()), 1);
        *slot = make().into_iter().next().unwrap();
        slot = &mut Arc::get_mut(&mut slots).unwrap()[1];
        *slot = make().into_iter().next().unwrap();
        meet(&slots);
    }
    is_like_twin("borrowed", || borrowed(|| [ZERO; 2]), || borrowed(|| made(zero)));
}

/// All kinds of objects that std makes in constants.
#[test]
fn copies_of_any_kind_are_used_by_who_comes_first() {
    #[derive(Default)]
    struct Kinds {
        lock: Mutex<u32>,
        rate: RwLock<u32>,
        once: OnceLock<u32>,
        turn: (Mutex<bool>, Condvar),
    }
    const KINDS: Kinds = Kinds {
        lock: Mutex::new(0),
        rate: RwLock::new(0),
        once: OnceLock::new(),
        turn: (Mutex::new(false), Condvar::new()),
    };
    fn use_all(kinds: &Kinds) {
        thread::scope(|s| {
            s.spawn(|| {
                *kinds.lock.lock().unwrap() += 1;
                *kinds.rate.write().unwrap() += 1;
                *kinds.turn.0.lock().unwrap() = true;
                kinds.turn.1.notify_one();
            });
            *kinds.lock.lock().unwrap() += *kinds.once.get_or_init(|| 1);
            let turn = kinds.turn.0.lock().unwrap();
            drop(kinds.turn.1.wait_while(turn, |came| !*came).unwrap());
        });
        assert_eq!((*kinds.lock.lock().unwrap(), *kinds.rate.read().unwrap()), (2, 1));
    }
    is_like_twin("kinds", || use_all(&KINDS), || use_all(&Kinds::default()));
    is_like_twin("in an Arc", || use_all(&Arc::new(KINDS)), || use_all(&Arc::default()));
}

#[test]
fn a_lost_update_of_a_copy_is_found() {
    fn lose(slots: &[AtomicUsize; 4]) {
        thread::scope(|s| {
            s.spawn(|| slots[2].store(slots[2].load(SeqCst) + 1, SeqCst));
            slots[2].store(slots[2].load(SeqCst) + 1, SeqCst);
        });
        assert_eq!(slots[2].load(SeqCst), 2);
    }
    let samplers = [Explorer::Random { seed: 1 }, Explorer::Weak { seed: 1 }];
    for explorer in EXACT.into_iter().chain(samplers) {
        for model in [|| lose(&[ZERO; 4]), || lose(&Arc::new([ZERO; 4]))] {
            let found = violated("lost", explorer, model);
            assert_eq!(found.kind, Kind::Panic, "{found:?}");
        }
    }
}

/// A race of a cell that a constant has made.
#[test]
fn a_race_on_a_copied_cell_is_found() {
    struct Shared(UnsafeCell<u32>);
    // SAFETY: a race is what is sought
    unsafe impl Sync for Shared {}
    const SHARED: Shared = Shared(UnsafeCell::new(0));
    fn race(shared: &Shared) {
        let write = || shared.0.with_mut(|value| unsafe { *value += 1 });
        thread::scope(|s| {
            s.spawn(write);
            write();
        });
    }
    for explorer in EXACT {
        for model in [|| race(&SHARED), || race(&Arc::new(SHARED))] {
            assert_eq!(violated("cell", explorer, model).kind, Kind::DataRace);
        }
    }
}

/// A copy is no older than what it stands in: who uses it must have heard of that.
#[test]
fn a_copy_that_is_published_too_weakly_is_a_race() {
    fn arc(order: Ordering) {
        published(order, || Arc::new(ZERO));
    }
    fn borrowed(order: Ordering) {
        let mut made = Some(Arc::new(zero()));
        published(order, move || {
            let mut mine = made.take().unwrap();
            *Arc::get_mut(&mut mine).unwrap() = ZERO;
            mine
        });
    }
    fn published(order: Ordering, make: impl FnOnce() -> Arc<AtomicUsize> + Send) {
        let place = AtomicPtr::new(null_mut::<AtomicUsize>());
        thread::scope(|s| {
            s.spawn(|| place.store(Arc::into_raw(make()).cast_mut(), order));
            s.spawn(|| {
                // SAFETY: what is published is never freed before the scope ends
                let found = unsafe { place.load(Acquire).as_ref() };
                found.map(|found| found.fetch_add(1, Relaxed))
            });
        });
        // SAFETY: it is the `Arc` that was published
        drop(unsafe { Arc::from_raw(place.load(Relaxed)) });
    }
    fn stack(order: Ordering) {
        let (place, ends) = (AtomicPtr::new(null_mut::<AtomicUsize>()), Barrier::new(2));
        thread::scope(|s| {
            s.spawn(|| {
                let own = ZERO;
                place.store((&raw const own).cast_mut(), order);
                ends.wait();
            });
            // SAFETY: what is published lives until both have come to the barrier
            let found = unsafe { place.load(Acquire).as_ref() };
            found.map(|found| found.fetch_add(1, Relaxed));
            ends.wait();
        });
    }
    for publish in [arc, borrowed, stack] {
        let found = violated("relaxed", Explorer::Graphs, move || publish(Relaxed));
        assert_eq!(found.kind, Kind::DataRace, "{found:?}");
        assert!(found.message.contains("nothing orders its creation"), "{found:?}");
        assert!(executions("released", Explorer::Graphs, move || publish(Release)) > 1);
    }
}

/// Memory that an `Arc` had before says nothing of what stands there now.
#[test]
fn the_place_of_a_dead_arc_is_nobodys() {
    const ROOM: usize = 12 * size_of::<AtomicUsize>() - 16; // an `Arc` has two counts, too
    fn after(dies: fn(Arc<[u8; ROOM]>)) {
        let dead = AtomicUsize::new(0);
        thread::scope(|s| {
            s.spawn(|| {
                dies(Arc::new([0; ROOM]));
                dead.store(1, Relaxed);
            });
            while dead.load(Relaxed) != 1 {
                thread::yield_now();
            }
            let slots = Box::new([const { AtomicUsize::new(0) }; 12]);
            thread::scope(|s| {
                s.spawn(|| slots[11].store(1, Relaxed));
                slots[11].load(Relaxed)
            });
        });
    }
    let dies: [fn(Arc<[u8; ROOM]>); 2] = [
        |arc| {
            let weak = Arc::downgrade(&arc);
            drop(arc);
            drop(weak);
        },
        |arc| drop::<std::sync::Arc<[u8; ROOM]>>(arc.into()),
    ];
    for explorer in EXACT.into_iter().chain([Explorer::Weak { seed: 1 }]) {
        for dies in dies {
            match Check::new("dead").explorers([explorer]).run(move || after(dies)) {
                Verdict::Unknown(why) => assert!(why.to_string().contains("a constant"), "{why}"),
                other => panic!("{explorer}: {other:?}"),
            }
        }
    }
}

/// Elsewhere it is not known which thread has created the copy, unless there is only one.
#[test]
fn a_copy_behind_a_box_belongs_to_the_only_thread_that_can_use_it() {
    fn behind(slots: [AtomicUsize; 2], uses: bool) {
        let slots = Box::new(slots);
        if uses {
            slots.iter().for_each(|slot| _ = slot.load(Relaxed));
        }
        meet(&slots);
    }
    is_like_twin("used", || behind([ZERO; 2], true), || behind(made(zero), true));
    for explorer in EXACT {
        match Check::new("late").explorers([explorer]).run(|| behind([ZERO; 2], false)) {
            Verdict::Unknown(why) => assert!(why.to_string().contains("a constant"), "{why}"),
            other => panic!("{explorer}: {other:?}"),
        }
    }
}
