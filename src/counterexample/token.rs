//! The token that replays one execution: short, versioned, copyable.
//!
//! Its form is `v1:EXPLORER:SCHEDULE.EVENTS:MODEL`. The explorer's own colons become dots
//! (`pct.3.7`). On shuttle's green threads the schedule is the choices at the points with more than
//! one option: `0-1x3-2` for `0 1 1 1 2`. Where the explorer chooses which store is read, an access
//! to an object with more than one store is such a point, too: the choice is how many stores back
//! from the last one it reads, or how many of them it stands before. Under loom, whose search is
//! deterministic, it is the number of the execution. `+2` after the schedule means: the `Arc`s
//! created at the third place where the execution creates any are counted. `+65536` means: the
//! readers of the execution's first `RwLock` come in an order, because some thread tries to take it
//! (weak memory only). The events are the first ones of the execution (`trace/fingerprint`). They
//! show a replay that the program has changed, and may be left out of a token written by hand. The
//! model's name comes last: it may hold anything but white space and control characters. If an
//! operation is knocked out, `+` and the knockout follow the name.

use crate::trace::Fingerprint;
use crate::verdict::Explorer;
use crate::vocabulary::schedule::{Only, Which};
use crate::vocabulary::{Engine, Knockout};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What separates a model from its knockout.
pub(crate) const KNOCKOUT: &str = "+knockout:";

/// Identifies an execution: of which model, found by which explorer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    explorer: Explorer,
    only: Only,
    model: String,
}

impl Token {
    pub(crate) fn new(explorer: Explorer, only: Only, model: &str) -> Token {
        Token { explorer, only, model: model.split_whitespace().collect::<Vec<_>>().join("_") }
    }

    /// Returns the explorer that found it.
    #[must_use]
    pub fn explorer(&self) -> Explorer {
        self.explorer
    }

    /// Returns the name of the model, with white space replaced.
    #[must_use]
    pub fn model(&self) -> &str {
        self.model.split_once(KNOCKOUT).map_or(&self.model, |(model, _)| model)
    }

    /// Returns `true` if the token is for the model of this name.
    #[must_use]
    pub fn is_for(&self, model: &str) -> bool {
        self.model() == model.split_whitespace().collect::<Vec<_>>().join("_")
    }

    /// Returns the knockout of the execution, if there is one.
    #[must_use]
    pub fn knockout(&self) -> Option<Knockout> {
        let at = self.model.find(KNOCKOUT)?;
        self.model[at + 1..].parse().ok()
    }

    /// Returns the model and its knockout.
    pub(crate) fn name(&self) -> &str {
        &self.model
    }

    pub(crate) fn only(&self) -> &Only {
        &self.only
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{}:", self.explorer.to_string().replace(':', "."))?;
        match &self.only.which {
            Which::Execution(number) => write!(f, "{number}")?,
            Which::Schedule(prefix) => write!(f, "{prefix}")?,
        }
        self.only.counted.iter().try_for_each(|place| write!(f, "+{place}"))?;
        match &*self.only.events {
            events if events.is_empty() => write!(f, ":{}", self.model),
            events => write!(f, ".{events}:{}", self.model),
        }
    }
}

/// Why a text is not a token, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    offset: usize,
    reason: String,
}

impl TokenError {
    /// Returns the byte offset of the error.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a replay token: at byte {}: {}", self.offset, self.reason)
    }
}

impl std::error::Error for TokenError {}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Token, TokenError> {
        let wrong = |offset: usize, reason: String| Err(TokenError { offset, reason });
        let mut parts = text.splitn(4, ':');
        let mut offset = 0;
        let mut part = |what: &str| {
            let start = offset;
            let part = parts.next();
            offset += part.map_or(0, |p| p.len() + 1);
            part.map(|p| (start, p)).ok_or_else(|| TokenError {
                offset: text.len(),
                reason: format!(
                    "the {what} is missing; a token is v1:EXPLORER:SCHEDULE.EVENTS:MODEL"
                ),
            })
        };
        let (at, version) = part("version")?;
        if version != "v1" {
            return wrong(at, format!("version {version:?} is not v1"));
        }
        let (by, name) = part("explorer")?;
        let explorer = match name.replace('.', ":").parse::<Explorer>() {
            Ok(explorer) => explorer,
            Err(reason) => return wrong(by, reason),
        };
        let (at, schedule) = part("schedule")?;
        let (schedule, events) = schedule.split_once('.').unwrap_or((schedule, ""));
        let (length, mut places) = (schedule.len(), schedule.split('+'));
        let schedule = places.next().unwrap_or_default();
        let counted = places.map(|place| {
            let number = place.parse::<u32>();
            number.map_err(|e| TokenError {
                offset: at + schedule.len(),
                reason: format!("place {place:?}: {e}"),
            })
        });
        let counted = counted.collect::<Result<Vec<_>, _>>()?;
        let which = match explorer.driver() {
            Engine::Loom => match schedule.parse::<u64>() {
                Ok(number) if number > 0 => Which::Execution(number),
                _ => {
                    return wrong(
                        at,
                        format!("{schedule:?} is not the number of an execution, from 1"),
                    );
                }
            },
            Engine::Shuttle => Which::Schedule(
                schedule
                    .parse()
                    .map_err(|(byte, reason)| TokenError { offset: at + byte, reason })?,
            ),
            Engine::Std => return wrong(by, "real threads cannot be replayed".to_string()),
        };
        let events = events.parse::<Fingerprint>();
        let events = events
            .map_err(|(byte, reason)| TokenError { offset: at + length + 1 + byte, reason })?;
        let only = Only { which, counted, events: Arc::new(events) };
        let (at, model) = part("model")?;
        if model.is_empty() || model.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return wrong(at, format!("{model:?} is not the name of a model"));
        }
        if let Some(Err(reason)) =
            model.find(KNOCKOUT).map(|plus| model[plus + 1..].parse::<Knockout>())
        {
            return wrong(at, reason);
        }
        Ok(Token { explorer, only, model: model.to_string() })
    }
}
