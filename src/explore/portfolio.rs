//! A portfolio: several sampling strategies in turn, because no single one finds every bug.

use super::{pct::Pct, pos::Pos, random::Random, walk::Walk};
use crate::execution::{Pending, Point, Seen, Strategy, World};
use crate::trace::ThreadId;

pub(super) struct Portfolio {
    members: Vec<Box<dyn Strategy>>,
    turn: usize,
}

impl Portfolio {
    /// One execution each, in rotation: partial order sampling, the uniform random walk, a random
    /// scheduler, and PCT at depths 2, 3, 5 and 8.
    pub(super) fn new(seed: u64) -> Portfolio {
        let mut members: Vec<Box<dyn Strategy>> =
            vec![Box::new(Pos::new(seed)), Box::new(Walk::new(seed)), Box::new(Random::new(seed))];
        members
            .extend([2, 3, 5, 8].map(|depth| Box::new(Pct::new(seed, depth)) as Box<dyn Strategy>));
        // the first turn is the first member's
        let turn = members.len() - 1;
        Portfolio { members, turn }
    }
}

impl Strategy for Portfolio {
    fn begin(&mut self) -> bool {
        self.turn = (self.turn + 1) % self.members.len();
        self.members[self.turn].begin()
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        self.members[self.turn].pick(point)
    }

    fn choose(&mut self, options: usize) -> usize {
        self.members[self.turn].choose(options)
    }

    fn executed(&mut self, world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        self.members[self.turn].executed(world, thread, pending, seen);
    }

    fn ended(&mut self, world: &mut World) {
        self.members[self.turn].ended(world);
    }
}
