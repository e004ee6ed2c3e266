//! Rendered HTML: its links rewritten, snippets put at the start and end of its body.
//!
//! Not here: which links are rewritten and what is put in; content decides that.

use super::html::tag_end;

/// `html` with the `href` of each `<a>` and `<area>` that `rewrite` answers for replaced. Comments are left alone; the address
/// is given without entities.
pub fn rewrite_links(html: &str, mut rewrite: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 4);
    let mut at = 0;
    while let Some(start) = html.get(at..).and_then(|rest| rest.find('<')).map(|found| at + found) {
        let rest = html.get(start..).unwrap_or("");
        let end = if rest.starts_with("<!--") { rest.find("-->").map_or(html.len(), |length| start + length + 3) } else { tag_end(html, start + 1) };
        out.push_str(html.get(at..start).unwrap_or(""));
        let tag = html.get(start..end).unwrap_or("");
        match is_link(tag).then(|| rewritten(tag, &mut rewrite)).flatten() {
            Some(changed) => out.push_str(&changed),
            None => out.push_str(tag),
        }
        at = end;
    }
    out.push_str(html.get(at..).unwrap_or(""));
    out
}

fn is_link(tag: &str) -> bool {
    let name: String = tag.chars().skip(1).take_while(char::is_ascii_alphanumeric).take(5).collect();
    name.eq_ignore_ascii_case("a") || name.eq_ignore_ascii_case("area")
}

fn rewritten(tag: &str, rewrite: &mut impl FnMut(&str) -> Option<String>) -> Option<String> {
    let name = tag
        .match_indices(|c: char| c.is_ascii_whitespace())
        .map(|(at, _)| at + 1)
        .find(|at| tag.get(*at..*at + 4).is_some_and(|word| word.eq_ignore_ascii_case("href")))?;
    let after = tag.get(name + 4..)?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let from = tag.len() - value.len();
    let (start, end) = match value.chars().next().filter(|c| *c == '"' || *c == '\'') {
        Some(quote) => (from + 1, from + 1 + value.get(1..)?.find(quote)?),
        None => (from, from + value.find(|c: char| c.is_ascii_whitespace() || c == '>')?),
    };
    let url = decode_entities(tag.get(start..end)?.trim());
    let replaced = rewrite(&url)?.replace('&', "&amp;").replace('"', "&quot;");
    let (before, behind) = (tag.get(..from)?, tag.get(end..)?);
    let behind = if start == from { behind } else { behind.get(1..)? };
    Some(format!("{before}\"{replaced}\"{behind}"))
}

fn decode_entities(text: &str) -> String {
    // The entities that escaping makes; others have no place in an address.
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2F;", "/")
        .replace("&#x2f;", "/")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Puts `snippet` before the last `</body>`, or at the end.
#[must_use]
pub fn insert_at_end(html: &str, snippet: &str) -> String {
    insert(html, html.to_ascii_lowercase().rfind("</body").unwrap_or(html.len()), snippet)
}

/// Puts `snippet` behind the `<body …>` tag, or at the start.
#[must_use]
pub fn insert_at_start(html: &str, snippet: &str) -> String {
    let at = html.to_ascii_lowercase().find("<body").map_or(0, |start| tag_end(html, start));
    insert(html, at, snippet)
}

fn insert(html: &str, at: usize, snippet: &str) -> String {
    format!("{}{snippet}{}", html.get(..at).unwrap_or(""), html.get(at..).unwrap_or(""))
}

/// `text` as HTML text or a quoted attribute value.
#[must_use]
pub fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
