//! Layer 4: the compiled program: operations, tables, encoding, verifier, disassembler.
//!
//! Not here: how source becomes a program (`lower`), and what the operations do (`machine`).

mod ids;
mod op;
mod program;
mod message;
mod trigger;

pub use ids::{
    BlockId, CampaignId, ConstId, EventId, FieldId, GroupId, ListId, ListenId, MessageId, NotifyId, Pc, PlaceId, QueryId, RegexId, RuleId, SegmentId,
    SendId, SlotId, StepId, TemplateId, TopicId, UntilId, WebhookId, WebhookStepId,
};
pub use message::{Attachment, Channel, MessageContent, MessageDef, NotifyDef, ParamDef, Recipient, SendDef, TemplateDef, WebhookDef, WebhookStepDef};
pub use op::{CompareOp, Op, TextOp};
pub use program::{
    Block, BuiltinField, CampaignDef, CaptureDef, EventDef, ExitDef, Fact, FieldDef, GroupDef, ListDef, ListenArm, ListenDef, Place, PointCap,
    PointRule, Program, ProjectInfo, PropertyDef, Reenter, SegmentDef, SourceNote, StepDef, StepKind, TopicDef, Until, UntilAnchor,
};
pub use trigger::{Aggregate, EventPattern, HistoryWindow, IfPast, MessageEvent, MessageTarget, Query, Recurrence, Trigger, TriggerKind, TriggerZone};
