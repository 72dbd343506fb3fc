//! Random executions of weak memory.
//!
//! The schedules are those of a portfolio of samplers. The graph grows along the schedule. Each
//! event is added in the maximal way, which is always consistent. Where `staleness.rs` says so, a
//! read is then turned to an older store, or a store is placed before newer ones, if the memory
//! model allows that. Every consistent graph can be reached, along any schedule that extends it.
//!
//! A loop that waits must come to its end. So after a few reads of a store a thread reads a newer
//! one. (C11Tester does so, too: Luo, Demsky, ASPLOS 2021.)

use super::event::{Does, Id, Label};
use super::search::is_atomic;
use super::staleness::Staleness;
use super::strategy::Graphs;
use crate::execution::{
    Access, Acted, Ending, FREE, Pending, Point, Race, Reasons, Seen, Strategy, World, Writes,
};
use crate::explore::portfolio::Portfolio;
use crate::vocabulary::trace::{ObjectId, Operation, ThreadId};
use crate::vocabulary::verdict::Kind;
use smallvec::SmallVec;

/// How often a thread reads one store of which it could know that it is not the newest.
const AGAIN: usize = 4;

/// Places of stores in the order of their object.
type Places = SmallVec<[usize; 8]>;

pub(in crate::explore) struct Sampler {
    /// Builds the graph in the maximal way.
    graphs: Graphs,
    schedules: Portfolio,
    staleness: Staleness,
    /// What the chosen thread has announced, until that has taken effect.
    turn: Option<(ThreadId, Pending)>,
    /// The option of the access that was last asked for.
    option: usize,
}

impl Sampler {
    pub(in crate::explore) fn new(seed: u64) -> Sampler {
        Sampler {
            graphs: Graphs::alone(),
            schedules: Portfolio::new(seed),
            staleness: Staleness::new(seed),
            turn: None,
            option: 0,
        }
    }

    /// The stores older than the newest that a read may read, as far as coherence and atomicity
    /// say.
    fn older(&self, id: Id) -> Places {
        let graph = self.graphs.graph();
        let event = graph.at(id);
        let (object, label) = (event.object(), &event.label);
        let own = |reader: &&Id| reader.thread == id.thread;
        let is_open = |place: &usize| {
            let store = graph.store_at(object, *place);
            let value = graph.value(object, store);
            // one that may fail for no reason may read what another one has taken
            let writes = label.after(value, 0).is_some() && label.options(value) == 1;
            label.accepts(value)
                && !(writes && graph.successor(object, *place).is_some())
                && graph.readers(object, store).iter().filter(own).nth(AGAIN - 1).is_none()
        };
        let newest = graph.place_of(object, event.from());
        (graph.lowest(object, &graph.before(id))..newest).filter(is_open).collect()
    }

    /// Lets the event that was added last read what it happens to, and take an option.
    fn draws(&mut self, id: Id) {
        let label = self.graphs.graph().at(id).label;
        if label.is_choice() {
            let of = label.options(FREE);
            self.graphs.graph_mut().at_mut(id).option = self.staleness.option(of);
        } else if label.reads() && !label.shares() {
            self.draws_store(id);
        }
        self.option = self.graphs.graph().at(id).option;
    }

    fn draws_store(&mut self, id: Id) {
        let older = self.older(id);
        let back = self.staleness.reads(older.len());
        let graph = self.graphs.graph();
        let (object, newest) = (graph.at(id).object(), graph.at(id).from());
        let stale = (back > 0).then(|| graph.store_at(object, older[older.len() - back]));
        for store in stale.into_iter().chain([newest]) {
            let graph = self.graphs.graph_mut();
            let options = graph.at(id).label.options(graph.value(object, store));
            let option = self.staleness.option(options);
            if (graph.at(id).from(), graph.at(id).option) != (store, option) {
                graph.read(id, store, option);
            }
            // the newest store can always be read
            if store == newest || is_atomic(graph, id) && self.graphs.search.is_consistent(id) {
                return;
            }
        }
    }

    /// Adds the thread's store before it takes effect. Returns before how many newer ones.
    fn places(&mut self, thread: u32, (operation, object): (Operation, u32)) -> usize {
        // what it stores is told when it takes effect
        let does = Does::Writes(Writes::Always(FREE));
        let label = Label { operation, object: Some(object), does, awaits: false };
        let graph = self.graphs.graph_mut();
        let top = graph.top(object);
        let id = graph.add(thread, label);
        // nothing parts a read-modify-write from what it reads
        let is_open = |place: &usize| graph.successor(object, *place).is_none();
        let places: Places =
            (graph.lowest(object, &graph.before(id))..top).filter(is_open).collect();
        let back = self.staleness.stores(places.len());
        if back == 0 {
            return 0;
        }
        let place = places[places.len() - back];
        graph.place(id, place);
        if self.graphs.search.is_consistent(id) {
            return top - place;
        }
        self.graphs.graph_mut().place(id, top);
        0
    }
}

impl Strategy for Sampler {
    fn begin(&mut self) -> bool {
        self.graphs = Graphs::alone();
        self.turn = None;
        self.staleness.begin();
        self.schedules.begin()
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let thread = self.schedules.pick(point);
        self.turn = Some((thread, *point.pending(thread)));
        thread
    }

    fn choose(&mut self, _options: usize) -> usize {
        self.option
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, Ending> {
        let newest = self.graphs.reads(world, thread, access)?;
        let Some(id) = self.graphs.due() else { return Ok(newest) };
        self.draws(id);
        Ok(self.graphs.stored_as(self.graphs.graph().at(id).from()))
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Acted, Ending> {
        let newest = self.graphs.acts(world, thread, pending)?;
        let Some(id) = self.graphs.due() else { return Ok(newest) };
        self.draws(id);
        Ok(self.graphs.acted(id))
    }

    fn overtakes(&mut self, world: &World, thread: ThreadId, object: ObjectId) -> usize {
        // a thread that unwinds is not chosen for each operation: what it stores is the newest
        let turn = self
            .turn
            .filter(|(chosen, pending)| *chosen == thread && pending.object == Some(object));
        let Some((_, Pending { operation: operation @ Operation::Store(_), .. })) = turn else {
            return 0;
        };
        let object = self.graphs.names.object(&world.objects, object);
        self.places(self.graphs.names.thread(thread), (operation, object))
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        self.graphs.newest(world, object)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.turn = None;
        self.schedules.executed(world, thread, pending, seen);
        self.graphs.executed(world, thread, pending, seen);
    }

    fn ended(&mut self, world: &mut World) {
        self.schedules.ended(world);
    }

    fn drawing(&self, world: &World) -> Option<Box<dyn Strategy>> {
        match world.ending {
            // it is too long for another order to show more
            Some(Ending::Violation { kind: Kind::Livelock, .. }) => None,
            _ => self.graphs.drawing(world),
        }
    }

    fn reasons(&self, race: Option<Race>) -> Reasons {
        self.graphs.reasons(race)
    }

    fn diverged(&self) -> Option<String> {
        self.graphs.diverged()
    }
}
