//! The worker's side: run one function, say how it went, and end.

use super::frame::to_bytes;
use super::handle;
use super::link::{Incoming, Message, Reply, send_frame};
use super::table::{CallError, Returned, Table};
use std::cell::RefCell;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

/// `SOCKET:NAME`: the socket that is the worker's standard input, and the function that it is to run.
///
/// The socket (device and inode) tells a worker from a process that merely inherited the variable, such as a worker's
/// own child.
pub(super) const VARIABLE: &str = "SELVEDGE_WORKER";

/// The exit code of a worker whose function panicked: Rust's own.
const PANICKED: i32 = 101;
/// The exit code of a worker that had nothing to run: the shell's "command not found".
const NOTHING_TO_RUN: i32 = 127;
/// The exit code of a worker whose parent is gone.
const ORPHANED: i32 = 125;

static CALLED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static LAST_PANIC: RefCell<Option<(String, Option<String>)>> = const { RefCell::new(None) };
}

/// Whether `worker_main` was called in this process.
pub(super) fn called() -> bool {
    CALLED.load(Ordering::Relaxed) // a flag alone: it publishes no data
}

/// In a worker: message and location of the last panic of this thread.
#[must_use]
pub fn last_panic() -> Option<(String, Option<String>)> {
    LAST_PANIC.with_borrow(Clone::clone)
}

/// The first line of `main` in a program that has workers: in a worker, runs the function that the parent asked for
/// and ends the process; anywhere else, returns at once.
pub fn worker_main(table: &Table) {
    CALLED.store(true, Ordering::Relaxed);
    let Some(name) = asked_for() else { return };
    let link = match take_stdin() {
        Ok(link) => link,
        Err(e) => {
            eprintln!("worker `{name}`: cannot take the control socket: {e}");
            process::exit(NOTHING_TO_RUN);
        }
    };
    let (reply, handles, code) = match Incoming::default().message(&link) {
        Ok(Some(arguments)) => run(table, &name, arguments),
        // The parent is gone, or cannot be understood.
        Ok(None) => process::exit(ORPHANED),
        Err(e) => (Reply::BadArguments(e.to_string()), Vec::new(), NOTHING_TO_RUN),
    };
    let sent = to_bytes(&reply)
        .and_then(|payload| send_frame(&link, &payload, &handles).map_err(|e| e.to_string()))
        // What can be too long is the result; the reason is not.
        .or_else(|why| send_frame(&link, &to_bytes(&Reply::BadResult(why))?, &[]).map_err(|e| e.to_string()));
    // If neither could be said, nobody is there to hear it.
    process::exit(if sent.is_ok() { code } else { ORPHANED })
}

/// Runs the function; the reply, the descriptors that go with it, and the exit code.
fn run(table: &Table, name: &str, arguments: Message) -> (Reply, Vec<std::os::fd::OwnedFd>, i32) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let message = info.payload_as_str().unwrap_or("a panic without a message").to_string();
        LAST_PANIC.set(Some((message, info.location().map(ToString::to_string))));
        before(info); // standard error stays the user's
    }));
    let (result, handles) = handle::outgoing(None, || {
        panic::catch_unwind(AssertUnwindSafe(|| {
            handle::incoming(arguments.handles, || table.call(name, &arguments.payload))
        }))
    });
    let (reply, code) = match result {
        Ok(Ok(Returned { of, bytes })) => (Reply::Returned { of: of.to_string(), bytes }, 0),
        Ok(Err(CallError::NotRegistered)) => {
            let known = table.names().into_iter().map(String::from).collect();
            (Reply::NotRegistered { known }, NOTHING_TO_RUN)
        }
        Ok(Err(CallError::BadArguments(why))) => (Reply::BadArguments(why), NOTHING_TO_RUN),
        Ok(Err(CallError::BadResult(why))) => (Reply::BadResult(why), PANICKED),
        Err(_) => {
            let (message, location) = last_panic().unwrap_or(("a panic without a message".to_string(), None));
            (Reply::Panicked { message, location }, PANICKED)
        }
    };
    (reply, handles, code)
}

/// The name of the function that this process was started for, if it is a worker.
pub(super) fn asked_for() -> Option<String> {
    let variable = std::env::var(VARIABLE).ok()?;
    let (socket, name) = variable.split_once(':')?;
    let stdin = identity(std::io::stdin().as_fd()).ok()?;
    (socket == stdin).then(|| name.to_string())
}

/// What tells a socket from every other.
pub(super) fn identity(fd: BorrowedFd<'_>) -> rustix::io::Result<String> {
    rustix::fs::fstat(fd).map(|stat| format!("{}-{}", stat.st_dev, stat.st_ino))
}

/// The control socket, moved away from standard input so that the worker's own children do not inherit it.
fn take_stdin() -> std::io::Result<UnixStream> {
    let link = std::io::stdin().as_fd().try_clone_to_owned()?; // closed on exec
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(link))
}
