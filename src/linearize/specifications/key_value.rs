//! A store of texts by key, to which texts can be appended.

use super::readers::Readers;
use crate::linearize::entry::Entry;
use crate::linearize::lookahead::Lookahead;
use crate::linearize::{Specification, key};
use rustc_hash::FxHasher;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

/// A store of texts by key, all of them empty at the beginning. Histories are checked key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyValue(pub(super) BTreeMap<String, Text>);

/// What can be done to a [`KeyValue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValueOp {
    /// The text at a key.
    Get(String),
    /// Replaces the text at a key.
    Put(String, String),
    /// Appends to the text at a key.
    Append(String, String),
}

/// What a [`KeyValueOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValueRet {
    /// The text, which is empty if there was none.
    Text(String),
    /// The text was replaced, or appended to.
    Done,
}

/// A text whose hash grows with it: the search looks states up by their hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    hash: u64,
    /// Nobody reads it, nor any text that begins with it: then only this is known of it.
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

    /// Byte by byte, so that it does not matter in which pieces a text came.
    fn append(&mut self, more: &str) {
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

impl KeyValueOp {
    pub(super) fn at(&self) -> &String {
        let (KeyValueOp::Get(at) | KeyValueOp::Put(at, _) | KeyValueOp::Append(at, _)) = self;
        at
    }
}

impl KeyValue {
    fn text(&self, at: &str) -> &str {
        self.0.get(at).map_or("", |text| &text.text)
    }
}

impl Specification for KeyValue {
    type Op = KeyValueOp;
    type Ret = KeyValueRet;

    fn apply(&mut self, op: &KeyValueOp) -> KeyValueRet {
        match op {
            KeyValueOp::Get(at) => return KeyValueRet::Text(self.text(at).to_string()),
            KeyValueOp::Put(at, text) => {
                let mut new = Text::default();
                new.append(text);
                self.0.insert(at.clone(), new);
            }
            KeyValueOp::Append(at, more) => self.0.entry(at.clone()).or_default().append(more),
        }
        KeyValueRet::Done
    }

    fn is_pure(op: &KeyValueOp) -> bool {
        matches!(op, KeyValueOp::Get(_))
    }

    fn refuses(&self, op: &KeyValueOp, ret: &KeyValueRet) -> bool {
        let unread = || self.0.get(op.at()).is_some_and(|text| text.unread);
        matches!(ret, KeyValueRet::Text(text) if unread() || *text != self.text(op.at()))
    }

    fn lookahead(entries: &[Entry<'_, Self>]) -> Option<Box<dyn Lookahead<Self>>> {
        let at = entries.first()?.op.at();
        let one = entries.iter().all(|entry| entry.op.at() == at);
        one.then(|| -> Box<dyn Lookahead<Self>> { Box::new(Readers::new(at, entries)) })
    }

    fn key(op: &KeyValueOp) -> Option<u64> {
        Some(key(op.at()))
    }
}
