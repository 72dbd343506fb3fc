//! A counterexample drawn and serialised for reports, so that it can leave its process.

use super::fields::Fields;
use super::style::Style;
use super::timeline;
use crate::verdict::Counterexample;
use serde::{Deserialize, Serialize};

/// A counterexample, drawn and serialised as plain data.
///
/// A [`Counterexample`] points into the program that found it (source locations, names of
/// operations), so it cannot be sent to another process. What a report says about it can.
///
/// ```
/// use selvedge::report::{Finding, Row, Style, json, timeline};
/// use selvedge::sync::{Arc, Mutex};
/// use selvedge::{Check, Verdict, thread};
///
/// let verdict = Check::new("two locks").run(|| {
///     let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
///     let theirs = Arc::clone(&locks);
///     let other = thread::spawn(move || drop((theirs[1].lock(), theirs[0].lock())));
///     drop((locks[0].lock(), locks[1].lock()));
///     other.join().unwrap();
/// });
/// let Verdict::Violated(found) = verdict else { panic!("{verdict:?}") };
/// let here = Finding::new(&found, &Style::Plain, timeline::WIDTH);
/// let there: Finding = serde_json::from_str(&serde_json::to_string(&here).unwrap()).unwrap();
/// assert_eq!(there.drawing(), timeline::counterexample(&found, &Style::Plain));
/// let row = Row::default();
/// assert_eq!(json::document(&[(&row, Some(&there))]), json::document(&[(&row, Some(&here))]));
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    drawing: String,
    /// The drawing for files: without colours, in the default width.
    pub(super) plain: String,
    /// Its fields in a JSON document.
    #[serde(with = "text")]
    pub(super) fields: Fields,
}

impl Finding {
    /// Draws a counterexample in this style, for a terminal of this width, and serialises it.
    #[must_use]
    pub fn new(found: &Counterexample, style: &Style, columns: usize) -> Finding {
        Finding {
            drawing: timeline::counterexample_within(found, style, columns),
            plain: timeline::counterexample(found, &Style::Plain),
            fields: Fields::from(found),
        }
    }

    /// Returns the drawing.
    #[must_use]
    pub fn drawing(&self) -> &str {
        &self.drawing
    }
}

/// Serialises the fields as one JSON text: a value there is a number, a boolean or a text, and only
/// JSON is self-describing.
mod text {
    use super::Fields;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(
        fields: &Fields,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serde_json::to_string(fields).map_err(ser::Error::custom)?.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Fields, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
