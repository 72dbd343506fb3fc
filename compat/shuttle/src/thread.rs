//! `std::thread`, as shuttle has it: a thread has the labels of the one that has started it, and
//! its panic ends the test, joined or not.

use crate::current::{Heritage, sleeps_plainly};
pub use selvedge::thread::{
    AccessError, LocalKey, Result, Thread, ThreadId, current, panicking, park, park_timeout,
    yield_now,
};
use std::fmt;
use std::io;
use std::time::Duration;

/// Lets other threads run. What samples schedules takes it for a step like any other; what explores
/// all of them takes it for a yield, or a loop around it would never end.
#[track_caller]
pub fn sleep(duration: Duration) {
    match sleeps_plainly() {
        true => selvedge::time::sleep(Duration::ZERO),
        false => selvedge::thread::sleep(duration),
    }
}

/// A thread's closure, with what its starter leaves it.
fn child<F, T>(f: F, name: Option<String>) -> impl FnOnce() -> T
where
    F: FnOnce() -> T,
{
    let heritage = Heritage::of_mine(name);
    move || {
        let _lives = heritage.goes_to_me();
        f()
    }
}

/// Spawns a thread.
///
/// # Panics
/// If the operating system fails to create one. In a model: never.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    JoinHandle(selvedge::thread::spawn(child(f, None)))
}

/// [`std::thread::JoinHandle`], modelled.
#[derive(Debug)]
pub struct JoinHandle<T>(selvedge::thread::JoinHandle<T>);

impl<T> JoinHandle<T> {
    /// Waits for the thread, and returns its result.
    ///
    /// # Errors
    /// Never: see Panics.
    ///
    /// # Panics
    /// If the thread has panicked. As in shuttle, that ends the test.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.0.join().map_err(|payload| std::panic::resume_unwind(payload))
    }

    /// Returns `true` if the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Returns the thread.
    #[must_use]
    pub fn thread(&self) -> Thread {
        self.0.thread()
    }
}

/// [`std::thread::Builder`], modelled.
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    builder: selvedge::thread::Builder,
    name: Option<String>,
}

impl Builder {
    /// Creates a builder for a thread without a name and with the default stack size.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the thread's name.
    pub fn name(self, name: String) -> Builder {
        Builder { builder: self.builder.name(name.clone()), name: Some(name) }
    }

    /// Sets the size of the stack in bytes.
    pub fn stack_size(self, size: usize) -> Builder {
        Builder { builder: self.builder.stack_size(size), ..self }
    }

    /// Spawns the thread.
    ///
    /// # Errors
    /// If the operating system fails to create one. In a model: never.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(JoinHandle(self.builder.spawn(child(f, self.name))?))
    }

    /// Spawns the thread in a scope.
    ///
    /// # Errors
    /// If the operating system fails to create one. In a model: never.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        Ok(ScopedJoinHandle(self.builder.spawn_scoped(&scope.0, child(f, self.name))?))
    }
}

/// Runs `f` with a scope. All of its threads have ended when `scope` returns.
///
/// # Panics
/// If a thread panicked and was not joined.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    selvedge::thread::scope(|scope| {
        // SAFETY: 1. the type is that of its only field by another name (`repr(transparent)`)
        f(unsafe { &*std::ptr::from_ref(scope).cast::<Scope<'_, 'env>>() })
    })
}

/// [`std::thread::Scope`], modelled.
#[repr(transparent)]
pub struct Scope<'scope, 'env: 'scope>(selvedge::thread::Scope<'scope, 'env>);

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread in the scope.
    ///
    /// # Panics
    /// If the operating system fails to create one. In a model: never.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        ScopedJoinHandle(self.0.spawn(child(f, None)))
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// [`std::thread::ScopedJoinHandle`], modelled.
#[derive(Debug)]
pub struct ScopedJoinHandle<'scope, T>(selvedge::thread::ScopedJoinHandle<'scope, T>);

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread, and returns its result.
    ///
    /// # Errors
    /// Never: see Panics.
    ///
    /// # Panics
    /// If the thread has panicked. As in shuttle, that ends the test.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.0.join().map_err(|payload| std::panic::resume_unwind(payload))
    }

    /// Returns `true` if the thread has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Returns the thread.
    #[must_use]
    pub fn thread(&self) -> Thread {
        self.0.thread()
    }
}
