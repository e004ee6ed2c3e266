//! The `campc` binary: a thin door to `campc::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // The first one wins; nothing else in the process installs another.
    let _ = rustls::crypto::ring::default_provider().install_default();
    campc::cli::main()
}
