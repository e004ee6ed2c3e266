//! Finds the project a path belongs to, and which of its files the caller speaks of.

use super::file::{FILE_NAME, ProjectFile};
use crate::cli::context::Context;
use crate::cli::failure::Failure;
use std::path::{Path, PathBuf};

/// Which `.camp` files make the project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Every one below the root, hidden folders and other projects apart.
    Whole,
    /// This one, with what it `use`s.
    Lone(String),
}

/// Of which files `check` and `test` speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Of all.
    All,
    /// Of this file, or of those below this folder.
    Only(String),
}

impl Scope {
    /// Whether it speaks of the file with that path.
    #[must_use]
    pub fn includes(&self, path: &str) -> bool {
        match self {
            Scope::All => true,
            Scope::Only(only) => path == only || path.strip_prefix(only.as_str()).is_some_and(|rest| rest.starts_with('/')),
        }
    }
}

/// A project: where it lies, its file, and what of it was meant.
#[derive(Clone, Debug)]
pub struct Project {
    /// The project directory, symlinks resolved. `camp.db`, `outbox/` and relative paths of `camp.toml` lie here.
    pub root: PathBuf,
    /// `camp.toml`, or the defaults.
    pub file: ProjectFile,
    /// Which files make it.
    pub shape: Shape,
    /// Which files are meant.
    pub scope: Scope,
}

impl Project {
    /// The project of `path`, or of `--project`, or of the folder the command was called in.
    ///
    /// # Errors
    /// Where the path does not exist or cannot be read.
    pub fn find(context: &Context, path: Option<&Path>) -> Result<Project, Failure> {
        let start = match (path, &context.project) {
            (Some(path), _) => context.here.join(path),
            (None, Some(directory)) => return Project::at_directory(&existing(&context.here.join(directory))?),
            (None, None) => {
                let here = existing(&context.here)?;
                let root = upward(&here).unwrap_or(here);
                return Project::open(root, Shape::Whole, Scope::All);
            }
        };
        let start = existing(&start)?;
        if start.is_dir() { Project::of_directory(&start) } else { Project::of_file(&start) }
    }

    fn at_directory(directory: &Path) -> Result<Project, Failure> {
        if !directory.is_dir() {
            return Err(Failure::usage(format!("--project {} is not a directory", directory.display())));
        }
        Project::open(directory.to_path_buf(), Shape::Whole, Scope::All)
    }

    fn of_directory(directory: &Path) -> Result<Project, Failure> {
        match upward(directory) {
            Some(root) if root == directory => Project::open(root, Shape::Whole, Scope::All),
            Some(root) => {
                let scope = Scope::Only(slashed(&root, directory));
                Project::open(root, Shape::Whole, scope)
            }
            None => Project::open(directory.to_path_buf(), Shape::Whole, Scope::All),
        }
    }

    fn of_file(file: &Path) -> Result<Project, Failure> {
        if file.extension().is_none_or(|extension| extension != "camp") {
            let text = format!("{} is not a .camp file; give a .camp file or a project's directory", file.display());
            return Err(Failure::usage(text));
        }
        let folder = file.parent().unwrap_or(Path::new("/"));
        Project::for_unsaved(folder, &slashed(folder, file))
    }

    /// The project that a file of that folder and name belongs to, whether or not it is on the disk.
    ///
    /// # Errors
    /// Where the project file cannot be read.
    pub fn for_unsaved(folder: &Path, name: &str) -> Result<Project, Failure> {
        match upward(folder) {
            Some(root) => {
                let scope = Scope::Only(slashed(&root, &folder.join(name)));
                Project::open(root, Shape::Whole, scope)
            }
            None => Project::open(folder.to_path_buf(), Shape::Lone(name.to_string()), Scope::All),
        }
    }

    fn open(root: PathBuf, shape: Shape, scope: Scope) -> Result<Project, Failure> {
        let path = root.join(FILE_NAME);
        let file = match std::fs::read(&path) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|error| not_utf8(&path, error.utf8_error().valid_up_to()))?;
                ProjectFile::parse(&text)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => ProjectFile::default(),
            Err(error) => return Err(Failure::io("cannot read", &path, &error)),
        };
        Ok(Project { root, file, shape, scope })
    }
}

fn not_utf8(path: &Path, at: usize) -> Failure {
    Failure::usage(format!("{} is not UTF-8 text: byte {at} is the first that does not fit; save it as UTF-8", path.display()))
}

fn existing(path: &Path) -> Result<PathBuf, Failure> {
    std::fs::canonicalize(path).map_err(|error| Failure::io("cannot find", path, &error))
}

/// The nearest folder, from `start` upward, that holds a `camp.toml`.
fn upward(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join(FILE_NAME).is_file()).map(Path::to_path_buf)
}

/// `path` below `root`, with `/` on every system.
#[must_use]
pub fn slashed(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
}
