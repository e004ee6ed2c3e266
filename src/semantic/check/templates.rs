//! Templates: what they use, with places, and bodies compiled.

use super::scope::{Capture, Known, Scope};
use super::{Checker, problems};
use crate::base::{FileId, Span};
use crate::bytecode::MessageId;
use crate::semantic::hir::Template;
use crate::syntax::ast;
use crate::template::{self, Analysis, BodyFormat};
use std::sync::Arc;

/// One use of a variable in a template.
#[derive(Clone, Debug)]
pub(crate) struct TemplateUse {
    pub path: Vec<Arc<str>>,
    pub span: Span,
    pub has_default: bool,
    /// How many of its first names a guard in the template has found to be there.
    pub assured: usize,
}

/// A step that sends a declared message, and what its template sees there.
#[derive(Clone, Debug)]
pub(crate) struct SendSite {
    pub message: MessageId,
    pub span: Span,
    pub captures: Vec<Capture>,
    pub params: Vec<Arc<str>>,
    pub known: Known,
}

/// Where a template's bytes are in the sources.
enum Origin<'t> {
    Text(&'t ast::Text),
    File(FileId),
    /// The file is not among the sources: its name is all there is to point at.
    Named(Span),
}

impl Origin<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        match self {
            Origin::Text(text) => text.span_of(range),
            Origin::File(file) => Span::new(*file, range.start, range.end),
            Origin::Named(span) => *span,
        }
    }
}

/// A compiled body.
pub(super) struct Body {
    pub html: Option<Template>,
    pub text: Template,
    pub uses: Vec<TemplateUse>,
}

impl Checker<'_, '_> {
    /// A template written in place.
    pub(super) fn template(&mut self, text: &ast::Text) -> (Template, Vec<TemplateUse>) {
        let analysis = template::analyze(&text.value);
        let uses = self.template_findings(&analysis, &Origin::Text(text));
        (made(&text.value, false, &uses, text.span), uses)
    }

    /// A template whose variables are those of this very place.
    pub(super) fn template_here(&mut self, text: &ast::Text) -> Template {
        let (template, uses) = self.template(text);
        self.check_uses_here(&uses);
        template
    }

    fn template_findings(&mut self, analysis: &Analysis, origin: &Origin<'_>) -> Vec<TemplateUse> {
        for error in &analysis.errors {
            self.report(problems::template_syntax(origin.span(error.range.clone()), &error.message));
        }
        for unknown in &analysis.unknown {
            self.report(problems::template_name(origin.span(unknown.range.clone()), unknown.kind, &unknown.name, unknown.suggestion.as_deref()));
        }
        if let Some(growth) = analysis.growth {
            let first = analysis.uses.first().map_or(0..1, |used| used.range.clone());
            self.report(problems::template_grows(origin.span(first), growth));
        }
        let uses = analysis.uses.iter().map(|used| TemplateUse {
            path: used.path.iter().map(|part| Arc::from(part.as_str())).collect(),
            span: origin.span(used.range.clone()),
            has_default: used.has_default,
            assured: used.assured,
        });
        uses.collect()
    }

    /// The body of an email: compiled by what it is written in.
    pub(super) fn body(&mut self, source: &ast::TextSource) -> Option<Body> {
        match source {
            ast::TextSource::Inline(text) => self.compiled(&text.value, BodyFormat::of_inline(&text.value), &Origin::Text(text), text.span),
            ast::TextSource::File(path) => {
                let (content, origin) = self.file_text(path)?;
                let Some(format) = BodyFormat::of_path(&path.value) else {
                    self.report(problems::unknown_body_type(path.span, &path.value));
                    return None;
                };
                self.compiled(&content, format, &origin, path.span)
            }
        }
    }

    /// A text that is sent as it stands.
    pub(super) fn plain_text(&mut self, source: &ast::TextSource) -> Option<(Template, Vec<TemplateUse>)> {
        match source {
            ast::TextSource::Inline(text) => Some(self.template(text)),
            ast::TextSource::File(path) => {
                let (content, origin) = self.file_text(path)?;
                let analysis = template::analyze(&content);
                let uses = self.template_findings(&analysis, &origin);
                Some((made(&content, false, &uses, path.span), uses))
            }
        }
    }

    fn file_text(&mut self, path: &ast::Text) -> Option<(String, Origin<'static>)> {
        let bytes = self.asset(path)?;
        let Ok(content) = String::from_utf8(bytes) else {
            self.report(problems::not_utf8(path.span, &path.value));
            return None;
        };
        let full = crate::semantic::input::join_path(self.input.path(path.span.file), &path.value)?;
        let found = self.input.sources.find(&full);
        // The sources drop a byte order mark, and places are counted behind it.
        let content = content.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(content);
        Some((content, found.map_or(Origin::Named(path.span), Origin::File)))
    }

    fn compiled(&mut self, content: &str, format: BodyFormat, origin: &Origin<'_>, span: Span) -> Option<Body> {
        let analysis = template::analyze(content);
        let uses = self.template_findings(&analysis, origin);
        if !analysis.errors.is_empty() {
            return None;
        }
        for link in template::links(content).iter().filter(|link| !link.is_absolute()) {
            self.report(problems::relative_link(origin.span(link.range.clone()), &link.url));
        }
        match template::compile_body(format, content) {
            Ok(body) => Some(Body { html: body.html.map(|html| made(&html, true, &uses, span)), text: made(&body.text, false, &uses, span), uses }),
            Err(errors) => {
                for error in errors {
                    self.report(problems::broken_body(origin.span(error.range), &error.message));
                }
                None
            }
        }
    }

    /// Notes that a declared message is sent here, or checks an inline one at once.
    pub(super) fn note_send(&mut self, message: MessageId, span: Span) {
        if self.scope.campaign.is_none() || message.index() >= self.names.messages.len() {
            return;
        }
        let Scope { captures, params, known, .. } = &self.scope;
        self.send_sites.push(SendSite {
            message,
            span,
            captures: captures.clone(),
            params: params.iter().map(|(name, _)| name.clone()).collect(),
            known: known.clone(),
        });
    }
}

fn made(source: &str, is_html: bool, uses: &[TemplateUse], span: Span) -> Template {
    let mut variables: Vec<Vec<Arc<str>>> = uses.iter().map(|used| used.path.clone()).collect();
    variables.sort();
    variables.dedup();
    Template { source: source.into(), is_html, variables, span }
}
