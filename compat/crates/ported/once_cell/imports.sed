/^use std::\{$/,/^\};$/{
s/^    sync::atomic::\{AtomicBool, AtomicPtr, Ordering\},$//
s/^    thread::\{self, Thread\},$//
s/^\};$/};use selvedge::{sync::atomic::{AtomicBool, AtomicPtr, Ordering}, thread::{self, Thread}};/
}
