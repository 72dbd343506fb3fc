//! The parent's side: starts a worker, follows it to its exit, and returns its result or its
//! failure.

use super::caught::caught;
use super::codec::{self, Bytes, from_bytes, to_bytes};
use super::entry::{self, VARIABLE};
use super::frame::{FrameError, LIMIT};
use super::handle;
use super::link::{Arguments, Incoming, Message, Received, Reply, send_frame};
use super::{Exit, Failure, WorkerError};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use serde::{Serialize, de::DeserializeOwned};
use std::any::type_name;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::{net::UnixStream, process::ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A process that runs one function of this program.
#[derive(Debug)]
pub struct Worker;

impl Worker {
    /// Starts this program again to run the function registered as `name` with these arguments.
    ///
    /// # Errors
    ///
    /// If the arguments cannot be sent or the process cannot be started. Every later error comes
    /// from [`WorkerHandle::join`], also if the function does not return an `R`.
    pub fn spawn<A, R>(name: &str, arguments: &A) -> Result<WorkerHandle<R>, WorkerError>
    where
        A: Serialize + ?Sized,
    {
        Builder::new().spawn(name, arguments)
    }
}

/// A builder of workers with other settings.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    program: Option<OsString>,
    environment: Vec<(OsString, OsString)>,
}

impl Builder {
    /// Creates the settings of [`Worker::spawn`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs this program instead of the current one. It must also call
    /// [`worker_main`](super::worker_main).
    ///
    /// If it does not, it runs its own `main`. That cannot start workers without end:
    /// [`spawn`](Self::spawn) fails until `worker_main` was called, in that program, and in this
    /// process if `path` is this program's own.
    #[must_use]
    pub fn program(mut self, path: impl AsRef<OsStr>) -> Self {
        self.program = Some(path.as_ref().to_os_string());
        self
    }

    /// Sets an environment variable of the worker.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((key.as_ref().to_os_string(), value.as_ref().to_os_string()));
        self
    }

    /// Starts the worker.
    ///
    /// The arguments must be read as the primitive types as which they are written. An `i32` is not
    /// accepted as a `u64`, but a `&str` is as a `String`, and a slice as a `Vec`. Otherwise
    /// [`WorkerHandle::join`] returns an error.
    ///
    /// # Errors
    ///
    /// As for [`Worker::spawn`]; also if the arguments' `Serialize` panics.
    pub fn spawn<A, R>(&self, name: &str, arguments: &A) -> Result<WorkerHandle<R>, WorkerError>
    where
        A: Serialize + ?Sized,
    {
        let exit = Exit::new();
        // A panic must not keep us from telling `exit`: somebody may wait there for what was to
        // travel.
        let encoded = caught(|| handle::outgoing(Some(exit.clone()), || written(arguments)));
        let started = match encoded {
            Ok((Ok(bytes), handles)) => self.start(name, bytes, handles, &exit, type_name::<R>()),
            Ok((Err(why), _)) => Err(Failure::Encode(why)),
            Err(panic) => Err(Failure::Encode(format!("its Serialize {panic}"))),
        };
        match started {
            Ok((id, child)) => Ok(WorkerHandle {
                id,
                name: name.to_string(),
                child,
                exit,
                joined: false,
                result: PhantomData,
            }),
            Err(failure) => {
                exit.set(Err(failure.clone())); // whoever follows a descriptor that was to travel
                Err(WorkerError::new(name, failure))
            }
        }
    }

    fn start(
        &self,
        name: &str,
        arguments: Vec<u8>,
        handles: Vec<OwnedFd>,
        exit: &Exit,
        returns: &'static str,
    ) -> Result<(u32, Arc<Mutex<Child>>), Failure> {
        if entry::would_start_again(self.program.as_deref()) {
            return Err(Failure::NoWorkerMain); // else the child would start children without end
        }
        if arguments.len() > LIMIT {
            let why = format!("arguments of {} bytes, and {LIMIT} are the limit", arguments.len());
            return Err(Failure::Encode(why));
        }
        let (ours, theirs) =
            UnixStream::pair().map_err(|e| Failure::io("make a control socket", &e))?;
        let socket = entry::identity(theirs.as_fd())
            .map_err(|e| Failure::io("look at a socket", &e.into()))?;
        let program = self.program.clone().map_or_else(own_program, Ok)?;
        let mut command = Command::new(&program);
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command.env(VARIABLE, format!("{socket}:{name}")).stdin(Stdio::from(OwnedFd::from(theirs)));
        let child =
            command.spawn().map_err(|e| Failure::io(format!("start {}", program.display()), &e))?;
        drop(command); // it holds the child's end of the socket

        let (id, pid) = (child.id(), Pid::from_child(&child));
        let child = Arc::new(Mutex::new(child));
        let follower = Follower {
            link: ours,
            pid,
            child: Arc::clone(&child),
            name: name.to_string(),
            returns,
        };
        let theirs = exit.clone();
        let thread = std::thread::Builder::new().name(format!("worker {name}"));
        thread.spawn(move || theirs.set(follower.follow(&arguments, handles))).map_err(|e| {
            let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
            // the first error is the one to report
            let _ = child.kill().and_then(|()| child.wait());
            Failure::io("start the thread that follows the worker", &e)
        })?;
        Ok((id, child))
    }
}

/// Returns the frame's payload for these arguments.
fn written<A: Serialize + ?Sized>(arguments: &A) -> Result<Vec<u8>, String> {
    let (bytes, shape) = codec::encode(arguments).map_err(|refusal| refusal.words)?;
    to_bytes(&Arguments { of: type_name::<A>().to_string(), shape, bytes: Bytes(bytes) })
}

/// Returns this program, even if its file was replaced since it was started.
fn own_program() -> Result<OsString, Failure> {
    if cfg!(target_os = "linux") {
        return Ok("/proc/self/exe".into());
    }
    std::env::current_exe().map(Into::into).map_err(|e| Failure::io("find this program", &e))
}

/// Follows one worker to its exit, on its own thread. So no caller blocks in a write without a
/// reader, and a result of any length is received. A dead worker is detected and reaped at once.
struct Follower {
    link: UnixStream,
    pid: Pid,
    child: Arc<Mutex<Child>>,
    name: String,
    /// The name of the type that the handle expects.
    returns: &'static str,
}

impl Follower {
    fn follow(self, arguments: &[u8], handles: Vec<OwnedFd>) -> Result<Message, Failure> {
        // If the worker is gone already, its exit status says more than this error.
        let _ = send_frame(&self.link, arguments, &handles);
        drop(handles); // the worker has its own now
        let reply = self.reply();
        let status = self.reap().map_err(|e| Failure::io("wait for the process", &e))?;
        self.judge(reply, status)
    }

    /// Returns the worker's reply, or `None` if it ended without one.
    fn reply(&self) -> Result<Option<Message>, FrameError> {
        let mut incoming = Incoming::default();
        // A process that the worker started may hold the socket longer than the worker lives, so
        // the end of the stream alone does not do. Where the system has no pidfd, it has to.
        let Ok(process) = pidfd_open(self.pid, PidfdFlags::empty()) else {
            return incoming.message(&self.link);
        };
        loop {
            let mut ready =
                [PollFd::new(&self.link, PollFlags::IN), PollFd::new(&process, PollFlags::IN)];
            if rustix::io::retry_on_intr(|| poll(&mut ready, None)).is_err() {
                return incoming.message(&self.link);
            }
            if ready[0].revents().is_empty() {
                return Ok(None); // the process has ended, and what it said has been read
            }
            match incoming.read(&self.link)? {
                Received::Message(message) => return Ok(Some(message)),
                Received::Part => {}
                Received::End => return Ok(None),
            }
        }
    }

    /// Waits for the end of the process. `kill` stays possible meanwhile, and never hits another
    /// process.
    fn reap(&self) -> io::Result<ExitStatus> {
        let unreaped = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.pid), unreaped))?;
        self.child.lock().unwrap_or_else(PoisonError::into_inner).wait()
    }

    /// Determines what the end of the worker means.
    fn judge(
        &self,
        reply: Result<Option<Message>, FrameError>,
        status: ExitStatus,
    ) -> Result<Message, Failure> {
        if let Some(signal) = status.signal() {
            // whatever it had said, it did not end as it meant to
            return Err(Failure::Signaled(signal));
        }
        let ended = Failure::Exited(status.code().unwrap_or_default());
        let Some(message) = reply.map_err(|e| Failure::Decode(e.to_string()))? else {
            return Err(ended);
        };
        match from_bytes(&message.payload).map_err(Failure::Decode)? {
            Reply::Returned { of, .. } if of != self.returns => Err(Failure::Decode(format!(
                "result: the function returns {of}, the handle expects {}",
                self.returns
            ))),
            Reply::Returned { bytes, .. } if status.success() => {
                Ok(Message { payload: bytes.0, handles: message.handles })
            }
            Reply::Returned { .. } => Err(ended),
            Reply::Panicked { message, location } => Err(Failure::Panicked { message, location }),
            Reply::NotRegistered { known } => {
                Err(Failure::NotRegistered { name: self.name.clone(), known })
            }
            Reply::BadArguments(why) => Err(Failure::Decode(format!("arguments: {why}"))),
            Reply::BadResult(why) => Err(Failure::Encode(format!("result: {why}"))),
        }
    }
}

/// A handle to a running worker and its result.
///
/// Dropping it kills the worker and waits for its end, so that no process outlives its handle
/// unseen. If the worker had already failed by itself, that is reported on standard error: a
/// failure is never silent. Threads that follow the worker in another way have its [`Exit`].
#[must_use = "dropping the handle kills the worker"]
pub struct WorkerHandle<R> {
    id: u32,
    name: String,
    child: Arc<Mutex<Child>>,
    exit: Exit,
    joined: bool,
    result: PhantomData<fn() -> R>,
}

impl<R> WorkerHandle<R> {
    /// Returns the id of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Returns the name of its function.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if it has ended in any way; `join` does not block then.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.exit.get().is_some()
    }

    /// Returns its exit, for other threads to wait for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit.clone()
    }

    /// Kills its process (SIGKILL). Does nothing if it has ended.
    ///
    /// # Errors
    ///
    /// If the operating system refuses.
    pub fn kill(&self) -> Result<(), WorkerError> {
        let killed = self.child.lock().unwrap_or_else(PoisonError::into_inner).kill();
        killed.map_err(|e| WorkerError::new(&self.name, Failure::io("kill the process", &e)))
    }
}

impl<R: DeserializeOwned> WorkerHandle<R> {
    /// Blocks until the worker has ended, and returns its function's result.
    ///
    /// A thread that waits here receives nothing meanwhile. So what the worker still sends into
    /// queues of this process is kept in memory. The worker never waits for room then, and joining
    /// before draining terminates.
    ///
    /// # Errors
    ///
    /// How else it ended.
    pub fn join(self) -> Result<R, WorkerError> {
        self.exit.join();
        let ended = self.exit.wait();
        self.finish(ended)
    }

    /// Returns the worker's result if it has ended, otherwise its handle.
    ///
    /// # Errors
    ///
    /// The outer error is the handle: the worker still runs. The inner one is as in
    /// [`join`](Self::join).
    pub fn try_join(self) -> Result<Result<R, WorkerError>, Self> {
        match self.exit.get() {
            Some(ended) => Ok(self.finish(ended)),
            None => Err(self),
        }
    }

    /// Blocks until the worker has ended, for at most `timeout`. From then on its queues are
    /// received, as by [`join`](Self::join).
    ///
    /// # Errors
    ///
    /// As for [`try_join`](Self::try_join).
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<R, WorkerError>, Self> {
        self.exit.join();
        match self.exit.wait_timeout(timeout) {
            Some(ended) => Ok(self.finish(ended)),
            None => Err(self),
        }
    }

    fn finish(mut self, ended: Result<(), Failure>) -> Result<R, WorkerError> {
        self.joined = true;
        let decode = |()| {
            let Message { payload, handles } = self.exit.take_reply();
            let decoded = caught(|| handle::incoming(handles, || from_bytes(&payload)));
            match decoded {
                Ok(result) => result.map_err(|why| Failure::Decode(format!("result: {why}"))),
                Err(panic) => Err(Failure::Decode(format!("result: its Deserialize {panic}"))),
            }
        };
        ended.and_then(decode).map_err(|failure| WorkerError::new(&self.name, failure))
    }
}

impl<R> fmt::Debug for WorkerHandle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, exit, .. } = self;
        f.debug_struct("WorkerHandle")
            .field("name", name)
            .field("id", id)
            .field("exit", exit)
            .finish_non_exhaustive()
    }
}

impl<R> Drop for WorkerHandle<R> {
    fn drop(&mut self) {
        if self.joined {
            return;
        }
        match self.exit.get() {
            Some(Ok(())) => {}
            Some(Err(failure)) => {
                eprintln!("{}, and nobody joined it", WorkerError::new(&self.name, failure))
            }
            None => {
                // An error means that it has ended meanwhile: then the wait is short.
                let _ = self.kill();
                let _ = self.exit.wait(); // killed by us: no news
            }
        }
    }
}
