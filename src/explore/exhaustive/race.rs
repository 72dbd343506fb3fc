//! Races: pairs of steps whose order can be reversed, and what must be explored for that.

use super::log::{Race, StepLog, Steps};
use super::node::Node;
use super::wakeup::{Element, Sequence};
use crate::dependence::{Act, Effect};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Operation, ThreadId};
use smallvec::{SmallVec, smallvec};

impl Race {
    /// Whether its reversal is already planned. That is so if the steps on which the reversal
    /// depended were kept, and every other step follows the race's first step, so that the reversal
    /// leaves it out.
    ///
    /// The plan for a race also depends on what comes after the race. It must be made anew in every
    /// execution in which that differs, even if both of its steps are kept.
    pub(super) fn is_planned(&self, log: &StepLog, kept: usize, followed: &VectorClock) -> bool {
        let first = &log.steps[self.with];
        self.depends <= kept && followed.get(first.thread) >= first.seq
    }

    /// Plans the reversal of the race.
    pub(super) fn reverse(&mut self, log: &StepLog, stack: &mut [Node], later: Later<'_>) {
        self.depends = reverse(log, stack, self.with, later);
    }
}

/// The later half of a race.
#[derive(Clone, Copy)]
pub(super) struct Later<'a> {
    /// Its step. `None` if it is still pending at the end.
    pub(super) step: Option<usize>,
    pub(super) thread: ThreadId,
    pub(super) announced: &'a Act,
    /// What its thread knew before it.
    pub(super) before: &'a VectorClock,
}

/// Plans `later` before step `i`. Returns the number of steps on which the plan depends.
fn reverse(log: &StepLog, stack: &mut [Node], i: usize, later: Later<'_>) -> usize {
    let Later { step: j, thread, announced, before } = later;
    // steps left out, with everything that follows them: their threads and sequence numbers
    let epoch = |step: usize| (log.steps[step].thread, log.steps[step].seq);
    let mut gone: SmallVec<[_; 4]> = smallvec![epoch(i)];
    let own = before.get(thread);
    let mut depends = None;
    let v = loop {
        let mut v: SmallVec<[usize; 32]> = SmallVec::new();
        for (k, step) in log.steps.iter().enumerate().skip(i + 1) {
            let own_later = step.thread == thread && step.seq > own;
            if Some(k) != j && !own_later && !gone.iter().any(|(t, seq)| step.after.get(*t) >= *seq)
            {
                v.push(k);
            }
        }
        // from here on their number only decreases
        let depends =
            *depends.get_or_insert(v.last().copied().max(j).map_or(usize::MAX, |last| last + 1));
        if !announced.blocking {
            break v;
        }
        if let Some(token) = announced.awaited_token() {
            if !log.has_token(i, &v, token) {
                return depends; // it could not take effect there
            }
            break v;
        }
        let lock = announced.effects.iter().find(|(_, effect)| effect.acquires());
        let Some((lock, effect)) = lock else { break v };
        let holders = log.holders(i, &v, *lock, *effect == Effect::Acquire);
        if holders.is_empty() {
            break v;
        }
        let known = |h: &usize| before.get(log.steps[*h].thread) >= log.steps[*h].seq;
        if holders.iter().any(known) {
            return depends; // the holder's acquisition happens before this thread's step
        }
        if let Some(earlier) = holders.iter().copied().filter(|h| *h < i).min() {
            reverse(log, stack, earlier, later);
            return usize::MAX; // the plan also depends on what follows that holder
        }
        gone.extend(holders.iter().map(|holder| epoch(*holder)));
    };
    let node = &mut stack[i];
    let predicted = log.predict(i, &v, announced);
    let mut sequence: Sequence<'_> = SmallVec::new();
    for (act, choice) in &predicted {
        // with a choice that does not conflict it is no race: the other order is the same execution
        if choice.is_none() || act.conflicts(&log.steps[i].done) {
            sequence.clear();
            sequence.extend(v.iter().map(|k| {
                let step = &log.steps[*k];
                Element {
                    step: Some(*k),
                    thread: step.thread,
                    act: &step.done,
                    choice: step.choice,
                }
            }));
            sequence.push(Element { step: None, thread, act, choice: *choice });
            node.plan(log, before, &mut sequence);
        }
    }
    depends.unwrap_or(usize::MAX)
}

impl StepLog {
    /// Earlier steps with which `act` of `thread` is in an immediate race that may be reversible.
    ///
    /// A blocking acquisition races with earlier acquisitions, never with the release that enables
    /// it.
    pub(super) fn candidates(&self, thread: ThreadId, act: &Act, before: &VectorClock) -> Steps {
        let mut found = Steps::new();
        for (object, effect) in &act.effects {
            let Some(log) = self.objects.get(*object) else { continue };
            match effect {
                Effect::Acquire if act.blocking => {
                    found.extend(log.acquired());
                    found.extend(log.shared());
                }
                Effect::AcquireShared if act.blocking => {
                    let attempt = |w: &usize| self.steps[*w].done.operation == Operation::TryLock;
                    found.extend(log.acquired());
                    found.extend(log.write().filter(attempt)); // also one that readers refused
                }
                _ if act.awaited_token().is_some() => {
                    // what made the token available enabled it
                    found.extend(log.write().filter(|w| self.steps[*w].redundant));
                }
                _ => {
                    found.extend(log.write());
                    if effect.writes() {
                        found.extend(log.reads());
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|c| {
            self.steps[*c].thread != thread
                && self.steps[*c].seq > before.get(self.steps[*c].thread)
        });
        if found.len() < 2 {
            return found;
        }
        let all = found.clone();
        found.retain(|c| !all.iter().any(|d| d != c && self.follows(*d, *c)));
        found
    }
}
