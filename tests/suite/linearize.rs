//! Histories: the search against brute force on random ones, and drawn ones whose verdict is known.
//! More of the random ones with SOAK=1.

mod broken;
mod brute;
mod drawn;
mod kinds;
mod lines;
mod partial;
mod random;
mod recorded;

use brute::Brute;
use fastrand::Rng;
use kinds::Values;
use random::Shape;
use selvedge::linearize::specifications::*;
use selvedge::linearize::{
    Criterion, Explanation, History, Method, Specification, Verdict, Witness, check, decide,
};

const CRITERIA: [Criterion; 3] =
    [Criterion::Linearizable, Criterion::SequentiallyConsistent, Criterion::QuiescentlyConsistent];

/// How many random histories of each type.
fn size() -> u64 {
    if std::env::var("SOAK").is_ok_and(|soak| soak == "1") { 100_000 } else { 2_000 }
}

/// A judge: whether a history is what a criterion asks for.
type Judge<S> = fn(
    &S,
    &History<<S as Specification>::Op, <S as Specification>::Ret>,
    Criterion,
) -> Result<bool, String>;

/// What this crate says, with the reasons it gives looked at.
fn judged<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Result<bool, String> {
    let brute = Brute::<S>::new(history, criterion);
    if let Some(said) = monitored(initial, history, criterion)
        && said != brute.holds(initial)
    {
        return Err(format!("the monitor said {said}"));
    }
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

/// A random history, which the seed decides, and what is asked of it.
fn random<S: Specification>(
    initial: &S,
    op: fn(&mut Rng, &mut Values) -> S::Op,
    seed: u64,
) -> (History<S::Op, S::Ret>, Criterion) {
    let mut rng = Rng::with_seed(seed);
    let shape = Shape::random(&mut rng, 7, seed.is_multiple_of(2), seed.is_multiple_of(5));
    let mut values = Values::new(!seed.is_multiple_of(3));
    let criterion = if seed.is_multiple_of(4) {
        CRITERIA[seed as usize / 4 % 3]
    } else {
        Criterion::Linearizable
    };
    let holds = |history: &_| Brute::<S>::new(history, criterion).holds(initial);
    (random::history(&mut rng, initial, shape, |rng| op(rng, &mut values), holds), criterion)
}

/// Compares a judge with brute force on one random history. What it is, or where they differ.
fn compare<S: Specification>(
    initial: &S,
    op: fn(&mut Rng, &mut Values) -> S::Op,
    judge: Judge<S>,
    seed: u64,
) -> Result<bool, String> {
    let (history, criterion) = random(initial, op, seed);
    let truth = Brute::<S>::new(&history, criterion).holds(initial);
    if history.says_nothing() {
        assert_eq!(
            check(initial, &history, criterion, 1_000),
            Verdict::Unknown { configurations: 0 },
            "seed {seed}"
        );
        return Ok(truth);
    }
    let differs = match judge(initial, &history, criterion) {
        Ok(said) if said == truth => return Ok(truth),
        Ok(said) => format!("it said {said}, and that is wrong"),
        Err(why) => why,
    };
    let drawn: Vec<String> =
        history.operations.iter().map(|operation| format!("{operation:?}")).collect();
    Err(format!(
        "seed {seed}, {criterion:?}, stuck {}: {differs}\n{}",
        history.stuck,
        drawn.join("\n")
    ))
}

/// What the monitors say alone; and where none applies, nothing is compared, which is counted.
fn monitored<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    criterion: Criterion,
) -> Option<bool> {
    match check(initial, history, criterion, 0) {
        Verdict::Holds(Witness { by: Method::Monitor(_), .. })
        | Verdict::Violated(Explanation { by: Method::Monitor(_), .. }) => {
            decide(initial, history, criterion, 0)
        }
        _ => None,
    }
}

/// Whether the specification has a monitor.
#[derive(PartialEq)]
enum Monitor {
    Applies,
    None,
}

fn agrees<S: Specification>(initial: S, op: fn(&mut Rng, &mut Values) -> S::Op, monitor: Monitor) {
    let (mut fails, mut decided) = (0, 0);
    for seed in 0..size() {
        fails +=
            u64::from(!compare(&initial, op, judged, seed).unwrap_or_else(|why| panic!("{why}")));
        let (history, criterion) = random(&initial, op, seed);
        decided += u64::from(monitored(&initial, &history, criterion).is_some());
    }
    println!(
        "{}: {fails} of {} fail; a monitor decided {decided}",
        std::any::type_name::<S>(),
        size()
    );
    assert!(
        3 * fails >= size() && 8 * fails <= 7 * size(),
        "{fails} of {}: too few of one kind",
        size()
    );
    let enough = if monitor == Monitor::Applies { 8 * decided >= size() } else { decided == 0 };
    assert!(enough, "a monitor decided {decided} of {}", size());
}

#[test]
fn bounded_queues_are_judged_as_by_brute_force() {
    agrees(BoundedQueue::new(1), kinds::bounded_queue, Monitor::None);
}

#[test]
fn cas_registers_are_judged_as_by_brute_force() {
    agrees(CasRegister(0), kinds::cas_register, Monitor::None);
}

#[test]
fn counters_are_judged_as_by_brute_force() {
    agrees(Counter(0), kinds::counter, Monitor::Applies);
}

#[test]
fn fetch_adds_are_judged_as_by_brute_force() {
    agrees(FetchAdd(0), kinds::fetch_add, Monitor::Applies);
}

#[test]
fn key_values_are_judged_as_by_brute_force() {
    agrees(KeyValue::default(), kinds::key_value, Monitor::None);
}

#[test]
fn lists_are_judged_as_by_brute_force() {
    agrees(List::default(), kinds::list, Monitor::Applies);
}

#[test]
fn maps_are_judged_as_by_brute_force() {
    agrees(Map::default(), kinds::map, Monitor::None);
}

#[test]
fn mutexes_are_judged_as_by_brute_force() {
    agrees(Mutex::default(), kinds::mutex, Monitor::None);
}

#[test]
fn priority_queues_are_judged_as_by_brute_force() {
    agrees(PriorityQueue::default(), kinds::priority_queue, Monitor::Applies);
}

#[test]
fn queues_are_judged_as_by_brute_force() {
    agrees(Queue::default(), kinds::queue, Monitor::Applies);
}

#[test]
fn registers_are_judged_as_by_brute_force() {
    agrees(Register(0), kinds::register, Monitor::Applies);
}

#[test]
fn semaphores_are_judged_as_by_brute_force() {
    agrees(Semaphore { permits: 1 }, kinds::semaphore, Monitor::None);
}

#[test]
fn sets_are_judged_as_by_brute_force() {
    agrees(Set::default(), kinds::set, Monitor::Applies);
}

#[test]
fn stacks_are_judged_as_by_brute_force() {
    agrees(Stack::default(), kinds::stack, Monitor::Applies);
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
