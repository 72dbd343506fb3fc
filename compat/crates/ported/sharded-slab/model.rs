//! What is inserted is found until it is removed, and room is found again.

use super::{Ends, Model};
use selvedge::{Kind, sync::Arc, thread};
use sharded_slab::{Config, Slab};

pub(super) const MODELS: [Model; 2] =
    [("two removals", two_removals, Ends::Weak), ("a removal", a_removal, Ends::Weak)];
pub(super) const BUG: (&str, fn(), Kind) = ("two removals", two_removals, Kind::Panic);

/// A slab with one page of two slots for each thread.
struct Small;

impl Config for Small {
    const INITIAL_PAGE_SIZE: usize = 2;
    const MAX_PAGES: usize = 1;
}

/// Two other threads give the slots back at once.
fn two_removals() {
    let slab = Arc::new(Slab::new_with_config::<Small>());
    let others = [1, 2].map(|item| {
        let (slab, key) = (Arc::clone(&slab), slab.insert(item).unwrap());
        thread::spawn(move || assert_eq!(slab.take(key), Some(item)))
    });
    for other in others {
        other.join().unwrap();
    }
    assert!(slab.insert(3).is_some() && slab.insert(4).is_some());
    assert!(slab.insert(5).is_none());
}

/// Who holds an item keeps it.
fn a_removal() {
    let slab = Arc::new(Slab::new_with_config::<Small>());
    let key = slab.insert(1).unwrap();
    let theirs = Arc::clone(&slab);
    let other = thread::spawn(move || theirs.remove(key));
    let seen = slab.get(key).map(|item| *item);
    assert!(matches!(seen, None | Some(1)));
    assert!(other.join().unwrap());
    assert!(slab.get(key).is_none());
}
