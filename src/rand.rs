//! Data as choices: in a model, which value a thread gets is explored.
//!
//! Up to 16 values of a choice are explored each. Of more, a search that explores everything takes
//! 16, both ends among them, and its verdict is bounded: it says how many values there were. A
//! sampler draws from all. What was chosen is drawn as an event of its thread, and a token has it.
//! loom has no model of such choices. Outside of a model the values are random.
//!
//! This module is there with the feature `model` only: std has no random numbers.
//!
//! ```
//! use selvedge::sync::Mutex;
//! use selvedge::{rand, thread};
//!
//! selvedge::check(|| {
//!     let balance = Mutex::new(10);
//!     thread::scope(|s| {
//!         s.spawn(|| *balance.lock().unwrap() += 5);
//!         let amount = rand::range(1..=3);
//!         *balance.lock().unwrap() -= amount; // each amount, in each order
//!     });
//!     assert!(balance.into_inner().unwrap() >= 12);
//! });
//! ```

use crate::execution::{data, is_modelled};
use crate::trace::Value;
use std::ops::{Bound, RangeBounds};
use std::panic::Location;

/// Chooses `true` or `false`.
///
/// ```
/// let fails = selvedge::rand::bool();
/// assert!(fails || !fails);
/// ```
#[track_caller]
#[must_use]
pub fn bool() -> bool {
    let shown = |value| Value::Bool(value == 1);
    among("rand::bool", 1, Location::caller(), shown) == 1
}

/// Chooses an integer of a range.
///
/// ```
/// let port = selvedge::rand::range(1024_u16..);
/// let die = selvedge::rand::range(1..=6);
/// assert!(port >= 1024 && (1..=6).contains(&die));
/// ```
///
/// # Panics
/// If the range is empty.
#[track_caller]
#[must_use]
pub fn range<T: Integer>(range: impl RangeBounds<T>) -> T {
    let end = |bound: Bound<&T>, inwards: i128, open: i128| match bound {
        Bound::Included(end) => end.wide(),
        Bound::Excluded(end) => end.wide() + inwards,
        Bound::Unbounded => open,
    };
    let first = end(range.start_bound(), 1, T::LOWEST);
    let last = end(range.end_bound(), -1, T::HIGHEST);
    assert!(first <= last, "selvedge: there is no value in an empty range");
    let value = |nth: u64| T::narrow(first + i128::from(nth));
    let most = (last - first) as u64;
    value(among("rand::range", most, Location::caller(), |nth| value(nth).shown()))
}

/// Chooses an element, if there is one.
///
/// ```
/// assert!(selvedge::rand::choose(&["put", "take"]).is_some());
/// assert_eq!(selvedge::rand::choose::<u8>(&[]), None);
/// ```
#[track_caller]
#[must_use]
pub fn choose<T>(elements: &[T]) -> Option<&T> {
    let most = elements.len().checked_sub(1)? as u64;
    let nth = among("rand::choose", most, Location::caller(), Value::Unsigned);
    elements.get(nth as usize)
}

/// Chooses an order of the elements: each swap of Fisher and Yates is a choice.
///
/// ```
/// let mut order = [1, 2, 3];
/// selvedge::rand::shuffle(&mut order);
/// assert_eq!(order.iter().sum::<i32>(), 6);
/// ```
#[track_caller]
pub fn shuffle<T>(elements: &mut [T]) {
    for at in (1..elements.len()).rev() {
        let with = among("rand::shuffle", at as u64, Location::caller(), Value::Unsigned);
        elements.swap(at, with as usize);
    }
}

/// Chooses a number up to `most`. Where that is more than a choice can have values, it has as many
/// as it can, spread over all.
fn among(
    name: &'static str,
    most: u64,
    location: &'static Location<'static>,
    shown: impl Fn(u64) -> Value,
) -> u64 {
    if !is_modelled() {
        return fastrand::u64(..=most);
    }
    let of = u32::try_from(most).map_or(u32::MAX, |most| most.saturating_add(1));
    let spread = |value: u32| match u64::from(of) > most {
        true => u64::from(value),
        false => (u128::from(value) * u128::from(most) / u128::from(of - 1)) as u64,
    };
    spread(data::value(name, of, location, |value| shown(spread(value))))
}

mod sealed {
    /// What an integer is here.
    pub trait Integer: Copy {
        const LOWEST: i128;
        const HIGHEST: i128;
        fn wide(self) -> i128;
        fn narrow(wide: i128) -> Self;
        fn shown(self) -> crate::trace::Value;
    }
}

/// An integer of up to 64 bits.
pub trait Integer: sealed::Integer {}

impl<T: sealed::Integer> Integer for T {}

macro_rules! integers {
    ($variant:ident as $shown:ty: $($integer:ty)*) => {
        $(impl sealed::Integer for $integer {
            const LOWEST: i128 = <$integer>::MIN as i128;
            const HIGHEST: i128 = <$integer>::MAX as i128;

            fn wide(self) -> i128 {
                self as i128
            }

            fn narrow(wide: i128) -> $integer {
                wide as $integer
            }

            fn shown(self) -> Value {
                Value::$variant(self as $shown)
            }
        })*
    };
}

integers! { Unsigned as u64: u8 u16 u32 u64 usize }
integers! { Signed as i64: i8 i16 i32 i64 isize }
