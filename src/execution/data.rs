//! Data as a choice: which of several values a thread gets.
//!
//! It is a step of its own, which no other thread can see. A search that explores everything takes
//! each value where they are few. Where they are many, it takes [`FEW`] of them, and its verdict
//! says so. A token has the value itself, so a replay takes it under any strategy.

use super::failure::not_modelled;
use super::step::step;
use super::strategy::with_strategy;
use super::{Engine, Pending, Seen, World, engine, me, with};
use crate::vocabulary::trace::{Operation, Value};
use std::panic::Location;

/// How many values of a choice a search explores at the most. Each choice multiplies the
/// executions by that: with two choices they are 256 times as many, which a search of a small model
/// still comes through.
pub(crate) const FEW: u32 = 16;

/// The values of a choice among `of` that a search explores: all, or the ends, the middle, and
/// others that are spread over the rest.
pub(crate) fn values(of: u32) -> impl DoubleEndedIterator<Item = u32> {
    let spread = move |nth: u32| (u64::from(nth) * u64::from(of - 1) / u64::from(FEW - 1)) as u32;
    (0..of.min(FEW)).map(move |nth| if of <= FEW { nth } else { spread(nth) })
}

/// Chooses a value below `of`. `shown` is what is drawn of it; with `None` it is no event.
///
/// # Panics
/// Outside of an engine.
pub(crate) fn draw(
    name: &'static str,
    of: u32,
    location: &'static Location<'static>,
    shown: impl FnOnce(u32) -> Option<Seen>,
) -> u32 {
    if engine() == Engine::Loom {
        not_modelled("loom", &format!("a choice of data ({name})"));
    }
    let choice = Pending { options: of, ..Pending::of(Operation::Choose(name), location) };
    step(choice, |world, me| {
        world.acts(me, &choice);
        let value = world.draws(of);
        (value, shown(value).unwrap_or(Seen { silent: true, ..Seen::default() }))
    })
}

/// The same for a value that is drawn as it is.
pub(crate) fn value(
    name: &'static str,
    of: u32,
    location: &'static Location<'static>,
    shown: impl FnOnce(u32) -> Value,
) -> u32 {
    draw(name, of, location, |value| Some(Seen::value(shown(value))))
}

/// Whether a future is dropped where it is pending: once at each place of a thread, or a loop
/// around it would never end.
pub(crate) fn cancels(location: &'static Location<'static>) -> bool {
    if with(|world| world.was_served(me(), location)) {
        return false;
    }
    let drops = draw("cancel", 2, location, |drops| (drops == 1).then(Seen::default)) == 1;
    if drops {
        with(|world| world.serve(me(), location, None));
    }
    drops
}

impl World {
    fn draws(&mut self, of: u32) -> u32 {
        if of < 2 || self.over() {
            return 0;
        }
        if of > FEW {
            self.turns.many = self.turns.many.max(Some(of));
        }
        let value = with_strategy(|strategy| strategy.draw(of));
        self.turns.schedule.push(value);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_apart_and_have_both_ends() {
        for of in [1, 2, FEW, FEW + 1, FEW + 2, 100, u32::MAX] {
            let mut all: Vec<u32> = values(of).collect();
            assert_eq!((all[0], all[all.len() - 1]), (0, of - 1));
            assert_eq!(all.len(), of.min(FEW) as usize);
            all.dedup();
            assert_eq!(all.len(), of.min(FEW) as usize, "{of}");
        }
    }
}
