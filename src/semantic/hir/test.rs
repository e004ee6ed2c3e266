//! `test` blocks, resolved: what is given, what happens, what is expected.

use super::{Expr, StepKind};
use crate::base::Span;
use crate::bytecode::{CampaignId, Channel, EventId, FieldId, MessageEvent, MessageId, MessageTarget, StepId, WebhookId};
use crate::lang::{Date, Duration, TimeOfDay};
use std::sync::Arc;

crate::typed_id! {
    /// A contact of one test, in the order given.
    pub struct TestContactId;
}

/// A `test` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Its name.
    pub name: Arc<str>,
    /// When it begins; else Monday 2026-01-05 09:00 in the project's zone.
    pub now: Option<TestMoment>,
    /// By `TestContactId`. They come into being at their [`TestStepKind::GivenContact`].
    pub contacts: Vec<TestContact>,
    /// What webhooks answer; others 200 with nothing.
    pub answers: Vec<WebhookAnswer>,
    /// Its lines in source order.
    pub steps: Vec<TestStep>,
    /// Its doc comment.
    pub doc: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// A wall-clock moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TestMoment {
    /// The day.
    pub date: Date,
    /// The time; of a bare date midnight.
    pub time: TimeOfDay,
    /// The line's zone; else that of the test's `given now`, else the project's.
    pub zone: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// A contact of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestContact {
    /// What the test calls them.
    pub name: Option<Arc<str>>,
    /// Their fields; `points` is a field here. The values are literals, lists of literals or [`super::ExprKind::LocalDateTime`].
    pub values: Vec<(FieldId, Expr)>,
    /// Where it was written.
    pub span: Span,
}

/// `given webhook crm answers { status: 500, body: { … } }`
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookAnswer {
    /// Which.
    pub webhook: WebhookId,
    /// The status.
    pub status: u16,
    /// A [`super::ExprKind::Record`] of literals.
    pub body: Option<Expr>,
    /// Where it was written.
    pub span: Span,
}

/// A line of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStep {
    /// Whom it is about: the one named, or the test's only one. None only where no contact is needed, or in an expectation.
    pub who: Option<TestContactId>,
    /// What it says.
    pub kind: TestStepKind,
    /// Where it was written.
    pub span: Span,
}

/// What a line of a test says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TestStepKind {
    /// The contact comes into being.
    GivenContact(TestContactId),
    After(Duration),
    At(TestMoment),
    Event(TestEvent),
    /// One of the steps that change a contact.
    Change(StepKind),
    Expect(Expectation),
    Pause(CampaignId),
    Resume {
        campaign: CampaignId,
        is_catching_up: bool,
    },
    Merge {
        from: TestContactId,
        into: TestContactId,
    },
    Erase(TestContactId),
    ClearDevice,
    ReceiveSms(Arc<str>),
    /// Poison.
    Error,
}

/// Something happens.
#[derive(Clone, Debug, PartialEq)]
pub struct TestEvent {
    /// What.
    pub kind: TestEventKind,
    /// `happened 2d ago`
    pub happened_ago: Option<Duration>,
}

/// What happens.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum TestEventKind {
    /// A custom event or form; the properties are a [`super::ExprKind::Record`] of literals.
    Custom { event: EventId, properties: Option<Expr> },
    /// The path as written.
    Visited(Arc<str>),
    /// `url` of a click, `text` of a reply. The target is never [`MessageTarget::Any`].
    Message { event: MessageEvent, target: MessageTarget, url: Option<Arc<str>>, text: Option<Arc<str>>, is_machine: bool, is_soft: bool },
}

/// What a test expects.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Expectation {
    /// Consumes the earliest unconsumed send of that channel (and contact).
    Message {
        channel: Channel,
        /// Any, if none is named.
        which: Option<ExpectedMessage>,
        to: Option<TestContactId>,
        address: Option<Arc<str>>,
        containing: Option<Arc<str>>,
    },
    /// The body is a [`super::ExprKind::Record`]: what is written there must be there.
    Webhook {
        webhook: WebhookId,
        body: Option<Expr>,
    },
    Notify {
        to: Arc<str>,
        containing: Option<Arc<str>>,
    },
    Nothing(Duration),
    No(ExpectedKind),
    Skipped {
        channel: Channel,
        message: ExpectedMessage,
        because: Option<Arc<str>>,
        to: Option<TestContactId>,
    },
    /// The steps of that name or path, over all campaigns.
    AtStep {
        name: Arc<str>,
        steps: Vec<StepId>,
    },
    Stopped(Option<Arc<str>>),
    Goal {
        goal: Option<Arc<str>>,
        campaign: Option<CampaignId>,
    },
    Refused {
        campaign: CampaignId,
        because: Option<Arc<str>>,
    },
    /// History atoms mean ever.
    Condition(Expr),
}

/// Which message is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedMessage {
    /// By its name.
    Named(MessageId),
    /// By the name or path of the step that sends it, over all campaigns.
    Steps(Vec<StepId>),
}

/// What may stand after `expect no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExpectedKind {
    Email,
    Sms,
    Push,
    Webhook,
    Notify,
    Message,
    Goal,
}
