//! The `selvedge` command: arguments -> one library call -> print -> exit code.

mod command;

fn main() -> std::process::ExitCode {
    command::main()
}
