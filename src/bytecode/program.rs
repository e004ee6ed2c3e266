//! The compiled program: immutable tables and code. Built by `lower`, run by `machine` and `advance`.

use super::CampaignId;
use super::timing::{CollectDef, TimelineDef, UpdateDef};
use super::trigger::{EventPattern, Query};
use super::{
    BlockId, EventId, FieldId, GroupId, ListId, MessageDef, MessageEvent, NotifyDef, Op, Pc, PlaceId, PolicyDef, SegmentId, SendDef, SendingRules, SlotId,
    StepId, TemplateDef, TopicId, Trigger, WebhookDef, WebhookStepDef,
};
use crate::base::Span;
use crate::lang::{Date, Duration, Instant, TimeOfDay, Type, Value, Weekday, Window};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the language itself knows of the project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProjectInfo {
    /// `project "Name"`, or the name of `camp.toml`.
    pub name: Arc<str>,
    /// The project's zone, an IANA name.
    pub timezone: Arc<str>,
    /// The sender where a message names none.
    pub from: Option<Arc<str>>,
    /// Where answers go where a message says nothing.
    pub reply_to: Option<Arc<str>>,
    /// The postal address of the footer.
    pub address: Option<Arc<str>>,
    /// `consent opt in`: email without a topic needs a record.
    pub is_email_opt_in: bool,
    /// `machine opens count`
    pub machine_opens_count: bool,
    /// Holidays, for business days.
    pub holidays: Vec<Date>,
    /// `control group 5%`: the share, 0 to 1, that no marketing campaign enrols.
    pub control_group: f64,
    /// `locales`: the languages messages are written in, the one of their plain lines first.
    pub locales: Vec<Arc<str>>,
}

/// A built-in field of the contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum BuiltinField {
    Id,
    Email,
    Phone,
    FirstName,
    LastName,
    Timezone,
    Locale,
    Country,
    Points,
    CreatedAt,
    LastSeenAt,
}

impl BuiltinField {
    /// All of them, in the order in which they begin every field table.
    pub const ALL: [BuiltinField; 11] = [
        BuiltinField::Id,
        BuiltinField::Email,
        BuiltinField::Phone,
        BuiltinField::FirstName,
        BuiltinField::LastName,
        BuiltinField::Timezone,
        BuiltinField::Locale,
        BuiltinField::Country,
        BuiltinField::Points,
        BuiltinField::CreatedAt,
        BuiltinField::LastSeenAt,
    ];
}

/// A field of the contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldDef {
    /// The name.
    pub name: Arc<str>,
    /// The type.
    #[serde(with = "super::flat::ty")]
    pub ty: Type,
    /// The value of a contact that has none; unset for most.
    #[serde(with = "super::flat::value")]
    pub default: Value,
    /// Which built-in field it is, if one.
    pub builtin: Option<BuiltinField>,
}

/// A property of an event or form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PropertyDef {
    /// The name.
    pub name: Arc<str>,
    /// The type.
    #[serde(with = "super::flat::ty")]
    pub ty: Type,
}

/// A custom event or a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventDef {
    /// The name.
    pub name: Arc<str>,
    /// Senders' spellings.
    pub spellings: Vec<Arc<str>>,
    /// Its properties.
    pub properties: Vec<PropertyDef>,
    /// Whether it is a form, whose event is `submitted(NAME)`.
    pub is_form: bool,
}

/// A static list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListDef {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
}

/// A subscription topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicDef {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
    /// What people are shown.
    pub title: Arc<str>,
    /// Whether only those who subscribed are in.
    pub is_opt_in: bool,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentDef {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
    /// Who is in.
    pub predicate: BlockId,
    /// Where it was written.
    pub span: Span,
}

/// A point group; number 0 has no name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupDef {
    /// The name.
    pub name: Option<Arc<str>>,
    /// How its points fade.
    pub decays: Vec<DecayDef>,
}

/// `decay 10% per 30d`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecayDef {
    /// The share that goes, 0 to 1.
    pub share: f64,
    /// How long it takes; never no time.
    pub per: Duration,
}

/// How often a point rule may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum PointCap {
    Once,
    PerDay,
    PerWeek,
    PerMonth,
    PerYear,
    PerHour,
    PerCampaign,
    Per(Duration),
}

/// A point rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointRule {
    /// Which points.
    pub group: GroupId,
    /// On what.
    pub pattern: EventPattern,
    /// What its properties must fulfil.
    pub predicate: Option<BlockId>,
    /// The number to add; negative takes away.
    pub amount: BlockId,
    /// How often.
    pub cap: Option<PointCap>,
    /// The rule's own text: its identity over deploys.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}

/// A fact that code can read: the index from changed facts to what must be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Fact {
    Field(FieldId),
    Points(GroupId),
    Tags,
    List(ListId),
    Segment(SegmentId),
    Topic(TopicId),
    Campaign(CampaignId),
    Event(EventId),
    Visited,
    Message(MessageEvent),
    /// Captured values of an enrollment.
    Captures,
    /// Time itself.
    Time,
}

/// A piece of code that ends with `Return`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Its first operation.
    pub start: Pc,
    /// What it reads, sorted, with what its inner blocks and queries read.
    pub reads: Vec<Fact>,
    /// The source text, for the journal: `opened(welcome)`.
    pub text: Arc<str>,
}

/// Whether one who has ended may come again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Reenter {
    Never,
    Always,
    After(Duration),
    Each(BlockId),
}

/// A line `exit when` or `stay while`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExitDef {
    /// The condition that ends the enrollment (`stay while` is negated by the compiler).
    pub condition: BlockId,
    /// Where it was written.
    pub span: Span,
}

/// A line `goal`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoalDef {
    /// Its name.
    pub name: Option<Arc<str>>,
    /// What it is counted under, over deploys: its name; of the first one without a name nothing, of the second `#2` …
    pub key: Arc<str>,
    /// What counts.
    pub condition: BlockId,
    /// How long from enrolment: a block that computes a duration.
    pub within: Option<BlockId>,
    /// Where it was written.
    pub span: Span,
}

/// `from OLD to NEW`, `from OLD stop`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationDef {
    /// The step that was, by name or path.
    pub from: Arc<str>,
    /// The step where those who stand there go on, by name or path; none: they stop.
    pub to: Option<Arc<str>>,
}

/// A captured record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaptureDef {
    /// The name in the source; also what templates call it.
    pub name: Arc<str>,
    /// The event it captures; a webhook's answer has none.
    pub event: Option<EventId>,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CampaignDef {
    /// The name.
    pub name: Arc<str>,
    /// The former name.
    pub was: Option<Arc<str>>,
    /// Whether it is published; a draft enrols nobody and sends nothing.
    pub is_published: bool,
    /// `active from`, the first instant.
    pub active_from: Option<Instant>,
    /// `active until`, the first instant after it.
    pub active_until: Option<Instant>,
    /// What enrols.
    pub triggers: Vec<Trigger>,
    /// All must hold when a trigger fires.
    pub only_if: Vec<BlockId>,
    /// Whether one may come again.
    pub reenter: Reenter,
    /// Whether a trigger restarts one who is enrolled.
    pub is_restarting: bool,
    /// What later events replace the captured one.
    pub updates: Vec<UpdateDef>,
    /// What is gathered before the steps begin.
    pub collect: Option<CollectDef>,
    /// Ends the enrollment at any step.
    pub exits: Vec<ExitDef>,
    /// Where those who stand at steps of the former version go on.
    pub migrations: Vec<MigrationDef>,
    /// Counted once an enrollment each.
    pub goals: Vec<GoalDef>,
    /// All must be open for a marketing message to leave.
    pub windows: Vec<Window>,
    /// What else holds and bounds its messages.
    pub sending: SendingRules,
    /// Captured records.
    pub captures: Vec<CaptureDef>,
    /// The first operation of the steps.
    pub entry: Pc,
    /// Its steps.
    pub steps: Vec<StepId>,
    /// Where it was written.
    pub span: Span,
}

/// What kind of step it is, for identity and pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum StepKind {
    Email,
    Sms,
    Push,
    Reach,
    Webhook,
    Notify,
    Wait,
    Decision,
    Await,
    Timeline,
    Repeat,
    Parallel,
    Split,
    Experiment,
    Change,
    Sequence,
    Stop,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepDef {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its `as` name.
    pub name: Option<Arc<str>>,
    /// Its path: arms, kind and target, ordinal among equals (`then/email reminder#2`; a first equal has none).
    pub path: Arc<str>,
    /// What kind.
    pub kind: StepKind,
    /// Its source without comments and names, for aligning two programs.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}

impl StepDef {
    /// The step's identity as people see it: its name, or else its path.
    #[must_use]
    pub fn identity(&self) -> &Arc<str> {
        self.name.as_ref().unwrap_or(&self.path)
    }
}

/// What a step is known by when two programs are aligned. Not part of the program's hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOutline {
    /// The step around it; none: it stands in the campaign's own block.
    pub parent: Option<StepId>,
    /// The arm of the step around it: `then`, `else`, a label. Empty in the campaign's own block, and in what `do` expands.
    pub arm: Arc<str>,
    /// Kind and target, as paths say it: `email welcome`, `wait`. Empty where the compiler did not say.
    pub target: Arc<str>,
    /// Its source without comments, its name and the steps inside.
    pub head: Arc<str>,
}

/// What only a deploy asks of a program. Not part of its hash; an image of format 1 has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// By step.
    pub steps: Vec<StepOutline>,
    /// By campaign, where each line of its `migrate` was written.
    pub rules: Vec<Vec<Span>>,
}

/// A standing place: where an enrollment can wait. `(step, ordinal)` lasts over deploys, `resume` does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The step.
    pub step: StepId,
    /// Counts the places of one step.
    pub ordinal: u16,
    /// The operation that stands here (the `Wait…`, `Listen`, `Webhook` or `Send` itself).
    pub pc: Pc,
}

/// One condition that is listened to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListenArm {
    /// The condition.
    pub condition: BlockId,
    /// `as NAME`: captures the latest matching event of the query.
    pub capture: Option<(super::QueryId, SlotId)>,
    /// Where to go on.
    pub target: Pc,
}

/// A place where conditions are listened to: `if … within`, a red path's wait, `wait for`, `await`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListenDef {
    /// The step.
    pub step: StepId,
    /// In source order; the first that holds wins.
    pub arms: Vec<ListenArm>,
    /// How long at the most (a block that computes a duration) and where to go on then.
    pub deadline: Option<(BlockId, Pc)>,
    /// Whether the step at the deadline's target is a send: while that send is held, listening goes on.
    pub is_deadline_send: bool,
}

/// What a wait counts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum UntilAnchor {
    /// The first such clock time at or after now.
    Clock(TimeOfDay),
    /// The first such weekday (and time) at or after now.
    Weekday(Weekday, Option<TimeOfDay>),
    /// What a block computes (a field, a captured property, a literal), shifted; `at` replaces the time of day.
    Value { value: BlockId, shift: Duration, is_before: bool, at: Option<TimeOfDay> },
}

/// A clock time or moment to wait for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// The moment.
    pub anchor: UntilAnchor,
    /// The line's own zone; without it the contact's.
    pub zone: Option<Arc<str>>,
}

/// Which source an operation came from. Not part of the program's hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceNote {
    /// The first operation.
    pub pc: Pc,
    /// Its source.
    pub span: Span,
}

/// A compiled program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// What the language knows of the project.
    pub project: ProjectInfo,
    /// Fields, the built-in ones first.
    pub fields: Vec<FieldDef>,
    /// Custom events and forms.
    pub events: Vec<EventDef>,
    /// Static lists.
    pub lists: Vec<ListDef>,
    /// Topics.
    pub topics: Vec<TopicDef>,
    /// Segments, each behind those it reads.
    pub segments: Vec<SegmentDef>,
    /// Point groups; the first has no name.
    pub groups: Vec<GroupDef>,
    /// Point rules in source order.
    pub rules: Vec<PointRule>,
    /// Messages, declared and inline.
    pub messages: Vec<MessageDef>,
    /// Templates.
    pub templates: Vec<TemplateDef>,
    /// Webhooks.
    pub webhooks: Vec<WebhookDef>,
    /// Campaigns in source order, files by path.
    pub campaigns: Vec<CampaignDef>,
    /// Steps of all campaigns.
    pub steps: Vec<StepDef>,
    /// Standing places of all campaigns.
    pub places: Vec<Place>,
    /// What send steps send.
    pub sends: Vec<SendDef>,
    /// What webhook steps call.
    pub webhook_steps: Vec<WebhookStepDef>,
    /// What notify steps mail.
    pub notifies: Vec<NotifyDef>,
    /// Where conditions are listened to.
    pub listens: Vec<ListenDef>,
    /// Moments to wait for.
    pub untils: Vec<Until>,
    /// Where arms begin.
    pub arms: Vec<super::ArmsDef>,
    /// The shares of splits.
    pub splits: Vec<super::SplitDef>,
    /// Loops.
    pub repeats: Vec<super::RepeatDef>,
    /// Experiments.
    pub experiments: Vec<super::ExperimentDef>,
    /// Timelines.
    pub timelines: Vec<TimelineDef>,
    /// Questions to history.
    pub queries: Vec<Query>,
    /// Patterns of `matches` and `replied`; a leading `(?i)` where case does not count.
    pub regexes: Vec<Arc<str>>,
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Constants.
    pub constants: Vec<Value>,
    /// The code.
    pub code: Vec<Op>,
    /// The project's sending rules.
    pub policy: PolicyDef,
    /// The paths of the source files, by `FileId`. Not part of the hash, like all spans.
    pub files: Vec<Arc<str>>,
    /// Where operations came from, by `pc`. Not part of the hash.
    pub notes: Vec<SourceNote>,
    /// How steps stand in one another, for aligning two programs. Not part of the hash.
    pub outline: Outline,
    /// How a span is shown: line and column of each span's start, filled by the compiler so that the daemon needs no sources.
    pub positions: Vec<(Span, u32, u32)>,
}

impl Program {
    /// The place of a step's resume point by `(step, ordinal)`.
    #[must_use]
    pub fn find_place(&self, step: StepId, ordinal: u16) -> Option<PlaceId> {
        self.places.iter().position(|place| place.step == step && place.ordinal == ordinal).map(PlaceId::from_index)
    }
    /// `main.camp:41:3` of a span; empty where it is unknown.
    #[must_use]
    pub fn describe(&self, span: Span) -> String {
        let Ok(at) = self.positions.binary_search_by_key(&span, |(known, _, _)| *known) else { return String::new() };
        match (self.positions.get(at), self.files.get(span.file.index())) {
            (Some((_, line, column)), Some(path)) => format!("{path}:{line}:{column}"),
            (Some(_) | None, _) => String::new(),
        }
    }
}
