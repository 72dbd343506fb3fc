//! The manager for real: threads, processes, sockets; and its models under every engine.
//!
//! This program is its own worker: see `main.rs`. Every test has a time limit that turns a hang
//! into a failure.

use libtest_mimic::{Failed, Trial};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use selvedge::process::frame;
use selvedge::process::{Failure, Table, Worker, WorkerHandle};
use selvedge::systems::Model;
use selvedge::systems::manager::{
    Batch, Call, ConnectionId, Core, Create, DictOperation, DictProxy, Fence, Functions,
    IN_FLIGHT_BYTES, Item, Limits, ListOperation, ListProxy, LockProxy, Lost, MEMORY_FACTOR,
    MODELS, Manager, ManagerError, ManagerExit, ObjectId, Operation, Outcome, Packed, Refusal,
    Remote, Reply, Request, Serve, Shared, ValueOperation, ValueProxy, Wire, check_bytes,
    decode_request, demo, serve, workers,
};
use selvedge::{Budget, Check, Expect, Explorer};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Turns a hang into a failure; nothing here takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(120);

/// How much of something: a little by default, a lot under `SOAK=1`.
fn size(little: u32, lot: u32) -> u32 {
    if std::env::var_os("SOAK").is_some_and(|soak| soak == "1") { lot } else { little }
}

fn functions() -> Functions {
    Functions::new()
        .with("add", |balance: &mut i64, amount: i64| {
            *balance += amount;
            *balance
        })
        .with("append", |text: &mut String, more: String| text.push_str(&more))
        .with("panic", |balance: &mut i64, (): ()| -> () {
            *balance = -1;
            panic!("no");
        })
        .with("set picky", |item: &mut Picky, to: u8| item.0 = to)
        .with("take picky", |_: &mut u8, _: Reader| ())
        .with("return picky", |number: &mut u8, (): ()| Picky(*number))
        .with("drop picky", |_: &mut u8, (): ()| Dropped)
        .with("take both", |_: &mut Dropped, _: Reader| ())
        .with("panic with a payload that panics", |_: &mut u8, (): ()| -> () {
            std::panic::panic_any(Dropped)
        })
        .with("depth", |_: &mut Deep, (): ()| ())
        .with("grow", |bytes: &mut Vec<u8>, by: u32| bytes.resize(bytes.len() + by as usize, 0))
}

/// Only zero can travel.
#[derive(Debug, Deserialize)]
struct Picky(u8);

impl Serialize for Picky {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(self.0 == 0, "only zero can travel");
        serializer.serialize_u8(self.0)
    }
}

/// Nothing can arrive.
#[derive(Debug, Serialize)]
struct Reader;

impl<'de> Deserialize<'de> for Reader {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("nothing can arrive")
    }
}

/// Where it is dropped is another matter.
#[derive(Debug, Serialize, Deserialize)]
struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        if thread::current().name().is_some_and(|name| {
            name.starts_with("connection") || name == "main" || name == "manager"
        }) {
            panic!("it cannot be dropped here");
        }
    }
}

/// Read, it is what a user writes; written, it is what a peer may send, who has another stack.
#[derive(Debug, Deserialize)]
struct Deep(#[allow(dead_code)] Option<Box<Deep>>);

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = serializer.serialize_tuple(100_000)?;
        (0..100_000).try_for_each(|_| bytes.serialize_element(&1_u8))?;
        bytes.end()
    }
}

type Said = Result<(), String>;

/// What its workers can run.
pub(crate) fn register(table: Table) -> Table {
    workers(table)
        .function("manager", |serve: Serve| serve.run(functions()))
        .function("set picky", |list: ListProxy<Picky>| {
            said(list.update::<u8, ()>(0, "set picky", &1))
        })
        .function("batch over two", |(list, dict): (ListProxy<u64>, DictProxy<u64, u64>)| {
            let batch =
                || Batch::new().push(&list, &1)?.insert(&dict, &2, &3)?.push(&list, &4)?.run();
            outcome(batch().and_then(|()| batch()))
        })
        .function("push many", |(list, n): (ListProxy<u64>, u64)| {
            outcome((0..n).try_for_each(|i| list.push(&i)))
        })
        .function("push until the end", |list: ListProxy<u64>| {
            (0..).map(|i| list.push(&i)).find_map(Result::err).map(|error| error.to_string())
        })
        .function("add many", |(list, n): (ListProxy<i64>, u64)| {
            outcome((0..n).try_for_each(|_| list.update::<i64, i64>(0, "add", &1).map(drop)))
        })
        .function("count many", |(dict, n): (DictProxy<String, i64>, u64)| {
            let visits = "visits".to_string();
            outcome(
                (0..n)
                    .try_for_each(|_| dict.update_or::<i64, i64>(&visits, &0, "add", &1).map(drop)),
            )
        })
        .function("deposit many", |(lock, balance, n): (LockProxy, ValueProxy<i64>, u64)| {
            outcome((0..n).try_for_each(|_| deposit(&lock, &balance)))
        })
        .function("hold and wait to be killed", |(lock, held): (LockProxy, ValueProxy<bool>)| {
            let _guard = lock.lock().unwrap().unwrap();
            held.set(&true).unwrap();
            park()
        })
        .function("hold and panic", |(lock, list): (LockProxy, ListProxy<u64>)| -> () {
            let _guard = lock.lock().unwrap().unwrap();
            list.push(&1).unwrap();
            panic!("half done");
        })
        .function("push and panic", |list: ListProxy<u64>| -> () {
            list.push(&1).unwrap();
            panic!("after {} items", list.len().unwrap());
        })
        .function("push and exit", |list: ListProxy<u64>| -> () {
            list.push(&1).unwrap();
            std::process::exit(7)
        })
        .function("push and wait to be killed", |list: ListProxy<u64>| {
            list.push(&1).unwrap();
            park()
        })
        .function("give back", |list: ListProxy<u64>| {
            list.push(&2).unwrap();
            list
        })
}

/// A refusal's words.
fn said<T: std::fmt::Debug>(result: Result<T, ManagerError>) -> String {
    result.unwrap_err().to_string()
}

fn park() {
    loop {
        thread::park();
    }
}

fn outcome(result: Result<(), ManagerError>) -> Said {
    result.map_err(|e| e.to_string())
}

fn deposit(lock: &LockProxy, balance: &ValueProxy<i64>) -> Result<(), ManagerError> {
    let guard = lock.lock()?.expect("no owner died");
    let balance = balance.fenced(guard.fence());
    balance.set(&(balance.get()? + 1))?;
    guard.unlock()
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    macro_rules! tests {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::test(concat!("manager::", stringify!($name)), || {
                within_limit($name)
            }));)*
        };
    }
    tests![
        the_demo_is_exact_every_time,
        the_demo_without_its_workers_is_an_error,
        a_list_is_a_vec,
        a_dict_is_a_map,
        two_processes_lose_no_update,
        two_processes_lose_no_deposit_under_the_lock,
        threads_of_one_client_do_not_keep_the_lock_from_each_other,
        a_batch_ends_at_the_first_refusal,
        a_compare_exchange_says_what_was_there,
        a_refused_operation_changes_nothing,
        values_of_another_type_are_refused,
        a_function_that_panics_changes_nothing,
        a_serialize_that_panics_in_a_function_is_an_error_of_that_call,
        code_of_a_users_type_that_panics_changes_nothing_and_harms_nobody,
        an_item_that_is_too_deep_is_an_error_that_names_the_limit,
        a_server_thread_that_panics_disconnects_its_client,
        a_client_that_dies_while_it_waits_gives_its_connection_back_at_once,
        only_who_has_a_handle_can_use_an_object,
        the_number_of_a_loan_is_good_once_and_only_while_it_is_lent,
        a_batch_over_proxies_of_several_connections_is_one_step,
        a_request_takes_no_more_memory_than_a_multiple_of_its_frame,
        a_reply_takes_no_more_memory_than_a_multiple_of_its_frame,
        requests_of_all_connections_have_one_limit,
        replies_of_all_connections_have_one_limit,
        a_killed_manager_is_one_error_for_all_clients,
        a_killed_manager_wakes_those_who_wait_for_a_lock,
        a_manager_that_cannot_start_is_an_error,
        a_shut_down_manager_is_an_error,
        a_shutdown_wakes_those_who_wait_for_a_lock,
        a_killed_owner_releases_and_poisons_the_lock,
        a_client_killed_while_it_waits_poisons_nothing,
        a_panicking_owner_releases_and_poisons_the_lock,
        a_write_under_a_hold_that_is_over_is_refused,
        a_child_that_panics_is_an_error,
        a_child_that_exits_is_an_error,
        a_child_that_is_killed_is_an_error,
        garbage_ends_its_own_connection_only,
        an_oversized_frame_ends_its_own_connection_only,
        an_answer_beyond_the_limit_is_refused_and_the_rest_can_be_read,
        a_full_manager_refuses_and_takes_again,
        too_many_connections_are_refused,
        a_proxy_on_its_way_keeps_the_object_alive,
        a_proxy_comes_back_from_a_child,
        a_proxy_travels_nowhere_else,
        any_operations_on_a_list_do_what_a_vec_does,
        the_list_property_sees_another_remove,
        any_operations_on_a_dict_do_what_a_map_does,
        the_dict_property_sees_another_insert,
        any_bytes_are_a_request_or_an_error,
        any_requests_leave_the_core_consistent,
        only_its_owner_can_unlock,
        a_connection_that_failed_once_says_so_for_ever,
        there_are_models_of_both_kinds,
    ];
    for model in MODELS {
        for explorer in EXPLORERS {
            let name = format!("manager::models::{} [{explorer}]", model.name);
            trials.push(Trial::test(name, move || within_limit(move || check(model, explorer))));
        }
    }
    trials
}

/// Runs the test on a thread of its own; one that hangs fails, and its thread is left behind.
fn within_limit(test: impl FnOnce() + Send + 'static) -> Result<(), Failed> {
    let (done, wait) = mpsc::channel();
    let test = thread::spawn(move || {
        test();
        let _ = done.send(()); // nobody waits any longer: then it has failed already
    });
    match wait.recv_timeout(LIMIT) {
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("hangs: no end after {LIMIT:?}").into())
        }
        _ => test.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
                .unwrap_or_default()
                .into()
        }),
    }
}

// Models.

const EXPLORERS: [Explorer; 5] = [
    Explorer::Dfs,
    Explorer::Loom { preemption_bound: Some(2) },
    Explorer::Loom { preemption_bound: None },
    Explorer::Pct { seed: 1, depth: 3 },
    Explorer::Random { seed: 1 },
];

fn check(model: &Model, explorer: Explorer) {
    let executions = size(1_500, 20_000).into();
    let _ = Check::new(model.name)
        .explorers([explorer])
        .budget(Budget::executions(executions))
        .at_least(2)
        .expect(model.expect)
        .assert(model.body);
}

fn there_are_models_of_both_kinds() {
    let (hold, broken): (Vec<&Model>, Vec<&Model>) =
        MODELS.iter().partition(|model| model.expect == Expect::Holds);
    assert!(hold.iter().all(|model| !model.name.contains("/broken/")), "{hold:?}");
    assert!(broken.iter().all(|model| model.name.contains("/broken/")), "{broken:?}");
    assert!(!hold.is_empty() && !broken.is_empty());
}

// The demo.

fn the_demo_is_exact_every_time() {
    for _ in 0..size(50, 1_000) {
        let found = demo().unwrap();
        assert_eq!(found.list, [10, 11, 12, 13, 14, 20, 21, 22, 23, 24]);
        let squares = [(10, 100), (11, 121), (12, 144), (13, 169), (14, 196)];
        let more = [(20, 400), (21, 441), (22, 484), (23, 529), (24, 576)];
        assert_eq!(found.dict, BTreeMap::from_iter([squares, more].concat()));
    }
}

fn the_demo_without_its_workers_is_an_error() {
    // A program that does not know the function, as the spawned interpreters of old did not.
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<u64>().unwrap();
    let child: WorkerHandle<Said> = Worker::spawn("manager/apend", &(&list, 10_u64)).unwrap();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error.failure(), Failure::NotRegistered { name, .. } if name == "manager/apend"),
        "{error}"
    );
    assert_eq!(list.to_vec(), Ok(vec![]));
}

// Operations.

fn a_list_is_a_vec() {
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<String>().unwrap();
    let words = ["a", "b", "c", "d"].map(String::from);
    list.extend(&words).unwrap();
    list.push(&"e".to_string()).unwrap();
    assert_eq!(list.get(4), Ok(Some("e".to_string())));
    assert_eq!(list.get(5), Ok(None));
    assert_eq!(list.remove(0), Ok("a".to_string()));
    assert_eq!(list.pop(), Ok(Some("e".to_string())));
    list.update::<_, ()>(1, "append", &"!".to_string()).unwrap();
    list.set(0, &"B".to_string()).unwrap();
    assert_eq!(list.contains(&"c!".to_string()), Ok(true));
    assert_eq!(list.contains(&"c".to_string()), Ok(false));
    assert_eq!(list.range(1..9), Ok(vec!["c!".to_string(), "d".to_string()]));
    assert_eq!(list.to_vec(), Ok(vec!["B".to_string(), "c!".to_string(), "d".to_string()]));
    list.clear().unwrap();
    assert_eq!((list.len(), list.is_empty(), list.pop()), (Ok(0), Ok(true), Ok(None)));
}

fn a_dict_is_a_map() {
    let manager = Manager::process("manager").unwrap();
    let dict = manager.dict::<i64, Vec<String>>().unwrap();
    assert_eq!(dict.insert(&300, &vec![]), Ok(None));
    assert_eq!(dict.insert(&-3, &vec!["x".to_string()]), Ok(None));
    assert_eq!(dict.insert(&300, &vec!["y".to_string()]), Ok(Some(vec![])));
    assert_eq!(dict.keys(), Ok(vec![-3, 300]), "sorted as keys, not as bytes");
    assert_eq!(dict.get(&0), Ok(None));
    assert_eq!(dict.remove(&-3), Ok(Some(vec!["x".to_string()])));
    assert_eq!(dict.to_map(), Ok(BTreeMap::from([(300, vec!["y".to_string()])])));
    dict.clear().unwrap();
    assert_eq!((dict.len(), dict.is_empty()), (Ok(0), Ok(true)));
    manager.shutdown().unwrap();
}

fn two_processes_lose_no_update() {
    let manager = Manager::process("manager").unwrap();
    let (list, dict) = (manager.list::<i64>().unwrap(), manager.dict::<String, i64>().unwrap());
    list.push(&0).unwrap();
    let n = u64::from(size(500, 20_000));
    let mut children: Vec<WorkerHandle<Said>> = Vec::new();
    for _ in 0..2 {
        children.push(Worker::spawn("add many", &(&list, n)).unwrap());
        children.push(Worker::spawn("count many", &(&dict, n)).unwrap());
    }
    children.into_iter().for_each(|child| child.join().unwrap().unwrap());
    assert_eq!(list.get(0), Ok(Some(2 * n as i64)));
    assert_eq!(dict.get(&"visits".to_string()), Ok(Some(2 * n as i64)));
}

fn two_processes_lose_no_deposit_under_the_lock() {
    let manager = Manager::process("manager").unwrap();
    let (lock, balance) = (manager.lock().unwrap(), manager.value(&0_i64).unwrap());
    let n = u64::from(size(200, 10_000));
    let children: [WorkerHandle<Said>; 2] =
        [(); 2].map(|()| Worker::spawn("deposit many", &(&lock, &balance, n)).unwrap());
    children.into_iter().for_each(|child| child.join().unwrap().unwrap());
    assert_eq!(balance.get(), Ok(2 * n as i64));
}

fn threads_of_one_client_do_not_keep_the_lock_from_each_other() {
    let manager = Manager::spawn(functions()).unwrap();
    let (lock, balance) = (manager.lock().unwrap(), manager.value(&0_i64).unwrap());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..100).for_each(|_| deposit(&lock, &balance).unwrap()));
        }
    });
    assert_eq!(balance.get(), Ok(400));
    let guard = lock.try_lock().unwrap().expect("nobody holds it").expect("nobody died");
    assert!(lock.try_lock().unwrap().is_none(), "it is held");
    guard.unlock().unwrap();
}

fn a_batch_ends_at_the_first_refusal() {
    let manager = Manager::spawn(functions()).unwrap();
    let (list, dict) = (manager.list::<i64>().unwrap(), manager.dict::<i64, i64>().unwrap());
    let batch = Batch::new().push(&list, &1).unwrap().insert(&dict, &1, &2).unwrap();
    let batch = batch.set(&list, 1, &3).unwrap().push(&list, &4).unwrap();
    let refusal = Refusal::OutOfRange { index: 1, len: 1 };
    assert_eq!(batch.run(), Err(ManagerError::Interrupted { done: 2, refusal }));
    assert_eq!((list.to_vec(), dict.get(&1)), (Ok(vec![1]), Ok(Some(2))));
    Batch::new().remove(&dict, &1).unwrap().run().unwrap();
    assert_eq!(dict.is_empty(), Ok(true));
    assert_eq!(Batch::new().run(), Ok(()));
}

fn a_compare_exchange_says_what_was_there() {
    let manager = Manager::spawn(functions()).unwrap();
    let value = manager.value(&1_i64).unwrap();
    assert_eq!(value.compare_exchange(&2, &3), Ok(Err(1)));
    assert_eq!(value.compare_exchange(&1, &3), Ok(Ok(())));
    let dict = manager.dict::<i64, i64>().unwrap();
    assert_eq!(dict.compare_exchange(&7, None, Some(&1)), Ok(Ok(())));
    assert_eq!(dict.compare_exchange(&7, None, Some(&2)), Ok(Err(Some(1))));
    assert_eq!(dict.compare_exchange(&7, Some(&1), None), Ok(Ok(())));
    assert_eq!(dict.compare_exchange(&7, Some(&1), None), Ok(Err(None)));
    assert_eq!(dict.len(), Ok(0));
}

fn a_refused_operation_changes_nothing() {
    let manager = Manager::spawn(functions()).unwrap();
    let (list, dict) = (manager.list::<i64>().unwrap(), manager.dict::<i64, i64>().unwrap());
    list.push(&1).unwrap();
    let out = |index| Err(ManagerError::Refused(Refusal::OutOfRange { index, len: 1 }));
    assert_eq!(list.set(1, &2), out(1));
    assert_eq!(list.set(u64::MAX, &2), out(u64::MAX));
    assert_eq!(list.remove(1), Err(out(1).unwrap_err()));
    let none = dict.update::<i64, i64>(&1, "add", &1);
    assert_eq!(none, Err(ManagerError::Refused(Refusal::NoSuchKey)));
    let unknown = list.update::<i64, i64>(0, "ad", &1).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "the manager refuses: no function \"ad\"; known: add, append, depth, drop picky, grow, \
         panic, panic with a payload that panics, return picky, set picky, take both, take picky"
    );
    let mismatch = list.update::<_, ()>(0, "append", &"x".to_string()).unwrap_err();
    assert!(matches!(mismatch, ManagerError::Refused(Refusal::Mismatch { .. })), "{mismatch}");
    assert_eq!((list.to_vec(), dict.len()), (Ok(vec![1]), Ok(0)));
}

fn values_of_another_type_are_refused() {
    // An i32 and a u64 have encodings that can be taken for each other: 10 would arrive as 20.
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<i64>().unwrap();
    list.push(&1).unwrap();
    let error = list.update::<u64, i64>(0, "add", &10).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the manager refuses: function \"add\": it is fn(&mut i64, i64) -> i64"
    );
    let child: WorkerHandle<Said> = Worker::spawn("push many", &(&list, 1_u64)).unwrap();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error.failure(), Failure::Decode(why) if why.contains("expected u64")),
        "{error}"
    );
    assert_eq!(list.to_vec(), Ok(vec![1]));
}

fn a_function_that_panics_changes_nothing() {
    let manager = Manager::process("manager").unwrap();
    let value = manager.value(&5_i64).unwrap();
    let error = value.update::<_, ()>("panic", &()).unwrap_err();
    let ManagerError::Refused(Refusal::Panicked { function, message, location }) = error else {
        panic!("{error}")
    };
    assert_eq!((&*function, &*message), ("panic", "no"));
    assert!(location.is_some_and(|at| at.starts_with("tests/workers/manager.rs:")));
    assert_eq!(value.get(), Ok(5));
    assert_eq!(value.update::<i64, i64>("add", &1), Ok(6));
}

fn a_serialize_that_panics_in_a_function_is_an_error_of_that_call() {
    let manager = Manager::process("manager").unwrap();
    let list = manager.list::<Picky>().unwrap();
    list.push(&Picky(0)).unwrap();
    let child: WorkerHandle<String> = Worker::spawn("set picky", &list).unwrap();
    let words = child.join().unwrap();
    let begin = "the manager refuses: function \"set picky\" panicked at tests/workers/manager.rs:";
    assert!(words.starts_with(begin) && words.ends_with(": only zero can travel"), "{words}");
    assert_eq!(
        list.get(0).unwrap().unwrap().0,
        0,
        "the item is as it was, and the manager goes on"
    );
    list.update::<u8, ()>(0, "set picky", &0).unwrap();
}

fn code_of_a_users_type_that_panics_changes_nothing_and_harms_nobody() {
    for manager in [Manager::spawn(functions()).unwrap(), Manager::process("manager").unwrap()] {
        let (lock, value) = (manager.lock().unwrap(), manager.value(&7_u8).unwrap());
        let guard = lock.lock().unwrap().unwrap();
        let words = said(value.update::<_, ()>("take picky", &Reader));
        assert!(words.ends_with(": nothing can arrive"), "{words}");
        let words = said(value.update::<_, Picky>("return picky", &()));
        assert!(words.ends_with(": only zero can travel"), "{words}");
        let words = said(value.update::<_, Dropped>("drop picky", &()));
        assert!(words.ends_with(": it cannot be dropped here"), "{words}");
        let words = said(value.update::<_, ()>("panic with a payload that panics", &()));
        assert!(words.ends_with(": a panic without a message"), "{words}");
        let dropped = manager.value(&Dropped).unwrap();
        let words = said(dropped.update::<_, ()>("take both", &Reader));
        assert!(
            words.ends_with(": nothing can arrive"),
            "the first panic counts, and is not joined by another: {words}"
        );
        assert_eq!(value.get(), Ok(7));
        guard.unlock().unwrap();
        assert!(lock.lock().unwrap().is_ok(), "no lock is poisoned");
        manager.shutdown().unwrap();
    }
}

fn an_item_that_is_too_deep_is_an_error_that_names_the_limit() {
    let manager = Manager::process("manager").unwrap();
    let value = manager.value(&Deep(None)).unwrap();
    let limit = "it is deeper than the limit of 256 levels";
    let words = said(value.update::<_, ()>("depth", &()));
    assert!(words.contains("function \"depth\": the item: ") && words.ends_with(limit), "{words}");
    let words = said(value.get());
    assert!(words.ends_with(limit), "{words}");
    manager.shutdown().unwrap();
}

/// Panics as soon as it is asked for something: a bug of ours.
struct Bug;

impl Wire<Reply, Request> for Bug {
    fn send(&mut self, _: &Reply) -> Result<(), Lost> {
        Ok(())
    }

    fn receive(&mut self) -> Result<Request, Lost> {
        std::panic::resume_unwind(Box::new("a bug of ours"))
    }
}

fn a_server_thread_that_panics_disconnects_its_client() {
    let shared = Shared::new(Core::new(functions(), Limits::default()));
    let [owner, other] = [(); 2].map(|()| shared.connect(None).unwrap());
    let Reply::Created(lock) = shared.call(owner, Request::Create(Create::Lock)) else { panic!() };
    let Reply::Number(number) = shared.call(owner, Request::Lend(lock)) else { panic!() };
    assert_eq!(shared.call(other, Request::Borrow(number)), Reply::Created(lock));
    assert!(matches!(shared.call(owner, Request::Acquire(lock)), Reply::Acquired { .. }));
    thread::scope(|scope| {
        scope.spawn(|| serve(&shared, owner, &mut Bug, |_, _| Reply::Done)).join().unwrap_err();
    });
    assert_eq!(
        shared.call(owner, Request::Create(Create::List)),
        Reply::Refused(Refusal::NotConnected)
    );
    assert_eq!(
        shared.call(other, Request::Acquire(lock)),
        Reply::Acquired { token: 2, poisoned: true }
    );
}

/// A client that writes its own frames.
struct Raw(UnixStream, frame::Decoder);

impl Raw {
    fn new(manager: &Manager) -> Result<Self, ManagerError> {
        Ok(Raw(manager.connect()?, frame::Decoder::new()))
    }

    fn send(&mut self, payload: &[u8]) {
        self.0.write_all(&frame::encode(payload).unwrap()).unwrap();
    }

    fn receive(&mut self) -> Reply {
        let mut bytes = vec![0; 1 << 16];
        loop {
            if let Some(payload) = self.1.next_frame().unwrap() {
                return frame::from_bytes(&payload).unwrap();
            }
            let read = self.0.read(&mut bytes).unwrap();
            assert!(read > 0, "the manager is there");
            self.1.feed(&bytes[..read]);
        }
    }

    fn ask(&mut self, request: &Request) -> Reply {
        self.send(&frame::to_bytes(request).unwrap());
        self.receive()
    }

    fn create(&mut self, create: Create) -> ObjectId {
        match self.ask(&Request::Create(create)) {
            Reply::Created(id) => id,
            reply => panic!("{reply:?}"),
        }
    }

    /// Gives the other one a handle of the object.
    fn lend(&mut self, to: &mut Raw, id: ObjectId) {
        let Reply::Number(number) = self.ask(&Request::Lend(id)) else { panic!("it is mine") };
        assert_eq!(to.ask(&Request::Borrow(number)), Reply::Created(id));
    }
}

fn a_client_that_dies_while_it_waits_gives_its_connection_back_at_once() {
    // There is room for the manager's own client, the owner, and one who waits.
    let limits = Limits { connections: 3, ..Limits::default() };
    let manager = Manager::spawn_with(functions(), limits).unwrap();
    let mut owner = Raw::new(&manager).unwrap();
    let lock = owner.create(Create::Lock);
    assert!(matches!(owner.ask(&Request::Acquire(lock)), Reply::Acquired { .. }));
    for _ in 0..20 {
        let mut waiter = loop {
            match Raw::new(&manager) {
                Err(ManagerError::Refused(Refusal::Full)) => {} // the last one's end is noticed
                connected => break connected.unwrap(),
            }
        };
        owner.lend(&mut waiter, lock);
        waiter.send(&frame::to_bytes(&Request::Acquire(lock)).unwrap());
        drop(waiter); // while it waits, or before it is seen that it must
    }
    // One who sends no more, and listens, waits on.
    let mut patient = loop {
        match Raw::new(&manager) {
            Err(ManagerError::Refused(Refusal::Full)) => {}
            connected => break connected.unwrap(),
        }
    };
    owner.lend(&mut patient, lock);
    patient.send(&frame::to_bytes(&Request::Acquire(lock)).unwrap());
    patient.0.shutdown(Shutdown::Write).unwrap();
    let unlock = Request::Unlock { fence: Fence { lock, token: 1 }, poison: false };
    assert_eq!(owner.ask(&unlock), Reply::Done);
    assert_eq!(patient.receive(), Reply::Acquired { token: 2, poisoned: false });
}

fn only_who_has_a_handle_can_use_an_object() {
    let mut core = Core::new(functions(), Limits::default());
    let [owner, stranger] = [(); 2].map(|()| core.connect(None).unwrap());
    let reply = |outcome| match outcome {
        Outcome::Reply(reply) => reply,
        blocked => panic!("{blocked:?}"),
    };
    for create in [Create::List, Create::Dict, Create::Value(Item::default()), Create::Lock] {
        let Reply::Created(id) = reply(core.apply(owner, Request::Create(create))) else {
            panic!()
        };
        let call = |operation| Call { object: id, fence: None, operation };
        let calls = [
            call(Operation::List(ListOperation::Len)),
            call(Operation::Dict(DictOperation::Clear)),
            call(Operation::Value(ValueOperation::Get)),
        ];
        let none = Refusal::NoHandle(id);
        for call in calls {
            let batch = Request::Batch([call.clone()].into_iter().collect());
            assert_eq!(
                reply(core.apply(stranger, Request::Call(call))),
                Reply::Refused(none.clone())
            );
            let interrupted = Reply::Batch { done: 0, refusal: Some(none.clone()) };
            assert_eq!(reply(core.apply(stranger, batch)), interrupted);
        }
        let requests = [
            Request::Acquire,
            Request::TryAcquire,
            Request::ClearPoison,
            Request::Release,
            Request::Lend,
        ];
        for request in requests {
            assert_eq!(reply(core.apply(stranger, request(id))), Reply::Refused(none.clone()));
        }
        assert_eq!(core.connect_from(stranger, Some(id)), Err(none));
        let further = core.connect_from(owner, Some(id)).unwrap();
        assert!(
            !matches!(reply(core.apply(further, Request::Lend(id))), Reply::Refused(_)),
            "this one has a handle"
        );
    }
    core.assert_consistent();

    // Over sockets, with the number of an object that is there.
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<u64>().unwrap();
    list.push(&1).unwrap();
    let mut stranger = Raw::new(&manager).unwrap();
    let push = Operation::List(ListOperation::Push(Item::encode(&2_u64).unwrap()));
    let forged = Call { object: ObjectId(0), fence: None, operation: push };
    assert_eq!(
        stranger.ask(&Request::Call(forged)),
        Reply::Refused(Refusal::NoHandle(ObjectId(0)))
    );
    assert_eq!(list.to_vec(), Ok(vec![1]));
}

fn the_number_of_a_loan_is_good_once_and_only_while_it_is_lent() {
    let mut core = Core::new(functions(), Limits::default());
    let [owner, other] = [(); 2].map(|()| core.connect(None).unwrap());
    let id = ObjectId(0);
    assert_eq!(
        core.apply(owner, Request::Create(Create::List)),
        Outcome::Reply(Reply::Created(id))
    );
    let lend = |core: &mut Core| match core.apply(owner, Request::Lend(id)) {
        Outcome::Reply(Reply::Number(number)) => number,
        other => panic!("{other:?}"),
    };
    let (first, second) = (lend(&mut core), lend(&mut core));
    let no = |number| Outcome::Reply(Reply::Refused(Refusal::NoLoan(number)));
    assert_eq!(
        core.apply(other, Request::Borrow(first)),
        no(first),
        "there is one loan of an object at a time"
    );
    assert_eq!(core.apply(other, Request::Borrow(second)), Outcome::Reply(Reply::Created(id)));
    assert_eq!(core.apply(other, Request::Borrow(second)), no(second));
    let third = lend(&mut core);
    core.apply(owner, Request::Release(id));
    assert_eq!(core.apply(other, Request::Borrow(third)), no(third), "who lends it must have it");
    core.assert_consistent();
    assert_eq!(core.objects(), 1, "the borrower's handle keeps it alive");
}

fn a_batch_over_proxies_of_several_connections_is_one_step() {
    let manager = Manager::spawn(functions()).unwrap();
    let (list, dict) = (manager.list::<u64>().unwrap(), manager.dict::<u64, u64>().unwrap());
    let child: WorkerHandle<Said> = Worker::spawn("batch over two", &(&list, &dict)).unwrap();
    child.join().unwrap().unwrap();
    assert_eq!((list.to_vec(), dict.get(&2)), (Ok(vec![1, 4, 1, 4]), Ok(Some(3))));
    // The other manager's object of the same number is not taken for it.
    let other = Manager::spawn(functions()).unwrap();
    let theirs = other.list::<u64>().unwrap();
    let error = Batch::new().push(&list, &5).unwrap().push(&theirs, &6).unwrap().run().unwrap_err();
    assert!(matches!(error, ManagerError::Refused(Refusal::NoLoan(_))), "{error}");
    assert_eq!((list.len(), theirs.len()), (Ok(4), Ok(0)));
}

// Memory.

/// A manager of its own process, and the most memory that it has taken since it was last asked.
struct Measured {
    manager: Manager,
    process: u32,
}

impl Measured {
    fn new() -> Self {
        let manager = Manager::process("manager").unwrap();
        manager.list::<u8>().unwrap(); // it runs now
        let process = manager.process_id().unwrap();
        Measured { manager, process }
    }

    /// How much its memory grows above what it is now, in bytes, while something is done.
    fn growth(&self, work: impl FnOnce()) -> u64 {
        let status = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap();
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().unwrap()
                * 1024
        };
        // forgets the peak
        std::fs::write(format!("/proc/{}/clear_refs", self.process), "5").unwrap();
        let before = status("VmRSS");
        work();
        status("VmHWM").saturating_sub(before)
    }
}

/// What allocators and the kernel keep beside what is asked of them.
const SLACK: u64 = 4 << 20;

fn a_request_takes_no_more_memory_than_a_multiple_of_its_frame() {
    let measured = Measured::new();
    let mut client = Raw::new(&measured.manager).unwrap();
    let list = client.create(Create::List);
    let call = frame::to_bytes(&Call {
        object: list,
        fence: None,
        operation: Operation::List(ListOperation::Len),
    });
    let call = call.unwrap();
    assert_eq!(call.len(), 4);
    // One frame of 16 MiB: a batch of calls as short as can be. As a vector they took 611 MiB.
    let count = (16 << 20) / call.len() - 2;
    let payload = [vec![4], frame::to_bytes(&count).unwrap(), call.repeat(count)].concat();
    let mut done = None;
    let growth = measured.growth(|| {
        client.send(&payload);
        done = Some(client.receive());
    });
    assert_eq!(done, Some(Reply::Batch { done: count as u64, refusal: None }));
    let most = MEMORY_FACTOR * payload.len() as u64 + SLACK;
    println!("a request of {} bytes: {growth} bytes, {most} at most", payload.len());
    assert!(growth <= most, "{growth} bytes for a request of {}", payload.len());
    let growth = measured.growth(|| drop(client.ask(&Request::Batch(Packed::default()))));
    assert!(growth <= SLACK, "nothing is kept, and {growth} bytes were taken again");
}

fn a_reply_takes_no_more_memory_than_a_multiple_of_its_frame() {
    let measured = Measured::new();
    let mut client = Raw::new(&measured.manager).unwrap();
    let list = client.create(Create::List);
    let call = |operation| {
        Request::Call(Call { object: list, fence: None, operation: Operation::List(operation) })
    };
    // Items as short as can be.
    let items: Packed<Item> = vec![Item(vec![7]); 1 << 20].into();
    let bytes = items.bytes();
    assert_eq!(client.ask(&call(ListOperation::Extend(items))), Reply::Done);
    let growth = measured.growth(|| match client.ask(&call(ListOperation::Range(0, u64::MAX))) {
        Reply::Items(items) => assert_eq!(items.bytes(), bytes),
        reply => panic!("{reply:?}"),
    });
    let most = MEMORY_FACTOR * bytes as u64 + SLACK;
    println!("a reply of {bytes} bytes: {growth} bytes, {most} at most");
    assert!(growth <= most, "{growth} bytes for a reply of {bytes}");

    // More than a frame holds is refused before it is put together.
    let large = Item(vec![7; 1 << 20]);
    for _ in 0..40 {
        assert_eq!(client.ask(&call(ListOperation::Push(large.clone()))), Reply::Done);
    }
    let limit = u64::from(Limits::default().frame_bytes);
    let growth = measured.growth(|| {
        let reply = client.ask(&call(ListOperation::Range(0, u64::MAX)));
        assert_eq!(reply, Reply::Refused(Refusal::TooLarge(limit)));
    });
    assert!(growth <= 3 * limit, "{growth} bytes for what is never sent");
}

fn requests_of_all_connections_have_one_limit() {
    let manager = Manager::process("manager").unwrap();
    let list = manager.list::<u64>().unwrap();
    let frame = 16 << 20;
    let fit = (IN_FLIGHT_BYTES / (MEMORY_FACTOR * frame)) as usize;
    // So many arrive, but for their last byte; at the most what a socket holds is still on its way.
    let bytes = frame::encode(&vec![0xff; frame as usize]).unwrap();
    let begin = |client: &mut Raw| client.0.write_all(&bytes[..bytes.len() - 1]).unwrap();
    let mut clients: Vec<Raw> = (0..fit).map(|_| Raw::new(&manager).unwrap()).collect();
    clients.iter_mut().for_each(begin);
    let mut late = Raw::new(&manager).unwrap();
    begin(&mut late);
    assert_eq!(late.receive(), Reply::Refused(Refusal::Busy(IN_FLIGHT_BYTES)));
    list.push(&1).unwrap(); // what is short is not counted
    late.0.write_all(&bytes[bytes.len() - 1..]).unwrap();
    assert!(
        matches!(late.ask(&Request::Create(Create::List)), Reply::Created(_)),
        "its next request is served"
    );

    drop(clients);
    let push = Operation::List(ListOperation::Push(Item(vec![0; 15 << 20])));
    let object = late.create(Create::List);
    let request = Request::Call(Call { object, fence: None, operation: push });
    while late.ask(&request) != Reply::Done {} // their ends are noticed
    manager.shutdown().unwrap();
}

fn replies_of_all_connections_have_one_limit() {
    let manager = Manager::process("manager").unwrap();
    let mut owner = Raw::new(&manager).unwrap();
    let item = Item(vec![7; (16 << 20) - 100]);
    let value = owner.create(Create::Value(item));
    let fit = (IN_FLIGHT_BYTES / (MEMORY_FACTOR * (16 << 20))) as usize;
    let call = |operation| {
        Request::Call(Call { object: value, fence: None, operation: Operation::Value(operation) })
    };
    let get = call(ValueOperation::Get);
    let mut clients: Vec<Raw> = (0..fit).map(|_| Raw::new(&manager).unwrap()).collect();
    for client in &mut clients {
        owner.lend(client, value);
        client.send(&frame::to_bytes(&get).unwrap());
        client.0.read_exact(&mut [0]).unwrap(); // the reply has begun, and most of it is not read
    }
    let busy = Reply::Refused(Refusal::Busy(IN_FLIGHT_BYTES));
    assert_eq!(owner.ask(&get), busy);
    let exchange = ValueOperation::CompareExchange { current: Item::default(), new: Item(vec![1]) };
    assert_eq!(owner.ask(&call(exchange)), busy, "nor can it say what was there instead");
    assert_eq!(
        owner.ask(&call(ValueOperation::Set(Item(vec![1])))),
        Reply::Done,
        "what answers little is done"
    );
    assert_eq!(owner.ask(&get), Reply::Item(Some(Item(vec![1]))));
    manager.shutdown().unwrap();
}

// The end of a manager.

fn kill(process: u32) {
    let pid = rustix::process::Pid::from_raw(process as i32).expect("a process id is not 0");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

fn a_killed_manager_is_one_error_for_all_clients() {
    let manager = Manager::process("manager").unwrap();
    let (list, dict) = (manager.list::<u64>().unwrap(), manager.dict::<u64, u64>().unwrap());
    let child: WorkerHandle<Option<String>> = Worker::spawn("push until the end", &list).unwrap();
    while list.len().unwrap() < 100 {} // the child is at work
    kill(manager.process_id().unwrap());
    let exit = ManagerExit::Failed(Failure::Signaled(9));
    let killed = ManagerError::Disconnected { exit };
    let threads = thread::scope(|scope| {
        let pushed = scope.spawn(|| {
            loop {
                if let Err(error) = list.push(&1) {
                    return error;
                }
            }
        });
        let inserted = scope.spawn(|| {
            loop {
                if let Err(error) = dict.insert(&1, &1) {
                    return error;
                }
            }
        });
        [pushed.join().unwrap(), inserted.join().unwrap()]
    });
    assert_eq!(threads, [killed.clone(), killed.clone()]);
    assert_eq!(list.len(), Err(killed.clone()), "and it stays");
    assert_eq!(manager.lock().unwrap_err(), killed);
    assert_eq!(killed.to_string(), "the manager was ended by signal 9 (SIGKILL)");
    assert_eq!(child.join().unwrap().as_deref(), Some("the manager is gone"));
    assert_eq!(manager.shutdown(), Err(killed));
}

fn a_killed_manager_wakes_those_who_wait_for_a_lock() {
    let manager = Manager::process("manager").unwrap();
    let lock = manager.lock().unwrap();
    let guard = lock.lock().unwrap().unwrap();
    let killed = ManagerError::Disconnected { exit: ManagerExit::Failed(Failure::Signaled(9)) };
    thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.lock().map(drop).unwrap_err());
        kill(manager.process_id().unwrap());
        assert_eq!(waiter.join().unwrap(), killed);
    });
    assert_eq!(guard.unlock(), Err(killed.clone()));
    assert_eq!(manager.shutdown(), Err(killed));
}

fn a_manager_that_cannot_start_is_an_error() {
    let manager = Manager::process("no such worker").unwrap();
    let error = manager.list::<u64>().unwrap_err();
    let ManagerError::Disconnected {
        exit: ManagerExit::Failed(Failure::NotRegistered { name, .. }),
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(name, "no such worker");
    assert_eq!(manager.shutdown(), Err(error));
}

fn a_shut_down_manager_is_an_error() {
    for manager in [Manager::spawn(functions()).unwrap(), Manager::process("manager").unwrap()] {
        let list = manager.list::<u64>().unwrap();
        list.push(&1).unwrap();
        let stranger = manager.connect().unwrap();
        assert_eq!(manager.shutdown(), Ok(()));
        assert_eq!(list.push(&2), Err(ManagerError::Disconnected { exit: ManagerExit::ShutDown }));
        assert_eq!((&stranger).read(&mut [0]).unwrap(), 0, "its other connections end as well");
    }
}

fn a_shutdown_wakes_those_who_wait_for_a_lock() {
    let manager = Manager::spawn(functions()).unwrap();
    let lock = manager.lock().unwrap();
    let _guard = lock.lock().unwrap().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.lock().map(drop).unwrap_err());
        manager.shutdown().unwrap();
        let error = waiter.join().unwrap();
        // Either its request was there first, or the end of the connection.
        let closing = ManagerError::Refused(Refusal::Closing);
        let gone = ManagerError::Disconnected { exit: ManagerExit::ShutDown };
        assert!(error == closing || error == gone, "{error}");
    });
}

// Locks and children.

fn a_killed_owner_releases_and_poisons_the_lock() {
    let manager = Manager::process("manager").unwrap();
    let (lock, held) = (manager.lock().unwrap(), manager.value(&false).unwrap());
    let child: WorkerHandle<()> =
        Worker::spawn("hold and wait to be killed", &(&lock, &held)).unwrap();
    while !held.get().unwrap() {}
    assert!(lock.try_lock().unwrap().is_none(), "the child holds it");
    thread::scope(|scope| {
        let waiter = scope.spawn(|| lock.lock().unwrap().map(drop).is_err());
        child.kill().unwrap();
        assert!(waiter.join().unwrap(), "the lock is poisoned");
    });
    assert_eq!(child.join().unwrap_err().failure(), &Failure::Signaled(9));
    assert!(lock.lock().unwrap().is_err(), "and stays so");
    lock.clear_poison().unwrap();
    assert!(lock.lock().unwrap().is_ok());
}

fn a_client_killed_while_it_waits_poisons_nothing() {
    let manager = Manager::process("manager").unwrap();
    let (lock, begun) = (manager.lock().unwrap(), manager.value(&false).unwrap());
    let guard = lock.lock().unwrap().unwrap();
    let child: WorkerHandle<()> =
        Worker::spawn("hold and wait to be killed", &(&lock, &begun)).unwrap();
    child.kill().unwrap(); // before, while, or without that it waits
    assert_eq!(child.join().unwrap_err().failure(), &Failure::Signaled(9));
    guard.unlock().unwrap();
    assert!(lock.lock().unwrap().is_ok());
    assert_eq!(begun.get(), Ok(false));
}

fn a_panicking_owner_releases_and_poisons_the_lock() {
    let manager = Manager::spawn(functions()).unwrap();
    let (lock, list) = (manager.lock().unwrap(), manager.list::<u64>().unwrap());
    let child: WorkerHandle<()> = Worker::spawn("hold and panic", &(&lock, &list)).unwrap();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error.failure(), Failure::Panicked { message, .. } if message == "half done"),
        "{error}"
    );
    assert!(lock.lock().unwrap().is_err(), "the lock is poisoned");
    assert_eq!(list.to_vec(), Ok(vec![1]));
}

fn a_write_under_a_hold_that_is_over_is_refused() {
    let manager = Manager::spawn(functions()).unwrap();
    let (lock, balance) = (manager.lock().unwrap(), manager.value(&0_i64).unwrap());
    let guard = lock.lock().unwrap().unwrap();
    let fenced = balance.fenced(guard.fence());
    fenced.set(&1).unwrap();
    guard.unlock().unwrap();
    let stale = Err(ManagerError::Refused(Refusal::StaleFence));
    assert_eq!(fenced.set(&2), stale, "nobody holds it");
    let guard = lock.lock().unwrap().unwrap();
    assert_eq!(fenced.set(&3), stale, "somebody else holds it");
    balance.fenced(guard.fence()).set(&4).unwrap();
    assert_eq!(balance.get(), Ok(4));
}

/// What becomes of a child that pushes one item and then fails.
fn child_fails(worker: &str, end: impl FnOnce(&WorkerHandle<()>)) -> Failure {
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<u64>().unwrap();
    let child: WorkerHandle<()> = Worker::spawn(worker, &list).unwrap();
    while list.is_empty().unwrap() && !child.is_finished() {}
    end(&child);
    let error = child.join().unwrap_err();
    assert_eq!(list.to_vec(), Ok(vec![1]), "what it did before counts");
    list.push(&2).unwrap();
    error.failure().clone()
}

fn a_child_that_panics_is_an_error() {
    let failure = child_fails("push and panic", |_| ());
    let Failure::Panicked { message, location } = failure else { panic!("{failure}") };
    assert_eq!(message, "after 1 items");
    assert!(location.is_some_and(|at| at.starts_with("tests/workers/manager.rs:")));
}

fn a_child_that_exits_is_an_error() {
    assert_eq!(child_fails("push and exit", |_| ()), Failure::Exited(7));
}

fn a_child_that_is_killed_is_an_error() {
    let failure = child_fails("push and wait to be killed", |child| child.kill().unwrap());
    assert_eq!(failure, Failure::Signaled(9));
}

// Peers that do not speak the language.

/// Everything that the manager says on this connection until it ends it.
fn replies(mut peer: &UnixStream) -> Vec<Reply> {
    let mut bytes = Vec::new();
    // A reset after the last reply is an end, too.
    let _ = peer.read_to_end(&mut bytes);
    let mut decoder = frame::Decoder::new();
    decoder.feed(&bytes);
    let mut replies = Vec::new();
    while let Some(payload) = decoder.next_frame().expect("the manager speaks in frames") {
        replies.push(frame::from_bytes(&payload).expect("and in replies"));
    }
    replies
}

/// A peer sends these bytes; another client, before and after, is not touched by it.
fn stranger_sends(limits: Limits, bytes: &[u8]) -> Vec<Reply> {
    let manager = Manager::spawn_with(functions(), limits).unwrap();
    let list = manager.list::<u64>().unwrap();
    list.extend(&[1, 2, 3]).unwrap();
    let peer = manager.connect().unwrap();
    let said = thread::scope(|scope| {
        let replies = scope.spawn(|| replies(&peer));
        // The manager may end the connection in the middle.
        let _ = (&peer).write_all(bytes).and_then(|()| peer.shutdown(Shutdown::Write));
        replies.join().unwrap()
    });
    list.push(&4).unwrap();
    assert_eq!(list.to_vec(), Ok(vec![1, 2, 3, 4]), "nothing that was accepted is lost");
    said
}

fn garbage_ends_its_own_connection_only() {
    let malformed = |said: &[Reply]| matches!(said, [.., Reply::Refused(Refusal::Malformed(_))]);
    let said = stranger_sends(Limits::default(), b"GET / HTTP/1.1\r\n\r\n");
    assert!(malformed(&said) && said.len() == 1, "no frame: {said:?}");
    let said = stranger_sends(Limits::default(), &frame::encode(&[0xff; 100]).unwrap());
    assert!(malformed(&said) && said.len() == 1, "a frame, but no request: {said:?}");

    let create = frame::to_bytes(&Request::Create(Create::List)).unwrap();
    let good = frame::encode(&create).unwrap();
    let said = stranger_sends(Limits::default(), &[&good[..], b"garbage that follows"].concat());
    assert!(
        malformed(&said) && matches!(said[0], Reply::Created(_)) && said.len() == 2,
        "first a request: {said:?}"
    );
    let said = stranger_sends(Limits::default(), &good[..good.len() - 1]);
    assert_eq!(said, [], "a torn frame is not a request");
    let left_over = frame::encode(&[create, vec![0]].concat()).unwrap();
    let said = stranger_sends(Limits::default(), &left_over);
    assert!(malformed(&said) && said.len() == 1, "bytes are left over: {said:?}");
    let connect = frame::encode(&frame::to_bytes(&Request::Connect(None)).unwrap()).unwrap();
    let said = stranger_sends(Limits::default(), &connect);
    assert!(malformed(&said) && said.len() == 1, "a connection without a socket: {said:?}");
}

fn an_oversized_frame_ends_its_own_connection_only() {
    let limits = Limits { frame_bytes: 1000, ..Limits::default() };
    let too_large = [Reply::Refused(Refusal::TooLarge(1000))];
    assert_eq!(stranger_sends(limits, &frame::encode(&[0; 1001]).unwrap()), too_large);
    let length = u32::MAX - 1;
    let header = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    assert_eq!(
        stranger_sends(limits, &header),
        too_large,
        "4 GiB are announced: nobody waits for them"
    );
}

fn an_answer_beyond_the_limit_is_refused_and_the_rest_can_be_read() {
    let limits = Limits { frame_bytes: 1000, ..Limits::default() };
    let manager = Manager::spawn_with(functions(), limits).unwrap();
    let list = manager.list::<Vec<u8>>().unwrap();
    let item = vec![7; 300];
    (0..4).for_each(|_| list.push(&item).unwrap());
    let too_large = ManagerError::Refused(Refusal::TooLarge(1000));
    assert_eq!(list.to_vec(), Err(too_large.clone()));
    assert_eq!(list.range(1..4), Ok(vec![item.clone(); 3]), "in parts");
    assert_eq!(list.push(&vec![7; 1000]), Err(too_large.clone()), "nor can it be asked");
    assert_eq!(list.update::<_, ()>(0, "grow", &1000_u32), Err(too_large), "nor made there");
    assert_eq!(list.get(0), Ok(Some(item)));
}

fn a_full_manager_refuses_and_takes_again() {
    let limits = Limits { total_bytes: 10_000, ..Limits::default() };
    let manager = Manager::spawn_with(functions(), limits).unwrap();
    let list = manager.list::<Vec<u8>>().unwrap();
    let pushes = (0..1000).take_while(|_| list.push(&vec![0; 100]).is_ok()).count();
    assert!((10..100).contains(&pushes), "{pushes} items of 100 bytes in 10,000");
    assert_eq!(list.push(&vec![0; 100]), Err(ManagerError::Refused(Refusal::Full)));
    assert_eq!(list.len(), Ok(pushes as u64));
    list.pop().unwrap();
    list.push(&vec![0; 100]).unwrap();
    let other = manager.list::<Vec<u8>>();
    drop(list);
    drop(other);
    let list = manager.list::<Vec<u8>>().unwrap();
    list.extend(&vec![vec![0; 100]; pushes]).unwrap();
}

fn too_many_connections_are_refused() {
    let limits = Limits { connections: 3, ..Limits::default() };
    let manager = Manager::spawn_with(functions(), limits).unwrap();
    let first = manager.connect().unwrap();
    let _second = manager.connect().unwrap();
    assert_eq!(manager.connect().unwrap_err(), ManagerError::Refused(Refusal::Full));
    drop(first);
    while manager.connect().is_err() {} // its end is noticed
}

// Proxies that travel.

fn a_proxy_on_its_way_keeps_the_object_alive() {
    let manager = Manager::process("manager").unwrap();
    for n in 0..20 {
        let list = manager.list::<u64>().unwrap();
        list.push(&n).unwrap();
        let child: WorkerHandle<ListProxy<u64>> = Worker::spawn("give back", &list).unwrap();
        drop(list); // before the child's first use, more often than not
        assert_eq!(child.join().unwrap().to_vec(), Ok(vec![n, 2]));
    }
}

fn a_proxy_comes_back_from_a_child() {
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<u64>().unwrap();
    list.push(&1).unwrap();
    let child: WorkerHandle<ListProxy<u64>> = Worker::spawn("give back", &list).unwrap();
    let same = child.join().unwrap();
    same.push(&3).unwrap();
    assert_eq!(list.to_vec(), Ok(vec![1, 2, 3]));
}

fn a_proxy_travels_nowhere_else() {
    let manager = Manager::spawn(functions()).unwrap();
    let list = manager.list::<u64>().unwrap();
    let error = Item::encode(&list).unwrap_err();
    assert!(error.to_string().contains("arguments"), "{error}");
}

// Properties.

/// `Err` is the smallest counterexample.
fn property<S: Strategy>(
    strategy: S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) -> Result<(), String> {
    let config = Config { cases: size(64, 5_000), failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, test).map_err(|e| e.to_string())
}

#[derive(Clone, Debug)]
enum OnList {
    Push(i64),
    Extend(Vec<i64>),
    Get(u64),
    Set(u64, i64),
    Pop,
    Remove(u64),
    Contains(i64),
    Add(u64, i64),
    Exchange(u64, i64, i64),
    Clear,
    Range(u64, u64),
}

fn on_list() -> impl Strategy<Value = OnList> {
    let (index, item) = (0..8_u64, -3..4_i64);
    prop_oneof![
        4 => item.clone().prop_map(OnList::Push),
        1 => prop::collection::vec(item.clone(), 0..4).prop_map(OnList::Extend),
        1 => index.clone().prop_map(OnList::Get),
        1 => (index.clone(), item.clone()).prop_map(|(i, n)| OnList::Set(i, n)),
        1 => Just(OnList::Pop),
        1 => index.clone().prop_map(OnList::Remove),
        1 => item.clone().prop_map(OnList::Contains),
        1 => (index.clone(), item.clone()).prop_map(|(i, n)| OnList::Add(i, n)),
        1 => (index.clone(), item.clone(), item).prop_map(|(i, a, b)| OnList::Exchange(i, a, b)),
        1 => Just(OnList::Clear),
        1 => (index.clone(), index).prop_map(|(a, b)| OnList::Range(a, b)),
    ]
}

fn any_operations_on_a_list_do_what_a_vec_does() {
    list_is_a_vec(Vec::remove).unwrap();
}

fn the_list_property_sees_another_remove() {
    let found = list_is_a_vec(Vec::swap_remove).unwrap_err();
    assert!(found.contains("Remove("), "the counterexample has what is wrong: {found}");
}

fn list_is_a_vec(remove: fn(&mut Vec<i64>, usize) -> i64) -> Result<(), String> {
    let manager = Manager::spawn(functions()).unwrap();
    property(prop::collection::vec(on_list(), 0..40), |operations| {
        let (list, mut vec) = (manager.list::<i64>().unwrap(), Vec::new());
        for operation in operations {
            let out = |index, len| ManagerError::Refused(Refusal::OutOfRange { index, len });
            let len = vec.len() as u64;
            match operation {
                OnList::Push(n) => {
                    vec.push(n);
                    prop_assert_eq!(list.push(&n), Ok(()));
                }
                OnList::Extend(more) => {
                    vec.extend(&more);
                    prop_assert_eq!(list.extend(&more), Ok(()));
                }
                OnList::Get(i) => prop_assert_eq!(list.get(i), Ok(vec.get(i as usize).copied())),
                OnList::Set(i, n) => {
                    let set = vec.get_mut(i as usize).map(|slot| *slot = n);
                    prop_assert_eq!(list.set(i, &n), set.ok_or(out(i, len)));
                }
                OnList::Pop => prop_assert_eq!(list.pop(), Ok(vec.pop())),
                OnList::Remove(i) => {
                    let removed = (i < len).then(|| remove(&mut vec, i as usize));
                    prop_assert_eq!(list.remove(i), removed.ok_or(out(i, len)));
                }
                OnList::Contains(n) => prop_assert_eq!(list.contains(&n), Ok(vec.contains(&n))),
                OnList::Add(i, n) => {
                    let sum = vec.get_mut(i as usize).map(|slot| {
                        *slot += n;
                        *slot
                    });
                    prop_assert_eq!(list.update(i, "add", &n), sum.ok_or(out(i, len)));
                }
                OnList::Exchange(i, current, new) => {
                    let exchanged = vec.get_mut(i as usize).map(|slot| match *slot == current {
                        true => {
                            *slot = new;
                            Ok(())
                        }
                        false => Err(*slot),
                    });
                    prop_assert_eq!(
                        list.compare_exchange(i, &current, &new),
                        exchanged.ok_or(out(i, len))
                    );
                }
                OnList::Clear => {
                    vec.clear();
                    prop_assert_eq!(list.clear(), Ok(()));
                }
                OnList::Range(from, to) => {
                    let range =
                        vec.iter().skip(from as usize).take(to.saturating_sub(from) as usize);
                    prop_assert_eq!(list.range(from..to), Ok(range.copied().collect::<Vec<_>>()));
                }
            }
            prop_assert_eq!(list.len(), Ok(vec.len() as u64));
        }
        prop_assert_eq!(list.to_vec(), Ok(vec));
        Ok(())
    })
}

#[derive(Clone, Debug)]
enum OnDict {
    Insert(i64, i64),
    Get(i64),
    Remove(i64),
    Add(i64, i64),
    AddOr(i64, i64),
    Exchange(i64, Option<i64>, Option<i64>),
    Keys,
    Clear,
}

fn on_dict() -> impl Strategy<Value = OnDict> {
    let (key, item) = (prop_oneof![-2..3_i64, Just(i64::MIN), Just(1 << 40)], -3..4_i64);
    let maybe = prop::option::of(-3..4_i64);
    prop_oneof![
        4 => (key.clone(), item.clone()).prop_map(|(k, n)| OnDict::Insert(k, n)),
        1 => key.clone().prop_map(OnDict::Get),
        1 => key.clone().prop_map(OnDict::Remove),
        1 => (key.clone(), item.clone()).prop_map(|(k, n)| OnDict::Add(k, n)),
        1 => (key.clone(), item).prop_map(|(k, n)| OnDict::AddOr(k, n)),
        2 => (key, maybe.clone(), maybe).prop_map(|(k, a, b)| OnDict::Exchange(k, a, b)),
        1 => Just(OnDict::Keys),
        1 => Just(OnDict::Clear),
    ]
}

type Map = BTreeMap<i64, i64>;

fn any_operations_on_a_dict_do_what_a_map_does() {
    dict_is_a_map(Map::insert).unwrap();
}

fn the_dict_property_sees_another_insert() {
    let keep_the_old = |map: &mut Map, key, item| match map.get(&key) {
        Some(old) => Some(*old),
        None => map.insert(key, item),
    };
    let found = dict_is_a_map(keep_the_old).unwrap_err();
    assert!(found.contains("Insert("), "the counterexample has what is wrong: {found}");
}

fn dict_is_a_map(insert: fn(&mut Map, i64, i64) -> Option<i64>) -> Result<(), String> {
    let manager = Manager::spawn(functions()).unwrap();
    property(prop::collection::vec(on_dict(), 0..40), |operations| {
        let (dict, mut map) = (manager.dict::<i64, i64>().unwrap(), Map::new());
        for operation in operations {
            match operation {
                OnDict::Insert(k, n) => {
                    prop_assert_eq!(dict.insert(&k, &n), Ok(insert(&mut map, k, n)))
                }
                OnDict::Get(k) => prop_assert_eq!(dict.get(&k), Ok(map.get(&k).copied())),
                OnDict::Remove(k) => prop_assert_eq!(dict.remove(&k), Ok(map.remove(&k))),
                OnDict::Add(k, n) => {
                    let sum = map.get_mut(&k).map(|slot| {
                        *slot += n;
                        *slot
                    });
                    let absent = ManagerError::Refused(Refusal::NoSuchKey);
                    prop_assert_eq!(dict.update(&k, "add", &n), sum.ok_or(absent));
                }
                OnDict::AddOr(k, n) => {
                    let slot = map.entry(k).or_insert(100);
                    *slot += n;
                    prop_assert_eq!(dict.update_or(&k, &100, "add", &n), Ok(*slot));
                }
                OnDict::Exchange(k, current, new) => {
                    let found = map.get(&k).copied();
                    let expected = if found == current { Ok(()) } else { Err(found) };
                    match (expected, new) {
                        (Ok(()), Some(n)) => drop(map.insert(k, n)),
                        (Ok(()), None) => drop(map.remove(&k)),
                        (Err(_), _) => {}
                    }
                    prop_assert_eq!(
                        dict.compare_exchange(&k, current.as_ref(), new.as_ref()),
                        Ok(expected)
                    );
                }
                OnDict::Keys => {
                    prop_assert_eq!(dict.keys(), Ok(map.keys().copied().collect::<Vec<_>>()))
                }
                OnDict::Clear => {
                    map.clear();
                    prop_assert_eq!(dict.clear(), Ok(()));
                }
            }
            prop_assert_eq!(dict.len(), Ok(map.len() as u64));
        }
        prop_assert_eq!(dict.to_map(), Ok(map));
        Ok(())
    })
}

fn any_bytes_are_a_request_or_an_error() {
    // Small numbers are what requests are made of: with any bytes alone, few would come far.
    let byte = prop_oneof![4 => 0..12_u8, 1 => any::<u8>()];
    property(prop::collection::vec(byte, 0..200), |bytes| {
        let _ = decode_request(&bytes); // any answer, no panic
        check_bytes(&bytes);
        Ok(())
    })
    .unwrap();
}

/// A request as some client could send it; objects and functions are sometimes there and sometimes
/// not.
fn request() -> impl Strategy<Value = Request> {
    let object = (0..6_u64).prop_map(ObjectId);
    let item = prop::collection::vec(0..3_u8, 0..6).prop_map(|bytes| Item::encode(&bytes).unwrap());
    let large = (0..300_usize).prop_map(|length| Item::encode(&vec![0_u8; length]).unwrap());
    let item = prop_oneof![4 => item, 1 => large];
    let fence = (object.clone(), 0..3_u64).prop_map(|(lock, token)| Fence { lock, token });
    let create = prop_oneof![
        1 => Just(Create::List),
        1 => Just(Create::Dict),
        1 => item.clone().prop_map(Create::Value),
        1 => Just(Create::Lock),
    ];
    let (maybe, index) = (prop::option::of(item.clone()), 0..3_u64);
    let operation = prop_oneof![
        3 => item.clone().prop_map(|item| Operation::List(ListOperation::Push(item))),
        1 => prop::collection::vec(item.clone(), 0..3)
            .prop_map(|items| Operation::List(ListOperation::Extend(items.into()))),
        1 => (index.clone(), item.clone())
            .prop_map(|(i, item)| Operation::List(ListOperation::Set(i, item))),
        1 => index.prop_map(|i| Operation::List(ListOperation::Remove(i))),
        1 => Just(Operation::List(ListOperation::Pop)),
        1 => Just(Operation::List(ListOperation::Clear)),
        3 => (item.clone(), item.clone())
            .prop_map(|(k, v)| Operation::Dict(DictOperation::Insert(k, v))),
        1 => item.clone().prop_map(|key| Operation::Dict(DictOperation::Remove(key))),
        1 => (item.clone(), maybe.clone(), maybe)
            .prop_map(|(key, current, new)| {
                Operation::Dict(DictOperation::CompareExchange { key, current, new })
            }),
        1 => Just(Operation::Dict(DictOperation::Clear)),
        1 => item.prop_map(|item| Operation::Value(ValueOperation::Set(item))),
    ];
    let call = (object.clone(), prop::option::weighted(0.2, fence.clone()), operation)
        .prop_map(|(object, fence, operation)| Call { object, fence, operation });
    prop_oneof![
        1 => create.prop_map(Request::Create),
        1 => object.clone().prop_map(Request::Release),
        20 => call.clone().prop_map(Request::Call),
        1 => prop::collection::vec(call, 0..4).prop_map(|calls| Request::Batch(calls.into())),
        2 => object.clone().prop_map(Request::Acquire),
        1 => object.clone().prop_map(Request::TryAcquire),
        2 => (fence, any::<bool>()).prop_map(|(fence, poison)| Request::Unlock { fence, poison }),
        1 => object.clone().prop_map(Request::ClearPoison),
        1 => object.prop_map(Request::Lend),
        1 => any::<u64>().prop_map(Request::Borrow),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Connect(Option<u64>),
    Disconnect(u64),
    Ask(u64, Request),
}

fn any_requests_leave_the_core_consistent() {
    let step = prop_oneof![
        1 => prop::option::of(0..6_u64).prop_map(Step::Connect),
        1 => (0..4_u64).prop_map(Step::Disconnect),
        40 => (0..4_u64, request())
            .prop_map(|(connection, request)| Step::Ask(connection, request)),
    ];
    // Somebody and something that most steps can be about.
    let objects = [Create::List, Create::Dict, Create::Value(Item::default()), Create::Lock];
    let begin = std::iter::once(Step::Connect(None));
    let begin = begin.chain(objects.map(|object| Step::Ask(0, Request::Create(object))));
    let begin = begin.chain([Step::Connect(Some(0))]).collect::<Vec<_>>();
    property(prop::collection::vec(step, 0..80), |steps| {
        let limits = Limits { frame_bytes: 250, total_bytes: 1_500, connections: 3 };
        let mut core = Core::new(functions(), limits);
        for step in begin.iter().cloned().chain(steps) {
            match step {
                Step::Connect(object) => drop(core.connect(object.map(ObjectId))),
                Step::Disconnect(connection) => core.disconnect(ConnectionId(connection)),
                Step::Ask(connection, request) => {
                    drop(core.apply(ConnectionId(connection), request))
                }
            }
            core.assert_consistent();
        }
        (0..100).for_each(|connection| core.disconnect(ConnectionId(connection)));
        core.assert_consistent();
        prop_assert_eq!(core.objects(), 0, "objects outlive all connections");
        Ok(())
    })
    .unwrap();
}

fn only_its_owner_can_unlock() {
    let mut core = Core::new(functions(), Limits::default());
    let owner = core.connect(None).unwrap();
    let Outcome::Reply(Reply::Created(lock)) = core.apply(owner, Request::Create(Create::Lock))
    else {
        panic!()
    };
    let other = core.connect(Some(lock)).unwrap();
    let acquired = Outcome::Reply(Reply::Acquired { token: 1, poisoned: false });
    assert_eq!(core.apply(owner, Request::Acquire(lock)), acquired);
    assert_eq!(
        core.apply(owner, Request::Acquire(lock)),
        Outcome::Reply(Reply::Refused(Refusal::AlreadyHeld))
    );
    assert_eq!(core.apply(other, Request::Acquire(lock)), Outcome::Blocked(Request::Acquire(lock)));
    let unlock = |token| Request::Unlock { fence: Fence { lock, token }, poison: false };
    let stale = Outcome::Reply(Reply::Refused(Refusal::StaleFence));
    assert_eq!(core.apply(other, unlock(1)), stale, "it is not the owner");
    assert_eq!(core.apply(owner, unlock(2)), stale, "that hold has not begun");
    assert_eq!(core.apply(owner, unlock(1)), Outcome::Reply(Reply::Done));
    assert_eq!(core.apply(owner, unlock(1)), stale, "that hold is over");
    assert!(matches!(
        core.apply(other, Request::Acquire(lock)),
        Outcome::Reply(Reply::Acquired { token: 2, .. })
    ));
}

/// Says these in turn, whatever is asked.
struct Script(Vec<Result<Reply, Lost>>);

impl Wire<Request, Reply> for Script {
    fn send(&mut self, _: &Request) -> Result<(), Lost> {
        Ok(())
    }

    fn receive(&mut self) -> Result<Reply, Lost> {
        self.0.remove(0)
    }
}

fn a_connection_that_failed_once_says_so_for_ever() {
    let ask = |remote: &Remote<Script>| {
        remote.call(&Request::Create(Create::List), |_| (), || ManagerExit::ShutDown)
    };
    for lost in [Lost::Ended, Lost::Malformed("noise".to_string()), Lost::TooLarge(9)] {
        let remote = Remote::new(Script(vec![Ok(Reply::Done), Err(lost), Ok(Reply::Done)]));
        assert_eq!(ask(&remote), Ok(Reply::Done));
        let error = ask(&remote).unwrap_err();
        assert_eq!(ask(&remote), Err(error), "a late answer would be taken for the answer to this");
    }
}
