s/^    sync::atomic::\{AtomicU8, Ordering\},$//
s/^use crossbeam_utils::CachePadded;$/&use selvedge::sync::atomic::{AtomicU8, Ordering};/
