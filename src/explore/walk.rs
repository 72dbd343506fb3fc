//! The uniform random walk: chooses threads in proportion to their remaining operations.
//!
//! Zhao, Wolff, Mathur, Roychoudhury, "Selectively Uniform Concurrency Testing", ASPLOS 2025:
//! algorithm URW. If the counts are right, every interleaving is equally likely. The counts come
//! from the first execution, which is uniformly random at each point. The operations of a thread
//! that is not spawned yet count for the thread that spawns it.

use crate::execution::{Pending, Point, Seen, Strategy, World};
use crate::trace::{Operation, ThreadId};
use std::collections::HashMap;

/// A thread's identity across executions: the numbers of its ancestors and of itself among their
/// siblings.
type Path = Vec<u32>;

/// A thread of the running execution.
#[derive(Default)]
struct Walker {
    path: Path,
    parent: Option<ThreadId>,
    children: u32,
    /// In the first execution, how many operations it has had. In the others, how many it has left.
    operations: usize,
}

pub(super) struct Walk {
    random: fastrand::Rng,
    /// How many operations each thread has, including those of its children. `None` before the end
    /// of the first execution.
    counts: Option<HashMap<Path, usize>>,
    threads: Vec<Walker>,
}

impl Walk {
    pub(super) fn new(seed: u64) -> Walk {
        Walk { random: fastrand::Rng::with_seed(seed), counts: None, threads: Vec::new() }
    }

    fn start(&mut self, parent: ThreadId) {
        let starter = &mut self.threads[parent.index()];
        let path = [&starter.path[..], &[starter.children]].concat();
        starter.children += 1;
        let mut operations = 0;
        if let Some(counts) = &self.counts {
            // an unknown thread does something
            operations = counts.get(&path).copied().unwrap_or(1);
            starter.operations = starter.operations.saturating_sub(operations);
        }
        self.threads.push(Walker { path, parent: Some(parent), children: 0, operations });
    }
}

impl Strategy for Walk {
    fn begin(&mut self) -> bool {
        let operations =
            self.counts.as_ref().map_or(0, |counts| counts.get(&Path::new()).copied().unwrap_or(1));
        self.threads.clear();
        self.threads.push(Walker { operations, ..Walker::default() });
        true
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        let counted = self.counts.is_some();
        let weight =
            |t: &ThreadId| if counted { self.threads[t.index()].operations.max(1) } else { 1 };
        let all: usize = point.enabled.iter().map(weight).sum();
        let mut drawn = self.random.usize(..all);
        for thread in point.enabled {
            match drawn.checked_sub(weight(thread)) {
                Some(rest) => drawn = rest,
                None => return *thread,
            }
        }
        unreachable!("less than the sum of the weights was drawn")
    }

    fn choose(&mut self, options: usize) -> usize {
        self.random.usize(..options)
    }

    fn executed(&mut self, _world: &World, thread: ThreadId, pending: &Pending, seen: &Seen) {
        let counted = self.counts.is_some();
        let operations = &mut self.threads[thread.index()].operations;
        *operations = if counted { operations.saturating_sub(1) } else { *operations + 1 };
        if let Operation::Spawn(_) = seen.operation.unwrap_or(pending.operation) {
            self.start(thread);
        }
    }

    fn ended(&mut self, _world: &mut World) {
        if self.counts.is_some() {
            return;
        }
        // children come after their parents
        let mut counts = HashMap::new();
        while let Some(thread) = self.threads.pop() {
            if let Some(parent) = thread.parent {
                self.threads[parent.index()].operations += thread.operations;
            }
            counts.insert(thread.path, thread.operations);
        }
        self.counts = Some(counts);
    }
}
