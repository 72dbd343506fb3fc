//! Green threads of shuttle, lent to the threads of one execution after the other.
//!
//! One execution of shuttle's runs many of the model's: its main task runs each model's main
//! thread, and hands out the others to tasks that stay when a thread has ended. Making a task costs
//! shuttle more than all that most threads do. Who goes on is decided on the green threads
//! (`schedule`), so that shuttle is asked for a switch only where there is one, and its scheduler
//! only repeats the decision.

use super::failure::unwinding;
use super::{ThreadId, set_me, step};
use std::cell::{Cell, RefCell};

/// A task of shuttle, by its number in shuttle's execution.
pub(crate) type Task = usize;

/// The task that runs the main thread of each execution, and what stands between two of them.
pub(super) const DRIVER: Task = 0;

/// What a thread does.
pub(super) type Body = Box<dyn FnOnce(ThreadId) + Send>;

/// shuttle remembers each switch of an execution of its own: so many, and another one is begun.
const WORN: usize = 20_000;

#[derive(Default)]
struct Pool {
    /// Tasks without a thread.
    idle: Vec<Task>,
    /// What each task is to do next; the driver's place is never filled.
    work: Vec<Option<(ThreadId, Body)>>,
    switches: usize,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
    /// The task that runs, or is to run next; `None` if none is to run any more.
    static NEXT: Cell<Option<Task>> = const { Cell::new(None) };
}

/// The task that shuttle must choose; `None` ends its execution.
pub(crate) fn chosen() -> Option<Task> {
    NEXT.get()
}

/// A new execution of shuttle's: nothing but its main task is there.
pub(crate) fn renew() {
    // whatever stands here is a failed execution's, whose stacks are leaked too
    std::mem::forget(POOL.replace(Pool { work: vec![None], ..Pool::default() }));
    NEXT.set(Some(DRIVER));
}

/// Whether it is time for a new execution of shuttle's.
pub(crate) fn is_worn() -> bool {
    POOL.with_borrow(|pool| pool.switches > WORN)
}

/// Lets another task run, or, with `None`, none ever again.
pub(super) fn switch_to(task: Option<Task>) {
    NEXT.set(task);
    POOL.with_borrow_mut(|pool| pool.switches += 1);
    let panics = unwinding::set_aside();
    shuttle_engine::runtime::thread::switch();
    unwinding::take_up(panics);
}

/// Gives the thread a task, which does not run yet.
pub(super) fn start(thread: ThreadId, body: Body) -> Task {
    let idle = POOL.with_borrow_mut(|pool| pool.idle.pop());
    let task = idle.unwrap_or_else(|| {
        let task = POOL.with_borrow_mut(|pool| {
            pool.work.push(None);
            pool.work.len() - 1
        });
        let panics = unwinding::set_aside();
        // asks for a switch, and is given none: `chosen` is who runs
        drop(shuttle::thread::spawn(move || serve(task)));
        unwinding::take_up(panics);
        task
    });
    POOL.with_borrow_mut(|pool| pool.work[task] = Some((thread, body)));
    task
}

/// A task's life: one thread after the other.
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
