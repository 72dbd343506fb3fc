//! What one execution shows of itself: everything that its threads saw, with what they overtook or
//! were overtaken by.

/// Objects whose accesses are numbered: two atomics, two mutexes, the reader-writer lock's writers
/// and its readers.
pub(crate) const ATOMICS: usize = 0;
pub(crate) const MUTEXES: usize = 2;
pub(crate) const WRITERS: usize = 4;
pub(crate) const READERS: usize = 5;

/// What was seen by an operation: its result, and how many writes (or acquisitions) its object had
/// had before.
pub(crate) type Seen = (u64, u8);

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Outcome {
    pub(crate) logs: Vec<Vec<Seen>>,
    pub(crate) versions: [u8; 6],
    /// The values that the atomics have at the end.
    pub(crate) values: [u64; 2],
    /// Which threads came to their end: the others are deadlocked, or spin for ever.
    pub(crate) finished: Vec<bool>,
}

impl Outcome {
    pub(crate) fn new(threads: usize) -> Outcome {
        Outcome {
            logs: vec![Vec::new(); threads],
            finished: vec![false; threads],
            ..Outcome::default()
        }
    }

    /// What an operation sees that is done now.
    pub(crate) fn seeing(&self, object: usize, result: u64) -> Seen {
        (result, self.versions[object])
    }

    pub(crate) fn saw(&mut self, thread: usize, object: usize, result: u64) {
        let seen = self.seeing(object, result);
        self.logs[thread].push(seen);
    }

    /// The same, for an operation that is a write or an acquisition of its object.
    pub(crate) fn changed(&mut self, thread: usize, object: usize, result: u64) {
        self.saw(thread, object, result);
        self.versions[object] += 1;
    }

    pub(crate) fn wrote(&mut self, thread: usize, atomic: usize, read: u64, value: u64) {
        self.changed(thread, ATOMICS + atomic, read);
        self.values[atomic] = value;
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.finished.contains(&false)
    }
}
