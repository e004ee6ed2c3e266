//! Where a project's store lies.

use crate::cli::failure::Failure;
use crate::cli::project::{Expand, Project, StoreSection, process_environment};
use crate::store::StoreReader;
use crate::store::sqlite::{SqliteStore, read_only};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The store of a project: a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorePlace {
    /// The file.
    pub path: PathBuf,
}

impl StorePlace {
    /// The store of `--store`, else of `camp.toml`, else `camp.db` in the project's directory.
    ///
    /// # Errors
    /// Where the address is of a kind that cannot be used.
    pub fn find(project: &Project, given: Option<&str>) -> Result<StorePlace, Failure> {
        let written = match given {
            Some(url) => Some(url.to_string()),
            None => {
                let section: Result<StoreSection, _> = project.file.section("store", (&process_environment, Expand::Variables));
                section.map_err(|finding| Failure::usage(format!("{} (camp.toml, line {})", finding.title, project.file.line_of(&finding))))?.url
            }
        };
        StorePlace::parse(&project.root, written.as_deref().unwrap_or("sqlite://camp.db"))
    }

    fn parse(root: &Path, url: &str) -> Result<StorePlace, Failure> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Err(Failure::usage("a store in PostgreSQL is not offered by this version; write sqlite://camp.db"));
        }
        let path = match (url.strip_prefix("sqlite://"), url.strip_prefix("sqlite:")) {
            (Some(path), _) | (None, Some(path)) => path,
            (None, None) if !url.contains("://") => url,
            (None, None) => return Err(Failure::usage(format!("{url:?} is no store; write sqlite://camp.db"))),
        };
        if path.is_empty() {
            return Err(Failure::usage("the store's address names no file; write sqlite://camp.db"));
        }
        Ok(StorePlace { path: root.join(path) })
    }
    /// Whether there is a store yet.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.path.is_file()
    }
    /// Opens it for writing; made where there is none.
    ///
    /// # Errors
    /// Where it cannot be opened, or somebody else holds it.
    pub fn open(&self) -> Result<SqliteStore, Failure> {
        SqliteStore::open(&self.path).map_err(|error| {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir());
            let help = folder.map(|folder| format!("; there is no folder {}, make it first", folder.display())).unwrap_or_default();
            Failure::usage(format!("the store {} cannot be opened: {}{help}", self.path.display(), with_causes(&error)))
        })
    }
    /// Someone who reads it, also beside a running daemon.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn reader(&self) -> Result<Arc<dyn StoreReader>, Failure> {
        read_only(&self.path).map_err(|error| Failure::usage(format!("the store {} cannot be read: {error}", self.path.display())))
    }
    /// How large it is, with its log.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |suffix: &str| {
            let mut name = self.path.file_name().unwrap_or_default().to_os_string();
            name.push(suffix);
            std::fs::metadata(self.path.with_file_name(name)).map_or(0, |data| data.len())
        };
        of("") + of("-wal")
    }
    /// What is free on its disk, where the system tells.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        crate::http::free_bytes(&self.path)
    }
    /// Where a running daemon notes what it is about.
    #[must_use]
    pub fn deaths_path(&self) -> PathBuf {
        self.beside(".under-way")
    }
    /// Where a running daemon leaves its note.
    #[must_use]
    pub fn notice_path(&self) -> PathBuf {
        self.beside(".daemon.json")
    }
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_os_string();
        name.push(ending);
        self.path.with_file_name(name)
    }
}

/// An error with what was behind it.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_lies_in_the_project_unless_its_path_is_absolute() {
        let root = Path::new("/p");
        assert_eq!(StorePlace::parse(root, "sqlite://camp.db").unwrap().path, Path::new("/p/camp.db"));
        assert_eq!(StorePlace::parse(root, "sqlite:///var/a.db").unwrap().path, Path::new("/var/a.db"));
        assert_eq!(StorePlace::parse(root, "sqlite://camp.db").unwrap().notice_path(), Path::new("/p/camp.db.daemon.json"));
        assert!(StorePlace::parse(root, "mysql://x").is_err());
    }
}
