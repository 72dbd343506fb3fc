//! What is said of a weaker ordering that no model noticed: nothing, unless a model watches what it
//! publishes.

use selvedge::knockout::{Fate, KnockoutReport, Mark, Unseen};
use selvedge::report::{Style, knockouts};
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use selvedge::{Explorer, Knockouts, cell, thread};
use std::cell::UnsafeCell;

/// What a crate has that changed its imports, and no more.
struct Slot(UnsafeCell<u32>, AtomicBool);
// SAFETY: written before the flag is set, read after it was seen set
unsafe impl Sync for Slot {}

fn publish(announced: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let slot = Arc::new(Slot(UnsafeCell::new(0), AtomicBool::new(false)));
        let theirs = Arc::clone(&slot);
        let writer = thread::spawn(move || {
            if announced {
                cell::write(theirs.0.get());
            }
            // SAFETY: the flag is not set yet
            unsafe { *theirs.0.get() = 7 };
            theirs.1.store(true, Release); // pairs with the load below
        });
        if slot.1.load(Acquire) {
            if announced {
                cell::read(slot.0.get());
            }
            // SAFETY: the flag is set
            assert_eq!(unsafe { *slot.0.get() }, 7);
        }
        selvedge::load_bearing_elsewhere("nothing comes after it but the end");
        writer.join().unwrap();
    }
}

fn drawn(report: &KnockoutReport) -> String {
    knockouts::text(report, &Style::Plain, &|_| None)
}

fn those(report: &KnockoutReport, mark: Mark) -> Vec<String> {
    super::those(report, mark)
}

#[test]
fn what_publishes_memory_that_no_model_watches_is_undecided() {
    let report = Knockouts::new("raw").model("publish", publish(false)).run();
    let text = drawn(&report);
    assert_eq!(those(&report, Mark::Undecided), ["store Relaxed", "load Relaxed"], "{text}");
    let unseen = |fate: &Fate| match fate {
        Fate::Unseen(Unseen::NothingWatched, models) => models.len() == 1,
        _ => false,
    };
    assert_eq!(report.knockouts.iter().filter(|tried| unseen(&tried.fate)).count(), 2);
    assert_eq!((report.worst(), report.is_load_bearing()), (Mark::Undecided, false));
    assert!(!text.contains("is enough") && !text.contains("weaken it,"), "{text}");
    for words in [
        "store Relaxed: UNDECIDED: nothing in these models depends on what is published",
        "Do not weaken it for that. Announce the memory that it publishes with \
         selvedge::cell::write(ptr)",
        "2 UNDECIDED",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&knockouts::document(&[report])).expect("it is JSON");
    assert_eq!((&json["summary"]["undecided"], &json["summary"]["unseen"]), (&2.into(), &2.into()));
    assert_eq!(
        (&json["summary"]["survived"], &json["groups"][0]["knockouts"][0]["fate"]),
        (&0.into(), &"undecided".into())
    );
}

#[test]
#[should_panic = "UNDECIDED: nothing in these models depends on what is published"]
fn what_is_undecided_is_not_asserted() {
    _ = Knockouts::new("raw").model("publish", publish(false)).assert();
}

#[test]
fn the_same_memory_announced_kills_both_by_a_data_race() {
    let report = Knockouts::new("raw").model("publish", publish(true)).assert();
    assert_eq!(
        those(&report, Mark::Killed),
        ["store Relaxed", "load Relaxed"],
        "{}",
        drawn(&report)
    );
    for tried in report.knockouts.iter().filter(|tried| tried.mark() == Mark::Killed) {
        let Fate::Killed(found) = &tried.fate else { unreachable!("just seen") };
        assert_eq!(found.kind, selvedge::Kind::DataRace);
    }
}

/// A message behind a lock that is watched, and a counter that publishes nothing of it.
fn counted(watched: bool) -> impl Fn() + Send + Sync + 'static {
    move || {
        let shared = Arc::new((
            selvedge::sync::Mutex::new(()),
            Slot(0.into(), AtomicBool::new(false)),
            AtomicU32::new(0),
        ));
        let work = move |shared: Arc<(selvedge::sync::Mutex<()>, Slot, AtomicU32)>| {
            {
                let _guard = shared.0.lock().unwrap();
                cell::write(shared.1.0.get());
            }
            shared.2.fetch_add(1, Release);
            if watched {
                let _guard = shared.0.lock().unwrap();
                cell::write(shared.1.0.get());
            }
        };
        let (theirs, mine) = (Arc::clone(&shared), shared);
        let thread = thread::spawn(move || work(theirs));
        work(mine);
        thread.join().unwrap();
    }
}

#[test]
fn relaxed_is_enough_is_said_where_what_is_watched_may_hang_on_it() {
    let report = Knockouts::new("counted").model("counted", counted(true)).run();
    let survived = those(&report, Mark::Survived);
    assert!(survived.contains(&"fetch_add Relaxed".to_string()), "{}", drawn(&report));
    assert!(
        drawn(&report)
            .contains("Relaxed is enough for these models, and the memory that they watch")
    );
    // what is watched is ordered by the lock alone: it says nothing of what the counter may publish
    let report = Knockouts::new("counted").model("counted", counted(false)).run();
    assert!(
        those(&report, Mark::Undecided).contains(&"fetch_add Relaxed".to_string()),
        "{}",
        drawn(&report)
    );
}

/// Graphs have no model of memory that is freed, and loom is not asked.
#[test]
fn what_seqcst_adds_is_undecided_without_weak_memory() {
    let dekker = |frees: bool| {
        move || {
            let flags = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
            let theirs = Arc::clone(&flags);
            let thread = thread::spawn(move || {
                theirs.0.store(true, SeqCst);
                theirs.1.load(SeqCst)
            });
            flags.1.store(true, SeqCst);
            let mine = flags.0.load(SeqCst);
            let theirs = thread.join().unwrap();
            assert!(mine || theirs);
            if frees {
                let mut value = Box::new(7);
                selvedge::cell::freed(&raw mut *value);
            }
        }
    };
    let orderings = |report: &KnockoutReport, mark| -> Vec<String> {
        let of = |tried: &&String| tried.contains(" Release") || tried.contains(" Acquire");
        those(report, mark).iter().filter(of).cloned().collect()
    };
    let report = Knockouts::new("dekker").model("dekker", dekker(false)).loom(false).run();
    assert_eq!(report.models[0].weak_memory, Some(Explorer::Graphs));
    let weaker = ["store Release", "load Acquire", "store Release", "load Acquire"];
    assert_eq!(orderings(&report, Mark::Killed), weaker, "{}", drawn(&report));
    let report = Knockouts::new("dekker").model("dekker", dekker(true)).loom(false).run();
    assert_eq!(orderings(&report, Mark::Undecided), weaker, "{}", drawn(&report));
    assert!(drawn(&report).contains("  no weak memory: dekker: graphs has no model of freed"));
    let unseen = |fate: &Fate| matches!(fate, Fate::Unseen(Unseen::NoWeakMemory, _));
    assert!(report.knockouts.iter().any(|tried| unseen(&tried.fate)), "{}", drawn(&report));
}
