//! How far an import came: a note beside the file, kept by the file's hash, so that a broken import goes on where it stopped.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The note.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// BLAKE3 of the file and of what the columns were taken for.
    pub hash: String,
    /// Rows up to this line are done.
    pub line: u64,
    /// Rows taken so far.
    pub accepted: u64,
    /// Rows rejected so far.
    pub rejected: u64,
}

impl Progress {
    /// Where the note of a file lies.
    #[must_use]
    pub fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_os_string();
        name.push(".progress");
        PathBuf::from(name)
    }
    /// How far an import of exactly this came; the beginning where it never began.
    #[must_use]
    pub fn read(file: &Path, hash: &str) -> Progress {
        let known: Option<Progress> = std::fs::read(Progress::path(file)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        known.filter(|known| known.hash == hash).unwrap_or_else(|| Progress { hash: hash.to_string(), ..Progress::default() })
    }
    /// Keeps the note. Where it cannot be kept the import still goes on; it only could not be resumed.
    pub fn keep(&self, file: &Path) {
        let text = serde_json::to_string(self).unwrap_or_default();
        if let Err(error) = std::fs::write(Progress::path(file), text) {
            tracing::warn!(%error, "the import's progress could not be kept");
        }
    }
    /// Takes the note away: the import is done.
    pub fn forget(file: &Path) {
        // It may never have been written.
        let _ = std::fs::remove_file(Progress::path(file));
    }
}
