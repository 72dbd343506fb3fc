//! Atomics and fences under the engines.
//!
//! The value of an atomic is in the memory of its execution, and under loom in loom's own. The
//! user's std atomic follows. It holds the value outside of an engine, and destructors of a failed
//! execution see it.

use super::primitive::Primitive;
pub(crate) use super::primitive::{Rmw, Stored};
use super::weak::{Access, Exchange, Writes, modified};
use crate::execution::failure::not_modelled;
use crate::execution::step::{choose, perform, step};
use crate::execution::strategy::with_strategy;
use crate::execution::{
    Engine, Home, Pending, Seen, World, constant, engine, failure, knockout, loom, me, with,
};
use crate::vocabulary::trace::{ObjectId, Operation, Outcome, Value};
use crate::vocabulary::{Change, Half};
use std::panic::Location;
use std::sync::atomic::Ordering::{self, Relaxed};

/// Creates the engine's side of a new atomic. Returns the value with which it is created.
pub(crate) fn create<T: Primitive>(world: &mut World, object: ObjectId, value: Stored) -> Value {
    let value = T::of(value);
    if world.rules.engine == Engine::Loom {
        loom::atomic::create(world, object, value);
    }
    value.value()
}

#[track_caller]
pub(crate) fn load<T: Primitive>(home: &Home, std: &T::Std, order: Ordering) -> T {
    assert_load(order);
    let engine = engine_of::<T>(home, std);
    let order = knockout::ordering(Location::caller(), "load", order);
    let pending = Pending::on(home.id(), Operation::Load(order), Location::caller());
    let meaning = |world: &mut World, me| {
        let object = home.id();
        let access = || Access { operation: pending.operation, object, writes: Writes::Nothing };
        let value = T::of(world.seen(me, object, access, || held::<T>(home, std)));
        world.learns(me, object, order);
        (value, Seen::value(value.value()))
    };
    let loom = |pending| loom::atomic::load::<T>(pending, home.id(), std, order);
    perform(engine, pending, || T::load(std, order), meaning, loom)
}

/// The value that the user's object holds, or begins with if it is a static. There is one OS
/// thread, so any ordering would do.
fn held<T: Primitive>(home: &Home, std: &T::Std) -> Stored {
    if !home.is_static() {
        return T::load(std, Relaxed).stored();
    }
    let copy = constant::begins(std);
    // SAFETY: 1. it is a copy of an atomic's bytes
    #[allow(unsafe_code)]
    let copy = unsafe { copy.assume_init() };
    T::load(&copy, Relaxed).stored()
}

/// The user's object follows what happens to it in the memory. A static is changed by nothing that
/// a model does.
fn follow<T: Primitive>(home: &Home, std: &T::Std, value: T) {
    if !home.is_constant() {
        T::store(std, value, Relaxed); // as in `held`
    }
}

/// Tells the running execution of an atomic that the compiler made, with its value.
#[track_caller]
pub(crate) fn known<T: Primitive>(home: &Home, std: &T::Std) {
    home.known(|| (held::<T>(home, std), create::<T>));
}

/// The engine that performs an operation on this atomic. Called before anything else is asked of
/// the atomic's home.
#[track_caller]
pub(crate) fn engine_of<T: Primitive>(home: &Home, std: &T::Std) -> Engine {
    known::<T>(home, std);
    let engine = home.engine();
    if engine == Engine::Std && home.is_static() {
        constant::is_used(home, std);
    }
    engine
}

/// Loads the value as plain memory: a store that nothing orders with it is a data race. loom is not
/// asked.
#[track_caller]
pub(crate) fn unsync_load<T: Primitive>(home: &Home, std: &T::Std) -> T {
    let engine = engine_of::<T>(home, std);
    let pending = Pending::on(home.id(), Operation::Load(Relaxed), Location::caller());
    let meaning = |world: &mut World, me| {
        let object = home.id();
        let access = || Access { operation: pending.operation, object, writes: Writes::Nothing };
        let value = T::of(world.seen(me, object, access, || held::<T>(home, std)));
        world.learns(me, object, Relaxed);
        world.loads_as_memory(me, object, &pending);
        (value, Seen::value(value.value()))
    };
    let loom = |_| not_modelled("loom", "a load of an atomic as plain memory");
    perform(engine, pending, || T::load(std, Relaxed), meaning, loom)
}

#[track_caller]
pub(crate) fn store<T: Primitive>(home: &Home, std: &T::Std, value: T, order: Ordering) {
    assert_store(order);
    let engine = engine_of::<T>(home, std);
    let order = knockout::ordering(Location::caller(), "store", order);
    let pending = Pending::on(home.id(), Operation::Store(order), Location::caller());
    let meaning = |world: &mut World, me| {
        world.store(me, (home.id(), order), value.stored(), || held::<T>(home, std));
        follow::<T>(home, std, value);
        ((), Seen::value(value.value()))
    };
    let loom = |pending| loom::atomic::store::<T>(pending, home.id(), std, value, order);
    perform(engine, pending, || T::store(std, value, order), meaning, loom);
}

/// The result of a read-modify-write on a value: std computes it.
fn rmw_of<T: Primitive>(rmw: Rmw, value: T, operand: T) -> T {
    let scratch = value.std();
    T::rmw(&scratch, rmw, operand, Relaxed);
    T::load(&scratch, Relaxed) // nobody else has it
}

pub(in crate::execution) fn rmw_seen<T: Primitive>(old: T, new: T) -> Seen {
    Seen { written: Some(new.value()), ..Seen::value(old.value()) }
}

#[track_caller]
pub(crate) fn rmw<T: Primitive>(
    home: &Home,
    std: &T::Std,
    rmw: Rmw,
    operand: T,
    order: Ordering,
) -> T {
    let order = match knockout::ordered(Location::caller(), rmw.name(), order) {
        Some(Change::Split) => {
            let seen = load::<T>(home, std, knockout::acquiring(order));
            store::<T>(home, std, rmw_of(rmw, seen, operand), knockout::releasing(order));
            return seen;
        }
        Some(Change::Weaker(_, weaker)) => weaker,
        _ => order,
    };
    let operation = (Operation::Rmw(rmw.name(), order), Location::caller());
    rmw_as::<T>(home, std, (rmw, operand), order, operation)
}

/// The same under another name, and as of another place.
#[track_caller]
pub(crate) fn rmw_as<T: Primitive>(
    home: &Home,
    std: &T::Std,
    (rmw, operand): (Rmw, T),
    order: Ordering,
    (operation, location): (Operation, &'static Location<'static>),
) -> T {
    let engine = engine_of::<T>(home, std);
    let pending = Pending::on(home.id(), operation, location);
    let meaning = |world: &mut World, me| {
        let object = home.id();
        let by = modified::<T>;
        let writes = || Writes::Modified { rmw, operand: operand.stored(), by };
        let access = || Access { operation: pending.operation, object, writes: writes() };
        let old = T::of(world.seen(me, object, access, || held::<T>(home, std)));
        let new = rmw_of(rmw, old, operand);
        follow::<T>(home, std, new);
        world.modify(me, object, order, new.stored());
        (old, rmw_seen(old, new))
    };
    let loom = |pending| loom::atomic::rmw::<T>(pending, home.id(), std, (rmw, operand), order);
    perform(engine, pending, || T::rmw(std, rmw, operand, order), meaning, loom)
}

/// Which compare-exchange it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// It fails only if it finds something else.
    Strong,
    /// It may also fail spuriously.
    Weak,
}

/// What is recorded of a compare-exchange.
pub(in crate::execution) fn exchanged<T: Primitive>(
    result: Result<T, T>,
    new: T,
    failure: Ordering,
) -> Seen {
    match result {
        Ok(old) => rmw_seen(old, new),
        // a compare-exchange that fails is a read
        Err(old) => Seen { operation: Some(Operation::Load(failure)), ..Seen::value(old.value()) },
    }
}

#[track_caller]
pub(crate) fn compare_exchange<T: Primitive>(
    home: &Home,
    std: &T::Std,
    (current, new): (T, T),
    (success, failure): (Ordering, Ordering),
    strength: Strength,
) -> Result<T, T> {
    assert_load(failure);
    let location = Location::caller();
    let name =
        if strength == Strength::Weak { "compare_exchange_weak" } else { "compare_exchange" };
    let mut orders = (success, failure);
    let engine = engine_of::<T>(home, std);
    match knockout::compare_exchange(location, name, orders) {
        Some(Change::Split) => {
            let seen = load::<T>(home, std, knockout::acquiring(success));
            if seen != current {
                return Err(seen);
            }
            store::<T>(home, std, new, knockout::releasing(success));
            return Ok(seen);
        }
        Some(Change::Unconditional) => {
            rmw::<T>(home, std, Rmw::Swap, new, success);
            return Ok(current);
        }
        Some(Change::Weaker(Half::Failure, weaker)) => orders.1 = weaker,
        Some(Change::Weaker(_, weaker)) => orders.0 = weaker,
        _ => {}
    }
    let (success, failure) = orders;
    let pending = Pending::on(home.id(), Operation::Rmw(name, success), location);
    let pending = Pending { expected: Some(current.value()), ..pending };
    match engine {
        Engine::Shuttle => exchange::<T>(pending, home, std, (current, new), orders, strength),
        Engine::Loom => {
            loom::atomic::compare_exchange::<T>(pending, home.id(), std, (current, new), orders)
        }
        Engine::Std => T::compare_exchange(std, current, new, success, failure),
    }
}

/// A compare-exchange on green threads. A weak one may fail spuriously where it would succeed.
fn exchange<T: Primitive>(
    pending: Pending,
    home: &Home,
    std: &T::Std,
    (current, new): (T, T),
    (success, failure): (Ordering, Ordering),
    strength: Strength,
) -> Result<T, T> {
    let (object, location) = (home.id(), pending.location);
    let is_weak = strength == Strength::Weak;
    let spurious = is_weak && with(|world| world.may_be_spurious(me(), location));
    let exchange = Exchange { expected: current.stored(), new: new.stored(), failure };
    let pending = Pending { exchange: Some(exchange), ..pending.spurious(spurious) };
    step(pending, |world, me| {
        // a thread that repeats a round may fail once more as it did
        let fails = spurious || is_weak && with_strategy(|strategy| strategy.repeats_failure(me));
        let writes = Writes::Exchanged { exchange, fails };
        let access = || Access { operation: pending.operation, object, writes };
        let old = T::of(world.seen(me, object, access, || held::<T>(home, std)));
        // the choice is made only where it matters
        if old != current || fails && choose(world, 2) == 1 {
            world.learns(me, object, failure);
            let (result, seen) = (Err(old), exchanged(Err(old), new, failure));
            if old != current {
                return (result, seen);
            }
            world.serve(me, location, None);
            return (result, Seen { written: Some(Value::Outcome(Outcome::Spurious)), ..seen });
        }
        world.modify(me, object, success, new.stored());
        follow::<T>(home, std, new);
        (Ok(old), exchanged(Ok(old), new, failure))
    })
}

/// Gives up in a model: what is done there is not seen.
#[track_caller]
pub(crate) fn refuse(operation: &str) {
    if engine() != Engine::Std {
        failure::refuse(operation);
    }
}

/// The atomic's value, for an exclusive borrow. The memory, and loom's side, are rebuilt from it at
/// the next operation.
pub(crate) fn settle<T: Primitive>(home: &Home, std: &mut T::Std) {
    if home.is_constant() {
        engine_of::<T>(home, std);
    }
    match home.engine_now() {
        Engine::Loom if !failure::inert() => loom::atomic::settle::<T>(home.id(), std),
        Engine::Shuttle => {
            let newest = with(|world| {
                world.memory.values.forget(home.id());
                world.newest(me(), home.id())
            });
            newest.into_iter().for_each(|value| T::store(std, T::of(value), Relaxed));
        }
        Engine::Loom | Engine::Std => {}
    }
}

/// `atomic::fence`
#[track_caller]
pub(crate) fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    let order = match knockout::ordered(Location::caller(), "fence", order) {
        Some(Change::Dropped) => return,
        Some(Change::Weaker(_, weaker)) => weaker,
        _ => order,
    };
    let pending = Pending::of(Operation::Fence(order), Location::caller());
    let meaning = |world: &mut World, me| {
        world.memory.clocks.fence(me, order);
        ((), Seen::default())
    };
    let loom = |pending| loom::atomic::fence(pending, order);
    perform(engine(), pending, || std::sync::atomic::fence(order), meaning, loom);
}

/// std panics on these orderings, and so do all engines. The check is here because a model must not
/// catch a panic of loom.
#[track_caller]
fn assert_load(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Release | Ordering::AcqRel),
        "there is no such thing as a release load: {order:?}"
    );
}

#[track_caller]
fn assert_store(order: Ordering) {
    assert!(
        !matches!(order, Ordering::Acquire | Ordering::AcqRel),
        "there is no such thing as an acquire store: {order:?}"
    );
}
