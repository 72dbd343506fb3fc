//! What went wrong, made of a failed execution: the conflicting events, and the token that replays it. Never prints.

mod conflict;
mod preemptions;
mod token;

pub use token::{Token, TokenError};

pub(crate) use conflict::conflicts;
pub(crate) use preemptions::preemptions;
