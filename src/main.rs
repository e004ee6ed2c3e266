//! The `campc` binary: a thin door to `campc::cli`.
fn main() {}
