// What is called of std, once with std's types and once with ours: `S` is either.

use Ordering::SeqCst;
use S::sync::atomic::*;
use S::sync::*;
use S::thread;
use std::time::Duration;
fn a01(a: &AtomicUsize) {
    let _ = a.try_update(SeqCst, SeqCst, |x| Some(x + 1));
}
fn a02(a: &AtomicUsize) {
    let _ = a.update(SeqCst, SeqCst, |x| x + 1);
}
fn a03(a: &AtomicUsize) {
    let _ = a.as_ptr();
}
fn a05(a: &AtomicPtr<u8>) {
    let _ = a.fetch_ptr_add(1, SeqCst);
}
fn a06(a: &AtomicPtr<u8>) {
    let _ = a.fetch_or(1, SeqCst);
}
fn a07(a: &AtomicPtr<u8>) {
    let _ = a.fetch_byte_add(1, SeqCst);
}
fn a08<'a>(x: &'a u8) {
    let a = AtomicPtr::new(x as *const u8 as *mut u8);
    let _ = a.load(SeqCst);
}
fn a09<'a>(x: &'a mut &'a str) {
    let a: AtomicPtr<&'a str> = AtomicPtr::new(x);
    let _ = a.load(SeqCst);
}
static B01: AtomicUsize = AtomicUsize::new(0);
static B02: Mutex<u32> = Mutex::new(0);
static B03: RwLock<u32> = RwLock::new(0);
static B04: Condvar = Condvar::new();
static B05: Once = Once::new();
static B06: OnceLock<u32> = OnceLock::new();
static B07: LazyLock<u32> = LazyLock::new(|| 1);
static B08: AtomicBool = AtomicBool::new(false);
static B09: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());
fn c01() {
    let v = 3;
    let l = LazyLock::new(move || v);
    let _ = *l;
}
fn c03(o: &OnceLock<u32>) {
    let _ = o.wait();
}
fn c04(o: &Once) {
    o.wait();
}
fn c05(m: &mut Mutex<u32>) {
    *m.get_mut().unwrap() = 1;
    m.clear_poison();
}
fn c06(m: Mutex<u32>) -> Box<dyn std::fmt::Debug> {
    Box::new(m)
}
fn c07(r: &RwLock<u32>) {
    let w = r.write().unwrap();
    let _r = RwLockWriteGuard::downgrade(w);
}
fn c08(m: Mutex<[u8; 4]>) {
    let b: Box<Mutex<[u8]>> = Box::new(m);
    let _ = b.lock().unwrap().len();
}
fn c10() {
    let m: Mutex<u32> = 5.into();
    let r: RwLock<u32> = 5.into();
    let o: OnceLock<u32> = 5.into();
    let _ = (m, r, o);
}
fn c11(o: OnceLock<u32>) {
    let _ = o.clone() == o;
    let mut o = o;
    let _ = (o.take(), o.get_mut());
}
fn c12(g: MutexGuard<'_, u32>) {
    println!("{g} {g:?}");
}
fn c13(c: &Condvar, m: &Mutex<bool>) {
    let _ = c.wait_timeout_while(m.lock().unwrap(), Duration::from_millis(1), |b| !*b);
}
fn c14(b: &Barrier) {
    let _ = b.wait().is_leader();
}
fn c15() {
    let (t, r) = mpsc::sync_channel::<u8>(1);
    let _ = t.try_send(1);
    for x in &r {
        let _: u8 = x;
    }
    let _ = r.recv_timeout(Duration::ZERO);
}
fn c16() {
    let (t, r) = mpsc::channel::<u8>();
    let _ = (t.send(1), r.try_iter().count(), r.into_iter().count());
}
fn d01() {
    thread::scope(|s| {
        let h = s.spawn(|| 1);
        let _ = h.join();
    });
}
fn d02() {
    let h = thread::Builder::new().name("x".into()).stack_size(1 << 20).spawn(|| 1).unwrap();
    let _ = (h.thread().name().map(str::to_string), h.thread().id(), h.is_finished());
}
fn d03() {
    let t = thread::current();
    t.unpark();
    thread::park();
    thread::park_timeout(Duration::ZERO);
    thread::yield_now();
    thread::sleep(Duration::ZERO);
}
fn d04() {
    let h: thread::JoinHandle<u8> = thread::spawn(|| 1);
    fn f<T: Send + Sync>(_: &T) {}
    f(&h);
    let _ = format!("{h:?}");
}
fn d05() {
    use std::collections::HashMap;
    let mut m: HashMap<thread::ThreadId, u8> = HashMap::new();
    m.insert(thread::current().id(), 1);
}
fn d07() {
    let _ = unsafe { thread::Builder::new().spawn_unchecked(|| 1) };
}
fn e01() {
    fn f<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    f::<AtomicUsize>();
    f::<Mutex<u8>>();
    f::<RwLock<u8>>();
    f::<Condvar>();
    f::<Once>();
    f::<OnceLock<u8>>();
    f::<Barrier>();
    f::<AtomicPtr<u8>>();
}
fn e02() {
    fn f<T: Default>() {}
    f::<Mutex<u8>>();
    f::<RwLock<u8>>();
    f::<Condvar>();
    f::<AtomicBool>();
    f::<AtomicPtr<u8>>();
    f::<OnceLock<u8>>();
    f::<LazyLock<u8>>();
}
fn e03(a: &AtomicUsize) {
    let _ = a.fetch_update(SeqCst, SeqCst, |x| Some(x));
    compiler_fence(SeqCst);
    fence(SeqCst);
}
#[derive(Debug, Default)]
struct E04 {
    m: Mutex<u32>,
    a: AtomicU8,
    o: OnceLock<u8>,
    c: Condvar,
}
fn e07(a: &AtomicI64, b: &AtomicU16) {
    let _ = (a.fetch_max(1, SeqCst), b.fetch_nand(1, SeqCst));
}
fn e08(a: &AtomicBool) {
    let _ = a.fetch_not(SeqCst);
}
fn e09() {
    const N: AtomicUsize = AtomicUsize::new(0);
    let _: [AtomicUsize; 4] = [N; 4];
}
fn e10() {
    let _: [AtomicUsize; 4] = [const { AtomicUsize::new(0) }; 4];
}
fn e11() {
    S::thread_local! { static X: std::cell::RefCell<u8> = const { std::cell::RefCell::new(1) }; }
    X.with_borrow_mut(|x| *x += 1);
}
#[allow(deprecated, reason = "older crates name them")]
mod deprecated {
    use super::S;
    use S::sync::atomic::*;

    static ONCE: S::sync::Once = S::sync::ONCE_INIT;
    static COUNT: AtomicUsize = ATOMIC_USIZE_INIT;
    static LEVEL: AtomicIsize = ATOMIC_ISIZE_INIT;
    static READY: AtomicBool = ATOMIC_BOOL_INIT;

    fn d01(p: &AtomicPtr<u8>) {
        ONCE.call_once(|| spin_loop_hint());
        let _: usize = COUNT.compare_and_swap(0, 1, Ordering::AcqRel);
        let _: isize = LEVEL.compare_and_swap(0, 1, Ordering::Release);
        let _: bool = READY.compare_and_swap(false, true, Ordering::SeqCst);
        let old = p.load(Ordering::Relaxed);
        let _: *mut u8 = p.compare_and_swap(old, p.as_ptr().cast(), Ordering::Relaxed);
    }
    fn d02() {
        S::thread::sleep_ms(0);
        S::thread::park_timeout_ms(0);
    }
}
fn h01(a: bool) -> u8 {
    S::hint::select_unpredictable(a, 1, 2)
}
