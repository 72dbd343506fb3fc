//! shuttle's green threads under a strategy of ours.
//!
//! One execution of shuttle's runs many of the model's (`execution/green`), and those of one
//! exploration after the other (`host`): its tasks and their stacks stay. A failed execution is
//! stopped by choosing nobody, which ends shuttle's too.

use super::exploration::lock;
use super::job::{Assignment, Fit};
use super::running::Running;
use crate::execution::{self, green};
use crate::vocabulary::verdict::Bound;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

thread_local! {
    /// Where this host's orders come from.
    static ORDERS: RefCell<Option<mpsc::Receiver<Assignment>>> = const { RefCell::new(None) };
    /// The exploration that runs.
    static RUNNING: Cell<Option<Box<Running>>> = const { Cell::new(None) };
}

/// A host's life: one exploration after the other.
pub(super) fn serve(orders: mpsc::Receiver<Assignment>) {
    ORDERS.set(Some(orders));
    let mut config = shuttle::Config::new();
    config.stack_size = execution::failure::stack::SHUTTLE;
    config.max_steps = shuttle::MaxSteps::None; // ours counts events
    config.failure_persistence = shuttle::FailurePersistence::None;
    config.silence_warnings = true;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        shuttle::Runner::new(Hands, config).run(drive);
    }));
    std::mem::forget(execution::end()); // whatever is left is a failed execution's
    if let (Err(payload), Some(running)) = (outcome, RUNNING.take()) {
        let operation = format!("this execution: {}", execution::failure::hook::message(&*payload));
        let cut = Bound::NotModelled { engine: "shuttle", operation };
        lock(&running.assigned.shared).cut.get_or_insert(cut);
        running.end(Fit::No);
    }
}

/// The main task of an execution of shuttle's: executions of models, the first of which has been
/// begun.
fn drive() {
    loop {
        let model = RUNNING.take().map(|running| {
            let model: *const (dyn Fn() + Send + Sync) = &*running.assigned.job.model;
            RUNNING.set(Some(running));
            model
        });
        // SAFETY: 1. the order that runs owns its model, and ends after its last execution; where
        // this stack is left in the middle of the model, the model is kept for ever
        // (`keep_if_borrowed`).
        #[allow(unsafe_code)]
        execution::threads::run_main(|| model.into_iter().for_each(|model| unsafe { (*model)() }));
        execution::leave(); // until every other thread has ended too
        if green::is_worn() || !another() {
            return green::close();
        }
    }
}

/// Goes on to the next execution, of the exploration that runs or of the next one; false if there
/// will be none.
fn another() -> bool {
    loop {
        if let Some(mut running) = RUNNING.take() {
            if running.goes_on() {
                RUNNING.set(Some(running));
                return true;
            }
            running.end(Fit::Yes);
        }
        let Some(Ok(assigned)) =
            ORDERS.with_borrow(|orders| orders.as_ref().map(mpsc::Receiver::recv))
        else {
            return false;
        };
        RUNNING.set(Some(Box::new(Running::begin(assigned))));
    }
}

/// shuttle's scheduler: it only repeats what was decided before the switch.
struct Hands;

impl Scheduler for Hands {
    fn new_execution(&mut self) -> Option<Schedule> {
        green::renew();
        another().then(|| Schedule::new(0))
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
