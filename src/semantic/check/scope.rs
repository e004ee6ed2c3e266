//! What names mean at one place.

use crate::base::Span;
use crate::bytecode::{CampaignId, Channel, EventId, FieldId, MessageId, SegmentId, SlotId, StepId, WebhookId};
use crate::semantic::hir;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What history is counted from where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Since {
    /// There is no enrollment here: ever.
    #[default]
    Ever,
    /// The latest sending, or the start of the enrollment.
    Enrollment,
}

/// What a captured record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptureKind {
    /// A custom event or form.
    Event(EventId),
    /// Several of them: `count`, `items`, and the properties of the first.
    Collected(EventId),
    /// A built-in event: nothing is known of its properties.
    Opaque,
    /// A webhook's answer: `ok`, `status`, `body`.
    Answer,
}

/// A captured record.
#[derive(Clone, Debug)]
pub(crate) struct Capture {
    pub name: Arc<str>,
    pub slot: SlotId,
    pub kind: CaptureKind,
    /// Whether it is there in every enrollment that comes to this place.
    pub is_sure: bool,
    pub span: Span,
}

/// What a parameter of a sequence stands for.
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    Value(hir::Expr),
    Message(MessageId),
    Segment(SegmentId),
    Webhook(WebhookId),
    /// A message, segment or webhook while the sequence is checked by itself, or an argument that does not fit.
    Open(OpenKind),
}

/// For what an open parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenKind {
    Message(Channel),
    Segment,
    Webhook,
}

/// What is known to have a value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub fields: Vec<FieldId>,
    pub slots: Vec<SlotId>,
    /// Parts of captured records, by their names; of an answer whose `ok` holds, that.
    pub parts: Vec<(SlotId, Vec<Arc<str>>)>,
}

/// A step by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedStep {
    pub id: StepId,
    pub channel: Option<Channel>,
    pub span: Span,
}

/// What names mean at one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// In the predicate of a pattern, and in amounts of point rules: the event that is being looked at.
    pub event: Option<Option<EventId>>,
    pub captures: Vec<Capture>,
    pub params: Vec<(Arc<str>, Binding)>,
    pub since: Since,
    pub campaign: Option<CampaignId>,
    /// Named steps of the campaign, by their names as they are written inside the same sequence.
    pub steps: BTreeMap<String, NamedStep>,
    /// `do nurture/`: what stands before names and paths inside an expanded sequence.
    pub prefix: String,
    pub known: Known,
    /// Whether steps may be named by any campaign's (tests).
    pub is_test: bool,
    /// Sequences that are being expanded, the outermost first.
    pub expanding: Vec<Arc<str>>,
}

impl Scope {
    /// The captured record of that name.
    pub(crate) fn capture(&self, name: &str) -> Option<&Capture> {
        self.captures.iter().rev().find(|capture| capture.name.as_ref() == name)
    }
    /// The parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<&Binding> {
        self.params.iter().find(|(param, _)| param.as_ref() == name).map(|(_, binding)| binding)
    }
    /// Whether the record is surely there.
    pub(crate) fn is_known(&self, capture: &Capture) -> bool {
        capture.is_sure || self.known.slots.contains(&capture.slot)
    }
}
