//! `Once` and `OnceLock`

use super::{Condvar, Mutex, MutexGuard, PoisonError};
use crate::execution;
use crate::execution::constant::{self, Lent};
use crate::execution::gate::{self, Turn};
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    New,
    Running,
    Poisoned,
    Done,
}

/// [`std::sync::Once`], on the modelled mutex and condition variable.
///
/// ```
/// use selvedge::sync::Once;
///
/// let start = Once::new();
/// start.call_once(|| println!("once"));
/// start.call_once(|| unreachable!());
/// assert!(start.is_completed());
/// ```
pub struct Once {
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// [`std::sync::OnceState`], modelled. As in std it is not `Sync`: it belongs to the call.
#[derive(Debug)]
pub struct OnceState(bool, PhantomData<Cell<()>>);

impl OnceState {
    /// Returns `true` if an earlier call panicked.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.0
    }
}

/// Sets the progress when the initialiser returns or panics.
struct Finish<'a> {
    once: &'a Once,
    to: Progress,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        *self.once.lock() = self.to;
        self.once.changed.notify_all();
    }
}

/// Ends a thread's turn where memory is weak. The mutex itself is not used there, so its poison is
/// that of the initialisation.
struct Ends<'a> {
    once: &'a Once,
    done: bool,
    panicking: bool,
    location: &'static Location<'static>,
}

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.once.progress.poison().done(self.panicking);
        gate::finish(&self.once.progress.home, self.done, self.location);
    }
}

impl Once {
    /// Creates a `Once` that has not been called.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        Once { progress: Mutex::part(Progress::New), changed: Condvar::steady() }
    }

    #[track_caller]
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `f` if no call has completed yet, and blocks while another call runs.
    ///
    /// # Panics
    /// If an earlier call panicked.
    #[track_caller]
    pub fn call_once<F: FnOnce()>(&self, f: F) {
        self.guards();
        self.call(false, |_| f());
    }

    /// Does the same as [`call_once`](Once::call_once), but calls `f` even if an earlier call
    /// panicked.
    #[track_caller]
    pub fn call_once_force<F: FnOnce(&OnceState)>(&self, f: F) {
        self.guards();
        self.call(true, f);
    }

    /// A static guards what another static holds, of which nothing is known.
    fn guards(&self) {
        if execution::is_modelled() && self.is_static() {
            constant::owns();
        }
    }

    #[track_caller]
    pub(super) fn call(&self, force: bool, f: impl FnOnce(&OnceState)) {
        if let Some(turn) = gate::begin(&self.progress.home) {
            if turn == Turn::Mine {
                self.call_in_turn(force, f);
            }
            return;
        }
        let mut progress = self.lock();
        while *progress == Progress::Running {
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        let before = *progress;
        match before {
            Progress::Done => return,
            Progress::Poisoned if !force => {
                drop(progress);
                panic!("Once instance has previously been poisoned");
            }
            _ => *progress = Progress::Running,
        }
        drop(progress);
        let mut finish = Finish { once: self, to: Progress::Poisoned };
        f(&OnceState(before == Progress::Poisoned, PhantomData));
        finish.to = Progress::Done;
    }

    /// A call where memory is weak: nobody else calls until it is over.
    #[track_caller]
    fn call_in_turn(&self, force: bool, f: impl FnOnce(&OnceState)) {
        let (panicking, location) = (std::thread::panicking(), Location::caller());
        let mut turn = Ends { once: self, done: false, panicking, location };
        let was_poisoned = self.progress.poison().get();
        if was_poisoned && !force {
            drop(turn);
            panic!("Once instance has previously been poisoned");
        }
        f(&OnceState(was_poisoned, PhantomData));
        self.progress.poison().clear();
        turn.done = true;
    }

    /// Blocks until a call has completed.
    ///
    /// The explorer of graphs has no model of this: it says `unknown`.
    ///
    /// # Panics
    /// If a call panicked.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until(|progress| match progress {
            Progress::Poisoned => panic!("Once instance has previously been poisoned"),
            progress => progress == Progress::Done,
        });
    }

    /// Does the same as [`wait`](Once::wait), but goes on waiting if a call panicked.
    #[track_caller]
    pub fn wait_force(&self) {
        self.wait_until(|progress| progress == Progress::Done);
    }

    #[track_caller]
    fn wait_until(&self, is_over: impl Fn(Progress) -> bool) {
        gate::refuses_to_wait(&self.progress.home);
        let mut progress = self.lock();
        while !is_over(*progress) {
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Where the value is that this guards: in its cell, but for a static in a model.
    pub(super) fn place_of<T>(&self, value: &UnsafeCell<Option<T>>) -> *mut Option<T> {
        constant::place_of(&self.progress.home, value, Lent::ForEver, || None)
    }

    /// Whether it is a static.
    pub(super) fn is_static(&self) -> bool {
        self.progress.home.is_static()
    }

    /// Returns `true` if a call has completed.
    #[track_caller]
    pub fn is_completed(&self) -> bool {
        gate::is_done(&self.progress.home).unwrap_or_else(|| *self.lock() == Progress::Done)
    }
}

/// A `Once` that has not been called.
#[deprecated = "use `Once::new` instead"]
#[allow(clippy::declare_interior_mutable_const, reason = "it is std's")]
pub const ONCE_INIT: Once = Once::new();

impl Default for Once {
    #[track_caller]
    fn default() -> Self {
        Once::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").finish_non_exhaustive()
    }
}

/// [`std::sync::OnceLock`], on the modelled [`Once`].
///
/// ```
/// use selvedge::sync::OnceLock;
///
/// let name = OnceLock::new();
/// assert_eq!(name.get(), None);
/// assert_eq!(name.get_or_init(|| "teller"), &"teller");
/// assert_eq!(name.set("other"), Err("other"));
/// ```
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: 1. as std's: the value is written once, inside of `once`, and shared from then on
#[allow(unsafe_code)]
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}
// SAFETY: 2. as std's: sending it sends the value
#[allow(unsafe_code)]
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T: std::panic::RefUnwindSafe + std::panic::UnwindSafe> std::panic::RefUnwindSafe
    for OnceLock<T>
{
}

impl<T> OnceLock<T> {
    /// Creates an empty cell.
    #[track_caller]
    #[must_use]
    pub const fn new() -> Self {
        OnceLock { once: Once::new(), value: UnsafeCell::new(None) }
    }

    /// Returns the value, if it is set.
    #[track_caller]
    pub fn get(&self) -> Option<&T> {
        self.once.is_completed().then(|| self.initialised()).flatten()
    }

    #[allow(unsafe_code)]
    fn initialised(&self) -> Option<&T> {
        // SAFETY: 3. `once` has completed: nobody writes the value any more
        unsafe { (*self.place()).as_ref() }
    }

    /// Where the value is: in itself, but for a static in a model.
    fn place(&self) -> *mut Option<T> {
        self.once.place_of(&self.value)
    }

    /// Returns a mutable reference to the value, if it is set.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut().as_mut()
    }

    /// Sets the value.
    ///
    /// # Errors
    /// Returns `value` if the cell is already set.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.get_or_init(|| value.take().expect("called once"));
        value.map_or(Ok(()), Err)
    }

    /// Returns the value, and initialises it with `f` if the cell is empty. If several threads call
    /// this, one of them initialises it.
    #[track_caller]
    #[allow(unsafe_code)]
    pub fn get_or_init<F: FnOnce() -> T>(&self, f: F) -> &T {
        self.once.call(true, |_| {
            let made = f();
            // SAFETY: 4. `once` lets one thread in, and nobody reads before it has completed
            unsafe { *self.place() = Some(made) }
        });
        self.initialised().expect("just initialised")
    }

    /// Blocks until the cell is set, and returns the value.
    ///
    /// The explorer of graphs has no model of this: it says `unknown`.
    #[track_caller]
    pub fn wait(&self) -> &T {
        self.once.wait_force();
        self.initialised().expect("it is set")
    }

    /// Consumes the cell and returns the value.
    #[must_use]
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Takes the value and leaves the cell empty. It can be set again.
    pub fn take(&mut self) -> Option<T> {
        let taken = self.value.get_mut().take();
        self.once = Once::new();
        taken
    }
}

impl<T> Default for OnceLock<T> {
    #[track_caller]
    fn default() -> Self {
        OnceLock::new()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    #[track_caller]
    fn clone(&self) -> Self {
        self.get().map_or_else(OnceLock::new, |value| OnceLock::from(value.clone()))
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}

impl<T> From<T> for OnceLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        let lock = OnceLock::new();
        let _ = lock.set(value); // it is empty: the value cannot come back
        lock
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceLock").finish_non_exhaustive()
    }
}
