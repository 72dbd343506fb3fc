//! The explored share of a search tree.

/// The share of a search tree that lies left of a path. For each node on the path, it takes how
/// many of its known branches are done.
///
/// Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29 (1975),
/// gives each branch of a node the same weight. Here the weights of the part that a depth-first
/// search has finished are added up, instead of drawing paths at random (the weighted backtrack
/// estimator of Kilby, Slaney, Thiébaux and Walsh, AAAI 2006). A reduction finds branches as it
/// goes, so the share is too large at first, and the resulting estimate too small.
pub(super) fn share(path: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (mut explored, mut weight) = (0.0, 1.0);
    for (done, of) in path {
        weight /= of as f64;
        explored += weight * done as f64;
    }
    explored
}
