//! From a workspace's bytes to the trees of its sources, those that are reached by `use` among them.

use super::{Workspace, problems};
use crate::base::FileId;
use crate::diagnostics::{Diagnostic, Sink};
use crate::semantic::{ReferenceKind, join_path, references};
use crate::syntax::{self, ast};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A source, read.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    /// The file that its places name.
    pub id: FileId,
    pub tree: Arc<ast::File>,
    pub findings: Vec<Diagnostic>,
    /// Whether it could not be read whole.
    pub is_broken: bool,
}

/// The text of a file, without its byte order mark.
///
/// # Errors
/// The byte at which it stops being UTF-8.
pub(super) fn read_text(bytes: &[u8]) -> Result<&str, usize> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Reads one source.
pub(super) fn parse(id: FileId, bytes: &[u8]) -> Parsed {
    let mut found = Sink::new();
    let text = read_text(bytes).unwrap_or_else(|valid_bytes| {
        found.push(problems::not_utf8(id, valid_bytes));
        ""
    });
    let tree = Arc::new(syntax::parse(id, text, &mut found));
    let is_broken = found.has_errors();
    Parsed { id, tree, findings: found.into_sorted(), is_broken }
}

/// All sources, by path: the roots and what they `use`. What the workspace has read before is not read again.
///
/// A root's places name the file that it is where nothing but roots is reached, which is nearly always; the analysis reads again what
/// turns out to be another.
pub(super) fn reachable(workspace: &Workspace) -> BTreeMap<String, Arc<Parsed>> {
    let mut reached = BTreeMap::new();
    let ids: BTreeMap<&str, FileId> = workspace.roots.iter().enumerate().map(|(at, path)| (path.as_str(), FileId::from_index(at))).collect();
    let mut open: Vec<String> = workspace.roots.iter().cloned().collect();
    while let Some(path) = open.pop() {
        if reached.contains_key(&path) {
            continue;
        }
        let Some(bytes) = workspace.files.get(&path) else { continue };
        let id = ids.get(path.as_str()).copied();
        let known = workspace.parsed.get(&path).filter(|known| id.is_none_or(|id| id == known.id));
        let parsed = known.map_or_else(|| Arc::new(parse(id.unwrap_or(FileId(0)), bytes)), Arc::clone);
        let used = references(&parsed.tree).into_iter().filter(|reference| reference.kind == ReferenceKind::Source);
        open.extend(used.filter_map(|reference| join_path(&path, &reference.path)));
        reached.insert(path, parsed);
    }
    reached
}
