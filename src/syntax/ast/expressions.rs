//! Conditions and values.
//!
//! Parentheses stay visible ([`ExprKind::Paren`]), so that a later stage can ask for them where `and` and `or` are mixed.

use super::{ClockTime, Date, DateTime, Duration, Length, Name, Number, Path, Percent, Ref, Text};
use crate::base::Span;

/// A condition or a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a condition or value.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A string.
    Text(Text),
    /// A number, never negative ([`ExprKind::Negate`]).
    Number(Number),
    /// `50%`
    Percent(Percent),
    /// `true`, `false`
    Bool(bool),
    /// A day.
    Date(Date),
    /// A time of day.
    Time(ClockTime),
    /// A day and a time.
    DateTime(DateTime),
    /// A duration.
    Duration(Duration),
    /// `30d ago`
    Ago(Duration),
    /// `7d from now`
    FromNow(Duration),
    /// A field, variable or property; `now`, `today`, `points` and a bare event or message too.
    Path(Path),
    /// `points in group web`
    PointsInGroup(Ref),
    /// `opened(welcome)`, `purchase(amount > 3)`, `count(…)`
    Call(Call),
    /// `last(purchase).sku`: a property of what a call gives.
    Property(Box<Property>),
    /// `( … )`
    Paren(Box<Expr>),
    /// `not …`
    Not(Box<Expr>),
    /// `-…`
    Negate(Box<Expr>),
    /// `a and b and c`, `a or b or c`: at least two operands. `a and b or c` is an `or` whose first operand is a bare `and`.
    Logic(Logic),
    /// `a + b`, left to right.
    Arithmetic(Box<Arithmetic>),
    /// `a == b`, `a < b`
    Compare(Box<Compare>),
    /// `a in (b, c)`, `a not in (b, c)`
    OneOf(Box<OneOf>),
    /// `a between b and c`
    Between(Box<Between>),
    /// `a contains b`, `a starts with b`, `a ends with b`, `a matches "…"`
    TextTest(Box<TextTest>),
    /// `a is set`, `a is not empty`, `a is today`
    State(Box<State>),
    /// `has tag "x"`
    HasTag(Text),
    /// `in segment x`
    InSegment(Ref),
    /// `in list x`
    InList(Ref),
    /// `in campaign x`
    InCampaign(Ref),
    /// `finished campaign x`
    FinishedCampaign(Ref),
    /// `subscribed to x`
    SubscribedTo(Ref),
    /// `purchase in last 30d`
    InLast(Box<InLast>),
    /// `purchase ever`
    Ever(Box<Expr>),
    /// What could not be read; a finding tells why.
    Error,
}

/// `name(arg, …)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The whole call.
    pub span: Span,
    /// What is called.
    pub name: Name,
    /// What stands in the parentheses.
    pub args: Vec<Arg>,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// A condition, value, or bare name.
    Expr(Expr),
    /// `any email`
    Any(AnyMessage),
}

impl Arg {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Arg::Expr(expr) => expr.span,
            Arg::Any(any) => any.span,
        }
    }
}

/// `any email`, `any message`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyMessage {
    /// Both words.
    pub span: Span,
    /// Of which kind.
    pub kind: AnyKind,
}

/// Which messages `any` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnyKind {
    /// `any email`
    Email,
    /// `any sms`
    Sms,
    /// `any push`
    Push,
    /// `any message`
    Message,
}

/// `call(…).name`
#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    /// The call.
    pub call: Call,
    /// The property of its result.
    pub name: Name,
}

/// A chain of `and`s or of `or`s.
#[derive(Clone, Debug, PartialEq)]
pub struct Logic {
    /// Which.
    pub op: LogicOp,
    /// At least two.
    pub operands: Vec<Expr>,
}

/// `and` or `or`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicOp {
    /// All must hold.
    And,
    /// One is enough.
    Or,
}

/// `left op right`
#[derive(Clone, Debug, PartialEq)]
pub struct Arithmetic {
    /// The operator.
    pub op: ArithmeticOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left of it.
    pub left: Expr,
    /// Right of it.
    pub right: Expr,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
}

/// `left op right [ignoring case]`
#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    /// The operator.
    pub op: CompareOp,
    /// Where the operator stands.
    pub op_span: Span,
    /// Left of it.
    pub left: Expr,
    /// Right of it.
    pub right: Expr,
    /// The words `ignoring case`, if there.
    pub ignoring_case: Option<Span>,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

/// `subject [not] in (options)`
#[derive(Clone, Debug, PartialEq)]
pub struct OneOf {
    /// What is looked for.
    pub subject: Expr,
    /// Whether `not` stands before `in`.
    pub is_negated: bool,
    /// Where it is looked for.
    pub options: Vec<Expr>,
}

/// `subject between low and high`, ends included.
#[derive(Clone, Debug, PartialEq)]
pub struct Between {
    /// What is compared.
    pub subject: Expr,
    /// The lower end.
    pub low: Expr,
    /// The upper end.
    pub high: Expr,
}

/// `subject contains pattern [ignoring case]`
#[derive(Clone, Debug, PartialEq)]
pub struct TextTest {
    /// The test.
    pub op: TextOp,
    /// The text.
    pub subject: Expr,
    /// What is looked for in it; for `matches` always an [`ExprKind::Text`].
    pub pattern: Expr,
    /// The words `ignoring case`, if there.
    pub ignoring_case: Option<Span>,
}

/// A test on texts (`contains` also on lists).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextOp {
    /// `contains`
    Contains,
    /// `starts with`
    StartsWith,
    /// `ends with`
    EndsWith,
    /// `matches`
    Matches,
}

/// `subject is …`
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Of what it is asked.
    pub subject: Expr,
    /// What is asked.
    pub test: StateTest,
    /// Whether `not` stands after `is`.
    pub is_negated: bool,
}

/// What may stand after `is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StateTest {
    /// `is set`
    Set,
    /// `is empty`
    Empty,
    /// `is today`
    Today,
}

/// `subject in last length`
#[derive(Clone, Debug, PartialEq)]
pub struct InLast {
    /// The history atom.
    pub subject: Expr,
    /// How far back.
    pub length: Length,
}

/// `{ key: value, … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// With its braces.
    pub span: Span,
    /// In source order; keys may repeat.
    pub pairs: Vec<Pair>,
}

/// `key: value`. What could not be read has an empty key; a finding tells why.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The pair.
    pub span: Span,
    /// A word or a string.
    pub key: Ref,
    /// What it is.
    pub value: Value,
}

/// A value that may be structured.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A simple value.
    Expr(Expr),
    /// `{ … }`
    Object(Object),
    /// `[ … ]`
    Array(Array),
}

impl Value {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Value::Expr(expr) => expr.span,
            Value::Object(object) => object.span,
            Value::Array(array) => array.span,
        }
    }
}

/// `[ … ]`
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// With its brackets.
    pub span: Span,
    /// In source order.
    pub items: Vec<Value>,
}
