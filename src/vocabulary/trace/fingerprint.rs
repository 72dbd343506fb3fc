//! The first events of an execution in a few letters, by which a replay notices that the program
//! has changed.
//!
//! Each operation has one letter, followed by the number of its object, if it has one:
//! `ssr0w0r0w0`. Source lines are left out, so that a token survives edits that change no event.
//! Values are left out because they may be addresses, and threads because the schedule gives them.

use super::{Event, ObjectId, Operation, Trace};
use std::fmt;
use std::str::FromStr;

/// The most events that are compared: a token must be copyable by hand.
const MOST: usize = 64;

/// A letter for each kind of operation, and its name.
const LETTERS: [(char, &str); 32] = [
    ('s', "spawn"),
    ('j', "join"),
    ('r', "load"),
    ('w', "store"),
    ('m', "read-modify-write"),
    ('f', "fence"),
    ('L', "lock"),
    ('T', "try_lock"),
    ('U', "unlock"),
    ('R', "read"),
    ('Q', "try_read"),
    ('V', "read unlock"),
    ('W', "wait"),
    ('D', "downgrade"),
    ('K', "wake"),
    ('N', "notify_one"),
    ('A', "notify_all"),
    ('P', "park"),
    ('u', "unpark"),
    ('y', "yield"),
    ('g', "get"),
    ('c', "set"),
    ('k', "clone"),
    ('d', "drop"),
    ('l', "look at a count"),
    ('n', "claim"),
    ('e', "free"),
    ('p', "poll"),
    ('S', "wake of a task"),
    ('h', "use of a waker"),
    ('C', "choice"),
    ('z', "sleep"),
];

fn letter(operation: Operation) -> char {
    match operation {
        Operation::Spawn(_) => 's',
        Operation::Join(_) => 'j',
        Operation::Load(_) => 'r',
        Operation::Store(_) => 'w',
        Operation::Rmw(..) => 'm',
        Operation::Fence(_) => 'f',
        Operation::Lock => 'L',
        Operation::TryLock => 'T',
        Operation::Unlock => 'U',
        Operation::Downgrade => 'D',
        Operation::ReadLock => 'R',
        Operation::TryReadLock => 'Q',
        Operation::ReadUnlock => 'V',
        Operation::Wait => 'W',
        Operation::Wake => 'K',
        Operation::NotifyOne => 'N',
        Operation::NotifyAll => 'A',
        Operation::Park => 'P',
        Operation::Unpark(_) => 'u',
        Operation::Yield => 'y',
        Operation::Read => 'g',
        Operation::Write => 'c',
        Operation::Clone => 'k',
        Operation::Drop => 'd',
        Operation::Look(_) => 'l',
        Operation::Claim(_) => 'n',
        Operation::Free => 'e',
        Operation::Poll => 'p',
        Operation::Signal(_) => 'S',
        Operation::Waker(_) => 'h',
        Operation::Choose(_) => 'C',
        Operation::Sleep => 'z',
    }
}

/// What is known of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    letter: char,
    object: Option<ObjectId>,
}

impl Mark {
    fn of(event: &Event) -> Mark {
        Mark { letter: letter(event.operation), object: event.object }
    }

    /// Returns `store of balance`, with the current names of the objects.
    fn in_words(self, trace: &Trace) -> String {
        let name =
            LETTERS.iter().find(|(letter, _)| *letter == self.letter).map_or("", |(_, name)| name);
        match self.object {
            Some(id) if id.index() < trace.objects.len() => {
                format!("{name} of {}", trace.object_name(id))
            }
            Some(id) => format!("{name} of object {}, which is not there yet", id.0 + 1),
            None => name.to_string(),
        }
    }
}

/// The first events of an execution; empty if they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint(Vec<Mark>);

impl Fingerprint {
    pub(crate) fn of(trace: &Trace) -> Fingerprint {
        Fingerprint(trace.events.iter().take(MOST).map(Mark::of).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how the last event of the trace differs from the recorded one, if it does.
    pub(crate) fn differs(&self, trace: &Trace) -> Option<String> {
        let at = trace.events.len().checked_sub(1)?;
        let event = &trace.events[at];
        let was = match self.0.get(at) {
            Some(was) if *was == Mark::of(event) => return None,
            None if self.is_empty() || at >= MOST => return None,
            Some(was) => format!("was a {}", was.in_words(trace)),
            None => "was not there: the execution was over".to_string(),
        };
        let (number, thread, is) =
            (at + 1, trace.thread_name(event.thread), event.operation.name());
        let of = event
            .object
            .map(|object| format!(" of {}", trace.object_name(object)))
            .unwrap_or_default();
        let location = event.location;
        Some(format!(
            "the program is another one: event #{number} is {thread}'s {is}{of} at {location}, and \
             {was}"
        ))
    }

    /// Returns how the end of a finished execution differs, if it does.
    pub(crate) fn goes_on_after(&self, trace: &Trace) -> Option<String> {
        let (number, next) = (trace.events.len() + 1, self.0.get(trace.events.len())?);
        let next = next.in_words(trace);
        Some(format!(
            "the program is another one: the execution is over before event #{number}, a {next}"
        ))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|Mark { letter, object }| match object {
            Some(object) => write!(f, "{letter}{}", object.0),
            None => write!(f, "{letter}"),
        })
    }
}

/// The byte offset at which a text is not a fingerprint, and why.
impl FromStr for Fingerprint {
    type Err = (usize, String);

    fn from_str(text: &str) -> Result<Fingerprint, (usize, String)> {
        let mut marks = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let at = text.len() - rest.len();
            if !LETTERS.iter().any(|(known, _)| *known == letter) {
                return Err((at, format!("{letter:?} stands for no operation")));
            }
            if marks.len() == MOST {
                return Err((at, format!("a token has no more than {MOST} events")));
            }
            rest = &rest[letter.len_utf8()..];
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, after) = rest.split_at(digits);
            let object = match number.is_empty() {
                true => None,
                false => Some(ObjectId(
                    number.parse().map_err(|e| (at + 1, format!("object {number:?}: {e}")))?,
                )),
            };
            marks.push(Mark { letter, object });
            rest = after;
        }
        Ok(Fingerprint(marks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn letters_are_told_apart() {
        let letters: BTreeSet<char> = LETTERS.iter().map(|(letter, _)| *letter).collect();
        assert_eq!(letters.len(), LETTERS.len());
    }

    #[test]
    fn a_fingerprint_survives_its_text() {
        let text = "sjr0w10m2fL3T4U5D5R6Q7V8W9K9N9A9Puyg11c12k13d13l13n13e14p15S15h15Cz";
        let read: Fingerprint = text.parse().expect("well-formed");
        assert_eq!((read.0.len(), read.to_string()), (LETTERS.len(), text.to_string()));
        assert_eq!("sx".parse::<Fingerprint>().map_err(|(at, _)| at), Err(1));
        assert_eq!("sr99999999999".parse::<Fingerprint>().map_err(|(at, _)| at), Err(2));
        assert_eq!("s".repeat(MOST + 1).parse::<Fingerprint>().map_err(|(at, _)| at), Err(MOST));
    }
}
