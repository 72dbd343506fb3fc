//! Colours. This is the only file that knows a terminal's escape sequences.

use serde::{Deserialize, Serialize};

/// Whether text is drawn in a terminal's colours.
///
/// Words and marks are the same in both styles, so that nothing is lost in a file or to a
/// colour-blind reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// Characters only.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Colour,
}

/// The role of a piece of text, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// A heading.
    Heading,
    /// Something that is read last: numbers, source lines.
    Faint,
    /// The fault.
    Wrong,
    /// Something that looks wrong at first sight: stale values, waiting threads.
    Odd,
    /// Something correct.
    Right,
    /// Something to type or copy.
    Command,
}

impl Style {
    /// Returns the text in its colour. Pad before painting: escape sequences have no width.
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        if self == Style::Plain || text.trim().is_empty() {
            return text.to_string();
        }
        let code = match ink {
            Ink::Heading => "1",
            Ink::Faint => "2",
            Ink::Wrong => "1;31",
            Ink::Odd => "33",
            Ink::Right => "32",
            Ink::Command => "36",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
