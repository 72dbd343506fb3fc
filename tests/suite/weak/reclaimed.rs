//! What one thread still uses while another one frees it. The first says what it is about to use,
//! and looks whether that is still in its place; the other one takes it away, and looks whether it
//! is in use. So do hazard pointers, epochs, and the debts of arc-swap.
//!
//! vorner/arc-swap #200, #203: the second look was only `Acquire`.

use super::{Data, Plain, beside, fence_if, holds, only_weak};
use selvedge::Kind;
use selvedge::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

const NOTHING: usize = 0;
const NODE: usize = 1;

/// How one side writes, what is between, and how it looks at what the other one writes.
#[derive(Clone, Copy)]
struct Side(Ordering, Option<Ordering>, Ordering);

/// The node is read by one, and freed by the other one.
fn reads_and_frees(reader: Side, reclaimer: Side) {
    let (place, hazard) = (AtomicUsize::new(NODE), AtomicUsize::new(NOTHING));
    let node = Plain::new();
    let read = || {
        if place.load(Acquire) != NODE {
            return;
        }
        hazard.store(NODE, reader.0);
        fence_if(reader.1);
        if place.load(reader.2) == NODE {
            node.get();
        }
        hazard.store(NOTHING, Release);
    };
    let free = || {
        place.store(NOTHING, reclaimer.0);
        fence_if(reclaimer.1);
        if hazard.load(reclaimer.2) == NOTHING {
            node.set(usize::MAX);
        }
    };
    beside(read, free);
}

const TOTAL: Side = Side(SeqCst, None, SeqCst);
const FENCED: Side = Side(Relaxed, Some(SeqCst), Acquire);

/// The reader looks again, and may be seen, each with two outcomes; or it comes too late.
#[test]
fn a_node_is_freed_under_a_reader_where_no_order_holds_for_all() {
    for (name, reader, reclaimer) in [
        ("the second look", Side(SeqCst, None, Acquire), TOTAL),
        ("release, acquire", Side(Release, None, Acquire), Side(Release, None, Acquire)),
        ("a weak fence", Side(Relaxed, Some(AcqRel), Acquire), FENCED),
    ] {
        only_weak(name, (Kind::DataRace, 1, 7), move || reads_and_frees(reader, reclaimer));
    }
    for (name, side) in [("SeqCst", TOTAL), ("fences", FENCED)] {
        holds(name, 6, move || reads_and_frees(side, side));
    }
}
