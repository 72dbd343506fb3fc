//! Order that an execution does not see: that of the counts of std's `Arc`, and, under loom, that
//! of uncounted ones.

use crate::execution::{Ending, World, me};
use crate::vocabulary::verdict::Bound;

/// loom has found a data race. In the destructor of a value owned by an uncounted `Arc`, it does
/// not know what the earlier drops released.
#[cold]
pub(in crate::execution) fn learn_from_race(world: &mut World) {
    let places = world.thread(me()).uncounted.clone();
    world.memory.arcs.learned.extend(places);
}

/// Why a data race may be none: the thread is in the destructor of a value that a std `Arc` owned,
/// and the order that this `Arc` creates is not seen.
#[cold]
pub(in crate::execution) fn unseen_order(world: &World) -> Option<Ending> {
    let ours = world.threads[me().index()].last_owner_of;
    let stack = std::backtrace::Backtrace::force_capture().to_string();
    let frames: Vec<&str> = stack
        .lines()
        .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    // How a function is named depends on the amount of debug information. If its own name does not
    // show the type, the names of its callers do.
    let is_of_arc = |at: &usize| {
        let mut names = frames[*at..].iter().take(3);
        frames[*at].contains("drop_slow")
            && names.find_map(|name| {
                match (name.contains("sync::Arc<"), name.contains("rc::Rc<")) {
                    (true, _) => Some(true),
                    (false, true) => Some(false),
                    (false, false) => None,
                }
            }) == Some(true)
    };
    let owners = (0..frames.len()).filter(is_of_arc);
    (owners.count() > ours).then(|| {
        let operation =
            "what the last drop of a std::sync::Arc orders; selvedge::sync::Arc is modelled"
                .to_string();
        Ending::Unknown(Bound::NotModelled { engine: "selvedge", operation })
    })
}
