//! What a model can do to its process: a stack overflow, a signal, an `exit`.
//!
//! The OS thread itself raises these signals. So the handler runs on the thread that explores, on
//! its alternate stack (the standard library gives one to each thread). A signal that is not a
//! model's goes to the previous handler.

#![allow(unsafe_code)] // every line of it is a system call

use super::last_words::{self, Death};
use super::stack;
use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

/// The signals that a fault or an abort raises, with their names in last words. `SIGTRAP` is how
/// some processors abort.
const FATAL: [(c_int, &str); 6] = [
    (libc::SIGSEGV, "SIGSEGV\n"),
    (libc::SIGBUS, "SIGBUS\n"),
    (libc::SIGABRT, "SIGABRT\n"),
    (libc::SIGILL, "SIGILL\n"),
    (libc::SIGFPE, "SIGFPE\n"),
    (libc::SIGTRAP, "SIGTRAP\n"),
];

/// The previous actions for these signals.
static BEFORE: OnceLock<[libc::sigaction; FATAL.len()]> = OnceLock::new();

/// Remembers the actions for these signals. Called before the first use of loom: generator, its
/// runtime, installs a handler that treats every fault as its own.
pub(super) fn remember() {
    BEFORE.get_or_init(|| {
        FATAL.map(|(signal, _)| {
            let mut action = std::mem::MaybeUninit::uninit();
            // SAFETY: 1. `action` has room for the result, and the signal exists. 2. zeroes are an
            // action: the default one
            unsafe {
                match libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) {
                    0 => action.assume_init(),
                    _ => std::mem::zeroed(),
                }
            }
        })
    });
}

/// Installs our handler for these signals.
pub(super) fn take_over() {
    remember();
    // SAFETY: 0. a function without arguments and result may be called at exit
    unsafe { libc::atexit(at_exit) };
    // SAFETY: 1. zeroes are an action, and the fields that matter are filled in. 2. the handler has
    // the signature of `SA_SIGINFO`. 3. what it does is safe in a handler: see there
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        for (signal, _) in FATAL {
            libc::sigaction(signal, &raw const action, std::ptr::null_mut());
        }
    }
}

/// A test binary that exits while a check runs must not look as if the check had finished.
pub(super) extern "C" fn at_exit() {
    if last_words::at_exit() {
        // SAFETY: 1. ends the process at once. Other exit handlers do not run, because the model is
        // in the middle of something
        unsafe { libc::_exit(101) }
    }
}

/// # Safety
/// 1. The system calls it, with its information about the signal.
unsafe extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let is_about_one = matches!(signal, libc::SIGSEGV | libc::SIGBUS);
    // SAFETY: 1. the system passes a valid `info`; both signals come with an address
    let address = is_about_one.then(|| unsafe { (*info).si_addr() }.addr());
    if address.is_some_and(stack::is_overflow) {
        loop {
            // No thread can continue here. The overflow has been reported to the thread that waits
            // for the exploration, and the process lives. SAFETY: 1. `pause` has no requirements
            unsafe { libc::pause() };
        }
    }
    let Some(at) = FATAL.iter().position(|(fatal, _)| *fatal == signal) else { return };
    last_words::say(&Death::Signal(FATAL[at].1, address));
    // SAFETY: 1. the system's own arguments
    unsafe { pass_on(at, info, context) }
}

/// Passes the signal to the previous handler.
///
/// # Safety
/// 1. The arguments are those of a handler.
unsafe fn pass_on(at: usize, info: *mut libc::siginfo_t, context: *mut c_void) {
    let (signal, _) = FATAL[at];
    let Some(before) = BEFORE.get().map(|all| &all[at]) else { return };
    match before.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: 1. the system returned this action. 2. the signal exists and is sent to this
            // thread: it is blocked while its handler runs, and is delivered after that
            unsafe {
                libc::sigaction(signal, std::ptr::from_ref(before), std::ptr::null_mut());
                libc::raise(signal);
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: 1. the flag says that the handler has this signature
            let handler: unsafe extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(handler) };
            // SAFETY: 2. these are a handler's arguments
            unsafe { handler(signal, info, context) };
        }
        handler => {
            // SAFETY: 1. without the flag the handler has this signature
            let handler: unsafe extern "C" fn(c_int) = unsafe { std::mem::transmute(handler) };
            // SAFETY: 2. the system's signal
            unsafe { handler(signal) };
        }
    }
}
