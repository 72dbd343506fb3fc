//! What compiles with std's types compiles with ours, but for four things that stable Rust leaves
//! to std alone: the size and the alignment of an atomic, which has an identity with us;
//! `from_ptr`, which makes an atomic of foreign memory of that size; and the coercion of an
//! `Arc<T>` to an `Arc<dyn Trait>` without a conversion.

#![allow(dead_code, unused_imports, reason = "to compile is all")]
#![allow(clippy::all, clippy::pedantic, reason = "written as users write it")]

mod with_std {
    use std as S;
    include!("snippets.rs");
}

mod with_ours {
    use selvedge as S;
    include!("snippets.rs");
}
