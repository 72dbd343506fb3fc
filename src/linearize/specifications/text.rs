//! A text that grows at its end, for states that hold texts.

use rustc_hash::FxHasher;
use std::hash::{Hash, Hasher};

/// A text whose hash grows with it: the search looks states up by their hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    hash: u64,
    /// Whether neither it nor any text that starts with it is read: then only this is known of it.
    pub(super) unread: bool,
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.unread == other.unread && self.text == other.text
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash);
    }
}

impl Text {
    pub(super) fn unread() -> Self {
        Text { text: String::new(), hash: 1, unread: true }
    }

    /// Appends byte by byte, so that it does not matter how a text was split.
    pub(super) fn append(&mut self, more: &str) {
        if self.unread {
            return;
        }
        self.text.push_str(more);
        for byte in more.bytes() {
            let mut hasher = FxHasher::default();
            hasher.write_u64(self.hash.rotate_left(5) ^ u64::from(byte));
            self.hash = hasher.finish();
        }
    }
}
