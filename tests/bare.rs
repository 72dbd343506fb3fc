//! Without the feature `model`, the vocabulary is std's and crossbeam's own, type by type.
//!
//! With the feature there is nothing to see here, and the gate `ci/bare` fails if it sees nothing.
#![cfg(not(feature = "model"))]

use selvedge::sync::atomic::AtomicU64;
use selvedge::sync::{self, Arc};
use selvedge::{cell, channel, future, thread, time};

/// Compiles only if both are one type.
fn is<T>(it: T) -> T {
    it
}

#[test]
fn locks_are_those_of_std() {
    let mutex: std::sync::Mutex<u8> = is::<sync::Mutex<u8>>(sync::Mutex::new(1));
    let guard: std::sync::MutexGuard<'_, u8> =
        is::<sync::MutexGuard<'_, u8>>(mutex.lock().unwrap());
    assert_eq!(*guard, 1);
    let _: std::sync::RwLock<u8> = is::<sync::RwLock<u8>>(sync::RwLock::new(1));
    let _: std::sync::Condvar = is::<sync::Condvar>(sync::Condvar::new());
    let _: std::sync::Once = is::<sync::Once>(sync::Once::new());
    let _: std::sync::OnceLock<u8> = is::<sync::OnceLock<u8>>(sync::OnceLock::new());
    let _: std::sync::LazyLock<u8> = is::<sync::LazyLock<u8>>(sync::LazyLock::new(|| 1));
    let _: std::sync::Barrier = is::<sync::Barrier>(sync::Barrier::new(1));
}

#[test]
fn atomics_pointers_and_channels_are_those_of_std() {
    let _: std::sync::atomic::AtomicU64 = is::<AtomicU64>(AtomicU64::new(1));
    let _: std::sync::Arc<u8> = is::<Arc<u8>>(Arc::new(1));
    let (sender, _receiver) = sync::mpsc::channel::<u8>();
    let _: std::sync::mpsc::Sender<u8> = is::<sync::mpsc::Sender<u8>>(sender);
}

#[test]
fn a_lock_may_be_a_static() {
    static BALANCE: sync::Mutex<u64> = sync::Mutex::new(0);
    *BALANCE.lock().unwrap() += 1;
    assert_eq!(*BALANCE.lock().unwrap(), 1);
}

#[test]
fn a_coercion_is_the_one_of_std() {
    let seven = sync::Arc::new(|| 7);
    let weak: std::sync::Weak<dyn Fn() -> u32> = selvedge::coerce!(sync::Arc::downgrade(&seven));
    let strong: std::sync::Arc<dyn Fn() -> u32> = selvedge::coerce!(sync::Arc::clone(&seven));
    assert_eq!(weak.upgrade().map(|seven| seven()), Some(strong()));
}

#[test]
fn threads_are_those_of_std() {
    let thread: std::thread::JoinHandle<u8> = is::<thread::JoinHandle<u8>>(thread::spawn(|| 1));
    assert_eq!(thread.join().unwrap(), 1);
}

#[test]
fn channels_are_those_of_crossbeam() {
    let (sender, receiver) = channel::bounded::<u8>(1);
    let sender: crossbeam::channel::Sender<u8> = is::<channel::Sender<u8>>(sender);
    sender.send(1).unwrap();
    assert_eq!(receiver.recv(), Ok(1));
}

#[test]
fn memory_is_announced_to_nobody() {
    let mut value = 7;
    cell::write(&raw mut value);
    cell::read(&raw const value);
    cell::freed(&raw mut value);
    assert_eq!(value, 7);
}

#[test]
fn time_is_that_of_std() {
    let start: std::time::Instant = is::<time::Instant>(time::Instant::now());
    time::sleep(time::Duration::ZERO);
    assert!(start <= time::Instant::now());
}

#[test]
fn futures_are_those_of_std_and_nothing_runs_them() {
    let ready: std::future::Ready<u8> = is::<future::Ready<u8>>(future::ready(1));
    assert_eq!(ready.into_inner(), 1);
    assert!(absent::nothing_is_there());
}

/// What exists in models only. A name that two globs bring in is an error.
mod absent {
    mod mine {
        pub(super) fn block_on() -> bool {
            true
        }

        pub(super) fn spawn() -> bool {
            true
        }

        pub(super) mod rand {
            pub(in super::super) const MINE: bool = true;
        }
    }

    #[allow(unused_imports)]
    use {mine::*, selvedge::future::*, selvedge::*};

    pub(super) fn nothing_is_there() -> bool {
        block_on() && spawn() && rand::MINE
    }
}

#[test]
fn a_cell_costs_what_it_holds() {
    assert_eq!(size_of::<cell::UnsafeCell<u64>>(), size_of::<u64>());
    assert_eq!(size_of::<sync::Mutex<u64>>(), size_of::<std::sync::Mutex<u64>>());
}

/// Compiles only if both are one function.
fn are_one<F>(_: F, _: F) {}

#[test]
fn memory_is_allocated_by_std() {
    are_one(selvedge::alloc::alloc, std::alloc::alloc);
    are_one(selvedge::alloc::alloc_zeroed, std::alloc::alloc_zeroed);
    are_one(selvedge::alloc::realloc, std::alloc::realloc);
    are_one(selvedge::alloc::dealloc, std::alloc::dealloc);
    let _: std::alloc::Layout = is::<selvedge::alloc::Layout>(std::alloc::Layout::new::<u8>());
    assert_eq!(size_of::<cell::ConstPtr<u64>>(), size_of::<*const u64>());
    assert_eq!(size_of::<cell::MutPtr<u64>>(), size_of::<*mut u64>());
}
