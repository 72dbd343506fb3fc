//! Measures and cuts text: widths on a terminal, ellipses, wrapping, short names of source files.

use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr;

/// Returns how many columns of a terminal the text takes.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Pads the text with spaces up to `columns`; longer text is unchanged.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(width(text)))
}

/// Returns the text on one line, with everything that a terminal would interpret (escape sequences,
/// line ends) spelled out.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// Replaces the middle of the text by an ellipsis if it takes more than `columns`.
///
/// The middle is cut because long names and long numbers differ at their ends.
pub(super) fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_string();
    }
    let room = columns.saturating_sub(1);
    let head = fitting(text.chars(), room.div_ceil(2));
    let tail: String = fitting(text.chars().rev(), room / 2).chars().rev().collect();
    format!("{head}…{tail}")
}

/// Returns as many of the characters as fit.
fn fitting(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut taken = String::new();
    for c in characters {
        taken.push(c);
        if width(&taken) > columns {
            taken.pop();
            break;
        }
    }
    taken
}

/// Breaks the text into lines of at most `columns`, between words where possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word = word;
        if let Some(line) = lines.last_mut()
            && width(line) + 1 + width(word) <= columns
        {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        while width(word) > columns {
            let piece = fitting(word.chars(), columns);
            word = &word[piece.len()..];
            lines.push(piece);
        }
        lines.push(word.to_string());
    }
    lines
}

/// The shortest suffixes of source paths that distinguish the files of one report.
#[derive(Debug, Default)]
pub(super) struct SourceNames<'a> {
    files: BTreeSet<&'a str>,
}

impl<'a> SourceNames<'a> {
    /// Creates names for these files.
    pub(super) fn new(files: impl Iterator<Item = &'a str>) -> Self {
        SourceNames { files: files.collect() }
    }

    /// Returns `account.rs`. Names that every crate has get a folder: `queue/mod.rs`; so do
    /// ambiguous ones: `tests/account.rs`.
    pub(super) fn name(&self, file: &str) -> String {
        let parts: Vec<&str> = file.split(['/', '\\']).collect();
        let says_nothing =
            |name: &str| matches!(name, "mod.rs" | "lib.rs" | "main.rs" | "models.rs" | "tests.rs");
        let least = if parts.last().is_some_and(|name| says_nothing(name)) { 2 } else { 1 };
        for taken in least..parts.len() {
            let end = parts[parts.len() - taken..].join("/");
            let ambiguous =
                self.files.iter().any(|other| *other != file && ends_with_path(other, &end));
            if !ambiguous {
                return end;
            }
        }
        parts.join("/")
    }
}

/// Whether the path ends with these components.
fn ends_with_path(path: &str, end: &str) -> bool {
    let path = path.replace('\\', "/");
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// `1 execution`, `2 executions`.
pub(super) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_keep_both_ends() {
        assert_eq!(shorten("18446744073709551615", 11), "18446…51615");
        assert_eq!(shorten("12345", 5), "12345");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(pad("口", 4), "口  ");
        assert!(width(&shorten("口口口口口", 5)) <= 5);
    }

    #[test]
    fn words_wrap_and_too_long_words_break() {
        assert_eq!(
            wrap("waits: mutex left, held by me", 12),
            ["waits: mutex", "left, held", "by me"]
        );
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }

    #[test]
    fn files_of_the_same_name_keep_their_directory() {
        let files = [
            "src/systems/account.rs",
            "tests/account.rs",
            "src/systems/queue/mod.rs",
            "src/lane.rs",
        ];
        let names = SourceNames::new(files.into_iter());
        let short = files.map(|file| names.name(file));
        assert_eq!(short, ["systems/account.rs", "tests/account.rs", "queue/mod.rs", "lane.rs"]);
    }

    #[test]
    fn escape_sequences_are_spelled_out() {
        assert_eq!(clean("a\x1b[31m\nb"), "a\\u{1b}[31m\\nb");
    }
}
