//! Last words: whatever ends the process of a check, its standard error has the message, the
//! drawing, and the token.
//!
//! This program is its own victim: see `main.rs`.

use libtest_mimic::Trial;
use selvedge::sync::Arc;
use selvedge::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use selvedge::{Bound, Check, Expect, Explorer, Kind, Verdict, thread};
use std::hint::black_box;
use std::process::{Command, Output};

/// How a child is told what to die of, and under which explorer.
const DEATH: &str = "SELVEDGE_TEST_DEATH";
const KILOBYTES: &str = "SELVEDGE_TEST_KILOBYTES";
const EXPLORER: &str = "SELVEDGE_TEST_EXPLORER";

const EXPLORERS: [&str; 3] = ["exhaustive", "loom", "pct:3:7"];

/// What the process dies of, if two threads lose an update; and what its last words say of that.
const DEATHS: [(&str, fn(), &str); 5] = [
    ("precondition", precondition, "unsafe precondition(s) violated"),
    ("abort", || std::process::abort(), "the process ends by SIGABRT"),
    ("destructor", destructor, "a destructor panicked while a panic unwound: the second"),
    ("segv", segv, "the process ends by SIGSEGV at address 0x8"),
    ("exit", || std::process::exit(0), "the model ends the process (std::process::exit)"),
];

fn precondition() {
    let table = black_box([1_u8, 2].as_slice());
    // what the test is about: this breaks the contract
    black_box(*unsafe { table.get_unchecked(black_box(7)) });
}

fn destructor() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the second");
        }
    }
    let _bomb = Bomb;
    panic!("the first");
}

fn segv() {
    // what the test is about: nothing is there
    black_box(unsafe { std::ptr::read_volatile(black_box(8) as *const u8) });
}

/// The allocator, which hangs once it is told to: as one does in whose middle a signal came.
struct Hangs;

static HANGS: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[global_allocator]
static ALLOCATOR: Hangs = Hangs;

// the system's allocator keeps the contract
unsafe impl std::alloc::GlobalAlloc for Hangs {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        while HANGS.load(SeqCst) {
            std::hint::spin_loop();
        }
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        unsafe { std::alloc::System.dealloc(pointer, layout) }
    }
}

fn lost_update(dies: impl Fn()) {
    let next = Arc::new(AtomicUsize::new(0));
    selvedge::sync::name(&*next, "next");
    let take = |next: &AtomicUsize| next.store(next.load(SeqCst) + 1, SeqCst);
    let theirs = Arc::clone(&next);
    let other = thread::spawn(move || take(&theirs));
    take(&next);
    other.join().unwrap();
    if next.load(SeqCst) < 2 {
        dies();
    }
}

/// In a child that is to die, has it die; whether this is such a child, and it is alive.
pub(crate) fn is_victim() -> bool {
    let death = std::env::var(DEATH);
    death.as_deref().map(victim).is_ok()
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (death, _, says) in DEATHS {
        for explorer in EXPLORERS {
            let name =
                format!("last_words::{death}_under_{explorer}_has_its_last_words_and_replays");
            trials.push(Trial::test(name, move || {
                has_last_words(death, explorer, says);
                Ok(())
            }));
        }
    }
    macro_rules! tests {
        ($($name:ident),* $(,)?) => {
            $(trials.push(Trial::test(concat!("last_words::", stringify!($name)), || {
                $name();
                Ok(())
            }));)*
        };
    }
    tests![
        an_exit_of_real_threads_does_not_end_a_test_green,
        an_exit_beside_a_check_does_not_end_a_test_green,
        a_process_whose_checks_are_over_exits_as_it_likes,
        what_is_said_fits_on_a_full_stack,
        last_words_that_hang_end_after_a_first_line,
    ];
    trials
}

/// What a child does.
fn victim(death: &str) {
    let explorer: Explorer =
        std::env::var(EXPLORER).expect("an explorer").parse().expect("an explorer");
    let check = Check::new("victim").explorers([explorer]);
    match death {
        "nothing" => {
            let _ = check
                .expect(Expect::Violation(Kind::Panic))
                .assert(|| lost_update(|| panic!("on purpose")));
        }
        "beside" => {
            let (tell, told) = std::sync::mpsc::channel();
            let check = std::thread::spawn(move || {
                let _ = Check::new("victim").explorers([explorer]).run(move || {
                    tell.send(()).unwrap();
                    lost_update(|| ());
                });
            });
            told.recv().unwrap();
            std::process::exit(i32::from(check.is_finished()));
        }
        "in a thread" => {
            let _ = check.run(|| {
                thread::spawn(|| std::process::exit(0)).join().unwrap();
            });
        }
        "hang" => {
            let _ = check.run(|| {
                lost_update(|| {
                    HANGS.store(true, SeqCst);
                    segv();
                })
            });
        }
        "deep" => {
            fn deep(n: usize) {
                let room = black_box([0_u8; 1000]);
                if n == 0 { std::process::abort() } else { deep(n - 1 + usize::from(room[n])) }
            }
            let kilobytes: usize =
                std::env::var(KILOBYTES).expect("how many").parse().expect("a number");
            match check.run(move || lost_update(|| deep(kilobytes))) {
                Verdict::Unknown(Bound::Stack { .. }) => eprintln!("overflow"),
                other => panic!("{other:?}"),
            }
        }
        _ => {
            let (_, dies, _) = DEATHS.into_iter().find(|one| one.0 == death).expect("a death");
            let _ = check.run(move || lost_update(dies));
        }
    }
}

fn child(death: &str, explorer: &str, replay: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    let child = Command::new(program)
        .env(DEATH, death)
        .env(EXPLORER, explorer)
        .env("SELVEDGE_REPLAY", replay)
        .output();
    child.expect("it starts")
}

/// The lines that draw the execution, and its token.
fn drawing(output: &Output) -> (Vec<String>, String) {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<String> = words.lines().map(ToString::to_string).collect();
    let head = lines.iter().position(|line| line.starts_with("violated: victim · abort · "));
    let last = lines.iter().position(|line| line.starts_with("replay: SELVEDGE_REPLAY="));
    let (Some(head), Some(last)) = (head, last) else { panic!("no drawing in:\n{words}") };
    let token = lines[last]
        .trim_start_matches("replay: SELVEDGE_REPLAY=")
        .split(' ')
        .next()
        .expect("a token");
    // the headline has the number of the execution, which a replay counts anew
    (lines[head + 1..last].to_vec(), token.to_string())
}

fn has_last_words(death: &str, explorer: &str, says: &str) {
    let died = child(death, explorer, "");
    assert!(!died.status.success(), "{died:?}");
    let (drawn, token) = drawing(&died);
    let words = drawn.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(says), "{says:?} is not in:\n{words}");
    assert!(words.contains("next.load -> 0") && words.contains("next.store <- 1"), "{words}");
    let again = child(death, explorer, &token);
    assert_eq!(drawing(&again), (drawn, token));
    assert_eq!(again.status, died.status);
    let code = (death == "exit").then_some(101);
    assert_eq!(
        died.status.code(),
        code,
        "an exit is a failure, and all others are signals: {died:?}"
    );
}

fn last_words_that_hang_end_after_a_first_line() {
    use std::os::unix::process::ExitStatusExt;
    const SIGALRM: i32 = 14;
    let output = child("hang", "exhaustive", "");
    assert_eq!(output.status.signal(), Some(SIGALRM), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), "selvedge: the process ends in a model: SIGSEGV");
}

fn says(output: &Output, code: i32, words: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(words), "{words:?} is not in:\n{said}");
}

fn an_exit_of_real_threads_does_not_end_a_test_green() {
    says(&child("in a thread", "threads", ""), 101, "the process exits while a check runs");
    for explorer in EXPLORERS {
        says(&child("in a thread", explorer, ""), 101, "the process ends in a model: exit");
    }
}

fn an_exit_beside_a_check_does_not_end_a_test_green() {
    says(&child("beside", "threads", ""), 101, "the process exits while a check runs");
}

fn a_process_whose_checks_are_over_exits_as_it_likes() {
    for explorer in EXPLORERS {
        let output = child("nothing", explorer, "");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

/// However little of a thread's stack is left when the process dies, its last words are whole.
fn what_is_said_fits_on_a_full_stack() {
    let (mut died, mut overflowed) = (0, 0);
    for kilobytes in 224..264 {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program);
        child.env(DEATH, "deep").env(EXPLORER, "loom").env(KILOBYTES, kilobytes.to_string());
        let output = child.output().expect("it starts");
        if output.status.success() {
            says(&output, 0, "overflow");
            overflowed += 1;
        } else {
            drawing(&output);
            died += 1;
        }
    }
    assert!(died > 5 && overflowed > 0, "{died} died, {overflowed} had no room");
}
