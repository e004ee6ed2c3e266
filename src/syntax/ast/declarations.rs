//! What may stand at the top of a file. Campaigns have a file of their own.

use super::{Address, Block, Campaign, Doc, Duration, EventPattern, Expr, Limit, Name, Object, Per, Percent, Ref, Test, Text, Throttle, Value, Window};
use crate::base::{Span, Spanned};

/// A declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Decl {
    /// `project "Acme" { … }`
    Project(Project),
    /// `use "shared.camp"`
    Use(Use),
    /// `contact { … }`
    Contact(Contact),
    /// `event NAME …`
    Event(Event),
    /// `form NAME …`
    Form(Form),
    /// `segment X = …`
    Segment(Segment),
    /// `list X`
    List(List),
    /// `topic X …`
    Topic(Topic),
    /// `email`, `sms` or `push` and a name.
    Message(Message),
    /// `webhook NAME { … }`
    Webhook(Webhook),
    /// `points { … }`
    Points(Points),
    /// `policy { … }`
    Policy(Policy),
    /// `sequence NAME(…) { … }`
    Sequence(Sequence),
    /// `campaign X { … }`
    Campaign(Campaign),
    /// `test "…" { … }`
    Test(Test),
    /// What could not be read; a finding tells why.
    Error(Span),
}

impl Decl {
    /// Where it stands, from its first word to its last.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Decl::Project(d) => d.span,
            Decl::Use(d) => d.span,
            Decl::Contact(d) => d.span,
            Decl::Event(d) => d.span,
            Decl::Form(d) => d.span,
            Decl::Segment(d) => d.span,
            Decl::List(d) => d.span,
            Decl::Topic(d) => d.span,
            Decl::Message(d) => d.span,
            Decl::Webhook(d) => d.span,
            Decl::Points(d) => d.span,
            Decl::Policy(d) => d.span,
            Decl::Sequence(d) => d.span,
            Decl::Campaign(d) => d.span,
            Decl::Test(d) => d.span,
            Decl::Error(span) => *span,
        }
    }
}

/// `project "Acme" { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Option<Text>,
    /// Its lines.
    pub items: Vec<ProjectItem>,
}

/// One line of `project`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectItem {
    /// The line.
    pub span: Span,
    /// What it says.
    pub kind: ProjectItemKind,
}

/// What a line of `project` says.
#[derive(Clone, Debug, PartialEq)]
pub enum ProjectItemKind {
    /// `timezone "America/Toronto"`
    Timezone(Text),
    /// `from "…"`
    From(Text),
    /// `reply to "…"`
    ReplyTo(Text),
    /// `address "…"`
    Address(Text),
    /// `holidays file "…"`
    Holidays(Text),
    /// `locales "en", "fr"`
    Locales(Vec<Text>),
    /// `control group 5%`
    ControlGroup(Percent),
    /// `machine opens count`
    MachineOpensCount,
    /// `consent opt in`
    Consent(Opt),
    /// What could not be read.
    Error,
}

/// `use "…"`
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// The file, relative to the one that names it.
    pub path: Text,
}

/// `contact { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its fields.
    pub schema: Schema,
}

/// `{ name: type, … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// With its braces.
    pub span: Span,
    /// In source order; names may repeat.
    pub fields: Vec<Field>,
}

/// `name: type [= default]`: a field, property or parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The field.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: Type,
    /// A literal.
    pub default: Option<Value>,
}

/// A type, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Where it stands.
    pub span: Span,
    /// Which.
    pub kind: TypeKind,
}

/// The types; those of messages, segments and durations are for parameters only.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `text`
    Text,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// `date`
    Date,
    /// `datetime`
    DateTime,
    /// `duration`
    Duration,
    /// `email`
    Email,
    /// `sms`
    Sms,
    /// `push`
    Push,
    /// `webhook`
    Webhook,
    /// `segment`
    Segment,
    /// `enum("a", "b")`
    Enum(Vec<Text>),
    /// `list(text)`
    List(Box<Type>),
}

/// `event NAME [from "…", "…"] [{ … }]`
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Name,
    /// How senders spell it.
    pub spellings: Vec<Text>,
    /// Its properties.
    pub schema: Option<Schema>,
}

/// `form NAME [{ … }]`
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub schema: Option<Schema>,
}

/// `segment X [was OLD] = …`
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Ref,
    /// What it was called before.
    pub was: Option<Ref>,
    /// Who belongs to it.
    pub condition: Expr,
}

/// `list X [was OLD]`
#[derive(Clone, Debug, PartialEq)]
pub struct List {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Ref,
    /// What it was called before.
    pub was: Option<Ref>,
}

/// `topic X [was OLD] ["Title"] [opt in / opt out]`
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Ref,
    /// What it was called before.
    pub was: Option<Ref>,
    /// What people read.
    pub title: Option<Text>,
    /// The rule of consent, where written.
    pub opt: Option<Spanned<Opt>>,
}

/// The rule of consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opt {
    /// Only who has said yes.
    In,
    /// Everyone until they say no.
    Out,
}

/// A way to reach a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
    /// Push notification.
    Push,
}

/// `email NAME [was OLD] { … }`, `sms NAME "…"`, `push NAME { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// How it goes out.
    pub channel: Channel,
    /// Its name.
    pub name: Name,
    /// What it was called before.
    pub was: Option<Ref>,
    /// What it says.
    pub content: MessageContent,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageContent {
    /// `sms NAME "…"`
    Text(Text),
    /// `{ … }`
    Attrs(Vec<MessageAttr>),
}

/// One line of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageAttr {
    /// The line.
    pub span: Span,
    /// What it says.
    pub kind: MessageAttrKind,
}

/// What a line of a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageAttrKind {
    /// `subject "…"`
    Subject(Text),
    /// `body "…"`, `body file "…"`
    Body(TextSource),
    /// `text "…"`: the text part of a mail, or what an sms says.
    Text(TextSource),
    /// `title "…"`
    Title(Text),
    /// `link "…"`
    Link(Text),
    /// `from "…"`
    From(Text),
    /// `reply to "…"`
    ReplyTo(Text),
    /// `preheader "…"`
    Preheader(Text),
    /// `topic X`
    Topic(Ref),
    /// `transactional`
    Transactional,
    /// `to …`
    To(Address),
    /// `cc …`
    Cc(Address),
    /// `bcc …`
    Bcc(Address),
    /// `attach file "…"`
    Attach(Text),
    /// `headers { … }`
    Headers(Object),
    /// `locale "fr" { … }`
    Locale {
        /// The locale.
        locale: Text,
        /// What is different in it.
        attrs: Vec<MessageAttr>,
    },
    /// What could not be read.
    Error,
}

/// A text in place, or the file that holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum TextSource {
    /// In place.
    Inline(Text),
    /// `file "…"`
    File(Text),
}

/// `webhook NAME { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Webhook {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Name,
    /// Its lines.
    pub attrs: Vec<WebhookAttr>,
}

/// One line of a webhook.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookAttr {
    /// The line.
    pub span: Span,
    /// What it says.
    pub kind: WebhookAttrKind,
}

/// What a line of a webhook says.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookAttrKind {
    /// `url "…"`
    Url(Text),
    /// `method POST`
    Method(Name),
    /// `secret "…"`
    SecretText(Text),
    /// `secret env("…")`
    SecretEnv(Text),
    /// `headers { … }`
    Headers(Object),
    /// `body { … }`
    Body(Object),
    /// `timeout 10s`
    Timeout(Duration),
    /// What could not be read.
    Error,
}

/// `points [GROUP] { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// The group; none is the main score.
    pub group: Option<Ref>,
    /// Its rules.
    pub rules: Vec<PointRule>,
}

/// One line of `points`.
#[derive(Clone, Debug, PartialEq)]
pub struct PointRule {
    /// The line.
    pub span: Span,
    /// What it says.
    pub kind: PointRuleKind,
}

/// What a line of `points` says.
#[derive(Clone, Debug, PartialEq)]
pub enum PointRuleKind {
    /// `on EVENT ±N [at most once [per …]]`
    On {
        /// What is scored.
        event: EventPattern,
        /// By how much.
        delta: PointDelta,
        /// How often at most.
        at_most: Option<AtMostOnce>,
    },
    /// `decay 10% per 30d`
    Decay {
        /// The share that is lost.
        share: Percent,
        /// In which time.
        per: Per,
    },
    /// What could not be read.
    Error,
}

/// `+10`, `-n`, `+(a / 2)`
#[derive(Clone, Debug, PartialEq)]
pub struct PointDelta {
    /// With its sign.
    pub span: Span,
    /// The sign.
    pub sign: Sign,
    /// A number, a name, or an expression in parentheses.
    pub amount: Expr,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// `+`
    Plus,
    /// `-`
    Minus,
}

/// `at most once [per …]`
#[derive(Clone, Debug, PartialEq)]
pub struct AtMostOnce {
    /// The words.
    pub span: Span,
    /// In which time; none is ever.
    pub per: Option<Per>,
}

/// `policy { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its lines.
    pub items: Vec<PolicyItem>,
}

/// One line of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyItem {
    /// The line.
    pub span: Span,
    /// What it says.
    pub kind: PolicyItemKind,
}

/// What a line of a policy says.
#[derive(Clone, Debug, PartialEq)]
pub enum PolicyItemKind {
    /// `quiet hours between 21:00 and 08:00`
    QuietHours(Window),
    /// `limit 3 messages per week`
    Limit(Limit),
    /// `throttle 5000 per day doubling`
    Throttle(Throttle),
    /// What could not be read.
    Error,
}

/// `sequence NAME(…) { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub params: Vec<Field>,
    /// Its steps.
    pub body: Block,
}
