//! A failed execution, run again in the order in which it is drawn.

use super::event::Id;
use super::linear::Sketch;
use super::search::Search;
use super::strategy::{Graphs, is_between};
use crate::execution::{
    Access, Acted, Ending, Offers, Pending, Point, Race, Reasons, Seen, Stop, Strategy, World,
};
use crate::vocabulary::VectorClock;
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId};
use crate::vocabulary::verdict::Kind;

/// Repeats a graph that has its new order already. A thread's plain accesses come when the thread
/// runs anyway, not as soon as they can: that saves preemptions.
pub(super) struct Drawing {
    graphs: Graphs,
    /// Whether the failure is a race: the last plain accesses of its threads matter.
    races: bool,
}

impl Drawing {
    /// The failed execution of a graph, without what happened besides, in the order of its drawing.
    pub(super) fn of(graphs: &Graphs, world: &World) -> Drawing {
        let (graph, ends) = (graphs.graph(), needed(graphs, world));
        let mut names = graphs.names.clone();
        let mut pending = vec![None; graph.threads.len()];
        for (thread, state) in (0..).map(ThreadId).zip(&world.log.trace.threads) {
            let Some((operation, object)) = state.pending else { continue };
            let operation = match operation {
                Operation::Join(child) => Operation::Join(ThreadId(names.thread(child))),
                operation => operation,
            };
            let object = object.map(|object| names.object(&world.objects, object));
            let known = pending.get_mut(names.thread(thread) as usize);
            known.into_iter().for_each(|slot| *slot = Some((operation, object)));
        }
        let order = Sketch { graph, ends: ends.clone(), pending }.order();
        let mut graph = graph.clone();
        graph.restrict(|id, _| id.nth <= ends[id.thread as usize]);
        graph.order = order;
        let races = matches!(world.ending, Some(Ending::Violation { kind: Kind::DataRace, .. }));
        Drawing { graphs: Graphs::of(Search::of(graph, graphs.search.loops.clone()), names), races }
    }

    /// Whether the thread's plain accesses are drawn where it runs on.
    fn goes_on(&self, thread: ThreadId) -> bool {
        self.races || self.graphs.is_left(thread)
    }
}

/// How many events of each thread the failure needs: a panic needs the past of the thread that
/// panicked, and a race that of both accesses.
fn needed(graphs: &Graphs, world: &World) -> Vec<u32> {
    let graph = graphs.graph();
    let all = |thread: u32| graphs.done.get(thread as usize).copied().unwrap_or(0);
    let threads = 0..graph.threads.len() as u32;
    let events = &world.log.trace.events;
    let goes_on = world.threads.iter().any(|thread| !thread.finished);
    let places = match &world.ending {
        Some(Ending::Violation { kind: Kind::DataRace, conflict: Some((one, other)), .. }) => {
            [*one, *other]
        }
        Some(Ending::Violation { kind: Kind::Panic, .. }) if goes_on => {
            [events.len().saturating_sub(1); 2]
        }
        _ => return threads.map(all).collect(),
    };
    let mut past = VectorClock::default();
    for place in places {
        let thread = events.get(place).map_or(0, |event| graphs.names.thread(event.thread));
        let is_its = |(id, at): &&(Id, usize)| id.thread == thread && *at <= place;
        let last = graphs.placed.iter().rev().find(is_its).map(|(id, _)| *id);
        let last = last.or_else(|| graph.previous(Id { thread, nth: 1 }));
        last.iter().for_each(|last| past.join(&graph.at(*last).knowledge.past));
    }
    threads.map(|thread| past.get(ThreadId(thread)).min(all(thread))).collect()
}

impl Strategy for Drawing {
    fn begin(&mut self) -> bool {
        false
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let is_plain = |thread: &ThreadId| is_between(point.pending(*thread));
        let due = point.enabled.iter().find(|thread| self.graphs.is_due(**thread)).copied();
        let current = point.current.filter(|thread| due.is_none() || self.goes_on(*thread));
        let own = current.filter(is_plain).or(due.filter(is_plain));
        let any = || point.enabled.iter().copied().filter(|_| due.is_none()).find(is_plain);
        own.or_else(any).unwrap_or_else(|| self.graphs.follow(point))
    }

    fn choose(&mut self, options: usize) -> usize {
        self.graphs.choose(options)
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Acted, Ending> {
        self.graphs.acts(world, thread, pending)
    }

    fn stops(&mut self) -> Option<Stop> {
        self.graphs.stops()
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, Ending> {
        self.graphs.reads(world, thread, access)
    }

    fn overtakes(&mut self, world: &World, thread: ThreadId, object: ObjectId) -> usize {
        self.graphs.overtakes(world, thread, object)
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        self.graphs.newest(world, object)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.graphs.executed(world, thread, pending, seen);
    }

    fn offers(&self) -> Offers {
        self.graphs.offers()
    }

    fn diverged(&self) -> Option<String> {
        self.graphs.diverged()
    }

    fn reasons(&self, race: Option<Race>) -> Reasons {
        self.graphs.reasons(race)
    }
}
