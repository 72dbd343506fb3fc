//! All tests that need no process of their own, as one program: each program that is linked costs
//! what all share.
//!
//! Those that start themselves as worker processes are in `tests/workers`, and what is left without
//! features in `tests/bare.rs`.

mod account;
mod address;
mod born;
mod check;
mod command;
mod conformance;
mod corpus;
mod exhaustive;
mod floors;
mod future;
mod graphs;
mod honest;
mod knockout;
mod linearizable;
mod linearize;
mod oracle;
mod owned;
mod rand;
mod replay;
mod report;
mod scenario;
mod scenes;
mod smallest;
mod spin;
mod stacks;
mod statics;
mod subjects;
mod tidy;
mod time;
mod weak;
