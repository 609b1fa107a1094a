//! The ledger: see `bd --help`.

fn main() -> std::process::ExitCode {
    gastown::bdcli::main(std::env::args_os())
}
