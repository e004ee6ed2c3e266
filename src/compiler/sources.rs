//! From a workspace's bytes to the trees of its sources, those that are reached by `use` among them.

use super::Workspace;
use crate::base::FileId;
use crate::diagnostics::Sink;
use crate::semantic::{ReferenceKind, join_path, references};
use crate::syntax::{self, ast};
use std::collections::BTreeMap;

/// The text of a file, without its byte order mark.
///
/// # Errors
/// The byte at which it stops being UTF-8.
pub(super) fn read_text(bytes: &[u8]) -> Result<&str, usize> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The trees of all sources, by path: the roots and what they `use`. Findings are left to the analysis.
pub(super) fn reachable(workspace: &Workspace) -> BTreeMap<String, ast::File> {
    let mut trees = BTreeMap::new();
    let mut open: Vec<String> = workspace.roots.iter().cloned().collect();
    while let Some(path) = open.pop() {
        if trees.contains_key(&path) {
            continue;
        }
        let Some(bytes) = workspace.files.get(&path) else { continue };
        let tree = syntax::parse(FileId(0), read_text(bytes).unwrap_or(""), &mut Sink::new());
        let used = references(&tree).into_iter().filter(|reference| reference.kind == ReferenceKind::Source);
        open.extend(used.filter_map(|reference| join_path(&path, &reference.path)));
        trees.insert(path, tree);
    }
    trees
}
