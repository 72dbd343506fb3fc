//! How fast histories are judged: those of tests/data/histories, each and in total, in CPU time; without and with reasons.

#[path = "../tests/linearize/recorded.rs"]
mod recorded;

use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

/// In total, in milliseconds: what a change must not exceed on the machine on which porcupine needs 599.
const TOTAL_MS: f64 = 100.0;

fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// The median of a few rounds.
fn time_ms(mut run: impl FnMut()) -> f64 {
    let mut rounds: Vec<f64> = Vec::new();
    while rounds.len() < 5 {
        let start = cpu_ms();
        run();
        rounds.push(cpu_ms() - start);
    }
    rounds.sort_by(f64::total_cmp);
    rounds[2]
}

fn main() {
    let (mut total, mut explained) = (0.0, 0.0);
    println!("{:<18} {:>5}  {:<12} {:>9} {:>9}", "history", "ops", "linearizable", "CPU ms", "explained");
    for entry in recorded::index() {
        let recording = entry.load();
        let verdict = recording.check(u64::MAX);
        assert_eq!(verdict.holds(), entry.linearizable, "{}: {verdict:?}", entry.file);
        let ms = time_ms(|| assert_eq!(black_box(recording.decide(u64::MAX)), Some(entry.linearizable)));
        let reasons = time_ms(|| drop(black_box(recording.check(u64::MAX))));
        println!("{:<18} {:>5}  {:<12} {ms:>9.3} {reasons:>9.3}", entry.file, entry.ops, entry.linearizable);
        (total, explained) = (total + ms, explained + reasons);
    }
    println!(
        "{:<18} {:>5}  {:<12} {total:>9.3} {explained:>9.3}  (at most {TOTAL_MS} without reasons)",
        "total", "", ""
    );
}
