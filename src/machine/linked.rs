//! A program joined to its deployment, with everything that is worked out once: zones, patterns, indices.

use super::deployment::Deployment;
use super::state::{StableId, StepUid};
use crate::bytecode::{CampaignId, Fact, FieldId, MessageId, Op, Program, SegmentId, StepId, TopicId};
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
    campaigns: FxHashMap<StableId, CampaignId>,
    messages: FxHashMap<StableId, MessageId>,
    fields: FxHashMap<StableId, FieldId>,
    segments: FxHashMap<StableId, SegmentId>,
    topics: FxHashMap<StableId, TopicId>,
    steps: FxHashMap<StepUid, StepId>,
    field_names: FxHashMap<Arc<str>, FieldId>,
    segments_by_fact: FxHashMap<Fact, Vec<SegmentId>>,
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
        Linked {
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
    /// The segments whose predicate reads a fact, in dependency order.
    #[must_use]
    pub fn segments_reading(&self, fact: Fact) -> &[SegmentId] {
        self.segments_by_fact.get(&fact).map_or(&[], Vec::as_slice)
    }
    /// The operation at `pc`; past the end the campaign finishes.
    #[must_use]
    pub fn op(&self, pc: usize) -> Op {
        self.program.code.get(pc).copied().unwrap_or(Op::Finish)
    }
}

fn invert<T>(ids: &[StableId], make: impl Fn(usize) -> T) -> FxHashMap<StableId, T> {
    ids.iter().enumerate().map(|(index, id)| (*id, make(index))).collect()
}
