//! Properties that hold for any bytes: one function per fuzz target. `fuzz/` runs them, and `cargo
//! test` runs them over the corpus.
//!
//! Five of them are decoders (`frame`, `lines`, `pipe`, `request`, `token`), which must survive any
//! bytes. The others interpret bytes as operations on one of the three systems, and compare every
//! answer with a sequential specification. `scenario` interprets them as concurrent operations of
//! several threads. `linearize` interprets them as a history, and compares every verdict with brute
//! force.
//!
//! Each takes the part that it judges as an argument, so that its tests can pass a broken one.

mod account;
mod decoders;
mod linearize;
mod manager;
mod queue;
mod scenario;

pub use account::account;
pub use decoders::{frame, request, token};
pub use linearize::{linearize, lines};
pub use manager::manager;
pub use queue::{pipe, queue};
pub use scenario::scenario;

/// A target: its name, and its check. The name is also that of its file in `fuzz/fuzz_targets` and
/// of its corpus.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("account", account),
    ("frame", frame),
    ("linearize", linearize),
    ("lines", lines),
    ("manager", manager),
    ("pipe", pipe),
    ("queue", queue),
    ("request", request),
    ("scenario", scenario),
    ("token", token),
];

/// Bytes read as decisions, each below a limit, until the bytes are used up.
struct Decisions<'a>(std::slice::Iter<'a, u8>);

impl<'a> Decisions<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Decisions(bytes.iter())
    }

    /// The next decision, or `None` at the end of the bytes.
    fn below(&mut self, limit: usize) -> Option<usize> {
        self.0.next().map(|byte| usize::from(*byte) % limit)
    }

    /// The next byte unchanged, or `None` at the end.
    fn byte(&mut self) -> Option<u8> {
        self.0.next().copied()
    }
}

/// The panic message of `check` on `bytes`, for tests that pass a broken part.
#[cfg(test)]
fn objection(check: impl FnOnce(&[u8]), bytes: &[u8]) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(bytes)))
        .expect_err("an objection");
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a message")
}
