//! Memory announced by its address: which threads touched which bytes, and which accesses are
//! unordered.
//!
//! The accesses are kept by bytes, so that neighbours and overlaps are distinct. Bytes that were
//! first announced together are shown as one object. Addresses differ between executions, and which
//! thread touches them first depends on the schedule. So the search does not know these objects. It
//! does not need to: two accesses commute, except for whether they race, and the clocks show that
//! in either order. Freeing does not commute: it turns the bytes into other memory (`MEMORY`).
//!
//! Under loom its own causality decides. Each access leaves a new loom cell behind, and may proceed
//! only if the creation of the cells of all conflicting accesses happened before. (One cell per
//! address would not work: loom treats its creation, by the first thread to arrive, as a write.)

use crate::execution::step::perform;
use crate::execution::{Ending, Pending, Seen, World, engine, loom, me, with};
use crate::vocabulary::trace::{Object, ObjectId, ObjectKind, Operation, ThreadId};
use crate::vocabulary::verdict::Kind;
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::Location;

/// Tells later whether an access happened before.
#[derive(Clone, Debug)]
enum Stamp {
    /// Its thread's clock.
    Epoch(u32),
    Loom(loom::cell::Moment),
}

/// An earlier access.
#[derive(Clone, Debug)]
struct Past {
    thread: ThreadId,
    event: usize,
    location: &'static Location<'static>,
    stamp: Stamp,
}

/// Adjacent bytes with the same past.
#[derive(Clone, Debug)]
struct Segment {
    end: usize,
    object: ObjectId,
    write: Option<Past>,
    /// The last read of each thread since the last write.
    reads: SmallVec<[Past; 2]>,
}

/// The memory that an execution has announced: disjoint segments, keyed by their first bytes.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    segments: BTreeMap<usize, Segment>,
}

impl Bytes {
    /// Makes `at` a border between two segments if it lies inside one.
    fn cut(&mut self, at: usize) {
        let Some((_, inside)) =
            self.segments.range_mut(..at).next_back().filter(|(_, s)| s.end > at)
        else {
            return;
        };
        let right = inside.clone();
        inside.end = at;
        self.segments.insert(at, right);
    }

    /// Makes the range consist of whole segments. New bytes become part of `fresh`'s object.
    fn cover(&mut self, range: &Range<usize>, mut fresh: impl FnMut() -> ObjectId) {
        self.cut(range.start);
        self.cut(range.end);
        let known: Vec<Range<usize>> =
            self.segments.range(range.clone()).map(|(start, s)| *start..s.end).collect();
        let (mut from, mut object) = (range.start, None);
        for next in known.into_iter().chain(std::iter::once(range.end..range.end)) {
            if from < next.start {
                let object = *object.get_or_insert_with(&mut fresh);
                self.segments.insert(
                    from,
                    Segment { end: next.start, object, write: None, reads: SmallVec::new() },
                );
            }
            from = next.end;
        }
    }
}

/// Announces an access to these bytes. Ends the execution if the access is unordered with an
/// earlier one.
pub(crate) fn access(
    address: usize,
    size: usize,
    operation: Operation,
    location: &'static Location<'static>,
) {
    let range = address..address.saturating_add(size);
    if range.is_empty() {
        return;
    }
    let pending = Pending::of(operation, location);
    let meaning = |world: &mut World, me| {
        let stamp = Stamp::Epoch(world.memory.clocks.epoch(me));
        let (object, earlier) = touch(world, me, &range, &pending, stamp);
        world.accesses_cell_after(earlier.first().map(|past| past.event));
        let unordered = |past: &&Past| match past.stamp {
            Stamp::Epoch(epoch) => !world.memory.clocks.knows(me, past.thread, epoch),
            Stamp::Loom(_) => unreachable!("one engine an execution"),
        };
        if let Some(other) = earlier.iter().find(unordered) {
            let ending = race(world, me, object, other, &pending);
            world.end(ending);
        }
        ((), Seen { object: Some(object), ..Seen::default() })
    };
    let by_loom = |moment| {
        let (object, earlier) =
            with(|world| touch(world, me(), &range, &pending, Stamp::Loom(moment)));
        let moment = |past: Past| match past.stamp {
            Stamp::Loom(moment) => Some(moment),
            Stamp::Epoch(_) => None,
        };
        (object, earlier.into_iter().filter_map(moment).collect())
    };
    perform(
        engine(),
        pending,
        || (),
        meaning,
        |pending| loom::cell::access_by_address(pending, by_loom),
    );
}

/// Registers an access. Returns the object under which it is shown, and the accesses of other
/// threads that must have happened before.
fn touch(
    world: &mut World,
    me: ThreadId,
    range: &Range<usize>,
    pending: &Pending,
    stamp: Stamp,
) -> (ObjectId, Vec<Past>) {
    let mut bytes = world.memory.bytes.take().unwrap_or_default();
    bytes.cover(range, || {
        let object = Object { kind: ObjectKind::Memory, name: None, created: pending.location };
        world.create_unnumbered(object)
    });
    let past =
        Past { thread: me, event: world.log.trace.events.len(), location: pending.location, stamp };
    let (mut earlier, mut object) = (Vec::new(), None);
    for segment in bytes.segments.range_mut(range.clone()).map(|(_, segment)| segment) {
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
        bytes.segments.retain(|start, _| !range.contains(start));
    }
    world.memory.bytes = Some(bytes);
    (object.expect("the range is not empty"), earlier)
}

fn race(world: &World, me: ThreadId, object: ObjectId, other: &Past, pending: &Pending) -> Ending {
    let (name, mine, theirs) = (
        world.log.trace.object_name(object),
        world.log.trace.thread_name(me),
        world.log.trace.thread_name(other.thread),
    );
    let did =
        world.log.trace.events.get(other.event).map_or("access", |event| event.operation.name());
    let (mine_did, location) = (pending.operation.name(), pending.location);
    let message = format!(
        "{mine}'s {mine_did} of {name} at {location} and {theirs}'s {did} at {}: nothing orders \
         them",
        other.location
    );
    Ending::Violation {
        kind: Kind::DataRace,
        message,
        location: Some(location.to_string()),
        conflict: Some((other.event, world.log.trace.events.len())),
    }
}
