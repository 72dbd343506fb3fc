//! One of each for every object, and the identities of what is dependent as if it were an object.

use super::trace::{ObjectId, ThreadId};

/// The numbers that are given out in the order of asking, as if they were an object: those of
/// threads.
pub(crate) const NUMBERING: ObjectId = ObjectId(u32::MAX);

/// All memory that is announced by its address, as if it were an object: what an access means hangs
/// on what was freed.
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
