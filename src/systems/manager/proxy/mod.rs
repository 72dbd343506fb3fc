//! Typed proxies of a list, a dict and a value: one method, one round trip, one step at the
//! manager.
//!
//! None of them is `Deref` or `IndexMut`: `list[0] += 1` would be a read and a write with room for
//! other clients in between. A change that depends on the current item is done at the manager, by
//! `update` or `compare_exchange`.

mod answer;
mod batch;
mod dict;
mod list;
mod value;

pub use batch::Batch;
pub use dict::DictProxy;
pub use list::ListProxy;
pub use value::ValueProxy;
