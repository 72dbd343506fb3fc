s/^    sync::atomic::\{AtomicBool, AtomicPtr, Ordering\},$/};\nuse selvedge::{\n&/
