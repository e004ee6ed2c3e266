//! Looks at JSON before it is parsed: how deep it nests. A few lines in place of a parser that recurses on hostile input.

/// The deepest nesting that is read.
pub const MAX_DEPTH: u32 = 64;

/// Whether `text` nests deeper than [`MAX_DEPTH`]. Text that is not JSON is left to the parser.
#[must_use]
pub fn is_too_deep(text: &str) -> bool {
    let mut depth: u32 = 0;
    let mut is_in_string = false;
    let mut is_escaped = false;
    for byte in text.bytes() {
        if is_in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_in_string = true,
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
