//! The ledger: see `bd --help`.

fn main() {}
