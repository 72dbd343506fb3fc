//! The `selvedge` command: arguments -> one library call -> print -> exit code.

mod command;

fn main() -> std::process::ExitCode {
    // First of all: in a child process this runs the child's function and does not return.
    selvedge::process::worker_main(&command::workers());
    command::main()
}
