//! Stacks: values are peeled off at moments at which the stack may have been empty of the others.
//!
//! A value is certainly on the stack from the end of its push to the start of its pop. At a moment
//! at which no value is certainly on it, every operation that may take effect there can. A value
//! whose push and pop have both taken effect is finished, which gives new moments. The history
//! holds if and only if all values can be peeled (Lee and Mathur, OOPSLA 2025; also Abdulla et al.,
//! "Tractable Linearizability Monitoring"). It takes O(n log n): one tree counts the values that
//! cover each gap between events, another holds the operations by start with the latest end. It
//! does not apply to histories with pending pops.

use super::collection::Collection;
use super::{Judgement, NEVER};

pub(in crate::linearize) fn stack<T>(collection: Collection<'_, T>) -> Option<Judgement> {
    if !collection.pending.is_empty() {
        return None;
    }
    if let Some(empty) = collection.wrong_empty() {
        return Some(Judgement::Fails(vec![empty]));
    }
    let ways = &collection.ways;
    // Operation 2v pushes value v, 2v + 1 pops it. Each may take effect in the gaps from its start
    // up to its end; a push not after the pop has ended, a pop not before the push has started.
    let count = 2 * ways.len();
    let mut events: Vec<(u64, bool, u32)> = Vec::with_capacity(2 * count);
    for (number, way) in ways.iter().enumerate() {
        let push = 2 * number as u32;
        events.extend([(way.insert.0, false, push), (way.insert.1.min(way.remove.1), true, push)]);
        events.extend([
            (way.remove.0.max(way.insert.0), false, push + 1),
            (way.remove.1, true, push + 1),
        ]);
    }
    events.sort_unstable();
    let mut gaps = vec![(0, 0); count];
    for (gap, (_, is_end, operation)) in events.iter().enumerate() {
        let range = &mut gaps[*operation as usize];
        *if *is_end { &mut range.1 } else { &mut range.0 } = gap;
    }
    let certain = |value: usize| (gaps[2 * value].1, gaps[2 * value + 1].0);
    let mut covered = Covered::new(events.len(), (0..ways.len()).map(certain));
    let mut waiting = Waiting::new(&gaps);
    let (mut left, mut taken) = (count, vec![0; ways.len()]);
    while left > 0 {
        let Some(gap) = covered.free() else {
            return Some(Judgement::Fails(stuck(&collection, &taken)));
        };
        covered.add(gap, gap + 1, USED); // not again
        for operation in waiting.take(gap) {
            left -= 1;
            let value = operation / 2;
            taken[value] += 1;
            let (from, to) = certain(value);
            if taken[value] == 2 && from < to {
                covered.add(from, to, -1);
            }
        }
    }
    Some(Judgement::Holds)
}

/// The operations of the values that could not be peeled; of no more than a few, since each of them
/// may be innocent.
fn stuck<T>(collection: &Collection<'_, T>, taken: &[u8]) -> Vec<u32> {
    const FEW: usize = 8;
    let left = collection
        .ways
        .iter()
        .zip(taken)
        .filter(|(way, taken)| **taken < 2 && way.insert.1 != NEVER);
    left.take(FEW).flat_map(|(way, _)| way.entries()).collect()
}

const USED: i32 = 1 << 30;

/// How many values cover each gap: addition over ranges, and where the least is.
struct Covered {
    least: Vec<i32>,
    /// What was added to everything below a node.
    added: Vec<i32>,
    leaves: usize,
}

impl Covered {
    fn new(gaps: usize, ranges: impl Iterator<Item = (usize, usize)>) -> Self {
        let leaves = gaps.next_power_of_two();
        let mut change = vec![0; gaps + 1];
        for (from, to) in ranges.filter(|(from, to)| from < to) {
            change[from] += 1;
            change[to] -= 1;
        }
        let mut least = vec![USED; 2 * leaves];
        let mut cover = 0;
        for gap in 0..gaps {
            cover += change[gap];
            least[leaves + gap] = cover;
        }
        for node in (1..leaves).rev() {
            least[node] = least[2 * node].min(least[2 * node + 1]);
        }
        Covered { least, added: vec![0; 2 * leaves], leaves }
    }

    fn add(&mut self, from: usize, to: usize, more: i32) {
        self.add_below(1, (0, self.leaves), (from, to), more);
    }

    fn add_below(
        &mut self,
        node: usize,
        (low, high): (usize, usize),
        range: (usize, usize),
        more: i32,
    ) {
        if range.1 <= low || high <= range.0 {
            return;
        }
        if range.0 <= low && high <= range.1 {
            self.least[node] += more;
            self.added[node] += more;
            return;
        }
        let middle = low.midpoint(high);
        self.add_below(2 * node, (low, middle), range, more);
        self.add_below(2 * node + 1, (middle, high), range, more);
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) + self.added[node];
    }

    /// A gap that nothing covers.
    fn free(&self) -> Option<usize> {
        if self.least[1] > 0 {
            return None;
        }
        let mut node = 1;
        while node < self.leaves {
            node = if self.least[2 * node] <= self.least[2 * node + 1] {
                2 * node
            } else {
                2 * node + 1
            };
        }
        Some(node - self.leaves)
    }
}

/// The operations that have not taken effect, by the start of their gaps, with the latest end below
/// each node.
struct Waiting {
    order: Vec<u32>,
    starts: Vec<usize>,
    latest: Vec<usize>,
    leaves: usize,
}

impl Waiting {
    fn new(gaps: &[(usize, usize)]) -> Self {
        let mut order: Vec<u32> = (0..gaps.len() as u32).collect();
        order.sort_unstable_by_key(|operation| gaps[*operation as usize].0);
        let leaves = gaps.len().next_power_of_two();
        let mut latest = vec![0; 2 * leaves];
        for (place, operation) in order.iter().enumerate() {
            latest[leaves + place] = gaps[*operation as usize].1;
        }
        for node in (1..leaves).rev() {
            latest[node] = latest[2 * node].max(latest[2 * node + 1]);
        }
        let starts = order.iter().map(|operation| gaps[*operation as usize].0).collect();
        Waiting { order, starts, latest, leaves }
    }

    /// Takes all operations that can take effect in this gap.
    fn take(&mut self, gap: usize) -> Vec<usize> {
        let started = self.starts.partition_point(|start| *start <= gap);
        let mut taken = Vec::new();
        self.take_below(1, (0, self.leaves), started, gap, &mut taken);
        taken
    }

    fn take_below(
        &mut self,
        node: usize,
        (low, high): (usize, usize),
        started: usize,
        gap: usize,
        taken: &mut Vec<usize>,
    ) {
        if self.latest[node] <= gap || low >= started {
            return;
        }
        if node >= self.leaves {
            self.latest[node] = 0;
            taken.push(self.order[low] as usize);
            return;
        }
        let middle = low.midpoint(high);
        self.take_below(2 * node, (low, middle), started, gap, taken);
        self.take_below(2 * node + 1, (middle, high), started, gap, taken);
        self.latest[node] = self.latest[2 * node].max(self.latest[2 * node + 1]);
    }
}
