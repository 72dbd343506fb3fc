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
use super::strategy::{Graphs, is_between};
use crate::execution::{
    Access, Acted, Ending, Offers, Pending, Point, Race, Reasons, Seen, Stop, Strategy, World,
    another,
};
use crate::explore::replay::Replay;
use crate::vocabulary::schedule::Prefix;
use crate::vocabulary::trace::{ObjectId, ThreadId};

pub(in crate::explore) struct Repeat {
    /// Builds the graph in the maximal way. The token corrects it.
    graphs: Graphs,
    token: Replay,
    axiom: Axiom,
    /// How many stores are newer than the one that is being made.
    overtakes: usize,
    stop: Option<Stop>,
}

fn forbidden(what: &str) -> String {
    format!("its orderings do not let it {what} any more")
}

impl Repeat {
    pub(in crate::explore) fn new(choices: Prefix) -> Repeat {
        Repeat {
            graphs: Graphs::alone(),
            token: Replay::new(choices),
            axiom: Axiom::default(),
            overtakes: 0,
            stop: None,
        }
    }

    /// How many stores back, out of so many. `None` if the token does not say: it is over, or there
    /// is one store.
    fn back(&mut self, world: &World, object: ObjectId) -> Option<usize> {
        let count = world.stores_of(object);
        (count > 1 && !self.token.is_over()).then(|| self.token.choose(count))
    }

    /// The store that is this one in the execution, for the read that was added last.
    fn store(&self, id: Id, stored_as: usize) -> Result<Id, String> {
        let object = self.graphs.graph().at(id).object();
        let store = self.graphs.stored(object, stored_as);
        store.ok_or_else(|| "there is no such store".to_string())
    }

    /// How many options a read has if it reads this.
    fn options(&self, id: Id, store: Id) -> usize {
        let graph = self.graphs.graph();
        let event = graph.at(id);
        event.label.options(graph.value(event.object(), store))
    }

    /// Lets the read that was added last read this store, and take this option.
    fn turn(&mut self, id: Id, store: Id, option: usize) -> Result<(), String> {
        let graph = self.graphs.graph_mut();
        let object = graph.at(id).object();
        let lowest = graph.lowest(object, &graph.before(id));
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

    /// Lets an act read as old a state, and take the option, as the token says.
    fn acts_so(&mut self, id: Id, newest: Acted) -> Result<(), String> {
        let [(_, count), _] = newest.choices;
        let next = |token: &mut Replay, of: usize| {
            if of > 1 && !token.is_over() { token.choose(of) } else { 0 }
        };
        let back = next(&mut self.token, count);
        let store = self.store(id, count - 1 - back)?;
        let options = self.options(id, store);
        let option = next(&mut self.token, options);
        self.token.diverged().map_or(Ok(()), Err)?;
        let graph = self.graphs.graph();
        let event = graph.at(id);
        match event.label.accepts(graph.value(event.object(), store)) {
            true => self.turn(id, store, option),
            false => Err("it would wait".to_string()),
        }
    }

    /// Whether a wait ends for no reason is asked for when it does or does not.
    fn chooses(&mut self, id: Id) -> Result<(), String> {
        let event = self.graphs.graph_mut().at_mut(id);
        if event.label.is_choice() {
            event.option = self.token.peek().unwrap_or(0) as usize;
        }
        Ok(())
    }

    /// Places the store that was added last before this many newer ones.
    fn place(&mut self, id: Id, newer: usize) -> Result<(), String> {
        let graph = self.graphs.graph_mut();
        let object = graph.at(id).object();
        let lowest = graph.lowest(object, &graph.before(id));
        let place = (graph.top(object) - 1).saturating_sub(newer);
        let parts = graph.successor(object, place).is_some_and(|next| next != id);
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
        let is_plain = |live: &ThreadId| is_between(point.pending(*live));
        if self.token.ends_after(self.graphs.depth) && !point.enabled.iter().any(is_plain) {
            let leftmost =
                point.enabled.iter().copied().min_by_key(|live| self.graphs.names.thread(*live));
            self.stop = leftmost.map(|thread| Stop::Livelock(thread, self.graphs.depth));
            return point.enabled[0];
        }
        self.token.pick(point)
    }

    fn choose(&mut self, options: usize) -> usize {
        self.token.choose(options)
    }

    fn draw(&mut self, of: u32) -> u32 {
        self.token.draw(of)
    }

    fn reads(&mut self, world: &World, thread: ThreadId, access: &Access) -> Result<usize, Ending> {
        let newest = self.graphs.reads(world, thread, access)?;
        let back = self.back(world, access.object);
        let count = world.stores_of(access.object);
        let stored_as = back.map_or(newest, |back| count - 1 - back);
        let turned = match (self.token.diverged(), self.graphs.due()) {
            (Some(why), _) => Err(why),
            (None, None) => Ok(()),
            (None, Some(id)) => self.store(id, stored_as).and_then(|store| {
                let may_fail = self.options(id, store) > 1;
                // it is asked for when the access fails or does not
                let option = self.token.peek().filter(|_| may_fail).unwrap_or(0) as usize;
                self.turn(id, store, option)
            }),
        };
        turned.map_err(|why| another(world, why))?;
        Ok(stored_as)
    }

    fn acts(
        &mut self,
        world: &World,
        thread: ThreadId,
        pending: &Pending,
    ) -> Result<Acted, Ending> {
        let newest = self.graphs.acts(world, thread, pending)?;
        let Some(id) = self.graphs.due() else { return Ok(newest) };
        let turned = match self.graphs.graph().at(id).label.reads() {
            true => self.acts_so(id, newest),
            false => self.chooses(id),
        };
        turned.map_err(|why| another(world, why))?;
        Ok(self.graphs.acted(id))
    }

    fn stops(&mut self) -> Option<Stop> {
        self.stop.take()
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

    fn reasons(&self, race: Option<Race>) -> Reasons {
        self.graphs.reasons(race)
    }

    fn offers(&self) -> Offers {
        Offers::All
    }

    fn diverged(&self) -> Option<String> {
        self.token.diverged().or(self.graphs.diverged())
    }
}
