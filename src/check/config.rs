//! The settings that checks read from the environment.

use crate::vocabulary::explorer::Explorer;
use std::path::PathBuf;

/// The settings that checks read from the environment, once for each check, at the edge.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Replays this execution instead of exploring, if it belongs to the model: `SELVEDGE_REPLAY`.
    pub replay: Option<String>,
    /// Where [`Check::assert`](crate::Check::assert) stores the tokens of failures, to replay them
    /// first in the next run. The default is the folder `selvedge-failures` in the target folder in
    /// which the test runs; `SELVEDGE_FAILURES` overrides it.
    pub failures: Option<PathBuf>,
    /// Replaces the explorers of every [`Check`](crate::Check) that has not set its own:
    /// `SELVEDGE_EXPLORERS`, separated by commas, as in `exhaustive,loom:2`.
    pub explorers: Option<Vec<Explorer>>,
}

impl Config {
    /// Reads the environment.
    ///
    /// # Panics
    /// If `SELVEDGE_EXPLORERS` names an explorer that does not exist.
    #[must_use]
    pub fn from_env() -> Config {
        let replay = std::env::var("SELVEDGE_REPLAY").ok().filter(|token| !token.is_empty());
        let failures =
            std::env::var_os("SELVEDGE_FAILURES").map(PathBuf::from).or_else(target_folder);
        let explorers = std::env::var("SELVEDGE_EXPLORERS").ok().filter(|names| !names.is_empty());
        let explorer = |name: &str| {
            let explorer = name.trim().parse();
            explorer.unwrap_or_else(|why: String| panic!("SELVEDGE_EXPLORERS: {why}"))
        };
        let explorers = explorers.map(|names| names.split(',').map(explorer).collect());
        Config { replay, failures, explorers }
    }
}

/// Returns cargo's target folder, if the running program is inside one.
fn target_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists())?;
    Some(target.join("selvedge-failures"))
}
