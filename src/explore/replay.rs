//! One schedule, as given by a counterexample's token.

use crate::execution::{NOBODY, Offers, Point, Strategy};
use crate::vocabulary::schedule::Prefix;
use crate::vocabulary::trace::ThreadId;

pub(super) struct Replay {
    choices: Prefix,
    next: usize,
    begun: bool,
    diverged: Option<String>,
}

impl Replay {
    pub(super) fn new(choices: Prefix) -> Replay {
        Replay { choices, next: 0, begun: false, diverged: None }
    }

    /// Whether the token has no choice left.
    pub(super) fn is_over(&self) -> bool {
        self.next >= self.choices.0.len()
    }

    /// The token's next choice.
    pub(super) fn peek(&self) -> Option<u32> {
        self.choices.0.get(self.next).copied()
    }

    /// Whether the token ends with a thread that waits in a loop for ever, after so many events of
    /// a graph.
    pub(super) fn ends_after(&self, events: usize) -> bool {
        self.choices.0.get(self.next..) == Some(&[NOBODY, events as u32])
    }

    /// The token's next choice. Beyond its end, the first option.
    fn next(&mut self, options: &[u32], in_words: impl FnOnce() -> String) -> u32 {
        let wanted = self.choices.0.get(self.next).copied();
        self.next += 1;
        match wanted {
            Some(wanted) if options.contains(&wanted) => wanted,
            Some(wanted) => {
                let at = self.next;
                let is = in_words();
                self.diverged
                    .get_or_insert(format!("choice {at} is {wanted}, but the options are {is}"));
                options[0]
            }
            None => options[0],
        }
    }
}

impl Strategy for Replay {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn offers(&self) -> Offers {
        Offers::All
    }

    fn pick(&mut self, point: &Point<'_>) -> ThreadId {
        if let [only] = point.enabled {
            return *only;
        }
        let options: Vec<u32> = point.enabled.iter().map(|t| t.0).collect();
        // if the program has changed since, this is the first point where it behaves differently
        let in_words = || {
            let options = point.enabled.iter().map(|thread| {
                let p = point.pending(*thread);
                format!("{} (about to {} at {})", thread.0, p.operation.name(), p.location)
            });
            options.collect::<Vec<_>>().join(", ")
        };
        ThreadId(self.next(&options, in_words))
    }

    fn choose(&mut self, options: usize) -> usize {
        let all: Vec<u32> = (0..options as u32).collect();
        self.next(&all, || format!("{all:?}")) as usize
    }

    fn draw(&mut self, of: u32) -> u32 {
        let wanted = self.peek().unwrap_or(0);
        match wanted < of {
            true => self.next(&[wanted], String::new),
            false => self.next(&[0], || format!("those below {of}")),
        }
    }

    fn diverged(&self) -> Option<String> {
        self.diverged.clone()
    }
}
