//! The crate `lazy_static`, modelled.

#[doc(hidden)]
pub use core::ops::Deref as __Deref;

pub use crate::lazy_static;
use selvedge::sync::LazyLock;
use std::fmt;

/// The value of a [`lazy_static!`](crate::lazy_static!): every execution makes its own.
pub struct Lazy<T: Sync + 'static>(LazyLock<T>);

impl<T: Sync> Lazy<T> {
    /// Creates a lazy value that `init` initialises on first use.
    #[must_use]
    pub const fn new(init: fn() -> T) -> Lazy<T> {
        Lazy(LazyLock::new(init))
    }

    /// Returns the value, and initialises it first if necessary.
    #[track_caller]
    pub fn get(&'static self) -> &'static T {
        LazyLock::force(&self.0)
    }
}

impl<T: Sync> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy").finish_non_exhaustive()
    }
}

/// What [`initialize`] takes: each value of a [`lazy_static!`](crate::lazy_static!).
pub trait LazyStatic {
    #[doc(hidden)]
    fn initialize(lazy: &Self);
}

/// Initialises the value if it is not yet.
pub fn initialize<T: LazyStatic>(lazy: &T) {
    LazyStatic::initialize(lazy);
}

/// The crate `lazy_static`'s macro, modelled: every execution makes its own values.
///
/// ```
/// use selvedge_shuttle as shuttle;
///
/// use shuttle::sync::Mutex;
///
/// shuttle::lazy_static! {
///     static ref BALANCE: Mutex<u64> = Mutex::new(0);
/// }
///
/// shuttle::check_dfs(
///     || {
///         let teller = shuttle::thread::spawn(|| *BALANCE.lock().unwrap() += 1);
///         *BALANCE.lock().unwrap() += 2;
///         teller.join().unwrap();
///         assert_eq!(*BALANCE.lock().unwrap(), 3);
///     },
///     None,
/// );
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
        impl $crate::lazy_static::LazyStatic for $name {
            fn initialize(lazy: &Self) {
                let _ = &**lazy;
            }
        }
        $crate::lazy_static!($($rest)*);
    };
}
