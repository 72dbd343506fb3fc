//! Scoped threads in every engine (loom itself has none).

use super::spawn::{Model, ResultOf, Thread, boxed, builder, is_here, spawn_modelled};
use crate::execution::{self, real, threads};
use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Runs `f` with a scope. Its threads may borrow everything that outlives the scope. All of them
/// have ended when `scope` returns.
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
/// If a thread panicked and was not joined explicitly.
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    if !execution::is_modelled() {
        return scope_of_std(f);
    }
    let scope = Scope { inner: Inner::Model(Started::new()), scope: PhantomData, env: PhantomData };
    let Inner::Model(started) = &scope.inner else { unreachable!("just made") };
    let _stay = Stay(started); // goes before `scope`, and so does not let it go
    // SAFETY: 2. `scope` stays in place: this function is not left, whatever `f` does and however
    // the execution ends, before all threads of the scope have ended, and none of them can start
    // another one then
    #[allow(unsafe_code)]
    let outcome = catch_unwind(AssertUnwindSafe(|| f(unsafe { extend(&scope) })));
    let outcome = outcome.map_err(|payload| {
        // an execution that has failed joins nobody: its threads never run again
        if execution::failure::hook::ends_green_thread(&*payload) {
            resume_unwind(payload)
        } else {
            payload
        }
    });
    let panicked = started.join_all();
    match outcome {
        Err(payload) => resume_unwind(payload),
        Ok(_) if panicked => panic!("{}", execution::failure::SCOPED),
        Ok(value) => value,
    }
}

/// Runs the scope outside of an engine.
fn scope_of_std<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    // Outside of the closure: std waits for the scope's threads only after it has returned, and
    // until they have ended they may start more.
    let place: OnceCell<Scope<'static, 'static>> = OnceCell::new();
    std::thread::scope(|std| {
        // SAFETY: 1. what is made of it has its own two lifetimes again (`extend`); what is left in
        // `place` is not used
        #[allow(unsafe_code)]
        let std: &'static std::thread::Scope<'static, 'static> =
            unsafe { &*std::ptr::from_ref(std).cast() };
        let scope = place.get_or_init(|| Scope {
            inner: Inner::Std(std),
            scope: PhantomData,
            env: PhantomData,
        });
        // SAFETY: 2. `place` outlives std's scope, which is left only when all threads have ended
        #[allow(unsafe_code)]
        f(unsafe { extend(scope) })
    })
}

/// # Safety
/// 1. The scope must stay in place until all of its threads have ended.
/// 2. std's scope in it, if there is one, must be a scope for `'scope` and `'env`.
#[allow(unsafe_code)]
unsafe fn extend<'scope, 'env>(scope: &Scope<'_, '_>) -> &'scope Scope<'scope, 'env> {
    // SAFETY: the lifetimes are phantom, but for those of std's scope (2); the caller answers for
    // the place (1)
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

/// The green threads of a scope, which are joined at its end.
struct Started {
    execution: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The threads in the order in which they were started. It grows while any of them runs.
    threads: Vec<Arc<Unjoined>>,
    /// The number of threads that are about to start.
    starting: usize,
}

impl Started {
    fn new() -> Started {
        Started { execution: execution::execution(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, nth: usize) -> Option<Arc<Unjoined>> {
        self.state().threads.get(nth).cloned()
    }

    /// Starts a thread. The scope knows the thread from then on, even if `start` does not return.
    fn add<T>(&self, start: impl FnOnce() -> Model<T>) -> (Arc<Unjoined>, Thread, ResultOf<T>) {
        self.state().starting += 1;
        let model = start();
        let (thread, execution) = (model.thread(), self.execution);
        let id = model.handle.thread;
        let handle =
            Arc::new(Unjoined { execution, thread: id, handle: Mutex::new(Some(model.handle)) });
        let mut state = self.state();
        state.threads.push(Arc::clone(&handle));
        state.starting -= 1;
        (handle, thread, model.result)
    }

    /// Joins the threads, including those that start meanwhile. Returns whether one panicked
    /// unobserved.
    #[track_caller]
    fn join_all(&self) -> bool {
        let (mut nth, mut panicked) = (0, false);
        while let Some(thread) = self.get(nth) {
            // never knocked out: the threads borrow from the scope's surroundings
            panicked |= thread.join(true);
            nth += 1;
        }
        panicked
    }
}

/// Protects borrowed data: the frame below is not left while a thread of the scope has not ended.
///
/// That happens in a failed execution, whose threads never run again. They stop at arbitrary
/// points: the data that they borrowed mutably may be in a state that no other code may see, not
/// even to drop it.
struct Stay<'a>(&'a Started);

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        let state = self.0.state();
        let all_ended = state.starting == 0
            && state.threads.iter().all(|thread| threads::has_ended(thread.thread));
        drop(state);
        if !all_ended {
            execution::failure::stay();
        }
    }
}

/// A thread that has not been joined yet.
struct Unjoined {
    execution: u64,
    thread: crate::trace::ThreadId,
    handle: Mutex<Option<threads::Handle>>,
}

impl Unjoined {
    /// Joins the thread, unless that was done before. If `ordered`, the thread's end happens before
    /// the return. Returns whether it panicked unobserved.
    #[track_caller]
    fn join(&self, ordered: bool) -> bool {
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner).take();
        let location = Location::caller();
        handle.is_some_and(|handle| {
            threads::join(handle, ordered, location);
            threads::observed(self.thread)
        })
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a thread in the scope.
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
                let (f, _) = real::join_in(boxed(f), true);
                let handle = builder(name, stack_size).spawn_scoped(scope, f)?;
                Ok(ScopedJoinHandle(Handle::Std(handle)))
            }
            Inner::Model(started) if started.execution != execution::execution() => {
                Err(io::Error::other(
                    "selvedge: this scope belongs to a model, and this thread is none of the \
                     model's. Start the model's threads with selvedge::thread",
                ))
            }
            Inner::Model(started) => {
                // SAFETY: 3. `scope` is not left before every thread has ended: see its 2.
                #[allow(unsafe_code)]
                let (handle, thread, result) =
                    started.add(|| unsafe { spawn_modelled(name, stack_size, f) });
                Ok(ScopedJoinHandle(Handle::Model { handle, thread, result }))
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
    /// Waits for the thread to finish and returns its result.
    ///
    /// # Errors
    /// Returns the payload of the panic if the thread panicked.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        match self.0 {
            Handle::Std(handle) => handle.join(),
            // refused before the handle is taken: the scope would not wait for this thread any more
            Handle::Model { handle, .. } if !is_here(handle.execution) => {
                Err(Box::new("the execution ended"))
            }
            Handle::Model { handle, result, .. } => {
                handle.join(!threads::is_knocked_out());
                let result = result.lock().unwrap_or_else(PoisonError::into_inner).take();
                result.unwrap_or_else(|| Err(Box::new("the execution ended before this thread")))
            }
        }
    }

    /// Returns `true` if the thread has ended. In a model this is not a scheduling point: a loop
    /// around it must yield.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Std(handle) => handle.is_finished(),
            Handle::Model { handle, .. } => {
                let taken =
                    || handle.handle.lock().unwrap_or_else(PoisonError::into_inner).is_none();
                !is_here(handle.execution) || taken() || threads::is_finished(handle.thread)
            }
        }
    }

    /// Returns the thread, for [`Thread::unpark`].
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
