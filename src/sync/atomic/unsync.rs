//! Loads of atomics as plain memory, which std has not: for the crate that has loom's interface.

use super::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize, atomic,
};

macro_rules! unsync {
    ($($name:ident $(<$t:ident>)?: $ty:ty;)*) => { $(
        impl $(<$t>)? $name $(<$t>)? {
            /// Loads the value as plain memory. A store that nothing orders with it is a data race.
            #[doc(hidden)]
            #[track_caller]
            pub fn unsync_load(&self) -> $ty {
                atomic::unsync_load::<$ty>(&self.home, &self.std)
            }
        }
    )* };
}

unsync! {
    AtomicBool: bool;
    AtomicI8: i8;
    AtomicI16: i16;
    AtomicI32: i32;
    AtomicI64: i64;
    AtomicIsize: isize;
    AtomicPtr<T>: *mut T;
    AtomicU8: u8;
    AtomicU16: u16;
    AtomicU32: u32;
    AtomicU64: u64;
    AtomicUsize: usize;
}
