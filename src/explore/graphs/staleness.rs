//! How far a sampled execution departs from strong memory.
//!
//! Gao, Chakraborty, Kulahcioglu Ozkan, "Probabilistic Concurrency Testing for Weak Memory
//! Programs", ASPLOS 2023: most bugs of weak memory need few accesses that go against the order of
//! the execution, so few are drawn, as PCT draws its points. Deviations: how many accesses there
//! are to draw from is not given, but is the largest number seen so far; a store may go against the
//! order, too; and executions of another kind come in between, for bugs that need many stale reads.

/// What an execution departs by.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The accesses at the points go back, and all others do the newest.
    Few,
    /// Each access goes back as far as it happens to.
    Any,
    /// The reads at the points read the newest, and all others the oldest: each thread hears little
    /// of the others.
    Oldest,
}

#[derive(Debug)]
pub(super) struct Staleness {
    random: fastrand::Rng,
    kind: Kind,
    points: Vec<usize>,
    /// How many accesses had a choice, in this execution and at most.
    accesses: usize,
    most: usize,
}

/// The most points of an execution.
const POINTS: usize = 3;

impl Staleness {
    pub(super) fn new(seed: u64) -> Staleness {
        let random = fastrand::Rng::with_seed(seed);
        Staleness { random, kind: Kind::Few, points: Vec::new(), accesses: 0, most: 0 }
    }

    /// Another execution begins.
    pub(super) fn begin(&mut self) {
        self.accesses = 0;
        self.kind = match self.random.u8(..4) {
            0 | 1 => Kind::Few,
            2 => Kind::Any,
            _ => Kind::Oldest,
        };
        self.points.clear();
        let wanted = self.random.usize(1..=POINTS).min(self.most);
        while self.points.len() < wanted {
            let point = self.random.usize(..self.most);
            if !self.points.contains(&point) {
                self.points.push(point);
            }
        }
    }

    /// Whether the next access that has a choice is at a point.
    fn is_at_point(&mut self) -> bool {
        self.accesses += 1;
        self.most = self.most.max(self.accesses);
        self.points.contains(&(self.accesses - 1))
    }

    /// How far back a read goes, out of so many stores that are older than the newest.
    pub(super) fn reads(&mut self, older: usize) -> usize {
        if older == 0 {
            return 0;
        }
        match (self.kind, self.is_at_point()) {
            (Kind::Few, true) => self.random.usize(1..=older),
            (Kind::Few, false) | (Kind::Oldest, true) => 0,
            (Kind::Any, _) => self.random.usize(..=older),
            (Kind::Oldest, false) => older,
        }
    }

    /// Behind how many of the places that a store may take before newer ones it goes, from the
    /// newest on.
    pub(super) fn stores(&mut self, places: usize) -> usize {
        if places == 0 {
            return 0;
        }
        match (self.kind, self.is_at_point()) {
            (Kind::Few, true) => self.random.usize(1..=places),
            (Kind::Any, _) => self.random.usize(..=places),
            (Kind::Few | Kind::Oldest, _) => 0,
        }
    }

    /// One of an access's options.
    pub(super) fn option(&mut self, options: usize) -> usize {
        self.random.usize(..options.max(1))
    }
}
