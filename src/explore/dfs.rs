//! Depth-first search over every schedule, without reduction: exhaustive, and feasible for tiny models only.
//!
//! shuttle has such a scheduler; this one also enumerates the choices that are not about threads, notices a model
//! that is not deterministic, and prefers the thread that is running, so that the first failure has few preemptions.

use super::{Point, Strategy};
use crate::trace::ThreadId;

struct Choice {
    options: Vec<u32>,
    taken: usize,
}

#[derive(Default)]
pub(super) struct Dfs {
    path: Vec<Choice>,
    depth: usize,
    started: bool,
    diverged: Option<String>,
}

impl Dfs {
    fn next(&mut self, options: Vec<u32>) -> u32 {
        if self.depth == self.path.len() {
            self.path.push(Choice { options, taken: 0 });
        } else if self.path[self.depth].options != options {
            let was = &self.path[self.depth].options;
            self.diverged.get_or_insert(format!(
                "at choice {} there were the options {was:?}, and then {options:?} after the same schedule",
                self.depth
            ));
            return options[0];
        }
        let choice = &self.path[self.depth];
        self.depth += 1;
        choice.options[choice.taken]
    }
}

impl Strategy for Dfs {
    fn begin(&mut self) -> bool {
        self.depth = 0;
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
        let others = point.enabled.iter().copied().filter(|t| Some(*t) != point.current);
        ThreadId(self.next(point.current.into_iter().chain(others).map(|t| t.0).collect()))
    }

    fn choose(&mut self, options: usize) -> usize {
        self.next((0..options as u32).collect()) as usize
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
