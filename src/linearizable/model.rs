//! A scenario as a model, and the record of its operations.
//!
//! Recording adds neither scheduling points nor synchronisation. On green threads all of an
//! execution runs on one OS thread. Calls and returns go into a buffer that no engine knows, as
//! numbers of the caller's own events. `history` turns these into an order later. On real threads
//! each thread has its own buffer and reads the monotonic clock before the call and after the
//! return. It hands the buffer over when it has ended.

use super::subject::{Op, Ret, Subject};
use crate::execution;
use crate::scenario::Scenario;
use crate::trace::ThreadId;
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::Instant;

/// One operation of one execution.
#[derive(Clone, Debug)]
pub(super) struct Call<Ret> {
    pub(super) process: usize,
    pub(super) thread: ThreadId,
    /// Its index in [`Scenario::operations`].
    pub(super) operation: usize,
    /// When it was called: the number of its thread's earlier events; on real threads, in
    /// nanoseconds.
    pub(super) from: u64,
    /// When it returned, in the same unit, and what it returned.
    pub(super) to: Option<(u64, Ret)>,
}

/// The operations of the running execution.
#[derive(Debug)]
pub(super) struct Log<Ret>(Mutex<Vec<Call<Ret>>>);

impl<Ret> Default for Log<Ret> {
    fn default() -> Self {
        Log(Mutex::default())
    }
}

impl<Ret> Log<Ret> {
    /// Calls `f` with the calls. On green threads no thread switch happens meanwhile.
    fn with<T>(&self, f: impl FnOnce(&mut Vec<Call<Ret>>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn take(&self) -> Vec<Call<Ret>> {
        self.with(std::mem::take)
    }
}

/// The calling thread, and where its calls are recorded.
struct Caller<S: Subject> {
    subject: Arc<S>,
    scenario: Arc<Scenario<Op<S>>>,
    log: Arc<Log<Ret<S>>>,
    start: Instant,
    process: usize,
}

impl<S: Subject> Caller<S> {
    fn as_process(&self, process: usize) -> Caller<S> {
        let (subject, scenario, log) =
            (Arc::clone(&self.subject), Arc::clone(&self.scenario), Arc::clone(&self.log));
        Caller { subject, scenario, log, start: self.start, process }
    }

    /// Executes these operations. The first has index `first` in the scenario.
    fn run(&self, ops: &[Op<S>], first: usize) {
        let mut mine = Vec::new();
        for (operation, op) in (first..).zip(ops) {
            let (process, thread) = (self.process, execution::me());
            match execution::events_of_mine() {
                None => {
                    let from = self.now(mine.last());
                    let ret = self.subject.call_as(process, op);
                    let to = self.start.elapsed().as_nanos() as u64;
                    mine.push(Call { process, thread, operation, from, to: Some((to, ret)) });
                }
                Some(from) => {
                    let at = self.log.with(|calls| {
                        calls.push(Call { process, thread, operation, from, to: None });
                        calls.len() - 1
                    });
                    let ret = self.subject.call_as(process, op);
                    let to = execution::events_of_mine().unwrap_or(from);
                    self.log.with(|calls| calls[at].to = Some((to, ret)));
                }
            }
        }
        if !mine.is_empty() {
            self.log.with(|calls| calls.append(&mut mine));
        }
    }
}

impl<S: Subject> Caller<S> {
    /// Reads the clock until it exceeds the last return: a process does one thing at a time.
    fn now(&self, last: Option<&Call<Ret<S>>>) -> u64 {
        let returned = last.and_then(|call| call.to.as_ref()).map(|(to, _)| *to);
        loop {
            let now = self.start.elapsed().as_nanos() as u64;
            if returned.is_none_or(|returned| returned < now) {
                return now;
            }
        }
    }
}

/// Returns the model of a scenario. The log holds the history of its last execution.
pub(super) fn model<S: Subject>(
    scenario: Arc<Scenario<Op<S>>>,
    log: Arc<Log<Ret<S>>>,
) -> impl Fn() + Send + Sync {
    move || {
        log.with(Vec::clear);
        let (subject, scenario) = (Arc::new(S::new()), Arc::clone(&scenario));
        let me =
            Caller { subject, scenario, log: Arc::clone(&log), start: Instant::now(), process: 0 };
        me.run(&me.scenario.initial, 0);
        // so that real threads meet; on green ones the explorer sees to that
        let together = execution::events_of_mine()
            .is_none()
            .then(|| Arc::new(Barrier::new(me.scenario.threads.len())));
        let mut first = me.scenario.initial.len();
        let mut threads = Vec::new();
        for (index, ops) in me.scenario.threads.iter().enumerate() {
            let (caller, start, together) = (me.as_process(index + 1), first, together.clone());
            first += ops.len();
            threads.push(crate::thread::spawn(move || {
                if let Some(barrier) = together {
                    barrier.wait();
                }
                caller.run(&caller.scenario.threads[index], start);
            }));
        }
        for thread in threads {
            thread.join().unwrap();
        }
        me.run(&me.scenario.last, first);
    }
}
