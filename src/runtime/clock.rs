//! Vector clocks, and what is kept for each object.

use crate::trace::{ObjectId, ThreadId};

/// How many threads are kept in place.
const FEW: usize = 8;

/// For each thread, how much of it is known: how many steps, how many releases.
///
/// An array for the first threads, so that clocks of few are copied and joined without a loop over their lengths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    first: [u32; FEW],
    others: Vec<u32>,
}

impl Clock {
    pub(crate) fn join(&mut self, other: &Clock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).max(theirs);
        }
        if self.others.len() < other.others.len() {
            self.others.resize(other.others.len(), 0);
        }
        for (mine, theirs) in self.others.iter_mut().zip(&other.others) {
            *mine = (*mine).max(*theirs);
        }
    }

    /// What both know.
    pub(crate) fn meet(&mut self, other: &Clock) {
        for (mine, theirs) in self.first.iter_mut().zip(other.first) {
            *mine = (*mine).min(theirs);
        }
        self.others.truncate(other.others.len());
        for (mine, theirs) in self.others.iter_mut().zip(&other.others) {
            *mine = (*mine).min(*theirs);
        }
    }

    pub(crate) fn get(&self, thread: ThreadId) -> u32 {
        let at = thread.index();
        let known = self.first.get(at).or_else(|| self.others.get(at - FEW));
        known.copied().unwrap_or(0)
    }

    pub(crate) fn set(&mut self, thread: ThreadId, value: u32) {
        let at = thread.index();
        if let Some(known) = self.first.get_mut(at) {
            *known = value;
            return;
        }
        if self.others.len() <= at - FEW {
            self.others.resize(at - FEW + 1, 0);
        }
        self.others[at - FEW] = value;
    }

    pub(crate) fn tick(&mut self, thread: ThreadId) {
        self.set(thread, self.get(thread) + 1);
    }
}

/// The numbers that are given out in the order of asking, as if they were an object: those of threads.
pub(crate) const NUMBERING: ObjectId = ObjectId(u32::MAX);

/// All memory that is announced by its address, as if it were an object: what an access means hangs on what was freed.
pub(crate) const MEMORY: ObjectId = ObjectId(NUMBERING.0 - 1);

/// The identity under which a thread's token is kept, as if it were an object.
pub(crate) fn token(thread: ThreadId) -> ObjectId {
    ObjectId(MEMORY.0 - 1 - thread.0)
}

/// One of each for every object, for every thread's token, for the memory, and for the numbering.
#[derive(Debug)]
pub(crate) struct PerObject<T> {
    objects: Vec<T>,
    tokens: Vec<T>,
}

impl<T> Default for PerObject<T> {
    fn default() -> Self {
        PerObject { objects: Vec::new(), tokens: Vec::new() }
    }
}

impl<T: Default> PerObject<T> {
    /// Where it stands, and whether among the tokens, which are counted down from the last number.
    fn place(object: ObjectId) -> (usize, bool) {
        let is_token = object.0 > u32::MAX / 2;
        (if is_token { u32::MAX - object.0 } else { object.0 } as usize, is_token)
    }

    pub(crate) fn get(&self, object: ObjectId) -> Option<&T> {
        let (at, is_token) = Self::place(object);
        if is_token { &self.tokens } else { &self.objects }.get(at)
    }

    pub(crate) fn of(&mut self, object: ObjectId) -> &mut T {
        let (at, is_token) = Self::place(object);
        let all = if is_token { &mut self.tokens } else { &mut self.objects };
        if all.len() <= at {
            all.resize_with(at + 1, T::default);
        }
        &mut all[at]
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.objects.iter_mut().chain(&mut self.tokens)
    }

    pub(crate) fn clear(&mut self) {
        self.objects.clear();
        self.tokens.clear();
    }
}
