//! Chains that are too long: the engine reads `not not …`, `a + b + …`, `x | f | g …` and `{% elif %}` one call deeper each.
//!
//! Not here: brackets and blocks inside each other, which the engine itself bounds.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;
use std::ops::Range;

/// Operators, dots and filters of one `{{ … }}` or `{% … %}`.
const MAX_LINKS: usize = 256;
/// `{% elif %}` of one template.
const MAX_ELIFS: usize = 500;

/// The place at which a template has more of these than anybody writes. Where it cannot be read at all, the engine says why.
pub(super) fn too_long(text: &str) -> Option<Range<usize>> {
    let (mut links, mut elifs) = (0, 0);
    for (token, span) in tokenize(text, false, SyntaxConfig::default()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => links = 0,
            Token::Ident("elif") => elifs += 1,
            Token::Ident("not" | "and" | "or" | "is" | "in" | "if") => links += 1,
            Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::FloorDiv | Token::Pow | Token::Mod => links += 1,
            Token::Dot | Token::Tilde | Token::Pipe | Token::Eq | Token::Ne | Token::Gt | Token::Gte | Token::Lt | Token::Lte => links += 1,
            _ => {}
        }
        if links > MAX_LINKS || elifs > MAX_ELIFS {
            let offset = |at: u32| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
            return Some(offset(span.start_offset)..offset(span.end_offset));
        }
    }
    None
}
