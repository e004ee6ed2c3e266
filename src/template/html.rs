//! HTML with placeholders in it: where a placeholder stands, and CSS written into the elements.
//!
//! A `{% for %}` between table rows would be thrown out of the table by any HTML parser, were it a word; there it becomes a
//! comment (or, for the text part, a row of its own). Not here: templates; regions are placeholders already.

use super::regions::{Protected, RegionKind};
use std::ops::Range;

/// Elements between whose children HTML allows no text.
const TABLE_PARTS: &[&str] = &["table", "tbody", "thead", "tfoot", "tr", "colgroup"];
const VOID: &[&str] = &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// The innermost open element at each placeholder that stands between elements; `None` for one inside a tag or comment.
fn parents(html: &str, places: &[Range<usize>]) -> Vec<Option<String>> {
    let mut open: Vec<String> = Vec::new();
    let mut found = Vec::with_capacity(places.len());
    let mut pending = places.iter().peekable();
    let mut at = 0;
    while at < html.len() {
        let tag = next_tag(html, at);
        let text_end = tag.as_ref().map_or(html.len(), |tag| tag.range.start);
        while pending.next_if(|place| place.start < text_end).is_some() {
            found.push(Some(open.last().cloned().unwrap_or_default()));
        }
        let Some(tag) = tag else { break };
        while pending.next_if(|place| place.start < tag.range.end).is_some() {
            found.push(None);
        }
        at = tag.range.end;
        match tag.kind {
            TagKind::Open => open.push(tag.name),
            TagKind::Close => {
                if let Some(depth) = open.iter().rposition(|name| *name == tag.name) {
                    open.truncate(depth);
                }
            }
            TagKind::Other => {}
        }
    }
    found.resize(places.len(), None);
    found
}

/// What a tag does to the stack of open elements.
pub(super) enum TagKind {
    Open,
    Close,
    /// Self-closing, void, a comment, a doctype.
    Other,
}

/// A tag, comment or doctype.
pub(super) struct Tag {
    pub kind: TagKind,
    pub name: String,
    pub range: Range<usize>,
}

/// The next tag at or behind `from`.
pub(super) fn next_tag(html: &str, from: usize) -> Option<Tag> {
    let mut at = from;
    loop {
        let start = at + html.get(at..)?.find('<')?;
        let rest = html.get(start..)?;
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("-->").map_or(html.len(), |length| start + 4 + length + 3);
            return Some(Tag { kind: TagKind::Other, name: String::new(), range: start..end });
        }
        let is_close = rest.starts_with("</");
        let name_from = start + if is_close { 2 } else { 1 };
        let name: String =
            html.get(name_from..)?.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '!').collect::<String>().to_ascii_lowercase();
        if name.is_empty() {
            at = start + 1;
            continue;
        }
        let end = tag_end(html, name_from);
        let is_empty = html.get(start..end).is_some_and(|tag| tag.ends_with("/>")) || VOID.contains(&name.as_str()) || name.starts_with('!');
        let kind = match (is_close, is_empty) {
            (true, _) => TagKind::Close,
            (false, true) => TagKind::Other,
            (false, false) => TagKind::Open,
        };
        return Some(Tag { kind, name, range: start..end });
    }
}

/// The names of the tags of `html`. What only looks like one (`a <b`, `<bo@x.example>`) is none.
pub(super) fn tag_names(html: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.range.start + 1;
        let inner = html.get(tag.range).and_then(|tag| tag.strip_suffix('>')).map(|tag| tag.trim_start_matches(['<', '/']));
        let Some(rest) = inner.and_then(|inner| inner.get(tag.name.len()..)) else { continue };
        if !rest.contains('<') && (rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == '/')) {
            names.push(tag.name);
        }
    }
    names
}

/// One past the `>` of a tag; attribute values may hold one.
pub(super) fn tag_end(html: &str, from: usize) -> usize {
    let mut quote = None;
    for (offset, c) in html.get(from..).unwrap_or("").char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '>' => return from + offset + 1,
            None => {}
        }
    }
    html.len()
}

/// `html` with each placeholder replaced by what `choose` makes of it and its parent element (`None`: inside a tag).
pub(super) fn replace(protected: &Protected<'_>, html: &str, choose: impl Fn(&str, RegionKind, Option<&str>) -> Option<String>) -> String {
    let places = protected.placeholders(html);
    let ranges: Vec<Range<usize>> = places.iter().map(|(range, _)| range.clone()).collect();
    let parents = parents(html, &ranges);
    let mut out = String::with_capacity(html.len() + 64);
    let mut at = 0;
    for ((range, kind), parent) in places.into_iter().zip(parents) {
        let word = html.get(range.clone()).unwrap_or("");
        out.push_str(html.get(at..range.start).unwrap_or(""));
        out.push_str(&choose(word, kind, parent.as_deref()).unwrap_or_else(|| word.to_owned()));
        at = range.end;
    }
    out.push_str(html.get(at..).unwrap_or(""));
    out
}

/// Style rules written into the elements; nothing is loaded.
pub(super) fn inline_css(protected: &Protected<'_>, html: &str) -> Result<String, String> {
    let safe = replace(protected, html, |word, _, parent| parent.filter(|name| TABLE_PARTS.contains(name)).map(|_| format!("<!--{word}-->")));
    let inliner = css_inline::CSSInliner::options().load_remote_stylesheets(false).keep_style_tags(false).keep_at_rules(true).build();
    let inlined = inliner.inline(&safe).map_err(|error| error.to_string())?;
    let mut out = String::with_capacity(inlined.len());
    let mut at = 0;
    for (range, _) in protected.placeholders(&inlined) {
        let is_comment =
            inlined.get(..range.start).is_some_and(|before| before.ends_with("<!--")) && inlined.get(range.end..).is_some_and(|after| after.starts_with("-->"));
        let (start, end) = if is_comment { (range.start - 4, range.end + 3) } else { (range.start, range.end) };
        out.push_str(inlined.get(at..start).unwrap_or(""));
        out.push_str(inlined.get(range).unwrap_or(""));
        at = end;
    }
    out.push_str(inlined.get(at..).unwrap_or(""));
    Ok(out)
}

/// The HTML with placeholders in tables as rows and cells of their own, so that a text made from it keeps their order.
pub(super) fn with_rows(protected: &Protected<'_>, html: &str) -> String {
    replace(protected, html, |word, _, parent| match parent {
        Some("tr") => Some(format!("<td>{word}</td>")),
        Some(name) if TABLE_PARTS.contains(&name) => Some(format!("<tr><td>{word}</td></tr>")),
        Some(_) | None => None,
    })
}
