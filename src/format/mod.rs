//! Layer 3: the formatter. A tree and its tokens in, the same program in canonical layout out. Pure.
//!
//! The tree decides where lines and blanks go, the tokens are what is written: so nothing is printed that was not read, and a comment
//! can stand between any two words. The builders (`declarations`, `campaign`, `steps`, `expressions`, `tests`) walk the typed tree and
//! write a stream of words, gaps and groups (`stream`); `layout` decides group by group whether it fits on its line and prints.
//! Not here: reading a file, what is wrong with it, and where the result goes. [`is_same`] is the proof that nothing was changed.
//!
//! The style: two blanks of indentation, [`WIDTH`] columns; one statement a line; a block that was written on one line stays there if it
//! fits and holds no comment; between the statements of such a block two blanks; at most one empty line; durations in short form.

mod campaign;
mod declarations;
mod expressions;
mod layout;
mod same;
mod steps;
mod stream;
mod tests;
mod words;

use crate::syntax::{Token, ast};
pub use same::is_same;

/// Lines are kept to so many columns where they can be broken.
pub const WIDTH: usize = 120;

/// `text` in canonical layout. `tree` and `tokens` are what was read from it, without a syntax error; lines of `text` end in `\n` or
/// `\r\n`, those of the result in `\n`.
#[must_use]
pub fn format(text: &str, tree: &ast::File, tokens: &[Token]) -> String {
    let mut flow = stream::Flow::new(words::words(text, tokens), &tree.comments);
    flow.file(&tree.decls);
    layout::print(text, &tree.comments, flow.finish())
}
