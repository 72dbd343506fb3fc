//! A lock for readers and writers whose unlock orders nothing.
//!
//! RUSTSEC-2019-0013: spin's guards were dropped with `Relaxed`.

use super::{Data, Plain, beside, holds, only_weak, races};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

const WRITER: usize = 1;
const READER: usize = 2;

/// A lock that is tried once: whoever does not get it goes without.
struct Lock<D> {
    /// [`WRITER`], or [`READER`] for each reader.
    state: AtomicUsize,
    data: [D; 2],
    unlocks: Unlocks,
}

#[derive(Clone, Copy)]
struct Unlocks {
    writer: Ordering,
    reader: Ordering,
}

const RIGHT: Unlocks = Unlocks { writer: Release, reader: Release };
const WRITER_RELAXED: Unlocks = Unlocks { writer: Relaxed, ..RIGHT };
const READER_RELAXED: Unlocks = Unlocks { reader: Relaxed, ..RIGHT };

impl<D: Data> Lock<D> {
    fn new(unlocks: Unlocks) -> Lock<D> {
        Lock { state: AtomicUsize::new(0), data: [D::new(), D::new()], unlocks }
    }

    fn write<R>(&self, f: impl FnOnce(&[D; 2]) -> R) -> Option<R> {
        self.state.compare_exchange(0, WRITER, Acquire, Relaxed).ok()?;
        let result = f(&self.data);
        self.state.fetch_and(!WRITER, self.unlocks.writer);
        Some(result)
    }

    fn read<R>(&self, f: impl FnOnce(&[D; 2]) -> R) -> Option<R> {
        let free = self.state.fetch_add(READER, Acquire) & WRITER == 0;
        let result = free.then(|| f(&self.data));
        self.state.fetch_sub(READER, self.unlocks.reader);
        result
    }
}

/// Two writers count what they do.
fn two_writers<D: Data>(unlocks: Unlocks) {
    let lock = Lock::<D>::new(unlocks);
    let write = || usize::from(lock.write(|[data, _]| data.set(data.get() + 1)).is_some());
    let (one, other) = beside(write, write);
    assert_eq!(lock.data[0].get(), one + other, "a write is lost");
}

/// A reader sees both halves of what a writer does.
fn writer_and_reader<D: Data>(unlocks: Unlocks) {
    let lock = Lock::<D>::new(unlocks);
    let write = || lock.write(|data| data.iter().for_each(|half| half.set(1)));
    let read = || lock.read(|[one, other]| [one.get(), other.get()]);
    if let (_, Some([one, other])) = beside(write, read) {
        assert_eq!(one, other, "half of a write is seen");
    }
}

/// Two writers, one of which fails, are 2 executions. If both succeed, the second has read what the
/// first wrote; or it has not, and its own write stands before or behind that.
#[test]
fn a_lock_whose_writer_unlocks_relaxed_loses_writes() {
    only_weak("atomics", (Kind::Panic, 4, 8), || two_writers::<AtomicUsize>(WRITER_RELAXED));
    races("cells", || two_writers::<Plain>(WRITER_RELAXED));
    holds("atomics, right", 4, || two_writers::<AtomicUsize>(RIGHT));
    holds("cells, right", 4, || two_writers::<Plain>(RIGHT));
}

/// The writer fails, or is first and done, or the reader is; or the reader fails, before the writer
/// has unlocked or while it does. Without an order, a reader behind the writer has any of 4 data.
#[test]
fn a_lock_whose_writer_unlocks_relaxed_shows_halves() {
    only_weak("atomics", (Kind::Panic, 2, 8), || writer_and_reader::<AtomicUsize>(WRITER_RELAXED));
    races("cells", || writer_and_reader::<Plain>(WRITER_RELAXED));
    holds("atomics, right", 5, || writer_and_reader::<AtomicUsize>(RIGHT));
    holds("cells, right", 5, || writer_and_reader::<Plain>(RIGHT));
}

/// A thread reads nothing that is written behind its own unlock, whatever that says: only a plain
/// read can be written over.
#[test]
fn a_lock_whose_reader_unlocks_relaxed_lets_a_writer_in_too_early() {
    races("cells", || writer_and_reader::<Plain>(READER_RELAXED));
    holds("atomics", 5, || writer_and_reader::<AtomicUsize>(READER_RELAXED));
}
