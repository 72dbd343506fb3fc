// The reference programs of the literature, included once for each vocabulary: `sync` and `thread`
// are the crate's.

use std::sync::Arc as Shared;
use sync::atomic::{AtomicUsize, Ordering::SeqCst};
use sync::{Arc, Condvar, Mutex};

fn spawn_all(threads: usize, body: impl Fn(usize) + Send + Sync + 'static) {
    let body = Shared::new(body);
    let all: Vec<_> = (0..threads)
        .map(|i| {
            let body = Shared::clone(&body);
            thread::spawn(move || body(i))
        })
        .collect();
    all.into_iter().for_each(|t| t.join().unwrap());
}

fn zeros(n: usize) -> Vec<AtomicUsize> {
    (0..n).map(|_| AtomicUsize::new(0)).collect()
}

pub(crate) fn locked(threads: usize, each: usize) {
    let counter = Arc::new(Mutex::new(0));
    let theirs = Arc::clone(&counter);
    spawn_all(threads, move |_| (0..each).for_each(|_| *theirs.lock().unwrap() += 1));
    assert_eq!(*counter.lock().unwrap(), threads * each);
}

pub(crate) fn unlocked(threads: usize, each: usize) {
    let counter = Arc::new(AtomicUsize::new(0));
    spawn_all(threads, move |_| {
        (0..each).for_each(|_| counter.store(counter.load(SeqCst) + 1, SeqCst));
    });
}

pub(crate) fn added(threads: usize, each: usize) {
    let counter = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&counter);
    spawn_all(threads, move |_| {
        (0..each).for_each(|_| assert!(theirs.fetch_add(1, SeqCst) < threads * each));
    });
    assert_eq!(counter.load(SeqCst), threads * each);
}

/// One writer, `n` readers.
pub(crate) fn readers(n: usize) {
    let shared = Arc::new(AtomicUsize::new(0));
    spawn_all(n + 1, move |i| {
        if i == 0 {
            shared.store(1, SeqCst);
        } else {
            assert!(shared.load(SeqCst) < 2);
        }
    });
}

/// Each takes the lower fork first.
pub(crate) fn philosophers(n: usize) {
    let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
    spawn_all(n, move |i| {
        let (first, second) = (i.min((i + 1) % n), i.max((i + 1) % n));
        let _first = forks[first].lock().unwrap();
        let _second = forks[second].lock().unwrap();
    });
}

/// Flanagan and Godefroid, POPL 2005.
pub(crate) fn indexer(threads: usize) {
    const SIZE: usize = 128;
    let table = Arc::new(zeros(SIZE));
    spawn_all(threads, move |t| {
        for m in 0..4 {
            let w = (m + 1) * 11 + t + 1;
            let mut h = (w * 7) % SIZE;
            while table[h].compare_exchange(0, w, SeqCst, SeqCst).is_err() {
                h = (h + 1) % SIZE;
            }
        }
    });
}

/// Abdulla et al., POPL 2014.
pub(crate) fn last_zero(n: usize) {
    let array = Arc::new(zeros(n + 1));
    spawn_all(n + 1, move |i| {
        if i == 0 {
            let mut at = n;
            while array[at].load(SeqCst) != 0 {
                at -= 1;
            }
        } else {
            array[i].store(array[i - 1].load(SeqCst) + 1, SeqCst);
        }
    });
}

/// Flanagan and Godefroid, POPL 2005.
pub(crate) fn filesystem(threads: usize) {
    const INODES: usize = 32;
    const BLOCKS: usize = 26;
    struct Disk {
        locki: Vec<Mutex<usize>>,
        lockb: Vec<Mutex<bool>>,
    }
    let disk = Arc::new(Disk {
        locki: (0..INODES).map(|_| Mutex::new(0)).collect(),
        lockb: (0..BLOCKS).map(|_| Mutex::new(false)).collect(),
    });
    spawn_all(threads, move |t| {
        let i = t % INODES;
        let mut inode = disk.locki[i].lock().unwrap();
        if *inode == 0 {
            let mut b = (i * 2) % BLOCKS;
            loop {
                let mut busy = disk.lockb[b].lock().unwrap();
                if !*busy {
                    *busy = true;
                    *inode = b + 1;
                    break;
                }
                drop(busy);
                b = (b + 1) % BLOCKS;
            }
        }
    });
}

/// A bounded buffer on one mutex and two condition variables.
pub(crate) fn bounded_buffer(producers: usize, consumers: usize, items: usize, capacity: usize) {
    struct Buffer {
        items: Mutex<usize>,
        room: Condvar,
        item: Condvar,
    }
    let buffer =
        Arc::new(Buffer { items: Mutex::new(0), room: Condvar::new(), item: Condvar::new() });
    let theirs = Arc::clone(&buffer);
    spawn_all(producers + consumers, move |i| {
        for _ in 0..if i < producers { items } else { producers * items / consumers } {
            let mut now = theirs.items.lock().unwrap();
            if i < producers {
                while *now == capacity {
                    now = theirs.room.wait(now).unwrap();
                }
                *now += 1;
                theirs.item.notify_one();
            } else {
                while *now == 0 {
                    now = theirs.item.wait(now).unwrap();
                }
                *now -= 1;
                theirs.room.notify_one();
            }
        }
    });
    assert_eq!(*buffer.items.lock().unwrap(), 0);
}

/// Treiber's stack: each thread pushes and then pops, `each` times. Nodes are places in an array,
/// never used again; 0 is the end.
pub(crate) fn treiber(threads: usize, each: usize) {
    struct Stack {
        top: AtomicUsize,
        next: Vec<AtomicUsize>,
    }
    let stack = Arc::new(Stack { top: AtomicUsize::new(0), next: zeros(threads * each + 1) });
    spawn_all(threads, move |i| {
        for j in 0..each {
            let node = i * each + j + 1;
            loop {
                let top = stack.top.load(SeqCst);
                stack.next[node].store(top, SeqCst);
                if stack.top.compare_exchange(top, node, SeqCst, SeqCst).is_ok() {
                    break;
                }
            }
            loop {
                let top = stack.top.load(SeqCst);
                if top == 0 {
                    break;
                }
                let next = stack.next[top].load(SeqCst);
                if stack.top.compare_exchange(top, next, SeqCst, SeqCst).is_ok() {
                    break;
                }
            }
        }
    });
}

/// Michael and Scott's queue, PODC 1996. Nodes are places in an array, never used again; 1 is the
/// dummy.
struct MichaelScott {
    head: AtomicUsize,
    tail: AtomicUsize,
    next: Vec<AtomicUsize>,
}

impl MichaelScott {
    fn enqueue(&self, node: usize) {
        loop {
            let tail = self.tail.load(SeqCst);
            let next = self.next[tail].load(SeqCst);
            if tail != self.tail.load(SeqCst) {
                continue;
            }
            if next != 0 {
                let _ = self.tail.compare_exchange(tail, next, SeqCst, SeqCst);
            } else if self.next[tail].compare_exchange(0, node, SeqCst, SeqCst).is_ok() {
                let _ = self.tail.compare_exchange(tail, node, SeqCst, SeqCst);
                return;
            }
        }
    }

    fn dequeue(&self) -> Option<usize> {
        loop {
            let head = self.head.load(SeqCst);
            let tail = self.tail.load(SeqCst);
            let next = self.next[head].load(SeqCst);
            if head != self.head.load(SeqCst) {
                continue;
            }
            if head == tail {
                if next == 0 {
                    return None;
                }
                let _ = self.tail.compare_exchange(tail, next, SeqCst, SeqCst);
            } else if self.head.compare_exchange(head, next, SeqCst, SeqCst).is_ok() {
                return Some(next);
            }
        }
    }
}

/// So many threads that enqueue once, that dequeue once, and that do both.
pub(crate) fn michael_scott(enqueue: usize, dequeue: usize, both: usize) {
    let threads = enqueue + dequeue + both;
    let queue = Arc::new(MichaelScott {
        head: AtomicUsize::new(1),
        tail: AtomicUsize::new(1),
        next: zeros(threads + 2),
    });
    spawn_all(threads, move |i| {
        if i < enqueue || i >= enqueue + dequeue {
            queue.enqueue(i + 2);
        }
        if i >= enqueue {
            assert_ne!(queue.dequeue(), Some(0));
        }
    });
}

/// One row: its name, how many threads it has beside the main one, the program, and how many
/// inequivalent executions an optimal explorer has.
pub(crate) type Row = (&'static str, usize, fn(), u64);

/// The optima are those of GenMC and Nidhugg on the same programs in C, except for the last two:
/// there they are the numbers of distinct traces that an independent explorer of this program saw.
pub(crate) const PROGRAMS: &[Row] = &[
    ("locked counter 2x2", 2, || locked(2, 2), 6),
    ("locked counter 2x4", 2, || locked(2, 4), 70),
    ("locked counter 3x2", 3, || locked(3, 2), 90),
    ("locked counter 3x3", 3, || locked(3, 3), 1_680),
    ("locked counter 4x2", 4, || locked(4, 2), 2_520),
    ("unlocked load, store 2x2", 2, || unlocked(2, 2), 34),
    ("unlocked load, store 3x1", 3, || unlocked(3, 1), 36),
    ("unlocked load, store 3x2", 3, || unlocked(3, 2), 7_134),
    ("fetch_add 3x3", 3, || added(3, 3), 1_680),
    ("readers 3", 4, || readers(3), 8),
    ("readers 8", 9, || readers(8), 256),
    ("philosophers 3", 3, || philosophers(3), 6),
    ("philosophers 4", 4, || philosophers(4), 14),
    ("philosophers 5", 5, || philosophers(5), 30),
    ("last zero 3", 4, || last_zero(3), 12),
    ("last zero 5", 6, || last_zero(5), 64),
    ("last zero 10", 11, || last_zero(10), 3_328),
    ("indexer 12", 12, || indexer(12), 8),
    ("indexer 13", 13, || indexer(13), 64),
    ("indexer 15", 15, || indexer(15), 4_096),
    ("filesystem 14", 14, || filesystem(14), 2),
    ("filesystem 16", 16, || filesystem(16), 8),
    ("filesystem 19", 19, || filesystem(19), 64),
    ("bounded buffer 1, 1, 2, 1", 2, || bounded_buffer(1, 1, 2, 1), 8),
    ("bounded buffer 2, 2, 1, 1", 4, || bounded_buffer(2, 2, 1, 1), 64),
    ("Treiber stack 2x1", 2, || treiber(2, 1), 46),
    ("Treiber stack 2x2", 2, || treiber(2, 2), 11_330),
    ("Michael-Scott queue 2, 1, 0", 3, || michael_scott(2, 1, 0), 188),
    ("Michael-Scott queue 0, 0, 2", 2, || michael_scott(0, 0, 2), 222),
    // 10,902 in C: 3 % fewer, of a program that differs in what it does after a failed re-check
    ("Michael-Scott queue 2, 2, 0", 4, || michael_scott(2, 2, 0), 11_198),
];
