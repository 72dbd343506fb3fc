//! Wakeup trees: the sequences of steps that remain to be explored from a point.

use super::log::{Choice, StepLog};
use crate::dependence::Act;
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// An element of a sequence to explore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    /// The step of the log. `None` for the last element, which has not happened in this place yet.
    pub(super) step: Option<usize>,
    pub(super) thread: ThreadId,
    pub(super) act: &'a Act,
    pub(super) choice: Option<Choice>,
}

/// A sequence to explore from a point, without a heap allocation if it is short.
pub(super) type Sequence<'a> = SmallVec<[Element<'a>; 16]>;

/// A node of a wakeup tree: a step, and what follows it.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<Choice>,
    pub(super) children: Vec<Branch>,
}

impl Branch {
    fn first(&self) -> First<'_> {
        (self.thread, &self.act, self.choice)
    }
}

impl Drop for Branch {
    /// Iterative, because trees are deep.
    fn drop(&mut self) {
        let mut left = std::mem::take(&mut self.children);
        while let Some(mut branch) = left.pop() {
            left.append(&mut branch.children);
        }
    }
}

/// A step with which a sequence may begin.
pub(super) type First<'a> = (ThreadId, &'a Act, Option<Choice>);

/// A step that need not be explored again from here. It was explored, and nothing has conflicted
/// with it since.
#[derive(Clone, Debug)]
pub(super) struct Sleeper {
    pub(super) thread: ThreadId,
    pub(super) act: Act,
    pub(super) choice: Option<Choice>,
}

impl Sleeper {
    pub(super) fn first(&self) -> First<'_> {
        (self.thread, &self.act, self.choice)
    }

    /// Whether it stays asleep after this step.
    pub(super) fn sleeps_on(&self, thread: ThreadId, act: &Act) -> bool {
        sleeps_on(self.first(), thread, act)
    }
}

fn sleeps_on((sleeper, own, _): First<'_>, thread: ThreadId, act: &Act) -> bool {
    sleeper != thread && !own.conflicts(act)
}

/// Whether `y`, earlier in the sequence, happens before `z`. `last` is what the thread of the last
/// element knew before it.
fn happens_before(log: &StepLog, y: &Element<'_>, z: &Element<'_>, last: &VectorClock) -> bool {
    let Some(earlier) = y.step else { return false };
    match z.step {
        Some(later) => log.follows(later, earlier),
        None => y.act.conflicts(z.act) || last.get(y.thread) >= log.steps[earlier].seq,
    }
}

/// Whether the step can come first in some sequence equivalent to `v`, or to an extension of `v`.
pub(super) fn is_weak_initial(
    log: &StepLog,
    last: &VectorClock,
    (thread, act, choice): First<'_>,
    v: &[Element<'_>],
) -> bool {
    match v.iter().position(|y| y.thread == thread) {
        Some(first) => {
            (choice.is_none() || choice == v[first].choice)
                && !v[..first].iter().any(|y| happens_before(log, y, &v[first], last))
        }
        // one choice of a step is not the whole step: see `insert`
        None => choice.is_none() && !v.iter().any(|y| y.act.conflicts(act)),
    }
}

/// Whether the step's thread is not in `v`, and the step can stand before or after `v` alike.
fn is_apart(thread: ThreadId, act: &Act, v: &[Element<'_>]) -> bool {
    !v.iter().any(|y| y.thread == thread || y.act.conflicts(act))
}

/// Steps after which a sequence need not be explored again: sleepers and earlier branches.
type Explored<'a> = SmallVec<[First<'a>; 4]>;

/// Adds a sequence to the tree, unless the tree already leads to an equivalent one. `asleep` are
/// the sleepers there.
///
/// A deviation from the paper, whose steps have one outcome: a step that is apart from `v` is a
/// weak initial of `v` only with all of its choices together. If all of them sleep or are branches,
/// `v` is explored after each of those branches. Otherwise they would all be asleep after `v`, and
/// what must come before them would be missed.
pub(super) fn insert<'a>(
    log: &StepLog,
    last: &VectorClock,
    tree: &'a mut Vec<Branch>,
    v: &mut Sequence<'_>,
    asleep: impl Iterator<Item = First<'a>>,
) {
    insert_unless(log, last, tree, v, asleep.filter(|(_, _, choice)| choice.is_some()).collect());
}

fn insert_unless<'a>(
    log: &StepLog,
    last: &VectorClock,
    mut tree: &'a mut Vec<Branch>,
    v: &mut Sequence<'_>,
    mut explored: Explored<'a>,
) {
    // A loop, because trees are as deep as executions are long, and the stacks are those of a
    // model's threads.
    while !v.is_empty() {
        let by_each_choice = |branches: &[Branch], (thread, _, choice): First<'_>| {
            let steps = explored.iter().copied().chain(branches.iter().map(Branch::first));
            let of = |(t, act, choice): &First<'_>| {
                *t == thread && choice.is_some() && is_apart(*t, act, v)
            };
            choice.is_some_and(|choice| steps.filter(of).count() >= choice.of as usize)
        };
        if explored.iter().any(|first| by_each_choice(&[], *first)) {
            return;
        }
        let mut places = (0..tree.len()).map(|at| (at, tree[at].first()));
        let place = places.find_map(|(at, first)| match is_weak_initial(log, last, first, v) {
            true => Some((at, true)),
            false => by_each_choice(&tree[..=at], first).then_some((at, false)),
        });
        match place {
            Some((at, true)) => {
                let thread = tree[at].thread;
                if let Some(first) = v.iter().position(|y| y.thread == thread) {
                    v.remove(first);
                }
                let Some(beneath) = descend(tree, at, &mut explored) else { return };
                tree = beneath;
            }
            Some((at, false)) => {
                let thread = tree[at].thread;
                for choice in 0..=at {
                    if tree[choice].thread == thread && is_apart(thread, &tree[choice].act, v) {
                        let mut explored: Explored<'_> = explored.iter().copied().collect();
                        if let Some(beneath) = descend(tree, choice, &mut explored) {
                            insert_unless(log, last, beneath, &mut v.clone(), explored);
                        }
                    }
                }
                return;
            }
            None => {
                let mut chain: Vec<Branch> = Vec::new();
                for Element { thread, act, choice, .. } in v.drain(..).rev() {
                    chain = vec![Branch { thread, act: act.clone(), choice, children: chain }];
                }
                return tree.append(&mut chain);
            }
        }
    }
}

/// The subtree of a branch. `None` for a leaf, because everything after a leaf is explored.
fn descend<'a>(
    tree: &'a mut [Branch],
    at: usize,
    explored: &mut Explored<'a>,
) -> Option<&'a mut Vec<Branch>> {
    let (earlier, rest) = tree.split_at_mut(at);
    let Branch { thread, act, children, .. } = &mut rest[0];
    explored.extend(earlier.iter().map(Branch::first).filter(|(_, _, choice)| choice.is_some()));
    explored.retain(|first| sleeps_on(*first, *thread, act));
    Some(children).filter(|children| !children.is_empty())
}
