//! Bodies of e-mails, compiled: from MJML, HTML, Markdown or plain text to an HTML part and a text part that are still templates.
//!
//! It runs when a program is compiled; rendering for one contact is `render`'s. Template regions pass through unchanged.

use super::escape_html;
use super::html::{inline_css, tag_names, with_rows};
use super::mjml::{MjmlError, check_mjml, compile_mjml, too_deep};
use super::regions::{Protected, RegionKind};
use super::text::{text_of, tidy};
use std::ops::Range;

/// What a body is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// `.html`: CSS is inlined.
    Html,
    /// `.mjml`: compiled, then as HTML.
    Mjml,
    /// `.md`
    Markdown,
    /// `.txt`, and a body without tags that is written in the campaign itself.
    Text,
    /// A body with tags that is written in the campaign itself: a piece of HTML.
    Tagged,
}

impl BodyFormat {
    /// The format a file's name tells, by its extension.
    #[must_use]
    pub fn of_path(path: &str) -> Option<BodyFormat> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "html" | "htm" => Some(BodyFormat::Html),
            "mjml" => Some(BodyFormat::Mjml),
            "md" | "markdown" => Some(BodyFormat::Markdown),
            "txt" | "text" => Some(BodyFormat::Text),
            _ => None,
        }
    }

    /// The format of a body that stands in the campaign itself: who writes tags means them.
    #[must_use]
    pub fn of_inline(source: &str) -> BodyFormat {
        let Ok(protected) = Protected::new(source) else { return BodyFormat::Text };
        let names = tag_names(&protected.text);
        let has = |known: &[&str]| names.iter().any(|name| known.contains(&name.as_str()));
        if has(&["mjml"]) {
            BodyFormat::Mjml
        } else if has(&["html", "body"]) {
            BodyFormat::Html
        } else if has(BLOCKS) || has(PHRASES) {
            BodyFormat::Tagged
        } else {
            BodyFormat::Text
        }
    }
}

/// Elements that part a body into its blocks: what stands between them is laid out by them alone.
const BLOCKS: &[&str] = &[
    "style",
    "div",
    "p",
    "table",
    "tr",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "dl",
    "blockquote",
    "pre",
    "center",
    "section",
    "article",
    "header",
    "footer",
    "main",
    "hr",
];
/// Elements within a line. Other words in angle brackets, an address say, are no tags.
const PHRASES: &[&str] =
    &["a", "b", "i", "u", "s", "em", "strong", "small", "big", "span", "font", "img", "br", "sub", "sup", "code", "del", "ins", "mark", "q"];

/// The parts of an e-mail's body, both templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledBody {
    /// The HTML part; every format yields one.
    pub html: Option<String>,
    /// The text part.
    pub text: String,
}

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyError {
    /// Bytes of the source.
    pub range: Range<usize>,
    /// What is wrong there.
    pub message: String,
}

/// Compiles `source`.
pub fn compile_body(format: BodyFormat, source: &str) -> Result<CompiledBody, Vec<BodyError>> {
    let protected = Protected::new(source).map_err(|range| vec![BodyError { range, message: "this template tag is not closed".to_owned() }])?;
    let placed = |error: MjmlError| BodyError { range: error.range.map_or(0..source.len(), |range| protected.source_range(range)), message: error.message };
    if let (BodyFormat::Html | BodyFormat::Mjml | BodyFormat::Tagged, Some(error)) = (format, too_deep(&protected.text)) {
        return Err(vec![placed(error)]);
    }
    match format {
        BodyFormat::Html => from_html(&protected, &protected.text),
        BodyFormat::Mjml => {
            let wrong = check_mjml(&protected.text);
            if !wrong.is_empty() {
                return Err(wrong.into_iter().map(placed).collect());
            }
            let html = compile_mjml(&protected).map_err(|error| vec![placed(error)])?;
            from_html(&protected, &html)
        }
        BodyFormat::Markdown => Ok(CompiledBody { html: Some(document(&protected.restore(&markdown(&protected)))), text: without_remarks(&protected) }),
        BodyFormat::Text => Ok(CompiledBody { html: Some(document(&protected.restore(&plain(&protected)))), text: without_remarks(&protected) }),
        BodyFormat::Tagged => from_html(&protected, &document(&piece(&protected))),
    }
}

fn without_remarks(protected: &Protected<'_>) -> String {
    let mut text = protected.restore(protected.text.trim());
    text.push('\n');
    text
}

fn from_html(protected: &Protected<'_>, html: &str) -> Result<CompiledBody, Vec<BodyError>> {
    let whole = |message: String| vec![BodyError { range: protected.source_range(0..protected.text.len()), message }];
    let inlined = inline_css(protected, html).map_err(whole)?;
    // Blocks of MJML are cells of a table; in the text they are paragraphs.
    let spaced = with_rows(protected, &inlined).replace("</div></td>", "</div><p>\u{a0}</p></td>").replace("</a></td>", "</a><p>\u{a0}</p></td>");
    let text = text_of(&spaced).map_err(whole)?;
    Ok(CompiledBody { html: Some(protected.restore(&inlined)), text: tidy(&protected.restore(&text)) })
}

/// Styles are in the element: many mail programs drop a `<style>`.
fn document(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"></head>\n\
         <body style=\"margin:0;padding:16px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#222\">\n\
         <div style=\"max-width:600px\">\n{}\n</div>\n</body></html>\n",
        body.trim()
    )
}

fn markdown(protected: &Protected<'_>) -> String {
    use pulldown_cmark::{Options, Parser, html};
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_SMART_PUNCTUATION;
    let mut out = String::with_capacity(protected.text.len() * 2);
    html::push_html(&mut out, Parser::new_ext(&protected.text, options));
    // A statement alone in its paragraph steers; it is no paragraph.
    for (range, kind) in protected.placeholders(&protected.text) {
        if kind == RegionKind::Statement {
            let word = protected.text.get(range).unwrap_or("");
            out = out.replace(&format!("<p>{word}</p>"), word);
        }
    }
    out
}

/// A piece of HTML: blocks of its own are left alone; without any, its paragraphs and lines are those of the text.
fn piece(protected: &Protected<'_>) -> String {
    if tag_names(&protected.text).iter().any(|name| BLOCKS.contains(&name.as_str())) {
        return protected.text.clone();
    }
    paragraphs(protected, |block| {
        let mut lines: Vec<String> = Vec::new();
        for line in block.lines().map(str::trim_end) {
            match lines.last_mut().filter(|before| is_inside_tag(before)) {
                Some(before) => before.push_str(&format!("\n{line}")),
                None => lines.push(line.to_owned()),
            }
        }
        let lines = lines.iter().map(|line| tagged(protected, line));
        lines.map(|line| if ends_line(&line) { line } else { format!("{line}<br>") }).collect::<Vec<_>>().join("\n").trim_end_matches("<br>").to_owned()
    })
}

fn is_inside_tag(line: &str) -> bool {
    line.rsplit_once('<').is_some_and(|(_, tag)| !tag.contains('>') && tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/'))
}

fn ends_line(line: &str) -> bool {
    ["<br>", "<br/>", "<br />"].iter().any(|end| line.to_ascii_lowercase().ends_with(end))
}

/// Plain text as HTML, line by line.
fn plain(protected: &Protected<'_>) -> String {
    paragraphs(protected, |block| block.lines().map(|line| linked(protected, line.trim_end())).collect::<Vec<_>>().join("<br>\n"))
}

/// A blank line parts paragraphs; `lines_of` says what stands in one.
fn paragraphs(protected: &Protected<'_>, lines_of: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for block in blocks(protected.text.trim()) {
        let is_steering = protected.placeholders(block).iter().all(|(_, kind)| *kind == RegionKind::Statement) && is_only_placeholders(protected, block);
        if is_steering {
            out.push_str(block.trim_end());
        } else {
            out.push_str("<p style=\"margin:0 0 16px\">");
            out.push_str(&lines_of(block));
            out.push_str("</p>");
        }
        out.push('\n');
    }
    out
}

fn blocks(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        if line.trim().is_empty() {
            found.push(text.get(start..at).unwrap_or(""));
            start = next;
        }
        at = next;
    }
    found.push(text.get(start..).unwrap_or(""));
    found.retain(|block| !block.trim().is_empty());
    found
}

fn is_only_placeholders(protected: &Protected<'_>, block: &str) -> bool {
    let covered: usize = protected.placeholders(block).iter().map(|(range, _)| range.len()).sum();
    covered > 0 && block.chars().filter(|c| !c.is_whitespace()).count() == covered
}

/// A line with tags or entities in it stands as it is; one without is as in a text.
fn tagged(protected: &Protected<'_>, line: &str) -> String {
    let has_entity =
        line.split('&').skip(1).any(|rest| rest.split_once(';').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#')));
    if has_entity || line.contains(['<', '>']) { line.to_owned() } else { linked(protected, line) }
}

/// A line of plain text: its addresses of the web are links.
fn linked(protected: &Protected<'_>, line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    for (number, word) in line.split(' ').enumerate() {
        if number > 0 {
            out.push(' ');
        }
        let lead = word.len() - word.trim_start_matches(['(', '<', '"', '\'', '[']).len();
        let (before, rest) = word.split_at(lead);
        let core = rest.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '>', '"', '\'', ']']);
        let after = rest.get(core.len()..).unwrap_or("");
        let is_web = core.starts_with("http://") || core.starts_with("https://");
        if (is_web && core.len() > 8) || is_link_region(protected, core) {
            let shown = escape_html(core);
            out.push_str(&format!("{}<a href=\"{shown}\">{shown}</a>{}", escape_html(before), escape_html(after)));
        } else {
            out.push_str(&escape_html(word));
        }
    }
    out
}

/// `{{ unsubscribe_url }}` and its like: a word that is one region which prints a link.
fn is_link_region(protected: &Protected<'_>, word: &str) -> bool {
    match protected.placeholders(word).as_slice() {
        [(range, RegionKind::Output)] if range.len() == word.len() => protected.region_text(word, range).trim_matches(['{', '}', '-', ' ']).ends_with("_url"),
        _ => false,
    }
}
