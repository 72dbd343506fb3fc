//! What knockouts came to: sites, and the fate of each change of each of them.

use super::change::{Knockout, Site};
use super::verdict::{Counterexample, Coverage, Extent};

/// What became of a knockout.
#[derive(Clone, Debug)]
pub enum Fate {
    /// This execution of a model is wrong without the operation.
    Killed(Box<Counterexample>),
    /// No model noticed, as far as each of them was explored: the operation is stronger than these
    /// models need, or it is not tested.
    Survived(Vec<(String, Coverage)>),
    /// No model noticed, and none could have: that says nothing about the operation.
    Unseen(Unseen, Vec<(String, Coverage)>),
    /// Neither can be said, as exploring it did not come to its end, and why.
    Undecided(String),
}

/// Why no model could have noticed a weaker ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unseen {
    /// Nothing that they watch depends on what is published there: no
    /// [`UnsafeCell`](crate::cell::UnsafeCell), and no memory announced with
    /// [`cell::read`](crate::cell::read) and [`cell::write`](crate::cell::write).
    NothingWatched,
    /// Only weak memory shows what `SeqCst` adds, and none of them was explored under loom.
    NoWeakMemory,
}

/// A knockout that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was changed.
    pub knockout: Knockout,
    /// Its site, by its place in [`KnockoutReport::sites`].
    pub site: usize,
    /// What became of it.
    pub fate: Fate,
    /// Why it may survive: said at the site with
    /// [`load_bearing_elsewhere`](crate::load_bearing_elsewhere), or by std.
    pub explained: Option<String>,
}

/// A site that the models execute.
#[derive(Clone, Debug)]
pub struct SiteSeen {
    /// Where, and which operation.
    pub site: Site,
    /// The models that execute it.
    pub models: Vec<String>,
    /// What was said about it with [`load_bearing_elsewhere`](crate::load_bearing_elsewhere).
    pub explained: Option<String>,
}

/// A model in its correct form.
#[derive(Clone, Debug)]
pub struct ModelUsed {
    /// Its name.
    pub name: String,
    /// How far it was explored: it holds.
    pub coverage: Coverage,
    /// Why weaker orderings were not explored under loom, if they were not.
    pub without_loom: Option<String>,
}

/// What all knockouts of a group of models came to.
#[derive(Clone, Debug)]
#[must_use]
pub struct KnockoutReport {
    /// Of the group.
    pub name: String,
    /// The models that decided.
    pub models: Vec<ModelUsed>,
    /// Models that did not, and why: they do not hold as they are, or nothing can be said about
    /// them.
    pub unused: Vec<(String, String)>,
    /// Every synchronisation operation that they execute, by file and line.
    pub sites: Vec<SiteSeen>,
    /// In the order of their sites.
    pub knockouts: Vec<Tried>,
}

/// How a knockout, or a site, or a line of source counts: the worst of what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// There is nothing to take away: a relaxed load.
    Nothing,
    /// Everything here is load-bearing.
    Killed,
    /// Something survived, and it is said why.
    Explained,
    /// Something could not be decided, or no model could have noticed it.
    Undecided,
    /// Something survived.
    Survived,
}

impl Tried {
    /// How it counts.
    #[must_use]
    pub fn mark(&self) -> Mark {
        match (&self.fate, &self.explained) {
            (Fate::Killed(_), _) => Mark::Killed,
            (Fate::Survived(_) | Fate::Unseen(..), Some(_)) => Mark::Explained,
            (Fate::Survived(_), None) => Mark::Survived,
            (Fate::Unseen(..), None) | (Fate::Undecided(_), _) => Mark::Undecided,
        }
    }

    /// Whether it survived everything that there is to explore, and not only what was within the
    /// budget: every interleaving; of a weaker ordering, everything that loom explores, too.
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        match &self.fate {
            Fate::Survived(coverages) => {
                coverages.iter().all(|(_, coverage)| self.is_all(coverage))
            }
            Fate::Killed(_) | Fate::Unseen(..) | Fate::Undecided(_) => false,
        }
    }

    /// Whether a model was explored as far as this knockout needs.
    pub(crate) fn is_all(&self, coverage: &Coverage) -> bool {
        let loom = coverage.runs.iter().any(|run| run.extent == Extent::Complete);
        coverage.is_exhaustive() && (loom || !self.knockout.is_of_an_ordering())
    }
}

impl KnockoutReport {
    /// How many knockouts count like this.
    #[must_use]
    pub fn count(&self, mark: Mark) -> usize {
        self.knockouts.iter().filter(|tried| tried.mark() == mark).count()
    }

    /// How a site counts.
    #[must_use]
    pub fn mark(&self, site: usize) -> Mark {
        self.knockouts
            .iter()
            .filter(|tried| tried.site == site)
            .map(Tried::mark)
            .max()
            .unwrap_or(Mark::Nothing)
    }

    /// The worst of all, and of the models.
    ///
    /// Without a site, or with a model that could not be used, it is [`Mark::Undecided`] at least.
    #[must_use]
    pub fn worst(&self) -> Mark {
        let marks = self.knockouts.iter().map(Tried::mark).max().unwrap_or(Mark::Undecided);
        if self.unused.is_empty() { marks } else { marks.max(Mark::Undecided) }
    }

    /// Whether every knockout was killed, or its survival is explained.
    #[must_use]
    pub fn is_load_bearing(&self) -> bool {
        self.worst() <= Mark::Explained
    }

    /// Sites of which something is said that no knockout needs: everything there is killed.
    pub fn needlessly_explained(&self) -> impl Iterator<Item = &SiteSeen> {
        self.sites
            .iter()
            .enumerate()
            .filter(|(at, s)| s.explained.is_some() && self.mark(*at) <= Mark::Killed)
            .map(|s| s.1)
    }
}
