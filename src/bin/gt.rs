//! The town: see `gt --help`.

fn main() -> std::process::ExitCode {
    gastown::cli::main(std::env::args_os())
}
