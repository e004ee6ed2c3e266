//! A campaign: its header lines and triggers. Its steps have a file of their own.

use super::{Arg, ClockTime, DateTime, Doc, Duration, Expr, Length, Moment, Name, Number, Path, Percent, Ref, Step, Text, Value};
use crate::base::{Span, Spanned};

/// `campaign X [was OLD] { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// The declaration.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// Its name.
    pub name: Ref,
    /// What it was called before.
    pub was: Option<Ref>,
    /// Header lines and steps, as they stand.
    pub items: Vec<Item>,
}

/// What may stand in a campaign or a block. A header line out of its place is for a later stage to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// A header line.
    Header(Header),
    /// A step.
    Step(Step),
    /// What could not be read; a finding tells why.
    Error(Span),
}

impl Item {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Item::Header(header) => header.span,
            Item::Step(step) => step.span,
            Item::Error(span) => *span,
        }
    }
}

/// One header line.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The line.
    pub span: Span,
    /// Its doc comment.
    pub doc: Option<Doc>,
    /// What it says.
    pub kind: HeaderKind,
}

/// What a header line says.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderKind {
    /// `draft`
    Draft,
    /// `published`
    Published,
    /// `active from … until …`: one of them at least.
    Active {
        /// The first day or moment.
        from: Option<Moment>,
        /// The last day or moment.
        until: Option<Moment>,
    },
    /// `when A or B [as NAME]`
    When {
        /// The alternatives, at least one.
        triggers: Vec<Trigger>,
        /// The name of the triggering event.
        capture: Option<Name>,
    },
    /// `when every …`, `when at …`
    Broadcast(Broadcast),
    /// `update NAME when EVENT`
    Update {
        /// The name given by `as`.
        capture: Name,
        /// What replaces it.
        event: EventPattern,
    },
    /// `collect NAME for D [sliding up to D] [by …]`
    Collect(Collect),
    /// `only if …`
    OnlyIf(Expr),
    /// `reenter …`
    Reenter(Reenter),
    /// `retrigger …`
    Retrigger(Retrigger),
    /// `exit when …`
    ExitWhen(Expr),
    /// `stay while …`
    StayWhile(Expr),
    /// `goal ["name" =] … [within D]`
    Goal(Goal),
    /// `send between … and …`
    Send(Window),
    /// `limit …`
    Limit(Limit),
    /// `capped …`
    Capped(Capped),
    /// `throttle …`
    Throttle(Throttle),
    /// `holdout 10%`
    Holdout(Percent),
    /// `priority 5`
    Priority(Number),
    /// `migrate { … }`
    Migrate(Vec<Migration>),
}

/// One alternative of a `when`.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// Where it stands.
    pub span: Span,
    /// What enrols.
    pub kind: TriggerKind,
}

/// What enrols a contact.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerKind {
    /// `segment X [including existing [N per …]]`
    Segment {
        /// The segment entered.
        segment: Ref,
        /// Whether today's members count too.
        including: Option<Including>,
    },
    /// `leaving segment X`
    LeavingSegment(Ref),
    /// `list X`
    List(Ref),
    /// `leaving list X`
    LeavingList(Ref),
    /// `subscribed to X`
    SubscribedTo(Ref),
    /// `unsubscribed from X`
    UnsubscribedFrom(Ref),
    /// `tag "x"`
    Tag(Text),
    /// `untagged "x"`
    Untagged(Text),
    /// `points reach N [in group G]`
    PointsReach(Number, Option<Ref>),
    /// `contact created`
    ContactCreated,
    /// `date FIELD …`, `3d before FIELD …`
    Date(DateTrigger),
    /// `enrolled`
    Enrolled,
    /// `FIELD changes [from v] [to v]`
    Changes {
        /// The field.
        field: Path,
        /// Only from this value.
        from: Option<Value>,
        /// Only to this value.
        to: Option<Value>,
    },
    /// Any event.
    Event(EventPattern),
}

/// `including existing [N per …]`
#[derive(Clone, Debug, PartialEq)]
pub struct Including {
    /// The words.
    pub span: Span,
    /// How fast.
    pub pace: Option<Pace>,
}

/// `date FIELD [every year] [at T]`, `3d before FIELD …`, `3d after FIELD …`
#[derive(Clone, Debug, PartialEq)]
pub struct DateTrigger {
    /// How far from it; none is the day itself.
    pub offset: Option<Offset>,
    /// The date.
    pub field: Path,
    /// The words `every year`, if there.
    pub every_year: Option<Span>,
    /// The time of day.
    pub at: Option<ClockTime>,
}

/// `3d before`, `2h after`
#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    /// Both.
    pub span: Span,
    /// How far.
    pub length: Length,
    /// To which side.
    pub side: Side,
}

/// Before or after a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// `purchase`, `purchase(amount > 3)`, `opened(welcome)`
#[derive(Clone, Debug, PartialEq)]
pub struct EventPattern {
    /// Where it stands.
    pub span: Span,
    /// The event.
    pub name: Name,
    /// What stands in parentheses, where there are any.
    pub args: Option<Vec<Arg>>,
}

/// `every monday at 09:00 for …`, `at 2026-11-27 09:00 for …`
#[derive(Clone, Debug, PartialEq)]
pub struct Broadcast {
    /// After `when`.
    pub span: Span,
    /// When.
    pub schedule: Schedule,
    /// Whose clock.
    pub zone: Option<Zone>,
    /// To whom.
    pub audience: Expr,
    /// What happens to those for whom the time is past.
    pub if_past: Option<Spanned<IfPast>>,
}

/// When a broadcast goes out.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Again and again.
    Every {
        /// On which days.
        cadence: Spanned<Cadence>,
        /// At which time.
        at: ClockTime,
    },
    /// Once.
    At(DateTime),
}

/// On which days.
#[derive(Clone, Debug, PartialEq)]
pub enum Cadence {
    /// `monday, thursday`
    Weekdays(Vec<Spanned<Weekday>>),
    /// `day`
    Day,
    /// `weekday`: Monday to Friday
    WorkingDay,
    /// `month on day 1`
    MonthDay(Number),
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weekday {
    /// Monday
    Monday,
    /// Tuesday
    Tuesday,
    /// Wednesday
    Wednesday,
    /// Thursday
    Thursday,
    /// Friday
    Friday,
    /// Saturday
    Saturday,
    /// Sunday
    Sunday,
}

/// What happens to those for whom a broadcast's time is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IfPast {
    /// `if past now`
    Now,
    /// `if past next day`
    NextDay,
    /// `if past skip`
    Skip,
}

/// `collect NAME for D [sliding up to D] [by …]`
#[derive(Clone, Debug, PartialEq)]
pub struct Collect {
    /// The name given by `as`.
    pub capture: Name,
    /// How long.
    pub length: Duration,
    /// How long at most, where each event slides the end.
    pub sliding_up_to: Option<Duration>,
    /// What is gathered apart.
    pub by: Option<Expr>,
}

/// Whether one who has ended may come again.
#[derive(Clone, Debug, PartialEq)]
pub enum Reenter {
    /// `never`
    Never,
    /// `always`
    Always,
    /// `after 30d`
    After(Duration),
    /// `each order.id`
    Each(Expr),
}

/// What a trigger does while enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retrigger {
    /// `ignore`
    Ignore,
    /// `restart`
    Restart,
}

/// `goal ["name" =] … [within D]`
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Its name.
    pub name: Option<Text>,
    /// What counts.
    pub condition: Expr,
    /// In which time.
    pub within: Option<Length>,
}

/// `between T and T [on …] [in …]`: of `send` and of `quiet hours`.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// The line.
    pub span: Span,
    /// Its start, included.
    pub from: ClockTime,
    /// Its end, excluded.
    pub to: ClockTime,
    /// On which days.
    pub days: Option<Days>,
    /// Whose clock.
    pub zone: Option<Zone>,
}

/// `on weekdays`, `on monday, tuesday`
#[derive(Clone, Debug, PartialEq)]
pub struct Days {
    /// With its `on`.
    pub span: Span,
    /// Which.
    pub kind: DaysKind,
}

/// Days of the week.
#[derive(Clone, Debug, PartialEq)]
pub enum DaysKind {
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekends,
    /// As listed.
    Listed(Vec<Spanned<Weekday>>),
}

/// `in contact timezone`, `in "America/Toronto"`
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// With its `in`.
    pub span: Span,
    /// Which.
    pub kind: ZoneKind,
}

/// Whose clock.
#[derive(Clone, Debug, PartialEq)]
pub enum ZoneKind {
    /// Each contact's own.
    Contact,
    /// One zone for everybody.
    Named(Text),
}

/// `limit N messages per week [else skip / wait]`
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The line.
    pub span: Span,
    /// How many.
    pub count: Number,
    /// Of what.
    pub what: Spanned<LimitWhat>,
    /// In which time.
    pub per: Per,
    /// What else.
    pub otherwise: Option<Spanned<AtCap>>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LimitWhat {
    /// All channels.
    Messages,
    /// E-mails.
    Emails,
    /// Text messages.
    Sms,
    /// Push notifications.
    Pushes,
}

/// What a message does at a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtCap {
    /// It is skipped.
    Skip,
    /// It waits.
    Wait,
}

/// `capped skip`, `capped wait [up to D]`
#[derive(Clone, Debug, PartialEq)]
pub struct Capped {
    /// What messages do at a cap of the policy.
    pub at_cap: AtCap,
    /// How long they wait at most.
    pub up_to: Option<Length>,
}

/// `throttle N per hour [doubling]`
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// The line.
    pub span: Span,
    /// The pace.
    pub pace: Pace,
    /// The word `doubling`, if there.
    pub doubling: Option<Span>,
}

/// `N per hour`
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// Where it stands.
    pub span: Span,
    /// How many.
    pub count: Number,
    /// In which time.
    pub per: Per,
}

/// What stands after `per`.
#[derive(Clone, Debug, PartialEq)]
pub struct Per {
    /// Where it stands.
    pub span: Span,
    /// Which.
    pub kind: PerKind,
}

/// A calendar unit, a campaign, or a rolling time.
#[derive(Clone, Debug, PartialEq)]
pub enum PerKind {
    /// `hour`
    Hour,
    /// `day`
    Day,
    /// `week`
    Week,
    /// `month`
    Month,
    /// `year`
    Year,
    /// `campaign`
    Campaign,
    /// `7d`
    Rolling(Duration),
}

/// `from OLD to NEW`, `from OLD stop`
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The line.
    pub span: Span,
    /// The step that was.
    pub from: Ref,
    /// Where its contacts go on; none is `stop`.
    pub to: Option<Ref>,
}
