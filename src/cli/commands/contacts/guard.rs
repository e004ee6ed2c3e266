//! Cells that a spreadsheet would take for formulas: written with a `'` before them, and read back without it.
//!
//! The two are each other's inverse for every text, those that begin with quotes of their own included.

/// Whether a spreadsheet program may take a cell for a formula or a command, also behind a mark of encoding or blanks.
fn is_risky(cell: &str) -> bool {
    let first = cell.trim_start_matches(['\u{feff}', ' ']).chars().next();
    matches!(first, Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\0'))
}

/// The cell as it is written.
#[must_use]
pub fn guarded(cell: &str) -> String {
    if is_risky(cell.trim_start_matches('\'')) { format!("'{cell}") } else { cell.to_string() }
}

/// The cell as it was before it was guarded.
#[must_use]
pub fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_risky(rest.trim_start_matches('\''))).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn t13_what_a_spreadsheet_would_run_is_written_as_text() {
        for first in ["=", "+", "-", "@", "\t", "\r", "\0"] {
            for before in ["", " ", "  ", "\u{feff}", "\u{feff} "] {
                for rest in ["1+1", "cmd|' /C calc'!A0", "HYPERLINK(\"https://x.example\")", ""] {
                    let cell = format!("{before}{first}{rest}");
                    assert_eq!(guarded(&cell), format!("'{cell}"), "{cell:?}");
                }
            }
        }
        for plain in ["Ana", "1,5", "a=b", "x@y.example", "", " ", "'", "it's", "2026-03-02"] {
            assert_eq!(guarded(plain), plain);
        }
    }

    proptest! {
        #[test]
        fn what_was_guarded_reads_as_before(cell in "['=+@ a\u{feff}\t-]{0,6}") {
            let written = guarded(&cell);
            prop_assert_eq!(unguarded(&written), cell.as_str());
            prop_assert!(!is_risky(&written), "{:?}", written);
        }
    }
}
