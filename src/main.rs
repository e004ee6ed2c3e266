//! The `campc` binary: a thin door to `campc::cli`.

use std::process::ExitCode;

/// A third of what deciding a batch costs is memory taken and given back, often by another thread than took it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The first one wins; nothing else in the process installs another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    campc::cli::main()
}
