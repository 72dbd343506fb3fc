//! Reads of a store that is not the last one, and why the memory model lets them.

/// A read of a store that is not the last one of its object, in the order of the events. All places
/// are those of events in [`Trace::events`](super::Trace::events).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleRead {
    /// The place of the read.
    pub read: usize,
    /// The place of the store that it read; `None` for the initial value.
    pub source: Option<usize>,
    /// The place of the last store before the read.
    pub missed: usize,
    /// Why it need not have seen that one.
    pub why: Why,
}

/// Why a read need not see a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The store is older than the one that was read: to every thread, it stands before that one.
    Older,
    /// Nothing leads from the store to the read: its thread has read nothing that would tell of it.
    Apart {
        /// Whether no interleaving is like this: if all accesses were SeqCst, the store would come
        /// before the read, and be seen.
        sequential: bool,
    },
    /// Reads and stores lead from the store to the read, but they do not synchronize. If each of
    /// these did, the store would happen before the read.
    Unsynchronised(Vec<Lack>),
}

/// A read that does not synchronize with the store from which it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The place of the store.
    pub store: usize,
    /// The place of the read.
    pub read: usize,
    /// The place of the read-modify-write from which it reads, if that one goes on from the store.
    pub through: Option<usize>,
    /// Whether the store would have to release.
    pub release: bool,
    /// Whether the read would have to acquire.
    pub acquire: bool,
}
