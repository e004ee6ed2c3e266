//! Reads the files of a project: every `.camp` below its root, and what those name. Nothing outside the root is ever read.

use super::discover::{Project, Shape, slashed};
use super::file::FILE_NAME;
use crate::cli::failure::Failure;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A source may be so large; larger ones are mistakes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;
/// So many files make a project.
const MAX_FILES: usize = 10_000;
/// Folders nest so deep.
const MAX_DEPTH: usize = 32;

/// Files by path, relative to the root and with `/`.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The `.camp` files of a project.
///
/// # Errors
/// Where one cannot be read.
pub fn source_files(project: &Project) -> Result<Files, Failure> {
    let mut files = Files::new();
    match &project.shape {
        Shape::Lone(path) => {
            let bytes = read_inside(project, path)?.ok_or_else(|| Failure::usage(format!("cannot read {path}")))?;
            files.insert(path.clone(), bytes);
        }
        Shape::Whole => walk(project, &project.root, 0, &mut files)?,
    }
    if files.is_empty() {
        let text = format!("there is no .camp file below {}; `campc new DIR` makes a project", project.root.display());
        return Err(Failure::usage(text));
    }
    Ok(files)
}

/// The `.camp` files that the caller speaks of, by their full paths.
///
/// # Errors
/// Where one cannot be read.
pub fn chosen_sources(project: &Project) -> Result<BTreeMap<PathBuf, Vec<u8>>, Failure> {
    let files = source_files(project)?;
    Ok(files.into_iter().filter(|(path, _)| project.scope.includes(path)).map(|(path, bytes)| (project.root.join(path), bytes)).collect())
}

fn walk(project: &Project, folder: &Path, depth: usize, files: &mut Files) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::io("cannot read", folder, &error))?;
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            // A linked folder could lead out of the root, or round in a circle.
            let is_link = path.symlink_metadata().is_ok_and(|meta| meta.file_type().is_symlink());
            if !is_link && depth < MAX_DEPTH && !path.join(FILE_NAME).is_file() {
                walk(project, &path, depth + 1, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "camp") {
            let name = slashed(&project.root, &path);
            if let Some(bytes) = read_inside(project, &name)? {
                files.insert(name, bytes);
            }
        }
        if files.len() > MAX_FILES {
            return Err(Failure::usage(format!("there are more than {MAX_FILES} .camp files below {}", project.root.display())));
        }
    }
    Ok(())
}

/// A file of the project; none where it does not exist or lies outside of the root once links are followed.
///
/// # Errors
/// Where it exists and cannot be read.
pub fn read_inside(project: &Project, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let Ok(real) = std::fs::canonicalize(project.root.join(path)) else { return Ok(None) };
    if !real.starts_with(&project.root) || !real.is_file() {
        return Ok(None);
    }
    let size = std::fs::metadata(&real).map_or(0, |meta| meta.len());
    if size > MAX_FILE_BYTES {
        return Err(Failure::usage(format!("{path} is larger than 16 MiB, which is no source anybody wrote")));
    }
    std::fs::read(&real).map(Some).map_err(|error| Failure::io("cannot read", &real, &error))
}
