//! Puts new bytes in a file's place, whole or not at all: a full disk or a crash must not cost the source.

use super::failure::Failure;
use std::io::Write;
use std::path::{Path, PathBuf};

/// New bytes that lie beside a file, ready to take its place.
#[derive(Debug)]
pub struct Ready {
    beside: tempfile::NamedTempFile,
    path: PathBuf,
    real: PathBuf,
}

impl Ready {
    /// Writes `bytes` beside `path`. Links are followed, so that what they lead to is replaced and not they; the permissions stay.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn beside(path: &Path, bytes: &[u8]) -> Result<Ready, Failure> {
        let failed = |error: std::io::Error| Failure::io("cannot write", path, &error);
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let folder = real.parent().unwrap_or(Path::new("."));
        let permissions = std::fs::metadata(&real).map(|meta| meta.permissions()).ok();
        if permissions.as_ref().is_some_and(std::fs::Permissions::readonly) {
            return Err(Failure::usage(format!("cannot write {}: it is read-only", path.display())));
        }
        let mut beside = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        beside.write_all(bytes).map_err(failed)?;
        if let Some(permissions) = permissions {
            beside.as_file().set_permissions(permissions).map_err(failed)?;
        }
        Ok(Ready { beside, path: path.to_path_buf(), real })
    }

    /// Moves them into the file's place.
    ///
    /// # Errors
    /// Where that cannot be done; then the file is as it was.
    pub fn put(self) -> Result<(), Failure> {
        let path = self.path;
        self.beside.persist(&self.real).map(drop).map_err(|error| Failure::io("cannot write", &path, &error.error))
    }
}

/// Puts `bytes` in a file's place.
///
/// # Errors
/// Where the file cannot be written; then it is as it was.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    Ready::beside(path, bytes)?.put()
}
