//! The running task, and what is attached to tasks.

mod attached;
mod labels;
mod tags;

pub(crate) use attached::{
    Heritage, Lives, Manner, Random, begins, execution, random, sleeps_plainly,
};
pub use labels::{
    ChildLabelFn, Labels, TaskName, get_label_for_task, get_name_for_task, remove_label_for_task,
    set_label_for_task, set_name_for_task, with_labels_for_task,
};
use std::ops::Deref;
pub use tags::{
    Tag, Taggable, get_tag_for_current_task, get_tag_for_task, set_tag_for_current_task,
    set_tag_for_task,
};

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

/// What a task knows of all tasks: of itself, how many operations it has had; of another one, how
/// many of its releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VectorClock(Vec<u32>);

impl VectorClock {
    /// Returns what is known of a task.
    #[must_use]
    pub fn get(&self, task: usize) -> u32 {
        self.0.get(task).copied().unwrap_or(0)
    }
}

impl Deref for VectorClock {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.0
    }
}

/// Returns what the running task knows of all tasks. Empty outside of a model.
#[must_use]
pub fn clock() -> VectorClock {
    VectorClock(selvedge::thread::clock())
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

/// Whether the task has ended.
pub(crate) fn has_ended(task: TaskId) -> bool {
    attached::with(|attached| attached.ended.contains(&task))
}
