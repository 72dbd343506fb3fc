//! The names of threads and objects: the same in every execution of a graph.
//!
//! An execution numbers threads and objects as they come, and their order differs between replays.
//! A name is the thread that made something, and how many it had made before. It gets its number
//! when it is seen for the first time, for the whole exploration.

use crate::execution::World;
use crate::vocabulary::trace::{ObjectId, ThreadId};
use rustc_hash::FxHashMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    threads: FxHashMap<(u32, u32), u32>,
    objects: FxHashMap<(u32, u32), u32>,
    /// The names of this execution's threads, and how many threads each has started.
    live: Vec<u32>,
    spawned: FxHashMap<u32, u32>,
    /// The object of this execution that was asked for last.
    last: Option<ObjectId>,
}

impl Names {
    /// Another execution begins.
    pub(super) fn begin(&mut self) {
        self.live.clear();
        self.live.push(0);
        self.spawned.clear();
        self.last = None;
    }

    /// The name of a thread of this execution.
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

    /// The name of an object of this execution.
    pub(super) fn object(&mut self, world: &World, object: ObjectId) -> u32 {
        let (maker, nth) = world.objects[object.index()].born;
        let maker = self.thread(maker);
        let fresh = self.objects.len() as u32;
        self.last = Some(object);
        *self.objects.entry((maker, nth)).or_insert(fresh)
    }

    /// The object whose name was asked for last.
    pub(super) fn live_object(&self) -> Option<ObjectId> {
        self.last
    }
}
