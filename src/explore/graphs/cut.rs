//! What a graph loses on the way to another one, what stays for good, and how it is copied.

use super::event::{Event, Id};
use super::graph::{Graph, Object};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::ThreadId;
use smallvec::SmallVec;

/// A thread that was chosen in an execution of a graph.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) thread: ThreadId,
    /// Whether it was one of several.
    pub(super) several: bool,
    /// How many events the execution had had. What is no event is chosen, too.
    pub(super) events: usize,
}

impl Graph {
    /// Takes away everything that was added with this stamp or a later one. None of it is in the
    /// past of what stays.
    pub(super) fn cut(&mut self, stamp: u32) {
        while let Some(id) = self.added.last().copied().filter(|id| self.at(*id).stamp >= stamp) {
            self.forget(id);
            self.added.pop();
            self.threads[id.thread as usize].pop();
            if self.fences.last() == Some(&id) {
                self.fences.pop();
            }
        }
        self.order.truncate(self.added.len());
        self.keep_choices(self.order.len());
        self.next = stamp;
    }

    /// Forgets the choices behind so many events.
    pub(super) fn keep_choices(&mut self, events: usize) {
        let kept = self.choices.iter().rposition(|choice| choice.events < events);
        self.choices.truncate(kept.map_or(0, |last| last + 1));
    }

    /// The event becomes the last one in the order of replays.
    pub(super) fn come_last(&mut self, id: Id) {
        let at = self.order.iter().rposition(|other| *other == id).expect("it has a place");
        self.order.remove(at);
        self.order.push(id);
        self.keep_choices(at);
    }

    /// What is in this past is never taken away.
    pub(super) fn freeze(&mut self, past: &VectorClock) {
        for (thread, events) in (0..).map(ThreadId).zip(&mut self.threads) {
            let known = events.iter_mut().take(past.get(thread) as usize);
            known.for_each(|event| event.frozen = true);
        }
    }

    /// Takes away the events that are not kept. What is kept has its past.
    pub(super) fn restrict(&mut self, keep: impl Fn(Id, &Event) -> bool) {
        let ids = |thread: u32| (1..).map(move |nth| Id { thread, nth });
        let count = |(thread, events): (u32, &Vec<Event>)| {
            ids(thread).zip(events).take_while(|(id, event)| keep(*id, event)).count()
        };
        let counts: SmallVec<[usize; 8]> = (0..).zip(&self.threads).map(count).collect();
        let stays = |id: &Id| id.nth as usize <= counts[id.thread as usize];
        for (events, count) in self.threads.iter_mut().zip(&counts) {
            events.truncate(*count);
            events.iter_mut().for_each(|event| event.readers.retain(|reader| stays(reader)));
        }
        for object in &mut self.objects {
            object.stores.retain(stays);
            object.readers.retain(|reader| stays(reader));
        }
        if let Some(changed) = self.order.iter().position(|id| !stays(id)) {
            self.keep_choices(changed);
        }
        for ids in [&mut self.order, &mut self.added, &mut self.fences] {
            ids.retain(stays);
        }
    }
}

/// A copy reuses the room that it finds.
impl Clone for Object {
    fn clone(&self) -> Object {
        let mut copy = Object::default();
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, other: &Object) {
        let Object { initial, stores, readers } = other;
        self.initial = *initial;
        self.stores.clone_from(stores);
        self.readers.clone_from(readers);
    }
}

impl Clone for Graph {
    fn clone(&self) -> Graph {
        let mut copy = Graph::default();
        copy.clone_from(self);
        copy
    }

    fn clone_from(&mut self, other: &Graph) {
        let Graph { threads, starts, joins, objects, order, choices, added, fences, .. } = other;
        self.threads.clone_from(threads);
        self.starts.clone_from(starts);
        self.joins.clone_from(joins);
        self.objects.clone_from(objects);
        self.order.clone_from(order);
        self.choices.clone_from(choices);
        self.added.clone_from(added);
        self.fences.clone_from(fences);
        self.held_off.clone_from(&other.held_off);
        (self.has_histories, self.next) = (other.has_histories, other.next);
    }
}
