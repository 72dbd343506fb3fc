//! The execution to which an object belongs: the one that created it.

use super::failure::{freeze, panic_while_unwinding, past};
use super::{Engine, engine, execution, real, try_with};
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind};
use std::panic::Location;
use std::sync::atomic::AtomicU64;

/// The identity of a facade object. Every primitive holds one.
///
/// An object lives in the execution that created it, or outside of all. In any other execution its
/// engine's state would be stale, so a use there is refused with a message that says what to do.
#[derive(Debug)]
pub(crate) struct Home {
    execution: u64,
    id: ObjectId,
    kind: ObjectKind,
    created: &'static Location<'static>,
    /// Part of one of the facade's own types (a barrier, a channel): its operations are not the
    /// user's.
    part: bool,
    /// The real thread of a model that used it last.
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

    /// The identity of an object that is part of another facade type.
    pub(crate) fn part(self) -> Home {
        let mut part = self;
        part.part = true;
        if part.execution != 0 {
            try_with(|world| world.object(part.id).part = true);
        }
        part
    }

    /// Marks an object that the first thread to arrive creates: its creator does not identify it.
    /// `key` does.
    pub(crate) fn first_come(&self, key: usize) {
        if self.execution != 0 {
            try_with(|world| world.comes_first(self.id, key));
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
        self.id
    }

    /// The engine that performs this object's next operation.
    ///
    /// # Panics
    /// If the object belongs to another execution. A destructor that runs while its thread unwinds
    /// must not panic, and may be the second to meet the object. It gets std's own operation, where
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
        if self.execution == execution() { engine() } else { Engine::Std }
    }

    /// Whether the object's execution is over: its destructor then has nothing to do.
    pub(crate) fn is_over(&self) -> bool {
        self.execution != 0 && self.execution != execution()
    }

    #[track_caller]
    #[cold]
    fn refuse(&self) -> ! {
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

    /// Gives the object the name that counterexamples show.
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
