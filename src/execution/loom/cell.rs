//! Plain memory under loom: cells, and moments that order memory known by its address.

use super::{companion, step};
use crate::execution::World;
use crate::execution::{Pending, Seen, me, with};
use crate::vocabulary::trace::ObjectId;
use std::rc::Rc;

type LoomCell = ::loom::cell::UnsafeCell<()>;

/// Creates loom's side of a new cell.
pub(super) fn create(world: &mut World, cell: ObjectId) {
    companion::attach(world, cell, LoomCell::new(()));
}

/// Accesses a cell. loom ends the execution if nothing orders the access with an earlier one.
pub(in crate::execution) fn access(pending: Pending, cell: ObjectId, write: bool) {
    let loom = companion::of::<LoomCell>(cell);
    let check = || if write { loom.with_mut(|_| ()) } else { loom.with(|_| ()) };
    step(pending, check, || {}, |_, _, ()| Seen::default());
}

/// A moment of a thread: loom knows which threads come after it.
#[derive(Clone, Debug)]
pub(in crate::execution) struct Moment(Rc<LoomCell>);

impl Moment {
    fn now() -> Moment {
        // anything published from now on is later than the last published thing
        LoomCell::new(()).with(|_| ());
        Moment(Rc::new(LoomCell::new(())))
    }

    /// Ends the execution if the moment did not happen before.
    fn must_be_before(&self) {
        self.0.with(|_| ());
    }
}

/// Accesses memory by its address. `touch` registers the access. It returns the object under which
/// the access is shown, and the moments that must have happened before.
pub(in crate::execution) fn access_by_address(
    pending: Pending,
    touch: impl FnOnce(Moment) -> (ObjectId, Vec<Moment>),
) {
    let check = || {
        let (object, earlier) = touch(Moment::now());
        // if loom ends the execution here, this is its last event
        with(|world| {
            world.thread(me()).pending = Some(Pending { object: Some(object), ..pending })
        });
        earlier.iter().for_each(Moment::must_be_before);
        Some(object)
    };
    step(pending, check, || None, |_, _, object| Seen { object: *object, ..Seen::default() });
}
