//! Memory that is announced by its address: who touched which bytes, and which accesses nothing orders.
//!
//! The accesses are kept by bytes, so that neighbours and overlaps are told apart; what is drawn as one object is what
//! was announced together at first. Addresses differ between executions, and who touches them first hangs on the
//! schedule: so the search knows nothing of these objects. It need not, since two accesses commute, but for whether they
//! race, which the clocks say in either order. What does not commute is to free: it makes other memory of the bytes
//! (`clock::MEMORY`).
//!
//! Under loom its own causality decides: each access leaves a cell of loom's behind, made at that moment, and may only
//! go on if the making of those that it conflicts with happened before. (A cell for each address would not do: loom
//! takes its making, by whoever comes first, for a write.)

use super::step::{loom_step, shuttle_step};
use super::{Ending, Engine, Pending, Seen, Waits, World, engine, me, with};
use crate::trace::{Object, ObjectId, ObjectKind, Operation, ThreadId};
use crate::verdict::Kind;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::Location;
use std::rc::Rc;

/// What tells later whether an access happened before.
#[derive(Clone, Debug)]
enum Moment {
    /// Its thread's clock.
    Epoch(u32),
    Loom(Rc<loom::cell::UnsafeCell<()>>),
}

/// An access that was.
#[derive(Clone, Debug)]
struct Past {
    thread: ThreadId,
    event: usize,
    location: &'static Location<'static>,
    moment: Moment,
}

/// Neighbouring bytes with one past.
#[derive(Clone, Debug)]
struct Segment {
    end: usize,
    object: ObjectId,
    write: Option<Past>,
    /// Since the last write, the last one of each thread.
    reads: SmallVec<[Past; 2]>,
}

/// The memory that an execution has announced: segments by their first bytes, none of which overlap.
#[derive(Debug, Default)]
pub(super) struct Memory {
    segments: BTreeMap<usize, Segment>,
}

impl Memory {
    /// Makes `at` the border between two segments, if it lies inside of one.
    fn cut(&mut self, at: usize) {
        let Some((_, inside)) = self.segments.range_mut(..at).next_back().filter(|(_, s)| s.end > at) else { return };
        let right = inside.clone();
        inside.end = at;
        self.segments.insert(at, right);
    }

    /// Makes the range consist of whole segments; what was not there becomes a part of `fresh`'s object.
    fn cover(&mut self, range: &Range<usize>, mut fresh: impl FnMut() -> ObjectId) {
        self.cut(range.start);
        self.cut(range.end);
        let known: Vec<Range<usize>> = self.segments.range(range.clone()).map(|(start, s)| *start..s.end).collect();
        let (mut from, mut object) = (range.start, None);
        for next in known.into_iter().chain(std::iter::once(range.end..range.end)) {
            if from < next.start {
                let object = *object.get_or_insert_with(&mut fresh);
                self.segments.insert(from, Segment { end: next.start, object, write: None, reads: SmallVec::new() });
            }
            from = next.end;
        }
    }
}

/// Announces an access to these bytes, and ends the execution if nothing orders it with an earlier one.
pub(crate) fn access(address: usize, size: usize, operation: Operation, location: &'static Location<'static>) {
    let range = address..address.saturating_add(size);
    if range.is_empty() {
        return;
    }
    let pending = Pending { operation, object: None, location, waits: Waits::Never, expected: None, spurious: false };
    match engine() {
        Engine::Std => {}
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            let moment = Moment::Epoch(world.clocks.epoch(me));
            let (object, earlier) = touch(world, me, &range, &pending, moment);
            let unordered = |past: &&Past| match past.moment {
                Moment::Epoch(epoch) => !world.clocks.knows(me, past.thread, epoch),
                Moment::Loom(_) => unreachable!("one engine an execution"),
            };
            if let Some(other) = earlier.iter().find(unordered) {
                let ending = race(world, me, object, other, &pending);
                world.end(ending);
            }
            ((), Seen { object: Some(object), ..Seen::default() })
        }),
        Engine::Loom => {
            let check = || {
                // what is published from now on is later than the last thing that was published
                loom::cell::UnsafeCell::new(()).with(|_| ());
                let moment = Moment::Loom(Rc::new(loom::cell::UnsafeCell::new(())));
                let (object, earlier) = with(|world| {
                    let me = me();
                    let (object, earlier) = touch(world, me, &range, &pending, moment);
                    // if loom ends the execution here, this is the event with which it does
                    world.thread(me).pending = Some(Pending { object: Some(object), ..pending });
                    (object, earlier)
                });
                for past in earlier {
                    if let Moment::Loom(cell) = past.moment {
                        cell.with(|_| ());
                    }
                }
                Some(object)
            };
            loom_step(pending, check, || None, |_, _, object| Seen { object: *object, ..Seen::default() });
        }
    }
}

/// Takes in an access: the object as which it is drawn, and the accesses of others that must have happened before.
fn touch(
    world: &mut World,
    me: ThreadId,
    range: &Range<usize>,
    pending: &Pending,
    moment: Moment,
) -> (ObjectId, Vec<Past>) {
    let mut memory = world.memory.take().unwrap_or_default();
    memory.cover(range, || {
        let object = Object { kind: ObjectKind::Memory, name: None, created: pending.location };
        world.create_unnumbered(object)
    });
    let past = Past { thread: me, event: world.trace.events.len(), location: pending.location, moment };
    let (mut earlier, mut object) = (Vec::new(), None);
    for segment in memory.segments.range_mut(range.clone()).map(|(_, segment)| segment) {
        object.get_or_insert(segment.object);
        earlier.extend(segment.write.iter().filter(|past| past.thread != me).cloned());
        if pending.operation == Operation::Read {
            segment.reads.retain(|read| read.thread != me);
            segment.reads.push(past.clone());
        } else {
            earlier.extend(segment.reads.drain(..).filter(|past| past.thread != me));
            segment.write = Some(past.clone());
        }
    }
    if pending.operation == Operation::Free {
        memory.segments.retain(|start, _| !range.contains(start));
    }
    world.memory = Some(memory);
    (object.expect("the range is not empty"), earlier)
}

fn race(world: &World, me: ThreadId, object: ObjectId, other: &Past, pending: &Pending) -> Ending {
    let (name, mine, theirs) =
        (world.trace.object_name(object), world.trace.thread_name(me), world.trace.thread_name(other.thread));
    let did = world.trace.events.get(other.event).map_or("access", |event| event.operation.name());
    let (mine_did, location) = (pending.operation.name(), pending.location);
    let message = format!(
        "{mine}'s {mine_did} of {name} at {location} and {theirs}'s {did} at {}: nothing orders them",
        other.location
    );
    Ending::Violation {
        kind: Kind::DataRace,
        message,
        location: Some(location.to_string()),
        conflict: Some((other.event, world.trace.events.len())),
    }
}
