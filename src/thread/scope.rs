//! Scoped threads, in every engine (loom itself has none).

use super::spawn::{ResultOf, Thread, spawn_modelled};
use crate::runtime::{self, Engine, real, threads};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Runs `f` with a scope in which threads may borrow what outlives the scope; all of them have ended when it returns.
///
/// ```
/// use selvedge::{sync::Mutex, thread};
///
/// let balance = Mutex::new(0);
/// thread::scope(|s| {
///     s.spawn(|| *balance.lock().unwrap() += 1);
///     s.spawn(|| *balance.lock().unwrap() += 2);
/// });
/// assert_eq!(balance.into_inner().unwrap(), 3);
/// ```
///
/// # Panics
/// If a thread panicked and was not joined by hand.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    if runtime::engine() == Engine::Std {
        return std::thread::scope(|std| {
            // SAFETY: 1. `Scope` is a transparent view of what it holds, with the same two lifetimes
            let scope = Scope { inner: Inner::Std(std), scope: PhantomData, env: PhantomData };
            #[allow(unsafe_code)]
            f(unsafe { extend(&scope) })
        });
    }
    let scope = Scope { inner: Inner::Model(Started::default()), scope: PhantomData, env: PhantomData };
    // SAFETY: 2. every thread of the scope is joined before `scope` is gone, whatever `f` does
    #[allow(unsafe_code)]
    let outcome = catch_unwind(AssertUnwindSafe(|| f(unsafe { extend(&scope) })));
    let Inner::Model(started) = scope.inner else { unreachable!("just made") };
    let outcome = outcome.map_err(|payload| {
        // an execution that has failed joins nobody: its threads never run again
        if runtime::hook::ends_green_thread(&*payload) { resume_unwind(payload) } else { payload }
    });
    let mut panicked = false;
    for thread in started.into_inner().unwrap_or_else(PoisonError::into_inner) {
        panicked |= thread.join(true); // never knocked out: the threads borrow from here
    }
    match outcome {
        Err(payload) => resume_unwind(payload),
        Ok(_) if panicked => panic!("a scoped thread panicked"),
        Ok(value) => value,
    }
}

/// # Safety
/// 1. The scope must stay in place until all of its threads have ended.
#[allow(unsafe_code)]
unsafe fn extend<'scope, 'env>(scope: &Scope<'_, 'env>) -> &'scope Scope<'scope, 'env> {
    // SAFETY: the lifetimes are phantom; the caller answers for the place (1)
    unsafe { &*std::ptr::from_ref(scope).cast() }
}

/// [`std::thread::Scope`], modelled.
pub struct Scope<'scope, 'env: 'scope> {
    inner: Inner<'scope, 'env>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

enum Inner<'scope, 'env: 'scope> {
    Std(&'scope std::thread::Scope<'scope, 'env>),
    Model(Started),
}

/// The green threads of a scope, to be joined at its end.
type Started = Mutex<Vec<Arc<Unjoined>>>;

/// A thread, as long as nobody has joined it.
struct Unjoined(Mutex<Option<threads::Handle>>);

impl Unjoined {
    /// Joins the thread, unless that was done before, and is `ordered` after it. Whether it panicked and nobody saw it.
    #[track_caller]
    fn join(&self, ordered: bool) -> bool {
        let handle = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        handle.is_some_and(|handle| {
            let thread = handle.thread;
            threads::join(handle, ordered);
            threads::observed(thread)
        })
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Starts a thread in the scope.
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        self.spawn_with(None, None, f).expect("failed to spawn thread")
    }

    #[track_caller]
    pub(super) fn spawn_with<F, T>(
        &'scope self,
        name: Option<String>,
        stack_size: Option<usize>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        match &self.inner {
            Inner::Std(scope) => {
                let mut builder = std::thread::Builder::new();
                builder = name.into_iter().fold(builder, std::thread::Builder::name);
                builder = stack_size.into_iter().fold(builder, std::thread::Builder::stack_size);
                let (f, _) = real::join_in(f, true);
                let handle = builder.spawn_scoped(scope, f)?;
                Ok(ScopedJoinHandle(Handle::Std(handle)))
            }
            Inner::Model(started) => {
                // SAFETY: 1. `scope` joins every thread before what it borrows is gone
                #[allow(unsafe_code)]
                let model = unsafe { spawn_modelled(name, f) };
                let thread = model.thread();
                let handle = Arc::new(Unjoined(Mutex::new(Some(model.handle))));
                started.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&handle));
                Ok(ScopedJoinHandle(Handle::Model { handle, thread, result: model.result }))
            }
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

enum Handle<'scope, T> {
    Std(std::thread::ScopedJoinHandle<'scope, T>),
    Model { handle: Arc<Unjoined>, thread: Thread, result: ResultOf<T> },
}

/// [`std::thread::ScopedJoinHandle`], modelled.
pub struct ScopedJoinHandle<'scope, T>(Handle<'scope, T>);

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the thread's end, and takes what it returned.
    ///
    /// # Errors
    /// With the payload of its panic, if it panicked.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        match self.0 {
            Handle::Std(handle) => handle.join(),
            Handle::Model { handle, result, .. } => {
                handle.join(!threads::is_knocked_out());
                let result = result.lock().unwrap_or_else(PoisonError::into_inner).take();
                result.unwrap_or_else(|| Err(Box::new("the execution ended before this thread")))
            }
        }
    }

    /// Whether the thread has ended. In a model this is no scheduling point: a loop around it must yield.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Std(handle) => handle.is_finished(),
            Handle::Model { handle, .. } => {
                let handle = handle.0.lock().unwrap_or_else(PoisonError::into_inner);
                handle.as_ref().is_none_or(|h| threads::is_finished(h.thread))
            }
        }
    }

    /// The thread, for [`Thread::unpark`].
    #[must_use]
    pub fn thread(&self) -> Thread {
        match &self.0 {
            Handle::Std(handle) => Thread::of_std(handle.thread()),
            Handle::Model { thread, .. } => thread.clone(),
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle").finish_non_exhaustive()
    }
}
