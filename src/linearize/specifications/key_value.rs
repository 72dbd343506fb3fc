//! A store of texts by key, with append.

use super::readers::{Readers, Role};
use super::text::Text;
use crate::linearize::entry::Entry;
use crate::linearize::lookahead::Lookahead;
use crate::linearize::{Specification, key};
use std::collections::BTreeMap;

/// A store of texts by key, all of them initially empty. Histories are checked key by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyValue(BTreeMap<String, Text>);

/// The operations of a [`KeyValue`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValueOp {
    /// Returns the text at a key.
    Get(String),
    /// Replaces the text at a key.
    Put(String, String),
    /// Appends to the text at a key.
    Append(String, String),
}

/// What a [`KeyValueOp`] returns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyValueRet {
    /// The text; empty if there was none.
    Text(String),
    /// The text was replaced or appended to.
    Done,
}

impl KeyValueOp {
    fn at(&self) -> &String {
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
        one.then(|| -> Box<dyn Lookahead<Self>> {
            Box::new(OneKey { at: at.clone(), readers: readers(entries) })
        })
    }

    fn key(op: &KeyValueOp) -> Option<u64> {
        Some(key(op.at()))
    }
}

/// The look-ahead of entries that all concern one key.
struct OneKey {
    at: String,
    readers: Readers,
}

/// Returns which entries read what at a key, and which replace it.
fn readers(entries: &[Entry<'_, KeyValue>]) -> Readers {
    Readers::new(entries.iter().map(|entry| match (entry.returned(), entry.op) {
        (Some(KeyValueRet::Text(text)), _) => Role::Read { text, end: entry.end },
        (_, KeyValueOp::Put(..)) => Role::Replace { start: entry.start },
        (_, KeyValueOp::Get(_) | KeyValueOp::Append(..)) => Role::Other,
    }))
}

impl Lookahead<KeyValue> for OneKey {
    fn set(&mut self, entry: u32, taken: bool) {
        self.readers.set(entry, taken);
    }

    fn is_hopeless(&mut self, state: &mut KeyValue) -> bool {
        state.0.get_mut(&self.at).is_some_and(|text| self.readers.is_hopeless(text))
    }
}
