//! MJML to HTML, and what is wrong with it.
//!
//! Template regions are placeholders here; one between layout elements is wrapped in `mj-raw`, the only place for it there.

use super::html::{TagKind, next_tag, replace};
use super::regions::Protected;
use std::ops::Range;

const ELEMENTS: &[&str] = &[
    "mjml",
    "mj-head",
    "mj-body",
    "mj-attributes",
    "mj-all",
    "mj-class",
    "mj-breakpoint",
    "mj-font",
    "mj-preview",
    "mj-style",
    "mj-title",
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-column",
    "mj-divider",
    "mj-group",
    "mj-hero",
    "mj-image",
    "mj-include",
    "mj-navbar",
    "mj-navbar-link",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-table",
    "mj-text",
    "mj-wrapper",
];
/// MJML elements that hold elements only; `mj-raw` is their way to take anything else.
const LAYOUT: &[&str] = &["mj-body", "mj-wrapper", "mj-section", "mj-group", "mj-column", "mj-hero"];

/// Why MJML could not be compiled, with the place in the protected text where it is known.
pub(super) struct MjmlError {
    pub message: String,
    pub range: Option<Range<usize>>,
}

/// How deep elements may nest: what reads them walks them by recursion.
const MAX_DEPTH: usize = 200;
/// Elements without an end, and those whose end may be left out: open ones are no nesting.
const UNNESTED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li", "td", "tr", "th", "dt", "dd", "option",
    "thead", "tbody", "tfoot", "colgroup",
];

/// Where elements nest too deep, if they do.
pub(super) fn too_deep(text: &str) -> Option<MjmlError> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(tag) = next_tag(text, at) {
        at = tag.range.end;
        if UNNESTED.contains(&tag.name.to_ascii_lowercase().as_str()) {
            continue;
        }
        match tag.kind {
            TagKind::Open => depth += 1,
            TagKind::Close => depth = depth.saturating_sub(1),
            TagKind::Other => {}
        }
        if depth > MAX_DEPTH {
            return Some(MjmlError { message: format!("elements nest deeper than {MAX_DEPTH} levels"), range: Some(tag.range) });
        }
    }
    None
}

/// Elements that do not exist, are closed twice or never: the library takes them as they come, and the mail would be broken.
pub(super) fn check_mjml(text: &str) -> Vec<MjmlError> {
    let mut open: Vec<(String, Range<usize>)> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(text, at) {
        at = tag.range.end;
        let is_ours = tag.name == "mjml" || tag.name.starts_with("mj-");
        if !is_ours {
            continue;
        }
        if !ELEMENTS.contains(&tag.name.as_str()) && !matches!(tag.kind, TagKind::Close) {
            let nearest =
                ELEMENTS.iter().min_by_key(|known| strsim::osa_distance(known, &tag.name)).filter(|known| strsim::osa_distance(known, &tag.name) <= 3);
            let hint = nearest.map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
            found.push(MjmlError { message: format!("there is no element `{}`{hint}", tag.name), range: Some(tag.range.clone()) });
        }
        match tag.kind {
            TagKind::Open => open.push((tag.name, tag.range)),
            TagKind::Other => {}
            TagKind::Close => match open.iter().rposition(|(name, _)| *name == tag.name) {
                Some(depth) => found.extend(open.drain(depth..).skip(1).map(not_closed)),
                None => found.push(MjmlError { message: format!("`{}` is closed here, but not open", tag.name), range: Some(tag.range) }),
            },
        }
    }
    found.extend(open.into_iter().map(not_closed));
    if found.is_empty() && !text.contains("<mjml") {
        found.push(MjmlError { message: "there is no `<mjml>` element".to_owned(), range: None });
    }
    found
}

fn not_closed((name, range): (String, Range<usize>)) -> MjmlError {
    MjmlError { message: format!("`{name}` is not closed"), range: Some(range) }
}

/// MJML to HTML; no fonts are linked, nothing is loaded.
pub(super) fn compile_mjml(protected: &Protected<'_>) -> Result<String, MjmlError> {
    use mrml::prelude::parser::Error;
    let mut wrapped_at: Vec<usize> = Vec::new();
    let source = replace(protected, &protected.text, |word, _, parent| parent.filter(|name| LAYOUT.contains(name)).map(|_| format!("<mj-raw>{word}</mj-raw>")));
    if source.len() != protected.text.len() {
        wrapped_at = protected
            .placeholders(&source)
            .into_iter()
            .filter(|(range, _)| source.get(..range.start).is_some_and(|b| b.ends_with("<mj-raw>")))
            .map(|(range, _)| range.start)
            .collect();
    }
    let unwrapped = |position: usize| position - wrapped_at.iter().filter(|at| **at < position).count() * "<mj-raw></mj-raw>".len().min(position);
    let failed = |error: Error| {
        let position = match &error {
            Error::UnexpectedElement { position, .. }
            | Error::UnexpectedToken { position, .. }
            | Error::MissingAttribute { position, .. }
            | Error::InvalidAttribute { position, .. }
            | Error::InvalidFormat { position, .. }
            | Error::IncludeLoaderError { position, .. } => Some(unwrapped(position.start)..unwrapped(position.end)),
            Error::EndOfStream { .. } | Error::SizeLimit { .. } | Error::ParserError { .. } | Error::NoRootNode => None,
        };
        MjmlError { message: describe_mjml(&error), range: position }
    };
    let parsed = mrml::parse(&source).map_err(failed)?;
    let options = mrml::prelude::render::RenderOptions { fonts: std::collections::HashMap::new(), ..Default::default() };
    parsed.element.render(&options).map_err(|error| MjmlError { message: error.to_string(), range: None })
}

fn describe_mjml(error: &mrml::prelude::parser::Error) -> String {
    use mrml::prelude::parser::Error;
    match error {
        Error::UnexpectedElement { .. } => "this element does not belong here".to_owned(),
        Error::UnexpectedToken { .. } => "this is not expected here: is an element closed twice, or never?".to_owned(),
        Error::MissingAttribute { name, .. } => format!("the attribute `{name}` is missing"),
        Error::InvalidAttribute { .. } => "this attribute has no value it can have".to_owned(),
        Error::InvalidFormat { .. } => "this is no MJML".to_owned(),
        Error::EndOfStream { .. } => "the text ends before its elements are closed".to_owned(),
        Error::SizeLimit { .. } => "the text is too long".to_owned(),
        Error::ParserError { source, .. } => format!("this is no MJML: {source}"),
        Error::NoRootNode => "there is no `<mjml>` element".to_owned(),
        Error::IncludeLoaderError { .. } => "`mj-include` is not available: a message stands alone".to_owned(),
    }
}
