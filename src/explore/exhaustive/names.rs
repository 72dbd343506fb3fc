//! Names of objects, used to compare executions.

use crate::execution::{COMPILER, COPIES, World};
use crate::vocabulary::trace::{ObjectId, ThreadId};
use rustc_hash::FxHashMap;

/// Names of objects that do not depend on the order of their creation. A plan made in one execution
/// is compared with other executions. (The world numbers objects, and traces and tokens use its
/// numbers.)
#[derive(Debug, Default)]
pub(super) struct Names {
    /// For each thread, the names of the objects that it created.
    given: Vec<Vec<Option<ObjectId>>>,
    /// The names of the statics, by their numbers.
    statics: Vec<Option<ObjectId>>,
    /// The names of the copies of constants, by the thread that has made each.
    copies: FxHashMap<(ThreadId, u32), ObjectId>,
    count: u32,
}

impl Names {
    pub(super) fn of(&mut self, world: &World, object: ObjectId) -> ObjectId {
        let (thread, nth) = world.objects[object.index()].born;
        if thread != COMPILER && nth >= COPIES {
            return *self.copies.entry((thread, nth)).or_insert_with(|| {
                self.count += 1;
                ObjectId(self.count - 1)
            });
        }
        if thread != COMPILER && self.given.len() <= thread.index() {
            self.given.resize_with(thread.index() + 1, Vec::new);
        }
        let (given, nth) = match thread == COMPILER {
            true => (&mut self.statics, nth as usize),
            false => (&mut self.given[thread.index()], nth as usize),
        };
        if given.len() <= nth {
            given.resize(nth + 1, None);
        }
        *given[nth].get_or_insert_with(|| {
            self.count += 1;
            ObjectId(self.count - 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::{Counted, Engine, Pulse, Rules, set_me};
    use crate::vocabulary::terms::Terms;
    use crate::vocabulary::trace::{Object, ObjectKind, ThreadId};
    use std::panic::Location;
    use std::sync::Arc;

    /// Threads create one object each, in this order. Returns the names of the objects, in the
    /// order of the threads.
    fn names(names: &mut Names, makers: [u32; 3]) -> [ObjectId; 3] {
        let mut world = World::new(Rules {
            engine: Engine::Shuttle,
            pulse: Arc::new(Pulse::default()),
            max_events: 100,
            terms: Terms::default(),
            most_events: None,
            replays: None,
            judged: false,
            weak: false,
            counted: Counted::Places(Vec::new()),
        });
        (0..2).for_each(|_| _ = world.add_thread(None));
        let mut made = [ObjectId(0); 3];
        for maker in makers {
            set_me(ThreadId(maker));
            let object =
                Object { kind: ObjectKind::Atomic, name: None, created: Location::caller() };
            made[maker as usize] = world.create(object);
        }
        set_me(ThreadId::MAIN);
        made.map(|object| names.of(&world, object))
    }

    #[test]
    fn the_names_of_objects_do_not_hang_on_the_order_in_which_they_were_made() {
        let mut made = Names::default();
        let first = names(&mut made, [0, 1, 2]);
        assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
        assert_eq!(names(&mut made, [2, 0, 1]), first);
    }
}
