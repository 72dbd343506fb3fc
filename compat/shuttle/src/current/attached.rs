//! What is attached to the tasks of the running execution. No task's step depends on it.

use super::labels::{ChildLabelFn, Labels, TaskName};
use super::{Tag, TaskId, me, try_get_current_task};
use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
pub(super) struct Attached {
    /// The number of the execution in this process; zero outside of all.
    execution: u64,
    pub(super) users: Users,
    pub(super) ended: HashSet<TaskId>,
    /// How many random numbers each task has got.
    drawn: HashMap<TaskId, u64>,
    manner: Manner,
}

/// What is the user's: its destructors run as a part of the execution, or not at all. They run in
/// the order of the tasks.
#[derive(Default)]
pub(super) struct Users {
    pub(super) tags: BTreeMap<TaskId, Arc<dyn Tag>>,
    pub(super) labels: BTreeMap<TaskId, Labels>,
}

impl Users {
    fn pop(&mut self) -> Option<Box<dyn Any>> {
        if let Some((_, tag)) = self.tags.pop_first() {
            return Some(Box::new(tag));
        }
        loop {
            let mut labels = self.labels.first_entry()?;
            match labels.get_mut().pop() {
                Some(label) => return Some(label),
                None => drop(labels.remove()),
            }
        }
    }
}

impl Drop for Users {
    /// The execution has failed: what is left would meet another one.
    fn drop(&mut self) {
        while let Some(value) = self.pop() {
            match value.is::<TaskName>() {
                true => drop(value),
                false => std::mem::forget(value),
            }
        }
    }
}

/// Dropped at the end of an execution that does not fail.
struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        let mut users = with(|attached| std::mem::take(&mut attached.users));
        while let Some(value) = users.pop() {
            drop(value); // a panic leaves the others alone
        }
    }
}

selvedge::thread_local! {
    static ENDS: Ends = Ends;
}

/// What differs between the schedulers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Whether a sleep is a step like any other.
    pub(crate) sleeps_plainly: bool,
    pub(crate) random: Random,
}

/// What random numbers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Random {
    /// Choices.
    #[default]
    Chosen,
    /// Each task has the same ones in each execution.
    Fixed,
    /// The scheduler has none.
    Refused,
}

std::thread_local! {
    /// All tasks of a model run on one thread of the operating system.
    static ATTACHED: RefCell<Attached> = RefCell::default();
}

pub(super) fn with<R>(f: impl FnOnce(&mut Attached) -> R) -> R {
    ATTACHED.with_borrow_mut(f)
}

/// An execution begins.
pub(crate) fn begins(manner: Manner) {
    // Relaxed: only uniqueness matters
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let execution = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut attached = Attached { execution, manner, ..Attached::default() };
    if let Some(main) = try_get_current_task() {
        attached.users.labels.entry(main).or_default().insert(TaskName::from("main-thread"));
    }
    drop(ATTACHED.replace(attached));
    ENDS.with_shared(|_| ());
}

/// The number of the running execution; zero outside of all.
pub(crate) fn execution() -> u64 {
    if try_get_current_task().is_some() { with(|attached| attached.execution) } else { 0 }
}

/// Whether a sleep is a step like any other.
pub(crate) fn sleeps_plainly() -> bool {
    try_get_current_task().is_some() && with(|attached| attached.manner.sleeps_plainly)
}

/// The next random number of this task, if such numbers are fixed.
///
/// # Panics
/// If the scheduler has none.
pub(crate) fn random() -> Option<u64> {
    let me = try_get_current_task()?;
    match with(|attached| attached.manner.random) {
        Random::Chosen => return None,
        Random::Refused => panic!("requested random data from DFS scheduler"),
        Random::Fixed => {}
    }
    let count = with(|attached| {
        let count = attached.drawn.entry(me).or_default();
        *count += 1;
        *count
    });
    let mut hasher = DefaultHasher::new();
    (usize::from(me), count).hash(&mut hasher);
    Some(hasher.finish())
}

/// What a task gets from the one that starts it.
pub(crate) struct Heritage {
    labels: Option<Labels>,
    tag: Option<Arc<dyn Tag>>,
    name: Option<String>,
}

// SAFETY: 1. it goes from one green thread to another one, which runs on the same thread of the
// operating system; outside of a model it is empty
unsafe impl Send for Heritage {}

impl Heritage {
    /// What the running task leaves.
    pub(crate) fn of_mine(name: Option<String>) -> Heritage {
        let nothing = Heritage { labels: None, tag: None, name };
        let Some(me) = try_get_current_task() else { return nothing };
        with(|attached| {
            let labels = attached.users.labels.get(&me).cloned();
            Heritage { labels, tag: attached.users.tags.get(&me).cloned(), ..nothing }
        })
    }

    /// The running task gets it. It has ended when the result is dropped.
    pub(crate) fn goes_to_me(self) -> Option<Lives> {
        let me = try_get_current_task()?;
        let Heritage { labels, tag, name } = self;
        let mut labels = labels.unwrap_or_default();
        if let Some(ChildLabelFn(changes)) = labels.get::<ChildLabelFn>().cloned() {
            changes(me, &mut labels);
        }
        name.into_iter().for_each(|name| _ = labels.insert(TaskName::from(name)));
        with(|attached| {
            attached.users.labels.insert(me, labels);
            tag.into_iter().for_each(|tag| _ = attached.users.tags.insert(me, tag));
        });
        Some(Lives(()))
    }
}

/// A task that runs.
pub(crate) struct Lives(());

impl Drop for Lives {
    fn drop(&mut self) {
        if try_get_current_task().is_some() {
            with(|attached| attached.ended.insert(me()));
        }
    }
}
