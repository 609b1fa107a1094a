//! Links the binaries at a fixed address: of each program that runs, 600 KiB of tables would otherwise be a copy of its own, rewritten at
//! every start, and there are as many hosts as agents. Measured, the mean of 30 idle hosts: 0.81 MiB PSS at a fixed address, 1.43 MiB as a
//! position-independent executable, the same with packed relocations (`-z pack-relative-relocs`): what counts are the tables that are
//! written, not the list that says where. A host may take 1 MiB.
//!
//! What that costs: an attacker who could already write where they like knows where the program's own code is. Everything else stays as
//! it was: libraries, stack and heap lie at random, nothing is both writable and executable, and the tables are read-only once the program
//! runs (full RELRO). Hostile output is parsed in Rust, but for the check that it is UTF-8.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| std::env::var(key).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
