//! Data that locks protect, watched while one of the locks is knocked out.
//!
//! A skipped lock still hands out its data. So each time a guard lends its data, that is an access
//! to a cell. It is checked like every cell access, by the declared orderings. In addition, no two
//! guards may lend at once, whatever orders their threads. The overlap is reported as a data race
//! before the reference is handed out.

use super::failure::inert;
use super::knockout;
use super::lock::Mode;
use super::memory::cell::race;
use super::step::step;
use super::{Ending, Engine, Home, Pending, Seen, World, engine, execution, with};
use crate::vocabulary::Change;
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind, Operation, ThreadId};
use crate::vocabulary::verdict::Kind;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;

/// How a guard holds its lock.
#[derive(Debug)]
pub(crate) struct Hold {
    /// The mode in which the lock is really held: it may be less than the guard says.
    pub(crate) mode: Mode,
    /// The lock is not held at all.
    skipped: bool,
    /// The guard has lent its data for writing.
    changes: bool,
    /// The guard's number in its execution if it is watched, else 0.
    number: u32,
    /// The execution in which the lock was acquired. A guard of a static may outlive it.
    execution: u64,
}

/// A guard that has lent its data.
#[derive(Clone, Copy)]
struct Lent {
    guard: u32,
    write: bool,
    thread: ThreadId,
    event: usize,
    location: &'static Location<'static>,
}

/// What a lock protects.
struct Watched {
    cell: ObjectId,
    lent: Vec<Lent>,
}

#[derive(Default)]
struct Watch {
    execution: u64,
    guards: u32,
    locks: HashMap<ObjectId, Watched>,
}

thread_local! {
    static WATCH: RefCell<Watch> = RefCell::default();
}

/// Lends the watch of the running execution.
fn watch<R>(f: impl FnOnce(&mut Watch) -> R) -> R {
    WATCH.with_borrow_mut(|watch| {
        if watch.execution != execution() {
            *watch = Watch { execution: execution(), ..Watch::default() };
        }
        f(watch)
    })
}

impl Hold {
    /// Held as asked, unwatched.
    pub(crate) fn plain(mode: Mode) -> Hold {
        Hold { mode, skipped: false, changes: false, number: 0, execution: execution() }
    }

    /// How a lock requested at `location` will be held.
    pub(super) fn ask(
        home: &Home,
        mode: Mode,
        tries: bool,
        location: &'static Location<'static>,
    ) -> Hold {
        if home.is_part() {
            return Hold::plain(mode);
        }
        let operation = match (home.kind(), mode, tries) {
            (ObjectKind::RwLock, Mode::Write, false) => "write",
            (ObjectKind::RwLock, Mode::Write, true) => "try_write",
            (_, Mode::Read, false) => "read",
            (_, Mode::Read, true) => "try_read",
            (_, Mode::Write, false) => "lock",
            (_, Mode::Write, true) => "try_lock",
        };
        // loom has no model of a skipped lock
        let change =
            if engine() == Engine::Shuttle { knockout::plain(location, operation) } else { None };
        let watched = engine() == Engine::Shuttle && knockout::is_of_a_lock();
        let number = if watched {
            watch(|watch| {
                watch.guards += 1;
                watch.guards
            })
        } else {
            0
        };
        let mode = if change == Some(Change::Demoted) { Mode::Read } else { mode };
        let skipped = change == Some(Change::Skipped);
        Hold { mode, skipped, changes: false, number, execution: execution() }
    }

    /// Whether the lock was acquired in the running execution: otherwise it is another lock that
    /// has this one's name now, and nothing is done to it.
    pub(crate) fn is_here(&self) -> bool {
        self.execution == execution()
    }

    pub(super) fn is_skipped(&self) -> bool {
        self.skipped
    }

    /// Whether the protected data may have changed, as far as guards know.
    pub(super) fn changes(&self) -> bool {
        self.changes
    }

    /// The guard lends its data for reading.
    #[track_caller]
    #[inline]
    pub(crate) fn lend(&self, home: &Home) {
        if self.number != 0 && self.is_here() {
            lend(self.number, home, false, Location::caller());
        }
    }

    /// The guard lends its data for writing.
    #[track_caller]
    #[inline]
    pub(crate) fn lend_mut(&mut self, home: &Home) {
        self.changes = true;
        if self.number != 0 && self.is_here() {
            lend(self.number, home, true, Location::caller());
        }
    }

    /// The guard is about to go: what it lent may have been in use until now. That is an access of
    /// its own. Otherwise nothing would explore what other threads do before it.
    pub(super) fn ends(&self, home: &Home, location: &'static Location<'static>) {
        if self.number != 0 {
            let lent = watch(|watch| {
                let watched = watch.locks.get(&home.id())?;
                let mine = watched.lent.iter().filter(|lent| lent.guard == self.number);
                mine.map(|lent| lent.write).max()
            });
            if let Some(write) = lent {
                lend(self.number, home, write, location);
            }
        }
    }

    /// What the guard lent has been returned.
    pub(super) fn is_back(&self, home: &Home) {
        if self.number != 0 {
            watch(|watch| {
                if let Some(watched) = watch.locks.get_mut(&home.id()) {
                    watched.lent.retain(|lent| lent.guard != self.number);
                }
            });
        }
    }

    /// Called before a wait on a condition variable. The wait releases the lock, so the lock must
    /// be held.
    #[track_caller]
    pub(crate) fn before_wait(&mut self, home: &Home) {
        self.ends(home, Location::caller());
        self.is_back(home);
        if std::mem::take(&mut self.skipped) {
            super::lock::acquire_as(home, self.mode, Location::caller());
        }
    }
}

/// The cell that represents the protected data.
fn cell_of(home: &Home) -> ObjectId {
    let lock = home.id();
    let known = watch(|watch| watch.locks.get(&lock).map(|watched| watched.cell));
    known.unwrap_or_else(|| {
        let cell = with(|world| {
            let name = Some(format!("the data of {}", world.log.trace.object_name(lock)));
            let created = world.log.trace.objects[lock.index()].created;
            let cell = world.create(Object { kind: ObjectKind::Cell, name, created });
            world.drop_object(cell); // it is not the model's object: it cannot leak
            cell
        });
        watch(|watch| watch.locks.insert(lock, Watched { cell, lent: Vec::new() }));
        cell
    })
}

#[cold]
fn lend(guard: u32, home: &Home, write: bool, location: &'static Location<'static>) {
    if home.engine_now() != Engine::Shuttle || inert() {
        return;
    }
    let (lock, cell) = (home.id(), cell_of(home));
    let operation = if write { Operation::Write } else { Operation::Read };
    step(Pending::on(cell, operation, location), |world, thread| {
        let event = world.log.trace.events.len();
        let overlap = watch(|watch| {
            let lent = &mut watch.locks.get_mut(&lock).expect("just looked up").lent;
            let overlap =
                lent.iter().find(|lent| lent.guard != guard && (write || lent.write)).copied();
            lent.push(Lent { guard, write, thread, event, location });
            overlap
        });
        match overlap {
            Some(other) => {
                world.end(overlapping(world, other, (thread, cell, event, location, operation)))
            }
            None => race(world, thread, cell, write, location),
        }
        ((), Seen::default())
    });
}

type Lending = (ThreadId, ObjectId, usize, &'static Location<'static>, Operation);

fn overlapping(
    world: &World,
    other: Lent,
    (thread, cell, event, location, operation): Lending,
) -> Ending {
    let (mine, theirs) =
        (world.log.trace.thread_name(thread), world.log.trace.thread_name(other.thread));
    let (name, at) = (world.log.trace.object_name(cell), other.location);
    let did = operation.name();
    let message = format!(
        "{mine}'s {did} of {name} at {location}, while {theirs} has it borrowed since {at}"
    );
    Ending::Violation {
        kind: Kind::DataRace,
        message,
        location: Some(location.to_string()),
        conflict: Some((other.event, event)),
    }
}
