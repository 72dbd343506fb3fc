//! loom's side of the objects, kept in the execution so that a failed one can leak them.

use crate::execution::{World, with};
use crate::vocabulary::trace::ObjectId;
use std::any::Any;
use std::rc::Rc;

/// One of the types below, or a loom atomic.
pub(super) type Companion = Rc<dyn Any>;

pub(super) fn attach(world: &mut World, object: ObjectId, companion: impl Any) {
    world.loom.companions[object.index()] = Some(Rc::new(companion));
}

pub(super) fn of<T: Any>(object: ObjectId) -> Rc<T> {
    let companion = with(|world| world.loom.companions[object.index()].clone())
        .expect("attached when it was created");
    companion.downcast().expect("one kind of companion for one kind of object")
}

pub(super) fn is_attached(object: ObjectId) -> bool {
    with(|world| world.loom.companions[object.index()].is_some())
}

pub(super) fn detach<T: Any>(object: ObjectId) -> Option<Rc<T>> {
    let companion = with(|world| world.loom.companions[object.index()].take())?;
    companion.downcast().ok()
}
