# std::task::Wake wants std's own Arc
s/^use selvedge::sync::Arc;$/use std::sync::Arc;/
