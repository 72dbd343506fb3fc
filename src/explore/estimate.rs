//! How much of a search tree is explored.

/// Which share of a search tree stands left of a path: of each node on the path, how many branches
/// are done, of how many that are known.
///
/// Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29 (1975),
/// gives each branch of a node the same weight; here the weights of what a depth-first search has
/// left behind are added up instead of drawing paths at random (the weighted backtrack estimator of
/// Kilby, Slaney, Thiébaux and Walsh, AAAI 2006). A reduction finds branches while it goes, so the
/// share is too large at first, and what it promises too little.
pub(super) fn share(path: impl Iterator<Item = (usize, usize)>) -> f64 {
    let (mut explored, mut weight) = (0.0, 1.0);
    for (done, of) in path {
        weight /= of as f64;
        explored += weight * done as f64;
    }
    explored
}
