//! From an edge to an enrollment: *Time* 12, and the header's lines.

use super::Mutant;
use super::person::{Edge, Enrollment, Frame, Gathering, Happened, Person, Start, Thread};
use super::values::Asker;
use campc::advance::What;
use campc::bytecode::{CampaignId, MessageEvent};
use campc::lang::{Instant, Record, Value, add_duration};
use campc::semantic::hir::{EventPattern, Reenter, Step, StepKind, Trigger, TriggerKind};
use std::collections::BTreeSet;
use std::sync::Arc;

impl<'p> Person<'p> {
    /// Who is triggered by an edge, campaigns in source order: they start one after the other when nobody inside can go on.
    pub fn find_triggers(&mut self, edge: &Edge) {
        for (index, campaign) in self.world.project.campaigns.iter().enumerate() {
            let id = CampaignId(u32::try_from(index).expect("small"));
            let found = campaign.triggers.iter().enumerate().find(|(number, trigger)| self.is_trigger(id, *number, trigger, edge));
            if let Some((_, trigger)) = found {
                let record = match edge {
                    Edge::Event(number) => Value::Record(Arc::new(self.events[*number].properties.clone())),
                    _ => Value::Unset,
                };
                self.starts.push_back(Start { campaign: id, slot: trigger.capture.map(|slot| slot.index()), record });
            }
        }
    }

    /// Whether something of that kind may trigger anybody.
    pub fn may_trigger(&self, edge: &Edge) -> bool {
        let triggers = || self.world.project.campaigns.iter().flat_map(|campaign| &campaign.triggers).map(|trigger| &trigger.kind);
        match edge {
            Edge::Event(_) | Edge::Enroll(_) | Edge::Broadcast(..) => true,
            Edge::Created => triggers().any(|kind| matches!(kind, TriggerKind::ContactCreated)),
            Edge::EnteredSegment(id) => triggers().any(|kind| matches!(kind, TriggerKind::SegmentEntered { segment, .. } if segment == id)),
            Edge::LeftSegment(id) => triggers().any(|kind| matches!(kind, TriggerKind::SegmentLeft(segment) if segment == id)),
            Edge::EnteredList(id) => triggers().any(|kind| matches!(kind, TriggerKind::ListEntered(list) if list == id)),
            Edge::LeftList(id) => triggers().any(|kind| matches!(kind, TriggerKind::ListLeft(list) if list == id)),
            Edge::Tagged(_) => triggers().any(|kind| matches!(kind, TriggerKind::Tagged(_))),
            Edge::Untagged(_) => triggers().any(|kind| matches!(kind, TriggerKind::Untagged(_))),
            Edge::Field(id, ..) => triggers().any(|kind| matches!(kind, TriggerKind::FieldChanged { field, .. } if field.index() == *id)),
            Edge::Points(id, ..) => triggers().any(|kind| match kind {
                TriggerKind::PointsChanged { group } | TriggerKind::PointsReached { group, .. } => group.index() == *id,
                _ => false,
            }),
            Edge::Subscribed(id) => triggers().any(|kind| matches!(kind, TriggerKind::Subscribed(topic) if topic == id)),
            Edge::Unsubscribed(id) => triggers().any(|kind| matches!(kind, TriggerKind::Unsubscribed(topic) if topic == id)),
        }
    }

    fn is_trigger(&self, campaign: CampaignId, number: usize, trigger: &Trigger, edge: &Edge) -> bool {
        match (&trigger.kind, edge) {
            (TriggerKind::SegmentEntered { segment, .. }, Edge::EnteredSegment(id)) | (TriggerKind::SegmentLeft(segment), Edge::LeftSegment(id)) => {
                segment == id
            }
            (TriggerKind::ListEntered(list), Edge::EnteredList(id)) | (TriggerKind::ListLeft(list), Edge::LeftList(id)) => list == id,
            (TriggerKind::Event { pattern, predicate }, Edge::Event(number)) => {
                let event = &self.events[*number];
                let asker = Asker { event: Some(event), ..Asker::default() };
                self.is_edge_of(pattern, *number) && predicate.as_ref().is_none_or(|predicate| self.is_true(predicate, asker, self.now))
            }
            (TriggerKind::Tagged(tag), Edge::Tagged(known)) | (TriggerKind::Untagged(tag), Edge::Untagged(known)) => tag == known,
            (TriggerKind::FieldChanged { field, from, to }, Edge::Field(known, old, new)) => {
                field.index() == *known && from.as_ref().is_none_or(|from| from == old) && to.as_ref().is_none_or(|to| to == new)
            }
            (TriggerKind::PointsChanged { group }, Edge::Points(known, ..)) => group.index() == *known,
            (TriggerKind::PointsReached { group, at_least }, Edge::Points(known, old, new)) => group.index() == *known && old < at_least && at_least <= new,
            (TriggerKind::ContactCreated, Edge::Created) => true,
            (TriggerKind::Subscribed(topic), Edge::Subscribed(id)) | (TriggerKind::Unsubscribed(topic), Edge::Unsubscribed(id)) => topic == id,
            (TriggerKind::Enrolled, Edge::Enroll(id)) => *id == campaign,
            (_, Edge::Broadcast(id, known)) => *id == campaign && number == *known,
            _ => false,
        }
    }

    /// A click makes an open of its own where there was none: it is not one itself.
    pub fn is_edge_of(&self, pattern: &EventPattern, number: usize) -> bool {
        let event = &self.events[number];
        if let (EventPattern::Message { event: MessageEvent::Opened, .. }, Happened::Message(MessageEvent::Clicked, _)) = (pattern, &event.what) {
            return false;
        }
        self.is_kind(pattern, event)
    }

    /// Enrols, or says why not.
    pub fn enrol(&mut self, start: Start) {
        if self.paused.contains(&start.campaign) && self.world.mutant != Mutant::NoPause {
            self.log(What::NotEnrolled, Some(start.campaign), None, "paused");
            return self.miss(start);
        }
        let Start { campaign: id, slot, record } = start;
        let asker = Asker { captured: slot.map(|slot| (slot, &record)), ..Asker::default() };
        let campaign = self.campaign(id);
        let each = match &campaign.reenter {
            Reenter::Each(by) => Some(self.value(by, asker, self.now)),
            _ => None,
        };
        let by = campaign.collect.as_ref().and_then(|collect| collect.by.as_ref()).map(|by| self.settled(self.value(by, asker, self.now)));
        let running = self.enrollments.iter().find(|e| !e.is_over && e.campaign == id && e.each == each && e.by == by).map(|e| e.id);
        let is_gathering = running.and_then(|id| self.enrollment(id)).is_some_and(|index| self.enrollments[index].gathering.is_some());
        let refusal = self.refusal(id, asker, each.as_ref(), (running.is_some(), is_gathering));
        if let Some(reason) = refusal {
            return self.log(What::NotEnrolled, Some(id), None, reason);
        }
        if let Some(old) = running.filter(|_| is_gathering || !campaign.is_restarting) {
            return self.gather(old, slot, &record);
        }
        if let Some(old) = running {
            return self.restart(old, slot, record);
        }
        self.start(id, slot, record, (each, by));
    }

    /// Why a trigger enrols nobody: in the order of *Time* 12.
    fn refusal(&self, id: CampaignId, asker: Asker<'_>, each: Option<&Value>, (is_in, is_gathering): (bool, bool)) -> Option<&'static str> {
        let campaign = self.campaign(id);
        let is_early = campaign.active_from.is_some_and(|from| self.now < from);
        if is_early || campaign.active_until.is_some_and(|until| self.now >= until) {
            return Some("not active");
        }
        if each.is_some_and(|each| !each.is_set()) {
            return Some("each");
        }
        if is_in && is_gathering {
            return campaign.only_if.iter().any(|condition| !self.is_true(condition, asker, self.now)).then_some("only if");
        }
        if is_in && !campaign.is_restarting {
            return Some(if each.is_some() { "each" } else { "already in" });
        }
        if !is_in && !self.may_come_again(id, each) {
            return Some(if each.is_some() { "each" } else { "reenter" });
        }
        if campaign.only_if.iter().any(|condition| !self.is_true(condition, asker, self.now)) {
            return Some("only if");
        }
        if !is_in && campaign.exits.iter().any(|exit| self.is_true(&exit.condition, asker, self.now)) {
            return Some("exit");
        }
        // The control group gets no marketing: what a campaign without any does is for everybody.
        let is_control = is_in_share(self.world.project.info.control_group);
        (!is_in && is_control && self.sends_marketing(&campaign.steps)).then_some("control group")
    }

    fn sends_marketing(&self, steps: &[Step]) -> bool {
        steps.iter().any(|step| match &step.kind {
            StepKind::Send { message, .. } => !self.world.project.messages[message.index()].is_transactional,
            other => super::bodies(other).into_iter().any(|body| self.sends_marketing(body)),
        })
    }

    fn may_come_again(&self, id: CampaignId, each: Option<&Value>) -> bool {
        let ends = self.past.iter().filter(|(known, _, value)| *known == id && (each.is_none() || value.as_ref() == each));
        let Some(end) = ends.map(|(_, end, _)| *end).max() else { return true };
        if self.world.mutant == Mutant::ReenterAlways {
            return true;
        }
        match &self.campaign(id).reenter {
            Reenter::Never | Reenter::Each(_) => false,
            Reenter::Always => true,
            Reenter::After(length) => add_duration(end, *length, &self.zone(), &self.world.holidays) <= self.now,
        }
    }

    fn start(&mut self, campaign: CampaignId, slot: Option<usize>, record: Value, (each, by): (Option<Value>, Option<Value>)) {
        let def = self.campaign(campaign);
        let mut captures = vec![Value::Unset; def.captures.len()];
        let collect = def.collect.as_ref().filter(|collect| Some(collect.slot.index()) == slot);
        if let Some(slot) = slot {
            captures[slot] = if collect.is_some() { gathered(&Value::Unset, &record) } else { record };
        }
        let id = self.next_id;
        self.next_id += 1;
        let main = main_thread(&def.steps);
        let goals = vec![false; def.goals.len()];
        self.enrollments.push(Enrollment {
            id,
            campaign,
            started: self.now,
            entered: self.now,
            since: self.seq,
            captures,
            threads: vec![main],
            each,
            by,
            path: Vec::new(),
            is_over: false,
            is_held_out: def.holdout.is_some_and(is_in_share),
            goals,
            gathering: None,
            arms: Vec::new(),
            executed: BTreeSet::new(),
            done_elsewhere: Vec::new(),
        });
        self.log(What::Enrolled, Some(campaign), None, "");
        self.refresh_segments();
        if collect.is_some() {
            return self.set_gathering(id, self.now);
        }
        self.run(id, 0);
    }

    /// From the first event on; sliding, from the last one on, but no longer than it may.
    fn set_gathering(&mut self, id: usize, since: Instant) {
        let Some(index) = self.enrollment(id) else { return };
        let Some(collect) = &self.campaign(self.enrollments[index].campaign).collect else { return };
        let after = |at: Instant, length| add_duration(at, length, &self.zone(), &self.world.holidays);
        let until = match collect.sliding_up_to {
            Some(most) => after(self.now, collect.length).min(after(since, most)),
            None => after(since, collect.length),
        };
        self.enrollments[index].gathering = Some(Gathering { since, until });
    }

    /// One event more of those that are gathered.
    fn gather(&mut self, id: usize, slot: Option<usize>, event: &Value) {
        let Some(index) = self.enrollment(id) else { return };
        let (Some(gathering), Some(slot)) = (self.enrollments[index].gathering, slot) else { return };
        if self.world.mutant != Mutant::NoGathering {
            self.enrollments[index].captures[slot] = gathered(&self.enrollments[index].captures[slot], event);
        }
        self.set_gathering(id, gathering.since);
    }

    /// `update NAME when EVENT`: the later event's properties replace those of the same name.
    pub fn update_captures(&mut self, edge: &Edge) {
        let Edge::Event(number) = edge else { return };
        let project = self.world.project;
        for index in 0..self.enrollments.len() {
            let campaign = self.campaign(self.enrollments[index].campaign);
            if self.enrollments[index].is_over || self.world.mutant == Mutant::NoUpdate {
                continue;
            }
            for update in &campaign.updates {
                let event = &self.events[*number];
                let asker = Asker { event: Some(event), enrollment: Some(index), ..Asker::default() };
                let is_meant = self.is_edge_of(&update.pattern, *number) && update.predicate.as_ref().is_none_or(|one| self.is_true(one, asker, self.now));
                let Value::Record(known) = &self.enrollments[index].captures[update.slot.index()] else { continue };
                if !is_meant {
                    continue;
                }
                let def = campaign.captures[update.slot.index()].event.map(|event| &project.events[event.index()]);
                let mut record = Record::clone(known);
                for (name, value) in &event.properties {
                    if def.is_some_and(|def| def.properties.iter().any(|property| property.name == *name)) {
                        record.insert(name.clone(), value.clone());
                    }
                }
                self.enrollments[index].captures[update.slot.index()] = Value::Record(Arc::new(record));
            }
        }
    }

    /// `retrigger restart`: from the first step, with a history that begins now; goals that were counted stay counted.
    fn restart(&mut self, id: usize, slot: Option<usize>, record: Value) {
        let Some(index) = self.enrollment(id) else { return };
        for thread in 0..self.enrollments[index].threads.len() {
            self.drop_wait(index, thread);
        }
        let campaign = self.enrollments[index].campaign;
        let def = self.campaign(campaign);
        let collect = def.collect.as_ref().filter(|collect| Some(collect.slot.index()) == slot);
        let record = if collect.is_some() { gathered(&Value::Unset, &record) } else { record };
        let (now, since) = (self.now, self.seq);
        let enrollment = &mut self.enrollments[index];
        enrollment.captures = vec![Value::Unset; def.captures.len()];
        if let Some(slot) = slot {
            enrollment.captures[slot] = record;
        }
        (enrollment.started, enrollment.since) = (now, since);
        enrollment.path.clear();
        enrollment.arms.clear();
        enrollment.executed.clear();
        enrollment.done_elsewhere.clear();
        enrollment.gathering = None;
        enrollment.threads = vec![main_thread(&def.steps)];
        // It begins now: of one instant it comes behind those that began before.
        let mut again = self.enrollments.remove(index);
        let id = self.next_id;
        self.next_id += 1;
        again.id = id;
        self.enrollments.push(again);
        self.log(What::Restarted, Some(campaign), None, "");
        if collect.is_some() {
            return self.set_gathering(id, self.now);
        }
        self.run(id, 0);
    }
}

/// Whom a test gives is there to see what people get: only a share of everybody takes them.
fn is_in_share(share: f64) -> bool {
    share >= 1.0
}

fn main_thread(steps: &[Step]) -> Thread<'_> {
    Thread { frames: vec![Frame::Block(steps, 0)], wait: None, step: None, is_done: false, pass: None, red: None, path: Vec::new(), is_unreachable: false }
}

/// What two have gathered of one thing.
pub fn gathered_all(mine: &Value, theirs: &Value) -> Value {
    let items = match theirs {
        Value::Record(record) => record.get("items").cloned().unwrap_or_default(),
        _ => Value::Unset,
    };
    match items {
        Value::List(items) => items.iter().fold(mine.clone(), |so_far, item| gathered(&so_far, item)),
        _ => mine.clone(),
    }
}

/// What has been gathered and one event more: the properties of the first, `count`, `items`.
fn gathered(so_far: &Value, event: &Value) -> Value {
    let Value::Record(event) = event else { return so_far.clone() };
    let mut record = match so_far {
        Value::Record(so_far) => Record::clone(so_far),
        _ => Record::clone(event),
    };
    let mut items = match record.get("items") {
        Some(Value::List(items)) if so_far.is_set() => items.to_vec(),
        _ => Vec::new(),
    };
    items.push(Value::Record(event.clone()));
    record.insert(Arc::from("count"), Value::Number(items.len() as f64));
    record.insert(Arc::from("items"), Value::List(items.into()));
    Value::Record(Arc::new(record))
}
