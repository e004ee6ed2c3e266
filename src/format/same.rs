//! The proof that formatting changed nothing: two trees are compared in all but their places.
//!
//! Every field of every node is named here, and the compiler holds the list to the tree: a new one that nobody compares does not build.

use crate::base::{Span, Spanned};
use crate::syntax::ast::*;
use std::sync::Arc;

/// Whether two files say the same: their trees but for places, and their comments, in order, word for word.
#[must_use]
pub fn is_same(before: (&str, &File), after: (&str, &File)) -> bool {
    let comments =
        |(text, file): (&str, &File)| -> Vec<String> { file.comments.iter().map(|comment| text.get(comment.span.range()).unwrap_or("").to_string()).collect() };
    before.1.decls.same(&after.1.decls) && comments(before) == comments(after)
}

/// Equal in all but places.
trait Same {
    fn same(&self, other: &Self) -> bool;
}

/// A place is no part of what is said; that there is one may be.
impl Same for Span {
    fn same(&self, _: &Self) -> bool {
        true
    }
}
impl<T: Same> Same for Option<T> {
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
impl<T: Same> Same for Vec<T> {
    fn same(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a.same(b))
    }
}
impl<T: Same> Same for Box<T> {
    fn same(&self, other: &Self) -> bool {
        (**self).same(other)
    }
}
impl<T: Same> Same for &T {
    fn same(&self, other: &Self) -> bool {
        (**self).same(other)
    }
}
impl<T: Same> Same for Spanned<T> {
    fn same(&self, other: &Self) -> bool {
        self.value.same(&other.value)
    }
}
/// The runs and the template's regions follow from value and place.
impl Same for Text {
    fn same(&self, other: &Self) -> bool {
        let Text { value, form, span: _, runs: _, segments: _ } = self;
        *value == other.value && *form == other.form
    }
}
/// The value follows from the text.
impl Same for Number {
    fn same(&self, other: &Self) -> bool {
        let Number { text, value: _, span: _ } = self;
        *text == other.text
    }
}

/// What is equal as it stands.
macro_rules! plain {
    ($($name:ty)*) => {$(
        impl Same for $name {
            fn same(&self, other: &Self) -> bool {
                self == other
            }
        }
    )*};
}
macro_rules! tuples {
    ($($($name:ident $index:tt)+;)*) => {$(
        impl<$($name: Same),+> Same for ($($name,)+) {
            fn same(&self, other: &Self) -> bool {
                $(self.$index.same(&other.$index))&&+
            }
        }
    )*};
}
macro_rules! structs {
    ($($name:ident: $($field:ident)+;)*) => {$(
        impl Same for $name {
            fn same(&self, other: &Self) -> bool {
                let $name { $($field),+ } = self;
                $($field.same(&other.$field))&&+
            }
        }
    )*};
}
macro_rules! enums {
    ($($name:ident { $($variant:ident $(($($of:ident),+))? $({ $($field:ident)+ })?;)+ })*) => {$(
        impl Same for $name {
            fn same(&self, other: &Self) -> bool {
                match self {
                    $($name::$variant $(($($of),+))? $({ $($field),+ })? => {
                        let mine = ($($($of,)+)? $($($field,)+)?);
                        let $name::$variant $(($($of),+))? $({ $($field),+ })? = other else { return false };
                        mine.same(&($($($of,)+)? $($($field,)+)?))
                    })+
                }
            }
        }
    )*};
}

impl Same for () {
    fn same(&self, (): &Self) -> bool {
        true
    }
}

plain! { bool i8 i16 Arc<str> DurationPart
AnyKind LogicOp ArithmeticOp CompareOp TextOp StateTest Opt Channel Sign Side Weekday IfPast Retrigger LimitWhat AtCap Manner ExpectedKind }
tuples! { A 0; A 0 B 1; A 0 B 1 C 2; A 0 B 1 C 2 D 3; }
structs! {
    Name: text span;
    Ref: text span is_quoted;
    Path: span root rest;
    Doc: span text;
    Percent: number span;
    Duration: parts span;
    Date: year month day span;
    ClockTime: hour minute second span;
    DateTime: date time span;
    Expr: kind span;
    Call: span name args;
    AnyMessage: span kind;
    Property: call name;
    Logic: op operands;
    Arithmetic: op op_span left right;
    Compare: op op_span left right ignoring_case;
    OneOf: subject is_negated options;
    Between: subject low high;
    TextTest: op subject pattern ignoring_case;
    State: subject test is_negated;
    InLast: subject length;
    Object: span pairs;
    Pair: span key value;
    Array: span items;
    Project: span doc name items;
    ProjectItem: span kind;
    Use: span doc path;
    Contact: span doc schema;
    Schema: span fields;
    Field: span doc name ty default;
    Type: span kind;
    Event: span doc name spellings schema;
    Form: span doc name schema;
    Segment: span doc name was condition;
    List: span doc name was;
    Topic: span doc name was title opt;
    Message: span doc channel name was content;
    MessageAttr: span kind;
    Webhook: span doc name attrs;
    WebhookAttr: span kind;
    Points: span doc group rules;
    PointRule: span kind;
    PointDelta: span sign amount;
    AtMostOnce: span per;
    Policy: span doc items;
    PolicyItem: span kind;
    Sequence: span doc name params body;
    Campaign: span doc name was items;
    Header: span doc kind;
    Trigger: span kind;
    Including: span pace;
    DateTrigger: offset field every_year at;
    Offset: span length side;
    EventPattern: span name args;
    Broadcast: span schedule zone audience if_past;
    Collect: capture length sliding_up_to by;
    Goal: name condition within;
    Window: span from to days zone;
    Days: span kind;
    Zone: span kind;
    Limit: span count what per otherwise;
    Capped: at_cap up_to;
    Throttle: span pace doubling;
    Pace: span count per;
    Per: span kind;
    Migration: span from to;
    Block: span items;
    Step: span doc label kind;
    Send: channel content;
    Until: span anchor at zone;
    If: condition within then otherwise;
    Timeline: anchor again_when_moved arms;
    SplitArm: span share label body;
    Experiment: variants winner;
    Variant: span name share body;
    Winner: span measure goal after;
    Repeat: times every until body;
    Test: span doc name steps;
    TestStep: span who kind;
    TestEvent: name args properties manner happened_ago;
    Expectation: span kind;
    ExpectedSend: which to address containing;
}
enums! {
    Length {
        Literal(it);
        Name(it);
    }
    Moment {
        Date(it);
        DateTime(it);
    }
    Address {
        Text(it);
        Path(it);
    }
    ExprKind {
        Text(it);
        Number(it);
        Percent(it);
        Bool(it);
        Date(it);
        Time(it);
        DateTime(it);
        Duration(it);
        Ago(it);
        FromNow(it);
        Path(it);
        PointsInGroup(it);
        Call(it);
        Property(it);
        Paren(it);
        Not(it);
        Negate(it);
        Logic(it);
        Arithmetic(it);
        Compare(it);
        OneOf(it);
        Between(it);
        TextTest(it);
        State(it);
        HasTag(it);
        InSegment(it);
        InList(it);
        InCampaign(it);
        FinishedCampaign(it);
        SubscribedTo(it);
        InLast(it);
        Ever(it);
        Error;
    }
    Arg {
        Expr(it);
        Any(it);
    }
    Value {
        Expr(it);
        Object(it);
        Array(it);
    }
    Decl {
        Project(it);
        Use(it);
        Contact(it);
        Event(it);
        Form(it);
        Segment(it);
        List(it);
        Topic(it);
        Message(it);
        Webhook(it);
        Points(it);
        Policy(it);
        Sequence(it);
        Campaign(it);
        Test(it);
        Error(it);
    }
    ProjectItemKind {
        Timezone(it);
        From(it);
        ReplyTo(it);
        Address(it);
        Holidays(it);
        Locales(it);
        ControlGroup(it);
        MachineOpensCount;
        Consent(it);
        Error;
    }
    TypeKind {
        Text;
        Number;
        Bool;
        Date;
        DateTime;
        Duration;
        Email;
        Sms;
        Push;
        Webhook;
        Segment;
        Enum(it);
        List(it);
    }
    MessageContent {
        Text(it);
        Attrs(it);
    }
    MessageAttrKind {
        Subject(it);
        Body(it);
        Text(it);
        Title(it);
        Link(it);
        From(it);
        ReplyTo(it);
        Preheader(it);
        Topic(it);
        Transactional;
        To(it);
        Cc(it);
        Bcc(it);
        Attach(it);
        Headers(it);
        Locale { locale attrs };
        Error;
    }
    TextSource {
        Inline(it);
        File(it);
    }
    WebhookAttrKind {
        Url(it);
        Method(it);
        SecretText(it);
        SecretEnv(it);
        Headers(it);
        Body(it);
        Timeout(it);
        Error;
    }
    PointRuleKind {
        On { event delta at_most };
        Decay { share per };
        Error;
    }
    PolicyItemKind {
        QuietHours(it);
        Limit(it);
        Throttle(it);
        Error;
    }
    Item {
        Header(it);
        Step(it);
        Error(it);
    }
    HeaderKind {
        Draft;
        Published;
        Active { from until };
        When { triggers capture };
        Broadcast(it);
        Update { capture event };
        Collect(it);
        OnlyIf(it);
        Reenter(it);
        Retrigger(it);
        ExitWhen(it);
        StayWhile(it);
        Goal(it);
        Send(it);
        Limit(it);
        Capped(it);
        Throttle(it);
        Holdout(it);
        Priority(it);
        Migrate(it);
    }
    TriggerKind {
        Segment { segment including };
        LeavingSegment(it);
        List(it);
        LeavingList(it);
        SubscribedTo(it);
        UnsubscribedFrom(it);
        Tag(it);
        Untagged(it);
        PointsReach(it, group);
        ContactCreated;
        Date(it);
        Enrolled;
        Changes { field from to };
        Event(it);
    }
    Schedule {
        Every { cadence at };
        At(it);
    }
    Cadence {
        Weekdays(it);
        Day;
        WorkingDay;
        MonthDay(it);
    }
    Reenter {
        Never;
        Always;
        After(it);
        Each(it);
    }
    DaysKind {
        Weekdays;
        Weekends;
        Listed(it);
    }
    ZoneKind {
        Contact;
        Named(it);
    }
    PerKind {
        Hour;
        Day;
        Week;
        Month;
        Year;
        Campaign;
        Rolling(it);
    }
    StepKind {
        Send(it);
        Reach(it);
        Webhook { webhook body };
        Notify { to subject body };
        Change(it);
        Emit { event properties };
        Wait { length then_until };
        WaitBetween { low high };
        WaitUntil(it);
        WaitFor { condition up_to };
        If(it);
        Await(it);
        Timeline(it);
        Split(it);
        Experiment(it);
        Repeat(it);
        Parallel(it);
        Do { sequence args };
        Stop(it);
    }
    SendContent {
        Named(it);
        Text(it);
        Attrs(it);
    }
    ReachArm {
        Step(it);
        Error(it);
    }
    Change {
        Set { field value };
        Clear(it);
        Points { delta group };
        SetPoints { amount group };
        Tag(it);
        Untag(it);
        AddToList(it);
        RemoveFromList(it);
        AddItem { item field };
        RemoveItem { item field };
        Subscribe(it);
        Unsubscribe(it);
        Mute(it);
        Enroll(it);
        Leave(it);
    }
    UntilAnchor {
        Weekday(it);
        Moment(it);
        Field(it);
        Around { offset field };
    }
    Arm {
        Block(it);
        Step(it);
    }
    AwaitArm {
        On { span condition capture body };
        After { span length body };
        Error(it);
    }
    TimelineArm {
        At { span offset at body };
        Error(it);
    }
    TestStepKind {
        GivenContact { name fields };
        GivenNow { at zone };
        GivenWebhook { webhook answer };
        After(it);
        At { at zone };
        Expect(it);
        Change(it);
        Event(it);
        Pause(it);
        Resume { campaign catch_up };
        Merge { from into };
        Erase(it);
        ClearDevice;
        ReceiveSms(it);
        Error;
    }
    ExpectationKind {
        Message(channel, send);
        Webhook { webhook body };
        Notify { to containing };
        Nothing(it);
        No(it);
        Skipped { channel message because to };
        AtStep(it);
        Stopped(it);
        Goal { goal campaign };
        Refused { campaign because };
        Condition(it);
    }
}
