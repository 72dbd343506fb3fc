//! `std::hint`, as loom has it.

pub use selvedge::hint::spin_loop;

/// Says that this place is not reached. In a model it panics if it is.
///
/// # Safety
/// It is safe; std's is not.
///
/// # Panics
/// Always.
#[track_caller]
pub unsafe fn unreachable_unchecked() -> ! {
    unreachable!("unreachable_unchecked was reached!")
}
