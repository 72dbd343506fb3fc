//! `AtomicWaker`

use crate::execution::constant::{self, Lent};
use crate::execution::memory::atomic::{self, Rmw};
use crate::execution::{Home, Stored};
use crate::trace::{ObjectKind, Operation};
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

/// The place of one waker, as in the crate `atomic-waker`: one task registers, any thread wakes.
///
/// To register and to take are one step each. So a wake that comes beside a registration either
/// comes first, and then what its thread did before is known to who has registered; or it wakes the
/// waker that was registered. What must be checked *after* the registration is the model's.
///
/// ```
/// use selvedge::future::{AtomicWaker, block_on, poll_fn};
/// use selvedge::sync::{Arc, atomic::{AtomicBool, Ordering::Relaxed}};
/// use selvedge::thread;
/// use std::task::Poll;
///
/// selvedge::check(|| {
///     let gate = Arc::new((AtomicBool::new(false), AtomicWaker::new()));
///     let theirs = Arc::clone(&gate);
///     let opener = thread::spawn(move || {
///         theirs.0.store(true, Relaxed);
///         theirs.1.wake();
///     });
///     block_on(poll_fn(|context| {
///         gate.1.register(context.waker());
///         if gate.0.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
///     }));
///     opener.join().unwrap();
/// });
/// ```
pub struct AtomicWaker {
    home: Home,
    /// Whether a waker is there.
    state: AtomicBool,
    /// It is used right behind a change of the state, before anything else happens.
    waker: UnsafeCell<Mutex<Option<Waker>>>,
}

// SAFETY: 1. what is in the cell is only ever shared, and a mutex is made for that
#[allow(unsafe_code)]
unsafe impl Sync for AtomicWaker {}

impl AtomicWaker {
    /// Creates one without a waker.
    #[track_caller]
    #[must_use]
    pub const fn new() -> AtomicWaker {
        let home = Home::valued(ObjectKind::AtomicWaker, (Stored::Bits(0), atomic::create::<bool>));
        AtomicWaker {
            home,
            state: AtomicBool::new(false),
            waker: UnsafeCell::new(Mutex::new(None)),
        }
    }

    /// Registers a waker instead of the one that is there.
    #[track_caller]
    pub fn register(&self, waker: &Waker) {
        let clone = waker.clone(); // an event of its own, so it comes before
        let before = self.exchange("register", Some(clone));
        drop(before);
    }

    /// Takes the waker, if one is there, and wakes it.
    #[track_caller]
    pub fn wake(&self) {
        self.take().into_iter().for_each(Waker::wake);
    }

    /// Takes the waker, if one is there.
    #[track_caller]
    #[must_use]
    pub fn take(&self) -> Option<Waker> {
        self.exchange("take", None)
    }

    #[track_caller]
    fn exchange(&self, name: &'static str, new: Option<Waker>) -> Option<Waker> {
        atomic::known::<bool>(&self.home, &self.state);
        let fresh = || Mutex::new(None);
        let place = constant::place_of(&self.home, &self.waker, Lent::ForEver, fresh);
        // SAFETY: see 1.; and what is made for an execution of a static stays
        #[allow(unsafe_code)]
        let waker = unsafe { &*place };
        let locked = || waker.lock().unwrap_or_else(PoisonError::into_inner);
        // outside of a model, the lock makes it one step
        let held = (!self.home.is_modelled()).then(locked);
        // AcqRel, with itself: who registers knows what was done before the last take, and who
        // takes what was done before the registration
        let (order, is_there) = (Ordering::AcqRel, new.is_some());
        let operation = (Operation::Rmw(name, order), Location::caller());
        let swap = (Rmw::Swap, is_there);
        atomic::rmw_as::<bool>(&self.home, &self.state, swap, order, operation);
        std::mem::replace(&mut held.unwrap_or_else(locked), new)
    }
}

impl Default for AtomicWaker {
    #[track_caller]
    fn default() -> AtomicWaker {
        AtomicWaker::new()
    }
}

impl fmt::Debug for AtomicWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicWaker").finish_non_exhaustive()
    }
}
