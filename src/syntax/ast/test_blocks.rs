//! `test` blocks: what is given, what happens, what is expected.

use super::{Arg, Change, Channel, Doc, Duration, Expr, Moment, Name, Object, Ref, Text, Zone};
use crate::base::{Span, Spanned};

/// `test "…" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Text,
    /// Its lines.
    pub steps: Vec<TestStep>,
}

/// One line of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStep {
    /// The line.
    pub span: Span,
    /// `ana:` before it.
    pub who: Option<Name>,
    /// What it says.
    pub kind: TestStepKind,
}

/// What a line of a test says.
#[derive(Clone, Debug, PartialEq)]
pub enum TestStepKind {
    /// `given contact [ana] { … }`
    GivenContact {
        /// What the test calls them.
        name: Option<Name>,
        /// Their fields.
        fields: Object,
    },
    /// `given now 2026-12-01 09:00 [in "…"]`
    GivenNow {
        /// When the test begins.
        at: Moment,
        /// Its zone.
        zone: Option<Zone>,
    },
    /// `given webhook crm answers { … }`
    GivenWebhook {
        /// Which.
        webhook: Name,
        /// What it answers.
        answer: Object,
    },
    /// `after 3d`
    After(Duration),
    /// `at 2026-12-04 09:00 [in "…"]`
    At {
        /// The moment.
        at: Moment,
        /// Its zone.
        zone: Option<Zone>,
    },
    /// `expect …`
    Expect(Expectation),
    /// A step that changes a contact.
    Change(Change),
    /// Something happens.
    Event(TestEvent),
    /// `pause campaign X`
    Pause(Ref),
    /// `resume campaign X [with catch up]`
    Resume {
        /// Which.
        campaign: Ref,
        /// The words `with catch up`, if there.
        catch_up: Option<Span>,
    },
    /// `merge bob into ana`
    Merge {
        /// Who goes.
        from: Name,
        /// Who stays.
        into: Name,
    },
    /// `erase ana`
    Erase(Name),
    /// `clear device`
    ClearDevice,
    /// `receive sms "STOP"`
    ReceiveSms(Text),
    /// What could not be read.
    Error,
}

/// `opened(M) [by machine]`, `purchase { … } happened 2d ago`
#[derive(Clone, Debug, PartialEq)]
pub struct TestEvent {
    /// The event.
    pub name: Name,
    /// What stands in parentheses, where there are any.
    pub args: Option<Vec<Arg>>,
    /// Its properties.
    pub properties: Option<Object>,
    /// `by machine`, `softly`
    pub manner: Option<Spanned<Manner>>,
    /// How long ago it happened.
    pub happened_ago: Option<Duration>,
}

/// How an event about a message came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Manner {
    /// `by machine`: an open that no person made.
    ByMachine,
    /// `softly`: a bounce that may pass.
    Softly,
}

/// What a test expects.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// From `expect` on.
    pub span: Span,
    /// What.
    pub kind: ExpectationKind,
}

/// The forms of an expectation.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectationKind {
    /// `expect email M [to ana] [at "address"] [containing "…"]`, `expect sms containing "…" [to ana]`
    Message(Channel, ExpectedSend),
    /// `expect webhook crm [{ … }]`
    Webhook {
        /// Which.
        webhook: Name,
        /// What its body holds at least.
        body: Option<Object>,
    },
    /// `expect notify "a@b" [containing "…"]`
    Notify {
        /// The address.
        to: Text,
        /// What it says.
        containing: Option<Text>,
    },
    /// `expect nothing for 2d`
    Nothing(Duration),
    /// `expect no email`, `expect no goal`
    No(Spanned<ExpectedKind>),
    /// `expect skipped email M [because "…"] [to ana]`
    Skipped {
        /// On which channel.
        channel: Channel,
        /// Which message.
        message: Ref,
        /// Why.
        because: Option<Text>,
        /// To whom.
        to: Option<Name>,
    },
    /// `expect at step NAME`
    AtStep(Ref),
    /// `expect stopped ["reason"]`
    Stopped(Option<Text>),
    /// `expect goal "x" [of campaign C]`
    Goal {
        /// Which; none is the campaign's only one.
        goal: Option<Text>,
        /// Of which campaign.
        campaign: Option<Ref>,
    },
    /// `expect refused campaign X [because "…"]`
    Refused {
        /// Which.
        campaign: Ref,
        /// Why.
        because: Option<Text>,
    },
    /// `expect CONDITION`
    Condition(Expr),
}

/// Which sending is expected.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpectedSend {
    /// The message by its name, or an inline one by its step's; without one, `containing` says which.
    pub which: Option<Ref>,
    /// To whom.
    pub to: Option<Name>,
    /// To which address.
    pub address: Option<Text>,
    /// What it says.
    pub containing: Option<Text>,
}

/// What may stand after `expect no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExpectedKind {
    /// An e-mail.
    Email,
    /// A text message.
    Sms,
    /// A push notification.
    Push,
    /// A webhook call.
    Webhook,
    /// An internal mail.
    Notify,
    /// Any of the channels.
    Message,
    /// A goal.
    Goal,
}
