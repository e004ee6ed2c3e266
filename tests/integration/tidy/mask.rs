//! Rust source with its comments and the insides of its texts blanked out, so that rules see code only.
//!
//! Not a parser: it knows comments, texts, raw texts and characters, and keeps every line where it is.

/// The code alone; as long as the source, line for line.
pub fn code(source: &str) -> String {
    mask(source, false)
}

/// The code with the insides of its texts, without comments.
pub fn code_and_texts(source: &str) -> String {
    mask(source, true)
}

fn mask(source: &str, keeps_texts: bool) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => blank(&chars, (i, line_end(&chars, i)), false, &mut out),
            ('/', '*') => blank(&chars, (i, comment_end(&chars, i)), false, &mut out),
            ('"', _) => blank(&chars, (i, text_end(&chars, i)), keeps_texts, &mut out),
            ('r', '"' | '#') if !is_word(if i == 0 { ' ' } else { at(i - 1) }) && raw_end(&chars, i).is_some() => {
                blank(&chars, (i, raw_end(&chars, i).unwrap_or(i + 1)), keeps_texts, &mut out)
            }
            ('\'', '\\') => blank(&chars, (i, char_end(&chars, i)), keeps_texts, &mut out),
            ('\'', _) if at(i + 2) == '\'' => blank(&chars, (i, i + 3), keeps_texts, &mut out),
            (c, _) => {
                out.push(c);
                i + 1
            }
        };
        i = end;
    }
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Copies a stretch, or blanks it but for its line breaks; says where it ends.
fn blank(chars: &[char], (start, end): (usize, usize), keeps: bool, out: &mut String) -> usize {
    let end = end.min(chars.len());
    out.extend(chars[start..end].iter().map(|c| if keeps || *c == '\n' { *c } else { ' ' }));
    end
}

fn line_end(chars: &[char], start: usize) -> usize {
    (start..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len())
}

fn comment_end(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 1),
            ('*', '/') => (depth, i) = (depth - 1, i + 1),
            _ => {}
        }
        i += 1;
        if depth == 0 {
            return i;
        }
    }
    chars.len()
}

fn text_end(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn char_end(chars: &[char], start: usize) -> usize {
    let mut i = start + 3;
    while i < chars.len() && chars[i] != '\'' {
        i += 1;
    }
    i + 1
}

fn raw_end(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars[start + 1..].iter().take_while(|c| **c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let is_close = |i: usize| chars[i] == '"' && chars.len() > i + hashes && chars[i + 1..=i + hashes].iter().all(|c| *c == '#');
    Some((open + 1..chars.len()).find(|i| is_close(*i)).map_or(chars.len(), |i| i + 1 + hashes))
}
