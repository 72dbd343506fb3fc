//! The types that have atomics: what std's and loom's atomics share, and how memory keeps their
//! values.

use crate::vocabulary::trace::Value;
use std::convert::identity;
use std::sync::atomic::Ordering;

/// A value as memory keeps it. The type of the atomic knows how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Bits(u64),
    /// With its provenance.
    Pointer(*mut ()),
}

/// What a read-modify-write does with the old value and its operand.
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
    pub(super) fn name(self) -> &'static str {
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

/// A type that has an atomic: what std's and loom's versions of it share.
pub(crate) trait Primitive: Copy + PartialEq {
    /// std's atomic of it.
    type Std;
    /// loom's atomic of it.
    type Loom: 'static;
    /// The same without what it borrows: loom keeps what it is given.
    type Erased: Primitive<Loom = Self::Loom> + 'static;
    fn erased(self) -> Self::Erased;
    fn value(self) -> Value;
    /// As memory keeps it.
    fn stored(self) -> Stored;
    /// Reads back what memory has kept.
    fn of(stored: Stored) -> Self;
    fn loom(self) -> Self::Loom;
    /// std's atomic with this value.
    fn std(self) -> Self::Std;
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

/// The operations that std's and loom's atomics of one type share, expanded once for each. `$to`
/// and `$from` convert between the type and what the atomic holds.
macro_rules! common {
    (
        $ty:ty, $atomic:ty, $load:ident, $store:ident, $compare_exchange:ident,
        $to:path, $from:path
    ) => {
        fn $load(atomic: &$atomic, order: Ordering) -> $ty {
            $from(atomic.load(order))
        }
        fn $store(atomic: &$atomic, value: $ty, order: Ordering) {
            atomic.store($to(value), order);
        }
        fn $compare_exchange(
            atomic: &$atomic,
            current: $ty,
            new: $ty,
            success: Ordering,
            failure: Ordering,
        ) -> Result<$ty, $ty> {
            let result = atomic.compare_exchange($to(current), $to(new), success, failure);
            result.map($from).map_err($from)
        }
    };
}

macro_rules! rmw {
    ($ty:ty, $atomic:ty, $to:path, $from:path, $rmw:ident { $($arm:ident => $method:ident),* }) => {
        fn $rmw(atomic: &$atomic, rmw: Rmw, operand: $ty, order: Ordering) -> $ty {
            match rmw {
                $(Rmw::$arm => $from(atomic.$method($to(operand), order)),)*
                #[allow(unreachable_patterns, reason = "integers have all of them")]
                _ => unreachable!("not an operation of this type"),
            }
        }
    };
}

/// `$to` and `$from` convert to and from what loom's atomic holds, which is `$erased`.
macro_rules! primitive {
    (
        $ty:ty, $std:ty, $loom:ty, $erased:ty, $to:path, $from:path,
        |$self:ident| $value:expr, $kind:ident($stored:expr), |$bits:ident| $of:expr,
        $arms:tt $(, <$t:ident>)?
    ) => {
        impl$(<$t>)? Primitive for $ty {
            type Std = $std;
            type Loom = $loom;
            type Erased = $erased;
            fn erased(self) -> $erased {
                $to(self)
            }
            fn value($self) -> Value {
                $value
            }
            fn stored($self) -> Stored {
                Stored::$kind($stored)
            }
            fn of(stored: Stored) -> Self {
                let Stored::$kind($bits) = stored else { unreachable!("an atomic keeps its type") };
                $of
            }
            fn loom(self) -> $loom {
                <$loom>::new($to(self))
            }
            fn std(self) -> $std {
                <$std>::new(self)
            }
            common!($ty, $std, load, store, compare_exchange, identity, identity);
            common!($ty, $loom, loom_load, loom_store, loom_compare_exchange, $to, $from);
            rmw!($ty, $std, identity, identity, rmw $arms);
            rmw!($ty, $loom, $to, $from, loom_rmw $arms);
        }
    };
}

macro_rules! integers {
    ($($ty:ty, $atomic:ident, $sign:ident as $wide:ty;)*) => { $(
        primitive!($ty, std::sync::atomic::$atomic, ::loom::sync::atomic::$atomic,
            $ty, identity, identity,
            |self| Value::$sign(self as $wide), Bits(self as u64), |bits| bits as $ty, {
            Swap => swap, Add => fetch_add, Sub => fetch_sub, And => fetch_and, Nand => fetch_nand,
            Or => fetch_or, Xor => fetch_xor, Max => fetch_max, Min => fetch_min
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

primitive!(bool, std::sync::atomic::AtomicBool, ::loom::sync::atomic::AtomicBool,
    bool, identity, identity, |self| Value::Bool(self), Bits(u64::from(self)), |bits| bits != 0, {
    Swap => swap, And => fetch_and, Nand => fetch_nand, Or => fetch_or, Xor => fetch_xor
});

fn erased<T>(pointer: *mut T) -> *mut () {
    pointer.cast()
}

fn typed<T>(pointer: *mut ()) -> *mut T {
    pointer.cast()
}

/// Arithmetic on addresses, in one step. The operand is a number in the shape of a pointer.
trait Addresses<P> {
    fn add(&self, operand: P, order: Ordering) -> P;
    fn sub(&self, operand: P, order: Ordering) -> P;
    fn and(&self, operand: P, order: Ordering) -> P;
    fn or(&self, operand: P, order: Ordering) -> P;
    fn xor(&self, operand: P, order: Ordering) -> P;
}

impl<T> Addresses<*mut T> for std::sync::atomic::AtomicPtr<T> {
    fn add(&self, operand: *mut T, order: Ordering) -> *mut T {
        self.fetch_byte_add(operand.addr(), order)
    }
    fn sub(&self, operand: *mut T, order: Ordering) -> *mut T {
        self.fetch_byte_sub(operand.addr(), order)
    }
    fn and(&self, operand: *mut T, order: Ordering) -> *mut T {
        self.fetch_and(operand.addr(), order)
    }
    fn or(&self, operand: *mut T, order: Ordering) -> *mut T {
        self.fetch_or(operand.addr(), order)
    }
    fn xor(&self, operand: *mut T, order: Ordering) -> *mut T {
        self.fetch_xor(operand.addr(), order)
    }
}

/// loom has no such steps: a compare-exchange is tried until it succeeds.
fn retried(
    loom: &::loom::sync::atomic::AtomicPtr<()>,
    order: Ordering,
    f: impl Fn(usize) -> usize,
) -> *mut () {
    let mut seen = loom.load(Ordering::Relaxed);
    loop {
        let new = seen.map_addr(&f);
        match loom.compare_exchange(seen, new, order, Ordering::Relaxed) {
            Ok(old) => return old,
            Err(now) => seen = now,
        }
    }
}

impl Addresses<*mut ()> for ::loom::sync::atomic::AtomicPtr<()> {
    fn add(&self, operand: *mut (), order: Ordering) -> *mut () {
        retried(self, order, |address| address.wrapping_add(operand.addr()))
    }
    fn sub(&self, operand: *mut (), order: Ordering) -> *mut () {
        retried(self, order, |address| address.wrapping_sub(operand.addr()))
    }
    fn and(&self, operand: *mut (), order: Ordering) -> *mut () {
        retried(self, order, |address| address & operand.addr())
    }
    fn or(&self, operand: *mut (), order: Ordering) -> *mut () {
        retried(self, order, |address| address | operand.addr())
    }
    fn xor(&self, operand: *mut (), order: Ordering) -> *mut () {
        retried(self, order, |address| address ^ operand.addr())
    }
}

primitive!(*mut T, std::sync::atomic::AtomicPtr<T>, ::loom::sync::atomic::AtomicPtr<()>,
    *mut (), erased, typed,
    |self| Value::Pointer(self as usize), Pointer(self.cast()), |pointer| pointer.cast(), {
    Swap => swap, Add => add, Sub => sub, And => and, Or => or, Xor => xor
}, <T>);
