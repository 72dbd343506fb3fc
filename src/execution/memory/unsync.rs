//! Loads of atomics as plain memory, which no store of another thread may race with.
//!
//! A store that comes later and races with such a load is not looked for: it is dependent on the
//! load, so there is also an execution in which it comes first.

use super::Memory;
use crate::execution::{Ending, Pending, World};
use crate::vocabulary::PerObject;
use crate::vocabulary::trace::{ObjectId, ThreadId};
use crate::vocabulary::verdict::Kind;
use smallvec::SmallVec;

/// The last store of one thread.
#[derive(Clone, Copy, Debug)]
struct Store {
    thread: ThreadId,
    epoch: u32,
    event: usize,
}

/// The last stores of all threads to each atomic.
#[derive(Debug, Default)]
pub(super) struct Stores(PerObject<SmallVec<[Store; 2]>>);

impl Stores {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl World {
    /// A thread is about to store to an atomic.
    #[inline]
    pub(super) fn about_to_store(&mut self, me: ThreadId, object: ObjectId) {
        if self.threads.len() < 2 {
            return; // all that others do comes after it
        }
        let epoch = self.memory.clocks.epoch(me);
        let mine = Store { thread: me, epoch, event: self.log.trace.events.len() };
        let stores = self.memory.stores.0.of(object);
        match stores.iter_mut().find(|store| store.thread == me) {
            Some(last) => *last = mine,
            None => stores.push(mine),
        }
    }

    /// Ends the execution if a store of another thread is unordered with this load.
    pub(super) fn loads_as_memory(&mut self, me: ThreadId, object: ObjectId, load: &Pending) {
        let Memory { stores, clocks, .. } = &mut self.memory;
        let Some(stores) = stores.0.get(object) else { return };
        let now = clocks.now(me);
        let races = |store: &&Store| store.thread != me && now.get(store.thread) < store.epoch;
        let Some(&Store { thread, event, .. }) = stores.iter().find(races) else { return };
        let trace = &self.log.trace;
        let (name, mine) = (trace.object_name(object), trace.thread_name(me));
        let (theirs, location) = (trace.thread_name(thread), load.location);
        let did = trace.events.get(event).map_or_else(String::new, |event| {
            format!("{} at {}", event.operation.name(), event.location)
        });
        let message = format!(
            "{mine}'s unsync_load of {name} at {location} and {theirs}'s {did}: nothing orders them"
        );
        let conflict = Some((event, trace.events.len()));
        let location = Some(location.to_string());
        self.end(Ending::Violation { kind: Kind::DataRace, message, location, conflict });
    }
}
