//! Links the binaries at a fixed address: of each program that runs, half a megabyte of tables would otherwise be a copy of its own,
//! rewritten at every start, and there are as many hosts as agents.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| std::env::var(key).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
