//! `std::thread`, as loom has it.

pub use selvedge::thread::{
    AccessError, LocalKey, Thread, ThreadId, current, panicking, park, yield_now,
};
use std::io;
use std::marker::PhantomData;

/// [`std::thread::JoinHandle`], modelled. As in loom, a result that is not `Send` keeps its handle
/// from being sent.
#[derive(Debug)]
pub struct JoinHandle<T>(selvedge::thread::JoinHandle<T>, PhantomData<T>);

impl<T> JoinHandle<T> {
    /// Waits for the thread, and returns its result.
    ///
    /// # Errors
    /// Never: see Panics.
    ///
    /// # Panics
    /// If the thread has panicked. As in loom, that ends the model.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        self.0.join().map_err(|payload| std::panic::resume_unwind(payload))
    }

    /// Returns the thread.
    #[must_use]
    pub fn thread(&self) -> Thread {
        self.0.thread()
    }
}

/// Spawns a thread. As in loom, what it takes along need not be `Send`: all threads of a model run
/// on one thread of the operating system.
///
/// # Panics
/// Outside of a model.
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    // SAFETY: 1. a model's threads have only what its closure gives them. What is not `Send` does
    // not leave the OS thread on which they run: its handle is not `Send`, either.
    JoinHandle(unsafe { selvedge::thread::spawn_green(f) }, PhantomData)
}

/// [`std::thread::Builder`], modelled.
///
/// ```
/// use selvedge_loom as loom;
///
/// loom::model(|| {
///     let builder = loom::thread::Builder::new().name("adder".to_string());
///     let adder = builder.spawn(|| 2 + 2).unwrap();
///     assert_eq!(adder.thread().name(), Some("adder"));
///     assert_eq!(adder.join().unwrap(), 4);
/// });
/// ```
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder(selvedge::thread::Builder);

impl Builder {
    /// Creates a builder for a thread without a name and with the default stack size.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Sets the thread's name.
    pub fn name(self, name: String) -> Builder {
        Builder(self.0.name(name))
    }

    /// Sets the size of the stack in machine words: so loom has it, and std has bytes.
    pub fn stack_size(self, size: usize) -> Builder {
        Builder(self.0.stack_size(size.saturating_mul(size_of::<usize>())))
    }

    /// Spawns the thread.
    ///
    /// # Errors
    /// In a model: never.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Ok(JoinHandle(self.0.spawn(f)?, PhantomData))
    }
}
