//! Which objects must not outlive their execution.

/// Which objects must not outlive their execution.
///
/// ```
/// use selvedge::sync::atomic::{AtomicBool, Ordering::SeqCst};
/// use selvedge::{Check, Expect, Kind, Leaks, thread};
///
/// let leaks_a_box = || {
///     let flag: &AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
///     let setter = thread::spawn(|| flag.store(true, SeqCst));
///     flag.load(SeqCst);
///     setter.join().unwrap();
/// };
/// let _ = Check::new("strict").expect(Expect::Violation(Kind::Leak)).assert(leaks_a_box);
/// let _ = Check::new("as loom").leaks(Leaks::Owned).assert(leaks_a_box);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Leaks {
    /// Every object of selvedge's (`true` stands for it).
    Objects,
    /// What has an owner that is to free it: the values of [`Arc`](crate::sync::Arc)s, and memory
    /// from [`alloc`](crate::alloc). An object in a `Box::leak` may stay.
    Owned,
    /// Nothing (`false` stands for it).
    Allowed,
}

impl From<bool> for Leaks {
    fn from(leaks: bool) -> Leaks {
        if leaks { Leaks::Objects } else { Leaks::Allowed }
    }
}
