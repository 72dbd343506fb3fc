//! What went wrong, made of a failed execution: the conflicting events, the token that replays it,
//! and where it is kept for the next run. Never prints.

mod conflict;
mod preemptions;
mod regression;
mod token;

pub use token::{Token, TokenError};

pub(crate) use conflict::conflicts;
pub(crate) use preemptions::preemptions;
pub(crate) use regression::Regression;
