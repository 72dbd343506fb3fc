/^    pub\(crate\) use std::\{$/,/^    \};$/{
s/use std::/use selvedge::/
}
