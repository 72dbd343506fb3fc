//! Manager: a list, a dict, a value and a lock that processes share, at one server.
//!
//! Every operation is one step at the manager. A change that depends on the current item is done
//! there, by a function of a table chosen by its name ([`Functions`]) or by `compare_exchange`. A
//! read followed by a write through a proxy loses updates, as [`MODELS`] show. A client's death
//! releases and poisons the locks that it holds. A manager's death is one error for all of its
//! clients, [`ManagerError::Disconnected`], and never a hang. A child's failure is an error with
//! its exit status and message.
//!
//! A proxy can be an argument of a worker. Its own connection travels with it, and keeps the object
//! alive on the way. There is no address to which a stranger could connect.

mod any_bytes;
mod core;
mod functions;
mod memory;
mod operations;
mod packed;
mod protocol;
mod shared;
mod types;
// From here on the real manager: sockets and processes.
mod client;
mod demo;
mod error;
mod hangup;
mod lock;
mod models;
mod proxy;
mod server;
pub mod subject;
mod wire;

pub use any_bytes::check_bytes;
pub use core::{ConnectionId, Core, Outcome};
pub use demo::{Demo, demo, workers};
pub use error::{ManagerError, ManagerExit};
pub use functions::Functions;
pub use lock::{LockGuard, LockProxy};
pub use memory::{IN_FLIGHT_BYTES, MEMORY_FACTOR};
pub use models::MODELS;
pub use packed::Packed;
pub use protocol::{
    Apply, Call, CodecError, Create, DictOperation, Fence, Item, Limits, ListOperation, ObjectId,
    Operation, Refusal, Reply, Request, ValueOperation, decode_request,
};
pub use proxy::{Batch, DictProxy, ListProxy, ValueProxy};
pub use server::{Manager, Serve};
pub use shared::{Lost, Remote, Shared, Wire, serve};
pub use wire::Socket;
