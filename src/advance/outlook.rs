//! What would have to happen for a contact to come into a campaign, and what an enrollment listens to: asked by people, changing nothing.
//!
//! The same checks as at a trigger (`admit`), in the same order, but all of them, so that one who asks sees each that stands in the way.

use super::Switches;
use super::context::Context;
use crate::bytecode::{BlockId, CampaignId, Fact, Op, Reenter, TriggerKind};
use crate::lang::{Instant, Record, Value};
use crate::machine::state::{ContactState, EnrollmentKey, Standing, StandingKind};
use crate::machine::{Evaluator, Linked, View};
use std::sync::Arc;

/// One check of those that stand between a trigger and an enrollment.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The stable word of the refusal: `only if`, `already in` …
    pub name: &'static str,
    /// Whether it lets the contact in; none where it depends on the event that will trigger.
    pub is_met: Option<bool>,
    /// The condition's source text, where it is one.
    pub condition: Option<Arc<str>>,
    /// The facts that it reads, as they are.
    pub facts: Record,
}

/// What stands between a contact and a campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlook {
    /// What enrols: each trigger's source text, with the condition and facts of its segment where it is one.
    pub triggers: Vec<Check>,
    /// The checks that a trigger asks, in order; those that everybody passes are left out.
    pub checks: Vec<Check>,
}

/// Asks all checks of a campaign for a contact.
#[must_use]
pub fn outlook(linked: &Linked, (switches, state): (&Switches, &ContactState), campaign: CampaignId, now: Instant) -> Outlook {
    let mut state = state.clone();
    let mut evaluator = Evaluator::default();
    Context::new(linked, switches, &mut state, now).look_out(&mut evaluator, campaign)
}

impl Context<'_> {
    fn look_out(&self, evaluator: &mut Evaluator, campaign: CampaignId) -> Outlook {
        let Some(def) = self.linked.program.campaigns.get(campaign.index()) else { return Outlook::default() };
        let id = self.campaign_id(campaign);
        let word = |name, is_met| Check { name, is_met, condition: None, facts: Record::new() };
        let mut checks: Vec<Check> = self.closed(def, campaign).map(|reason| word(reason, Some(false))).into_iter().collect();
        let is_each = matches!(def.reenter, Reenter::Each(_));
        let is_inside = self.state.enrollments.iter().any(|known| known.campaign == id);
        match (is_inside, is_each || def.is_restarting) {
            (true, true) => {}
            (true, false) => checks.push(word("already in", Some(false))),
            (false, _) => checks.extend(self.refusal(def, (id, EnrollmentKey::default())).map(|reason| word(reason, Some(false)))),
        }
        if let Reenter::Each(block) = def.reenter {
            checks.push(self.check("each", block, None));
        }
        for block in &def.only_if {
            let is_met = (!self.reads_captures(*block)).then(|| evaluator.is_true(&self.view_of(None), *block));
            checks.push(self.check("only if", *block, is_met));
        }
        for exit in &def.exits {
            // History before the enrollment does not count, so only what is true of the facts can be said beforehand.
            let is_met = self.is_of_facts(exit.condition).then(|| !evaluator.is_true(&self.view_of(None), exit.condition));
            checks.push(self.check("exit", exit.condition, is_met));
        }
        if self.is_of_control_group(id) {
            checks.push(word("control group", Some(false)));
        }
        let triggers = def.triggers.iter().map(|trigger| self.trigger_check(evaluator, (&trigger.kind, &trigger.text))).collect();
        Outlook { triggers, checks }
    }

    fn check(&self, name: &'static str, block: BlockId, is_met: Option<bool>) -> Check {
        Check { name, is_met, condition: self.text_of(block), facts: facts_read(&self.view_of(None), block) }
    }

    fn text_of(&self, block: BlockId) -> Option<Arc<str>> {
        self.linked.program.blocks.get(block.index()).map(|block| block.text.clone())
    }

    /// Whether a condition reads nothing but what is true of the contact now.
    fn is_of_facts(&self, block: BlockId) -> bool {
        let reads = self.linked.program.blocks.get(block.index()).map(|block| block.reads.as_slice()).unwrap_or_default();
        reads.iter().all(|fact| match fact {
            Fact::Field(_) | Fact::Points(_) | Fact::Tags | Fact::List(_) | Fact::Segment(_) | Fact::Topic(_) | Fact::Time => true,
            Fact::Campaign(_) | Fact::Event(_) | Fact::Visited | Fact::Message(_) | Fact::Captures => false,
        })
    }

    /// A trigger as it stands: of one that is an edge of a segment or of points, whether that is on this side of it.
    fn trigger_check(&self, evaluator: &mut Evaluator, (kind, text): (&TriggerKind, &Arc<str>)) -> Check {
        let plain = Check { name: "when", is_met: None, condition: Some(text.clone()), facts: Record::new() };
        let (TriggerKind::SegmentEntered(segment) | TriggerKind::SegmentLeft(segment)) = kind else {
            if let TriggerKind::PointsReached { group, .. } = kind {
                let points = Value::Number(self.view_of(None).points(*group));
                return Check { facts: [(Arc::from("points"), points)].into(), ..plain };
            }
            return plain;
        };
        let Some(def) = self.linked.program.segments.get(segment.index()) else { return plain };
        let holds = evaluator.is_true(&self.view_of(None), def.predicate);
        let predicate = self.text_of(def.predicate).unwrap_or_default();
        Check {
            is_met: Some(holds),
            facts: facts_read(&self.view_of(None), def.predicate),
            condition: Some(Arc::from(format!("{text} ({predicate})"))),
            ..plain
        }
    }
}

/// The facts that a condition reads, by name, as they are. Of history there is no one value to tell.
pub(super) fn facts_read(view: &View<'_>, block: BlockId) -> Record {
    let (program, state) = (&view.linked.program, view.state);
    let reads = program.blocks.get(block.index()).map(|block| block.reads.as_slice()).unwrap_or_default();
    let mut facts = Record::new();
    for fact in reads {
        match fact {
            Fact::Field(field) => {
                let name = program.fields.get(field.index()).map(|def| def.name.clone()).unwrap_or_default();
                facts.insert(name, view.calendar().settle(view.field(*field)));
            }
            Fact::Points(group) => {
                let name = program.groups.get(group.index()).and_then(|def| def.name.as_ref());
                facts.insert(name.map_or_else(|| Arc::from("points"), |name| Arc::from(format!("points in group {name}"))), Value::Number(view.points(*group)));
            }
            Fact::Tags => {
                facts.insert(Arc::from("tags"), Value::List(state.tags.iter().cloned().map(Value::Text).collect()));
            }
            Fact::List(list) => {
                let name = program.lists.get(list.index()).map(|def| format!("in list {}", def.name)).unwrap_or_default();
                let is_in = view.linked.deployment.lists.get(list.index()).is_some_and(|id| state.lists.contains(id));
                facts.insert(Arc::from(name), Value::Bool(is_in));
            }
            Fact::Segment(segment) => {
                let name = program.segments.get(segment.index()).map(|def| format!("in segment {:?}", def.name)).unwrap_or_default();
                let is_in = view.linked.deployment.segments.get(segment.index()).is_some_and(|id| state.segments.contains(id));
                facts.insert(Arc::from(name), Value::Bool(is_in));
            }
            Fact::Topic(topic) => {
                let name = program.topics.get(topic.index()).map(|def| format!("subscribed to {}", def.name)).unwrap_or_default();
                facts.insert(Arc::from(name), Value::Bool(view.is_subscribed(*topic)));
            }
            Fact::Captures => {
                let captures = view.enrollment().map(|enrollment| enrollment.captures.as_slice()).unwrap_or_default();
                facts.extend(captures.iter().map(|captured| (captured.name.clone(), Value::Record(captured.record.clone()))));
            }
            Fact::Campaign(_) | Fact::Event(_) | Fact::Visited | Fact::Message(_) | Fact::Time => {}
        }
    }
    facts
}

/// The conditions that a standing line listens to, as their source says them.
#[must_use]
pub fn listens_to(linked: &Linked, standing: &Standing) -> Vec<Arc<str>> {
    let place = match &standing.kind {
        StandingKind::Listen { .. } => (standing.step, standing.ordinal),
        StandingKind::Held { listening: Some(place), .. } => *place,
        StandingKind::Held { .. }
        | StandingKind::Time
        | StandingKind::Until
        | StandingKind::Answer { .. }
        | StandingKind::Stranded
        | StandingKind::Running
        | StandingKind::Faulted { .. }
        | StandingKind::Asked => return Vec::new(),
    };
    let pc = linked.step(place.0).and_then(|step| linked.program.find_place(step, place.1)).and_then(|found| linked.program.places.get(found.index()));
    let Some(Op::Listen(listen, _)) = pc.map(|place| linked.op(place.pc.index())) else { return Vec::new() };
    let arms = linked.program.listens.get(listen.index()).map(|def| def.arms.as_slice()).unwrap_or_default();
    arms.iter().filter_map(|arm| linked.program.blocks.get(arm.condition.index())).map(|block| block.text.clone()).collect()
}
