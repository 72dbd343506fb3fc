//! The state of one execution: its trace, its threads, what its objects mean, and how it ended.

use super::address::Memory;
use super::arc::{Arcs, Counted};
use super::cell::Lasting;
use super::clocks::Clocks;
use super::companion::Companion;
use super::green::Task;
use super::lock::Mode;
use super::statics::Statics;
use super::threads::Parker;
use super::{Engine, Pulse, knockout, me, stack};
use crate::explore::Deed;
use crate::trace::{
    Awaited, Blocked, Event, Fingerprint, Object, ObjectId, Operation, Outcome, Thread, ThreadId, Trace, Value,
};
use crate::verdict::{Bound, Kind};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What holds for every execution of an exploration.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) engine: Engine,
    pub(crate) pulse: Arc<Pulse>,
    /// An execution with more events than this gets nowhere: a livelock.
    pub(crate) max_events: usize,
    /// Whether objects that outlive the execution are a violation.
    pub(crate) leaks: bool,
    /// Whether weak compare-exchanges fail, and waits and parks end, without a cause.
    pub(crate) spurious: bool,
    /// An execution with more events than this is not what is looked for.
    pub(crate) most_events: Option<usize>,
    /// The events of the execution that is run again, if one is: as far as its token has them.
    pub(crate) replays: Option<Arc<Fingerprint>>,
    /// Whether somebody will ask what happened before what.
    pub(crate) judged: bool,
    /// Whose reference counts are steps.
    pub(crate) counted: Counted,
}

/// How an execution ended before its end.
#[derive(Clone, Debug)]
pub(crate) enum Ending {
    Violation {
        kind: Kind,
        message: String,
        location: Option<String>,
        conflict: Option<(usize, usize)>,
    },
    Unknown(Bound),
    /// It had more events than it was to have.
    GivenUp,
}

/// An announced operation: what a thread is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) operation: Operation,
    pub(crate) object: Option<ObjectId>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) waits: Waits,
    /// What a compare-exchange must find.
    pub(crate) expected: Option<Value>,
    /// Whether it may fail, or wake, without a cause: a choice.
    pub(crate) spurious: bool,
}

/// What must be before an announced operation can take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Never,
    /// For nothing; it releases this mutex, to wait on a condition variable.
    Releasing {
        mutex: ObjectId,
        timeout: bool,
    },
    /// The lock is free.
    Lock,
    /// No writer holds the lock.
    ReadLock,
    /// A notification came, and the mutex is free; or a timeout fires, because nobody else can go on.
    Notified {
        mutex: ObjectId,
        timeout: bool,
    },
    /// The thread has ended.
    End(ThreadId),
    /// The thread's token is there, or a timeout may fire.
    Token {
        timeout: bool,
    },
}

/// The values of an event.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) value: Option<Value>,
    pub(crate) written: Option<Value>,
    /// As what an access by an address is drawn: no search knows it.
    pub(crate) object: Option<ObjectId>,
    /// The operation as it turned out: a compare-exchange that failed is a load.
    pub(crate) operation: Option<Operation>,
    /// It releases a lock, and what that protects is as it was before.
    pub(crate) unchanged: bool,
    /// It was a choice of which nothing came: no event.
    pub(crate) silent: bool,
}

impl Seen {
    pub(crate) fn value(value: Value) -> Seen {
        Seen { value: Some(value), ..Seen::default() }
    }
}

/// The message of a panic, and its place.
pub(crate) type Panic = (String, Option<String>);

#[derive(Debug, Default)]
pub(crate) struct ThreadState {
    pub(crate) pending: Option<Pending>,
    pub(crate) finished: bool,
    /// The task of shuttle that runs it.
    pub(super) task: Task,
    /// How many events it has had.
    pub(crate) events: u64,
    /// How many objects it has made.
    made: u32,
    /// Accesses to cells whose closures run, the innermost last.
    pub(super) lasting: Vec<Lasting>,
    /// How many values the thread drops as the last owner of an `Arc` of ours.
    pub(super) last_owner_of: usize,
    /// Where those of them were made whose counts are no steps.
    pub(super) uncounted: SmallVec<[&'static Location<'static>; 1]>,
    /// `park`'s token.
    pub(crate) token: bool,
    /// It panicked, and nobody has joined it.
    pub(crate) panicked: Option<Panic>,
}

#[derive(Debug)]
pub(crate) struct ObjectState {
    /// Who made it, and as which of its objects: the same in every execution in which that thread does the same,
    /// whatever the others do.
    pub(crate) born: (ThreadId, u32),
    /// Whoever comes first makes it.
    pub(crate) first_come: bool,
    pub(crate) writer: Option<ThreadId>,
    pub(crate) readers: SmallVec<[ThreadId; 4]>,
    /// Threads that wait on the condition variable, in the order of their arrival; true once notified.
    pub(crate) waiters: SmallVec<[(ThreadId, bool); 4]>,
    /// The value with which an atomic was created.
    pub(crate) initial: Option<Value>,
    dropped: bool,
}

pub(crate) struct World {
    pub(crate) execution: u64,
    pub(crate) settings: Settings,
    pub(crate) trace: Trace,
    /// The same events, for `explore::order`; empty if nobody asks for it.
    pub(crate) deeds: Vec<Deed>,
    pub(crate) threads: Vec<ThreadState>,
    pub(crate) objects: Vec<ObjectState>,
    pub(crate) clocks: Clocks,
    pub(crate) arcs: Arcs,
    /// What was announced by its address, if anything was.
    pub(super) memory: Option<Memory>,
    pub(crate) ending: Option<Ending>,
    /// Conditions of `sometimes!`, and whether they were true.
    pub(crate) sometimes: BTreeMap<&'static str, bool>,
    /// Its first events as they were before somebody drew the trace in another order.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// Who has yielded, or parked in vain, since somebody changed something: the first one first.
    pub(super) yielded: SmallVec<[ThreadId; 4]>,
    /// Whether a thread asked if another one has ended, which is no step of either.
    pub(crate) asked_for_an_end: bool,
    /// Whether a thread that had yielded was not offered although it could have gone on.
    pub(crate) kept_back: bool,
    /// The thread that was started last, if it has not run yet.
    pub(super) started: Option<ThreadId>,
    /// Room for the threads that can go on, for `schedule`.
    pub(super) enabled: Vec<ThreadId>,
    /// The choices of this execution, at the points where there was more than one option.
    pub(crate) schedule: Vec<u32>,
    /// All threads are done: what runs now are destructors of statics, for which nothing is scheduled any more.
    pub(super) closed: bool,
    /// Threads were left in the middle of what they did, with all that stands on their stacks.
    pub(crate) abandoned: bool,
    /// What is left may stand in a static, and is no leak then.
    pub(super) has_statics: bool,
    /// Panics that the hook saw: the last two of each thread, in order.
    panics: Vec<(ThreadId, Panic)>,
    /// What a thread should have waited for while it unwound, and did not: what follows is no execution of the model.
    pub(super) stalled: Option<String>,
    /// Whether a thread did something while it unwound that was no step of its own.
    pub(crate) merged: bool,
    /// How many operations had no effect any more, or only a shadow of one.
    pub(super) vain: usize,
    /// Locks that threads acquired while they unwound: loom knows nothing of them.
    pub(super) shadow_locks: Vec<(ObjectId, Mode)>,
    /// The last panic that a joiner took as a result.
    pub(crate) observed: Option<Panic>,
    pub(super) statics: Statics,
    /// Where a thread was served without a cause, and how often its mutex had been acquired then, if it has one.
    served: Vec<(ThreadId, &'static Location<'static>, u32)>,
    /// loom's side of the threads, by their ids.
    pub(super) parkers: Vec<Option<Rc<Parker>>>,
    /// loom's side of the objects, by their ids.
    pub(super) companions: Vec<Option<Companion>>,
    /// What a thread that unwinds owes to loom, until it has unwound.
    pub(super) deferred: Vec<(ThreadId, Box<dyn FnOnce()>)>,
}

impl World {
    pub(crate) fn new(settings: Settings) -> World {
        let mut world = World::without_threads(settings);
        world.add_thread(None);
        world
    }

    fn without_threads(settings: Settings) -> World {
        // Relaxed: only uniqueness matters
        static NEXT: AtomicU64 = AtomicU64::new(1);
        World {
            execution: NEXT.fetch_add(1, Ordering::Relaxed),
            settings,
            trace: Trace::default(),
            deeds: Vec::new(),
            threads: Vec::new(),
            objects: Vec::new(),
            clocks: Clocks::default(),
            arcs: Arcs::default(),
            memory: None,
            ending: None,
            sometimes: BTreeMap::new(),
            fingerprint: None,
            yielded: SmallVec::new(),
            asked_for_an_end: false,
            kept_back: false,
            started: None,
            enabled: Vec::new(),
            schedule: Vec::new(),
            closed: false,
            abandoned: false,
            has_statics: false,
            panics: Vec::new(),
            stalled: None,
            merged: false,
            vain: 0,
            shadow_locks: Vec::new(),
            observed: None,
            statics: Statics::default(),
            served: Vec::new(),
            parkers: Vec::new(),
            companions: Vec::new(),
            deferred: Vec::new(),
        }
    }

    /// Another execution's beginning, in the room that this one had.
    pub(super) fn renew(&mut self, settings: &Settings) {
        let fresh = World::without_threads(settings.clone());
        let World { trace, threads, objects, clocks, arcs, enabled, schedule, companions, .. } =
            std::mem::replace(self, fresh);
        self.arcs = arcs;
        self.arcs.clear();
        (self.trace, self.clocks, self.enabled, self.companions) = (trace, clocks, enabled, companions);
        (self.threads, self.objects, self.schedule) = (threads, objects, schedule);
        self.trace.events.clear();
        self.trace.threads.clear();
        self.trace.objects.clear();
        self.threads.clear();
        self.objects.clear();
        self.clocks.clear();
        self.schedule.clear();
        self.companions.clear();
        self.add_thread(None);
    }

    pub(crate) fn create(&mut self, object: Object) -> ObjectId {
        let (id, me) = (ObjectId(self.objects.len() as u32), me());
        let nth = self.thread(me).made;
        self.thread(me).made += 1;
        self.trace.objects.push(object);
        self.objects.push(ObjectState {
            born: (me, nth),
            first_come: false,
            writer: None,
            readers: SmallVec::new(),
            waiters: SmallVec::new(),
            initial: None,
            dropped: false,
        });
        self.companions.push(None);
        id
    }

    /// The same for what is no object of the model's: whoever comes first makes it, so that it must not be counted among
    /// what that thread makes, nor be known to a search; and it cannot leak.
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
        self.trace.threads.push(Thread { name, ..Thread::default() });
        id
    }

    /// Whether an operation may be served without a cause here: once at each place of a thread, or a loop around it
    /// would never end.
    pub(super) fn may_be_spurious(&self, thread: ThreadId, location: &'static Location<'static>) -> bool {
        self.settings.spurious && !self.served.iter().any(|s| (s.0, s.1) == (thread, location))
    }

    /// Whether a timeout may fire here: again at the same place only once another thread has had the mutex.
    pub(super) fn may_time_out(&self, thread: ThreadId, location: &'static Location<'static>, mutex: ObjectId) -> bool {
        let others = self.acquired_by_others(thread, mutex);
        !self.served.iter().any(|s| (s.0, s.1, s.2) == (thread, location, others))
    }

    pub(super) fn serve(&mut self, thread: ThreadId, location: &'static Location<'static>, mutex: Option<ObjectId>) {
        let others = mutex.map_or(0, |mutex| self.acquired_by_others(thread, mutex));
        self.served.push((thread, location, others));
    }

    fn acquired_by_others(&self, thread: ThreadId, mutex: ObjectId) -> u32 {
        let events = self.trace.events.iter().filter(|event| event.thread != thread && event.object == Some(mutex));
        events.count() as u32
    }

    /// Whether the thread could go on if its time were over.
    pub(crate) fn could_time_out(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread.index()];
        let waits = state.pending.filter(|_| !state.finished).map(|pending| pending.waits);
        matches!(waits, Some(Waits::Notified { mutex, timeout: true }) if self.is_free(mutex))
    }

    fn is_free(&self, lock: ObjectId) -> bool {
        let object = &self.objects[lock.index()];
        object.writer.is_none() && object.readers.is_empty()
    }

    /// Whether the thread's announced operation could take effect now.
    pub(crate) fn enabled(&self, thread: ThreadId) -> bool {
        let state = &self.threads[thread.index()];
        let Some(pending) = state.pending.filter(|_| !state.finished) else { return false };
        let object = |id: ObjectId| &self.objects[id.index()];
        match (pending.waits, pending.object) {
            (Waits::Lock, Some(lock)) => self.is_free(lock),
            (Waits::ReadLock, Some(lock)) => object(lock).writer.is_none(),
            (Waits::Notified { mutex, .. }, Some(condvar)) => {
                self.is_free(mutex) && object(condvar).waiters.contains(&(thread, true))
            }
            (Waits::End(other), _) => self.threads[other.index()].finished,
            (Waits::Token { timeout }, _) => timeout || state.token,
            (Waits::Never | Waits::Releasing { .. }, _) => true,
            (Waits::Lock | Waits::ReadLock | Waits::Notified { .. }, None) => unreachable!("they wait for an object"),
        }
    }

    /// Writes down an operation that has taken effect.
    pub(crate) fn record(&mut self, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.settings.pulse.event(pending.location);
        let operation = seen.operation.unwrap_or(pending.operation);
        if self.settings.judged {
            let deed = Deed::of(self, thread, *pending, seen);
            self.deeds.push(deed);
        }
        self.thread(thread).events += 1;
        let timed_out = || seen.value == Some(Value::Outcome(Outcome::TimedOut));
        match operation {
            _ if operation == Operation::Yield || operation == Operation::Park && timed_out() => {
                self.yielded.retain(|yielded| *yielded != thread);
                self.yielded.push(thread);
            }
            // two threads that only look and yield must not keep each other going
            Operation::Load(_) | Operation::Read | Operation::Look(_) => {}
            Operation::Lock | Operation::TryLock | Operation::ReadLock | Operation::TryReadLock => {}
            Operation::Unlock | Operation::ReadUnlock if seen.unchanged => {}
            _ => self.yielded.clear(),
        }
        self.trace.events.push(Event {
            thread,
            operation,
            object: seen.object.or(pending.object),
            value: seen.value,
            written: seen.written,
            location: pending.location,
        });
        if let Some(why) = self.settings.replays.as_ref().and_then(|was| was.differs(&self.trace)) {
            self.ending = None; // whatever this event did wrong, the token's did something else
            self.end(Ending::Unknown(Bound::Replay(why)));
        }
        if self.settings.pulse.asked_to_stop() {
            self.end(Ending::Unknown(Bound::Time(std::time::Duration::ZERO)));
        } else if self.settings.most_events.is_some_and(|most| self.trace.events.len() > most) {
            self.ending = None; // whatever this event did wrong, it was too late
            self.end(Ending::GivenUp);
        } else if self.trace.events.len() > self.settings.max_events {
            let unwinds = self.take_panic(thread).filter(|_| std::thread::panicking());
            let unwinds = unwinds.map(|(message, _)| format!(", while a thread unwinds: {message}"));
            let message = format!("no end after {} events{}", self.settings.max_events, unwinds.unwrap_or_default());
            for i in 0..self.threads.len() {
                let waits = Some(ThreadId(i as u32)).filter(|thread| !self.enabled(*thread));
                self.trace.threads[i].blocked = waits.and_then(|thread| self.blocked(thread));
            }
            self.end(Ending::Violation {
                kind: Kind::Livelock,
                message,
                location: Some(pending.location.to_string()),
                conflict: None,
            });
        }
    }

    /// Takes in a panic of a thread.
    pub(super) fn panicked(&mut self, thread: ThreadId, panic: Panic) {
        let mut earlier = (0..self.panics.len()).rev().filter(|at| self.panics[*at].0 == thread);
        earlier.nth(1).map(|oldest| self.panics.remove(oldest));
        self.panics.push((thread, panic));
    }

    /// The last panic of a thread that nobody has taken yet.
    pub(super) fn take_panic(&mut self, thread: ThreadId) -> Option<Panic> {
        let last = self.panics.iter().rposition(|(panicked, _)| *panicked == thread)?;
        Some(self.panics.remove(last).1)
    }

    /// Whether operations are neither scheduled nor recorded any more.
    pub(super) fn over(&self) -> bool {
        self.closed || self.ending.is_some()
    }

    /// Whether somebody may hold what its locks protect, although the execution is over: who was left in the middle, or
    /// a guard that was forgotten.
    pub(super) fn is_held(&self) -> bool {
        let unwatched = knockout::is_of_a_lock(); // a guard may hold nothing
        let held = |o: &ObjectState| o.writer.is_some() || !o.readers.is_empty() || unwatched && !o.dropped;
        self.abandoned || self.objects.iter().any(held)
    }

    /// Ends the execution, unless it has ended before.
    pub(crate) fn end(&mut self, ending: Ending) {
        if self.ending.is_some() {
            return;
        }
        for (state, drawn) in self.threads.iter().zip(&mut self.trace.threads) {
            drawn.pending = state.pending.filter(|_| !state.finished).map(|p| (p.operation, p.object));
        }
        self.ending = Some(ending);
    }

    pub(crate) fn deadlock(&mut self) {
        let mut stuck = Vec::new();
        for thread in (0..self.threads.len() as u32).map(ThreadId) {
            if let Some(blocked) = self.blocked(thread) {
                stuck.push(format!("{} waits for {}", self.trace.thread_name(thread), self.trace.waiting(&blocked)));
                self.trace.threads[thread.index()].blocked = Some(blocked);
            }
        }
        self.end(Ending::Violation { kind: Kind::Deadlock, message: stuck.join("; "), location: None, conflict: None });
    }

    /// What the thread waits for.
    pub(super) fn blocked(&self, thread: ThreadId) -> Option<Blocked> {
        let state = &self.threads[thread.index()];
        let pending = state.pending.filter(|_| !state.finished)?;
        let on = match (pending.waits, pending.object) {
            (Waits::Lock | Waits::ReadLock, Some(lock)) => Awaited::Lock(lock),
            (Waits::Notified { mutex, .. }, Some(condvar)) => {
                let notified = self.objects[condvar.index()].waiters.contains(&(thread, true));
                if notified { Awaited::Lock(mutex) } else { Awaited::Notification(condvar) }
            }
            (Waits::End(other), _) => Awaited::End(other),
            (Waits::Token { .. }, _) => Awaited::Unpark,
            (Waits::Never | Waits::Releasing { .. }, _) => return None,
            (Waits::Lock | Waits::ReadLock | Waits::Notified { .. }, None) => unreachable!("they wait for an object"),
        };
        let holders = match on {
            Awaited::Lock(lock) => {
                let lock = &self.objects[lock.index()];
                lock.writer.iter().chain(&lock.readers).copied().collect()
            }
            Awaited::Notification(_) | Awaited::End(_) | Awaited::Unpark => Vec::new(),
        };
        Some(Blocked { on, holders })
    }

    /// What can only be said once everything has ended: panics that nobody saw, objects that nobody dropped.
    pub(super) fn settle(&mut self) {
        if self.ending.is_some() {
            return;
        }
        let unseen = self.threads.iter().position(|t| t.panicked.is_some());
        if let Some(i) = unseen {
            let (message, location) = self.threads[i].panicked.take().expect("just seen");
            let name = self.trace.thread_name(ThreadId(i as u32));
            let message = format!("{name} panicked and nobody joined it: {message}");
            return self.end(Ending::Violation { kind: Kind::Panic, message, location, conflict: None });
        }
        let left = self.objects.iter().position(|o| !o.dropped);
        if let Some(i) = left.filter(|_| self.settings.leaks && !self.has_statics) {
            let count = self.objects.iter().filter(|o| !o.dropped).count();
            let name = self.trace.object_name(ObjectId(i as u32));
            let location = Some(self.trace.objects[i].created.to_string());
            let message = format!("{name} was never dropped ({count} such objects)");
            self.end(Ending::Violation { kind: Kind::Leak, message, location, conflict: None });
        }
    }
}
