//! Precedence in real time: an interval order.
//!
//! The operations that have taken effect are closed downwards. So they are all those that end
//! before some moment (the frontier: a position in the order of responses) and some of those that
//! run at that moment (the window: one bit for each slot, where operations that do not overlap
//! share slots). That pair is the set, exactly, in a few words. The list of events from which
//! operations are lifted is that of Lowe ("Testing for linearizability", 2017).

use super::Order;
use crate::linearize::Specification;
use crate::linearize::entry::{Entry, Outcome, order_of};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::Hash;

const NONE: u32 = u32::MAX;

/// The bits of the window: an array when it is small.
pub(in crate::linearize) trait Bits:
    Clone + Eq + Hash + AsRef<[u64]> + AsMut<[u64]>
{
    fn cleared(words: usize) -> Self;
}

impl<const WORDS: usize> Bits for [u64; WORDS] {
    fn cleared(_words: usize) -> Self {
        [0; WORDS]
    }
}

impl Bits for Vec<u64> {
    fn cleared(words: usize) -> Self {
        vec![0; words]
    }
}

pub(in crate::linearize) struct Window<B> {
    /// Events that have not been lifted, in a ring: `2 * entry` is a start and `2 * entry + 1` an
    /// end, the last is the head.
    next: Vec<u32>,
    previous: Vec<u32>,
    slot: Vec<u32>,
    ends: Vec<bool>,
    /// Entries that have returned, in the order of their ends.
    responses: Vec<u32>,
    frontier: u32,
    bits: B,
}

/// How many operations overlap at most; pending ones overlap everything after.
pub(in crate::linearize) fn width<S: Specification>(entries: &[Entry<'_, S>]) -> usize {
    let mut running: BinaryHeap<Reverse<u64>> = BinaryHeap::new();
    let mut width = 0;
    for entry in entries.iter().filter(|entry| !matches!(entry.outcome, Outcome::Blocked)) {
        while running.peek().is_some_and(|end| end.0 < entry.start) {
            running.pop();
        }
        running.push(Reverse(entry.end));
        width = width.max(running.len());
    }
    width
}

impl<B: Bits> Window<B> {
    pub(in crate::linearize) fn new<S: Specification>(entries: &[Entry<'_, S>]) -> Self {
        let count = entries.len() as u32;
        let takes_effect =
            |entry: &u32| !matches!(entries[*entry as usize].outcome, Outcome::Blocked);
        let returns =
            |entry: &u32| matches!(entries[*entry as usize].outcome, Outcome::Returned(_));
        let by_end: Vec<u64> = entries.iter().map(|entry| entry.end).collect();
        let responses: Vec<u32> =
            order_of(&by_end).into_iter().map(|entry| entry as u32).filter(returns).collect();

        let head = 2 * count;
        let (mut next, mut previous) =
            (vec![head; head as usize + 1], vec![head; head as usize + 1]);
        let (mut slot, mut ends) = (vec![NONE; count as usize], vec![false; count as usize]);
        let (mut free, mut slots) = (BinaryHeap::new(), 0);
        let mut last = head;
        let mut append = |event: u32| {
            next[last as usize] = event;
            previous[event as usize] = last;
            last = event;
        };
        let mut over = responses.iter().copied().peekable();
        for entry in (0..count).filter(takes_effect) {
            while let Some(ended) =
                over.next_if(|ended| entries[*ended as usize].end < entries[entry as usize].start)
            {
                append(2 * ended + 1);
                free.push(Reverse(slot[ended as usize]));
            }
            ends[entry as usize] = returns(&entry);
            slot[entry as usize] = free.pop().map_or_else(
                || {
                    slots += 1;
                    slots - 1
                },
                |Reverse(slot)| slot,
            );
            append(2 * entry);
        }
        over.for_each(|ended| append(2 * ended + 1));
        previous[head as usize] = last;
        let bits = B::cleared((slots as usize).div_ceil(64));
        Window { next, previous, slot, ends, responses, frontier: 0, bits }
    }

    fn head(&self) -> u32 {
        self.next.len() as u32 - 1
    }

    fn unlink(&mut self, event: u32) {
        let (before, after) = (self.previous[event as usize], self.next[event as usize]);
        self.next[before as usize] = after;
        self.previous[after as usize] = before;
    }

    fn link(&mut self, event: u32) {
        let (before, after) = (self.previous[event as usize], self.next[event as usize]);
        self.next[before as usize] = event;
        self.previous[after as usize] = event;
    }
}

impl<B: Bits> Order for Window<B> {
    type Place = (u32, B);

    const REAL_TIME: bool = true;

    fn place(&self) -> (u32, B) {
        (self.frontier, self.bits.clone())
    }

    fn candidates(&self, into: &mut Vec<u32>) {
        let head = self.head();
        let mut event = self.next[head as usize];
        while event != head && event.is_multiple_of(2) {
            into.push(event / 2);
            event = self.next[event as usize];
        }
    }

    fn frontier(&self) -> Option<u32> {
        self.responses.get(self.frontier as usize).copied()
    }

    fn excludes_none(&self, _entry: u32) -> bool {
        true
    }

    fn take(&mut self, entry: u32) {
        self.unlink(2 * entry);
        if self.ends[entry as usize] {
            self.unlink(2 * entry + 1);
        }
        let slot = self.slot[entry as usize];
        let bits = self.bits.as_mut();
        bits[slot as usize / 64] |= 1 << (slot % 64);
        while let Some(entry) = self.responses.get(self.frontier as usize) {
            let slot = self.slot[*entry as usize];
            let word = &mut bits[slot as usize / 64];
            if *word & 1 << (slot % 64) == 0 {
                break;
            }
            *word &= !(1 << (slot % 64));
            self.frontier += 1;
        }
    }

    fn put_back(&mut self, entry: u32, (frontier, bits): (u32, B)) {
        if self.ends[entry as usize] {
            self.link(2 * entry + 1);
        }
        self.link(2 * entry);
        self.frontier = frontier;
        self.bits = bits;
    }

    fn is_complete(&self) -> bool {
        self.frontier as usize == self.responses.len()
    }
}
