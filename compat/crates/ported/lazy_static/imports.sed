# It is of Rust's edition 2015.
s/^extern crate std;$/&\nextern crate selvedge;/
