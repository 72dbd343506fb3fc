//! What a thread waits for is data: no name that a thread may have makes a deadlock be drawn
//! otherwise.

use super::explored;
use selvedge::report::{Style, timeline};
use selvedge::sync::{Arc, Mutex, name};
use selvedge::trace::{Awaited, Blocked, Object, ObjectId, ObjectKind, Thread, ThreadId, Trace};
use selvedge::{Explorer, Kind, thread};
use std::panic::Location;

/// Two threads of these names take two locks in opposite orders.
fn opposite_orders(names: [&'static str; 2]) {
    let locks = Arc::new([Mutex::new(()), Mutex::new(())]);
    locks
        .iter()
        .zip(["red, held by nobody", "the end of green"])
        .for_each(|(lock, text)| name(lock, text));
    let threads = [0, 1].map(|first| {
        let locks = Arc::clone(&locks);
        let body = move || drop((locks[first].lock(), locks[1 - first].lock()));
        thread::Builder::new().name(names[first].to_string()).spawn(body).expect("a thread starts")
    });
    threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
}

#[test]
fn a_cycle_is_drawn_rightly_whatever_its_threads_are_called() {
    for (names, drawn) in [
        (["left", "right"], ["left", "right"]),
        (["worker, 1", "worker, 2"], ["worker, 1", "worker, 2"]),
        (["same", "same"], ["same 1", "same 2"]),
        (["x, held by y", "the end of x"], ["x, held by y", "the end of x"]),
        (["main", "main"], ["main 2", "main 3"]),
    ] {
        let found = explored(move || opposite_orders(names), Explorer::Exhaustive, Kind::Deadlock);
        assert_eq!(found.trace.waits_for(ThreadId(1)), [ThreadId(2)]);
        assert_eq!(found.trace.waits_for(ThreadId(2)), [ThreadId(1)]);
        let text = timeline::counterexample(&found, &Style::Plain);
        let [one, two] = drawn;
        let (red, green) = ("red, held by nobody", "the end of green");
        let main = if names[0] == "main" { "main 1" } else { "main" };
        for line in [
            "  a cycle, each waits for the next and the last for the first".to_string(),
            format!("    {one} waits for {green}, held by {two}"),
            format!("    {two} waits for {red}, held by {one}"),
            format!("    {main} waits for the end of {one}"),
        ] {
            assert!(text.lines().any(|drawn| drawn == line), "no line {line:?} in\n{text}");
        }
        for waiter in drawn {
            assert!(text.contains(&format!("<- never released: {waiter} waits for it")), "{text}");
        }
        let message =
            format!("{one} waits for {green}, held by {two}; {two} waits for {red}, held by {one}");
        assert!(found.message.ends_with(&message), "{}", found.message);
    }
}

fn threads(names: &[Option<&str>]) -> Trace {
    let thread =
        |name: &Option<&str>| Thread { name: name.map(str::to_string), ..Thread::default() };
    Trace { threads: names.iter().map(thread).collect(), ..Trace::default() }
}

#[test]
fn no_two_threads_have_one_name() {
    let drawn = |names: &[Option<&str>]| {
        let trace = threads(names);
        (0..names.len() as u32).map(|id| trace.thread_name(ThreadId(id))).collect::<Vec<_>>()
    };
    assert_eq!(drawn(&[None, Some("a"), None]), ["main", "a", "thread 2"]);
    assert_eq!(drawn(&[None, Some("a"), Some("a"), Some("a")]), ["main", "a 1", "a 2", "a 3"]);
    // a number that makes it another one's name is left out
    assert_eq!(drawn(&[None, Some("a"), Some("a 1"), Some("a")]), ["main", "a 2", "a 1", "a 3"]);
    assert_eq!(
        drawn(&[Some("thread 1"), None, Some("main")]),
        ["thread 1 1", "thread 1 2", "main"]
    );
    assert_eq!(threads(&[None]).thread_name(ThreadId(4)), "thread 4");
}

#[test]
fn no_two_objects_with_a_name_have_the_same() {
    let object = |name: &str| {
        let name = Some(name.to_string());
        Object { kind: ObjectKind::Mutex, name, created: Location::caller() }
    };
    let trace =
        Trace { objects: ["slot", "slot 1", "slot"].map(object).to_vec(), ..Trace::default() };
    assert_eq!([0, 1, 2].map(|id| trace.object_name(ObjectId(id))), ["slot 2", "slot 1", "slot 3"]);
}

#[test]
fn what_a_thread_waits_for_is_said_in_words_made_from_data() {
    let mut trace = threads(&[None, Some("one"), Some("two")]);
    trace.objects.push(Object {
        kind: ObjectKind::RwLock,
        name: None,
        created: Location::caller(),
    });
    let said = |on, holders: &[ThreadId]| trace.waiting(&Blocked { on, holders: holders.to_vec() });
    let lock = Awaited::Lock(ObjectId(0));
    assert_eq!(said(lock, &[ThreadId(1), ThreadId(2)]), "rwlock 1, held by one, two");
    assert_eq!(said(lock, &[]), "rwlock 1");
    assert_eq!(said(Awaited::Notification(ObjectId(0)), &[]), "a notification of rwlock 1");
    assert_eq!(said(Awaited::End(ThreadId(2)), &[]), "the end of two");
    assert_eq!(said(Awaited::Unpark, &[]), "an unpark");
}
