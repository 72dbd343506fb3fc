# What is changed in the sources of every crate: paths, and nothing else. Comments stay as they are.
/^ *\/\//b
s/\b(std|core|alloc)::sync\b/selvedge::sync/g
s/\bstd::thread\b/selvedge::thread/g
s/\b(std|core)::hint\b/selvedge::hint/g
s/(^|[ {;])thread_local!/\1selvedge::thread_local!/g
