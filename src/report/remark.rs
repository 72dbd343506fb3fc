//! Remarks beside an event: what it overwrites, what it races with, which newer value it missed.

use super::stale;
use super::text::clean;
use crate::trace::{Awaited, Blocked, Operation, ThreadId, Trace};
use crate::verdict::{Counterexample, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// The severity of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// The remark explains.
    Odd,
    /// The remark is the fault itself.
    Wrong,
}

/// The remarks beside the events of one trace.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    words: BTreeMap<usize, Vec<(Weight, String)>>,
    /// Sentences that stand below events.
    reasons: BTreeMap<usize, String>,
    /// The events that some remark names, which must be drawn.
    pub(super) named: BTreeSet<usize>,
}

impl Remarks {
    /// The remarks on a counterexample.
    pub(super) fn new(found: &Counterexample) -> Self {
        let mut remarks = Remarks::default();
        for &(first, second) in &found.conflicts {
            remarks.conflict(found, first, second);
        }
        remarks.stale(&found.trace);
        if found.kind == Kind::Deadlock {
            remarks.held(&found.trace);
        }
        remarks
    }

    /// Returns the most severe of an event's remarks, if there is any.
    pub(super) fn weight(&self, place: usize) -> Option<Weight> {
        self.words.get(&place)?.iter().map(|(weight, _)| *weight).max()
    }

    /// Returns an event's remarks as text: `<- overwrites the store of teller 2 (#5)`.
    pub(super) fn words(&self, place: usize) -> Vec<String> {
        self.words
            .get(&place)
            .into_iter()
            .flatten()
            .map(|(_, words)| format!("<- {words}"))
            .collect()
    }

    /// Returns the sentence below an event, if there is one.
    pub(super) fn reason(&self, place: usize) -> Option<&str> {
        self.reasons.get(&place).map(String::as_str)
    }

    fn add(&mut self, place: usize, weight: Weight, words: String) {
        let words = (weight, words);
        let here = self.words.entry(place).or_default();
        if !here.contains(&words) {
            here.push(words);
        }
    }

    fn conflict(&mut self, found: &Counterexample, first: usize, second: usize) {
        let trace = &found.trace;
        let (Some(earlier), Some(later)) = (trace.events.get(first), trace.events.get(second))
        else {
            return;
        };
        self.named.extend([first, second]);
        if found.kind == Kind::DataRace {
            self.add(second, Weight::Wrong, format!("races with {}", whose(trace, first, second)));
            self.add(first, Weight::Wrong, format!("nothing orders it with #{}", second + 1));
            self.named.extend(stale::named_by(&trace.race));
            self.reasons.extend(stale::of_race(trace, first).map(|reason| (second, reason)));
            return;
        }
        let verb = match (earlier.operation.writes(), later.operation.writes()) {
            (true, true) => "overwrites",
            (false, true) => "changes what was read by",
            (true, false) => "reads",
            (false, false) => "conflicts with",
        };
        self.add(second, Weight::Wrong, format!("{verb} {}", whose(trace, first, second)));
    }

    /// Adds remarks to loads that returned an older value than the last stored one, which happens
    /// only under an engine with weak memory.
    fn stale(&mut self, trace: &Trace) {
        for read in &trace.stale_reads {
            self.named.extend(stale::named(read));
            self.add(read.read, Weight::Odd, stale::what(read));
            self.reasons.insert(read.read, stale::why(trace, read));
        }
        let is_known = |place: usize| trace.stale_reads.iter().any(|read| read.read == place);
        for place in (0..trace.events.len()).filter(|place| !is_known(*place)) {
            let Some(latest) = trace.stale(place) else { continue };
            let words = match trace.latest_write(place) {
                Some(write) => {
                    self.named.insert(write);
                    format!("stale: does not see the {latest} of #{}", write + 1)
                }
                None => format!("stale: the latest is {latest}"),
            };
            self.named.insert(place);
            self.add(place, Weight::Odd, words);
        }
    }

    /// Adds remarks to the locks that other threads wait for when the execution ends.
    fn held(&mut self, trace: &Trace) {
        for (place, event) in trace.events.iter().enumerate() {
            let Some(object) = event.object.filter(|_| trace.held_to_the_end(place)) else {
                continue;
            };
            let waits = |blocked: &Blocked| {
                blocked.on == Awaited::Lock(object) && blocked.holders.contains(&event.thread)
            };
            let waiters: Vec<String> = (0..)
                .map(ThreadId)
                .zip(&trace.threads)
                .filter(|(_, thread)| thread.blocked.as_ref().is_some_and(waits))
                .map(|(id, _)| clean(&trace.thread_name(id)))
                .collect();
            if !waiters.is_empty() {
                self.named.insert(place);
                self.add(
                    place,
                    Weight::Wrong,
                    format!("never released: {} waits for it", waiters.join(" and ")),
                );
            }
        }
    }
}

/// Returns `the store of teller 2 (#5)`, as seen from the event at `from`.
fn whose(trace: &Trace, place: usize, from: usize) -> String {
    let event = &trace.events[place];
    let what = match event.operation {
        Operation::Read => "read",
        Operation::Write => "write",
        Operation::Free => "free",
        operation => operation.name(),
    };
    if event.thread == trace.events[from].thread {
        return format!("its own {what} (#{})", place + 1);
    }
    format!("the {what} of {} (#{})", clean(&trace.thread_name(event.thread)), place + 1)
}
