//! Destructors of std's thread-locals, which run after those of the facade's own are gone.

use selvedge::cell::UnsafeCell;
use selvedge::sync::atomic::{AtomicU32, Ordering::SeqCst};
use selvedge::sync::{Arc, Barrier, Condvar, LazyLock, Mutex, Once, OnceLock, RwLock, mpsc};
use selvedge::{channel, thread};
use std::time::Duration;

static COUNT: AtomicU32 = AtomicU32::new(0);
static LOCK: Mutex<u32> = Mutex::new(0);
static SHARED: RwLock<u32> = RwLock::new(0);
static CHANGED: Condvar = Condvar::new();
static START: Once = Once::new();
static VALUE: OnceLock<u32> = OnceLock::new();
static LAZY: LazyLock<u32> = LazyLock::new(|| 1);
static GATE: Barrier = Barrier::new(1);

struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        *LOCK.lock().unwrap() += 1;
        *SHARED.write().unwrap() += 1;
        CHANGED.notify_all();
        START.call_once(|| ());
        GATE.wait();
        VALUE.get_or_init(|| *LAZY);
        let (sender, receiver) = mpsc::channel();
        sender.send(Arc::new(Mutex::new(UnsafeCell::new(1)))).unwrap();
        receiver.recv().unwrap().lock().unwrap().with_mut(|_| ());
        let (sender, receiver) = channel::bounded(1);
        sender.send(1).unwrap();
        receiver.recv().unwrap();
        thread::yield_now();
        thread::park_timeout(Duration::ZERO);
        thread::spawn(|| COUNT.fetch_add(1, SeqCst)).join().unwrap();
        thread::scope(|scope| scope.spawn(|| COUNT.fetch_add(1, SeqCst)).join().unwrap());
        COUNT.fetch_add(1, SeqCst);
    }
}

thread_local! {
    static LAST: Last = const { Last };
}

/// A panic there would abort the process. The facade's own thread-locals are gone first, because
/// they are made after this one.
#[test]
fn a_destructor_of_a_thread_local_uses_everything() {
    let other = std::thread::spawn(|| {
        LAST.with(|_| ());
        *LOCK.lock().unwrap() += 1;
        COUNT.load(SeqCst)
    });
    assert_eq!(other.join().unwrap(), 0);
    assert_eq!(COUNT.load(SeqCst), 3);
    assert_eq!(*LOCK.lock().unwrap(), 2);
}
