//! The table of named functions that a worker can run.

use super::codec::{Bytes, decode, to_bytes};
use super::link::Arguments;
use serde::{Serialize, de::DeserializeOwned};
use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;

type Function = Box<dyn Fn(&Arguments) -> Result<Returned, CallError> + Send + Sync>;

/// Functions by name: a peer can call these and nothing else.
///
/// ```
/// use selvedge::process::Table;
///
/// let table = Table::new().function("double", |n: u64| 2 * n);
/// assert_eq!(table.names(), ["double"]);
/// ```
#[derive(Default)]
pub struct Table {
    functions: BTreeMap<String, Function>,
}

/// The result of a function of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Returned {
    /// The name of its type: the bytes of one integer type are also bytes of another, with another
    /// value.
    pub(super) of: &'static str,
    pub(super) bytes: Bytes,
}

/// Why a function of a table returned no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CallError {
    NotRegistered,
    BadArguments(String),
    BadResult(String),
}

impl Table {
    /// Creates a table without functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function to the table.
    ///
    /// # Panics
    ///
    /// If there is already a function of this name.
    #[must_use]
    pub fn function<A, R, F>(mut self, name: &str, function: F) -> Self
    where
        A: DeserializeOwned,
        R: Serialize,
        F: Fn(A) -> R + Send + Sync + 'static,
    {
        let call = move |arguments: &Arguments| {
            let (value, shape) =
                decode::<A>(&arguments.bytes.0).map_err(CallError::BadArguments)?;
            if shape != arguments.shape {
                // Not compared by name: a `&str` is sent to where a `String` is taken.
                let (takes, of) = (type_name::<A>(), &arguments.of);
                let why = format!(
                    "the function takes {takes}, the caller passes {of}: other primitive types"
                );
                return Err(CallError::BadArguments(why));
            }
            let bytes = Bytes(to_bytes(&function(value)).map_err(CallError::BadResult)?);
            Ok(Returned { of: type_name::<R>(), bytes })
        };
        let before = self.functions.insert(name.to_string(), Box::new(call));
        assert!(before.is_none(), "two functions named {name:?} in one table");
        self
    }

    /// Returns the names of the functions in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.functions.keys().map(String::as_str).collect()
    }

    pub(super) fn call(&self, name: &str, arguments: &Arguments) -> Result<Returned, CallError> {
        self.functions.get(name).ok_or(CallError::NotRegistered)?(arguments)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Table").field(&self.names()).finish()
    }
}
