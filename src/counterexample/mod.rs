//! What went wrong, made of a failed execution: the conflicting events, and the token that replays it. Never prints.

mod conflict;
mod token;

pub use token::{Token, TokenError};

pub(crate) use conflict::conflicts;
