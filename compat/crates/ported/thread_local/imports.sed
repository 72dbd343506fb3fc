# Stable Rust makes an `Arc<dyn Trait>` of std's own Arc only.
s/^    use selvedge::sync::Arc;$/    use std::sync::Arc;/
