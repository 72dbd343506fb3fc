//! A facade type has the auto traits of std's type (of crossbeam's, for channels), for each
//! payload: no more, or safe code is unsound; no less, or code that compiles for production does
//! not compile for its models.

use selvedge::{cell, channel, sync, thread};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::rc::Rc;

/// Whether a type has a trait: the inherent constant is found first, where its bound holds.
macro_rules! has {
    ($ty:ty: $bound:ident) => {{
        #[allow(dead_code, reason = "not where the bound holds")]
        trait Fallback {
            const HAS: bool = false;
        }
        impl<T: ?Sized> Fallback for T {}
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code, reason = "not where the bound does not hold")]
        impl<T: ?Sized + $bound> Probe<T> {
            const HAS: bool = true;
        }
        <Probe<$ty>>::HAS
    }};
}

macro_rules! traits {
    ($ty:ty) => {
        [has!($ty: Send), has!($ty: Sync), has!($ty: UnwindSafe), has!($ty: RefUnwindSafe)]
    };
}

const TRAITS: [&str; 4] = ["Send", "Sync", "UnwindSafe", "RefUnwindSafe"];

/// A type of ours, and its traits beside those of theirs.
struct Pair {
    ours: String,
    payload: &'static str,
    has: [bool; 4],
    theirs: [bool; 4],
}

macro_rules! pairs {
    ($payload:ty; $($ours:ty, $theirs:ty;)*) => {
        [$(Pair {
            ours: stringify!($ours).replace(' ', ""),
            payload: stringify!($payload),
            has: traits!($ours),
            theirs: traits!($theirs),
        }),*]
    };
}

/// The pairs with one payload, `P`. A new type is one line here.
macro_rules! with_payload {
    ($payload:ty) => {{
        type P = $payload;
        Vec::from(pairs! { $payload;
            sync::Arc<P>, std::sync::Arc<P>;
            sync::Weak<P>, std::sync::Weak<P>;
            sync::Mutex<P>, std::sync::Mutex<P>;
            sync::MutexGuard<'static, P>, std::sync::MutexGuard<'static, P>;
            sync::RwLock<P>, std::sync::RwLock<P>;
            sync::RwLockReadGuard<'static, P>, std::sync::RwLockReadGuard<'static, P>;
            sync::RwLockWriteGuard<'static, P>, std::sync::RwLockWriteGuard<'static, P>;
            sync::Condvar, std::sync::Condvar;
            sync::WaitTimeoutResult, std::sync::WaitTimeoutResult;
            sync::Barrier, std::sync::Barrier;
            sync::BarrierWaitResult, std::sync::BarrierWaitResult;
            sync::Once, std::sync::Once;
            sync::OnceState, std::sync::OnceState;
            sync::OnceLock<P>, std::sync::OnceLock<P>;
            sync::LazyLock<P>, std::sync::LazyLock<P>;
            sync::atomic::AtomicBool, std::sync::atomic::AtomicBool;
            sync::atomic::AtomicU8, std::sync::atomic::AtomicU8;
            sync::atomic::AtomicU16, std::sync::atomic::AtomicU16;
            sync::atomic::AtomicU32, std::sync::atomic::AtomicU32;
            sync::atomic::AtomicU64, std::sync::atomic::AtomicU64;
            sync::atomic::AtomicUsize, std::sync::atomic::AtomicUsize;
            sync::atomic::AtomicI8, std::sync::atomic::AtomicI8;
            sync::atomic::AtomicI16, std::sync::atomic::AtomicI16;
            sync::atomic::AtomicI32, std::sync::atomic::AtomicI32;
            sync::atomic::AtomicI64, std::sync::atomic::AtomicI64;
            sync::atomic::AtomicIsize, std::sync::atomic::AtomicIsize;
            sync::atomic::AtomicPtr<P>, std::sync::atomic::AtomicPtr<P>;
            sync::mpsc::Sender<P>, std::sync::mpsc::Sender<P>;
            sync::mpsc::SyncSender<P>, std::sync::mpsc::SyncSender<P>;
            sync::mpsc::Receiver<P>, std::sync::mpsc::Receiver<P>;
            sync::mpsc::Iter<'static, P>, std::sync::mpsc::Iter<'static, P>;
            sync::mpsc::TryIter<'static, P>, std::sync::mpsc::TryIter<'static, P>;
            sync::mpsc::IntoIter<P>, std::sync::mpsc::IntoIter<P>;
            cell::UnsafeCell<P>, std::cell::UnsafeCell<P>;
            cell::ConstPtr<P>, *const P;
            cell::MutPtr<P>, *mut P;
            thread::Builder, std::thread::Builder;
            thread::JoinHandle<P>, std::thread::JoinHandle<P>;
            thread::Thread, std::thread::Thread;
            thread::ThreadId, std::thread::ThreadId;
            thread::Scope<'static, 'static>, std::thread::Scope<'static, 'static>;
            thread::ScopedJoinHandle<'static, P>, std::thread::ScopedJoinHandle<'static, P>;
            thread::LocalKey<P>, std::thread::LocalKey<P>;
            thread::AccessError, std::thread::AccessError;
            channel::Sender<P>, crossbeam::channel::Sender<P>;
            channel::Receiver<P>, crossbeam::channel::Receiver<P>;
            channel::Iter<'static, P>, crossbeam::channel::Iter<'static, P>;
            channel::TryIter<'static, P>, crossbeam::channel::TryIter<'static, P>;
            channel::IntoIter<P>, crossbeam::channel::IntoIter<P>;
        })
    }};
}

/// Shared, but not sent.
type Stays = PhantomData<std::sync::MutexGuard<'static, ()>>;

fn pairs() -> Vec<Pair> {
    let payloads = [
        with_payload!(u8),              // Send and Sync
        with_payload!(Cell<u8>),        // Send only
        with_payload!(Stays),           // Sync only
        with_payload!(Rc<u8>),          // neither
        with_payload!(Rc<Cell<u8>>),    // neither, and a panic may break it
        with_payload!(&'static mut u8), // Send and Sync, and a panic may break it
        with_payload!(*const Cell<u8>), // neither, and a panic may break what it points to
    ];
    payloads.into_iter().flatten().collect()
}

/// What a type of ours lacks that theirs has, and why.
const LESS: &[(&str, &str, &str)] = &[];

/// What differs: type, payload, trait, and whether ours has it.
fn differences(pairs: &[Pair]) -> Vec<(&str, &'static str, &'static str, bool)> {
    let mut found = Vec::new();
    for Pair { ours, payload, has, theirs } in pairs {
        let differ = (0..TRAITS.len()).filter(|at| has[*at] != theirs[*at]);
        found.extend(differ.map(|at| (&**ours, *payload, TRAITS[at], has[at])));
    }
    found
}

#[test]
fn facade_types_have_the_auto_traits_of_what_they_stand_for() {
    let pairs = pairs();
    let found = differences(&pairs);
    let more: Vec<_> = found.iter().filter(|(.., has)| *has).collect();
    assert!(more.is_empty(), "ours has more, which is unsound (type, payload, trait): {more:#?}");
    let excused =
        |ours: &str, lacks: &str| LESS.iter().any(|(ty, tr, _)| (*ty, *tr) == (ours, lacks));
    let less: Vec<_> = found.iter().filter(|(ours, _, lacks, _)| !excused(ours, lacks)).collect();
    assert!(
        less.is_empty(),
        "ours has less, and nothing says why (type, payload, trait): {less:#?}"
    );
    for (ty, lacks, why) in LESS {
        assert!(
            found.iter().any(|(ours, _, tr, _)| (ours, tr) == (ty, lacks)),
            "{ty}: {lacks} is there ({why})"
        );
    }
}

/// The types that a file of the facade makes public, by its text: in `pub use self::{..}` lists,
/// and as `pub struct`s.
fn public_types(text: &str) -> BTreeSet<String> {
    let lists = text
        .split("pub use ")
        .skip(1)
        .filter(|list| !list.starts_with("std::") && !list.starts_with("crossbeam"));
    let listed = lists
        .filter_map(|list| list.split(';').next())
        .flat_map(|list| list.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let structs = text
        .split("pub struct ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
    // constants have no lower case
    let is_type =
        |name: &&str| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    listed.chain(structs).filter(is_type).map(str::to_string).collect()
}

#[test]
fn every_public_type_of_the_facade_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read =
        |file: &str| fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let rows: BTreeSet<String> = pairs().into_iter().map(|pair| pair.ours).collect();
    let mut count = 0;
    for (path, file) in [
        ("sync::", "sync/mod.rs"),
        ("sync::mpsc::", "sync/mpsc.rs"),
        ("cell::", "cell.rs"),
        ("thread::", "thread/mod.rs"),
        ("channel::", "channel/mod.rs"),
    ] {
        for name in public_types(&read(file)) {
            let row = format!("{path}{name}");
            let is_there = rows.iter().any(|ours| {
                ours.strip_prefix(&row).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            });
            assert!(is_there, "{row} is public in src/{file}, and is not in the table");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} types were found: the words that are looked for are old");
}

/// What the table must notice.
#[test]
fn a_type_that_differs_is_found() {
    let pairs = pairs! { (); Rc<u8>, std::sync::Arc<u8>; std::sync::Arc<u8>, Rc<u8>; u8, u8; };
    let found = differences(&pairs);
    assert!(
        found.contains(&("Rc<u8>", "()", "Sync", false))
            && found.contains(&("std::sync::Arc<u8>", "()", "Send", true))
    );
    assert!(found.iter().all(|(ours, ..)| *ours != "u8"), "{found:?}");
    assert!(
        public_types("pub use self::{a::{One, two}, FOUR_IS};\npub struct Three<T>(T);")
            .iter()
            .eq(["One", "Three"])
    );
}
