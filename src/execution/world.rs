//! The state of one execution: what it has done, its threads, objects and memory, and how it ended.

use super::birth;
use super::failure::{self, Ending};
use super::memory::{Memory, copies::Copied};
use super::state::{ObjectState, Role, ThreadState};
use super::statics::Statics;
use super::turns::Turns;
use super::{Log, Rules, failure::stack, loom, me};
use crate::vocabulary::trace::{Object, ObjectId, Thread, ThreadId};
use smallvec::SmallVec;

/// Who has created the statics.
pub(crate) const COMPILER: ThreadId = ThreadId(u32::MAX);

pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) log: Log,
    pub(crate) threads: Vec<ThreadState>,
    pub(crate) objects: Vec<ObjectState>,
    pub(crate) memory: Memory,
    pub(crate) turns: Turns,
    pub(crate) ending: Option<Ending>,
    pub(crate) failure: failure::State,
    pub(super) statics: Statics,
    pub(super) loom: loom::Side,
}

impl World {
    pub(crate) fn new(rules: Rules) -> World {
        let mut world = World {
            rules,
            log: Log::new(),
            threads: Vec::new(),
            objects: Vec::new(),
            memory: Memory::default(),
            turns: Turns::default(),
            ending: None,
            failure: failure::State::default(),
            statics: Statics::default(),
            loom: loom::Side::default(),
        };
        world.begin();
        world
    }

    /// Begins another execution, reusing this one's allocations.
    pub(super) fn renew(&mut self, rules: &Rules) {
        self.rules = rules.clone();
        self.log.renew();
        self.threads.clear();
        self.objects.clear();
        self.memory.clear();
        self.turns.clear();
        self.ending = None;
        self.failure = failure::State::default();
        self.statics = Statics::default();
        self.loom.clear();
        self.begin();
    }

    fn begin(&mut self) {
        self.memory.set_weak(self.rules.weak);
        self.add_thread(None);
    }

    pub(crate) fn create(&mut self, object: Object) -> ObjectId {
        let (id, me) = (ObjectId(self.objects.len() as u32), me());
        let nth = self.thread(me).made;
        self.thread(me).made += 1;
        self.log.trace.objects.push(object);
        self.objects.push(ObjectState {
            born: (me, nth),
            role: Role::Plain,
            part: false,
            writer: None,
            last: None,
            readers: SmallVec::new(),
            waiters: SmallVec::new(),
            initial: None,
            dropped: false,
            woken: false,
        });
        self.loom.has_object();
        birth::knows(self.objects.len());
        id
    }

    /// Numbers an object among those of this thread, as if it had just been created.
    pub(super) fn numbers_anew(&mut self, me: ThreadId, object: ObjectId) {
        let nth = self.thread(me).made;
        self.thread(me).made += 1;
        self.object(object).born = (me, nth);
    }

    /// The same for a static, with its number in the process. It is nobody's own, and cannot leak.
    pub(super) fn create_static(&mut self, object: Object, number: u32) -> ObjectId {
        let id = self.create(object);
        self.thread(me()).made -= 1; // others of its objects must not be renamed by it
        self.object(id).born = (COMPILER, number);
        self.drop_object(id);
        id
    }

    /// The same for the copy of a constant. Who creates it is known by its place.
    pub(super) fn create_copy(&mut self, object: Object, copied: Copied) -> ObjectId {
        let kind = object.kind;
        let id = self.create(object);
        self.thread(me()).made -= 1; // as for a static
        self.object(id).born = (copied.by, copied.number);
        if birth::is_ordered(kind) {
            self.born_at(copied.since, id);
        }
        id
    }

    /// Whether there is nobody but the running thread.
    pub(super) fn has_one_thread(&self) -> bool {
        self.threads.iter().filter(|thread| !thread.finished).count() == 1
    }

    /// The same for something that is not the model's object. The first thread to arrive creates
    /// it, so it must not count among that thread's objects, nor be known to a search. It cannot
    /// leak.
    pub(super) fn create_unnumbered(&mut self, object: Object) -> ObjectId {
        let id = self.create(object);
        self.thread(me()).made -= 1;
        self.drop_object(id);
        id
    }

    pub(super) fn drop_object(&mut self, object: ObjectId) {
        self.objects[object.index()].dropped = true;
    }

    pub(crate) fn object(&mut self, object: ObjectId) -> &mut ObjectState {
        &mut self.objects[object.index()]
    }

    pub(crate) fn thread(&mut self, thread: ThreadId) -> &mut ThreadState {
        &mut self.threads[thread.index()]
    }

    pub(crate) fn add_thread(&mut self, name: Option<String>) -> ThreadId {
        let id = ThreadId(self.threads.len() as u32);
        name.iter().for_each(|name| stack::name(id, name));
        self.threads.push(ThreadState::default());
        self.log.trace.threads.push(Thread { name, ..Thread::default() });
        id
    }
}
