//! A job is run once, and a pool that is dropped runs what it was given.

use super::{Ends, Model};
use scheduled_thread_pool::ScheduledThreadPool;
use selvedge::sync::mpsc::channel;

use selvedge::Kind;

pub(super) const MODELS: [Model; 2] =
    [("a job", a_job, Ends::Weak), ("two workers", two_workers, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("a job", a_job, Kind::Deadlock);

fn a_job() {
    let pool = ScheduledThreadPool::new(1);
    let (sender, receiver) = channel();
    pool.execute(move || sender.send(1).unwrap());
    assert_eq!(receiver.recv(), Ok(1));
}

/// A pool that is dropped does what it has been given.
fn two_workers() {
    let pool = ScheduledThreadPool::new(2);
    let (sender, receiver) = channel();
    pool.execute(move || sender.send(1).unwrap());
    drop(pool);
    assert_eq!(receiver.recv(), Ok(1));
    assert!(receiver.recv().is_err());
}
