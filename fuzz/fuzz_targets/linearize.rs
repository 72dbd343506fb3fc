#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| selvedge::fuzz::linearize(bytes));
