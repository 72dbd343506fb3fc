//! Wakeup trees: which sequences of steps are still to be explored from a point.

use super::effect::Act;
use super::history::{Clock, History};
use crate::trace::ThreadId;

/// An element of a sequence that is to be explored.
#[derive(Clone, Debug)]
pub(super) struct Element {
    /// The step of the history; `None` for the last, which has not happened yet in this place.
    pub(super) step: Option<usize>,
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<u32>,
}

/// A node of a wakeup tree: a step, and what is to come after it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<u32>,
    pub(super) children: Vec<Branch>,
}

/// `y`, earlier in the sequence, happens before `z`; `last` is what the thread of the last element knew before it.
fn happens_before(history: &History, y: &Element, z: &Element, last: &Clock) -> bool {
    let Some(earlier) = y.step else { return false };
    match z.step {
        Some(later) => history.follows(later, earlier),
        None => y.act.conflicts(&z.act) || last.get(y.thread) >= history.steps[earlier].seq,
    }
}

/// Whether the step could come first in some sequence that is equivalent to `v`, or to `v` continued.
pub(super) fn is_weak_initial(
    history: &History,
    last: &Clock,
    (thread, act, choice): (ThreadId, &Act, Option<u32>),
    v: &[Element],
) -> bool {
    match v.iter().position(|y| y.thread == thread) {
        Some(first) => {
            (choice.is_none() || choice == v[first].choice)
                && !v[..first].iter().any(|y| happens_before(history, y, &v[first], last))
        }
        // another choice of the same thread is not covered by this one
        None => choice.is_none() && !v.iter().any(|y| y.act.conflicts(act)),
    }
}

/// Adds a sequence to the tree, unless the tree leads to an equivalent one already.
pub(super) fn insert(history: &History, last: &Clock, tree: &mut Vec<Branch>, mut v: Vec<Element>) {
    if v.is_empty() {
        return;
    }
    for branch in tree.iter_mut() {
        if is_weak_initial(history, last, (branch.thread, &branch.act, branch.choice), &v) {
            if branch.children.is_empty() {
                return; // a leaf: whatever comes after it is explored
            }
            if let Some(first) = v.iter().position(|y| y.thread == branch.thread) {
                v.remove(first);
            }
            return insert(history, last, &mut branch.children, v);
        }
    }
    let mut chain: Vec<Branch> = Vec::new();
    for Element { thread, act, choice, .. } in v.into_iter().rev() {
        chain = vec![Branch { thread, act, choice, children: chain }];
    }
    tree.append(&mut chain);
}
