//! Program order of each process, and no order between processes: a position in each program.

use super::Order;
use crate::linearize::Specification;
use crate::linearize::entry::{Entry, Outcome};
use std::collections::BTreeMap;

pub(in crate::linearize) struct Programs {
    /// Each process's operations in order.
    programs: Vec<Vec<u32>>,
    /// Of each entry: which program it is in, and where.
    place: Vec<(u32, u32)>,
    /// Whether the operation may be left out.
    optional: Vec<bool>,
    /// How far each program is.
    next: Vec<u32>,
    /// How many operations that have returned have not taken effect yet.
    missing: usize,
}

impl Programs {
    pub(in crate::linearize) fn new<S: Specification>(entries: &[Entry<'_, S>]) -> Self {
        let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
        let mut programs: Vec<Vec<u32>> = Vec::new();
        let mut place = Vec::with_capacity(entries.len());
        let mut optional = Vec::with_capacity(entries.len());
        for (number, entry) in entries.iter().enumerate() {
            let program = *numbers.entry(entry.process).or_insert(programs.len() as u32);
            if program as usize == programs.len() {
                programs.push(Vec::new());
            }
            let operations = &mut programs[program as usize];
            place.push((program, operations.len() as u32));
            optional.push(!matches!(entry.outcome, Outcome::Returned(_)));
            if !matches!(entry.outcome, Outcome::Blocked) {
                operations.push(number as u32);
            }
        }
        let missing = optional.iter().filter(|optional| !**optional).count();
        Programs { next: vec![0; programs.len()], programs, place, optional, missing }
    }
}

impl Order for Programs {
    type Place = Vec<u32>;

    const REAL_TIME: bool = false;

    fn place(&self) -> Vec<u32> {
        self.next.clone()
    }

    fn candidates(&self, into: &mut Vec<u32>) {
        for (program, next) in self.programs.iter().zip(&self.next) {
            for entry in &program[*next as usize..] {
                into.push(*entry);
                if !self.optional[*entry as usize] {
                    break;
                }
            }
        }
    }

    fn frontier(&self) -> Option<u32> {
        None
    }

    fn excludes_none(&self, entry: u32) -> bool {
        let (program, place) = self.place[entry as usize];
        self.next[program as usize] == place // or pending ones before it would be left out
    }

    fn take(&mut self, entry: u32) {
        let (program, place) = self.place[entry as usize];
        self.next[program as usize] = place + 1;
        self.missing -= usize::from(!self.optional[entry as usize]);
    }

    fn put_back(&mut self, entry: u32, place: Vec<u32>) {
        self.missing += usize::from(!self.optional[entry as usize]);
        self.next = place;
    }

    fn is_complete(&self) -> bool {
        self.missing == 0
    }
}
