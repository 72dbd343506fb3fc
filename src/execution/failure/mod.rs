//! How executions fail: what is caught, what is halted, what is left in place, and what is
//! reported.

mod ending;
#[cfg(unix)]
mod fault;
mod halt;
pub(crate) mod hook;
pub(crate) mod last_words;
mod panics;
pub(super) mod past;
pub(crate) mod stack;
mod told;
pub(super) mod unwinding;

pub(super) use ending::Panic;
pub(crate) use ending::{Ending, State};
pub(crate) use halt::{Halt, halt};
pub(super) use halt::{
    fail, freeze, handle_if_inert, inert, not_modelled, refuse, stalled, unwinds_under_loom,
};
pub(crate) use panics::{SCOPED, stay};
pub(super) use panics::{end_by_panic, give_up_if_stalled, panic_of_main, panic_while_unwinding};
pub(crate) use told::{FailedExecution, Teller};
