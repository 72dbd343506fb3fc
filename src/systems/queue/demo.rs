//! The mission's program: a child process sends the squares of 1..=5, and the parent receives
//! exactly these.

use super::{Died, Sender, bounded};
use crate::process::{Table, Worker, WorkerError, WorkerHandle};
use std::fmt;
use std::ops::RangeInclusive;

/// Registers the functions of the queue's workers, for a program that calls [`demo`].
#[must_use]
pub fn register(table: Table) -> Table {
    table.function(SQUARES, squares)
}

/// The name of [`squares`] for workers.
const SQUARES: &str = "queue/squares";

/// Sends the squares of these numbers from a worker. Returns how many.
///
/// It panics if the receiver is gone, because its work is then pointless.
fn squares((sender, numbers): (Sender<u64>, RangeInclusive<u64>)) -> u64 {
    let mut sent = 0;
    for n in numbers {
        sender.send(n * n).expect("a receiver");
        sent += 1;
    }
    sent
}

/// The result of the demonstration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demo {
    /// The process that sent.
    pub worker: u32,
    /// How many items it reports as sent.
    pub sent: u64,
    /// The received items, in this order.
    pub received: Vec<u64>,
}

/// What went wrong with the demonstration.
#[derive(Debug)]
#[non_exhaustive]
pub enum DemoError {
    /// The worker gave no result.
    Worker(WorkerError),
    /// The stream was cut short.
    Died(Died<u64>),
}

/// A child process puts the squares of 1..=5 into a queue; the parent receives 1, 4, 9, 16 and 25.
///
/// The program must have [`register`]ed the queue's functions with `worker_main`.
///
/// # Errors
///
/// If the worker fails in any way.
pub fn demo() -> Result<Demo, DemoError> {
    let (sender, receiver) = bounded(4);
    let worker: WorkerHandle<u64> =
        Worker::spawn(SQUARES, &(sender, 1..=5_u64)).map_err(DemoError::Worker)?;
    let id = worker.id();
    let drained = receiver.drain();
    // The worker's own error comes first: it says more than that its stream was cut short.
    let sent = worker.join().map_err(DemoError::Worker)?;
    let received = drained.map_err(DemoError::Died)?;
    Ok(Demo { worker: id, sent, received })
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DemoError::Worker(error) => error.fmt(f),
            DemoError::Died(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DemoError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            DemoError::Worker(error) => Some(error),
            DemoError::Died(error) => Some(error),
        }
    }
}
