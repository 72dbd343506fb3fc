//! Draws verdicts. It returns strings, decides nothing and prints nothing.

// Reading order: what a failure looks like, then a history, then what lists of checks and of
// knockouts look like, then the same for machines.
pub mod timeline;

pub mod intervals;

mod elide;
mod fields;
mod finding;
mod layout;
mod page;
mod remark;
mod stale;
mod style;
mod text;
mod words;

pub mod knockouts;
pub mod table;

pub mod json;
pub mod junit;

pub(crate) use text::{clean, pad, width};

pub use finding::Finding;
pub use style::Style;
pub use table::Row;
