//! The three systems for real, each beside what it is made of: deposits, items, appends a second.
//!
//! As in `explore`: medians of alternating rounds, and only the ratios are worth reading. This
//! program is its own worker: see `main`.

use selvedge::process::{Table, Worker, WorkerHandle, worker_main};
use selvedge::systems::account;
use selvedge::systems::manager::{Functions, Manager, Serve};
use selvedge::systems::queue::{Sender, bounded};
use std::error::Error;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Instant;

type Outcome = Result<(), Box<dyn Error>>;

const ROUNDS: usize = 5;
const DEPOSITS: u64 = 200_000;
const ITEMS: u64 = 100_000;
const APPENDS: u64 = 5_000;
/// For how many items the queues have room.
const ROOM: usize = 256;

fn send((sender, items): (Sender<u64>, u64)) {
    (0..items).for_each(|item| sender.send(item).expect("a receiver"));
}

fn locked_deposits() -> Outcome {
    assert_eq!(account::demo(2, DEPOSITS / 2), DEPOSITS);
    Ok(())
}

fn std_deposits() -> Outcome {
    let balance = Mutex::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                (0..DEPOSITS / 2).for_each(|_| *balance.lock().expect("no teller panics") += 1)
            });
        }
    });
    assert_eq!(balance.into_inner()?, DEPOSITS);
    Ok(())
}

fn items_between_processes() -> Outcome {
    let (sender, receiver) = bounded::<u64>(ROOM);
    let worker: WorkerHandle<()> = Worker::spawn("send", &(sender, ITEMS))?;
    assert_eq!(receiver.drain()?, (0..ITEMS).collect::<Vec<_>>());
    worker.join()?;
    Ok(())
}

fn items_between_threads() -> Outcome {
    let (sender, receiver) = bounded(ROOM);
    let producer = thread::spawn(move || send((sender, ITEMS)));
    assert_eq!(receiver.drain()?, (0..ITEMS).collect::<Vec<_>>());
    producer.join().expect("a producer that ends well");
    Ok(())
}

fn std_items() -> Outcome {
    let (sender, receiver) = mpsc::sync_channel(ROOM);
    let producer =
        thread::spawn(move || (0..ITEMS).for_each(|item| sender.send(item).expect("a receiver")));
    assert_eq!(receiver.iter().collect::<Vec<u64>>(), (0..ITEMS).collect::<Vec<_>>());
    producer.join().expect("a producer that ends well");
    Ok(())
}

fn appends(manager: Manager) -> Outcome {
    let list = manager.list()?;
    for item in 0..APPENDS {
        list.push(&item)?;
    }
    assert_eq!(list.len()?, APPENDS);
    Ok(manager.shutdown()?)
}

fn appends_to_a_process() -> Outcome {
    appends(Manager::process("manager")?)
}

fn appends_to_a_thread() -> Outcome {
    appends(Manager::spawn(Functions::new())?)
}

/// How many a second.
fn measure(many: u64, run: fn() -> Outcome) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    run()?;
    Ok(many as f64 / start.elapsed().as_secs_f64())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn main() -> Outcome {
    worker_main(
        &Table::new()
            .function("send", send)
            .function("manager", |serve: Serve| serve.run(Functions::new())),
    );

    println!("medians of {ROUNDS} alternating rounds\n");
    println!("| what | a second | beside | a second | ratio |");
    println!("|---|---:|---|---:|---:|");
    type Side = (&'static str, fn() -> Outcome);
    let pairs: [(u64, Side, Side); 4] = [
        (
            DEPOSITS,
            ("account: deposits, 2 threads", locked_deposits),
            ("std's mutex", std_deposits),
        ),
        (
            ITEMS,
            ("queue: items, between threads", items_between_threads),
            ("std's mpsc", std_items),
        ),
        (
            ITEMS,
            ("queue: items, between processes", items_between_processes),
            ("between threads", items_between_threads),
        ),
        (
            APPENDS,
            ("manager: appends, to a process", appends_to_a_process),
            ("to a thread of the same process", appends_to_a_thread),
        ),
    ];
    for (many, (what, run), (beside, run_beside)) in pairs {
        let (mut us, mut them, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (ours, theirs) = (measure(many, run)?, measure(many, run_beside)?);
            // The first round warms up.
            if round > 0 {
                us.push(ours);
                them.push(theirs);
                ratios.push(ours / theirs);
            }
        }
        println!(
            "| {what} | {:.0} | {beside} | {:.0} | {:.2} |",
            median(us),
            median(them),
            median(ratios)
        );
    }
    Ok(())
}
