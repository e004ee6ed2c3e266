//! A deployment gives a program's local numbers their lasting identities.
//!
//! A compiled program is a function of its source alone; which campaign is number 7 for ever, and which step inherits whose lineage,
//! belongs to the deployment.

use super::lineage::Lineage;
use super::release::Release;
use super::state::{HistoryKind, StableId, StepUid};
use crate::bytecode::Program;
use crate::lang::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What kind of thing a stable id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum IdKind {
    Field,
    Event,
    List,
    Topic,
    Segment,
    Group,
    Rule,
    Message,
    Webhook,
    Campaign,
}

/// All names that ever had a stable id, and all steps that ever had a lineage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    next: StableId,
    names: BTreeMap<(IdKind, Arc<str>), StableId>,
    pub(super) steps: BTreeMap<(StableId, Arc<str>), StepUid>,
}

impl Registry {
    /// The id of a name, if it ever had one.
    #[must_use]
    pub fn find(&self, kind: IdKind, name: &str) -> Option<StableId> {
        self.names.get(&(kind, Arc::from(name))).copied()
    }
    /// The name that holds an id now.
    #[must_use]
    pub fn name_of(&self, kind: IdKind, id: StableId) -> Option<&Arc<str>> {
        self.names.iter().find(|((known, _), value)| *known == kind && **value == id).map(|((_, name), _)| name)
    }
    /// The id that something of this name, formerly called `was`, would carry on.
    #[must_use]
    pub fn carried(&self, kind: IdKind, name: &str, was: Option<&Arc<str>>) -> Option<StableId> {
        self.find(kind, name).or_else(|| self.find(kind, was?))
    }
    /// The lineage of the step that last had that name or path, whether or not it is there still.
    #[must_use]
    pub fn last_step(&self, campaign: StableId, text: &str) -> Option<StepUid> {
        let find = |key: String| self.steps.get(&(campaign, Arc::from(key))).copied();
        find(format!("as {text}")).or_else(|| find(text.strip_suffix("#1").unwrap_or(text).to_owned()))
    }
    fn id_of(&mut self, kind: IdKind, name: &Arc<str>, was: Option<&Arc<str>>) -> StableId {
        if let Some(id) = self.carried(kind, name, was) {
            // `was OLD` takes the old name's identity with it.
            self.names.retain(|(known, old), held| *known != kind || *held != id || old == name);
            self.names.insert((kind, name.clone()), id);
            return id;
        }
        self.next += 1;
        self.names.insert((kind, name.clone()), self.next);
        self.next
    }
}

/// The lasting identities of one program's tables, in the order of the tables.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Counts deploys of the store, from 1.
    pub seq: u32,
    /// When it became the running program.
    pub at: Instant,
    /// The program.
    pub program: [u8; 32],
    /// Fields.
    pub fields: Vec<StableId>,
    /// Events and forms.
    pub events: Vec<StableId>,
    /// Lists.
    pub lists: Vec<StableId>,
    /// Topics.
    pub topics: Vec<StableId>,
    /// Segments.
    pub segments: Vec<StableId>,
    /// Point groups.
    pub groups: Vec<StableId>,
    /// Point rules.
    pub rules: Vec<StableId>,
    /// Messages; an inline one is named after its step.
    pub messages: Vec<StableId>,
    /// Webhooks.
    pub webhooks: Vec<StableId>,
    /// Campaigns.
    pub campaigns: Vec<StableId>,
    /// Since when each campaign has been published without interruption.
    pub live_since: Vec<Option<Instant>>,
    /// Steps.
    pub steps: Vec<StepUid>,
    /// Where those who stand at steps of the former program go on, by this deploy's rules.
    pub moves: Vec<StepMove>,
    /// Lines `including existing` that are live: campaign, segment, and the deployment since which they are.
    pub existing: Vec<(StableId, StableId, u32)>,
    /// Everything that ever had an identity.
    pub registry: Registry,
    /// What the operator has chosen for this deploy. It stands last: deployments were written without it once.
    pub terms: Terms,
}

/// What the operator chooses for a deploy, beside its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Those whose place is gone finish on the program they are in.
    pub is_finishing_on_old: bool,
    /// Campaigns that are gone, and whose enrollments end.
    pub ended: Vec<StableId>,
    /// Fields whose values are given up where they do not fit.
    pub cleared: Vec<StableId>,
    /// Kinds of happenings that come from the event log: the program before did not keep them.
    pub history: Vec<HistoryKind>,
    /// The turns of those who become due at once.
    pub release: Option<Release>,
    /// The program that ran before, and that a roll-back leads to.
    pub from: Option<[u8; 32]>,
}

/// A rule of `migrate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepMove {
    /// The step of the former program.
    pub from: StepUid,
    /// The step where one goes on; none: one stops.
    pub to: Option<StepUid>,
}

impl Deployment {
    /// The identities of `program`, deployed at `at` after another one, whose steps it carries on as the lineage says.
    #[must_use]
    pub fn next(program: &Program, hash: [u8; 32], at: Instant, previous: Option<(&Deployment, &Lineage)>) -> Deployment {
        let mut registry = previous.map(|(deployment, _)| deployment.registry.clone()).unwrap_or_default();
        let seq = previous.map_or(0, |(deployment, _)| deployment.seq) + 1;
        let campaigns: Vec<StableId> = program.campaigns.iter().map(|c| registry.id_of(IdKind::Campaign, &c.name, c.was.as_ref())).collect();
        let no_lineage = Lineage::default();
        let (steps, moves) = super::lineage::steps((program, &campaigns), &mut registry, seq, previous.map_or(&no_lineage, |(_, lineage)| lineage));
        let no_name: Arc<str> = Arc::from("");
        let plain = |kind: IdKind, registry: &mut Registry, names: Vec<(Arc<str>, Option<Arc<str>>)>| -> Vec<StableId> {
            names.into_iter().map(|(name, was)| registry.id_of(kind, &name, was.as_ref())).collect()
        };
        let live_since = live_since(program, &campaigns, at, previous);
        let messages = message_names(program);
        let mut next = Deployment {
            seq,
            at,
            program: hash,
            fields: plain(IdKind::Field, &mut registry, program.fields.iter().map(|f| (f.name.clone(), None)).collect()),
            events: plain(IdKind::Event, &mut registry, program.events.iter().map(|e| (event_key(&e.name, e.is_form), None)).collect()),
            lists: plain(IdKind::List, &mut registry, program.lists.iter().map(|l| (l.name.clone(), l.was.clone())).collect()),
            topics: plain(IdKind::Topic, &mut registry, program.topics.iter().map(|t| (t.name.clone(), t.was.clone())).collect()),
            segments: plain(IdKind::Segment, &mut registry, program.segments.iter().map(|s| (s.name.clone(), s.was.clone())).collect()),
            groups: plain(IdKind::Group, &mut registry, program.groups.iter().map(|g| (g.name.clone().unwrap_or(no_name.clone()), None)).collect()),
            rules: plain(IdKind::Rule, &mut registry, rule_names(program)),
            messages: plain(IdKind::Message, &mut registry, messages),
            webhooks: plain(IdKind::Webhook, &mut registry, program.webhooks.iter().map(|w| (w.name.clone(), None)).collect()),
            campaigns,
            live_since,
            steps,
            moves,
            existing: Vec::new(),
            terms: Terms::default(),
            registry,
        };
        next.existing = super::lineage::existing(program, &next, previous.map(|(deployment, _)| deployment));
        next
    }
}

fn event_key(name: &Arc<str>, is_form: bool) -> Arc<str> {
    if is_form { Arc::from(format!("submitted({name})")) } else { name.clone() }
}

fn rule_names(program: &Program) -> Vec<(Arc<str>, Option<Arc<str>>)> {
    let mut seen: BTreeMap<Arc<str>, u32> = BTreeMap::new();
    let mut names = Vec::new();
    for rule in &program.rules {
        let group = program.groups.get(rule.group.index()).and_then(|g| g.name.clone()).unwrap_or_default();
        let text: Arc<str> = Arc::from(format!("{group}/{}", rule.text));
        let ordinal = seen.entry(text.clone()).or_default();
        *ordinal += 1;
        names.push((if *ordinal == 1 { text } else { Arc::from(format!("{text}#{ordinal}")) }, None));
    }
    names
}

fn message_names(program: &Program) -> Vec<(Arc<str>, Option<Arc<str>>)> {
    let mut names: Vec<(Arc<str>, Option<Arc<str>>)> = program
        .messages
        .iter()
        .map(|m| {
            (
                m.name.as_ref().map(|n| Arc::from(format!("{} {n}", m.channel.word()))).unwrap_or_default(),
                m.was.as_ref().map(|w| Arc::from(format!("{} {w}", m.channel.word()))),
            )
        })
        .collect();
    // An inline message is the message of its step.
    for send in &program.sends {
        let step = program.steps.get(send.step.index());
        let campaign = step.and_then(|s| program.campaigns.get(s.campaign.index()));
        if let (Some(entry), Some(step), Some(campaign)) = (names.get_mut(send.message.index()), step, campaign)
            && entry.0.is_empty()
        {
            entry.0 = Arc::from(format!("{}/{}", campaign.name, step.identity()));
            entry.1 = campaign.was.as_ref().map(|was| Arc::from(format!("{was}/{}", step.identity())));
        }
    }
    names
}

fn live_since(program: &Program, campaigns: &[StableId], at: Instant, previous: Option<(&Deployment, &Lineage)>) -> Vec<Option<Instant>> {
    let before = |id: StableId| {
        let (deployment, _) = previous?;
        let index = deployment.campaigns.iter().position(|known| *known == id)?;
        deployment.live_since.get(index).copied().flatten()
    };
    program.campaigns.iter().zip(campaigns).map(|(campaign, id)| campaign.is_published.then(|| before(*id).unwrap_or(at))).collect()
}
