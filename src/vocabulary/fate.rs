//! The results of knockouts: sites, and the fate of each change of each site.

use super::change::{Knockout, Site};
use super::verdict::{Counterexample, Coverage, Explorer, Extent};

/// The fate of a knockout.
#[derive(Clone, Debug)]
pub enum Fate {
    /// This execution of a model fails without the operation.
    Killed(Box<Counterexample>),
    /// No model noticed, as far as each was explored: the operation is stronger than these models
    /// need, or it is not tested.
    Survived(Vec<(String, Coverage)>),
    /// No model noticed, and none could have. This says nothing about the operation.
    Unseen(Unseen, Vec<(String, Coverage)>),
    /// It is not known, because the exploration did not finish, and why.
    Undecided(String),
}

/// Why no model could have noticed a weaker ordering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unseen {
    /// The models watch nothing that depends on what is published there: no
    /// [`UnsafeCell`](crate::cell::UnsafeCell), and no memory announced with
    /// [`cell::read`](crate::cell::read) and [`cell::write`](crate::cell::write).
    NothingWatched,
    /// Only weak memory shows what `SeqCst` adds, and no model was explored in weak memory.
    NoWeakMemory,
}

/// A knockout that was tried.
#[derive(Clone, Debug)]
pub struct Tried {
    /// What was changed.
    pub knockout: Knockout,
    /// The index of its site in [`KnockoutReport::sites`].
    pub site: usize,
    /// Its fate.
    pub fate: Fate,
    /// Why it may survive, as stated at the site with
    /// [`load_bearing_elsewhere`](crate::load_bearing_elsewhere), or by std.
    pub explained: Option<String>,
}

/// A site that the models execute.
#[derive(Clone, Debug)]
pub struct SiteSeen {
    /// Where it is, and which operation it is.
    pub site: Site,
    /// The models that execute it.
    pub models: Vec<String>,
    /// The reason given with [`load_bearing_elsewhere`](crate::load_bearing_elsewhere).
    pub explained: Option<String>,
}

/// A model in its correct form.
#[derive(Clone, Debug)]
pub struct ModelUsed {
    /// Its name.
    pub name: String,
    /// How far it was explored. It holds.
    pub coverage: Coverage,
    /// What explored weaker orderings in weak memory: [`Explorer::Graphs`], or loom; `None` if
    /// nothing did, or if there are no orderings.
    pub weak_memory: Option<Explorer>,
    /// Why it was not [`Explorer::Graphs`], if it was not.
    pub without_graphs: Option<String>,
}

/// The results of all knockouts of a group of models.
#[derive(Clone, Debug)]
#[must_use]
pub struct KnockoutReport {
    /// The name of the group.
    pub name: String,
    /// The models that decided.
    pub models: Vec<ModelUsed>,
    /// Models that decided nothing, and why: they do not hold unchanged, or nothing is known about
    /// them.
    pub unused: Vec<(String, String)>,
    /// Every synchronisation operation that the models execute, by file and line.
    pub sites: Vec<SiteSeen>,
    /// The knockouts in the order of their sites.
    pub knockouts: Vec<Tried>,
}

/// The mark of a knockout, a site or a source line: the worst of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// There is nothing to remove: a relaxed load.
    Nothing,
    /// Everything here is load-bearing.
    Killed,
    /// Something survived, with an explanation.
    Explained,
    /// Something is undecided, or no model could have noticed it.
    Undecided,
    /// Something survived.
    Survived,
}

impl Tried {
    /// Returns the mark of the knockout.
    #[must_use]
    pub fn mark(&self) -> Mark {
        match (&self.fate, &self.explained) {
            (Fate::Killed(_), _) => Mark::Killed,
            (Fate::Survived(_) | Fate::Unseen(..), Some(_)) => Mark::Explained,
            (Fate::Survived(_), None) => Mark::Survived,
            (Fate::Unseen(..), None) | (Fate::Undecided(_), _) => Mark::Undecided,
        }
    }

    /// Returns `true` if it survived everything that there is to explore, not only what was within
    /// the budget. That is every interleaving and, for a weaker ordering, also every execution that
    /// RC11 allows, or, where a model has what [`Explorer::Graphs`] does not know, everything that
    /// loom explores.
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
        let loom = || coverage.runs.iter().any(|run| run.extent == Extent::Complete);
        coverage.is_exhaustive()
            && (!self.knockout.is_of_an_ordering() || coverage.is_weak() || loom())
    }
}

impl KnockoutReport {
    /// Returns how many knockouts have this mark.
    #[must_use]
    pub fn count(&self, mark: Mark) -> usize {
        self.knockouts.iter().filter(|tried| tried.mark() == mark).count()
    }

    /// Returns the mark of a site.
    #[must_use]
    pub fn mark(&self, site: usize) -> Mark {
        self.knockouts
            .iter()
            .filter(|tried| tried.site == site)
            .map(Tried::mark)
            .max()
            .unwrap_or(Mark::Nothing)
    }

    /// Returns the worst mark of all sites and models.
    ///
    /// Without a site, or with a model that could not be used, it is at least [`Mark::Undecided`].
    #[must_use]
    pub fn worst(&self) -> Mark {
        let marks = self.knockouts.iter().map(Tried::mark).max().unwrap_or(Mark::Undecided);
        if self.unused.is_empty() { marks } else { marks.max(Mark::Undecided) }
    }

    /// Returns `true` if every knockout was killed or its survival is explained.
    #[must_use]
    pub fn is_load_bearing(&self) -> bool {
        self.worst() <= Mark::Explained
    }

    /// Returns the sites with a needless explanation: every knockout there is killed.
    pub fn needlessly_explained(&self) -> impl Iterator<Item = &SiteSeen> {
        self.sites
            .iter()
            .enumerate()
            .filter(|(at, s)| s.explained.is_some() && self.mark(*at) <= Mark::Killed)
            .map(|s| s.1)
    }
}
