//! Probabilistic concurrency testing: random priorities, lowered at a few random points.
//!
//! Burckhardt, Kothari, Musuvathi, Nagarakatte, "A Randomized Scheduler with Probabilistic
//! Guarantees of Finding Bugs", ASPLOS 2010. The highest priority runs first. At each of `depth -
//! 1` points the thread that ran falls below all others. Deviations: the number of points to draw
//! from is not given, but is the largest seen so far; and points with only one enabled thread do
//! not count.

use crate::execution::{Point, Strategy};
use crate::trace::ThreadId;

/// Random priorities are above this, those of fallen threads below.
const FALLEN: u64 = 1 << 63;

pub(super) struct Pct {
    random: fastrand::Rng,
    depth: usize,
    /// The priority of each thread.
    priorities: Vec<u64>,
    /// The priority of the thread that fell last.
    lowest: u64,
    /// The points at which a thread falls.
    falls: Vec<usize>,
    /// How many points there were, in this execution and at most.
    points: usize,
    most_points: usize,
    last: Option<ThreadId>,
}

impl Pct {
    pub(super) fn new(seed: u64, depth: usize) -> Pct {
        Pct {
            random: fastrand::Rng::with_seed(seed),
            depth,
            priorities: Vec::new(),
            lowest: FALLEN,
            falls: Vec::new(),
            points: 0,
            most_points: 0,
            last: None,
        }
    }
}

impl Strategy for Pct {
    fn begin(&mut self) -> bool {
        self.priorities.clear();
        self.lowest = FALLEN;
        self.points = 0;
        self.last = None;
        self.falls.clear();
        // not the first point: a fall there is like a low initial priority
        let wanted = self.depth.saturating_sub(1).min(self.most_points.saturating_sub(1));
        while self.falls.len() < wanted {
            let point = self.random.usize(1..self.most_points);
            if !self.falls.contains(&point) {
                self.falls.push(point);
            }
        }
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        while self.priorities.len() < point.threads.len() {
            self.priorities.push(self.random.u64(FALLEN..));
        }
        if point.enabled.len() > 1 {
            if let Some(last) = self.last.filter(|_| self.falls.contains(&self.points)) {
                self.lowest -= 1;
                self.priorities[last.index()] = self.lowest;
            }
            self.points += 1;
            self.most_points = self.most_points.max(self.points);
        }
        let chosen =
            *point.enabled.iter().max_by_key(|t| self.priorities[t.index()]).expect("never empty");
        self.last = Some(chosen);
        chosen
    }

    fn choose(&mut self, options: usize) -> usize {
        self.random.usize(..options)
    }
}
