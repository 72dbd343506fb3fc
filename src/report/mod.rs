//! Verdicts drawn: returns strings, never decides, never prints.
