//! Unwinding panics, per green thread.
//!
//! std counts the panics that unwind on an OS thread, and all green threads share one OS thread.
//! When an unwinding green thread is switched out, its panics are removed from std's count. They
//! are put back after the switch. So `std::thread::panicking` is right on every green thread, and
//! so are std's poisoning and destructors that ask.
//!
//! std changes its count only where a panic begins to unwind and where one is caught. So there are
//! coroutines whose only work is to be in the middle of a panic. One that catches its own panic
//! lowers the count by one, and one that begins another raises it. The first panic of each began on
//! an OS thread of its own, where it does not matter.

use generator::{Generator, Gn, Scope};
use std::cell::RefCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A coroutine that alternates between being in the middle of a panic and having caught it.
type Counter = Generator<'static, (), ()>;

/// Suspends its coroutine when it is dropped: in the middle of a panic.
struct Suspend<'a, 's>(&'a mut Scope<'s, 'static, (), ()>);

impl Drop for Suspend<'_, '_> {
    fn drop(&mut self) {
        self.0.yield_with(());
    }
}

fn counter() -> Counter {
    Gn::new_scoped(|mut scope: Scope<'_, 'static, (), ()>| {
        loop {
            let panic = catch_unwind(AssertUnwindSafe(|| {
                let _suspend = Suspend(&mut scope);
                resume_unwind(Box::new(())) // without the hook
            }));
            let _: Result<(), _> = panic;
            scope.yield_with(());
        }
    })
}

/// A counter whose panic is not in this OS thread's count.
fn uncounted() -> Counter {
    let elsewhere = std::thread::Builder::new().name("selvedge panics".to_string()).spawn(|| {
        let mut counter = counter();
        counter.resume();
        counter
    });
    let counter = elsewhere.expect("a thread for a moment");
    counter.join().expect("its panic stays in its coroutine")
}

/// An OS thread's counters. They are never dropped: a coroutine in the middle of a panic cannot be
/// ended from another one.
#[derive(Default)]
struct Counters {
    /// In the middle of a panic.
    panicking: ManuallyDrop<Vec<Counter>>,
    /// The others.
    calm: ManuallyDrop<Vec<Counter>>,
}

thread_local! {
    static COUNTERS: RefCell<Counters> = RefCell::default();
}

/// Removes the panics that unwind on this green thread from std's count. Returns their number.
pub(in crate::execution) fn set_aside() -> usize {
    let mut panics = 0;
    while std::thread::panicking() {
        panics += 1;
        COUNTERS.with_borrow_mut(|counters| {
            let mut counter = counters.panicking.pop().unwrap_or_else(uncounted);
            counter.resume();
            counters.calm.push(counter);
        });
    }
    panics
}

/// Puts this many panics, set aside before, back into std's count.
pub(in crate::execution) fn take_up(panics: usize) {
    for _ in 0..panics {
        COUNTERS.with_borrow_mut(|counters| {
            let mut counter = counters.calm.pop().expect("each panic was set aside by one");
            counter.resume();
            counters.panicking.push(counter);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::panicking;

    /// Calls `f` while this many panics unwind.
    fn while_unwinding(panics: usize, f: &mut dyn FnMut()) {
        struct OnDrop<'a>(usize, &'a mut dyn FnMut());
        impl Drop for OnDrop<'_> {
            fn drop(&mut self) {
                while_unwinding(self.0, self.1);
            }
        }
        let Some(fewer) = panics.checked_sub(1) else { return f() };
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _on_drop = OnDrop(fewer, f);
            resume_unwind(Box::new("on purpose"))
        }));
        let payload: Result<(), _> = unwound;
        assert!(payload.is_err_and(|payload| payload.is::<&str>()));
    }

    #[test]
    fn panics_that_are_set_aside_are_not_seen_until_they_are_taken_up() {
        for panics in [1, 2, 3, 1] {
            while_unwinding(panics, &mut || {
                for _ in 0..3 {
                    let aside = set_aside();
                    assert_eq!((aside, panicking()), (panics, false));
                    while_unwinding(1, &mut || assert!(panicking())); // another green thread's
                    assert!(!panicking());
                    take_up(aside);
                    assert!(panicking());
                }
            });
            assert!(!panicking());
        }
    }

    #[test]
    fn nothing_is_set_aside_where_nothing_unwinds() {
        assert_eq!(set_aside(), 0);
    }
}
