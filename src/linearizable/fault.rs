//! What a judge finds wrong: a history, and why no order explains it.

use super::subject::{Op, Ret, Subject};
use crate::linearize::{Explanation, History};

/// A history that violates the criterion.
pub(super) struct Fault<S: Subject> {
    pub(super) history: History<Op<S>, Ret<S>>,
    pub(super) explanation: Explanation,
}

impl<S: Subject> Clone for Fault<S> {
    fn clone(&self) -> Self {
        Fault { history: self.history.clone(), explanation: self.explanation.clone() }
    }
}
