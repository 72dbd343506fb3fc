//! Atomics and fences under the engines.
//!
//! The value of an atomic stands in its std atomic, outside of an engine and under shuttle. loom keeps its own, with
//! a history; the std atomic then follows, as the shadow that destructors of a failed execution see. A `SeqCst`
//! access under loom has a `SeqCst` fence on both sides: loom takes `SeqCst` accesses for `AcqRel` (its issue 180).

use super::step::{loom_step, shuttle_step};
use super::{Engine, Home, Pending, Seen, Waits, World, engine};
use super::{companion, knockout};
use crate::knockout::{Change, Half};
use crate::trace::{Operation, Outcome, ThreadId, Value};
use std::panic::Location;
use std::sync::atomic::Ordering::{self, SeqCst};

/// What a read-modify-write makes of the old value and its operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rmw {
    Swap,
    Add,
    Sub,
    And,
    Nand,
    Or,
    Xor,
    Max,
    Min,
}

impl Rmw {
    fn name(self) -> &'static str {
        match self {
            Rmw::Swap => "swap",
            Rmw::Add => "fetch_add",
            Rmw::Sub => "fetch_sub",
            Rmw::And => "fetch_and",
            Rmw::Nand => "fetch_nand",
            Rmw::Or => "fetch_or",
            Rmw::Xor => "fetch_xor",
            Rmw::Max => "fetch_max",
            Rmw::Min => "fetch_min",
        }
    }
}

/// A type that has an atomic: what std's and loom's versions of that have in common.
pub(crate) trait Primitive: Copy + PartialEq + 'static {
    /// std's atomic of it.
    type Std;
    /// loom's atomic of it.
    type Loom: 'static;
    fn value(self) -> Value;
    fn loom(self) -> Self::Loom;
    fn load(std: &Self::Std, order: Ordering) -> Self;
    fn store(std: &Self::Std, value: Self, order: Ordering);
    fn rmw(std: &Self::Std, rmw: Rmw, operand: Self, order: Ordering) -> Self;
    fn compare_exchange(
        std: &Self::Std,
        current: Self,
        new: Self,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Self, Self>;
    fn loom_load(loom: &Self::Loom, order: Ordering) -> Self;
    fn loom_store(loom: &Self::Loom, value: Self, order: Ordering);
    fn loom_rmw(loom: &Self::Loom, rmw: Rmw, operand: Self, order: Ordering) -> Self;
    fn loom_compare_exchange(
        loom: &Self::Loom,
        current: Self,
        new: Self,
        success: Ordering,
        failure: Ordering,
    ) -> Result<Self, Self>;
}

/// The operations that std's and loom's atomics of one type share, once for each of the two.
macro_rules! common {
    ($ty:ty, $atomic:ty, $load:ident, $store:ident, $compare_exchange:ident) => {
        fn $load(atomic: &$atomic, order: Ordering) -> $ty {
            atomic.load(order)
        }
        fn $store(atomic: &$atomic, value: $ty, order: Ordering) {
            atomic.store(value, order);
        }
        fn $compare_exchange(
            atomic: &$atomic,
            current: $ty,
            new: $ty,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$ty, $ty> {
            atomic.compare_exchange(current, new, success, failure)
        }
    };
}

macro_rules! rmw {
    ($ty:ty, $atomic:ty, $rmw:ident { $($arm:ident => $method:ident),* }) => {
        fn $rmw(atomic: &$atomic, rmw: Rmw, operand: $ty, order: Ordering) -> $ty {
            match rmw {
                $(Rmw::$arm => atomic.$method(operand, order),)*
                #[allow(unreachable_patterns, reason = "integers have all of them")]
                _ => unreachable!("not an operation of this type"),
            }
        }
    };
}

macro_rules! primitive {
    ($ty:ty, $std:ty, $loom:ty, |$self:ident| $value:expr, $arms:tt $(, <$t:ident>)?) => {
        impl$(<$t: 'static>)? Primitive for $ty {
            type Std = $std;
            type Loom = $loom;
            fn value($self) -> Value {
                $value
            }
            fn loom(self) -> $loom {
                <$loom>::new(self)
            }
            common!($ty, $std, load, store, compare_exchange);
            common!($ty, $loom, loom_load, loom_store, loom_compare_exchange);
            rmw!($ty, $std, rmw $arms);
            rmw!($ty, $loom, loom_rmw $arms);
        }
    };
}

macro_rules! integers {
    ($($ty:ty, $atomic:ident, $sign:ident as $wide:ty;)*) => { $(
        primitive!($ty, std::sync::atomic::$atomic, loom::sync::atomic::$atomic, |self| Value::$sign(self as $wide), {
            Swap => swap, Add => fetch_add, Sub => fetch_sub, And => fetch_and, Nand => fetch_nand, Or => fetch_or,
            Xor => fetch_xor, Max => fetch_max, Min => fetch_min
        });
    )* };
}

integers! {
    u8, AtomicU8, Unsigned as u64;
    u16, AtomicU16, Unsigned as u64;
    u32, AtomicU32, Unsigned as u64;
    u64, AtomicU64, Unsigned as u64;
    usize, AtomicUsize, Unsigned as u64;
    i8, AtomicI8, Signed as i64;
    i16, AtomicI16, Signed as i64;
    i32, AtomicI32, Signed as i64;
    i64, AtomicI64, Signed as i64;
    isize, AtomicIsize, Signed as i64;
}

primitive!(bool, std::sync::atomic::AtomicBool, loom::sync::atomic::AtomicBool, |self| Value::Bool(self), {
    Swap => swap, And => fetch_and, Nand => fetch_nand, Or => fetch_or, Xor => fetch_xor
});

primitive!(*mut T, std::sync::atomic::AtomicPtr<T>, loom::sync::atomic::AtomicPtr<T>,
    |self| Value::Pointer(self as usize), { Swap => swap }, <T>);

/// Makes the engine's side of a new atomic.
pub(crate) fn create<T: Primitive>(home: &Home, value: T) {
    if engine() == Engine::Std {
        return;
    }
    super::with(|world| world.object(home.id()).initial = Some(value.value()));
    if engine() == Engine::Loom {
        companion::attach(home.id(), value.loom());
    }
}

fn fenced<R>(order: Ordering, access: impl FnOnce() -> R) -> R {
    if order != SeqCst {
        return access();
    }
    loom::sync::atomic::fence(SeqCst); // orders this access after what came before, for loom
    let result = access();
    loom::sync::atomic::fence(SeqCst); // and before what comes after
    result
}

fn pending(home: &Home, operation: Operation, location: &'static Location<'static>) -> Pending {
    Pending { operation, object: Some(home.id()), location, waits: Waits::Never, expected: None, spurious: false }
}

#[track_caller]
pub(crate) fn load<T: Primitive>(home: &Home, std: &T::Std, order: Ordering) -> T {
    assert_load(order);
    let order = knockout::ordering(Location::caller(), "load", order);
    let pending = pending(home, Operation::Load(order), Location::caller());
    match home.engine() {
        Engine::Std => T::load(std, order),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            world.clocks.load(me, home.id(), order);
            let value = T::load(std, SeqCst); // one OS thread: any ordering would do
            (value, Seen::value(value.value()))
        }),
        Engine::Loom => {
            let loom = loom_side::<T>(home, std);
            let access = || fenced(order, || T::loom_load(&loom, order));
            loom_step(pending, access, || T::load(std, SeqCst), |_, _, value| Seen::value(value.value()))
        }
    }
}

#[track_caller]
pub(crate) fn store<T: Primitive>(home: &Home, std: &T::Std, value: T, order: Ordering) {
    assert_store(order);
    let order = knockout::ordering(Location::caller(), "store", order);
    let pending = pending(home, Operation::Store(order), Location::caller());
    match home.engine() {
        Engine::Std => T::store(std, value, order),
        Engine::Shuttle => {
            shuttle_step(pending, |world, me| {
                world.clocks.store(me, home.id(), order);
                T::store(std, value, SeqCst); // one OS thread: any ordering would do
                ((), Seen::value(value.value()))
            });
        }
        Engine::Loom => {
            let loom = loom_side::<T>(home, std);
            let access = || fenced(order, || T::loom_store(&loom, value, order));
            let owed = loom.clone();
            let shadow = || {
                T::store(std, value, SeqCst); // one OS thread
                super::step::defer(Box::new(move || T::loom_store(&owed, value, order)));
            };
            loom_step(pending, access, shadow, |_, _, ()| {
                T::store(std, value, SeqCst); // one OS thread
                Seen::value(value.value())
            });
        }
    }
}

/// What a read-modify-write makes of a value.
fn rmw_of<T: Primitive>(std: &T::Std, rmw: Rmw, value: T, operand: T) -> T {
    // std computes it, at the place of the value itself, which is then as before: one OS thread, and no switch
    let kept = T::load(std, SeqCst);
    T::store(std, value, SeqCst);
    T::rmw(std, rmw, operand, SeqCst);
    let new = T::load(std, SeqCst);
    T::store(std, kept, SeqCst);
    new
}

fn rmw_seen<T: Primitive>(old: T, new: T) -> Seen {
    Seen { written: Some(new.value()), ..Seen::value(old.value()) }
}

#[track_caller]
pub(crate) fn rmw<T: Primitive>(home: &Home, std: &T::Std, rmw: Rmw, operand: T, order: Ordering) -> T {
    let order = match knockout::ordered(Location::caller(), rmw.name(), order) {
        Some(Change::Split) => {
            let seen = load::<T>(home, std, knockout::acquiring(order));
            store::<T>(home, std, rmw_of(std, rmw, seen, operand), knockout::releasing(order));
            return seen;
        }
        Some(Change::Weaker(_, weaker)) => weaker,
        _ => order,
    };
    let pending = pending(home, Operation::Rmw(rmw.name(), order), Location::caller());
    // the shadow follows, and is read back for the drawing
    let follow = || {
        let old = T::rmw(std, rmw, operand, SeqCst); // one OS thread
        (old, T::load(std, SeqCst))
    };
    match home.engine() {
        Engine::Std => T::rmw(std, rmw, operand, order),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            world.clocks.rmw(me, home.id(), order);
            let (old, new) = follow();
            (old, rmw_seen(old, new))
        }),
        Engine::Loom => {
            let loom = loom_side::<T>(home, std);
            let access = || fenced(order, || T::loom_rmw(&loom, rmw, operand, order));
            let owed = loom.clone();
            let shadow = || {
                super::step::defer(Box::new(move || {
                    T::loom_rmw(&owed, rmw, operand, order);
                }));
                follow().0
            };
            loom_step(pending, access, shadow, |_, _, old| {
                T::store(std, *old, SeqCst); // one OS thread
                rmw_seen(*old, follow().1)
            })
        }
    }
}

/// Which compare-exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// It fails only if it finds something else.
    Strong,
    /// It may also fail for no reason.
    Weak,
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
    let weak = strength == Strength::Weak;
    let name = if weak { "compare_exchange_weak" } else { "compare_exchange" };
    let mut orders = (success, failure);
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
    let engine = home.engine();
    let spurious =
        weak && engine == Engine::Shuttle && super::with(|world| world.may_be_spurious(super::me(), location));
    let pending =
        Pending { expected: Some(current.value()), spurious, ..pending(home, Operation::Rmw(name, success), location) };
    let seen = |result: &Result<T, T>| match result {
        Ok(old) => rmw_seen(*old, new),
        // a compare-exchange that fails is a read
        Err(old) => Seen { operation: Some(Operation::Load(failure)), ..Seen::value(old.value()) },
    };
    match engine {
        Engine::Std => T::compare_exchange(std, current, new, success, failure),
        Engine::Shuttle => {
            shuttle_step(pending, |world, me| {
                // one OS thread: any ordering would do
                if spurious && T::load(std, SeqCst) == current && super::step::choose(world, 2) == 1 {
                    world.serve(me, location, None);
                    world.clocks.load(me, home.id(), failure);
                    let result = Err(current);
                    return (result, Seen { written: Some(Value::Outcome(Outcome::Spurious)), ..seen(&result) });
                }
                let result = T::compare_exchange(std, current, new, SeqCst, SeqCst); // one OS thread
                match result {
                    Ok(_) => world.clocks.rmw(me, home.id(), success),
                    Err(_) => world.clocks.load(me, home.id(), failure),
                }
                (result, seen(&result))
            })
        }
        Engine::Loom => {
            let loom = loom_side::<T>(home, std);
            let strongest = if success == SeqCst || failure == SeqCst { SeqCst } else { success };
            let access = || fenced(strongest, || T::loom_compare_exchange(&loom, current, new, success, failure));
            let owed = loom.clone();
            let shadow = || {
                let result = T::compare_exchange(std, current, new, SeqCst, SeqCst); // one OS thread
                if result.is_ok() {
                    super::step::defer(Box::new(move || T::loom_store(&owed, new, SeqCst)));
                }
                result
            };
            loom_step(pending, access, shadow, |_: &mut World, _: ThreadId, result| {
                if result.is_ok() {
                    T::store(std, new, SeqCst); // one OS thread
                }
                seen(result)
            })
        }
    }
}

/// The atomic's value, for an exclusive borrow of it: loom's side is made anew from it at the next operation.
pub(crate) fn settle<T: Primitive>(home: &Home, std: &mut T::Std) {
    if home.engine_now() == Engine::Loom
        && !super::step::inert()
        && let Some(loom) = companion::detach::<T::Loom>(home.id())
    {
        // Relaxed, and one OS thread: whoever has an exclusive borrow is ordered after every other access
        T::store(std, T::loom_load(&loom, Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// loom's side of an atomic.
fn loom_side<T: Primitive>(home: &Home, std: &T::Std) -> std::rc::Rc<T::Loom> {
    if !companion::is_attached(home.id()) {
        companion::attach(home.id(), T::load(std, SeqCst).loom()); // one OS thread: see `settle`
    }
    companion::of(home.id())
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
    let pending = Pending {
        operation: Operation::Fence(order),
        object: None,
        location: Location::caller(),
        waits: Waits::Never,
        expected: None,
        spurious: false,
    };
    match engine() {
        Engine::Std => std::sync::atomic::fence(order),
        Engine::Shuttle => shuttle_step(pending, |world, me| {
            world.clocks.fence(me, order);
            ((), Seen::default())
        }),
        Engine::Loom => loom_step(pending, || loom::sync::atomic::fence(order), || {}, |_, _, ()| Seen::default()),
    }
}

/// std panics on these, and so do all engines: here, because a model may not catch a panic of loom's own.
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
