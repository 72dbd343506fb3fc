//! The table of named functions that a manager applies to its items. Code is chosen by name and
//! never sent.

use super::protocol::{Apply, Item, Refusal};
use super::types::fingerprint;
use crate::process::{Held, Panic, caught};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;

/// A function on items, and its types.
struct Function {
    types: u64,
    signature: String,
    call: Box<Call>,
}

type Call = dyn Fn(&Item, &Item) -> Result<Applied, Refused> + Send + Sync;

/// The result of a function on an item.
pub(super) struct Applied {
    /// The new item.
    pub(super) item: Item,
    /// What the function returned.
    pub(super) returned: Item,
}

enum Refused {
    Mismatch(String),
    Panicked(Panic),
}

// Any panic of the user's code here, in a function or in a `Deserialize`, `Serialize` or `Drop` of
// its types, is this call's error.
impl From<Panic> for Refused {
    fn from(panic: Panic) -> Self {
        Refused::Panicked(panic)
    }
}

/// Named functions from an item and an argument to a new item and a result.
///
/// A function runs while the manager does nothing else, so it should be short. It works on a copy,
/// so a panic changes nothing, and the manager continues. The same holds for a panic of a
/// `Serialize`, `Deserialize` or `Drop` of its types. A client that assumes other types for the
/// function is refused.
///
/// ```
/// use selvedge::systems::manager::{Functions, Manager};
///
/// let functions = Functions::new().with("add", |balance: &mut i64, amount: i64| {
///     *balance += amount;
///     *balance
/// });
/// let manager = Manager::spawn(functions)?;
/// let balance = manager.value(&40_i64)?;
/// assert_eq!(balance.update::<i64, i64>("add", &2)?, 42);
/// # Ok::<(), selvedge::systems::manager::ManagerError>(())
/// ```
#[derive(Default)]
pub struct Functions {
    table: BTreeMap<&'static str, Function>,
}

impl Functions {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The table with one more function. Of two with one name, the later one counts.
    #[must_use]
    pub fn with<T, A, R>(
        mut self,
        name: &'static str,
        f: impl Fn(&mut T, A) -> R + Send + Sync + 'static,
    ) -> Self
    where
        T: Serialize + DeserializeOwned,
        A: DeserializeOwned,
        R: Serialize,
    {
        let call = move |item: &Item, argument: &Item| {
            let mut value = decoded::<T>("item", item)?;
            let argument = decoded::<A>("argument", argument)?;
            // The value is a copy, so a half-done change disappears with the panic.
            let mut returned = Held::new(caught(|| f(value.get(), argument.take()))?);
            let encode = || {
                Ok(Applied {
                    item: Item::encode(value.get())?,
                    returned: Item::encode(returned.get())?,
                })
            };
            let applied =
                caught(encode)?.map_err(|e: super::CodecError| Refused::Mismatch(e.to_string()))?;
            returned.end()?;
            value.end()?;
            Ok(applied)
        };
        let [item, argument, returned] = [type_name::<T>(), type_name::<A>(), type_name::<R>()];
        let signature = format!("it is fn(&mut {item}, {argument}) -> {returned}");
        self.table.insert(
            name,
            Function { types: fingerprint::<(T, A, R)>(), signature, call: Box::new(call) },
        );
        self
    }

    pub(super) fn apply(&self, apply: &Apply, item: &Item) -> Result<Applied, Refusal> {
        let Some(function) = self.table.get(&*apply.function) else {
            let known = self.table.keys().map(|name| name.to_string()).collect();
            return Err(Refusal::NoSuchFunction { name: apply.function.clone(), known });
        };
        if function.types != apply.types {
            return Err(Refusal::Mismatch {
                function: apply.function.clone(),
                reason: function.signature.clone(),
            });
        }
        (function.call)(item, &apply.argument).map_err(|refused| {
            let function = apply.function.clone();
            match refused {
                Refused::Mismatch(reason) => Refusal::Mismatch { function, reason },
                Refused::Panicked(panic) => {
                    Refusal::Panicked { function, message: panic.words(), location: panic.location }
                }
            }
        })
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.table.keys()).finish()
    }
}

/// Decodes a part of a call for the function.
fn decoded<T: DeserializeOwned>(what: &str, item: &Item) -> Result<Held<T>, Refused> {
    let value =
        caught(|| item.decode())?.map_err(|e| Refused::Mismatch(format!("the {what}: {e}")))?;
    Ok(Held::new(value))
}
