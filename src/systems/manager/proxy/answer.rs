//! What every proxy needs: the request of an update, and the conversion of the manager's answers.

use crate::systems::manager::client::unexpected;
use crate::systems::manager::error::ManagerError;
use crate::systems::manager::protocol::{Apply, Item, Reply};
use crate::systems::manager::types::fingerprint;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(super) type Result<T> = std::result::Result<T, ManagerError>;

/// A function of the manager's table, with its argument.
pub(super) fn apply<T, A: Serialize, R>(function: &str, argument: &A) -> Result<Apply> {
    let types = fingerprint::<(T, A, R)>();
    Ok(Apply { function: function.to_string(), types, argument: Item::encode(argument)? })
}

pub(super) fn done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Done => Ok(()),
        reply => Err(unexpected(reply)),
    }
}

pub(super) fn number(reply: Reply) -> Result<u64> {
    match reply {
        Reply::Number(n) => Ok(n),
        reply => Err(unexpected(reply)),
    }
}

pub(super) fn maybe<T: DeserializeOwned>(reply: Reply) -> Result<Option<T>> {
    match reply {
        Reply::Item(item) => Ok(item.map(|item| item.decode()).transpose()?),
        reply => Err(unexpected(reply)),
    }
}

pub(super) fn one<T: DeserializeOwned>(reply: Reply) -> Result<T> {
    maybe(reply)?.ok_or_else(|| ManagerError::Protocol("an answer without an item".to_string()))
}

pub(super) fn items<T: DeserializeOwned>(reply: Reply) -> Result<Vec<T>> {
    match reply {
        Reply::Items(items) => items.iter().map(|item| Ok(item.decode()?)).collect(),
        reply => Err(unexpected(reply)),
    }
}

pub(super) fn exchanged<T: DeserializeOwned>(reply: Reply) -> Result<std::result::Result<(), T>> {
    match reply {
        Reply::Exchanged(None) => Ok(Ok(())),
        Reply::Exchanged(Some(Some(found))) => Ok(Err(found.decode()?)),
        reply => Err(unexpected(reply)),
    }
}
