//! What a failed execution shows: the conflicting events, the token that replays it, and where the
//! token is stored for the next run. Never prints.

mod conflict;
mod preemptions;
mod regression;
mod token;

pub use token::{Token, TokenError};

pub(crate) use conflict::conflicts;
pub(crate) use preemptions::preemptions;
pub(crate) use regression::Regression;
