//! Tags: one value for a task, whose type only who has set it knows.

use super::attached;
use super::{TaskId, me};
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What is attached to a task: every [`Taggable`].
pub trait Tag: Taggable {
    /// Returns the tag, to be told its type.
    fn as_any(&self) -> &dyn Any;
}

/// A type whose values are tags.
pub trait Taggable: fmt::Debug {}

impl<T: Taggable + Any> Tag for T {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Sets the running task's tag, and returns the one before. Its children have it, too.
///
/// # Panics
/// Outside of a model.
pub fn set_tag_for_current_task(tag: Arc<dyn Tag>) -> Option<Arc<dyn Tag>> {
    set_tag_for_task(me(), tag)
}

/// Returns the running task's tag.
///
/// # Panics
/// Outside of a model.
#[must_use]
pub fn get_tag_for_current_task() -> Option<Arc<dyn Tag>> {
    get_tag_for_task(me())
}

/// Returns a task's tag.
#[must_use]
pub fn get_tag_for_task(task: TaskId) -> Option<Arc<dyn Tag>> {
    attached::with(|attached| attached.users.tags.get(&task).cloned())
}

/// Sets a task's tag, and returns the one before.
pub fn set_tag_for_task(task: TaskId, tag: Arc<dyn Tag>) -> Option<Arc<dyn Tag>> {
    attached::with(|attached| attached.users.tags.insert(task, tag))
}
