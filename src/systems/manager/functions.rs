//! The table of named functions that a manager applies to its items: code is chosen by name, never sent.

use super::protocol::{Apply, Item, Refusal};
use super::types::fingerprint;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A function of items, and the types that it is a function of.
struct Function {
    types: u64,
    signature: String,
    call: Box<Call>,
}

type Call = dyn Fn(&Item, &Item) -> Result<Applied, Refused> + Send + Sync;

/// What a function made of an item.
pub(super) struct Applied {
    /// The item as it is now.
    pub(super) item: Item,
    /// What the function returned.
    pub(super) returned: Item,
}

enum Refused {
    Mismatch(String),
    Panicked(String),
}

/// Named functions from an item and an argument to a new item and a result.
///
/// A function runs while the manager does nothing else: it should be short. It works on a copy, so one that panics
/// has changed nothing. It is refused to a client that takes it for a function of other types.
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

    /// The table with one more function; of two with one name the later stands.
    #[must_use]
    pub fn with<T, A, R>(mut self, name: &'static str, f: impl Fn(&mut T, A) -> R + Send + Sync + 'static) -> Self
    where
        T: Serialize + DeserializeOwned,
        A: DeserializeOwned,
        R: Serialize,
    {
        let call = move |item: &Item, argument: &Item| {
            let mut value: T = item.decode().map_err(|e| Refused::Mismatch(format!("the item: {e}")))?;
            let argument: A = argument.decode().map_err(|e| Refused::Mismatch(format!("the argument: {e}")))?;
            // The value is a copy: what a panic leaves half done goes away with it.
            let returned = catch_unwind(AssertUnwindSafe(|| f(&mut value, argument)))
                .map_err(|payload| Refused::Panicked(panic_message(&*payload)))?;
            let encode = || Ok(Applied { item: Item::encode(&value)?, returned: Item::encode(&returned)? });
            encode().map_err(|e: super::CodecError| Refused::Mismatch(e.to_string()))
        };
        let [item, argument, returned] = [type_name::<T>(), type_name::<A>(), type_name::<R>()];
        let signature = format!("it is fn(&mut {item}, {argument}) -> {returned}");
        self.table.insert(name, Function { types: fingerprint::<(T, A, R)>(), signature, call: Box::new(call) });
        self
    }

    pub(super) fn apply(&self, apply: &Apply, item: &Item) -> Result<Applied, Refusal> {
        let Some(function) = self.table.get(&*apply.function) else {
            let known = self.table.keys().map(|name| name.to_string()).collect();
            return Err(Refusal::NoSuchFunction { name: apply.function.clone(), known });
        };
        if function.types != apply.types {
            return Err(Refusal::Mismatch { function: apply.function.clone(), reason: function.signature.clone() });
        }
        (function.call)(item, &apply.argument).map_err(|refused| {
            let function = apply.function.clone();
            match refused {
                Refused::Mismatch(reason) => Refusal::Mismatch { function, reason },
                Refused::Panicked(message) => Refusal::Panicked { function, message },
            }
        })
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.table.keys()).finish()
    }
}

fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_string())
}
