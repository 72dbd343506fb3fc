//! Precedences that are partial orders, and often none of intervals: the search against brute force
//! on random ones.

use super::brute::Brute;
use super::kinds::{self, Values};
use super::random::{self, Shape};
use super::size;
use fastrand::Rng;
use selvedge::linearize::specifications::*;
use selvedge::linearize::{
    Criterion, Explanation, History, Specification, Verdict, check, check_under,
};

/// For each operation, those that come before it, a bit each.
type Precedence = Vec<u64>;

/// A judge: whether the history has an order that keeps the precedence, or what is wrong with the
/// reasons.
type Judge<S> = fn(
    &S,
    &History<<S as Specification>::Op, <S as Specification>::Ret>,
    &Precedence,
) -> Result<bool, String>;

/// A random partial order of operations of which only those that have returned come before others:
/// some pairs of those in the order of their calls, and what follows from them.
fn partial_order<Op, Ret>(rng: &mut Rng, history: &History<Op, Ret>) -> Precedence {
    let operations = &history.operations;
    let mut order: Vec<usize> = (0..operations.len()).collect();
    order.sort_by_key(|place| operations[*place].invocation);
    let mut precedence = vec![0; operations.len()];
    for (number, later) in order.iter().enumerate() {
        for earlier in &order[..number] {
            if operations[*earlier].response.is_some() && rng.u8(0..5) < 2 {
                precedence[*later] |= 1 << earlier | precedence[*earlier];
            }
        }
    }
    precedence
}

/// Whether two operations each precede another one, and neither the other's: no intervals have such
/// a precedence.
fn is_of_no_intervals(precedence: &Precedence) -> bool {
    let precedes = |one: usize, other: usize| precedence[other] >> one & 1 == 1;
    let count = precedence.len();
    let pairs: Vec<(usize, usize)> = (0..count)
        .flat_map(|one| (0..count).map(move |other| (one, other)))
        .filter(|(a, b)| precedes(*a, *b))
        .collect();
    pairs.iter().any(|(a, b)| pairs.iter().any(|(c, d)| !precedes(*a, *d) && !precedes(*c, *b)))
}

/// What this crate says, with the reasons it gives looked at.
fn judged<S: Specification>(
    initial: &S,
    history: &History<S::Op, S::Ret>,
    precedence: &Precedence,
) -> Result<bool, String> {
    let brute = || Brute::<S>::under(history, precedence);
    match check_under(initial, history, precedence, 1_000_000) {
        Verdict::Holds(witness) => brute().objection(initial, &witness.order).map_or(Ok(true), Err),
        Verdict::Violated(Explanation { prefix, stuck, smallest, .. }) => {
            if smallest.is_empty() || brute().without_others(&smallest).holds(initial) {
                return Err(format!("this does not fail: {smallest:?}"));
            }
            let optional =
                !history.stuck && history.operations.iter().any(|one| one.response.is_none());
            let longest = brute().longest(initial);
            if !brute().can_begin(initial, &prefix) || !optional && prefix.len() != longest {
                return Err(format!(
                    "{prefix:?} is no longest order, which has {longest} operations"
                ));
            }
            if stuck.is_empty() || stuck.iter().any(|place| prefix.contains(place)) {
                return Err(format!(
                    "after {prefix:?} nothing is stuck, or what is done: {stuck:?}"
                ));
            }
            Ok(false)
        }
        Verdict::Unknown { configurations } => Err(format!("unknown after {configurations}")),
    }
}

/// What came of one random history.
struct Compared {
    holds: bool,
    intervals: bool,
}

/// Compares a judge with brute force on one random history, which the seed decides. What it is, or
/// where they differ.
fn compare<S: Specification>(
    initial: &S,
    op: fn(&mut Rng, &mut Values) -> S::Op,
    judge: Judge<S>,
    seed: u64,
) -> Result<Compared, String> {
    let mut rng = Rng::with_seed(seed);
    let shape = Shape::random(&mut rng, 7, seed.is_multiple_of(4), seed.is_multiple_of(5));
    let mut values = Values::new(!seed.is_multiple_of(3));
    let drops = rng.u64(..);
    let under = |history: &_| partial_order(&mut Rng::with_seed(drops), history);
    let holds = |history: &_| Brute::<S>::under(history, &under(history)).holds(initial);
    let history = random::history(&mut rng, initial, shape, |rng| op(rng, &mut values), holds);
    let precedence = under(&history);
    let truth = Brute::<S>::under(&history, &precedence).holds(initial);
    let differs = match judge(initial, &history, &precedence) {
        Ok(said) if said == truth => {
            return Ok(Compared { holds: truth, intervals: !is_of_no_intervals(&precedence) });
        }
        Ok(said) => format!("it said {said}, and that is wrong"),
        Err(why) => why,
    };
    let drawn: Vec<String> =
        history.operations.iter().map(|operation| format!("{operation:?}")).collect();
    Err(format!(
        "seed {seed}, stuck {}, {precedence:?}: {differs}\n{}",
        history.stuck,
        drawn.join("\n")
    ))
}

fn agrees<S: Specification>(initial: S, op: fn(&mut Rng, &mut Values) -> S::Op) {
    let (mut fails, mut others) = (0, 0);
    for seed in 0..size() {
        let compared = compare(&initial, op, judged, seed).unwrap_or_else(|why| panic!("{why}"));
        fails += u64::from(!compared.holds);
        others += u64::from(!compared.intervals);
    }
    println!(
        "{}: {fails} of {} fail; {others} are of no intervals",
        std::any::type_name::<S>(),
        size()
    );
    assert!(
        6 * fails >= size() && 8 * fails <= 7 * size(),
        "{fails} of {}: too few of one kind",
        size()
    );
    assert!(8 * others >= size(), "{others} of {} are of no intervals", size());
}

/// The comparison must find this judge to be wrong.
fn caught<S: Specification>(initial: S, op: fn(&mut Rng, &mut Values) -> S::Op, broken: Judge<S>) {
    let wrong = |seed: &u64| {
        compare(&initial, op, broken, *seed).is_err_and(|why| why.contains("and that is wrong"))
    };
    let found = (0..2_000).find(wrong);
    println!("found by history {found:?}");
    assert!(found.is_some(), "a wrong judge agrees with brute force");
}

#[test]
fn partial_orders_are_judged_as_by_brute_force() {
    agrees(Queue::default(), kinds::queue);
    agrees(Register(0), kinds::register);
    agrees(Semaphore { permits: 1 }, kinds::semaphore);
}

#[test]
fn an_order_that_forgets_a_precedence_is_caught() {
    caught(Queue::default(), kinds::queue, |initial, history, precedence| {
        let mut forgetful = precedence.clone();
        if let Some(before) = forgetful.iter_mut().find(|before| **before != 0) {
            *before &= *before - 1; // one of those that precede it
        }
        Ok(check_under(initial, history, &forgetful, 1_000_000).holds())
    });
}

#[test]
fn one_that_takes_a_partial_order_for_intervals_is_caught() {
    caught(Register(0), kinds::register, |initial, history, _| {
        Ok(check(initial, history, Criterion::Linearizable, 1_000_000).holds())
    });
}
