//! The facade does what std and crossbeam do, in every engine; and what an engine cannot do ends in
//! words.

mod auto_traits;
mod coerced;
mod compiles;
mod destructors;
mod everywhere;
mod helpers;
mod lifetimes;
mod litmus;
mod survival;
mod unwinding;
