//! `std::hint`, as shuttle has it.

pub use selvedge::hint::spin_loop;
