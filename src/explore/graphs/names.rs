//! The names of threads and objects: the same in every execution of a graph.
//!
//! An execution numbers threads and objects as they come, and their order differs between replays.
//! A name is the thread that made something, and how many it had made before. It gets its number
//! when it is seen for the first time, for the whole exploration.

use crate::execution::ObjectState;
use crate::vocabulary::trace::{ObjectId, ThreadId};
use rustc_hash::FxHashMap;

/// The number of a token among what its thread has made.
const TOKEN: u32 = u32::MAX;

/// The count of `Weak`s has the number of its `Arc`, and this.
const WEAKS: u32 = 1 << 31;

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    threads: FxHashMap<(u32, u32), u32>,
    objects: FxHashMap<(u32, u32), u32>,
    /// The names of this execution's threads, and how many threads each has started.
    live: Vec<u32>,
    spawned: FxHashMap<u32, u32>,
    /// The names of this execution's objects, of those that were asked for, and as which number of
    /// which thread each had it: an exclusive borrow makes another object of an atomic.
    named: Vec<Option<((ThreadId, u32), u32)>>,
    /// The object of this execution that was asked for last.
    last: Option<ObjectId>,
}

impl Names {
    /// Another execution begins.
    pub(super) fn begin(&mut self) {
        self.live.clear();
        self.live.push(0);
        self.spawned.clear();
        self.named.clear();
        self.last = None;
    }

    /// The name of a thread of this execution. Nobody's, who has made the statics, is none of them.
    pub(super) fn thread(&self, thread: ThreadId) -> u32 {
        self.live.get(thread.index()).copied().unwrap_or(u32::MAX)
    }

    /// The name of a thread that another one has just started.
    pub(super) fn spawned(&mut self, parent: u32, child: ThreadId) -> u32 {
        let count = self.spawned.entry(parent).or_default();
        let fresh = self.threads.len() as u32 + 1; // the main thread is 0
        let name = *self.threads.entry((parent, *count)).or_insert(fresh);
        *count += 1;
        self.live.resize(self.live.len().max(child.index() + 1), u32::MAX);
        self.live[child.index()] = name;
        name
    }

    /// The thread of this execution that has the name.
    pub(super) fn live_thread(&self, name: u32) -> Option<ThreadId> {
        self.live.iter().position(|live| *live == name).map(|at| ThreadId(at as u32))
    }

    /// The name of an object of this execution.
    pub(super) fn object(&mut self, objects: &[ObjectState], object: ObjectId) -> u32 {
        self.last = Some(object);
        let state = &objects[object.index()];
        if let Some(Some((born, name))) = self.named.get(object.index())
            && *born == state.born
        {
            return *name;
        }
        let key = (self.thread(state.born.0), state.born.1);
        let fresh = self.objects.len() as u32;
        let name = *self.objects.entry(key).or_insert(fresh);
        self.named.resize(self.named.len().max(object.index() + 1), None);
        self.named[object.index()] = Some((state.born, name));
        name
    }

    /// The name of a thread's token.
    pub(super) fn token(&mut self, thread: u32) -> u32 {
        let fresh = self.objects.len() as u32;
        self.last = None;
        *self.objects.entry((thread, TOKEN)).or_insert(fresh)
    }

    /// The name of the count of `Weak`s of an `Arc`.
    pub(super) fn weaks(&mut self, objects: &[ObjectState], arc: ObjectId) -> u32 {
        let (thread, nth) = objects[arc.index()].born;
        let fresh = self.objects.len() as u32;
        self.last = None;
        *self.objects.entry((self.thread(thread), WEAKS | nth)).or_insert(fresh)
    }

    /// The object whose name was asked for last, if it is one of the execution's own.
    pub(super) fn live_object(&self) -> Option<ObjectId> {
        self.last
    }
}
