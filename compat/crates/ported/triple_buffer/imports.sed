/^    sync::atomic::\{AtomicU8, Ordering\},$/d
s/^use crossbeam_utils::CachePadded;$/&\nuse selvedge::sync::atomic::{AtomicU8, Ordering};/
