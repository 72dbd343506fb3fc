//! The knockout of this exploration. Every synchronisation operation asks, at its place in the
//! source, whether it is the one to change. The first exploration only records the sites.
//!
//! A knockout belongs to the OS thread of one exploration. Other threads, and all ordinary checks,
//! only pay for reading one flag.

use super::failure::inert;
use super::{Home, execution, me};
use crate::vocabulary::change::{Change, Declared, Half, Knockout, Site, is_weaker};
use crate::vocabulary::trace::ThreadId;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the threads of an exploration, and the thread that waits for it, share about its knockout.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// The change. Without one, sites are recorded.
    knockout: Option<Knockout>,
    sites: Mutex<BTreeMap<Site, SiteNote>>,
    /// Whether something that the model watches depends on orderings: see `dependence::orderings`.
    watches: AtomicBool,
    /// How often the changed operation was executed.
    executed: AtomicU64,
}

/// What is known of a site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteNote {
    pub(crate) declared: Declared,
    /// Why no model need notice it: see [`load_bearing_elsewhere`](crate::load_bearing_elsewhere).
    pub(crate) explained: Option<&'static str>,
}

impl Probe {
    /// A probe that records every site.
    pub(crate) fn recording() -> Probe {
        Probe::default()
    }

    /// A probe that changes one operation.
    pub(crate) fn of(knockout: Knockout) -> Probe {
        Probe { knockout: Some(knockout), ..Probe::default() }
    }

    /// Whether it changes one.
    pub(crate) fn changes_something(&self) -> bool {
        self.knockout.is_some()
    }

    /// The sites that were executed.
    pub(crate) fn sites(&self) -> BTreeMap<Site, SiteNote> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it is still unknown if something that the model watches depends on orderings.
    pub(crate) fn asks_for_watches(&self) -> bool {
        self.knockout.is_none() && !self.watches()
    }

    /// Records that something does.
    pub(crate) fn found_watch(&self) {
        self.watches.store(true, Ordering::Relaxed); // as in `executed`
    }

    /// Whether something that the model watches depends on orderings. Relaxed: as in `executed`.
    pub(crate) fn watches(&self) -> bool {
        self.watches.load(Ordering::Relaxed)
    }

    /// How often the changed operation was executed. Relaxed: a count, read after its exploration
    /// has ended.
    pub(crate) fn executed(&self) -> u64 {
        self.executed.load(Ordering::Relaxed)
    }

    fn hit(&self) {
        self.executed.fetch_add(1, Ordering::Relaxed); // as in `executed`
    }
}

/// A site, compared without building strings.
type Place = (&'static str, u32, u32, &'static str);

struct Active {
    probe: std::sync::Arc<Probe>,
    /// Sites already recorded.
    known: HashSet<Place>,
    /// What threads declared about their next operation, and in which execution.
    excuses: HashMap<(u64, ThreadId), &'static str>,
    /// The execution in which a once-per-execution change was last made.
    done_in: u64,
}

thread_local! {
    static IS_ACTIVE: Cell<bool> = const { Cell::new(false) };
    static ACTIVE: RefCell<Option<Active>> = const { RefCell::new(None) };
}

/// Sets what is knocked out, or recorded, in the executions of this OS thread.
pub(crate) fn set(probe: Option<std::sync::Arc<Probe>>) {
    IS_ACTIVE.set(probe.is_some());
    let active =
        |probe| Active { probe, known: HashSet::new(), excuses: HashMap::new(), done_in: 0 };
    ACTIVE.with_borrow_mut(|slot| *slot = probe.map(active));
}

impl Active {
    fn note(&mut self, place: Place, declared: Declared) {
        let explained = self.excuses.remove(&(execution(), me()));
        if !self.known.insert(place) && explained.is_none() {
            return;
        }
        let (file, line, column, operation) = place;
        let site = Site { file: name_of(file), line, column, operation: operation.to_string() };
        let mut sites = self.probe.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = sites.entry(site).or_insert(SiteNote { declared, explained: None });
        seen.explained = seen.explained.or(explained);
    }
}

/// A file's name without white space, as tokens need it.
fn name_of(file: &str) -> String {
    file.split_whitespace().collect::<Vec<_>>().join("_")
}

/// Whether to change this operation, and how. `applies` says whether the change makes a difference.
fn ask(
    location: &'static Location<'static>,
    operation: &'static str,
    declared: Declared,
    applies: impl FnOnce(Change) -> bool,
) -> Option<Change> {
    if !IS_ACTIVE.get() || execution() == 0 || inert() {
        return None;
    }
    let place = (location.file(), location.line(), location.column(), operation);
    ACTIVE.with_borrow_mut(|active| {
        let active = active.as_mut()?;
        let Some(Knockout { site, change }) = &active.probe.knockout else {
            active.note(place, declared);
            return None;
        };
        let here = (site.line, site.column, site.operation.as_str()) == (place.1, place.2, place.3);
        let here = here && site.file == name_of(place.0) && applies(*change);
        if here {
            active.probe.hit();
        }
        here.then_some(*change)
    })
}

/// The change of an operation without orderings: left out, or otherwise changed.
pub(crate) fn plain(
    location: &'static Location<'static>,
    operation: &'static str,
) -> Option<Change> {
    ask(location, operation, [None, None], |_| true)
}

/// The ordering with which a load or a store takes effect.
pub(crate) fn ordering(
    location: &'static Location<'static>,
    operation: &'static str,
    order: Ordering,
) -> Ordering {
    match ordered(location, operation, order) {
        Some(Change::Weaker(_, weaker)) => weaker,
        _ => order,
    }
}

/// The change of an operation with one ordering.
pub(crate) fn ordered(
    location: &'static Location<'static>,
    operation: &'static str,
    order: Ordering,
) -> Option<Change> {
    ask(location, operation, [Some(order), None], |change| match change {
        Change::Weaker(_, weaker) => is_weaker(weaker, order),
        _ => true,
    })
}

/// The ordering of the load half of a read-modify-write.
pub(super) fn acquiring(order: Ordering) -> Ordering {
    match order {
        Ordering::AcqRel => Ordering::Acquire,
        Ordering::Release => Ordering::Relaxed,
        other => other,
    }
}

/// The ordering of its store half.
pub(super) fn releasing(order: Ordering) -> Ordering {
    match order {
        Ordering::AcqRel => Ordering::Release,
        Ordering::Acquire => Ordering::Relaxed,
        other => other,
    }
}

/// The change of a compare-exchange.
pub(crate) fn compare_exchange(
    location: &'static Location<'static>,
    operation: &'static str,
    (success, failure): (Ordering, Ordering),
) -> Option<Change> {
    ask(location, operation, [Some(success), Some(failure)], |change| match change {
        Change::Weaker(Half::Failure, weaker) => is_weaker(weaker, failure),
        Change::Weaker(_, weaker) => is_weaker(weaker, success),
        _ => true,
    })
}

/// Like [`plain`], but changed only the first time in each execution, so that a loop around it
/// ends.
pub(crate) fn once(
    location: &'static Location<'static>,
    operation: &'static str,
) -> Option<Change> {
    let change = ask(location, operation, [None, None], |_| true)?;
    let first = ACTIVE.with_borrow_mut(|active| {
        active.as_mut().is_some_and(|active| {
            std::mem::replace(&mut active.done_in, execution()) != execution()
        })
    });
    first.then_some(change)
}

/// Whether a notification reaches all waiters or one. `None` if it is dropped.
pub(super) fn notification(
    condvar: &Home,
    all: bool,
    location: &'static Location<'static>,
) -> Option<bool> {
    if condvar.is_part() {
        return Some(all);
    }
    match plain(location, if all { "notify_all" } else { "notify_one" }) {
        Some(Change::Dropped) => None,
        change => Some(all && change != Some(Change::One)),
    }
}

/// Whether a lock is knocked out here. If so, the data that locks protect is watched.
pub(super) fn is_of_a_lock() -> bool {
    IS_ACTIVE.get()
        && ACTIVE.with_borrow(|active| {
            let knockout = active.as_ref().and_then(|active| active.probe.knockout.as_ref());
            knockout.is_some_and(|knockout| LOCKS.contains(&knockout.site.operation.as_str()))
        })
}

/// The operation names of lock sites.
const LOCKS: [&str; 6] = ["lock", "try_lock", "read", "try_read", "write", "try_write"];

/// Declares why no model need notice the running thread's next operation.
pub(crate) fn explain_next(why: &'static str) {
    if !IS_ACTIVE.get() || execution() == 0 {
        return;
    }
    ACTIVE.with_borrow_mut(|active| {
        if let Some(active) = active.as_mut().filter(|active| active.probe.knockout.is_none()) {
            active.excuses.insert((execution(), me()), why);
        }
    });
}
