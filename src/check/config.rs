//! What the environment says about checks.

use std::path::PathBuf;

/// What the environment says about checks; read at the edge, once for each check.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Replay this execution instead of exploring, if it is one of the model's: `SELVEDGE_REPLAY`.
    pub replay: Option<String>,
    /// Where [`Check::assert`](crate::Check::assert) keeps the tokens of failures, to replay them
    /// first the next time: the folder `selvedge-failures` of the target folder in which the test
    /// runs, or `SELVEDGE_FAILURES`.
    pub failures: Option<PathBuf>,
}

impl Config {
    /// Reads the environment.
    #[must_use]
    pub fn from_env() -> Config {
        let replay = std::env::var("SELVEDGE_REPLAY").ok().filter(|token| !token.is_empty());
        let failures =
            std::env::var_os("SELVEDGE_FAILURES").map(PathBuf::from).or_else(target_folder);
        Config { replay, failures }
    }
}

/// Where cargo puts what it builds, as far as the running program stands in there.
fn target_folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").exists())?;
    Some(target.join("selvedge-failures"))
}
