//! The look-ahead for one key of a store: which operations are still to read which text.
//!
//! If no text that is still to be read starts with a state's text, all such states are equivalent.
//! Nothing leads on from such a state if a read must come before the next possible replacement of
//! the text.

use super::text::Text;

/// The role of an operation at the key.
pub(super) enum Role<'a> {
    /// It read this text, and returned then.
    Read {
        text: &'a str,
        end: u64,
    },
    /// It replaces the text, and was called then.
    Replace {
        start: u64,
    },
    Other,
}

pub(super) struct Readers {
    /// For each operation, its place in the lists below.
    places: Vec<Place>,
    /// The texts that are read, in order, with the number of remaining reads of each.
    texts: Vec<(String, u32)>,
    /// When reads return, in order, and whether they have taken effect.
    reads: Firsts,
    /// When replacements are called, in order.
    puts: Firsts,
}

#[derive(Clone, Copy)]
enum Place {
    Read { text: usize, place: usize },
    Put { place: usize },
    None,
}

/// Moments in order, some of which are over; finds the first that is not.
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
    /// Creates the look-ahead for operations on one key, in the order of their calls.
    pub(super) fn new<'a>(roles: impl Iterator<Item = Role<'a>>) -> Self {
        let roles: Vec<Role<'a>> = roles.collect();
        let read = |role: &Role<'a>| match role {
            Role::Read { text, .. } => Some(*text),
            Role::Replace { .. } | Role::Other => None,
        };
        let mut texts: Vec<(String, u32)> =
            roles.iter().filter_map(read).map(|text| (text.to_string(), 0)).collect();
        texts.sort();
        texts.dedup();
        let mut places = vec![Place::None; roles.len()];
        let (mut ends, mut starts) = (Vec::new(), Vec::new());
        for (number, role) in roles.iter().enumerate() {
            match role {
                Role::Read { text, end } => {
                    let text = texts
                        .binary_search_by(|(known, _)| known.as_str().cmp(text))
                        .expect("a text that is read");
                    texts[text].1 += 1;
                    places[number] = Place::Read { text, place: 0 };
                    ends.push((*end, number));
                }
                Role::Replace { start } => {
                    places[number] = Place::Put { place: starts.len() };
                    starts.push(*start);
                }
                Role::Other => {}
            }
        }
        ends.sort_unstable();
        for (order, (_, number)) in ends.iter().enumerate() {
            if let Place::Read { place, .. } = &mut places[*number] {
                *place = order;
            }
        }
        let reads = Firsts::new(ends.into_iter().map(|(end, _)| end).collect());
        Readers { places, texts, reads, puts: Firsts::new(starts) }
    }

    /// Returns whether this text, or one that starts with it, is still to be read.
    fn is_read(&self, text: &str) -> bool {
        let from = self.texts.partition_point(|(known, _)| known.as_str() < text);
        self.texts[from..]
            .iter()
            .take_while(|(known, _)| known.starts_with(text))
            .any(|(_, readers)| *readers > 0)
    }

    /// Records that an operation has taken effect, or that this was undone.
    pub(super) fn set(&mut self, entry: u32, taken: bool) {
        match self.places[entry as usize] {
            Place::Read { text, place } => {
                let readers = &mut self.texts[text].1;
                *readers = if taken { *readers - 1 } else { *readers + 1 };
                self.reads.set(place, taken);
            }
            Place::Put { place } => self.puts.set(place, taken),
            Place::None => {}
        }
    }

    /// Returns whether nothing leads on from this text. Replaces the text if it is never read.
    pub(super) fn is_hopeless(&mut self, text: &mut Text) -> bool {
        if !text.unread && !self.is_read(&text.text) {
            *text = Text::unread();
        }
        let replaced = self.puts.first().unwrap_or(u64::MAX);
        text.unread && self.reads.first().is_some_and(|read| read < replaced)
    }
}
