//! The three systems: account, queue, manager, each together with its broken forms.

use crate::verdict::Expect;

pub mod account;
pub mod manager;
pub mod queue;

/// A named model of one of the systems.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// `queue/drain`: the system, then what is modelled.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// The model, which is explored many times.
    pub body: fn(),
    /// The verdict that an explorer must reach.
    pub expect: Expect,
    /// Engines that cannot express it, each with the reason: `("loom", "timeouts never fire")`.
    pub not_in: &'static [(&'static str, &'static str)],
}

impl Model {
    /// `account`, `queue` or `manager`.
    #[must_use]
    pub fn system(&self) -> &'static str {
        self.name.split('/').next().unwrap_or(self.name)
    }
}

/// Every model of the three systems.
#[must_use]
pub fn models() -> Vec<Model> {
    [account::MODELS, queue::MODELS, manager::MODELS].concat()
}
