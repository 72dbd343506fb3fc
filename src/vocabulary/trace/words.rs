//! Display names of threads and objects, and what threads wait for. The text is derived from data
//! and never parsed.

use super::{Awaited, Blocked, ObjectId, Operation, Thread, ThreadId, Trace};

impl Trace {
    /// Returns the display name of a thread: its given name, or `main`, or `thread 2`.
    ///
    /// If several threads have the same name, a number distinguishes them: `worker 1`, `worker 2`.
    #[must_use]
    pub fn thread_name(&self, thread: ThreadId) -> String {
        let given = |(id, thread): (u32, &Thread)| match &thread.name {
            Some(name) => name.clone(),
            None => unnamed(ThreadId(id)),
        };
        if thread.index() >= self.threads.len() {
            return unnamed(thread);
        }
        let names: Vec<String> = (0..).zip(&self.threads).map(given).collect();
        told_apart(names.iter().map(|name| Some(name.as_str())), thread.index())
    }

    /// Returns the display name of an object: its given name, or its kind with its number among
    /// that kind.
    ///
    /// If several objects were given the same name, a number distinguishes them: `slot 1`,
    /// `slot 2`.
    #[must_use]
    pub fn object_name(&self, object: ObjectId) -> String {
        let Some(it) = self.objects.get(object.index()) else { return format!("#{}", object.0) };
        if it.name.is_some() {
            return told_apart(
                self.objects.iter().map(|object| object.name.as_deref()),
                object.index(),
            );
        }
        let number =
            self.objects[..object.index()].iter().filter(|o| o.kind == it.kind).count() + 1;
        format!("{} {number}", it.kind)
    }

    /// Returns what a thread waits for as text: `balance, held by teller 1`.
    #[must_use]
    pub fn waiting(&self, blocked: &Blocked) -> String {
        match blocked.on {
            Awaited::Lock(lock) => {
                let holders: Vec<String> =
                    blocked.holders.iter().map(|holder| self.thread_name(*holder)).collect();
                let by = if holders.is_empty() {
                    String::new()
                } else {
                    format!(", held by {}", holders.join(", "))
                };
                format!("{}{by}", self.object_name(lock))
            }
            Awaited::Notification(condvar) => {
                format!("a notification of {}", self.object_name(condvar))
            }
            Awaited::End(thread) => format!("the end of {}", self.thread_name(thread)),
            Awaited::Unpark => "an unpark".to_string(),
            Awaited::Wake(waker) => self.wake_of(waker),
        }
    }

    /// Returns `a wake of waker 1, which thread 2 dropped last (#9)`: who could have woken the
    /// task.
    fn wake_of(&self, waker: ObjectId) -> String {
        let name = self.object_name(waker);
        let last = self.events.iter().rposition(|event| {
            let is_use = matches!(event.operation, Operation::Signal(_) | Operation::Waker(_));
            is_use && event.object == Some(waker)
        });
        let Some((number, event)) = last.map(|at| (at + 1, &self.events[at])) else {
            return format!("a wake of {name}, of which there never was a clone");
        };
        let did = match event.operation {
            Operation::Waker("clone") => "cloned",
            Operation::Waker("drop") => "dropped",
            _ => "woke",
        };
        format!("a wake of {name}, which {} {did} last (#{number})", self.thread_name(event.thread))
    }
}

/// Returns the display name of a thread without a given name.
fn unnamed(thread: ThreadId) -> String {
    if thread == ThreadId::MAIN { "main".to_string() } else { format!("thread {}", thread.0) }
}

/// Returns the name at `index`. If others share it, a number follows that does not make it the name
/// of another.
fn told_apart<'a>(names: impl Iterator<Item = Option<&'a str>> + Clone, index: usize) -> String {
    let others = |mine: &str| names.clone().filter(|name| *name == Some(mine)).count();
    let Some(name) = names.clone().nth(index).flatten() else { return String::new() };
    if others(name) == 1 {
        return name.to_string();
    }
    let earlier = names.clone().take(index).filter(|other| *other == Some(name)).count();
    let mut numbered = (1..)
        .map(|number: u32| format!("{name} {number}"))
        .filter(|numbered| others(numbered) == 0);
    numbered.nth(earlier).unwrap_or_default()
}
