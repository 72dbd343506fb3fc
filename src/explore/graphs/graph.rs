//! An execution graph: events in program order, who reads from whom, and for each object the order
//! of its stores (coherence).

use super::act::Act;
use super::cut::Choice;
use super::event::{Does, Event, INITIAL, Id, Knowledge, Label, Readers, knows, state};
use super::loops;
use super::sharing::HeldOff;
use crate::execution::{FREE, Stored};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{Operation, ThreadId};
use crate::vocabulary::view::acquires;
use smallvec::SmallVec;
use std::sync::atomic::Ordering;

#[derive(Debug, Default)]
pub(super) struct Object {
    /// The value that it begins with, as soon as it has been accessed.
    pub(super) initial: Option<Stored>,
    /// Its stores in coherence order. The initial one is not among them.
    pub(super) stores: Vec<Id>,
    /// Who reads the initial value.
    pub(super) readers: Readers,
}

#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) threads: Vec<Vec<Event>>,
    /// The event that started each thread.
    pub(super) starts: Vec<Option<Id>>,
    /// The event that joined each thread, or did before it was taken away.
    pub(super) joins: Vec<Option<Id>>,
    pub(super) objects: Vec<Object>,
    /// The order of replays: a linear extension of program order and reads-from.
    pub(super) order: Vec<Id>,
    /// The choices of the last execution that had these events in this order, as far as they are
    /// the same in the next one.
    pub(super) choices: Vec<Choice>,
    /// All events by their stamps.
    pub(super) added: Vec<Id>,
    /// The SeqCst fences.
    pub(super) fences: Vec<Id>,
    /// Whether its events have histories: some thread has yielded.
    pub(super) has_histories: bool,
    /// The next stamp.
    pub(super) next: u32,
    /// Who does not enter where.
    pub(super) held_off: Vec<HeldOff>,
}

impl Graph {
    /// The graph in which only the main thread has begun.
    pub(super) fn with_main(has_histories: bool) -> Graph {
        let mut graph = Graph { has_histories, ..Graph::default() };
        graph.begin(0, None);
        graph
    }

    pub(super) fn at(&self, id: Id) -> &Event {
        &self.threads[id.thread as usize][id.nth as usize - 1]
    }

    pub(super) fn at_mut(&mut self, id: Id) -> &mut Event {
        &mut self.threads[id.thread as usize][id.nth as usize - 1]
    }

    pub(super) fn object(&mut self, object: u32) -> &mut Object {
        let at = object as usize;
        if self.objects.len() <= at {
            self.objects.resize_with(at + 1, Object::default);
        }
        &mut self.objects[at]
    }

    /// The thread begins, by this event. The main one begins by none.
    pub(super) fn begin(&mut self, thread: u32, start: Option<Id>) {
        let count = self.threads.len().max(thread as usize + 1);
        self.threads.resize_with(count, Vec::new);
        self.starts.resize(count, None);
        self.joins.resize(count, None);
        self.starts[thread as usize] = start;
    }

    /// The event that the thread's next one will be.
    pub(super) fn next_of(&self, thread: u32) -> Id {
        Id { thread, nth: self.threads[thread as usize].len() as u32 + 1 }
    }

    pub(super) fn first_of(&self, thread: u32) -> Option<Id> {
        (!self.threads[thread as usize].is_empty()).then_some(Id { thread, nth: 1 })
    }

    /// The event that joined the thread.
    pub(super) fn join_of(&self, thread: u32) -> Option<Id> {
        let join = (*self.joins.get(thread as usize)?)?;
        let event = self.threads[join.thread as usize].get(join.nth as usize - 1)?;
        // it may have been taken away
        (event.label.operation == Operation::Join(ThreadId(thread))).then_some(join)
    }

    pub(super) fn value(&self, object: u32, store: Id) -> Stored {
        match store {
            INITIAL => self.objects[object as usize].initial.unwrap_or(FREE),
            store => self.at(store).written.expect("a store writes"),
        }
    }

    /// The place of a store in coherence. The initial one is at 0.
    pub(super) fn place_of(&self, object: u32, store: Id) -> usize {
        if store == INITIAL {
            return 0;
        }
        let stores = &self.objects[object as usize].stores;
        1 + stores.iter().rposition(|other| *other == store).expect("a store has a place")
    }

    pub(super) fn store_at(&self, object: u32, place: usize) -> Id {
        match place.checked_sub(1) {
            None => INITIAL,
            Some(at) => self.objects[object as usize].stores[at],
        }
    }

    /// The place of the newest store.
    pub(super) fn top(&self, object: u32) -> usize {
        self.objects[object as usize].stores.len()
    }

    fn readers_mut(&mut self, object: u32, store: Id) -> &mut Readers {
        match store {
            INITIAL => &mut self.object(object).readers,
            store => &mut self.at_mut(store).readers,
        }
    }

    pub(super) fn readers(&self, object: u32, store: Id) -> &[Id] {
        match store {
            INITIAL => &self.objects[object as usize].readers,
            store => &self.at(store).readers,
        }
    }

    /// The event before this one in its thread, or the one that started the thread.
    pub(super) fn previous(&self, id: Id) -> Option<Id> {
        match id.nth {
            1 => self.starts[id.thread as usize],
            nth => Some(Id { nth: nth - 1, ..id }),
        }
    }

    /// What happens before this event, which need not be there yet.
    pub(super) fn before(&self, id: Id) -> VectorClock {
        let previous = self.previous(id);
        previous.map_or_else(VectorClock::default, |id| self.at(id).knowledge.before.clone())
    }

    /// The oldest place from which a thread that knows this may read, and behind which it may
    /// write: everything older is hidden by a store that happened before, or was read before.
    pub(super) fn lowest(&self, object: u32, known: &VectorClock) -> usize {
        let hides = |store: &Id| {
            knows(known, *store) || self.at(*store).readers.iter().any(|r| knows(known, *r))
        };
        let stores = &self.objects[object as usize].stores;
        stores.iter().rposition(hides).map_or(0, |at| at + 1)
    }

    /// The read-modify-write that reads the store in this place, if there is one.
    pub(super) fn successor(&self, object: u32, place: usize) -> Option<Id> {
        let next = *self.objects[object as usize].stores.get(place)?;
        let event = self.at(next);
        let reads_it = event.label.reads() && event.from() == self.store_at(object, place);
        reads_it.then_some(next)
    }

    /// Adds an event as the last of its thread. A read reads nothing yet, a store has no place.
    pub(super) fn push(&mut self, thread: u32, label: Label) -> Id {
        let id = self.next_of(thread);
        self.threads[thread as usize].push(Event {
            label,
            source: None,
            option: 0,
            written: label.stores(),
            stamp: self.next,
            frozen: false,
            stored_as: 0,
            knowledge: Knowledge::default(),
            history: 0,
            readers: SmallVec::new(),
        });
        self.next += 1;
        self.order.push(id);
        self.added.push(id);
        if label.is_fence() && label.order(None) == Ordering::SeqCst {
            self.fences.push(id);
        }
        if let Operation::Join(child) = label.operation {
            self.joins[child.index()] = Some(id);
        }
        if !label.reads() {
            self.inform(id);
        }
        id
    }

    /// Adds an event as the last of its thread: it reads the newest store, or becomes it.
    pub(super) fn add(&mut self, thread: u32, label: Label) -> Id {
        let top = label.object.map_or(0, |object| self.top(object));
        let id = self.push(thread, label);
        match label.object {
            Some(_) if label.only_stores() => self.place(id, top),
            Some(object) => self.read(id, self.store_at(object, top), 0),
            None => {}
        }
        id
    }

    /// Lets a read, which nothing depends on, read this store, and write right behind it if it
    /// then writes.
    pub(super) fn read(&mut self, id: Id, store: Id, option: usize) {
        self.forget(id);
        let object = self.at(id).object();
        let value = self.value(object, store);
        let event = self.at_mut(id);
        event.source = Some((store, value));
        event.option = option;
        event.written = event.label.after(value, option);
        let writes = event.written.is_some();
        self.readers_mut(object, store).push(id);
        if writes {
            let place = self.place_of(object, store);
            self.object(object).stores.insert(place, id);
        }
        self.inform(id);
    }

    /// Places a plain store that has no place yet behind all others.
    pub(super) fn place_newest(&mut self, id: Id) {
        let object = self.at(id).object();
        self.object(object).stores.push(id);
    }

    /// Places a plain store right behind the store at this place.
    pub(super) fn place(&mut self, id: Id, place: usize) {
        let object = self.at(id).object();
        self.displace(object, id);
        self.object(object).stores.insert(place, id);
    }

    fn displace(&mut self, object: u32, id: Id) {
        let stores = &mut self.object(object).stores;
        if let Some(at) = stores.iter().rposition(|store| *store == id) {
            stores.remove(at);
        }
    }

    /// The event neither reads nor stands anywhere.
    pub(super) fn forget(&mut self, id: Id) {
        let event = self.at(id);
        let (writes, object) = (event.written.is_some(), event.label.object);
        let Some(object) = object else { return };
        if writes {
            self.displace(object, id);
        }
        if let Some((store, _)) = self.at_mut(id).source.take() {
            let readers = self.readers_mut(object, store);
            let at = readers.iter().rposition(|reader| *reader == id).expect("it reads the store");
            readers.remove(at);
        }
    }

    /// Joins what an act comes after without reading it.
    fn comes_after(&self, id: Id, act: Act, knows: &mut Knowledge) {
        match act {
            Act::Notified { .. } | Act::Pass { .. } => {
                let object = act.follows().expect("it follows");
                let source = self.followed(id.thread, act, object).expect("it was let go on");
                knows.past.join(&self.at(source).knowledge.past);
                knows.before.join(&self.at(source).knowledge.message);
            }
            Act::Write => {
                let event = self.at(id);
                for left in self.leavings(event.object(), event.from()) {
                    knows.past.join(&self.at(left).knowledge.past);
                    knows.before.join(&self.at(left).knowledge.before);
                }
            }
            _ => {}
        }
    }

    /// The change that let a waiting thread go on: the first, from its own last one on, behind
    /// which it does not wait any more.
    pub(super) fn followed(&self, thread: u32, act: Act, object: u32) -> Option<Id> {
        let stores = &self.objects[object as usize].stores;
        let own = stores.iter().rposition(|store| store.thread == thread)?;
        let read = self.at(stores[own]).source.map_or(0, |(_, read)| state(read));
        let goes_on = |store: &Id| act.goes_on(read, state(self.value(object, *store)));
        stores[own..].iter().copied().find(goes_on)
    }

    /// Computes what an event knows, from what its thread knew, and from what it reads.
    fn inform(&mut self, id: Id) {
        let mut knows = match self.previous(id) {
            None => Knowledge::default(),
            Some(previous) => {
                let was = &self.at(previous).knowledge;
                let (past, before) = (was.past.clone(), was.before.clone());
                let own = previous.thread == id.thread; // fences are their thread's
                Knowledge {
                    past,
                    before,
                    released: if own { was.released.clone() } else { VectorClock::default() },
                    heard: if own { was.heard.clone() } else { VectorClock::default() },
                    message: VectorClock::default(),
                }
            }
        };
        let event = self.at(id);
        let source = event.source.map(|(store, _)| store).filter(|store| *store != INITIAL);
        if let Some(source) = source.map(|store| &self.at(store).knowledge) {
            knows.past.join(&source.past);
            knows.heard.join(&source.message);
            if acquires(event.order()) {
                knows.before.join(&source.message);
            }
            knows.message = source.message.clone(); // a release sequence goes on
        }
        if let Does::Acts(act) = event.label.does {
            self.comes_after(id, act, &mut knows);
        }
        match event.label.operation {
            Operation::Join(child) => {
                let last = Id { nth: self.next_of(child.0).nth, thread: child.0 };
                if let Some(last) = self.previous(last).map(|last| &self.at(last).knowledge) {
                    knows.past.join(&last.past);
                    knows.before.join(&last.before);
                }
            }
            Operation::Fence(order) if acquires(order) => knows.before.join(&knows.heard),
            _ => {}
        }
        knows.past.set(ThreadId(id.thread), id.nth);
        knows.before.set(ThreadId(id.thread), id.nth);
        if event.releases() {
            knows.message.join(&knows.before);
            if event.label.is_fence() {
                knows.released = knows.before.clone();
            }
        } else {
            knows.message.join(&knows.released);
        }
        self.at_mut(id).knowledge = knows;
        if self.has_histories {
            self.at_mut(id).history = loops::history(self, id);
        }
    }

    /// The last event of a thread, or the one that started it.
    pub(super) fn last_of(&self, thread: u32) -> Option<Id> {
        self.previous(self.next_of(thread))
    }
}
