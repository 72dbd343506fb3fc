//! Failures of the last run: kept as files with one token each, and replayed first at the next.

use super::Token;
use std::io;
use std::path::{Path, PathBuf};

/// The file of a model's last failure.
#[derive(Clone, Debug)]
pub(crate) struct Regression(PathBuf);

impl Regression {
    /// The place for this model's failure in a folder; every model has its own.
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

    /// The token of the last failure; none if there was none, or if the file is not one of ours any
    /// more.
    pub(crate) fn load(&self) -> Option<Token> {
        std::fs::read_to_string(&self.0).ok()?.trim().parse().ok()
    }

    pub(crate) fn save(&self, token: &str) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&self.0, format!("{token}\n"))
    }

    /// Forgets a failure that is none any more.
    pub(crate) fn forget(&self) {
        // if it cannot be removed, it is replayed once more and found fixed once more
        let _ = std::fs::remove_file(&self.0);
    }
}
