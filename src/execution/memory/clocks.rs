//! Happens-before, from the *declared* orderings: finds data races where the engine runs everything
//! as SeqCst.
//!
//! Vector clocks after DJIT+ (Pozniansky and Schuster, 2003), with release sequences and fences as
//! in C++20 [atomics.order], [atomics.fences]. Deviation: a SeqCst fence counts as an acquire and a
//! release fence, because the total order of SeqCst fences orders no plain accesses by itself.

use crate::vocabulary::trace::{ObjectId, ThreadId};
use crate::vocabulary::view::{View, releases};
use crate::vocabulary::{PerObject, VectorClock};
use smallvec::SmallVec;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// An access to a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellAccess {
    pub(crate) thread: ThreadId,
    pub(crate) event: usize,
    pub(crate) location: &'static Location<'static>,
    epoch: u32,
}

#[derive(Debug, Default)]
struct CellHistory {
    write: Option<CellAccess>,
    reads: SmallVec<[CellAccess; 2]>,
}

/// The clocks of one execution.
#[derive(Debug, Default)]
pub(crate) struct Clocks {
    threads: Vec<View>,
    /// What an acquirer of a lock, or a reader of an atomic, learns.
    messages: PerObject<VectorClock>,
    /// What readers released at a lock: only a writer acquires it.
    readers: PerObject<VectorClock>,
    cells: PerObject<CellHistory>,
}

impl Clocks {
    /// The last access to a cell by another thread that conflicts with one of this thread.
    pub(super) fn of_another(
        &self,
        thread: ThreadId,
        object: ObjectId,
        write: bool,
    ) -> Option<usize> {
        let history = self.cells.get(object)?;
        let reads = history.reads.iter().filter(|_| write);
        let all = history.write.iter().chain(reads);
        all.filter(|access| access.thread != thread).map(|access| access.event).next_back()
    }

    fn of(&mut self, thread: ThreadId) -> &mut View {
        if self.threads.len() <= thread.index() {
            self.grow(thread);
        }
        &mut self.threads[thread.index()]
    }

    #[cold]
    fn grow(&mut self, thread: ThreadId) {
        while self.threads.len() <= thread.index() {
            let id = ThreadId(self.threads.len() as u32);
            let mut fresh = View::default();
            fresh.now.tick(id);
            self.threads.push(fresh);
        }
    }

    /// Forgets an execution.
    pub(in crate::execution) fn clear(&mut self) {
        self.threads.clear();
        self.messages.clear();
        self.readers.clear();
        self.cells.clear();
    }

    /// `thread` learns what was released at `object`.
    pub(in crate::execution) fn acquire(&mut self, thread: ThreadId, object: ObjectId) {
        self.of(thread);
        if let Some(message) = self.messages.get(object) {
            self.threads[thread.index()].now.join(message);
        }
    }

    /// Any thread that acquires `object` from now on learns what `thread` knows.
    pub(in crate::execution) fn release(&mut self, thread: ThreadId, object: ObjectId) {
        self.of(thread);
        let now = &mut self.threads[thread.index()].now;
        self.messages.of(object).join(now);
        now.tick(thread);
    }

    /// Any thread that acquires `object` from now on learns this.
    pub(in crate::execution) fn tells(&mut self, object: ObjectId, message: &VectorClock) {
        self.messages.of(object).join(message);
    }

    /// Any writer that takes `lock` from now on learns what `thread`, a reader, knows.
    pub(in crate::execution) fn release_reader(&mut self, thread: ThreadId, lock: ObjectId) {
        self.of(thread);
        let now = &mut self.threads[thread.index()].now;
        self.readers.of(lock).join(now);
        now.tick(thread);
    }

    /// `thread`, a writer, learns what readers released at `lock`.
    pub(in crate::execution) fn acquire_readers(&mut self, thread: ThreadId, lock: ObjectId) {
        if let Some(message) = self.readers.get(lock) {
            self.threads[thread.index()].now.join(message);
        }
    }

    /// `thread` learns the contents of `message`.
    pub(in crate::execution) fn acquire_from(&mut self, thread: ThreadId, message: &VectorClock) {
        self.of(thread).now.join(message);
    }

    /// Whether `thread` knows the contents of `message`.
    pub(super) fn knows_all(&mut self, thread: ThreadId, message: &VectorClock) -> bool {
        self.of(thread).now.includes(message)
    }

    /// Any thread that acquires from `message` from now on learns what `thread` knows.
    pub(in crate::execution) fn release_into(
        &mut self,
        thread: ThreadId,
        message: &mut VectorClock,
    ) {
        let now = &mut self.of(thread).now;
        message.join(now);
        now.tick(thread);
    }

    /// What the thread knows.
    pub(super) fn now(&mut self, thread: ThreadId) -> &VectorClock {
        &self.of(thread).now
    }

    /// The thread's own clock. A thread that knows it knows all that this thread has done.
    pub(in crate::execution) fn epoch(&mut self, thread: ThreadId) -> u32 {
        self.of(thread).now.get(thread)
    }

    /// How much `me` knows of another thread.
    pub(in crate::execution) fn of_thread(&self, me: ThreadId, other: ThreadId) -> u32 {
        self.threads.get(me.index()).map_or(0, |clocks| clocks.now.get(other))
    }

    /// Whether `me` knows what the other thread had done at that epoch.
    pub(in crate::execution) fn knows(&self, me: ThreadId, other: ThreadId, epoch: u32) -> bool {
        self.threads.get(me.index()).is_some_and(|clocks| clocks.now.get(other) >= epoch)
    }

    pub(in crate::execution) fn load(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        order: Ordering,
    ) {
        self.of(thread);
        let Some(message) = self.messages.get(object) else { return };
        self.threads[thread.index()].reads(message, order);
    }

    /// `thread` has read a store that publishes this.
    pub(super) fn hears(&mut self, thread: ThreadId, message: &VectorClock, order: Ordering) {
        self.of(thread).reads(message, order);
    }

    pub(in crate::execution) fn store(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        order: Ordering,
    ) {
        *self.messages.of(object) = self.published(thread, order);
    }

    /// The second half of a read-modify-write, after the load. It continues the release sequence
    /// from which it reads: it joins, and does not replace.
    pub(super) fn goes_on(&mut self, thread: ThreadId, object: ObjectId, order: Ordering) {
        let message = self.published(thread, order);
        self.messages.of(object).join(&message);
    }

    pub(super) fn published(&mut self, thread: ThreadId, order: Ordering) -> VectorClock {
        let view = self.of(thread);
        let published = view.publishes(order).clone();
        if releases(order) {
            view.now.tick(thread);
        }
        published
    }

    pub(in crate::execution) fn fence(&mut self, thread: ThreadId, order: Ordering) {
        let view = self.of(thread);
        view.fence(order);
        if releases(order) {
            view.now.tick(thread);
        }
    }

    pub(in crate::execution) fn spawn(&mut self, parent: ThreadId, child: ThreadId) {
        let known = self.of(parent).now.clone();
        self.of(child).now.join(&known);
        self.of(parent).now.tick(parent);
    }

    /// `to` learns all that `from` knows: a join, an unpark.
    pub(in crate::execution) fn transfer(&mut self, from: ThreadId, to: ThreadId) {
        let known = self.of(from).now.clone();
        self.of(to).now.join(&known);
        self.of(from).now.tick(from);
    }

    /// Reads a cell. Returns the access with which this races, if there is one.
    pub(in crate::execution) fn read(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        event: usize,
        location: &'static Location<'static>,
    ) -> Option<CellAccess> {
        let now = self.of(thread).now.clone();
        let history = self.cells.of(object);
        let race = history.write.filter(|w| unordered(w, thread, &now));
        history.reads.retain(|r| r.thread != thread);
        history.reads.push(CellAccess { thread, event, location, epoch: now.get(thread) });
        race
    }

    /// Writes a cell. Returns the access with which this races, if there is one.
    pub(in crate::execution) fn write(
        &mut self,
        thread: ThreadId,
        object: ObjectId,
        event: usize,
        location: &'static Location<'static>,
    ) -> Option<CellAccess> {
        let now = self.of(thread).now.clone();
        let history = self.cells.of(object);
        let race = history
            .write
            .iter()
            .chain(&history.reads)
            .find(|a| unordered(a, thread, &now))
            .copied();
        history.write = Some(CellAccess { thread, event, location, epoch: now.get(thread) });
        history.reads.clear();
        race
    }
}

fn unordered(access: &CellAccess, thread: ThreadId, now: &VectorClock) -> bool {
    access.thread != thread && now.get(access.thread) < access.epoch
}
