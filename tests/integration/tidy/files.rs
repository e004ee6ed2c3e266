//! The project's own text files, as bytes of this checkout.

use std::{fs, path::Path};

/// A file by its path from the top of the project, with `/`.
#[derive(Clone, Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    /// A file that exists only in a test.
    pub fn made_up(path: &str, text: &str) -> File {
        File { path: path.to_string(), text: text.to_string() }
    }
    /// The module of `src` that it belongs to: `src/store/rows.rs` → `store`; none for the two roots.
    pub fn module(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        let name = inside.split('/').next()?;
        let name = name.strip_suffix(".rs").unwrap_or(name);
        (!["lib", "main"].contains(&name)).then_some(name)
    }
}

/// All text files of the project.
#[derive(Debug)]
pub struct Tree {
    /// Those in Rust.
    pub rust: Vec<File>,
    /// All of them.
    pub all: Vec<File>,
}

/// What is made, not written (`hello` is the README's first project); `.git` is a file in a linked work tree.
const MADE: &[&str] = &["target", ".git", "node_modules", "outbox", "hello"];

impl Tree {
    /// The checkout that this test was built from.
    pub fn here() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all = Vec::new();
        walk(root, root, &mut all);
        all.sort_by(|a, b| a.path.cmp(&b.path));
        let rust: Vec<File> = all.iter().filter(|file| file.path.ends_with(".rs")).cloned().collect();
        assert!(rust.len() > 100, "only {} Rust files found below {}", rust.len(), root.display());
        Tree { rust, all }
    }
    /// The text of one file, empty if it is not there.
    pub fn text(&self, path: &str) -> &str {
        self.all.iter().find(|file| file.path == path).map_or("", |file| &file.text)
    }
}

fn walk(root: &Path, folder: &Path, into: &mut Vec<File>) {
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if MADE.iter().any(|made| name == **made) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, into);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            into.push(File { path, text });
        }
    }
}
