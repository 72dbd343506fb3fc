//! The worker's side: runs one function, reports the result, and exits.

use super::caught::{self, caught};
use super::codec::{from_bytes, to_bytes};
use super::handle;
use super::link::{Arguments, Incoming, Message, Reply, send_frame};
use super::table::{CallError, Returned, Table};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Signal, getpid, kill_process};
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// `SOCKET:NAME`: the socket that is the worker's standard input, and the function to run.
///
/// The socket (device and inode) distinguishes a worker from a process that merely inherited the
/// variable, such as a worker's own child.
pub(super) const VARIABLE: &str = "SELVEDGE_WORKER";

/// The exit code of a worker whose function panicked: Rust's own.
const PANICKED: i32 = 101;
/// The exit code of a worker that has no function to run: the shell's "command not found".
const NOTHING_TO_RUN: i32 = 127;
/// The exit code of a worker whose parent is gone.
const ORPHANED: i32 = 125;

/// How long a worker may run after its parent is gone, so that what it notices by itself can be
/// reported elsewhere.
const GRACE: Duration = Duration::from_millis(500);

static CALLED: AtomicBool = AtomicBool::new(false);

/// Returns whether `worker_main` was called in this process.
fn called() -> bool {
    CALLED.load(Ordering::Relaxed) // a flag alone: it publishes no data
}

/// Whether a worker of this program would only run the whole `main` again, and start workers
/// without end.
///
/// `program` is what is started instead of this program; it may still be this one, or a script
/// around it. So a process that was started as a worker, and has not become one, starts no workers
/// either.
pub(super) fn would_start_again(program: Option<&OsStr>) -> bool {
    !called() && (program.is_none_or(is_this_program) || asked_for().is_some())
}

/// Returns whether this path is that of the running executable.
fn is_this_program(path: &OsStr) -> bool {
    let file = |path: &OsStr| std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let own = file(OsStr::new("/proc/self/exe"))
        .or_else(|| file(std::env::current_exe().ok()?.as_os_str()));
    own.is_some() && own == file(path)
}

/// Must be the first call of `main` in a program that has workers. In a worker, it runs the
/// function that the parent asked for and exits the process. Anywhere else, it returns at once.
///
/// A worker outlives its parent by less than a second, whatever it is doing.
pub fn worker_main(table: &Table) {
    CALLED.store(true, Ordering::Relaxed);
    let Some(name) = asked_for() else { return };
    let link = match take_stdin().and_then(|link| end_with_parent(&link).map(|()| link)) {
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
        .or_else(|why| {
            send_frame(&link, &to_bytes(&Reply::BadResult(why))?, &[]).map_err(|e| e.to_string())
        });
    // If neither could be said, nobody is there to hear it.
    process::exit(if sent.is_ok() { code } else { ORPHANED })
}

/// Starts a thread that exits this process when the parent's end of the link closes, at the latest
/// when the parent dies.
///
/// Linux's parent-death signal does not serve: it comes when the *thread* that started the worker
/// ends.
fn end_with_parent(link: &UnixStream) -> std::io::Result<()> {
    let link = link.try_clone()?;
    let watch = move || {
        // No event is asked for, so this returns when the other end is closed and not when
        // something can be read.
        let mut ready = [PollFd::new(&link, PollFlags::empty())];
        if rustix::io::retry_on_intr(|| poll(&mut ready, None)).is_ok() {
            std::thread::sleep(GRACE);
        }
        // Not by `exit`: what runs at a process's end may wait for the thread that is busy.
        if kill_process(getpid(), Signal::KILL).is_err() {
            process::abort();
        }
    };
    std::thread::Builder::new().name("parent watch".to_string()).spawn(watch).map(drop)
}

/// Runs the function. Returns the reply, the descriptors that go with it, and the exit code.
fn run(table: &Table, name: &str, message: Message) -> (Reply, Vec<OwnedFd>, i32) {
    caught::install();
    let arguments = match from_bytes::<Arguments>(&message.payload) {
        Ok(arguments) => arguments,
        Err(why) => return (Reply::BadArguments(why), Vec::new(), NOTHING_TO_RUN),
    };
    let (result, handles) = handle::outgoing(None, || {
        caught(|| handle::incoming(message.handles, || table.call(name, &arguments)))
    });
    let (reply, code) = match result {
        Ok(Ok(Returned { of, bytes })) => (Reply::Returned { of: of.to_string(), bytes }, 0),
        Ok(Err(CallError::NotRegistered)) => {
            let known = table.names().into_iter().map(String::from).collect();
            (Reply::NotRegistered { known }, NOTHING_TO_RUN)
        }
        Ok(Err(CallError::BadArguments(why))) => (Reply::BadArguments(why), NOTHING_TO_RUN),
        Ok(Err(CallError::BadResult(why))) => (Reply::BadResult(why), PANICKED),
        Err(panic) => {
            (Reply::Panicked { message: panic.words(), location: panic.location }, PANICKED)
        }
    };
    (reply, handles, code)
}

/// Returns the name of the function that this process was started for, if it is a worker.
pub(super) fn asked_for() -> Option<String> {
    let variable = std::env::var(VARIABLE).ok()?;
    let (socket, name) = variable.split_once(':')?;
    let stdin = identity(std::io::stdin().as_fd()).ok()?;
    (socket == stdin).then(|| name.to_string())
}

/// Returns what identifies a socket.
pub(super) fn identity(fd: BorrowedFd<'_>) -> rustix::io::Result<String> {
    rustix::fs::fstat(fd).map(|stat| format!("{}-{}", stat.st_dev, stat.st_ino))
}

/// Takes the control socket and moves it away from standard input, so that the worker's own
/// children do not inherit it.
fn take_stdin() -> std::io::Result<UnixStream> {
    let link = std::io::stdin().as_fd().try_clone_to_owned()?; // closed on exec
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(link))
}
