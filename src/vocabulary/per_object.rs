//! A value for each object, and pseudo-objects for other things that operations depend on.

use super::trace::{ObjectId, ThreadId};

/// The pseudo-object of numbers that are assigned in the order of requests: those of threads.
pub(crate) const NUMBERING: ObjectId = ObjectId(u32::MAX);

/// The pseudo-object of all memory that is announced by its address: what an access means depends
/// on what was freed.
pub(crate) const MEMORY: ObjectId = ObjectId(NUMBERING.0 - 1);

/// Returns the pseudo-object of a thread's token.
pub(crate) fn token(thread: ThreadId) -> ObjectId {
    ObjectId(MEMORY.0 - 1 - thread.0)
}

/// A value for each object, for each thread's token, for the memory, and for the numbering.
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
    /// Returns the index of the value, and whether it is among the tokens, which count down from
    /// the last number.
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
