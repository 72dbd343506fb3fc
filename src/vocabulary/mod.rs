//! Data that every part may name, and that names no other part: events, verdicts, requests.

pub(crate) mod budget;
pub(crate) mod change;
pub(crate) mod clock;
pub(crate) mod explorer;
pub(crate) mod fate;
pub(crate) mod leaks;
pub(crate) mod per_object;
pub(crate) mod schedule;
pub(crate) mod spurious;
pub(crate) mod terms;
pub mod trace;
pub mod verdict;
pub(crate) mod view;

pub(crate) use change::{Change, Half, Knockout};
pub(crate) use clock::VectorClock;
pub(crate) use explorer::Engine;
pub(crate) use per_object::{MEMORY, NUMBERING, PerObject, token};
