//! Failures of the last run: files with one token each, which the next run replays first.

use super::Token;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a model's last failure.
#[derive(Clone, Debug)]
pub(crate) struct Regression(PathBuf);

impl Regression {
    /// Returns the place of this model's failure in a folder; every model has its own.
    pub(crate) fn of(folder: &Path, model: &str) -> Regression {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '.' };
        // names that differ only in what is unsafe in a file's name must not share a file
        let sum = model.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
            (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
        });
        let name: String = model.chars().map(safe).take(80).collect();
        Regression(folder.join(format!("{name}-{sum:016x}.token")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the token of the last failure; `None` if there was none, or if the file is no longer
    /// one of ours.
    pub(crate) fn load(&self) -> Option<Token> {
        std::fs::read_to_string(&self.0).ok()?.trim().parse().ok()
    }

    pub(crate) fn save(&self, token: &str) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&self.0, format!("{token}\n"))
    }

    /// Removes a failure that no longer occurs.
    pub(crate) fn forget(&self) {
        // if it cannot be removed, it is replayed once more and found fixed once more
        let _ = std::fs::remove_file(&self.0);
    }
}
