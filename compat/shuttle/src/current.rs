//! The running task.

/// The number of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(usize);

impl From<usize> for TaskId {
    fn from(number: usize) -> TaskId {
        TaskId(number)
    }
}

impl From<TaskId> for usize {
    fn from(task: TaskId) -> usize {
        task.0
    }
}

/// Returns the running task, if a model runs.
#[must_use]
pub fn try_get_current_task() -> Option<TaskId> {
    selvedge::thread::current().id().green().map(TaskId)
}

/// Returns the running task.
///
/// # Panics
/// Outside of a model.
#[must_use]
pub fn get_current_task() -> Option<TaskId> {
    Some(me())
}

/// Returns the running task.
///
/// # Panics
/// Outside of a model.
#[must_use]
pub fn me() -> TaskId {
    try_get_current_task().expect("a task runs in a model only")
}
