//! A program joined to its deployment, with everything that is worked out once: zones, patterns, indices.

use super::deployment::Deployment;
use super::state::{ContactState, EnrollmentUid, HistoryKind, StableId, StepUid};
use crate::bytecode::{
    BuiltinField, CampaignId, EventId, EventPattern, Fact, FieldId, GroupId, ListId, MessageEvent, MessageId, Op, Program, SegmentId, StepId, StepKind,
    TopicId, TriggerKind,
};
use crate::lang::{Date, Holidays, Zone};
use regex::Regex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What `advance` runs: a program with its lasting identities. Immutable and shared.
#[derive(Debug)]
pub struct Linked {
    /// The program.
    pub program: Arc<Program>,
    /// Its identities.
    pub deployment: Deployment,
    /// The project's zone.
    pub zone: Zone,
    /// The project's holidays.
    pub holidays: Holidays,
    /// The patterns of `matches` and `replied`; one that does not compile matches nothing (the verifier refuses it).
    pub regexes: Vec<Option<Regex>>,
    /// Words that journals hold often, allocated once.
    pub words: Words,
    campaigns: FxHashMap<StableId, CampaignId>,
    messages: FxHashMap<StableId, MessageId>,
    fields: FxHashMap<StableId, FieldId>,
    segments: FxHashMap<StableId, SegmentId>,
    topics: FxHashMap<StableId, TopicId>,
    steps: FxHashMap<StepUid, StepId>,
    field_names: FxHashMap<Arc<str>, FieldId>,
    segments_by_fact: FxHashMap<Fact, Vec<SegmentId>>,
    triggers: FxHashMap<TriggerKey, Vec<(CampaignId, usize)>>,
    keep: FxHashMap<HistoryKind, Keep>,
    builtins: FxHashMap<BuiltinField, FieldId>,
    marketing: Vec<bool>,
    /// Older programs by which enrollments go on.
    doers: Vec<Arc<str>>,
    former: Vec<Arc<Linked>>,
}

/// Words that journals hold often.
#[derive(Debug)]
pub struct Words {
    /// An `if` that took its first arm.
    pub yes: Arc<str>,
    /// One that did not.
    pub no: Arc<str>,
}

/// What kind of happening a trigger waits for: the index from happenings to campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum TriggerKey {
    SegmentEntered(SegmentId),
    SegmentLeft(SegmentId),
    ListEntered(ListId),
    ListLeft(ListId),
    Event(EventId),
    Visited,
    Message(MessageEvent),
    Tagged,
    Untagged,
    Field(FieldId),
    Points(GroupId),
    Created,
    Subscribed(TopicId),
    Unsubscribed(TopicId),
    /// Broadcasts and date triggers: time brings them.
    Time,
    /// `enrolled`
    ByHand,
}

/// How long happenings of a kind are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// For good (a question asks `ever`, or since an enrollment began).
    Ever,
    /// For this many milliseconds.
    Millis(i64),
}

impl Keep {
    /// The longer of two.
    #[must_use]
    pub fn longer(self, other: Keep) -> Keep {
        match (self, other) {
            (Keep::Millis(a), Keep::Millis(b)) => Keep::Millis(a.max(b)),
            (Keep::Ever, _) | (_, Keep::Ever) => Keep::Ever,
        }
    }
}

impl Linked {
    /// Joins a verified program to a deployment of it.
    #[must_use]
    pub fn new(program: Arc<Program>, deployment: Deployment) -> Linked {
        let mut segments_by_fact: FxHashMap<Fact, Vec<SegmentId>> = FxHashMap::default();
        for (index, segment) in program.segments.iter().enumerate() {
            for fact in program.blocks.get(segment.predicate.index()).map_or(&[][..], |block| block.reads.as_slice()) {
                segments_by_fact.entry(*fact).or_default().push(SegmentId::from_index(index));
            }
        }
        let triggers = trigger_index(&program);
        let keep = keep_index(&program, &deployment);
        Linked {
            former: Vec::new(),
            doers: doers(&program),
            marketing: marketing_index(&program),
            words: Words { yes: Arc::from("yes"), no: Arc::from("no") },
            triggers,
            keep,
            builtins: program.fields.iter().enumerate().filter_map(|(index, def)| Some((def.builtin?, FieldId::from_index(index)))).collect(),
            zone: Zone::find(&program.project.timezone).unwrap_or_else(Zone::utc),
            holidays: program.project.holidays.iter().copied().collect::<std::collections::BTreeSet<Date>>(),
            regexes: program.regexes.iter().map(|pattern| Regex::new(pattern).ok()).collect(),
            campaigns: invert(&deployment.campaigns, CampaignId::from_index),
            messages: invert(&deployment.messages, MessageId::from_index),
            fields: invert(&deployment.fields, FieldId::from_index),
            segments: invert(&deployment.segments, SegmentId::from_index),
            topics: invert(&deployment.topics, TopicId::from_index),
            steps: deployment.steps.iter().enumerate().map(|(index, uid)| (*uid, StepId::from_index(index))).collect(),
            field_names: program.fields.iter().enumerate().map(|(index, field)| (field.name.clone(), FieldId::from_index(index))).collect(),
            segments_by_fact,
            program,
            deployment,
        }
    }
    /// How the cause of what a step does is called: `campaign "Drip" at email welcome`.
    #[must_use]
    pub fn doer(&self, step: StepId) -> Option<&Arc<str>> {
        self.doers.get(step.index())
    }
    /// The program together with the older ones by which enrollments go on. What those ask about is remembered as well.
    #[must_use]
    pub fn with_former(mut self, former: Vec<Arc<Linked>>) -> Linked {
        for older in &former {
            for (kind, keep) in &older.keep {
                let known = self.keep.entry(*kind).or_insert(*keep);
                *known = known.longer(*keep);
            }
        }
        self.former = former;
        self
    }
    /// The older programs by which enrollments go on.
    #[must_use]
    pub fn former(&self) -> &[Arc<Linked>] {
        &self.former
    }
    /// The program whose code an enrollment follows: this one, or the older one by which it goes on.
    #[must_use]
    pub fn code_of(&self, state: &ContactState, enrollment: EnrollmentUid) -> &Linked {
        let Some(aside) = state.aside(enrollment) else { return self };
        self.former.iter().find(|older| older.deployment.seq == aside.deployment).map_or(self, Arc::as_ref)
    }
    /// The program that has a step: this one, else an older one by which enrollments go on.
    #[must_use]
    pub fn with_step(&self, step: StepUid) -> &Linked {
        if self.steps.contains_key(&step) {
            return self;
        }
        self.former.iter().find(|older| older.steps.contains_key(&step)).map_or(self, Arc::as_ref)
    }
    /// The campaign of a stable id, if the program still has it.
    #[must_use]
    pub fn campaign(&self, id: StableId) -> Option<CampaignId> {
        self.campaigns.get(&id).copied()
    }
    /// The message of a stable id.
    #[must_use]
    pub fn message(&self, id: StableId) -> Option<MessageId> {
        self.messages.get(&id).copied()
    }
    /// The field of a stable id.
    #[must_use]
    pub fn field(&self, id: StableId) -> Option<FieldId> {
        self.fields.get(&id).copied()
    }
    /// The segment of a stable id.
    #[must_use]
    pub fn segment(&self, id: StableId) -> Option<SegmentId> {
        self.segments.get(&id).copied()
    }
    /// The topic of a stable id.
    #[must_use]
    pub fn topic(&self, id: StableId) -> Option<TopicId> {
        self.topics.get(&id).copied()
    }
    /// The step of a lineage.
    #[must_use]
    pub fn step(&self, uid: StepUid) -> Option<StepId> {
        self.steps.get(&uid).copied()
    }
    /// The field of a name.
    #[must_use]
    pub fn field_named(&self, name: &str) -> Option<FieldId> {
        self.field_names.get(name).copied()
    }
    /// The field that a built-in one is.
    #[must_use]
    pub fn builtin(&self, field: BuiltinField) -> Option<FieldId> {
        self.builtins.get(&field).copied()
    }
    /// The segments whose predicate reads a fact, in dependency order.
    #[must_use]
    pub fn segments_reading(&self, fact: Fact) -> &[SegmentId] {
        self.segments_by_fact.get(&fact).map_or(&[], Vec::as_slice)
    }
    /// The triggers that wait for a kind of happening: campaign and the trigger's index, in source order.
    #[must_use]
    pub fn triggers(&self, key: TriggerKey) -> &[(CampaignId, usize)] {
        self.triggers.get(&key).map_or(&[], Vec::as_slice)
    }
    /// How long happenings of a kind are remembered; `None` = nobody asks.
    #[must_use]
    pub fn keep(&self, kind: HistoryKind) -> Option<Keep> {
        self.keep.get(&kind).copied()
    }
    /// What is remembered, and for how long.
    pub fn kept(&self) -> impl Iterator<Item = (HistoryKind, Keep)> {
        self.keep.iter().map(|(kind, keep)| (*kind, *keep))
    }
    /// Whether a campaign sends a marketing message at any step.
    #[must_use]
    pub fn sends_marketing(&self, campaign: CampaignId) -> bool {
        self.marketing.get(campaign.index()).copied().unwrap_or(false)
    }
    /// Whether a sending of the step `sent` is one of `step`: its own, or that of a channel inside of it, where it is a `reach`.
    #[must_use]
    pub fn is_sending_of(&self, step: StepId, sent: StepUid) -> bool {
        let is_reach = || self.program.steps.get(step.index()).is_some_and(|def| def.kind == StepKind::Reach);
        let around = || self.step(sent).and_then(|id| self.program.outline.steps.get(id.index())?.parent);
        self.deployment.steps.get(step.index()) == Some(&sent) || (is_reach() && around() == Some(step))
    }
    /// The operation of a place.
    #[must_use]
    pub fn place_pc(&self, step: StepUid, ordinal: u16) -> Option<usize> {
        let place = self.program.find_place(self.step(step)?, ordinal)?;
        self.program.places.get(place.index()).map(|place| place.pc.index())
    }
    /// The operation at `pc`; past the end the campaign finishes.
    #[must_use]
    pub fn op(&self, pc: usize) -> Op {
        self.program.code.get(pc).copied().unwrap_or(Op::Finish)
    }
}

fn marketing_index(program: &Program) -> Vec<bool> {
    let mut marketing = vec![false; program.campaigns.len()];
    for send in &program.sends {
        let is_marketing = program.messages.get(send.message.index()).is_some_and(|message| !message.is_transactional);
        let campaign = program.steps.get(send.step.index()).and_then(|step| marketing.get_mut(step.campaign.index()));
        campaign.into_iter().for_each(|known| *known |= is_marketing);
    }
    marketing
}

fn trigger_index(program: &Program) -> FxHashMap<TriggerKey, Vec<(CampaignId, usize)>> {
    let mut index: FxHashMap<TriggerKey, Vec<(CampaignId, usize)>> = FxHashMap::default();
    for (campaign, def) in program.campaigns.iter().enumerate() {
        for (number, trigger) in def.triggers.iter().enumerate() {
            index.entry(trigger_key(&trigger.kind)).or_default().push((CampaignId::from_index(campaign), number));
        }
    }
    index
}

fn trigger_key(kind: &TriggerKind) -> TriggerKey {
    match kind {
        TriggerKind::SegmentEntered(segment) => TriggerKey::SegmentEntered(*segment),
        TriggerKind::SegmentLeft(segment) => TriggerKey::SegmentLeft(*segment),
        TriggerKind::ListEntered(list) => TriggerKey::ListEntered(*list),
        TriggerKind::ListLeft(list) => TriggerKey::ListLeft(*list),
        TriggerKind::Event { pattern: EventPattern::Custom(event), .. } => TriggerKey::Event(*event),
        TriggerKind::Event { pattern: EventPattern::Visited(_), .. } => TriggerKey::Visited,
        TriggerKind::Event { pattern: EventPattern::Message { event, .. }, .. } => TriggerKey::Message(*event),
        TriggerKind::Tagged(_) => TriggerKey::Tagged,
        TriggerKind::Untagged(_) => TriggerKey::Untagged,
        TriggerKind::FieldChanged { field, .. } => TriggerKey::Field(*field),
        TriggerKind::PointsChanged { group } | TriggerKind::PointsReached { group, .. } => TriggerKey::Points(*group),
        TriggerKind::ContactCreated => TriggerKey::Created,
        TriggerKind::Subscribed(topic) => TriggerKey::Subscribed(*topic),
        TriggerKind::Unsubscribed(topic) => TriggerKey::Unsubscribed(*topic),
        TriggerKind::Enrolled => TriggerKey::ByHand,
        TriggerKind::Every { .. } | TriggerKind::At { .. } | TriggerKind::FieldDate { .. } => TriggerKey::Time,
    }
}

fn keep_index(program: &Program, deployment: &Deployment) -> FxHashMap<HistoryKind, Keep> {
    let mut index: FxHashMap<HistoryKind, Keep> = FxHashMap::default();
    for query in &program.queries {
        let kind = match &query.pattern {
            EventPattern::Custom(event) => HistoryKind::Event(super::stable(&deployment.events, event.index())),
            EventPattern::Visited(_) => HistoryKind::Visited,
            EventPattern::Message { .. } => continue,
        };
        let wanted = query.keep_millis.map_or(Keep::Ever, Keep::Millis);
        let known = index.entry(kind).or_insert(wanted);
        *known = known.longer(wanted);
    }
    index
}

fn invert<T>(ids: &[StableId], make: impl Fn(usize) -> T) -> FxHashMap<StableId, T> {
    ids.iter().enumerate().map(|(index, id)| (*id, make(index))).collect()
}

/// Made once: a step that changes something is asked for it each time it does.
fn doers(program: &Program) -> Vec<Arc<str>> {
    let name = |campaign: CampaignId| program.campaigns.get(campaign.index()).map(|def| def.name.as_ref()).unwrap_or_default();
    program.steps.iter().map(|step| Arc::from(format!("campaign \"{}\" at {}", name(step.campaign), step.identity()))).collect()
}
