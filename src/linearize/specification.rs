//! The sequential specification: how a structure behaves without concurrency.

use super::entry::Entry;
use super::lookahead::Lookahead;
use super::monitors::Judgement;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The sequential behaviour of a structure: its state, and what each operation does to it.
///
/// The search stores many states, so a state should be cheap to clone and to hash.
///
/// ```
/// use selvedge::linearize::Specification;
///
/// #[derive(Clone, Default, PartialEq, Eq, Hash)]
/// struct Counter(u64);
///
/// #[derive(Clone, Debug)]
/// enum Op {
///     Increment,
///     Read,
/// }
///
/// impl Specification for Counter {
///     type Op = Op;
///     type Ret = u64;
///
///     fn apply(&mut self, op: &Op) -> u64 {
///         if let Op::Increment = op {
///             self.0 += 1;
///         }
///         self.0
///     }
/// }
///
/// assert_eq!(Counter::default().apply(&Op::Increment), 1);
/// ```
pub trait Specification: Clone + Eq + Hash {
    /// An operation with its arguments.
    type Op: Clone + fmt::Debug;
    /// What an operation returns.
    type Ret: Clone + Eq + fmt::Debug;

    /// Applies the operation and returns its result.
    fn apply(&mut self, op: &Self::Op) -> Self::Ret;

    /// Returns `true` if the operation can take effect now. One that cannot blocks until it can:
    /// `lock` on a mutex that is held, `pop` on an empty queue. A structure that hangs although an
    /// operation was enabled is not linearizable (the stuck histories of Burckhardt, Dern,
    /// Musuvathi and Tan, "Line-Up", PLDI 2010).
    fn is_enabled(&self, _op: &Self::Op) -> bool {
        true
    }

    /// Returns `true` if the operation never changes the state: the search takes it as soon as it
    /// fits.
    fn is_pure(_op: &Self::Op) -> bool {
        false
    }

    /// Returns `true` if the operation changes nothing when it returns this, although it can change
    /// the state: a compare-and-swap that failed. For the specifications that come with the crate.
    #[doc(hidden)]
    fn is_pure_if(_op: &Self::Op, _ret: &Self::Ret) -> bool {
        false
    }

    /// Returns `true` if `apply` would certainly return something else. The search asks this first,
    /// because it needs no copy of the state. For the specifications that come with the crate.
    #[doc(hidden)]
    fn refuses(&self, _op: &Self::Op, _ret: &Self::Ret) -> bool {
        false
    }

    /// Returns what is known of the history's remaining operations during the search. For the
    /// specifications that come with the crate.
    #[doc(hidden)]
    fn lookahead(_entries: &[Entry<'_, Self>]) -> Option<Box<dyn Lookahead<Self>>> {
        None
    }

    /// Runs a polynomial-time test, if one applies. For the specifications that come with the
    /// crate.
    #[doc(hidden)]
    fn monitor(&self, _entries: &[Entry<'_, Self>]) -> Option<Judgement> {
        None
    }

    /// The name of that test.
    #[doc(hidden)]
    const MONITOR: &'static str = "";

    /// Returns the part of the state that the operation concerns, if parts are independent (a map's
    /// key). Each part is then checked by itself (Horn and Kroening, "Faster linearizability
    /// checking via P-compositionality", FORTE 2015). If it is `None` for any operation of a
    /// history, the history is checked whole. See [`key`].
    fn key(_op: &Self::Op) -> Option<u64> {
        None
    }
}

/// Returns a key for [`Specification::key`]. If two parts have the same key, they are checked
/// together, which only costs time.
///
/// ```
/// use selvedge::linearize::key;
///
/// assert_eq!(key("apples"), key("apples"));
/// ```
#[must_use]
pub fn key(part: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish()
}
