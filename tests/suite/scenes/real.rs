//! Models that are really explored, for what an explorer makes of them.

use selvedge::sync::atomic::{AtomicU32, Ordering};
use selvedge::sync::{self, Arc, Mutex};
use selvedge::thread;

/// Read, add, write back, without a lock.
pub(crate) fn lost_update() {
    let balance = Arc::new(AtomicU32::new(0));
    sync::name(&*balance, "balance");
    let tellers = ["teller 1", "teller 2"].map(|name| {
        let balance = Arc::clone(&balance);
        let deposit = move || {
            let before = balance.load(Ordering::SeqCst);
            balance.store(before + 1, Ordering::SeqCst);
        };
        thread::Builder::new().name(name.to_string()).spawn(deposit).expect("a thread starts")
    });
    for teller in tellers {
        teller.join().expect("a teller does not panic");
    }
    assert_eq!(balance.load(Ordering::SeqCst), 2, "a deposit is lost");
}

/// The flag is stored Relaxed: it does not publish the message.
pub(crate) fn relaxed_publication() {
    let shared = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
    let theirs = Arc::clone(&shared);
    let writer = thread::spawn(move || {
        let (message, ready) = &*theirs;
        sync::name(ready, "ready");
        message.store(42, Ordering::Relaxed);
        ready.store(1, Ordering::Relaxed);
    });
    let (message, ready) = &*shared;
    if ready.load(Ordering::Acquire) == 1 {
        assert_eq!(message.load(Ordering::Relaxed), 42);
    }
    writer.join().expect("the writer does not panic");
}

/// Two locks taken in opposite orders.
pub(crate) fn opposite_orders() {
    let locks = Arc::new((Mutex::new(()), Mutex::new(())));
    sync::name(&locks.0, "left");
    sync::name(&locks.1, "right");
    let theirs = Arc::clone(&locks);
    let philosopher = thread::Builder::new().name("philosopher".to_string()).spawn(move || {
        let _right = theirs.1.lock();
        let _left = theirs.0.lock();
    });
    {
        let _left = locks.0.lock();
        let _right = locks.1.lock();
    }
    philosopher.expect("a thread starts").join().expect("a philosopher does not panic");
}
