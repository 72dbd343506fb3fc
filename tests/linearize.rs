//! Histories: the search against brute force on random ones, and drawn ones whose verdict is known. More of the random
//! ones with SOAK=1.

#[path = "linearize/brute.rs"]
mod brute;
#[path = "linearize/kinds.rs"]
mod kinds;
#[path = "linearize/random.rs"]
mod random;
#[path = "linearize/recorded.rs"]
mod recorded;

use brute::Brute;
use fastrand::Rng;
use kinds::Values;
use random::Shape;
use selvedge::linearize::specifications::*;
use selvedge::linearize::{Criterion, History, Specification, Verdict, check};

const CRITERIA: [Criterion; 3] =
    [Criterion::Linearizable, Criterion::SequentiallyConsistent, Criterion::QuiescentlyConsistent];

/// How many random histories of each type.
fn size() -> u64 {
    if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { 100_000 } else { 2_000 }
}

/// A judge: whether a history is what a criterion asks for.
type Judge<S> =
    fn(&S, &History<<S as Specification>::Op, <S as Specification>::Ret>, Criterion) -> Result<bool, String>;

/// What this crate says, with the reasons it gives looked at.
fn judged<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Result<bool, String> {
    let brute = Brute::<S>::new(history, criterion);
    match check(initial, history, criterion, 1_000_000) {
        Verdict::Holds(witness) => match brute.objection(initial, &witness.order) {
            None => Ok(true),
            Some(why) => Err(why),
        },
        Verdict::Violated(why) => {
            if why.smallest.is_empty() || brute.knowing(&why.smallest, criterion).holds(initial) {
                return Err(format!("this does not fail: {why:?}"));
            }
            Ok(false)
        }
        Verdict::Unknown { configurations } => Err(format!("unknown after {configurations}")),
    }
}

/// Compares a judge with brute force on one random history, which the seed decides. What it is, or where they differ.
fn compare<S: Specification>(
    initial: &S,
    op: fn(&mut Rng, &mut Values) -> S::Op,
    judge: Judge<S>,
    seed: u64,
) -> Result<bool, String> {
    let mut rng = Rng::with_seed(seed);
    let shape = Shape::random(&mut rng, 7, seed.is_multiple_of(2), seed.is_multiple_of(5));
    let mut values = Values::new(!seed.is_multiple_of(3));
    let criterion = if seed.is_multiple_of(4) { CRITERIA[seed as usize / 4 % 3] } else { Criterion::Linearizable };
    let holds = |history: &_| Brute::<S>::new(history, criterion).holds(initial);
    let history = random::history(&mut rng, initial, shape, |rng| op(rng, &mut values), holds);
    let truth = holds(&history);
    let differs = match judge(initial, &history, criterion) {
        Ok(said) if said == truth => return Ok(truth),
        Ok(said) => format!("it said {said}, and that is wrong"),
        Err(why) => why,
    };
    let drawn: Vec<String> = history.operations.iter().map(|operation| format!("{operation:?}")).collect();
    Err(format!("seed {seed}, {criterion:?}, stuck {}: {differs}\n{}", history.stuck, drawn.join("\n")))
}

fn agrees<S: Specification>(initial: S, op: fn(&mut Rng, &mut Values) -> S::Op) {
    let mut fails = 0;
    for seed in 0..size() {
        fails += u64::from(!compare(&initial, op, judged, seed).unwrap_or_else(|why| panic!("{why}")));
    }
    println!("{}: {fails} of {} are not what was asked for", std::any::type_name::<S>(), size());
    assert!(3 * fails >= size() && 8 * fails <= 7 * size(), "{fails} of {}: too few of one kind", size());
}

#[test]
fn bounded_queues_are_judged_as_by_brute_force() {
    agrees(BoundedQueue::new(1), kinds::bounded_queue);
}

#[test]
fn cas_registers_are_judged_as_by_brute_force() {
    agrees(CasRegister(0), kinds::cas_register);
}

#[test]
fn counters_are_judged_as_by_brute_force() {
    agrees(Counter(0), kinds::counter);
}

#[test]
fn fetch_adds_are_judged_as_by_brute_force() {
    agrees(FetchAdd(0), kinds::fetch_add);
}

#[test]
fn key_values_are_judged_as_by_brute_force() {
    agrees(KeyValue::default(), kinds::key_value);
}

#[test]
fn lists_are_judged_as_by_brute_force() {
    agrees(List::default(), kinds::list);
}

#[test]
fn maps_are_judged_as_by_brute_force() {
    agrees(Map::default(), kinds::map);
}

#[test]
fn mutexes_are_judged_as_by_brute_force() {
    agrees(Mutex::default(), kinds::mutex);
}

#[test]
fn priority_queues_are_judged_as_by_brute_force() {
    agrees(PriorityQueue::default(), kinds::priority_queue);
}

#[test]
fn queues_are_judged_as_by_brute_force() {
    agrees(Queue::default(), kinds::queue);
}

#[test]
fn registers_are_judged_as_by_brute_force() {
    agrees(Register(0), kinds::register);
}

#[test]
fn semaphores_are_judged_as_by_brute_force() {
    agrees(Semaphore { permits: 1 }, kinds::semaphore);
}

#[test]
fn sets_are_judged_as_by_brute_force() {
    agrees(Set::default(), kinds::set);
}

#[test]
fn stacks_are_judged_as_by_brute_force() {
    agrees(Stack::default(), kinds::stack);
}

#[test]
fn recorded_histories_get_the_verdicts_of_the_index() {
    let index = recorded::index();
    assert_eq!(index.len(), 108);
    for entry in index {
        let recording = entry.load();
        let verdict = recording.check(1_000_000);
        assert_eq!(recording.decide(1_000_000), Some(entry.linearizable), "{}", entry.file);
        assert_eq!(verdict.holds(), entry.linearizable, "{}: {verdict:?}", entry.file);
        assert_eq!(verdict.violated(), !entry.linearizable, "{}: {verdict:?}", entry.file);
    }
}
