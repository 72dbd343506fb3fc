//! Colour: the only file that knows a terminal's escape sequences.

use serde::{Deserialize, Serialize};

/// Whether text is drawn with a terminal's colours.
///
/// Words and marks are the same in both, so that nothing is lost in a file or to a colour-blind
/// reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Style {
    /// Characters only.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Colour,
}

/// What a piece of text is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// A heading.
    Heading,
    /// Something that one reads last: numbers, source lines.
    Faint,
    /// What went wrong.
    Wrong,
    /// What looks wrong at first sight: stale values, waiting threads.
    Odd,
    /// What is right.
    Right,
    /// What one may type or copy.
    Command,
}

impl Style {
    /// The text in its colour. Pad before painting: escape sequences have no width.
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
