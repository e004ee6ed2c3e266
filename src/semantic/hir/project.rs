//! The project's tables.

use super::{Campaign, EventPattern, Expr, Limit, Message, Test, Throttle, Webhook};
use crate::base::Span;
use crate::bytecode::{EventDef, FieldDef, GroupDef, GroupId, ListDef, PointCap, ProjectInfo, SegmentId, TopicDef};
use crate::lang::{Type, Window};
use std::sync::Arc;

/// A whole project, checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Project {
    /// What the language knows of it.
    pub info: ProjectInfo,
    /// By `FieldId`: the built-in fields first, in the order of `BuiltinField`, then the declared ones.
    pub fields: Vec<FieldDef>,
    /// By `EventId`: custom events and forms, in source order.
    pub events: Vec<EventDef>,
    /// By `ListId`.
    pub lists: Vec<ListDef>,
    /// By `TopicId`.
    pub topics: Vec<TopicDef>,
    /// By `SegmentId`: each behind those it reads.
    pub segments: Vec<Segment>,
    /// By `GroupId`; the first has no name.
    pub groups: Vec<GroupDef>,
    /// By `RuleId`: point rules in source order.
    pub rules: Vec<PointRule>,
    /// By `MessageId`: declared messages, then inline ones.
    pub messages: Vec<Message>,
    /// By `WebhookId`.
    pub webhooks: Vec<Webhook>,
    /// What `do` expands.
    pub sequences: Vec<Sequence>,
    /// By `CampaignId`: in source order, files by path.
    pub campaigns: Vec<Campaign>,
    /// `test` blocks in source order.
    pub tests: Vec<Test>,
    /// Project-wide sending rules.
    pub policy: Policy,
    /// The paths of the source files, by `FileId`.
    pub files: Vec<Arc<str>>,
    /// How many steps all campaigns have: step ids are below it.
    pub step_count: u32,
}

/// A segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
    /// Who is in. Its history atoms look back ever.
    pub condition: Expr,
    /// The segments it reads, each once, sorted.
    pub reads: Vec<SegmentId>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// A point rule.
#[derive(Clone, Debug, PartialEq)]
pub struct PointRule {
    /// Which points.
    pub group: GroupId,
    /// On what.
    pub pattern: EventPattern,
    /// What its properties must fulfil.
    pub predicate: Option<Expr>,
    /// The number to add, with its sign.
    pub amount: Expr,
    /// How often.
    pub cap: Option<PointCap>,
    /// The rule's own text: its identity over deploys.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}

/// A sequence. Its body is expanded where `do` stands; here is what editors and pictures ask for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// The name.
    pub name: Arc<str>,
    /// Its parameters.
    pub params: Vec<SequenceParam>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// A parameter of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceParam {
    /// The name.
    pub name: Arc<str>,
    /// The type of a value; `None` for a message, webhook or segment.
    pub ty: Option<Type>,
    /// Where it was written.
    pub span: Span,
}

/// Project-wide sending rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// When no marketing message leaves.
    pub quiet_hours: Vec<Window>,
    /// How many messages a contact gets.
    pub limits: Vec<Limit>,
    /// How fast everything leaves.
    pub throttles: Vec<Throttle>,
}
