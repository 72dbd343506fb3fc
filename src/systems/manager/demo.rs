//! The manager, run for real: two child processes, one shared list, one shared dict.

use super::error::ManagerError;
use super::functions::Functions;
use super::proxy::{DictProxy, ListProxy};
use super::server::Manager;
use crate::process::{Table, Worker, WorkerHandle};
use std::collections::BTreeMap;

/// The result of the two children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demo {
    /// The shared list, sorted.
    pub list: Vec<u64>,
    /// The shared dict: numbers with their squares.
    pub dict: BTreeMap<u64, u64>,
}

/// The worker functions of [`demo`], added to a program's table.
#[must_use]
pub fn workers(table: Table) -> Table {
    table.function("manager/append", append).function("manager/insert", insert)
}

/// Two child processes append 10..=14 and 20..=24 to one list, and insert the squares of the same
/// numbers into one dict. The program must have registered [`workers`].
///
/// # Errors
/// A child failed, with its exit status and message, or the manager did.
pub fn demo() -> Result<Demo, ManagerError> {
    let manager = Manager::spawn(Functions::new())?;
    let list = manager.list()?;
    let dict = manager.dict()?;
    let mut children: Vec<WorkerHandle<Result<(), String>>> = Vec::new();
    for first in [10_u64, 20] {
        children.push(Worker::spawn("manager/append", &(&list, first))?);
        children.push(Worker::spawn("manager/insert", &(&dict, first))?);
    }
    for child in children {
        // The outer error is the child's end, the inner one is its own error.
        child.join()?.map_err(ManagerError::Child)?;
    }
    let mut list = list.to_vec()?;
    list.sort_unstable();
    Ok(Demo { list, dict: dict.to_map()? })
}

fn append((list, first): (ListProxy<u64>, u64)) -> Result<(), String> {
    (first..first + 5).try_for_each(|n| list.push(&n)).map_err(|e| e.to_string())
}

fn insert((dict, first): (DictProxy<u64, u64>, u64)) -> Result<(), String> {
    (first..first + 5)
        .try_for_each(|n| dict.insert(&n, &(n * n)).map(drop))
        .map_err(|e| e.to_string())
}
