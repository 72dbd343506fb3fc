//! The vector clock: how much of each thread is known.

use super::trace::ThreadId;

/// How many threads are stored inline.
const FEW: usize = 8;

/// How much of each thread is known: how many steps, how many releases.
///
/// The first threads have an inline array, so that clocks of few threads are copied and joined
/// without a loop over their lengths.
#[derive(Clone, Debug, Default)]
pub(crate) struct VectorClock {
    first: [u32; FEW],
    /// The entries of the threads beyond them, as far as any is known.
    others: Option<Box<[u32]>>,
}

impl VectorClock {
    pub(crate) fn join(&mut self, other: &VectorClock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).max(theirs);
        }
        if let Some(others) = &other.others {
            self.join_others(others);
        }
    }

    #[cold]
    fn join_others(&mut self, others: &[u32]) {
        for (mine, theirs) in self.beyond(others.len()).iter_mut().zip(others) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// Returns the other entries, at least `count` of them.
    fn beyond(&mut self, count: usize) -> &mut [u32] {
        let had = self.others.as_ref().map_or(0, |others| others.len());
        if had < count {
            let mut others = vec![0; count];
            others[..had].copy_from_slice(self.others.as_deref().unwrap_or_default());
            self.others = Some(others.into_boxed_slice());
        }
        self.others.as_deref_mut().unwrap_or_default()
    }

    /// Returns `true` if it knows all that the other one knows.
    pub(crate) fn includes(&self, other: &VectorClock) -> bool {
        let theirs = other.others.as_deref().unwrap_or_default();
        let mine = self.others.as_deref().unwrap_or_default();
        let beyond = |at: usize| mine.get(at).copied().unwrap_or(0);
        self.first.iter().zip(other.first).all(|(mine, theirs)| *mine >= theirs)
            && theirs.iter().enumerate().all(|(at, theirs)| beyond(at) >= *theirs)
    }

    /// Keeps what both clocks know.
    pub(crate) fn meet(&mut self, other: &VectorClock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).min(theirs);
        }
        let theirs = other.others.as_deref().unwrap_or_default();
        for (at, mine) in self.others.iter_mut().flatten().enumerate() {
            *mine = (*mine).min(theirs.get(at).copied().unwrap_or(0));
        }
    }

    pub(crate) fn get(&self, thread: ThreadId) -> u32 {
        let at = thread.index();
        match self.first.get(at) {
            Some(known) => *known,
            None => {
                self.others.as_ref().and_then(|others| others.get(at - FEW)).copied().unwrap_or(0)
            }
        }
    }

    pub(crate) fn set(&mut self, thread: ThreadId, value: u32) {
        let at = thread.index();
        match self.first.get_mut(at) {
            Some(known) => *known = value,
            None => self.beyond(at - FEW + 1)[at - FEW] = value,
        }
    }

    pub(crate) fn tick(&mut self, thread: ThreadId) {
        self.set(thread, self.get(thread) + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(of: &[(u32, u32)]) -> VectorClock {
        let mut clock = VectorClock::default();
        of.iter().for_each(|(thread, known)| clock.set(ThreadId(*thread), *known));
        clock
    }

    #[test]
    fn clocks_of_many_threads_are_those_of_few() {
        for (one, other) in [(1, 2), (9, 2), (2, 9), (9, 20), (20, 9)] {
            let (a, b) = (clock(&[(one, 3), (other, 1)]), clock(&[(one, 2), (other, 5)]));
            let (mut joined, mut met) = (a.clone(), a.clone());
            joined.join(&b);
            met.meet(&b);
            let of =
                |clock: &VectorClock| [one, other, 30].map(|thread| clock.get(ThreadId(thread)));
            assert_eq!((of(&joined), of(&met)), ([3, 5, 0], [2, 1, 0]));
            assert!(joined.includes(&a) && joined.includes(&b) && a.includes(&met));
            assert!(!a.includes(&b) && !b.includes(&a) && !VectorClock::default().includes(&met));
            joined.join(&VectorClock::default());
            met.meet(&VectorClock::default());
            joined.tick(ThreadId(other));
            assert_eq!((of(&joined), of(&met)), ([3, 6, 0], [0, 0, 0]));
        }
    }
}
