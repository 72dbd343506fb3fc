//! The look-ahead for one key of a store: who is still to read which text.
//!
//! A text with which nothing begins that is still to be read is as good as any other such text. And from such a text
//! nothing leads on, if somebody has to read before the next time that the text can be replaced.

use super::KeyValueOp;
use super::KeyValueRet;
use super::key_value::{KeyValue, Text};
use crate::linearize::entry::Entry;
use crate::linearize::lookahead::Lookahead;

pub(super) struct Readers {
    at: String,
    /// Of each operation: what it is to this.
    role: Vec<Role>,
    /// The texts that are read, in order, and how many are still to read each.
    texts: Vec<(String, u32)>,
    /// When those who read have returned, in order, and whether they have read.
    reads: Firsts,
    /// When those who replace are called, in order.
    puts: Firsts,
}

#[derive(Clone, Copy)]
enum Role {
    Read { text: usize, place: usize },
    Put { place: usize },
    Append,
}

/// Moments in order, of which some are over: the first that is not.
struct Firsts {
    moments: Vec<u64>,
    over: Vec<bool>,
    /// All before this are over.
    first: usize,
}

impl Firsts {
    fn new(moments: Vec<u64>) -> Self {
        Firsts { over: vec![false; moments.len()], moments, first: 0 }
    }

    fn set(&mut self, place: usize, over: bool) {
        self.over[place] = over;
        if !over {
            self.first = self.first.min(place);
        }
    }

    fn first(&mut self) -> Option<u64> {
        while self.over.get(self.first) == Some(&true) {
            self.first += 1;
        }
        self.moments.get(self.first).copied()
    }
}

impl Readers {
    /// For entries that are all about this key.
    pub(super) fn new(at: &str, entries: &[Entry<'_, KeyValue>]) -> Self {
        let read = |entry: &Entry<'_, KeyValue>| match entry.returned() {
            Some(KeyValueRet::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let mut texts: Vec<(String, u32)> = entries.iter().filter_map(read).map(|text| (text, 0)).collect();
        texts.sort();
        texts.dedup();
        let mut role = vec![Role::Append; entries.len()];
        let (mut ends, mut starts) = (Vec::new(), Vec::new());
        for (number, entry) in entries.iter().enumerate() {
            if let Some(text) = read(entry) {
                let text = texts.binary_search_by(|(known, _)| known.cmp(&text)).expect("a text that is read");
                texts[text].1 += 1;
                role[number] = Role::Read { text, place: 0 };
                ends.push((entry.end, number));
            } else if let KeyValueOp::Put(..) = entry.op {
                role[number] = Role::Put { place: starts.len() };
                starts.push(entry.start);
            }
        }
        ends.sort_unstable();
        for (order, (_, number)) in ends.iter().enumerate() {
            if let Role::Read { place, .. } = &mut role[*number] {
                *place = order;
            }
        }
        let reads = Firsts::new(ends.into_iter().map(|(end, _)| end).collect());
        Readers { at: at.to_string(), role, texts, reads, puts: Firsts::new(starts) }
    }

    /// Whether somebody is still to read this text, or one that begins with it.
    fn is_read(&self, text: &str) -> bool {
        let from = self.texts.partition_point(|(known, _)| known.as_str() < text);
        self.texts[from..].iter().take_while(|(known, _)| known.starts_with(text)).any(|(_, readers)| *readers > 0)
    }
}

impl Lookahead<KeyValue> for Readers {
    fn set(&mut self, entry: u32, taken: bool) {
        match self.role[entry as usize] {
            Role::Read { text, place } => {
                let readers = &mut self.texts[text].1;
                *readers = if taken { *readers - 1 } else { *readers + 1 };
                self.reads.set(place, taken);
            }
            Role::Put { place } => self.puts.set(place, taken),
            Role::Append => {}
        }
    }

    fn is_hopeless(&mut self, state: &mut KeyValue) -> bool {
        let Some(text) = state.0.get_mut(&self.at) else { return false };
        if !text.unread && !self.is_read(&text.text) {
            *text = Text::unread();
        }
        let replaced = self.puts.first().unwrap_or(u64::MAX);
        text.unread && self.reads.first().is_some_and(|read| read < replaced)
    }
}
