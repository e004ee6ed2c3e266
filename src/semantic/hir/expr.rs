//! Conditions and values, typed.

use crate::base::Span;
use crate::bytecode::{Aggregate, CampaignId, CompareOp, EventId, FieldId, GroupId, ListId, MessageEvent, MessageTarget, SegmentId, SlotId, TextOp, TopicId};
use crate::lang::{Date, TimeOfDay, Type, Value};
use std::sync::Arc;

/// A condition or a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its type; of poison [`Type::Any`].
    pub ty: Type,
    /// Where it was written. An argument of a sequence keeps the place where it was passed.
    pub span: Span,
}

impl Expr {
    /// An expression.
    #[must_use]
    pub fn new(kind: ExprKind, ty: Type, span: Span) -> Expr {
        Expr { kind, ty, span }
    }
    /// A condition.
    #[must_use]
    pub fn bool(kind: ExprKind, span: Span) -> Expr {
        Expr { kind, ty: Type::Bool, span }
    }
    /// Poison: a finding has said what is wrong here.
    #[must_use]
    pub fn error(span: Span) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Any, span }
    }
    /// Whether it is poison itself.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.kind, ExprKind::Error)
    }
    /// How many expressions it is made of, itself included.
    #[must_use]
    pub fn parts(&self) -> usize {
        1 + self.inner().into_iter().map(Expr::parts).sum::<usize>()
    }
    /// The expressions directly inside.
    #[must_use]
    pub fn inner(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Get(one, _) | ExprKind::Ago(one) | ExprKind::FromNow(one) | ExprKind::Negate(one) | ExprKind::Not(one) => vec![one],
            ExprKind::IsSet(one) | ExprKind::IsEmpty(one) | ExprKind::IsToday(one) => vec![one],
            ExprKind::Matches { subject, .. } => vec![subject],
            ExprKind::Arithmetic(_, left, right) | ExprKind::Compare(_, left, right) => vec![left, right],
            ExprKind::Text { subject, pattern, .. } => vec![subject, pattern],
            ExprKind::Between { subject, low, high } => vec![subject, low, high],
            ExprKind::In { subject, options, .. } => std::iter::once(&**subject).chain(options).collect(),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::List(parts) => parts.iter().collect(),
            ExprKind::Record(entries) => entries.iter().map(|(_, value)| value).collect(),
            ExprKind::History(history) => {
                let last = if let HistoryWindow::Last(length) = &history.window { Some(length) } else { None };
                history.predicate.iter().chain(last).collect()
            }
            ExprKind::Literal(_) | ExprKind::LocalDateTime(..) | ExprKind::Field(_) | ExprKind::Points(_) | ExprKind::Now | ExprKind::Today => vec![],
            ExprKind::EventProperty(_) | ExprKind::Capture(_) | ExprKind::HasTag(_) | ExprKind::InSegment(_) | ExprKind::InList(_) => vec![],
            ExprKind::InCampaign(_) | ExprKind::FinishedCampaign(_) | ExprKind::SubscribedTo(_) | ExprKind::Param(_) | ExprKind::Error => vec![],
        }
    }
    /// The literal, if it is one.
    #[must_use]
    pub fn literal(&self) -> Option<&Value> {
        if let ExprKind::Literal(value) = &self.kind { Some(value) } else { None }
    }
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ArithmeticOp {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The forms of a condition or value.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A literal; texts in NFC. `Unset` is written by `clear` alone.
    Literal(Value),
    /// A date-time literal: in the contact's zone where a contact is at hand, else the project's.
    LocalDateTime(Date, TimeOfDay),
    /// A field. `points` is never a field but [`ExprKind::Points`].
    Field(FieldId),
    /// The points of a group.
    Points(GroupId),
    /// `now`
    Now,
    /// `today`, in the contact's zone.
    Today,
    /// A property of the event that is being looked at: in the predicate of a pattern, and in amounts of point rules.
    EventProperty(Arc<str>),
    /// A record captured in a slot of the campaign.
    Capture(SlotId),
    /// A property of a record.
    Get(Box<Expr>, Arc<str>),
    /// `30d ago`: a duration before now.
    Ago(Box<Expr>),
    /// `7d from now`
    FromNow(Box<Expr>),
    /// `-a`
    Negate(Box<Expr>),
    /// `a + b`
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// `a == b`, of comparable types.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `a in (…)`; with `is_negated` `a not in (…)`.
    #[allow(missing_docs)]
    In { subject: Box<Expr>, options: Vec<Expr>, is_negated: bool },
    /// `a between low and high`, ends included.
    #[allow(missing_docs)]
    Between { subject: Box<Expr>, low: Box<Expr>, high: Box<Expr> },
    /// A test on two texts, or `contains` on a list and a text.
    #[allow(missing_docs)]
    Text { op: TextOp, is_ignoring_case: bool, subject: Box<Expr>, pattern: Box<Expr> },
    /// `a matches "…"`: the pattern compiles and begins with `(?i)` where case does not count.
    #[allow(missing_docs)]
    Matches { subject: Box<Expr>, pattern: Arc<str> },
    /// `a is set`
    IsSet(Box<Expr>),
    /// `a is empty`: an empty text or list, or unset.
    IsEmpty(Box<Expr>),
    /// `a is today`: the anniversary.
    IsToday(Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// At least two conditions.
    And(Vec<Expr>),
    /// At least two conditions.
    Or(Vec<Expr>),
    /// `has tag "x"`
    HasTag(Arc<str>),
    /// `in segment x`
    InSegment(SegmentId),
    /// `in list x`
    InList(ListId),
    /// `in campaign x`
    InCampaign(CampaignId),
    /// `finished campaign x`
    FinishedCampaign(CampaignId),
    /// `subscribed to x`
    SubscribedTo(TopicId),
    /// A question to history.
    History(Box<History>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ key: value }` in source order; a key occurs once.
    Record(Vec<(Arc<str>, Expr)>),
    /// A parameter of a sequence, by position. Only while a sequence is checked by itself; never in a campaign.
    Param(usize),
    /// Poison.
    Error,
}

/// A question to history.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Which events.
    pub pattern: EventPattern,
    /// What their properties must fulfil; reads [`ExprKind::EventProperty`].
    pub predicate: Option<Expr>,
    /// How far back.
    pub window: HistoryWindow,
    /// What is asked.
    pub aggregate: Aggregate,
}

/// A pattern of events, as in triggers, point rules and history.
#[derive(Clone, Debug, PartialEq)]
pub enum EventPattern {
    /// A custom event or a submitted form.
    Custom(EventId),
    /// A page visit; the pattern may end with `*`.
    Visited(Arc<str>),
    /// Something that happened to a message.
    Message {
        /// What.
        event: MessageEvent,
        /// To which; a step by its [`super::StepHeader::id`].
        target: MessageTarget,
        /// For clicks: the URL's pattern.
        url: Option<Arc<str>>,
        /// For replies: a pattern that compiles, unanchored, with `(?i)`.
        text: Option<Arc<str>>,
    },
}

/// How far back a question looks.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryWindow {
    /// Message atoms: since the latest sending on this enrollment's path; others: since the enrollment began. Segments, point rules,
    /// broadcasts' audiences and expectations have no anchor: they say [`HistoryWindow::Ever`].
    Anchor,
    /// The last D, ends included.
    Last(Expr),
    /// All there is.
    Ever,
}
