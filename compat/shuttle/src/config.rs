//! The settings of a runner, by shuttle's names.

use std::path::PathBuf;
use std::time::Duration;

/// The settings of a [`Runner`](crate::Runner).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The smallest stack of every thread in bytes. selvedge's own default is larger.
    pub stack_size: usize,
    /// Where a failure's token goes, besides into the message of the panic.
    pub failure_persistence: FailurePersistence,
    /// The most operations of an execution.
    pub max_steps: MaxSteps,
    /// The most time of all executions.
    pub max_time: Option<Duration>,
    /// Whether shuttle is silent about what it models loosely. selvedge prints no warnings.
    pub silence_warnings: bool,
    /// Whether shuttle records steps in spans. selvedge draws each failure instead.
    pub record_steps_in_span: bool,
    /// How shuttle leaves a failed execution. selvedge leaves it as it is.
    pub ungraceful_shutdown_config: UngracefulShutdownConfig,
}

impl Config {
    /// Creates the default settings.
    #[must_use]
    pub fn new() -> Config {
        Config {
            stack_size: 0xf000,
            failure_persistence: FailurePersistence::Print,
            max_steps: MaxSteps::FailAfter(1_000_000),
            max_time: None,
            silence_warnings: false,
            record_steps_in_span: false,
            ungraceful_shutdown_config: UngracefulShutdownConfig::new(),
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config::new()
    }
}

/// Where a failure's token goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailurePersistence {
    /// Only into the drawing.
    None,
    /// Into the message of the panic.
    Print,
    /// Into a new file of this folder (`None`: of the current one).
    File(Option<PathBuf>),
}

/// The most operations of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxSteps {
    /// There is no limit.
    None,
    /// An execution with more fails.
    FailAfter(usize),
    /// An execution with more is given up, and others are explored.
    ContinueAfter(usize),
}

/// How shuttle leaves a failed execution. selvedge leaves all of them as they are.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct UngracefulShutdownConfig {
    /// Not used.
    pub immediately_return_on_panic: bool,
    /// Not used.
    pub continuation_function_behavior: ContinuationFunctionBehavior,
}

impl UngracefulShutdownConfig {
    /// Creates the default settings.
    #[must_use]
    pub const fn new() -> UngracefulShutdownConfig {
        UngracefulShutdownConfig {
            immediately_return_on_panic: false,
            continuation_function_behavior: ContinuationFunctionBehavior::Leak,
        }
    }
}

/// What shuttle does with the closures of a failed execution's threads. selvedge leaves them.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum ContinuationFunctionBehavior {
    /// shuttle drops them.
    Drop,
    /// shuttle leaves them.
    #[default]
    Leak,
}
