//! Sequential consistency: an access sees the last store that took effect.

use super::Stored;
use crate::vocabulary::PerObject;
use crate::vocabulary::trace::ObjectId;

/// The last store of each atomic.
#[derive(Debug, Default)]
pub(super) struct Sequential(PerObject<Option<Stored>>);

impl Sequential {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The value that an access sees. `fresh` is the one that the object holds, for its first use.
    pub(super) fn seen(&mut self, object: ObjectId, fresh: impl FnOnce() -> Stored) -> Stored {
        *self.0.of(object).get_or_insert_with(fresh)
    }

    pub(super) fn store(&mut self, object: ObjectId, value: Stored) {
        *self.0.of(object) = Some(value);
    }

    /// An exclusive borrower of the object may change its value unseen.
    pub(super) fn forget(&mut self, object: ObjectId) {
        *self.0.of(object) = None;
    }
}
