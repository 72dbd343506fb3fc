//! shuttle's green threads under our strategy.
//!
//! One execution of shuttle runs many executions of the model (`execution/green`), and those of
//! successive explorations (`host`). Its tasks and their stacks stay. A failed execution is stopped
//! by choosing no task, which also ends shuttle's execution.

use super::exploration::{Then, lock};
use super::job::{Assignment, Fit};
use super::running::Running;
use crate::execution::{self, green};
use crate::vocabulary::verdict::Bound;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

thread_local! {
    /// The source of this host's orders.
    static ORDERS: RefCell<Option<mpsc::Receiver<Assignment>>> = const { RefCell::new(None) };
    /// The running exploration.
    static RUNNING: Cell<Option<Box<Running>>> = const { Cell::new(None) };
}

/// A host's life: one exploration after another.
pub(super) fn serve(orders: mpsc::Receiver<Assignment>) {
    ORDERS.set(Some(orders));
    let mut config = shuttle::Config::new();
    config.stack_size = execution::failure::stack::SHUTTLE;
    config.max_steps = shuttle::MaxSteps::None; // we count events ourselves
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(Hands, config).run(drive);
    }));
    std::mem::forget(execution::end()); // whatever is left belongs to a failed execution
    if let (Err(payload), Some(running)) = (outcome, RUNNING.take()) {
        let operation = format!("this execution: {}", execution::failure::hook::message(&*payload));
        let cut = Bound::NotModelled { engine: "shuttle", operation };
        lock(&running.assigned.shared).cut.get_or_insert(cut);
        running.end(Fit::No);
    }
}

/// The main task of a shuttle execution. It runs executions of models, the first of which has
/// already begun.
fn drive() {
    loop {
        let model = RUNNING.take().map(|running| {
            let model: *const (dyn Fn() + Send + Sync) = &*running.assigned.job.model;
            RUNNING.set(Some(running));
            model
        });
        // SAFETY: 1. the running order owns its model, and ends after its last execution. If this
        // stack is left in the middle of the model, the model is kept for ever
        // (`keep_if_borrowed`).
        #[allow(unsafe_code)]
        execution::threads::run_main(|| model.into_iter().for_each(|model| unsafe { (*model)() }));
        execution::leave(); // until every other thread has ended too
        if green::is_worn() || another() == Then::Over {
            return green::close();
        }
    }
}

/// Moves to the next execution, of the running exploration or of the next one.
fn another() -> Then {
    loop {
        if let Some(mut running) = RUNNING.take() {
            if running.next() == Then::GoOn {
                RUNNING.set(Some(running));
                return Then::GoOn;
            }
            running.end(Fit::Yes);
        }
        let Some(Ok(assigned)) =
            ORDERS.with_borrow(|orders| orders.as_ref().map(mpsc::Receiver::recv))
        else {
            return Then::Over;
        };
        RUNNING.set(Some(Box::new(Running::begin(assigned))));
    }
}

/// shuttle's scheduler. It only repeats the decision made before the switch.
struct Hands;

impl Scheduler for Hands {
    fn new_execution(&mut self) -> Option<Schedule> {
        green::renew();
        (another() == Then::GoOn).then(|| Schedule::new(0))
    }

    fn next_task(
        &mut self,
        _runnable: &[&Task],
        _current: Option<TaskId>,
        _yielding: bool,
    ) -> Option<TaskId> {
        green::chosen().map(TaskId::from)
    }

    fn next_u64(&mut self) -> u64 {
        0
    }
}
