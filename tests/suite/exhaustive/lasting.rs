//! An access to a cell lasts until the last operation in its closure.

use selvedge::cell::UnsafeCell;
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};
use selvedge::{Check, Expect, Explorer, Kind, thread};

struct Shared {
    cell: UnsafeCell<u32>,
    flag: AtomicBool,
}
// SAFETY: 1. that is what is checked
unsafe impl Sync for Shared {}

fn with(reader: fn(&Shared)) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new(Shared { cell: UnsafeCell::new(0), flag: AtomicBool::new(false) });
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || reader(&theirs));
        if shared.flag.load(Acquire) {
            // SAFETY: 1. checked
            shared.cell.with_mut(|p| unsafe { *p = 1 });
        }
        thread.join().unwrap();
    }
}

const BOTH: [Explorer; 2] = [Explorer::Exhaustive, Explorer::Loom { preemption_bound: None }];

#[test]
fn a_right_that_is_handed_on_before_the_last_read_is_a_race() {
    for explorer in BOTH {
        let model = with(|shared| {
            shared.cell.with(|p| {
                shared.flag.store(true, Release);
                shared.flag.load(Relaxed);
                // SAFETY: 1. none: it is broken
                unsafe { *p }
            });
        });
        let _ = Check::new("early")
            .explorers([explorer])
            .expect(Expect::Violation(Kind::DataRace))
            .assert(model);
    }
}

#[test]
fn a_right_that_is_handed_on_by_the_last_operation_is_none() {
    for explorer in BOTH {
        let model = with(|shared| {
            shared.cell.with(|p| {
                // SAFETY: 1. checked
                let read = unsafe { *p };
                shared.flag.load(Relaxed);
                shared.flag.store(true, Release);
                read
            });
        });
        let _ = Check::new("last").explorers([explorer]).assert(model);
    }
}

/// Operations that hand nothing on make no further access.
#[test]
fn an_access_is_one_event_as_long_as_nothing_is_handed_on() {
    let counts = |reader| {
        Check::new("counts")
            .explorers([Explorer::Exhaustive])
            .count(with(reader))
            .unwrap()
            .executions
    };
    let within = counts(|shared| {
        shared.cell.with(|_| (0..3).for_each(|_| _ = shared.flag.load(Relaxed)));
        shared.flag.store(true, Release);
    });
    let after = counts(|shared| {
        shared.cell.with(|_| ());
        (0..3).for_each(|_| _ = shared.flag.load(Relaxed));
        shared.flag.store(true, Release);
    });
    assert_eq!(within, after);
}
