//! The execution to which an object belongs: the one that created it.

use super::birth::{self, Birth, CONSTANT, Initial};
use super::failure::{freeze, not_modelled, panic_while_unwinding, past, refuse};
use super::memory::Stored;
use super::{Engine, constant, engine, execution, loom, real, region, try_with, with};
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind};
use std::panic::Location;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};

/// The identity of a facade object. Every primitive holds one.
///
/// An object lives in the execution that created it, or outside of all. In any other execution its
/// engine's state would be stale, so a use there is refused with a message that says what to do.
///
/// An object that a constant is was created by the compiler. A static is afresh in each execution
/// that uses it (`constant.rs`). Any other one belongs to the first execution that uses it. Its
/// place tells who created it (`memory/copies.rs`), if there is another thread.
#[derive(Debug)]
pub(crate) struct Home {
    /// Relaxed, here and for the id: whoever adopts a constant is alone with it, or it is refused.
    execution: AtomicU64,
    id: AtomicU32,
    kind: ObjectKind,
    created: &'static Location<'static>,
    /// Part of one of the facade's own types (a barrier, a channel): its operations are not the
    /// user's.
    part: bool,
    /// Where it was used as a static, else 0. Relaxed: whoever does not see it asks again.
    fixed: AtomicUsize,
    /// Whether a static has been changed outside of models. Release and Acquire: whoever sees that
    /// it may change the static sees that its constant bytes are kept.
    changed: AtomicBool,
    /// The real thread of a model that used it last.
    user: AtomicU64,
}

impl Home {
    #[track_caller]
    pub(crate) const fn new(kind: ObjectKind) -> Home {
        Home::of(Birth { kind, created: Location::caller(), part: false, initial: None })
    }

    /// The identity of an object that is part of another facade type.
    #[track_caller]
    pub(crate) const fn part(kind: ObjectKind) -> Home {
        Home::of(Birth { kind, created: Location::caller(), part: true, initial: None })
    }

    /// The identity of an object with a value: an atomic, or what is like one.
    #[track_caller]
    pub(crate) const fn valued(kind: ObjectKind, initial: Initial) -> Home {
        let created = Location::caller();
        Home::of(Birth { kind, created, part: false, initial: Some(initial) })
    }

    const fn of(birth: Birth) -> Home {
        let Birth { kind, created, part, .. } = birth;
        let (execution, id) = birth::begin(birth);
        Home {
            execution: AtomicU64::new(execution),
            id: AtomicU32::new(id.0),
            kind,
            created,
            part,
            fixed: AtomicUsize::new(0),
            changed: AtomicBool::new(false),
            user: AtomicU64::new(0),
        }
    }

    /// The execution in which it was created, or that has adopted it.
    fn execution(&self) -> u64 {
        self.execution.load(Relaxed)
    }

    /// Whether the compiler made it, and no execution has adopted it.
    pub(crate) fn is_constant(&self) -> bool {
        self.execution() == CONSTANT
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether it is a static. One that was used, and then moved to another place, is no constant
    /// any more: it may have been changed.
    pub(crate) fn is_static(&self) -> bool {
        // on a processor that is not known, what runs looks like what is computed
        if !self.is_constant() || !birth::is_known_to_run() {
            return false;
        }
        match self.fixed.load(Relaxed) {
            0 => {
                let is_static = constant::is_static(std::ptr::from_ref(self).cast());
                if is_static {
                    self.fixed.store(self.address(), Relaxed);
                }
                is_static
            }
            fixed if fixed == self.address() => true,
            _ => {
                self.execution.store(0, Relaxed);
                false
            }
        }
    }

    /// A static is about to be changed outside of models: `keep` keeps what it was.
    pub(super) fn changes(&self, keep: impl FnOnce()) {
        if !self.changed.load(Acquire) {
            keep();
            self.changed.store(true, Release);
        }
    }

    /// Makes the running execution know a constant: it registers a static, and adopts any other.
    /// Outside of executions any other one becomes an object of the outside.
    ///
    /// What has a value is [known](Home::known) before: without the value that it begins with, a
    /// search would predict wrongly what an exchange does.
    #[track_caller]
    pub(super) fn is_used(&self) {
        if self.is_constant() {
            self.settle(None);
        }
    }

    #[cold]
    #[track_caller]
    fn settle(&self, initial: Option<Initial>) {
        let is_static = self.is_static();
        let here = execution();
        if !self.is_constant() {
            return; // it was moved
        }
        if here == 0 {
            match is_static {
                true => real::uses_static(),
                false => self.execution.store(0, Relaxed),
            }
            return;
        }
        if is_static && constant::object(self.address()).is_some() {
            return;
        }
        let is_lock = matches!(self.kind, ObjectKind::Mutex | ObjectKind::RwLock) || self.part;
        if engine() == Engine::Loom && !is_lock {
            // loom takes it for a race if another thread uses what this one creates
            not_modelled("loom", "an object that the compiler made, a static or a constant");
        }
        let Home { kind, created, part, .. } = *self;
        assert!(initial.is_some() || !kind.lends_nothing(), "its value was not given");
        if let Some((Stored::Pointer(_), _)) = initial {
            constant::owns(); // perhaps what it will point to
        }
        let object = Object { kind, name: None, created };
        let (address, engine) = (self.address(), engine());
        let (id, is_known) = with(|world| {
            let copied = match engine {
                Engine::Loom => None, // it would take it for a race, as above
                Engine::Shuttle | Engine::Std if is_static => None,
                Engine::Shuttle | Engine::Std => world.copied_at(address),
            };
            let id = match copied {
                _ if is_static => world.create_static(object, constant::number_of_static(address)),
                Some(copied) => world.create_copy(object, copied),
                None => world.create(object),
            };
            // otherwise who comes first would be its creator, and that hangs on the schedule
            let is_known = is_static || copied.is_some() || world.has_one_thread();
            world.object(id).part = part;
            if engine == Engine::Loom {
                loom::create(world, id, kind);
            }
            if let Some((value, create)) = initial {
                world.object(id).initial = Some(create(world, id, value));
            }
            (id, is_known)
        });
        if !is_known {
            refuse("a constant that was copied to where selvedge does not see it, and no static");
        }
        if is_static {
            return constant::knows(address, id);
        }
        // if another execution has just adopted it, this use is refused
        if self.execution.compare_exchange(CONSTANT, here, Relaxed, Relaxed).is_ok() {
            self.id.store(id.0, Relaxed);
        }
    }

    /// The same for an atomic, which knows its value. To be called before anything else.
    #[track_caller]
    pub(crate) fn known(&self, initial: impl FnOnce() -> Initial) {
        if self.is_constant() && constant::object(self.address()).is_none() {
            self.settle(Some(initial()));
        }
    }

    /// Whether it is such a part.
    pub(crate) fn is_part(&self) -> bool {
        self.part
    }

    pub(crate) fn kind(&self) -> ObjectKind {
        self.kind
    }

    pub(crate) fn id(&self) -> ObjectId {
        if self.is_constant() {
            let object = constant::object(self.address());
            assert!(object.is_some() || execution() == 0, "its engine was asked for before");
            return object.unwrap_or(ObjectId(0));
        }
        ObjectId(self.id.load(Relaxed))
    }

    /// The engine that performs this object's next operation.
    ///
    /// # Panics
    /// If the object belongs to another execution. A destructor that runs while its thread unwinds
    /// must not panic, and may be the second to meet the object. It gets std's own operation, where
    /// that cannot meet a modelled one.
    #[track_caller]
    pub(crate) fn engine(&self) -> Engine {
        self.is_used();
        if self.execution() == execution() || self.is_constant() {
            let engine = engine();
            if engine == Engine::Std {
                real::uses(&self.user);
            }
            return engine;
        }
        if !std::thread::panicking() {
            self.refuse();
        }
        let meets_nobody = match (self.execution(), self.kind) {
            (0, _) => true, // outside of all executions there are only std's operations
            (execution, kind) if kind.lends_nothing() => past::is_over(execution),
            (execution, _) => past::is_free(execution),
        };
        if !meets_nobody {
            self.refuse_to_unwind();
        }
        real::uses(&self.user);
        Engine::Std
    }

    /// Whether an engine performs this object's next operation. Otherwise std does.
    ///
    /// # Panics
    /// As [`Home::engine`].
    #[track_caller]
    pub(crate) fn is_modelled(&self) -> bool {
        self.engine() != Engine::Std
    }

    /// The engine for destructors, which must not panic. It is `Std`, where nothing is held, if the
    /// execution is over.
    pub(crate) fn engine_now(&self) -> Engine {
        if self.is_here() { engine() } else { Engine::Std }
    }

    /// Whether the running execution has used it, or created it.
    fn is_here(&self) -> bool {
        match self.execution() {
            0 => execution() == 0,
            CONSTANT => constant::object(self.address()).is_some(),
            its => its == execution(),
        }
    }

    /// Whether the object's execution is over: its destructor then has nothing to do.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(self.execution(), 0 | CONSTANT) && self.execution() != execution()
    }

    #[track_caller]
    #[cold]
    fn refuse(&self) -> ! {
        if self.execution() == 0 && engine() != Engine::Std && region::ledger().is_null() {
            // created there, too, perhaps: nobody can tell
            refuse("an object that is used on a stack of the model's own");
        }
        panic!("{}", self.refusal())
    }

    /// What happens when an unwinding thread's destructor uses an object that other threads may be
    /// in the middle of using. What the object holds must not be lent. On a green thread this ends
    /// the exploration, with a verdict. A real thread has no exploration to end: it panics, and std
    /// prints the message and aborts, unless the destructor catches the panic.
    #[track_caller]
    #[cold]
    fn refuse_to_unwind(&self) -> ! {
        if engine() == Engine::Std {
            self.refuse();
        }
        let (refusal, location) = (self.refusal(), Location::caller());
        freeze(|world| panic_while_unwinding(world, &refusal, location))
    }

    fn refusal(&self) -> String {
        let Home { kind, created, .. } = self;
        match (self.execution(), execution()) {
            (0, _) => format!(
                "selvedge: this {kind} was created outside of the model, at {created}, and is used \
                 inside of it. Create it in the model's closure, so that every execution starts \
                 afresh; what a static holds is created afresh if the static is one of ours"
            ),
            (_, 0) => format!(
                "selvedge: this {kind} was created inside of a model, at {created}, and is used \
                 outside of it. Return plain values from a model, not its primitives"
            ),
            _ => format!(
                "selvedge: this {kind} was created in another execution of the model, at \
                 {created}. Something outlives the execution: create it in the model's closure; a \
                 static becomes a selvedge::sync::LazyLock"
            ),
        }
    }

    /// Gives the object the name that counterexamples show.
    pub(crate) fn name(&self, name: &str) {
        self.is_used();
        if execution() != 0 && self.is_here() {
            let id = self.id();
            try_with(|world| world.log.trace.objects[id.index()].name = Some(name.to_string()));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.execution() != 0 && self.execution() == execution() {
            try_with(|world| world.drop_object(self.id()));
        }
    }
}
