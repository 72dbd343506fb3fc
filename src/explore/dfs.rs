//! Depth-first search over every schedule, without reduction: exhaustive, and feasible for tiny
//! models only.
//!
//! shuttle has such a scheduler. This one also enumerates the choices that are not about threads,
//! and detects a model that is not deterministic. It prefers the running thread, so that the first
//! failure has few preemptions.

use super::estimate::share;
use crate::execution::data::values;
use crate::execution::{Pending, Point, Strategy};
use crate::trace::ThreadId;

/// An option: a thread or a number, and what the thread was about to do.
type Alternative = (u32, Option<Pending>);

struct ChoicePoint {
    options: Vec<Alternative>,
    taken: usize,
}

#[derive(Default)]
pub(super) struct Dfs {
    path: Vec<ChoicePoint>,
    depth: usize,
    started: bool,
    /// The most preemptions that an execution may have, and how many this one has had.
    bound: Option<usize>,
    preemptions: usize,
    diverged: Option<String>,
}

impl Dfs {
    /// The search over schedules with at most this many preemptions.
    pub(super) fn bounded(bound: Option<usize>) -> Dfs {
        Dfs { bound, ..Dfs::default() }
    }

    fn next(&mut self, options: Vec<Alternative>) -> u32 {
        if self.depth == self.path.len() {
            self.path.push(ChoicePoint { options, taken: 0 });
        } else if self.path[self.depth].options != options {
            let (was, is) = (in_words(&self.path[self.depth].options), in_words(&options));
            let at = self.depth + 1;
            self.diverged.get_or_insert(format!(
                "after the same choices, choice {at} was among {was}, then among {is}"
            ));
            return options[0].0;
        }
        let choice = &self.path[self.depth];
        self.depth += 1;
        choice.options[choice.taken].0
    }
}

fn in_words(options: &[Alternative]) -> String {
    let word = |(number, pending): &Alternative| match pending {
        Some(p) => format!("thread {number} at {} ({})", p.operation.name(), p.location),
        None => number.to_string(),
    };
    options.iter().map(word).collect::<Vec<_>>().join(", ")
}

impl Strategy for Dfs {
    fn begin(&mut self) -> bool {
        self.depth = 0;
        self.preemptions = 0;
        if !std::mem::replace(&mut self.started, true) {
            return true;
        }
        while let Some(last) = self.path.last_mut() {
            last.taken += 1;
            if last.taken < last.options.len() {
                return true;
            }
            self.path.pop();
        }
        false
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        if let [only] = point.enabled {
            return *only;
        }
        // The expected value of a compare-exchange may be an address, which differs between
        // executions.
        let without = |pending: &Pending| Pending { expected: None, exchange: None, ..*pending };
        let pending = |thread| Some(without(point.pending(thread)));
        let options = point.enabled.iter().map(|thread| (thread.0, pending(*thread)));
        let mut options: Vec<Alternative> = options.collect();
        // stable: the current one first
        options.sort_by_key(|(thread, _)| Some(ThreadId(*thread)) != point.current);
        if point.current.is_some() && self.bound.is_some_and(|most| self.preemptions >= most) {
            options.truncate(1);
        }
        let chosen = ThreadId(self.next(options));
        self.preemptions += usize::from(point.current.is_some_and(|current| current != chosen));
        chosen
    }

    fn choose(&mut self, options: usize) -> usize {
        self.next((0..options as u32).map(|option| (option, None)).collect()) as usize
    }

    fn draw(&mut self, of: u32) -> u32 {
        self.next(values(of).map(|value| (value, None)).collect())
    }

    fn explored(&self) -> Option<f64> {
        Some(share(self.path.iter().map(|choice| (choice.taken, choice.options.len()))))
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
