//! Last words: the report of an execution that ends its process.
//!
//! After a panic that cannot unwind, an abort, a signal or an `exit`, the thread that waits for the
//! exploration never gets a report. So the report goes to standard error at once. The first line
//! needs no memory, because the rest may fail: rendering the execution takes memory, which a broken
//! process may not have. A time limit covers that.

use super::{Ending, FailedExecution, Teller, stack};
use crate::execution::{Engine, Pulse, World, engine, me, try_with};
use crate::vocabulary::explorer::Explorer;
use crate::vocabulary::trace::Fingerprint;
use crate::vocabulary::verdict::Kind;
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How a model ends its process.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "signals, and what is done at an exit, are Unix's")
)]
pub(super) enum Death {
    /// By a panic that cannot unwind: its message.
    Panic(String),
    /// By a signal: its name, and the faulting address if it has one.
    Signal(&'static str, Option<usize>),
    /// By `exit`.
    Exit,
}

/// Renders the running execution: the explorer, and the check's report.
#[derive(Clone)]
struct Told {
    explorer: Explorer,
    teller: Teller,
    executions: Arc<Pulse>,
}

thread_local! {
    static TOLD: RefCell<Option<Told>> = const { RefCell::new(None) };
    /// Whether this OS thread has begun its last words.
    static SPOKE: Cell<bool> = const { Cell::new(false) };
}

/// Whether any thread has begun its last words.
static SPOKEN: AtomicBool = AtomicBool::new(false);

/// How many explorations are waited for.
static AWAITED: AtomicUsize = AtomicUsize::new(0);

/// Begins an exploration on this OS thread.
pub(crate) fn set(explorer: Explorer, teller: Option<&Teller>, pulse: &Arc<Pulse>) {
    let told =
        |teller: &Teller| Told { explorer, teller: teller.clone(), executions: Arc::clone(pulse) };
    TOLD.set(teller.map(told));
    #[cfg(unix)]
    {
        try_with(|_| ()); // so that the world is there when the guard is, which is made after it
        GUARD.with(|_| ());
    }
}

/// Marks the end of this OS thread's values. On some systems `exit` begins with them, and the world
/// is gone when `atexit` calls us. Values are dropped in reverse order of creation.
#[cfg(unix)]
struct Guard;

#[cfg(unix)]
impl Drop for Guard {
    fn drop(&mut self) {
        // between executions, and at a host's own end, there is no engine
        if engine() != Engine::Std {
            super::fault::at_exit();
        }
    }
}

#[cfg(unix)]
thread_local! {
    static GUARD: Guard = const { Guard };
}

/// As long as this exists, a thread waits for an exploration.
pub(crate) struct Awaited(());

impl Awaited {
    pub(crate) fn new() -> Awaited {
        // Relaxed: it is read at the end of the process, by a thread that may have got there in any
        // way, and it publishes nothing.
        AWAITED.fetch_add(1, Ordering::Relaxed);
        Awaited(())
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        AWAITED.fetch_sub(1, Ordering::Relaxed); // see `new`
    }
}

/// The process ends by an `exit`. Returns whether that ends a check without a verdict, which is no
/// success.
#[cfg(unix)]
pub(super) fn at_exit() -> bool {
    if engine() != Engine::Std {
        say(&Death::Exit);
        return true;
    }
    let awaited = AWAITED.load(Ordering::Relaxed); // see `Awaited::new`
    if awaited > 0 {
        let checks = if awaited == 1 { "a check runs" } else { "checks run" };
        print(&format!(
            "\nselvedge: the process exits while {checks}: there is no verdict, so it exits with \
             101\n"
        ));
    }
    awaited > 0
}

/// Reports the execution that runs on this thread, if there is one. Returns afterwards: it does not
/// end the process.
pub(super) fn say(death: &Death) {
    if engine() == Engine::Std || SPOKE.get() {
        return; // it may have died of its last words
    }
    // AcqRel: pairs with itself, so that one thread speaks; the report is that thread's own
    if SPOKEN.swap(true, Ordering::AcqRel) {
        loop {
            std::thread::park(); // the speaking thread ends the process
        }
    }
    SPOKE.set(true);
    print("\nselvedge: the process ends in a model: ");
    print(match death {
        Death::Panic(_) => "a panic that cannot unwind\n",
        Death::Signal(name, _) => name,
        Death::Exit => "exit\n",
    });
    limit(true);
    stack::roomy(|| {
        let words = try_with(|world| words(world, death)).flatten();
        print(&words.unwrap_or_else(|| "\n(nothing is known of what it did)\n".to_string()));
    });
    limit(false);
}

/// The execution so far, rendered, with the token that replays it.
fn words(world: &mut World, death: &Death) -> Option<String> {
    let told = TOLD
        .try_with(|told| told.try_borrow().ok().and_then(|told| told.clone()))
        .ok()
        .flatten()?;
    let (panic, before) = (world.take_panic(me()), world.ending.take());
    let mut message = match death {
        Death::Panic(words) => words.clone(),
        Death::Signal(name, address) => {
            let at =
                address.map_or_else(String::new, |address| format!(" at address {address:#x}"));
            let last = panic.as_ref().map_or_else(String::new, |(message, location)| {
                format!(
                    "; the last panic before it: {message} ({})",
                    location.as_deref().unwrap_or("nobody knows where")
                )
            });
            format!("the process ends by {}{at}{last}", name.trim_end())
        }
        Death::Exit => {
            "the model ends the process (std::process::exit), so that no check comes to its end"
                .to_string()
        }
    };
    if let Some(Ending::Violation { kind, message: first, .. }) = before {
        message = format!("{message}; the execution had failed already: {kind}: {first}");
    }
    let location =
        panic.filter(|_| matches!(death, Death::Panic(_))).and_then(|(_, location)| location);
    world.end(Ending::Violation { kind: Kind::Abort, message, location, conflict: None });
    let trace = std::mem::take(&mut world.log.trace);
    let failure = FailedExecution {
        ending: world.ending.clone()?,
        events: Fingerprint::of(&trace),
        trace,
        schedule: std::mem::take(&mut world.turns.schedule),
        counted: world.counted(),
        execution: told.executions.executions(),
    };
    Some(format!("\n{}", (told.teller.0)(told.explorer, failure)))
}

/// Limits last words to this many seconds: a thread interrupted in the middle of an allocation
/// cannot allocate, and would wait for ever.
#[cfg(unix)]
#[allow(unsafe_code)]
fn limit(begins: bool) {
    const SECONDS: u32 = 5;
    // SAFETY: 1. both may be called in a handler. This signal ends the process by default
    unsafe {
        if begins {
            libc::signal(libc::SIGALRM, libc::SIG_DFL);
        }
        libc::alarm(if begins { SECONDS } else { 0 });
    }
}

#[cfg(not(unix))]
fn limit(_begins: bool) {}

/// Writes to standard error directly, past locks and the capture of a test's output.
#[cfg(unix)]
#[allow(unsafe_code)]
fn print(text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // SAFETY: 1. the pointer and the length describe `rest`
        let written = unsafe { libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(written) if written > 0 => rest = &rest[written.min(rest.len())..],
            _ => return, // there is no other way to report
        }
    }
}

#[cfg(not(unix))]
fn print(text: &str) {
    eprint!("{text}");
}
