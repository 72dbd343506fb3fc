//! Threads: start, join, park, sleep.

use crate::execution::{self, real, threads};
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Spawns a new thread.
///
/// ```
/// let answer = selvedge::thread::spawn(|| 6 * 7);
/// assert_eq!(answer.join().unwrap(), 42);
/// ```
///
/// # Panics
/// If the operating system fails to create a thread. In a model: never. One thread too many for
/// loom (five, including the main thread) makes its verdict `Unknown`.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f).expect("failed to spawn thread")
}

/// Spawns a green thread. Nothing that it takes along, or returns, has to be `Send`: all threads of
/// an execution run on one thread of the operating system.
///
/// # Safety
/// 1. The handle must stay on this thread of the operating system.
///
/// # Panics
/// Outside of a model.
#[doc(hidden)]
#[track_caller]
#[allow(unsafe_code)]
pub unsafe fn spawn_green<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    assert!(execution::is_modelled(), "selvedge: this thread can be started only in a model");
    // SAFETY: 1. everything that `f` and its result borrow lives for ever
    JoinHandle(Handle::Model(unsafe { spawn_modelled(None, None, f) }))
}

/// [`std::thread::Builder`], modelled. Counterexamples draw the thread under its name.
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// Creates a builder for a thread without a name and with the default stack size.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the thread's name.
    pub fn name(self, name: String) -> Builder {
        Builder { name: Some(name), ..self }
    }

    /// Sets the size of the stack in bytes. In a model the thread has at least as much as every
    /// other thread: see [`Check::stack`](crate::Check::stack).
    pub fn stack_size(self, size: usize) -> Builder {
        Builder { stack_size: Some(size), ..self }
    }

    /// Spawns the thread.
    ///
    /// # Errors
    /// If the operating system fails to create a thread.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let Builder { name, stack_size } = self;
        if !execution::is_modelled() {
            let (f, ticket) = real::join_in(boxed(f), false);
            return Ok(JoinHandle(Handle::Std(builder(name, stack_size).spawn(f)?, ticket)));
        }
        // SAFETY: 1. everything that `f` and its result borrow lives for ever
        #[allow(unsafe_code)]
        let model = unsafe { spawn_modelled(name, stack_size, f) };
        let nothing = || {
            (Box::new(()) as Box<dyn std::any::Any>).downcast::<T>().ok().map(|nothing| *nothing)
        };
        Ok(JoinHandle(Handle::Model(Model { nothing, ..model })))
    }

    /// Spawns the thread without a bound on what it borrows.
    ///
    /// # Safety
    /// As for [`std::thread::Builder::spawn_unchecked`]: the thread must have ended before anything
    /// is gone that it borrows, and its result must not be used after that.
    ///
    /// # Errors
    /// If the operating system fails to create a thread.
    #[track_caller]
    #[allow(unsafe_code)]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let Builder { name, stack_size } = self;
        if !execution::is_modelled() {
            let (f, ticket) = real::join_in(boxed(f), false);
            // SAFETY: 1. the caller answers for what the thread borrows
            let handle = unsafe { builder(name, stack_size).spawn_unchecked(f)? };
            return Ok(JoinHandle(Handle::Std(handle, ticket)));
        }
        // SAFETY: see 1.
        let model = unsafe { spawn_modelled(name, stack_size, f) };
        Ok(JoinHandle(Handle::Model(model)))
    }

    /// Spawns the thread in a scope.
    ///
    /// # Errors
    /// If the operating system fails to create a thread.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope super::Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<super::ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.spawn_with(self.name, self.stack_size, f)
    }
}

/// std's builder of such a thread.
pub(super) fn builder(name: Option<String>, stack_size: Option<usize>) -> std::thread::Builder {
    let builder = name.into_iter().fold(std::thread::Builder::new(), std::thread::Builder::name);
    stack_size.into_iter().fold(builder, std::thread::Builder::stack_size)
}

/// So that std's spawn is compiled once for each result, and not for each closure.
pub(super) fn boxed<'a, T>(
    f: impl FnOnce() -> T + Send + 'a,
) -> Box<dyn FnOnce() -> T + Send + 'a> {
    Box::new(f)
}

/// Where a green thread stores its result.
pub(super) type ResultOf<T> = Arc<Mutex<Option<std::thread::Result<T>>>>;

/// A green thread, and where it stores its result.
pub(super) struct Model<T> {
    pub(super) handle: threads::Handle,
    pub(super) result: ResultOf<T>,
    execution: u64,
    /// What a knocked-out join returns, where that is known: `()`.
    nothing: fn() -> Option<T>,
}

/// Spawns a green thread.
///
/// # Safety
/// 1. Everything that `f` and its result borrow must live until the thread has ended.
#[track_caller]
#[allow(unsafe_code)]
pub(super) unsafe fn spawn_modelled<'a, F, T>(
    name: Option<String>,
    stack_size: Option<usize>,
    f: F,
) -> Model<T>
where
    F: FnOnce() -> T + 'a,
    T: 'a,
{
    let result = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&result);
    let body: Box<dyn FnOnce(crate::trace::ThreadId) + 'a> = Box::new(move |thread| {
        execution::failure::stack::run(thread, stack_size, move || {
            let outcome = threads::run(thread, f);
            threads::finish(thread, move || {
                // if nobody joins, this is where the result is dropped: still on the thread
                *theirs.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
                drop(theirs);
            });
        });
    });
    // SAFETY: the caller answers for the lifetime (1). The body stays on this OS thread, on which
    // all green threads of an execution run, so it need not be `Send`.
    let body: Box<dyn FnOnce(crate::trace::ThreadId) + Send> = unsafe { std::mem::transmute(body) };
    Model {
        handle: threads::spawn(name, body),
        result,
        execution: execution::execution(),
        nothing: || None,
    }
}

/// Returns whether the thread belongs to this execution. Refuses a thread of another one, except in
/// destructors that unwind.
#[track_caller]
pub(super) fn is_here(execution: u64) -> bool {
    let here = execution == execution::execution();
    assert!(
        here || std::thread::panicking(),
        "selvedge: this thread was started in another execution of the model, which is over. \
         Join it, or park and unpark it, within the model's closure"
    );
    here
}

impl<T> Model<T> {
    #[track_caller]
    pub(super) fn join(self) -> std::thread::Result<T> {
        if !is_here(self.execution) {
            return Err(Box::new("the execution ended before this thread"));
        }
        let skipped = threads::is_knocked_out();
        if skipped && let Some(nothing) = (self.nothing)() {
            return Ok(nothing);
        }
        // where there is a value to wait for, what is knocked out is the order that a join makes
        self.join_at(!skipped, Location::caller())
    }

    fn join_at(self, ordered: bool, at: &'static Location<'static>) -> std::thread::Result<T> {
        let thread = self.handle.thread;
        threads::join(self.handle, ordered, at);
        threads::observed(thread);
        let result = self.result.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(Box::new("the execution ended before this thread")))
    }

    pub(super) fn thread(&self) -> Thread {
        Thread::modelled(self.execution, self.handle.thread)
    }
}

enum Handle<T> {
    Std(std::thread::JoinHandle<T>, Option<real::Ticket>),
    Model(Model<T>),
}

/// [`std::thread::JoinHandle`], modelled.
pub struct JoinHandle<T>(Handle<T>);

// SAFETY: 2. as std's: only `spawn` makes one, and its `T` is `Send` (the caller of `spawn_green`
// answers for its handle); the result is taken by
// whoever has the handle for itself, and all that a shared one lends is the thread's identity. The
// engine's side of it is used in the execution that made it, and so on its OS thread, only
// (`is_here`).
#[allow(unsafe_code)]
unsafe impl<T> Send for JoinHandle<T> {}
// SAFETY: see 2.
#[allow(unsafe_code)]
unsafe impl<T> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// Waits for the thread to finish and returns its result.
    ///
    /// # Errors
    /// Returns the payload of the panic if the thread panicked.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        match self.0 {
            Handle::Std(handle, ticket) => {
                let result = handle.join();
                ticket.into_iter().for_each(real::Ticket::joined);
                result
            }
            Handle::Model(model) => model.join(),
        }
    }

    /// The same for a part of another facade type: it is drawn as of this place.
    pub(crate) fn join_at(self, at: &'static Location<'static>) -> std::thread::Result<T> {
        match self.0 {
            Handle::Model(model) if is_here(model.execution) => model.join_at(true, at),
            handle => JoinHandle(handle).join(),
        }
    }

    /// Says that nobody awaits the task that this thread polls.
    pub(crate) fn detach(&self) {
        if let Handle::Model(model) = &self.0
            && model.execution == execution::execution()
        {
            threads::detach(&model.handle);
        }
    }

    /// Returns `true` if the thread has ended. In a model this is not a scheduling point: a loop
    /// around it must yield.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            Handle::Std(handle, _) => handle.is_finished(),
            Handle::Model(model) => {
                !is_here(model.execution) || threads::is_finished(model.handle.thread)
            }
        }
    }

    /// Returns the thread, for [`Thread::unpark`].
    #[must_use]
    pub fn thread(&self) -> Thread {
        match &self.0 {
            Handle::Std(handle, _) => Thread::of_std(handle.thread()),
            Handle::Model(model) => model.thread(),
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

#[derive(Clone)]
enum Identity {
    Std(std::thread::Thread),
    Model { execution: u64, thread: crate::trace::ThreadId, name: Option<String> },
}

/// [`std::thread::Thread`], modelled.
#[derive(Clone)]
pub struct Thread(Identity);

impl Thread {
    pub(super) fn of_std(thread: &std::thread::Thread) -> Thread {
        Thread(Identity::Std(thread.clone()))
    }

    pub(super) fn modelled(execution: u64, thread: crate::trace::ThreadId) -> Thread {
        Thread(Identity::Model { execution, thread, name: threads::name(thread) })
    }

    /// Returns the thread's name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Identity::Std(thread) => thread.name(),
            Identity::Model { name, .. } => name.as_deref(),
        }
    }

    /// Makes the thread's token available: its current or next [`park`] returns.
    ///
    /// # Panics
    /// In a model, if the thread belongs to another execution.
    #[track_caller]
    pub fn unpark(&self) {
        match &self.0 {
            Identity::Std(thread) => {
                if thread.id() != std::thread::current().id() {
                    real::meet();
                }
                thread.unpark();
            }
            Identity::Model { execution, thread, .. } => {
                if is_here(*execution) {
                    threads::unpark(*thread);
                }
            }
        }
    }

    /// Returns the thread's unique identifier.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId(match &self.0 {
            Identity::Std(thread) => Number::Std(thread.id()),
            Identity::Model { thread, .. } => Number::Model(*thread),
        })
    }
}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread").field("id", &self.id()).field("name", &self.name()).finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Number {
    Std(std::thread::ThreadId),
    Model(crate::trace::ThreadId),
}

/// Returns what the current green thread knows of each thread of its execution: of itself, how many
/// operations it has had; of another one, how many of its releases. Empty outside of a model.
#[doc(hidden)]
#[must_use]
pub fn clock() -> Vec<u32> {
    threads::clock()
}

/// The number of a green thread in its execution: 0 runs the model's closure, and stands for every
/// thread outside of a model. std has no such number: it is for the crate that has shuttle's
/// interface.
impl From<ThreadId> for usize {
    fn from(thread: ThreadId) -> usize {
        thread.green().unwrap_or(0)
    }
}

/// [`std::thread::ThreadId`], modelled. A thread of a model has the same one in every execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(Number);

impl ThreadId {
    /// Returns the number of the thread in its execution: 0 runs the model's closure. `None` if it
    /// is no green thread.
    #[doc(hidden)]
    #[must_use]
    pub fn green(self) -> Option<usize> {
        match self.0 {
            Number::Std(_) => None,
            Number::Model(thread) => Some(thread.index()),
        }
    }
}

/// Returns a handle to the current thread.
#[must_use]
pub fn current() -> Thread {
    match execution::is_modelled() {
        false => Thread(Identity::Std(std::thread::current())),
        true => Thread::modelled(execution::execution(), execution::me()),
    }
}

/// Blocks until this thread's token is available, and consumes it. It may also wake spuriously; a
/// model explores that once at each place of a thread (`Check::spurious`).
#[track_caller]
pub fn park() {
    match execution::is_modelled() {
        false => std::thread::park(),
        true => threads::park(false),
    }
}

/// Does the same as [`park`], for at most `timeout`. loom has no model of timeouts: under loom the
/// check is `Unknown`.
#[track_caller]
pub fn park_timeout(timeout: Duration) {
    match execution::is_modelled() {
        false => std::thread::park_timeout(timeout),
        true => threads::park(true),
    }
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    threads::yield_now();
}

/// Sleeps for `duration`. In a model no time passes, and other threads may run.
#[track_caller]
pub fn sleep(duration: Duration) {
    match execution::is_modelled() {
        false => std::thread::sleep(duration),
        true => threads::yield_now(),
    }
}

/// Does the same as [`park_timeout`], for `ms` milliseconds.
#[deprecated = "use `park_timeout` instead"]
#[track_caller]
pub fn park_timeout_ms(ms: u32) {
    park_timeout(Duration::from_millis(ms.into()));
}

/// Does the same as [`sleep`], for `ms` milliseconds.
#[deprecated = "use `sleep` instead"]
#[track_caller]
pub fn sleep_ms(ms: u32) {
    sleep(Duration::from_millis(ms.into()));
}
