//! One execution of weak memory, as given by a counterexample's token.
//!
//! The token's numbers are the choices of threads, as for every explorer. Where an object has more
//! than one store, they also say how many stores back from the last one an access reads, and how
//! many of them a store stands before. The graph that they describe is built along the way, and
//! each event is held against the memory model: a program whose orderings have changed since may
//! not have the execution any more.

use super::consistency::Axiom;
use super::event::Id;
use super::search::is_atomic;
use super::strategy::Graphs;
use crate::execution::{Access, Offers, Pending, Point, Seen, Strategy, World};
use crate::explore::replay::Replay;
use crate::vocabulary::schedule::Prefix;
use crate::vocabulary::trace::{ObjectId, StaleRead, ThreadId};

pub(in crate::explore) struct Repeat {
    /// Builds the graph in the maximal way. The token corrects it.
    graphs: Graphs,
    token: Replay,
    axiom: Axiom,
    /// How many stores are newer than the one that is being made.
    overtakes: usize,
}

fn forbidden(what: &str) -> String {
    format!("its orderings do not let it {what} any more")
}

impl Repeat {
    pub(in crate::explore) fn new(choices: Prefix) -> Repeat {
        Repeat {
            graphs: Graphs::default(),
            token: Replay::new(choices),
            axiom: Axiom::default(),
            overtakes: 0,
        }
    }

    /// How many stores back, out of so many. `None` if the token does not say: it is over, or there
    /// is one store.
    fn back(&mut self, world: &World, object: ObjectId) -> Option<usize> {
        let count = world.memory.weak.as_ref().map_or(0, |weak| weak.count(object));
        (count > 1 && !self.token.is_over()).then(|| self.token.choose(count))
    }

    /// Lets the read that was added last read this store of the execution.
    fn turn(&mut self, id: Id, stored_as: usize) -> Result<(), String> {
        let object = self.graphs.graph().at(id).object();
        let Some(store) = self.graphs.stored(object, stored_as) else {
            return Err("there is no such store".to_string());
        };
        let graph = self.graphs.graph_mut();
        let lowest = graph.lowest(object, &graph.before(id));
        let value = graph.value(object, store);
        let may_fail = graph.at(id).label.writes.options(value) > 1;
        let option = self.token.peek().filter(|_| may_fail).unwrap_or(0) as usize;
        let was = graph.at(id);
        if (was.from(), was.option) == (store, option) {
            return Ok(()); // the newest store can always be read
        }
        graph.read(id, store, option);
        let is_coherent = lowest <= graph.place_of(object, store) && is_atomic(graph, id);
        match is_coherent && self.axiom.holds(graph, id) {
            true => Ok(()),
            false => Err(forbidden("read so old a store")),
        }
    }

    /// Places the store that was added last before this many newer ones.
    fn place(&mut self, id: Id, newer: usize) -> Result<(), String> {
        let graph = self.graphs.graph_mut();
        let object = graph.at(id).object();
        let lowest = graph.lowest(object, &graph.before(id));
        let place = (graph.top(object) - 1).saturating_sub(newer);
        let parts = graph.successor(object, graph.store_at(object, place)).is_some_and(|s| s != id);
        graph.place(id, place);
        match lowest <= place && !parts && self.axiom.holds(graph, id) {
            true => Ok(()),
            false => Err(forbidden("store behind what is newer")),
        }
    }
}

impl Strategy for Repeat {
    fn begin(&mut self) -> bool {
        self.token.begin() && self.graphs.begin()
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        self.token.pick(point)
    }

    fn choose(&mut self, options: usize) -> usize {
        self.token.choose(options)
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, String> {
        let newest = self.graphs.reads(world, thread, access)?;
        let back = self.back(world, access.object);
        if let Some(why) = self.token.diverged() {
            return Err(why);
        }
        let count = world.memory.weak.as_ref().map_or(0, |weak| weak.count(access.object));
        let stored_as = back.map_or(newest, |back| count - 1 - back);
        let added = self.graphs.due();
        added.map_or(Ok(()), |id| self.turn(id, stored_as))?;
        Ok(stored_as)
    }

    fn overtakes(&mut self, world: &World, _thread: ThreadId, object: ObjectId) -> usize {
        self.overtakes = self.back(world, object).unwrap_or(0);
        self.overtakes
    }

    fn newest(&mut self, world: &World, object: ObjectId) -> usize {
        self.graphs.newest(world, object)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.graphs.executed(world, thread, pending, seen);
        let newer = std::mem::take(&mut self.overtakes);
        let last = self.graphs.last().filter(|_| newer > 0);
        let wrong = last.and_then(|id| self.place(id, newer).err());
        self.graphs.diverges_by(wrong);
    }

    fn stale_reads(&self) -> Vec<StaleRead> {
        self.graphs.stale_reads()
    }

    fn offers(&self) -> Offers {
        Offers::All
    }

    fn diverged(&self) -> Option<String> {
        self.token.diverged().or(self.graphs.diverged())
    }
}
