//! What the checker is given. Nothing here reads a file: the shell has done so.

use crate::base::{FileId, Sources};
use crate::bytecode::ProjectInfo;
use crate::syntax::ast;
use std::collections::BTreeMap;

/// A parsed source file.
#[derive(Clone, Copy, Debug)]
pub struct SourceFile<'a> {
    /// Its id in the sources.
    pub id: FileId,
    /// Its tree.
    pub tree: &'a ast::File,
    /// Whether it has syntax errors: then it gets those alone, and only what it declares counts.
    pub is_broken: bool,
}

/// A whole project, ready to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Every file of the project. They are taken in the order of their paths.
    pub files: &'a [SourceFile<'a>],
    /// The texts, of the files above and of every template file that is text, by the path from the project's directory.
    pub sources: &'a Sources,
    /// What the files name, by the path from the project's directory: templates, attachments, holidays.
    pub assets: &'a BTreeMap<String, Vec<u8>>,
    /// What `camp.toml` says where the source says nothing.
    pub defaults: &'a ProjectInfo,
}

impl Input<'_> {
    /// The path of a file.
    #[must_use]
    pub fn path(&self, file: FileId) -> &str {
        self.sources.get(file).map_or("", |source| source.path.as_str())
    }
}

/// The path that `named` means in a file at `from`, both from the project's directory; `None` where it leads out of it.
#[must_use]
pub fn join_path(from: &str, named: &str) -> Option<String> {
    if named.starts_with('/') || named.contains('\\') || named.contains('\0') || named.is_empty() {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}
