//! Every scenario up to a size. The small scope hypothesis (Jackson, "Software Abstractions", 2006)
//! says that most faults show in one of them.

use super::{Scenario, Shape};

/// Returns every scenario of these operations and this shape, the smallest first, each once.
///
/// Scenarios that differ only in which thread does what count as one. Equal operations count as
/// different: list each operation once.
///
/// ```
/// use selvedge::scenario::{Shape, every};
///
/// let shape = Shape { initial: 0..=0, threads: 2..=2, operations: 1..=1, last: 0..=0 };
/// let all: Vec<_> = every(&["push", "pop"], &shape).map(|scenario| scenario.threads).collect();
/// assert_eq!(all, [[["push"], ["push"]], [["push"], ["pop"]], [["pop"], ["pop"]]]);
/// ```
pub fn every<'a, Op: Clone>(
    operations: &'a [Op],
    shape: &Shape,
) -> impl Iterator<Item = Scenario<Op>> + use<'a, Op> {
    let most =
        shape.initial.end() + shape.threads.end() * shape.operations.end() + shape.last.end();
    let shape = shape.clone();
    (0..=most).flat_map(move |size| sized(operations.len(), &shape, size)).map(move |indices| {
        let named = |part: &Vec<usize>| {
            part.iter().map(|index| operations[*index].clone()).collect::<Vec<_>>()
        };
        Scenario {
            initial: named(&indices.initial),
            threads: indices.threads.iter().map(named).collect(),
            last: named(&indices.last),
        }
    })
}

/// Returns every scenario of `size` operations, of which there are `kinds`.
fn sized(kinds: usize, shape: &Shape, size: usize) -> Vec<Scenario<usize>> {
    let mut found = Vec::new();
    for threads in shape.threads.clone() {
        for initial in shape.initial.clone() {
            for last in shape.last.clone() {
                let Some(rest) = size.checked_sub(initial + last) else { continue };
                for program in programs(kinds, shape, threads, rest) {
                    for initial in sequences(kinds, initial) {
                        for last in sequences(kinds, last) {
                            let (initial, threads) = (initial.clone(), program.clone());
                            found.push(Scenario { initial, threads, last });
                        }
                    }
                }
            }
        }
    }
    found
}

/// Returns every sequence of this length, in lexicographic order.
fn sequences(kinds: usize, length: usize) -> Vec<Vec<usize>> {
    (0..length).fold(vec![Vec::new()], |shorter, _| {
        shorter
            .iter()
            .flat_map(|start| (0..kinds).map(move |kind| [&start[..], &[kind]].concat()))
            .collect()
    })
}

/// Returns every way to divide `size` operations among the threads. Each thread's sequence is not
/// smaller than the one to its left, ordered by length and then lexicographically.
fn programs(kinds: usize, shape: &Shape, threads: usize, size: usize) -> Vec<Vec<Vec<usize>>> {
    let own: Vec<Vec<usize>> =
        shape.operations.clone().flat_map(|length| sequences(kinds, length)).collect();
    let mut found = Vec::new();
    extend(&own, threads, size, &mut Vec::new(), 0, &mut found);
    found
}

fn extend(
    own: &[Vec<usize>],
    threads: usize,
    size: usize,
    chosen: &mut Vec<usize>,
    least: usize,
    found: &mut Vec<Vec<Vec<usize>>>,
) {
    if chosen.len() == threads {
        if size == 0 {
            found.push(chosen.iter().map(|index| own[*index].clone()).collect());
        }
        return;
    }
    for index in least..own.len() {
        let left = threads - chosen.len();
        // those to the right are as long, at the least
        if own[index].len() * left > size {
            break;
        }
        chosen.push(index);
        extend(own, threads, size - own[index].len(), chosen, index, found);
        chosen.pop();
    }
}
