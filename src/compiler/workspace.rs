//! What the shell has read: files as bytes, by their paths from the project's directory.

use super::sources::{Parsed, reachable};
use crate::bytecode::ProjectInfo;
use crate::semantic::{join_path, references};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A project's files. Paths are relative to the project's directory, `/`-separated, without `.` and `..`.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// What was read: sources, templates, attachments, calendars.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The `.camp` files that belong to the project by themselves; others by `use`.
    pub roots: BTreeSet<String>,
    /// What was looked for and is not there: it is not asked for again, and the checker tells.
    pub absent: BTreeSet<String>,
    /// What `camp.toml` says where the source says nothing.
    pub defaults: ProjectInfo,
    /// The sources that were looked through for what they name: the analysis need not read them again.
    pub(super) parsed: BTreeMap<String, Arc<Parsed>>,
}

impl Default for Workspace {
    fn default() -> Self {
        Workspace::new()
    }
}

impl Workspace {
    /// An empty one, in UTC.
    #[must_use]
    pub fn new() -> Workspace {
        let defaults = ProjectInfo { timezone: "UTC".into(), ..ProjectInfo::default() };
        Workspace { files: BTreeMap::new(), roots: BTreeSet::new(), absent: BTreeSet::new(), defaults, parsed: BTreeMap::new() }
    }
    /// A project of one source.
    #[must_use]
    pub fn of_source(path: &str, text: &str) -> Workspace {
        let mut workspace = Workspace::new();
        workspace.add_root(path, text);
        workspace
    }
    /// Adds a `.camp` file that belongs to the project by itself.
    pub fn add_root(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.roots.insert(path.to_string());
        self.add_file(path, bytes);
    }
    /// Adds a file that another names.
    pub fn add_file(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.absent.remove(path);
        self.parsed.remove(path);
        self.files.insert(path.to_string(), bytes.into());
    }
    /// Says that a file that another names is not there.
    pub fn set_absent(&mut self, path: &str) {
        self.files.remove(path);
        self.parsed.remove(path);
        self.absent.insert(path.to_string());
    }
    /// The files that sources name and that were neither read nor found absent, sorted. What is read may name others: the shell asks
    /// until nothing is missing. A path never leads out of the project's directory; one that would is a finding, not a path.
    #[must_use]
    pub fn missing(&mut self) -> Vec<String> {
        self.parsed = reachable(self);
        let mut missing: BTreeSet<String> = self.roots.iter().cloned().collect();
        for (path, parsed) in &self.parsed {
            missing.extend(references(&parsed.tree).into_iter().filter_map(|reference| join_path(path, &reference.path)));
        }
        missing.retain(|path| !self.files.contains_key(path) && !self.absent.contains(path));
        missing.into_iter().collect()
    }
    /// Every file that belongs to the project as it stands: its sources, and what they name. An editor watches these.
    #[must_use]
    pub fn used_files(&self) -> BTreeSet<String> {
        let mut used = self.roots.clone();
        for (path, parsed) in reachable(self) {
            used.extend(references(&parsed.tree).into_iter().filter_map(|reference| join_path(&path, &reference.path)));
        }
        used
    }
}
