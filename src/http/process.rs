//! What the process uses, and what its disk has left, as the system tells.

use std::path::Path;

/// The kernel's unit of processor time in what it tells of processes: hundredths of a second, on every Linux.
const TICKS: f64 = 100.0;
/// The kernel's page, on the systems we run on.
const PAGE_BYTES: u64 = 4_096;

/// Memory and processor time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Bytes in memory.
    pub resident_bytes: u64,
    /// Since the process began, of all threads.
    pub cpu_seconds: f64,
}

impl Usage {
    /// As of now; none where the system does not tell.
    #[must_use]
    pub fn now() -> Option<Usage> {
        let memory = std::fs::read_to_string("/proc/self/statm").ok()?;
        let pages: u64 = memory.split(' ').nth(1)?.parse().ok()?;
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name of the program stands in brackets, and may hold blanks.
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        let (user, system): (f64, f64) = (fields.get(11)?.parse().ok()?, fields.get(12)?.parse().ok()?);
        Some(Usage { resident_bytes: pages * PAGE_BYTES, cpu_seconds: (user + system) / TICKS })
    }
}

/// What is free for us on the disk of a path.
#[cfg(unix)]
#[must_use]
pub fn free_bytes(path: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(path).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// What is free for us on the disk of a path: not told here.
#[cfg(not(unix))]
#[must_use]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}
