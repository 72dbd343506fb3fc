//! Catches panics of foreign code, with message and location, where they must not unwind further.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// The text for a panic whose payload is not text.
pub(super) const WITHOUT_A_MESSAGE: &str = "a panic without a message";

thread_local! {
    static LAST_PANIC: RefCell<Option<(String, Option<String>)>> = const { RefCell::new(None) };
}

/// Returns, in a worker, the message and location of this thread's last panic.
#[must_use]
pub fn last_panic() -> Option<(String, Option<String>)> {
    LAST_PANIC.with_borrow(Clone::clone)
}

/// A panic that was caught.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    /// Its message, if it is text.
    pub(crate) message: Option<String>,
    /// `src/work.rs:12:5`, if the process's panic hook is still ours.
    pub(crate) location: Option<String>,
}

impl Panic {
    /// Returns the message, or that there was none.
    pub(crate) fn words(&self) -> String {
        self.message.clone().unwrap_or_else(|| WITHOUT_A_MESSAGE.to_string())
    }
}

/// The rest of a sentence that begins with whose code it was.
impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Some(at) => write!(f, "panicked at {at}: {}", self.words()),
            None => write!(f, "panicked: {}", self.words()),
        }
    }
}

/// Installs a panic hook that also records the location of each panic; the previous hook still
/// runs.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    if std::thread::panicking() {
        return; // std changes no hook then: the place stays unknown until the next time
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let message = info.payload_as_str().unwrap_or(WITHOUT_A_MESSAGE).to_string();
            let place = (message, info.location().map(ToString::to_string));
            // A panic while the thread's values are destroyed has nowhere to be written.
            let _ = LAST_PANIC.try_with(|last| last.replace(Some(place)));
            before(info); // standard error stays the user's
        }));
    });
}

/// Calls foreign code. A panic of the code, or of its payload's drop, is an error.
pub(crate) fn caught<R>(call: impl FnOnce() -> R) -> Result<R, Panic> {
    install();
    let before = LAST_PANIC.take();
    match panic::catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => {
            LAST_PANIC.set(before);
            Ok(value)
        }
        Err(payload) => {
            // `resume_unwind` calls no hook.
            let location = last_panic().and_then(|(_, location)| location);
            let text = payload.downcast_ref::<&str>().map(ToString::to_string);
            let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
            forget_if_it_panics(payload);
            Err(Panic { message, location })
        }
    }
}

fn forget_if_it_panics(payload: Box<dyn Any + Send>) {
    if let Err(again) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(again); // its drop may panic as well, and so on
    }
}

/// A value of a foreign type, whose `Drop` may panic. It never panics while another panic unwinds.
pub(crate) struct Held<T>(Option<T>);

impl<T> Held<T> {
    pub(crate) fn new(value: T) -> Self {
        Held(Some(value))
    }

    pub(crate) fn get(&mut self) -> &mut T {
        self.0.as_mut().expect("taken only at the end")
    }

    pub(crate) fn take(mut self) -> T {
        self.0.take().expect("taken only at the end")
    }

    /// Drops the value; an error if that panicked.
    pub(crate) fn end(mut self) -> Result<(), Panic> {
        let value = self.0.take();
        caught(|| drop(value))
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            // there is an error already, and it is the first one that counts
            let _ = caught(|| drop(value));
        }
    }
}
