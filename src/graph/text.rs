//! How wide a text will be, and where its lines break: by estimate, since the reader's fonts are not known here.
//!
//! The estimate is that of a wide sans-serif, so that text stays inside its card with every usual one.

use unicode_width::UnicodeWidthChar;

/// What a text is written in; its size in pixels is [`Style::size`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Style {
    Heading,
    Kind,
    Title,
    /// Source words, in fixed width.
    Code,
    Detail,
    /// A step inside a card.
    Row,
    Name,
    Doc,
    Pill,
}

impl Style {
    /// Height of its letters.
    pub(super) fn size(self) -> f64 {
        match self {
            Style::Heading => 20.0,
            Style::Kind => 10.5,
            Style::Title => 13.5,
            Style::Code | Style::Detail | Style::Row | Style::Doc => 12.0,
            Style::Name => 11.0,
            Style::Pill => 11.5,
        }
    }
    /// From line to line.
    pub(super) fn line_height(self) -> f64 {
        match self {
            Style::Heading => 28.0,
            Style::Kind => 15.0,
            Style::Title => 18.0,
            Style::Code | Style::Detail | Style::Doc => 16.5,
            Style::Row => 21.0,
            Style::Name => 15.5,
            Style::Pill => 15.0,
        }
    }
    /// The class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Style::Heading => "th",
            Style::Kind => "tk",
            Style::Title => "tt",
            Style::Code => "tc",
            Style::Detail | Style::Row => "td",
            Style::Name => "tn",
            Style::Doc => "to",
            Style::Pill => "tp",
        }
    }
    fn is_fixed(self) -> bool {
        matches!(self, Style::Code | Style::Name)
    }
    fn weight(self) -> f64 {
        match self {
            Style::Heading | Style::Title | Style::Pill => 1.2,
            // Capitals with space between them.
            Style::Kind => 1.3,
            Style::Detail | Style::Row | Style::Doc => 1.06,
            Style::Code | Style::Name => 1.0,
        }
    }
}

/// Pixels that a text takes, or a little less.
pub(super) fn width(text: &str, style: Style) -> f64 {
    let units: f64 = text.chars().map(|c| if style.is_fixed() { fixed(c) } else { running(c) }).sum();
    units * style.size() * style.weight()
}

/// In parts of the size.
fn fixed(c: char) -> f64 {
    match c.width() {
        None | Some(0) => 0.0,
        Some(1) => 0.602,
        Some(_) => 1.204,
    }
}

fn running(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '\'' | '|' | ',' | '.' | ':' | ';' | '!' => 0.29,
        ' ' | 'f' | 't' | 'r' | 'I' | '(' | ')' | '[' | ']' | '/' | '\\' | '-' | '{' | '}' | '`' | '"' => 0.38,
        'm' | 'M' | '@' | '%' => 0.93,
        'w' | '&' => 0.77,
        'W' => 0.99,
        'A'..='Z' => 0.7,
        'a'..='z' | '0'..='9' | '_' | '<' | '>' | '=' | '+' | '~' | '*' | '?' | '$' | '#' | '^' => 0.59,
        _ => match c.width() {
            None | Some(0) => 0.0,
            Some(1) => 0.66,
            // Emoji are wider than the ideographs.
            Some(_) if u32::from(c) >= 0x1_F000 => 1.38,
            Some(_) => 1.02,
        },
    }
}

/// The lines of a text that may be so wide; of more than `most` the last ends in `…`.
pub(super) fn wrap(text: &str, style: Style, room: f64, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_string() } else { format!("{line} {word}") };
        if width(&longer, style) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line = cut(word, style, room, &mut lines);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            shorten(last, style, room);
        }
    }
    lines
}

/// A word that is too long for a line is cut where the line ends; what is left begins the next one.
fn cut(word: &str, style: Style, room: f64, lines: &mut Vec<String>) -> String {
    let mut part = String::new();
    let mut used = 0.0;
    for c in word.chars() {
        let more = width(c.encode_utf8(&mut [0; 4]), style);
        if used + more > room && !part.is_empty() {
            // Behind a sign, if there is one not too far back: `https://acme.example/` and the rest.
            let sign = part.rfind(['/', '@', '.', '_', '-', '(', ',', '&', '?', '=']).map(|at| at + 1).filter(|at| at * 2 > part.len() && *at < part.len());
            let rest = sign.map_or_else(String::new, |at| part.split_off(at));
            used = width(&rest, style);
            lines.push(std::mem::replace(&mut part, rest));
        }
        part.push(c);
        used += more;
    }
    part
}

/// Makes room for `…` at the end.
fn shorten(line: &mut String, style: Style, room: f64) {
    let mark = width("…", style);
    while !line.is_empty() && width(line, style) + mark > room {
        line.pop();
    }
    line.truncate(line.trim_end().len());
    line.push('…');
}
