//! Where an object belongs: the execution that created it.

use super::failure::{freeze, panic_while_unwinding, past};
use super::{Engine, engine, execution, real, try_with};
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind};
use std::panic::Location;
use std::sync::atomic::AtomicU64;

/// The identity of a facade object. Every primitive holds one.
///
/// An object lives in the execution that created it, or outside of all: its engine's state would be
/// stale in any other, so its use there is refused with words that say what to do.
#[derive(Debug)]
pub(crate) struct Home {
    execution: u64,
    id: ObjectId,
    kind: ObjectKind,
    created: &'static Location<'static>,
    /// Of one of the facade's own types (a barrier, a channel): its operations are not the user's.
    part: bool,
    /// Which real thread of a model used it last.
    user: AtomicU64,
}

impl Home {
    #[track_caller]
    pub(crate) fn new(kind: ObjectKind) -> Home {
        let created = Location::caller();
        let execution = execution();
        let id = if execution == 0 {
            ObjectId(0)
        } else {
            try_with(|world| world.create(Object { kind, name: None, created }))
                .unwrap_or(ObjectId(0))
        };
        Home { execution, id, kind, created, part: false, user: AtomicU64::new(0) }
    }

    /// The identity of an object of which another type of the facade is made.
    pub(crate) fn part(self) -> Home {
        let mut part = self;
        part.part = true;
        part
    }

    /// Says that whoever comes first makes this object, so that its maker is no identity.
    pub(crate) fn first_come(&self) {
        if self.execution != 0 {
            try_with(|world| world.object(self.id).first_come = true);
        }
    }

    /// Whether it is one.
    pub(crate) fn is_part(&self) -> bool {
        self.part
    }

    pub(crate) fn kind(&self) -> ObjectKind {
        self.kind
    }

    pub(crate) fn id(&self) -> ObjectId {
        self.id
    }

    /// The engine to ask for this object's next operation.
    ///
    /// # Panics
    /// If the object belongs to another execution. A destructor that runs while its thread unwinds
    /// must not panic, and may be the second to meet the object: it gets std's own operation, where
    /// that cannot meet a modelled one.
    #[track_caller]
    pub(crate) fn engine(&self) -> Engine {
        if self.execution == execution() {
            let engine = engine();
            if engine == Engine::Std {
                real::uses(&self.user);
            }
            return engine;
        }
        if !std::thread::panicking() {
            self.refuse();
        }
        let meets_nobody = match (self.execution, self.kind) {
            (0, _) => true, // outside of all executions, std's operations are all that there is
            (execution, ObjectKind::Atomic) => past::is_over(execution), // it lends nothing
            (execution, _) => past::is_free(execution),
        };
        if !meets_nobody {
            self.refuse_to_unwind();
        }
        real::uses(&self.user);
        Engine::Std
    }

    /// Whether an engine is to be asked for this object's next operation; else it is std's.
    ///
    /// # Panics
    /// As [`Home::engine`].
    #[track_caller]
    pub(crate) fn is_modelled(&self) -> bool {
        self.engine() != Engine::Std
    }

    /// The engine for destructors, which must not panic: `Std`, where nothing is held, if the
    /// execution is over.
    pub(crate) fn engine_now(&self) -> Engine {
        if self.execution == execution() { engine() } else { Engine::Std }
    }

    /// Whether the object's execution is over: its destructor has nothing to do any more.
    pub(crate) fn is_over(&self) -> bool {
        self.execution != 0 && self.execution != execution()
    }

    #[track_caller]
    #[cold]
    fn refuse(&self) -> ! {
        panic!("{}", self.refusal())
    }

    /// What an unwinding thread meets whose destructor uses an object that others may be in the
    /// middle of: whatever it holds, it must not be lent. On a green thread this is the end of the
    /// exploration, with a verdict. A real thread has none that it could end: it panics, of which
    /// std says these words and aborts, unless the destructor catches it.
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
        match (self.execution, execution()) {
            (0, _) => format!(
                "selvedge: this {kind} was created outside of the model, at {created}, and is used \
                 inside of it. Create it in the model's closure, so that every execution starts \
                 afresh; a static becomes a selvedge::sync::LazyLock"
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

    /// Gives the object the name under which counterexamples draw it.
    pub(crate) fn name(&self, name: &str) {
        if self.execution != 0 && self.execution == execution() {
            try_with(|world| {
                world.log.trace.objects[self.id.index()].name = Some(name.to_string())
            });
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.execution != 0 && self.execution == execution() {
            try_with(|world| world.drop_object(self.id));
        }
    }
}
