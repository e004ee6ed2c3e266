//! Indices into the tables of one program. They mean nothing in another program: what must last has a stable id (deployment).

crate::typed_id! {
    /// A constant.
    pub struct ConstId;
    /// A piece of code that computes one value (a predicate, an amount, an object).
    pub struct BlockId;
    /// A field of the contact, built in or declared.
    pub struct FieldId;
    /// A custom event or a form.
    pub struct EventId;
    /// A static list.
    pub struct ListId;
    /// A subscription topic.
    pub struct TopicId;
    /// A segment.
    pub struct SegmentId;
    /// A point group; 0 is the one without a name.
    pub struct GroupId;
    /// A point rule.
    pub struct RuleId;
    /// A message, declared or inline.
    pub struct MessageId;
    /// A template.
    pub struct TemplateId;
    /// An outgoing webhook.
    pub struct WebhookId;
    /// A campaign.
    pub struct CampaignId;
    /// A step of a campaign.
    pub struct StepId;
    /// A history question.
    pub struct QueryId;
    /// A compiled pattern of `matches` or `replied`.
    pub struct RegexId;
    /// A captured record of a campaign: the triggering event, an await's event, a webhook's answer.
    pub struct SlotId;
    /// What a send step sends.
    pub struct SendId;
    /// What a webhook step calls.
    pub struct WebhookStepId;
    /// What a notify step mails.
    pub struct NotifyId;
    /// A place where conditions are listened to.
    pub struct ListenId;
    /// A clock time or moment to wait for.
    pub struct UntilId;
    /// Where the arms of a step begin.
    pub struct ArmsId;
    /// The shares of a split.
    pub struct SplitId;
    /// A loop.
    pub struct RepeatId;
    /// An experiment.
    pub struct ExperimentId;
    /// A timeline.
    pub struct TimelineId;
    /// A standing place.
    pub struct PlaceId;
    /// An index into the program's code.
    pub struct Pc;
}
