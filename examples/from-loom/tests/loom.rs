//! The crate's loom models, as they were: `RUSTFLAGS="--cfg loom" cargo test`.
#![cfg(loom)]

use from_loom::Mailbox;
use loom::sync::Arc;
use loom::thread;

#[test]
fn a_letter_arrives_whole_and_once() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::default());
        let theirs = mailbox.clone();
        let clerk = thread::spawn(move || theirs.post("greetings").is_ok());
        let first = mailbox.take();
        assert!(clerk.join().unwrap());
        let second = mailbox.take();
        assert_eq!(first.xor(second), Some("greetings"));
    });
}

#[test]
fn two_clerks_do_not_overwrite_each_other() {
    loom::model(|| {
        let mailbox = Arc::new(Mailbox::default());
        let clerks = [1, 2].map(|letter| {
            let theirs = mailbox.clone();
            thread::spawn(move || theirs.post(letter))
        });
        let refused = clerks.map(|clerk| clerk.join().unwrap().err());
        let left = refused.into_iter().flatten().chain(mailbox.take()).sum::<i32>();
        assert_eq!(left, 3);
    });
}

#[test]
#[should_panic(expected = "data race")]
fn a_letter_that_nobody_announces_is_torn() {
    loom::model(|| {
        let letter = Arc::new(loom::cell::UnsafeCell::new(0));
        let theirs = letter.clone();
        // SAFETY: it is not: nothing orders the two
        let clerk = thread::spawn(move || theirs.with_mut(|p| unsafe { *p = 7 }));
        letter.with(|p| unsafe { *p });
        clerk.join().unwrap();
    });
}
