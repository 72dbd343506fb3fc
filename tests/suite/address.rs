//! Memory that is announced by its address: which accesses race, what is one memory, and what it
//! costs the search.

use selvedge::report::{Style, timeline};
use selvedge::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use selvedge::sync::{Arc, Mutex};
use selvedge::{Check, Counterexample, Expect, Explorer, Kind, Verdict, cell, thread};
use std::cell::UnsafeCell;

const LOOM: Explorer = Explorer::Loom { preemption_bound: None };

/// Bytes that nobody watches but by what is announced.
struct Raw<T>(UnsafeCell<T>);
// SAFETY: nothing is ever read or written here, it is only announced
unsafe impl<T> Sync for Raw<T> {}
unsafe impl<T> Send for Raw<T> {}

impl<T> Raw<T> {
    fn new(value: T) -> Raw<T> {
        Raw(UnsafeCell::new(value))
    }

    fn get(&self) -> *mut T {
        self.0.get()
    }
}

#[track_caller]
fn holds(explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> u64 {
    match Check::new("memory").explorers([explorer]).run(model) {
        Verdict::Holds(coverage) => coverage.executions(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn races(explorer: Explorer, model: impl Fn() + Send + Sync + 'static) -> Counterexample {
    let verdict = Check::new("memory").explorers([explorer]).run(model);
    assert!(verdict.is(Expect::Violation(Kind::DataRace)), "{verdict:?}");
    let Verdict::Violated(found) = verdict else { unreachable!("just seen") };
    *found
}

/// A message, and the flag that publishes it.
fn publish(order: Ordering, announced: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((Raw::new(0_u64), AtomicBool::new(false)));
        let theirs = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            if announced {
                cell::write(theirs.0.get());
            }
            theirs.1.store(true, order);
        });
        if shared.1.load(Ordering::Acquire) && announced {
            cell::read(shared.0.get());
        }
        writer.join().unwrap();
        if announced {
            cell::write(shared.0.get());
        }
    }
}

#[test]
fn what_nothing_publishes_races() {
    for explorer in [Explorer::Exhaustive, Explorer::Dfs, LOOM, Explorer::Portfolio { seed: 0 }] {
        let found = races(explorer, publish(Ordering::Relaxed, true));
        let text = timeline::counterexample(&found, &Style::Plain);
        for words in [
            "memory 1.set ",
            "memory 1.get ",
            "<- races with the write of thread 1",
            "announced first at",
        ] {
            assert!(text.contains(words), "no {words:?} in\n{text}");
        }
    }
}

#[test]
fn what_comes_after_the_publication_is_not_published() {
    for explorer in [Explorer::Exhaustive, LOOM] {
        races(explorer, || {
            let shared = Arc::new((Raw::new(0_u64), AtomicBool::new(false)));
            let theirs = Arc::clone(&shared);
            let writer = thread::spawn(move || {
                theirs.1.store(true, Ordering::Release);
                cell::write(theirs.0.get());
            });
            if shared.1.load(Ordering::Acquire) {
                cell::read(shared.0.get());
            }
            writer.join().unwrap();
        });
    }
}

#[test]
fn what_is_published_does_not_race_and_costs_no_execution() {
    let bare = holds(Explorer::Exhaustive, publish(Ordering::Release, false));
    assert_eq!(holds(Explorer::Exhaustive, publish(Ordering::Release, true)), bare);
    holds(LOOM, publish(Ordering::Release, true));
}

/// One thread touches memory, then another one does; nothing orders them.
fn beside(
    one: impl Fn(*mut [u32; 4]) + Copy + Send + Sync + 'static,
    other: impl Fn(*mut [u32; 4]) + Copy + Send + Sync + 'static,
) -> impl Fn() + Send + Sync + 'static {
    move || {
        let memory = Arc::new((Raw::new([0_u32; 4]), AtomicU32::new(0)));
        cell::write(memory.0.get());
        let theirs = Arc::clone(&memory);
        let thread = thread::spawn(move || {
            theirs.1.fetch_add(1, Ordering::Relaxed);
            one(theirs.0.get());
        });
        memory.1.fetch_add(1, Ordering::Relaxed);
        other(memory.0.get());
        thread.join().unwrap();
        cell::read(memory.0.get());
    }
}

#[test]
fn bytes_in_common_race_and_neighbours_do_not() {
    let at =
        |place: usize| move |all: *mut [u32; 4]| cell::write(all.cast::<u32>().wrapping_add(place));
    let two_at = |place: usize| {
        move |all: *mut [u32; 4]| {
            cell::write(all.cast::<u32>().wrapping_add(place).cast::<[u32; 2]>())
        }
    };
    let read_at =
        |place: usize| move |all: *mut [u32; 4]| cell::read(all.cast::<u32>().wrapping_add(place));
    for explorer in [Explorer::Exhaustive, LOOM] {
        holds(explorer, beside(at(0), at(1)));
        holds(explorer, beside(two_at(0), two_at(2)));
        holds(explorer, beside(read_at(1), read_at(1)));
        holds(explorer, beside(|all| cell::read(all), read_at(2)));
        races(explorer, beside(at(1), at(1)));
        races(explorer, beside(two_at(0), two_at(1)));
        races(explorer, beside(|all| cell::read(all), at(3)));
        races(explorer, beside(read_at(2), two_at(1)));
        races(explorer, beside(two_at(1), read_at(2)));
        races(explorer, beside(|all| cell::freed(all), read_at(3)));
        races(explorer, beside(read_at(3), |all| cell::freed(all)));
    }
}

#[test]
fn a_use_after_memory_is_freed_is_a_race_in_the_other_order() {
    // nothing but the two: whichever comes first by itself, the other order is explored
    let one_frees = |main: bool| {
        move || {
            let memory = Arc::new(Raw::new(0_u64));
            let theirs = Arc::clone(&memory);
            let touch = |frees: bool, memory: &Raw<u64>| match frees {
                true => cell::freed(memory.get()),
                false => cell::read(memory.get()),
            };
            let thread = thread::spawn(move || touch(!main, &theirs));
            touch(main, &memory);
            thread.join().unwrap();
        }
    };
    for main in [true, false] {
        races(Explorer::Exhaustive, one_frees(main));
        races(Explorer::Dfs, one_frees(main));
    }
}

/// What was given back, and how many were at it.
type Pool = (std::sync::Mutex<Vec<Box<Raw<u64>>>>, AtomicU32);

/// Two threads take memory from an allocator that no model sees, use it, and give it back.
fn allocate(says: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let mine: Arc<Pool> = Arc::default();
        let theirs = Arc::clone(&mine);
        let work = move |shared: Arc<Pool>| {
            let (pool, seen) = &*shared;
            seen.fetch_add(1, Ordering::Relaxed); // so that the other one may be through by now
            let free = pool.lock().unwrap().pop();
            let memory = free.unwrap_or_else(|| Box::new(Raw::new(0)));
            cell::write(memory.get());
            if says {
                cell::freed(memory.get());
            }
            pool.lock().unwrap().push(memory);
        };
        let thread = thread::spawn(move || work(theirs));
        work(mine);
        thread.join().unwrap();
    }
}

#[test]
fn memory_that_is_freed_is_another_one() {
    holds(Explorer::Exhaustive, allocate(true));
    holds(LOOM, allocate(true));
    let found = races(Explorer::Exhaustive, allocate(false));
    let text = timeline::counterexample(&found, &Style::Plain);
    assert!(
        text.contains("note: memory is told by its address")
            && text.contains("selvedge::cell::freed"),
        "{text}"
    );
}

/// Threads touch memory first, whoever comes first, and then make objects by which they meet.
fn makers(announced: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let memory = Arc::new((Raw::new(0_u8), AtomicU32::new(0)));
        let table: Arc<Mutex<Vec<Arc<AtomicU32>>>> = Arc::default();
        let threads = [0, 1].map(|_| {
            let (memory, table) = (Arc::clone(&memory), Arc::clone(&table));
            thread::spawn(move || {
                memory.1.fetch_add(1, Ordering::Relaxed); // in either order
                if announced {
                    cell::read(memory.0.get());
                }
                let mine = Arc::new(AtomicU32::new(0));
                table.lock().unwrap().push(Arc::clone(&mine));
                let all = table.lock().unwrap().clone();
                all.iter().for_each(|one| _ = one.fetch_add(1, Ordering::Relaxed));
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn who_touches_memory_first_is_nothing_to_the_search() {
    let bare = holds(Explorer::Exhaustive, makers(false));
    assert!(bare > 1);
    assert_eq!(holds(Explorer::Exhaustive, makers(true)), bare);
    holds(LOOM, makers(true));
}

#[test]
fn a_race_of_memory_is_replayed() {
    let found = races(Explorer::Exhaustive, publish(Ordering::Relaxed, true));
    let config =
        selvedge::Config { replay: Some(found.replay.clone()), ..selvedge::Config::default() };
    let again = Check::new("memory").config(config).run(publish(Ordering::Relaxed, true));
    let Verdict::Violated(again) = again else { panic!("{again:?}") };
    assert_eq!((again.kind, again.trace.events.len()), (found.kind, found.trace.events.len()));
}

#[test]
fn outside_of_a_model_nothing_happens() {
    let mut value = 7;
    cell::write(&raw mut value);
    cell::read(&raw const value);
    cell::freed(&raw mut value);
    assert_eq!(value, 7);
}
