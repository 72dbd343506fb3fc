//! The crate `lazy_static`, modelled.

pub use crate::thread::{AccessError, panicking, yield_now};
use selvedge::sync::LazyLock;
use std::fmt;

/// The value of a [`lazy_static!`](crate::lazy_static!): every execution makes its own.
pub struct Lazy<T: 'static>(LazyLock<T>);

impl<T> Lazy<T> {
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Lazy<T> {
        Lazy(LazyLock::new(init))
    }

    /// Returns the value, and initialises it first if necessary.
    #[track_caller]
    pub fn get(&'static self) -> &'static T {
        LazyLock::force(&self.0)
    }
}

impl<T> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Lazy { .. }")
    }
}

/// The crate `lazy_static`'s macro, modelled: every execution makes its own values.
///
/// ```
/// use selvedge_loom as loom;
///
/// use loom::sync::Mutex;
///
/// loom::lazy_static! {
///     static ref BALANCE: Mutex<u64> = Mutex::new(0);
/// }
///
/// loom::model(|| {
///     let teller = loom::thread::spawn(|| *BALANCE.lock().unwrap() += 1);
///     *BALANCE.lock().unwrap() += 2;
///     teller.join().unwrap();
///     assert_eq!(*BALANCE.lock().unwrap(), 3);
/// });
/// ```
#[macro_export]
macro_rules! lazy_static {
    () => {};
    (
        $(#[$attr:meta])*
        $vis:vis static ref $name:ident: $ty:ty = $init:expr;
        $($rest:tt)*
    ) => {
        #[allow(missing_copy_implementations, non_camel_case_types, dead_code)]
        $(#[$attr])*
        $vis struct $name {
            __private_field: (),
        }
        #[doc(hidden)]
        $vis static $name: $name = $name { __private_field: () };
        impl ::core::ops::Deref for $name {
            type Target = $ty;

            #[track_caller]
            fn deref(&self) -> &$ty {
                fn init() -> $ty {
                    $init
                }
                static LAZY: $crate::lazy_static::Lazy<$ty> =
                    $crate::lazy_static::Lazy::new(init);
                LAZY.get()
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}
