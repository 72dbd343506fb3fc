//! The only module that spawns, waits for and kills processes.
