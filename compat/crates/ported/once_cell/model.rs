//! A cell is initialised once, and who sees that sees the value.

use super::{Ends, Model};
use once_cell::{race, sync};
use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::{Kind, thread};

pub(super) const MODELS: [Model; 3] = [
    ("three initialisers", three_initialisers, Ends::Weak),
    ("a static", a_static, Ends::Weak),
    ("a race", a_race, Ends::Weak),
];
pub(super) const BUG: (&str, fn(), Kind) = ("three initialisers", three_initialisers, Kind::Panic);

/// Memory of which a model says when it is used.
struct Letter(UnsafeCell<u32>);

// SAFETY: 1. who uses it when is what the models check
unsafe impl Sync for Letter {}

impl Letter {
    fn new(text: u32) -> Letter {
        let letter = Letter(UnsafeCell::new(0));
        // SAFETY: 1. it is this thread's
        letter.0.with_mut(|it| unsafe { *it = text });
        letter
    }

    fn read(&self) -> u32 {
        // SAFETY: 1. nobody writes it any more
        self.0.with(|it| unsafe { *it })
    }
}

fn three_initialisers() {
    let (cell, calls) = (sync::OnceCell::new(), AtomicU32::new(0));
    let read = || {
        let letter: &Letter = cell.get_or_init(|| Letter::new(calls.fetch_add(1, SeqCst) + 1));
        assert_eq!(letter.read(), 1);
    };
    thread::scope(|scope| {
        scope.spawn(read);
        scope.spawn(read);
        assert!(cell.get().is_none_or(|letter| letter.read() == 1));
    });
}

fn a_static() {
    static LETTER: sync::OnceCell<Letter> = sync::OnceCell::new();
    let read = || LETTER.get_or_init(|| Letter::new(1)).read();
    let other = thread::spawn(read);
    assert_eq!(read(), 1);
    assert_eq!(other.join().unwrap(), 1);
}

/// Both make a letter, and one is kept.
fn a_race() {
    let cell = race::OnceBox::new();
    let read = |text| cell.get_or_init(|| Box::new(Letter::new(text))).read();
    thread::scope(|scope| {
        let other = scope.spawn(|| read(1));
        let mine = read(2);
        assert_eq!(other.join().unwrap(), mine);
    });
}
