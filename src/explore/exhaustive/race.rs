//! Races: pairs of steps of which the order could have been the other one, and what must be explored to see that.

use super::Node;
use super::effect::{Act, Effect};
use super::history::History;
use super::wakeup::{Element, Sequence, Sleeper, insert, is_weak_initial};
use crate::runtime::Clock;
use crate::trace::{Operation, ThreadId};
use smallvec::{SmallVec, smallvec};

/// A race of a step with an earlier one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race {
    pub(super) with: usize,
    /// The reversal that was planned last depended on so many of the steps of its execution.
    depends: usize,
}

impl Race {
    pub(super) fn new(with: usize) -> Race {
        Race { with, depends: usize::MAX }
    }

    /// Whether its reversal would be the one that was planned already: the steps that it depended on were kept, and
    /// every other one follows its first step, which leaves it out of the reversal.
    ///
    /// What is planned for a race hangs on what comes after the race, too. It is to be planned anew in every execution
    /// in which that is something else, even if both of its steps are kept.
    pub(super) fn is_seen_to(&self, history: &History, kept: usize, followed: &Clock) -> bool {
        let first = &history.steps[self.with];
        self.depends <= kept && followed.get(first.thread) >= first.seq
    }

    /// Sees to it that the race is explored the other way round too.
    pub(super) fn reverse(&mut self, history: &History, stack: &mut [Node], later: Later<'_>) {
        self.depends = reverse(history, stack, self.with, later);
    }
}

/// The later half of a race.
#[derive(Clone, Copy)]
pub(super) struct Later<'a> {
    /// Where it happened; nowhere, if it is still pending at the end.
    pub(super) step: Option<usize>,
    pub(super) thread: ThreadId,
    pub(super) announced: &'a Act,
    /// What its thread knew before it.
    pub(super) before: &'a Clock,
}

/// Sees to it that `later` is explored before step `i`. How many steps that depended on.
fn reverse(history: &History, stack: &mut [Node], i: usize, later: Later<'_>) -> usize {
    let Later { step: j, thread, announced, before } = later;
    // steps that are left out, with all that follows them: their threads, and their numbers there
    let epoch = |step: usize| (history.steps[step].thread, history.steps[step].seq);
    let mut gone: SmallVec<[_; 4]> = smallvec![epoch(i)];
    let own = before.get(thread);
    let mut depends = None;
    let v = loop {
        let mut v: SmallVec<[usize; 32]> = SmallVec::new();
        for (k, step) in history.steps.iter().enumerate().skip(i + 1) {
            let own_later = step.thread == thread && step.seq > own;
            if Some(k) != j && !own_later && !gone.iter().any(|(t, seq)| step.after.get(*t) >= *seq) {
                v.push(k);
            }
        }
        // from here on there are only ever fewer of them
        let depends = *depends.get_or_insert(v.last().copied().max(j).map_or(usize::MAX, |last| last + 1));
        if !announced.blocking {
            break v;
        }
        if announced.operation == Operation::Park {
            if !history.has_token(i, &v, thread) {
                return depends; // it could not take effect there
            }
            break v;
        }
        let lock = announced.effects.iter().find(|(_, effect)| effect.acquires());
        let Some((lock, effect)) = lock else { break v };
        let holders = history.holders(i, &v, *lock, *effect == Effect::Acquire);
        if holders.is_empty() {
            break v;
        }
        let known = |h: &usize| before.get(history.steps[*h].thread) >= history.steps[*h].seq;
        if holders.iter().any(known) {
            return depends; // who holds the lock there holds it because of what this thread knows
        }
        if let Some(earlier) = holders.iter().copied().filter(|h| *h < i).min() {
            reverse(history, stack, earlier, later);
            return usize::MAX; // on what follows that one, too
        }
        gone.extend(holders.iter().map(|holder| epoch(*holder)));
    };
    let node = &mut stack[i];
    let predicted = history.predict(i, &v, announced);
    let mut sequence: Sequence<'_> = SmallVec::new();
    for (act, choice) in &predicted {
        // by a choice that does not conflict it is no race: the other order is the same execution
        if choice.is_none() || act.conflicts(&history.steps[i].done) {
            sequence.clear();
            sequence.extend(v.iter().map(|k| {
                let step = &history.steps[*k];
                Element { step: Some(*k), thread: step.thread, act: &step.done, choice: step.choice }
            }));
            sequence.push(Element { step: None, thread, act, choice: *choice });
            node.plan(history, before, &mut sequence);
        }
    }
    depends.unwrap_or(usize::MAX)
}

impl Node {
    /// Sees to it that the sequence is explored from here, unless an equivalent one is or was.
    fn plan(&mut self, history: &History, before: &Clock, sequence: &mut Sequence<'_>) {
        let mut sleepers = self.sleep.iter().map(Sleeper::first);
        if !sleepers.any(|first| is_weak_initial(history, before, first, sequence)) {
            insert(history, before, &mut self.tree, sequence, self.sleep.iter().map(Sleeper::first));
        } // else it was explored before
    }
}
