//! Shuttle's green threads, reused by the threads of successive executions.
//!
//! One execution of shuttle runs many executions of the model. Its main task runs each model's main
//! thread and hands the other threads to tasks, which stay when a thread has ended. Making a task
//! costs shuttle more than everything that most threads do. The decision which thread runs next is
//! made on the green threads (`schedule`). So shuttle is asked for a switch only where there is
//! one, and its scheduler only repeats the decision.

use super::failure::unwinding;
use super::{ThreadId, set_me, step};
use std::cell::{Cell, RefCell};

/// A shuttle task, by its number in shuttle's execution.
pub(crate) type Task = usize;

/// The task that runs each execution's main thread, and the code between two executions.
pub(super) const DRIVER: Task = 0;

/// What a thread runs.
pub(super) type Body = Box<dyn FnOnce(ThreadId) + Send>;

/// Shuttle remembers every switch of its execution: after this many, a new one begins.
const WORN: usize = 20_000;

#[derive(Default)]
struct Pool {
    /// Tasks without a thread.
    idle: Vec<Task>,
    /// What each task runs next. The driver's slot is never filled.
    work: Vec<Option<(ThreadId, Body)>>,
    switches: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
    /// The task that runs, or runs next. `None` if no task runs any more.
    static NEXT: Cell<Option<Task>> = const { Cell::new(None) };
}

/// The task that shuttle must choose. `None` ends its execution.
pub(crate) fn chosen() -> Option<Task> {
    NEXT.get()
}

/// Starts a new execution of shuttle, in which only its main task exists.
pub(crate) fn renew() {
    // whatever is left here belongs to a failed execution, whose stacks are leaked too
    std::mem::forget(POOL.replace(Pool { work: vec![None], ..Pool::default() }));
    NEXT.set(Some(DRIVER));
}

/// Whether a new execution of shuttle is due.
pub(crate) fn is_worn() -> bool {
    POOL.with_borrow(|pool| pool.switches > WORN)
}

/// Lets another task run. With `None`, no task ever runs again.
pub(super) fn switch_to(task: Option<Task>) {
    NEXT.set(task);
    POOL.with_borrow_mut(|pool| pool.switches += 1);
    let panics = unwinding::set_aside();
    shuttle_engine::runtime::thread::switch();
    unwinding::take_up(panics);
}

/// Assigns a task to the thread. The task does not run yet.
pub(super) fn start(thread: ThreadId, body: Body) -> Task {
    let idle = POOL.with_borrow_mut(|pool| pool.idle.pop());
    let task = idle.unwrap_or_else(|| {
        let task = POOL.with_borrow_mut(|pool| {
            pool.work.push(None);
            pool.work.len() - 1
        });
        let panics = unwinding::set_aside();
        // it asks for a switch and gets none: `chosen` decides which task runs
        drop(shuttle::thread::spawn(move || serve(task)));
        unwinding::take_up(panics);
        task
    });
    POOL.with_borrow_mut(|pool| pool.work[task] = Some((thread, body)));
    task
}

/// A task's life: one thread after another.
fn serve(task: Task) {
    while let Some((thread, body)) = POOL.with_borrow_mut(|pool| pool.work[task].take()) {
        set_me(thread);
        body(thread);
        POOL.with_borrow_mut(|pool| pool.idle.push(task));
        step::leave();
    }
    NEXT.set(Some(DRIVER)); // woken without work: see `close`
}

/// Ends the tasks, so that shuttle's execution can end.
pub(crate) fn close() {
    for task in POOL.with_borrow_mut(|pool| std::mem::take(&mut pool.idle)) {
        switch_to(Some(task));
    }
}
