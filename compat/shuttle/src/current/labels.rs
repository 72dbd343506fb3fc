//! Labels: values of any type, one of each type for a task.

use super::TaskId;
use super::attached;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A value whose type is known to who asks for it.
trait Label: Any {
    fn copy(&self) -> Box<dyn Label>;
}

impl<T: Clone + 'static> Label for T {
    fn copy(&self) -> Box<dyn Label> {
        Box::new(self.clone())
    }
}

/// The labels of a task: at most one of each type.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::current::Labels;
///
/// let mut labels = Labels::new();
/// assert_eq!(labels.insert(7_u32), None);
/// assert_eq!((labels.get::<u32>(), labels.get::<u8>()), (Some(&7), None));
/// ```
#[derive(Default)]
pub struct Labels(BTreeMap<TypeId, Box<dyn Label>>);

impl Labels {
    /// Creates a set without labels.
    #[must_use]
    pub fn new() -> Labels {
        Labels::default()
    }

    /// Sets the label of this type, and returns the one before.
    pub fn insert<T: Clone + 'static>(&mut self, label: T) -> Option<T> {
        let before = self.0.insert(TypeId::of::<T>(), Box::new(label));
        before.and_then(taken)
    }

    /// Returns the label of this type.
    #[must_use]
    pub fn get<T: 'static>(&self) -> Option<&T> {
        let label: &dyn Any = &**self.0.get(&TypeId::of::<T>())?;
        label.downcast_ref()
    }

    /// Returns the label of this type, to be changed.
    pub fn get_mut<T: 'static>(&mut self) -> Option<&mut T> {
        let label: &mut dyn Any = &mut **self.0.get_mut(&TypeId::of::<T>())?;
        label.downcast_mut()
    }

    /// Takes the label of this type away.
    pub fn remove<T: 'static>(&mut self) -> Option<T> {
        self.0.remove(&TypeId::of::<T>()).and_then(taken)
    }

    /// Takes all labels away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Returns `true` if there is no label.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many labels there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn pop(&mut self) -> Option<Box<dyn Any>> {
        self.0.pop_first().map(|(_, label)| -> Box<dyn Any> { label })
    }

    /// Adds the labels of another set, which replace those of the same types.
    pub fn extend(&mut self, other: Labels) {
        self.0.extend(other.0);
    }
}

fn taken<T: 'static>(label: Box<dyn Label>) -> Option<T> {
    let label: Box<dyn Any> = label;
    label.downcast().ok().map(|label| *label)
}

impl Clone for Labels {
    fn clone(&self) -> Labels {
        Labels(self.0.iter().map(|(kind, label)| (*kind, (**label).copy())).collect())
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// The label that names a task.
#[derive(Clone, PartialEq, Eq)]
pub struct TaskName(String);

impl From<String> for TaskName {
    fn from(name: String) -> TaskName {
        TaskName(name)
    }
}

impl From<&str> for TaskName {
    fn from(name: &str) -> TaskName {
        TaskName(name.to_string())
    }
}

impl From<TaskName> for String {
    fn from(TaskName(name): TaskName) -> String {
        name
    }
}

impl<'a> From<&'a TaskName> for &'a String {
    fn from(TaskName(name): &'a TaskName) -> &'a String {
        name
    }
}

impl fmt::Debug for TaskName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The label that changes the labels of a task's children: each gets those of its parent, changed
/// by this.
#[derive(Clone)]
pub struct ChildLabelFn(pub Arc<Changes>);

/// What a [`ChildLabelFn`] does with the labels of a child.
type Changes = dyn Fn(TaskId, &mut Labels);

impl fmt::Debug for ChildLabelFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildLabelFn")
    }
}

/// Calls `f` with the labels of a task.
pub fn with_labels_for_task<F, T>(task: TaskId, f: F) -> T
where
    F: FnOnce(&mut Labels) -> T,
{
    let mut labels =
        attached::with(|attached| attached.users.labels.remove(&task)).unwrap_or_default();
    let result = f(&mut labels);
    attached::with(|attached| attached.users.labels.insert(task, labels));
    result
}

/// Returns a task's label of this type.
#[must_use]
pub fn get_label_for_task<T: Clone + fmt::Debug + 'static>(task: TaskId) -> Option<T> {
    with_labels_for_task(task, |labels| labels.get().cloned())
}

/// Sets a task's label of this type, and returns the one before.
pub fn set_label_for_task<T: Clone + fmt::Debug + 'static>(task: TaskId, label: T) -> Option<T> {
    with_labels_for_task(task, |labels| labels.insert(label))
}

/// Takes a task's label of this type away.
pub fn remove_label_for_task<T: Clone + fmt::Debug + 'static>(task: TaskId) -> Option<T> {
    with_labels_for_task(task, Labels::remove)
}

/// Returns a task's name.
#[must_use]
pub fn get_name_for_task(task: TaskId) -> Option<TaskName> {
    get_label_for_task(task)
}

/// Sets a task's name, and returns the one before.
pub fn set_name_for_task(task: TaskId, name: impl Into<TaskName>) -> Option<TaskName> {
    set_label_for_task(task, name.into())
}
