//! Findings for people at a terminal. The only file that knows ariadne.

use super::{Diagnostic, Label, View, short::severity_word};
use crate::base::{FileId, Severity, Span};
use ariadne::{Cache, CharSet, Color, Config, IndexType, Report, ReportKind};
use std::{collections::BTreeMap, fmt};

/// Whether the output may be coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Plain text.
    Plain,
    /// With ANSI colours.
    Colored,
}

/// A line longer than this is not drawn: nobody could read it, and drawing it takes its time.
const LONGEST_LINE: usize = 1000;

/// All findings, each with its lines of source.
#[must_use]
pub fn render(findings: &[Diagnostic], view: &View, paint: Paint) -> String {
    let mut texts = Texts { view, files: BTreeMap::new() };
    let mut out = String::new();
    for (index, finding) in findings.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let drawn = if is_drawable(finding, view) { draw(finding, &mut texts, paint) } else { None };
        out.push_str(&drawn.unwrap_or_else(|| plain(finding, view)));
    }
    out
}

/// `text` without what a terminal would obey: control and direction characters become blanks of the same length in bytes.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_direction = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is_break = matches!(c, '\u{2028}' | '\u{2029}');
        match c {
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_direction || is_break => (0..c.len_utf8()).for_each(|_| out.push(' ')),
            c => out.push(c),
        }
    }
    out
}

/// A label's place as ariadne wants it.
#[derive(Clone)]
struct Place {
    file: FileId,
    start: usize,
    end: usize,
}

impl ariadne::Span for Place {
    type SourceId = FileId;
    fn source(&self) -> &FileId {
        &self.file
    }
    fn start(&self) -> usize {
        self.start
    }
    fn end(&self) -> usize {
        self.end
    }
}

/// The sources, made ready once a file.
struct Texts<'a> {
    view: &'a View<'a>,
    files: BTreeMap<usize, ariadne::Source<String>>,
}

impl Cache<FileId> for Texts<'_> {
    type Storage = String;
    fn fetch(&mut self, id: &FileId) -> Result<&ariadne::Source<String>, impl fmt::Debug> {
        let sources = self.view.sources;
        let text = || printable(sources.get(*id).map_or("", |s| s.text.as_str()));
        Ok::<_, &'static str>(self.files.entry(id.index()).or_insert_with(|| ariadne::Source::from(text())))
    }
    fn display<'a>(&self, id: &'a FileId) -> Option<impl fmt::Display + 'a> {
        self.view.sources.get(*id).map(|source| self.view.path(source))
    }
}

fn draw(finding: &Diagnostic, texts: &mut Texts, paint: Paint) -> Option<String> {
    let (kind, color) = match finding.severity() {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
    };
    let config = Config::default().with_color(paint == Paint::Colored).with_index_type(IndexType::Byte).with_char_set(CharSet::Unicode).with_tab_width(2);
    let primary = place(finding.primary.span, texts.view);
    let mut report = Report::build(kind, primary).with_config(config).with_code(finding.code).with_message(printable(&finding.title));
    // In the order of the source: ariadne begins a new excerpt where a label stands above the one before it.
    let mut labels: Vec<(&Label, Color)> = std::iter::once((&finding.primary, color)).chain(finding.secondary.iter().map(|l| (l, Color::Blue))).collect();
    labels.sort_by_key(|(l, _)| (l.span.file != finding.primary.span.file, l.span));
    report.add_labels(labels.into_iter().map(|(l, color)| label(l, texts.view, color)));
    finding.help.iter().for_each(|help| report.add_help(printable(help)));
    if let Some(fix) = finding.fix.as_ref().filter(|_| finding.help.is_empty()) {
        report.add_help(format!("fix: {}", printable(&fix.title)));
    }
    finding.notes.iter().for_each(|note| report.add_note(printable(note)));
    let mut bytes = Vec::new();
    report.finish().write(texts, &mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.lines().map(|line| line.trim_end().to_string() + "\n").collect())
}

fn label(label: &Label, view: &View, color: Color) -> ariadne::Label<Place> {
    let drawn = ariadne::Label::new(place(label.span, view)).with_color(color);
    if label.text.is_empty() { drawn } else { drawn.with_message(printable(&label.text)) }
}

/// The span inside its text, on whole characters and without a line break at its end, which ariadne cannot draw; an empty one is
/// widened to the character at it, so that there is something to point at.
fn place(span: Span, view: &View) -> Place {
    let text = view.sources.get(span.file).map_or("", |s| s.text.as_str());
    let range = span.range();
    let start = text.floor_char_boundary(range.start.min(text.len()));
    let end = text.ceil_char_boundary(range.end.clamp(start, text.len()));
    let mut end = start + text.get(start..end).unwrap_or("").trim_end_matches('\n').len();
    if start == end {
        end += text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n').map_or(0, char::len_utf8);
    }
    Place { file: span.file, start, end }
}

fn is_drawable(finding: &Diagnostic, view: &View) -> bool {
    let spans = std::iter::once(&finding.primary).chain(&finding.secondary).map(|label| label.span);
    spans.into_iter().all(|span| {
        let Some(source) = view.sources.get(span.file) else { return false };
        let range = place(span, view);
        let before = source.text.get(..range.start).unwrap_or("").rsplit('\n').next().unwrap_or("");
        let after = source.text.get(range.start..).unwrap_or("").split('\n').next().unwrap_or("");
        before.len() + after.len() <= LONGEST_LINE
    })
}

fn plain(finding: &Diagnostic, view: &View) -> String {
    let place = view.place(finding.primary.span);
    let severity = severity_word(finding.severity());
    let mut out = format!("[{}] {severity}: {}\n", finding.code, printable(&finding.title));
    out += &format!("  at {}:{}:{}: {}\n", place.path, place.start.line, place.start.column, printable(&finding.primary.text));
    finding.help.iter().for_each(|help| out += &format!("  help: {}\n", printable(help)));
    finding.notes.iter().for_each(|note| out += &format!("  note: {}\n", printable(note)));
    out
}
