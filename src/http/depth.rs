//! Looks at JSON before it is parsed: how deep it nests. A few lines in place of a parser that recurses on hostile input.

/// The deepest nesting that is read.
pub const MAX_DEPTH: u32 = 64;

/// Whether `text` nests deeper than [`MAX_DEPTH`]. Text that is not JSON is left to the parser.
#[must_use]
pub fn is_too_deep(text: &str) -> bool {
    let mut depth: u32 = 0;
    let mut rest = text.as_bytes();
    // Most of a body is texts: they are skipped whole.
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'"' => rest = behind_text(behind),
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// What stands behind the quote that ends a text.
fn behind_text(mut inside: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', inside) {
        let is_end = inside.get(at) == Some(&b'"');
        // What follows a backslash is part of the text.
        inside = inside.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return inside;
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_at_its_edge_and_not_inside_strings() {
        assert!(!is_too_deep(&format!("{}{}", "[".repeat(64), "]".repeat(64))));
        assert!(is_too_deep(&format!("{}{}", "[".repeat(65), "]".repeat(65))));
        assert!(!is_too_deep(&format!("\"{}\\\"{}\"", "[".repeat(65), "{".repeat(65))));
    }
}
