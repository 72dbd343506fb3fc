//! Priority queues: each value is removed at a moment at which no greater one is certainly in the
//! queue.
//!
//! The values are processed from the greatest down, and the moments at which each is certainly in
//! the queue are excluded. A value that has no moment left for its removal is wrong (after Lee and
//! Mathur, OOPSLA 2025; with a union-find of moments instead of their trees). It does not apply to
//! histories with pending removals.

use super::Judgement;
use super::collection::Collection;

pub(in crate::linearize) fn priority_queue<T: Ord>(
    mut collection: Collection<'_, T>,
) -> Option<Judgement> {
    if !collection.pending.is_empty() {
        return None;
    }
    if let Some(empty) = collection.wrong_empty() {
        return Some(Judgement::Fails(vec![empty]));
    }
    // The moments that matter: the first at which a value can leave, and the ends of the
    // insertions.
    let mut moments: Vec<u64> = Vec::with_capacity(2 * collection.ways.len());
    for way in collection.ways.iter().filter(|way| way.is_removed()) {
        moments.extend([way.remove.0.max(way.insert.0), way.insert.1]);
    }
    moments.retain(|moment| *moment != super::NEVER);
    moments.sort_unstable();
    moments.dedup();
    let mut free = Free((0..=moments.len() as u32).collect());
    collection.ways.sort_unstable_by(|one, other| other.value.cmp(one.value));
    for way in &collection.ways {
        if way.is_removed() {
            let from = moments.partition_point(|moment| *moment < way.remove.0.max(way.insert.0));
            let place = free.from(from as u32) as usize;
            if moments.get(place).is_none_or(|moment| *moment > way.remove.1) {
                return Some(Judgement::Fails(way.entries()));
            }
        }
        if way.insert.1 < way.remove.0 {
            let mut place =
                free.from(moments.partition_point(|moment| *moment <= way.insert.1) as u32);
            while moments.get(place as usize).is_some_and(|moment| *moment < way.remove.0) {
                free.0[place as usize] = place + 1;
                place = free.from(place + 1);
            }
        }
    }
    Some(Judgement::Holds)
}

/// Places that are not crossed out: each points to itself or towards the next that is not.
struct Free(Vec<u32>);

impl Free {
    fn from(&mut self, mut place: u32) -> u32 {
        while self.0[place as usize] != place {
            self.0[place as usize] = self.0[self.0[place as usize] as usize];
            place = self.0[place as usize];
        }
        place
    }
}
