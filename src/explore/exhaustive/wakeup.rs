//! Wakeup trees: which sequences of steps are still to be explored from a point.

use super::effect::Act;
use super::history::History;
use crate::runtime::Clock;
use crate::trace::ThreadId;

/// What a step with several outcomes did: a choice that is not about threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) taken: u32,
    /// How many options it had.
    pub(super) of: u32,
}

/// An element of a sequence that is to be explored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// The step of the history; `None` for the last, which has not happened yet in this place.
    pub(super) step: Option<usize>,
    pub(super) thread: ThreadId,
    pub(super) act: &'a Act,
    pub(super) choice: Option<Choice>,
}

/// A node of a wakeup tree: a step, and what is to come after it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<Choice>,
    pub(super) children: Vec<Branch>,
}

/// A step that need not be explored again from here: it was, and nothing has conflicted with it since.
#[derive(Clone, Debug)]
pub(super) struct Sleeper {
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<Choice>,
}

impl Sleeper {
    /// Whether it sleeps on after this step.
    pub(super) fn sleeps_on(&self, thread: ThreadId, act: &Act) -> bool {
        self.thread != thread && !self.act.conflicts(act)
    }
}

/// `y`, earlier in the sequence, happens before `z`; `last` is what the thread of the last element knew before it.
fn happens_before(history: &History, y: &Element<'_>, z: &Element<'_>, last: &Clock) -> bool {
    let Some(earlier) = y.step else { return false };
    match z.step {
        Some(later) => history.follows(later, earlier),
        None => y.act.conflicts(z.act) || last.get(y.thread) >= history.steps[earlier].seq,
    }
}

/// Whether the step could come first in some sequence that is equivalent to `v`, or to `v` continued.
pub(super) fn is_weak_initial(
    history: &History,
    last: &Clock,
    (thread, act, choice): (ThreadId, &Act, Option<Choice>),
    v: &[Element<'_>],
) -> bool {
    match v.iter().position(|y| y.thread == thread) {
        Some(first) => {
            (choice.is_none() || choice == v[first].choice)
                && !v[..first].iter().any(|y| happens_before(history, y, &v[first], last))
        }
        // one choice of a step is not all of it: see `insert`
        None => choice.is_none() && !v.iter().any(|y| y.act.conflicts(act)),
    }
}

/// Whether the step is of a thread that `v` leaves alone, and could stand before or after `v` alike.
fn is_apart(thread: ThreadId, act: &Act, v: &[Element<'_>]) -> bool {
    !v.iter().any(|y| y.thread == thread || y.act.conflicts(act))
}

/// Adds a sequence to the tree, unless the tree leads to an equivalent one already; `asleep` are the sleepers there.
///
/// A deviation from the paper, whose steps have one outcome: a step that stands apart from `v` is a weak initial of
/// `v` only with all of its choices together. Where all of them sleep or are branches, `v` is explored after each of
/// those branches; else they would all be asleep after `v`, and what must come before them would be missed.
pub(super) fn insert(
    history: &History,
    last: &Clock,
    tree: &mut Vec<Branch>,
    mut v: Vec<Element<'_>>,
    asleep: &[Sleeper],
) {
    if v.is_empty() {
        return;
    }
    let count = |tree: &[Branch], thread: ThreadId| {
        let sleepers = asleep.iter().map(|s| (s.thread, &s.act, s.choice));
        let steps = sleepers.chain(tree.iter().map(|b| (b.thread, &b.act, b.choice)));
        steps.filter(|(t, act, choice)| *t == thread && choice.is_some() && is_apart(*t, act, &v)).count()
    };
    if asleep.iter().any(|s| s.choice.is_some_and(|choice| count(&[], s.thread) >= choice.of as usize)) {
        return; // explored before, by each of the choices
    }
    for at in 0..tree.len() {
        let Branch { thread, choice, .. } = tree[at];
        if is_weak_initial(history, last, (thread, &tree[at].act, choice), &v) {
            if let Some(first) = v.iter().position(|y| y.thread == thread) {
                v.remove(first);
            }
            return insert_after(history, last, tree, at, v, asleep);
        }
        if choice.is_some_and(|choice| count(&tree[..=at], thread) >= choice.of as usize) {
            for choice in 0..=at {
                if tree[choice].thread == thread && is_apart(thread, &tree[choice].act, &v) {
                    insert_after(history, last, tree, choice, v.clone(), asleep);
                }
            }
            return;
        }
    }
    let mut chain: Vec<Branch> = Vec::new();
    for Element { thread, act, choice, .. } in v.into_iter().rev() {
        chain = vec![Branch { thread, act: act.clone(), choice, children: chain }];
    }
    tree.append(&mut chain);
}

/// Adds a sequence beneath a branch of the tree.
fn insert_after(
    history: &History,
    last: &Clock,
    tree: &mut [Branch],
    at: usize,
    v: Vec<Element<'_>>,
    asleep: &[Sleeper],
) {
    let (earlier, branch) = tree.split_at_mut(at);
    let branch = &mut branch[0];
    if branch.children.is_empty() {
        return; // a leaf: whatever comes after it is explored
    }
    let earlier = earlier.iter().map(|b| Sleeper { thread: b.thread, act: b.act.clone(), choice: b.choice });
    let asleep: Vec<Sleeper> = (asleep.iter().filter(|s| s.choice.is_some()).cloned())
        .chain(earlier.filter(|s| s.choice.is_some()))
        .filter(|s| s.sleeps_on(branch.thread, &branch.act))
        .collect();
    insert(history, last, &mut branch.children, v, &asleep);
}
