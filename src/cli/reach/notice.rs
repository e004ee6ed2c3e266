//! The note a running daemon leaves beside its store: where it listens, and a token for commands of the same user.

use crate::cli::failure::Failure;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// What a running daemon tells commands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// The address, as `127.0.0.1:8025`.
    pub listen: String,
    /// An admin token.
    pub admin_token: String,
    /// The daemon's process.
    pub pid: u32,
}

impl Notice {
    /// Reads the note, if there is one that can be read.
    #[must_use]
    pub fn read(path: &Path) -> Option<Notice> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }
    /// Leaves the note; only the same user may read it.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::usage(error.to_string()))?;
        let failed = |error: std::io::Error| Failure::io("cannot write", path, &error);
        // One that a killed daemon left may belong to the same path with other rights: it is made anew.
        match std::fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)
    }
    /// Takes the note away.
    pub fn remove(path: &Path) {
        if let Err(error) = std::fs::remove_file(path) {
            tracing::debug!(%error, "the daemon's note was gone already");
        }
    }
}
