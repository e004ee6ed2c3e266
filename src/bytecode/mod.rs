//! Layer 2: the compiled program: operations, tables, encoding, verifier, disassembler.
//!
//! Not here: how source becomes a program (`lower`), and what the operations do (`machine`).

mod builder;
mod canon;
mod decode;
mod disasm;
mod encode;
mod flat;
mod flow;
mod hash;
mod ids;
mod layout;
mod message;
mod op;
mod paths;
mod program;
mod reads;
mod sending;
mod table;
mod timing;
mod trigger;
mod verify;

pub use builder::{Assembler, Label, ProgramBuilder};
pub use decode::{DecodeError, MAX_CODE_OPS, MAX_IMAGE_BYTES, decode};
pub use disasm::disassemble;
pub use encode::{FORMAT_VERSION, MAGIC, encode};
pub use flat::MAX_VALUE_DEPTH;
pub use flow::{ArmsDef, ExperimentDef, Measure, RepeatDef, SplitArm, SplitDef, VariantDef};
pub use hash::{campaign_hash, program_hash};
pub use layout::{Layout, Routine, RoutineOwner};
pub use table::{Flow, OP_NUMBERS, Operand};
pub use verify::{MAX_BLOCK_DEPTH, MAX_REGEX_BYTES, MAX_STACK, VerifiedProgram, VerifyError, find_errors, verify};

pub use ids::{
    ArmsId, BlockId, CampaignId, ConstId, EventId, ExperimentId, FieldId, GroupId, ListId, ListenId, MessageId, NotifyId, Pc, PlaceId, QueryId, RegexId,
    RepeatId, RuleId, SegmentId, SendId, SlotId, SplitId, StepId, TemplateId, TimelineId, TopicId, UntilId, WebhookId, WebhookStepId,
};
pub use message::{
    Attachment, Channel, MessageContent, MessageDef, MessageVariant, NotifyDef, ParamDef, Recipient, SendDef, TemplateDef, WebhookDef, WebhookStepDef,
};
pub use op::{CompareOp, Op, TextOp};
pub use program::{
    Block, BuiltinField, CampaignDef, CaptureDef, DecayDef, EventDef, ExitDef, Fact, FieldDef, GoalDef, GroupDef, ListDef, ListenArm, ListenDef, MigrationDef,
    Outline, Place, PointCap, PointRule, Program, ProjectInfo, PropertyDef, Reenter, SegmentDef, SourceNote, StepDef, StepKind, StepOutline, TopicDef, Until,
    UntilAnchor,
};
pub use sending::{CappedDef, LimitCount, LimitDef, Period, PolicyDef, SendingRules, ThrottleDef};
pub use timing::{CollectDef, TimelineArmDef, TimelineDef, UpdateDef};
pub use trigger::{
    Aggregate, EventPattern, ExistingDef, HistoryWindow, IfPast, MessageEvent, MessageTarget, Query, Recurrence, Trigger, TriggerKind, TriggerZone,
};
