//! The links an author wrote, with their places: for the check that they are absolute.
//!
//! Not here: which links are tracked (content), and links that only exist at run time.

use super::regions::find_regions;
use std::ops::Range;

/// A link in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkUse {
    /// As it is written, template regions included.
    pub url: String,
    /// Its bytes in the text.
    pub range: Range<usize>,
}

impl LinkUse {
    /// Whether a reader of a mail can follow it: a full address, a `mailto:` and the like, a place in the mail itself, or
    /// something that only rendering tells.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        let url = self.url.trim();
        if url.starts_with("{{") || url.starts_with("{%") || url.starts_with('#') {
            return true;
        }
        let Some((scheme, rest)) = url.split_once(':') else { return false };
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        is_scheme && !rest.is_empty() && (!is_web || rest.strip_prefix("//").is_some_and(|host| !host.is_empty() && !host.starts_with('/')))
    }
}

/// All `href` attributes and Markdown links of `text`, in order.
#[must_use]
pub fn links(text: &str) -> Vec<LinkUse> {
    let inside: Vec<Range<usize>> = find_regions(text).unwrap_or_default().into_iter().map(|region| region.range).collect();
    let mut found: Vec<LinkUse> = attribute_links(text, &inside);
    found.extend(markdown_links(text, &inside));
    found.sort_by_key(|link| link.range.start);
    found
}

fn attribute_links(text: &str, inside: &[Range<usize>]) -> Vec<LinkUse> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = lower.get(at..).and_then(|rest| rest.find("href")) {
        let start = at + offset;
        at = start + 4;
        let is_name = text.get(..start).is_some_and(|before| before.ends_with(|c: char| c.is_whitespace()));
        let Some(after) = text.get(at..) else { break };
        let trimmed = after.trim_start();
        let Some(value) = trimmed.strip_prefix('=').map(str::trim_start) else { continue };
        if !is_name || inside.iter().any(|region| region.contains(&start)) {
            continue;
        }
        let from = text.len() - value.len();
        let Some(range) = quoted(text, from, inside) else { continue };
        at = range.end;
        found.push(LinkUse { url: text.get(range.clone()).unwrap_or("").to_owned(), range });
    }
    found
}

fn quoted(text: &str, from: usize, inside: &[Range<usize>]) -> Option<Range<usize>> {
    let quote = text.get(from..)?.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    let start = from + 1;
    text.get(start..)?
        .match_indices(quote)
        .map(|(offset, _)| start + offset)
        .find(|end| !inside.iter().any(|region| region.contains(end)))
        .map(|end| start..end)
}

fn markdown_links(text: &str, inside: &[Range<usize>]) -> Vec<LinkUse> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("](") {
        if inside.iter().any(|region| region.contains(&at)) {
            continue;
        }
        let start = at + 2;
        let end = text.get(start..).and_then(|rest| {
            rest.char_indices()
                .map(|(offset, c)| (start + offset, c))
                .find(|(end, c)| (*c == ')' || c.is_whitespace()) && !inside.iter().any(|region| region.contains(end)))
        });
        let Some((end, _)) = end else { continue };
        let url = text.get(start..end).unwrap_or("").trim_matches(['<', '>']);
        if !url.is_empty() {
            found.push(LinkUse { url: url.to_owned(), range: start..end });
        }
    }
    found
}
