s/\bstd::time::\{Duration, Instant\}/selvedge::time::{Duration, Instant}/
