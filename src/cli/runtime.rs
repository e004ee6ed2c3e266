//! The runtime of commands that wait for something.

use super::failure::Failure;
use std::future::Future;

/// Runs a future to its end.
///
/// # Errors
/// Its own, or that the system gives no threads.
pub fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))?;
    runtime.block_on(work)
}
