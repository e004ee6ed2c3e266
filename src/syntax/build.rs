//! What the grammar's actions call: small constructors of tree nodes, and the place where recovered errors are gathered.
//!
//! Not here: any judgement about what was written.

use super::{ast::*, lex::to_usize, literal, text, token::Tok};
use crate::base::{FileId, Span, Spanned};
use lalrpop_util::{ErrorRecovery, ParseError};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Why the parser gives up: there are more errors than anyone would read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// An error the parser got over.
pub type Recovery = ErrorRecovery<u32, Tok, Stopped>;
/// An error of the parser.
pub type Failure = ParseError<u32, Tok, Stopped>;

/// What stands before the `then` of an `if`.
pub struct IfHead {
    /// What is asked.
    pub condition: Expr,
    /// How long it is waited for.
    pub within: Option<Length>,
    /// Its `as` name.
    pub label: Option<Ref>,
}

/// The state of one run of the parser.
pub struct Build<'s> {
    file: FileId,
    text: &'s str,
    docs: &'s [(u32, Doc)],
    max_errors: usize,
    /// Each word once, however often it is written.
    words: FxHashMap<&'s str, Arc<str>>,
    /// What the parser got over, in order.
    pub errors: Vec<Failure>,
}

impl<'s> Build<'s> {
    /// A run over `text` that gives up at the error after `max_errors`.
    pub fn new(file: FileId, text: &'s str, docs: &'s [(u32, Doc)], max_errors: usize) -> Self {
        Self { file, text, docs, max_errors, words: FxHashMap::default(), errors: Vec::new() }
    }
    /// Keeps an error; its place in the tree is `l..r`.
    pub fn recover(&mut self, recovery: Recovery, l: u32, r: u32) -> Result<Span, Failure> {
        if self.errors.len() >= self.max_errors {
            return Err(ParseError::User { error: Stopped });
        }
        self.errors.push(recovery.error);
        Ok(self.at(l, r.max(l)))
    }
    /// The span `l..r`.
    pub fn at(&self, l: u32, r: u32) -> Span {
        Span { file: self.file, start: l, end: r }
    }
    /// The doc comment before the token at `l`.
    pub fn doc(&self, l: u32) -> Option<Doc> {
        let at = self.docs.binary_search_by_key(&l, |(offset, _)| *offset).ok()?;
        self.docs.get(at).map(|(_, doc)| doc.clone())
    }
    fn slice(&self, l: u32, r: u32) -> &'s str {
        self.text.get(to_usize(l)..to_usize(r)).unwrap_or("")
    }

    /// A bare word.
    pub fn name(&mut self, l: u32, r: u32) -> Name {
        Name { text: self.word(l, r), span: self.at(l, r) }
    }
    fn word(&mut self, l: u32, r: u32) -> Arc<str> {
        let slice = self.slice(l, r);
        Arc::clone(self.words.entry(slice).or_insert_with(|| Arc::from(slice)))
    }
    /// A bare word where a string may stand too.
    pub fn label(&self, name: Name) -> Ref {
        Ref { text: name.text, span: name.span, is_quoted: false }
    }
    /// The name of what could not be read.
    pub fn no_ref(&self, span: Span) -> Ref {
        Ref { text: Arc::from(""), span, is_quoted: false }
    }
    /// The steps of what could not be read.
    pub fn no_block(&self, span: Span) -> Block {
        Block { span, items: Vec::new() }
    }
    /// A string where a bare word may stand too.
    pub fn quoted(&self, text: Text) -> Ref {
        Ref { text: text.value, span: text.span, is_quoted: true }
    }
    /// A path of one name.
    pub fn path(&self, root: Name) -> Path {
        Path { span: root.span, root, rest: Vec::new() }
    }
    /// A path and one more name.
    pub fn path_dot(&self, mut path: Path, name: Name) -> Path {
        path.span = path.span.to(name.span);
        path.rest.push(name);
        path
    }

    /// A string literal.
    pub fn text(&self, l: u32, r: u32) -> Text {
        let decoded = text::decode(self.slice(l, r), l);
        let segments = text::segments(&decoded.value);
        Text { value: decoded.value, span: self.at(l, r), form: decoded.form, runs: decoded.runs, segments }
    }
    /// A number; one that the lexer has refused is 0.
    pub fn number(&mut self, l: u32, r: u32) -> Number {
        let text = self.slice(l, r);
        Number { value: literal::number(text).unwrap_or(0.0), text: self.word(l, r), span: self.at(l, r) }
    }
    /// A percentage.
    pub fn percent(&mut self, l: u32, r: u32) -> Percent {
        Percent { number: self.number(l, r.saturating_sub(1)), span: self.at(l, r) }
    }
    /// A duration; one that the lexer has refused is as long as can be.
    pub fn duration(&self, l: u32, r: u32) -> Duration {
        let longest = || vec![DurationPart { count: u32::MAX, unit: DurationUnit::Second }];
        Duration { parts: literal::duration(self.slice(l, r)).unwrap_or_else(longest), span: self.at(l, r) }
    }
    /// A date; one that the lexer has refused is the first of days.
    pub fn date(&self, l: u32, r: u32) -> Date {
        let (year, month, day) = literal::date(self.slice(l, r)).unwrap_or((1, 1, 1));
        Date { year, month, day, span: self.at(l, r) }
    }
    /// A time; one that the lexer has refused is midnight.
    pub fn time(&self, l: u32, r: u32) -> ClockTime {
        let (hour, minute, second) = literal::time(self.slice(l, r)).unwrap_or((0, 0, 0));
        ClockTime { hour, minute, second, span: self.at(l, r) }
    }
    /// A date with a time.
    pub fn date_time(&self, l: u32, r: u32) -> DateTime {
        let (day, time_at) = literal::split_date_time(self.slice(l, r));
        let offset = |at: usize| l.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        DateTime { date: self.date(l, offset(day.len())), time: self.time(offset(time_at), r), span: self.at(l, r) }
    }

    /// An expression.
    pub fn expr(&self, l: u32, r: u32, kind: ExprKind) -> Expr {
        Expr { kind, span: self.at(l, r) }
    }
    /// A number as an expression.
    pub fn number_expr(&self, number: Number) -> Expr {
        Expr { span: number.span, kind: ExprKind::Number(number) }
    }
    /// A name as an expression.
    pub fn name_expr(&self, name: Name) -> Expr {
        self.path_expr(self.path(name))
    }
    /// A path as an expression.
    pub fn path_expr(&self, path: Path) -> Expr {
        Expr { span: path.span, kind: ExprKind::Path(path) }
    }
    /// A text as an expression.
    pub fn text_expr(&self, text: Text) -> Expr {
        Expr { span: text.span, kind: ExprKind::Text(text) }
    }
    /// A duration as an expression.
    pub fn duration_expr(&self, duration: Duration) -> Expr {
        Expr { span: duration.span, kind: ExprKind::Duration(duration) }
    }
    /// A moment as an expression.
    pub fn moment_expr(&self, moment: Moment) -> Expr {
        let kind = match moment {
            Moment::Date(date) => ExprKind::Date(date),
            Moment::DateTime(at) => ExprKind::DateTime(at),
        };
        Expr { span: moment.span(), kind }
    }
    /// `a and b`; a chain of the same operator stays flat, so that a long one is not a deep one.
    pub fn logic(&self, op: LogicOp, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        let operands = match left {
            Expr { kind: ExprKind::Logic(Logic { op: chained, mut operands }), .. } if chained == op => {
                operands.push(right);
                operands
            }
            other => vec![other, right],
        };
        Expr { kind: ExprKind::Logic(Logic { op, operands }), span }
    }
    /// `a + b`
    pub fn arithmetic(&self, op: Spanned<ArithmeticOp>, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        Expr { kind: ExprKind::Arithmetic(Box::new(Arithmetic { op: op.value, op_span: op.span, left, right })), span }
    }
    /// `a == b`
    pub fn compare(&self, span: Span, op: Spanned<CompareOp>, (left, right): (Expr, Expr), ignoring_case: Option<Span>) -> Expr {
        Expr { kind: ExprKind::Compare(Box::new(Compare { op: op.value, op_span: op.span, left, right, ignoring_case })), span }
    }

    /// A step with the doc comment before it.
    pub fn step(&self, span: Span, label: Option<Ref>, kind: StepKind) -> Step {
        Step { span, doc: self.doc(span.start), label, kind }
    }
    /// A send.
    pub fn send(&self, channel: Channel, content: SendContent) -> StepKind {
        StepKind::Send(Send { channel, content })
    }
    /// An `if`.
    pub fn if_step(&self, span: Span, head: IfHead, then: Arm, otherwise: Option<Arm>) -> Step {
        let kind = StepKind::If(Box::new(If { condition: head.condition, within: head.within, then, otherwise }));
        self.step(span, head.label, kind)
    }
    /// A change in a test, where `clear device` speaks of the device and not of a field.
    pub fn test_change(&self, change: Change) -> TestStepKind {
        match change {
            Change::Clear(path) if path.rest.is_empty() && &*path.root.text == "device" => TestStepKind::ClearDevice,
            other => TestStepKind::Change(other),
        }
    }
}
