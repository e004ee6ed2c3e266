//! Changes of facts: applied as a group at one instant, then segments follow, then everybody is told.

use super::addresses::{SHARED, address_field};
use super::context::{Context, FactChange, HappeningKind};
use super::outcome::{Cause, What};
use crate::bytecode::{BuiltinField, Channel, Fact, FieldId, GroupId, ListId, SegmentId, TopicId};
use crate::lang::{Duration, Value, add_duration, normalize_email};
use crate::machine::state::{ConsentState, Membership};
use crate::machine::{Calendar, Change, ConsentTarget, Evaluator, builtin_text, field_value, stable, topic_passes, zone_of};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Context<'_> {
    /// Applies changes as one: segments and triggers see them together.
    pub fn apply(&mut self, evaluator: &mut Evaluator, changes: &[Change]) {
        let mut group = Vec::new();
        for change in changes {
            self.apply_one(change, &mut group);
        }
        self.after_changes(evaluator, group);
    }

    /// Applies the first facts of a contact. Every segment is asked once, when all of them are there: who comes into being
    /// inside one has not been outside of it before.
    pub fn apply_first(&mut self, evaluator: &mut Evaluator, changes: &[Change]) {
        let mut group = Vec::new();
        changes.iter().for_each(|change| self.apply_one(change, &mut group));
        self.dirty.extend(group.iter().map(|change| change.fact));
        for segment in 0..self.linked.program.segments.len() {
            self.refresh_segment(evaluator, SegmentId::from_index(segment), &group);
        }
    }

    /// Applies one change; the caller lets [`Context::after_changes`] follow.
    pub fn apply_alone(&mut self, change: &Change) -> Vec<FactChange> {
        let mut group = Vec::new();
        self.apply_one(change, &mut group);
        group
    }

    /// Lets segments follow a group of changed facts, and remembers that decisions have to be asked again.
    pub fn after_changes(&mut self, evaluator: &mut Evaluator, group: Vec<FactChange>) {
        if let Some(first) = group.first() {
            // Of an event there is no old value to tell.
            let fact = (first.old != first.new).then(|| (first.name.clone(), first.old.clone(), first.new.clone()));
            self.dirty_by = Some(Cause { input: self.cause.input.clone(), fact });
        }
        self.dirty.extend(group.iter().map(|change| change.fact));
        self.refresh_segments(evaluator, &group);
    }

    fn apply_one(&mut self, change: &Change, group: &mut Vec<FactChange>) {
        // Dates and zones have moments of their own.
        self.moments.set(None);
        match change {
            Change::SetField(field, value) => self.set_field(*field, value.clone(), group),
            Change::AddItem(field, item) => self.change_items(*field, item, group, |items, item| {
                if !items.contains(item) {
                    items.push(item.clone());
                }
            }),
            Change::RemoveItem(field, item) => self.change_items(*field, item, group, |items, item| items.retain(|known| known != item)),
            Change::AddPoints(points, number) => self.set_points(*points, |old| old + number, group),
            Change::SetPoints(points, number) => self.set_points(*points, |_| *number, group),
            Change::Tag(tag) => self.set_tag(tag, true, group),
            Change::Untag(tag) => self.set_tag(tag, false, group),
            Change::AddToList(list) => self.set_list(*list, true, group),
            Change::RemoveFromList(list) => self.set_list(*list, false, group),
            Change::Subscribe(topic) => self.set_topic(*topic, ConsentState::Given, group),
            Change::Unsubscribe(topic) => self.set_topic(*topic, ConsentState::Withdrawn, group),
            Change::UnsubscribeAll => self.withdraw_all(group),
            Change::Consent(ConsentTarget::Topic(topic), consent) => self.set_topic(*topic, *consent, group),
            Change::Consent(ConsentTarget::Channel(channel), consent) => self.set_channel(*channel, *consent),
            Change::Suppress(channel, reason) => {
                if reason.is_some() && self.state.consent.suppression(*channel) != *reason {
                    self.lose(change.clone());
                }
                self.state.consent.suppressed.retain(|(known, _, _)| known != channel);
                if let Some(reason) = reason {
                    self.state.consent.suppressed.push((*channel, *reason, self.now));
                }
            }
            Change::Mute(duration) => self.mute(*duration),
            Change::AddDevice(device) => {
                self.state.devices.retain(|known| known != device);
                self.state.devices.push(device.clone());
            }
            Change::RemoveDevice(device) => self.state.devices.retain(|known| known != device),
            Change::ClearDevices => self.state.devices.clear(),
            Change::OverrideSegment(segment, membership) => self.override_segment(*segment, *membership, group),
            Change::SetUserId(id) => self.state.user_id = Some(id.clone()),
            Change::AddAnonymousId(id) => {
                if !self.state.anonymous_ids.contains(id) {
                    self.state.anonymous_ids.push(id.clone());
                }
            }
            Change::SetTrait(name, value) => {
                if value.is_set() {
                    self.state.traits.insert(name.clone(), value.clone());
                } else {
                    self.state.traits.remove(name);
                }
            }
            Change::CreatedAt(at) => self.set_created(*at, group),
        }
    }

    /// A shorter one does not end a longer one.
    fn mute(&mut self, duration: Duration) {
        let until = add_duration(self.now, duration, &self.zone, &self.linked.holidays);
        self.state.muted_until = self.state.muted_until.max(Some(until));
        self.note_contact(What::Changed, format!("muted until {}", self.clock_text(until)));
    }

    fn set_created(&mut self, at: crate::lang::Instant, group: &mut Vec<FactChange>) {
        if at < self.state.created_at {
            let old = std::mem::replace(&mut self.state.created_at, at);
            if let Some(field) = self.linked.field_named("created_at") {
                group.push(FactChange { fact: Fact::Field(field), name: "created_at".into(), old: Value::DateTime(old), new: Value::DateTime(at) });
            }
        }
    }

    fn set_field(&mut self, field: FieldId, value: Value, group: &mut Vec<FactChange>) {
        let Some(def) = self.linked.program.fields.get(field.index()) else { return };
        let mut value = Calendar { zone: &self.zone, holidays: &self.linked.holidays }.settle(value);
        match def.builtin {
            Some(BuiltinField::Points) => return value.as_number().into_iter().for_each(|number| self.set_points(GroupId(0), |_| number, group)),
            Some(BuiltinField::Id | BuiltinField::LastSeenAt) => return,
            Some(BuiltinField::CreatedAt) => {
                if let Value::DateTime(at) = value {
                    // A test or an operator says when the contact came into being; senders only ever move it back.
                    let old = std::mem::replace(&mut self.state.created_at, at);
                    group.push(FactChange { fact: Fact::Field(field), name: def.name.clone(), old: Value::DateTime(old), new: Value::DateTime(at) });
                }
                return;
            }
            Some(BuiltinField::Email) => {
                if let Some(address) = value.as_text().and_then(normalize_email) {
                    value = Value::text(address);
                }
            }
            Some(
                BuiltinField::Phone | BuiltinField::FirstName | BuiltinField::LastName | BuiltinField::Timezone | BuiltinField::Locale | BuiltinField::Country,
            )
            | None => {}
        }
        let id = stable(&self.linked.deployment.fields, field.index());
        let old = field_value(self.linked, self.state, field);
        // A default is what a field has that was never written; clearing is a value of its own.
        if value.is_set() || def.default.is_set() {
            self.state.fields.insert(id, value);
        } else {
            self.state.fields.remove(&id);
        }
        let new = field_value(self.linked, self.state, field);
        if old == new {
            return;
        }
        for channel in SHARED.into_iter().filter(|channel| address_field(*channel) == def.builtin) {
            self.change_address(channel, (&old, &new));
        }
        if def.builtin == Some(BuiltinField::Timezone) {
            self.zone = zone_of(self.linked, self.state);
        }
        self.happen(HappeningKind::Field { field, old: old.clone(), new: new.clone() });
        group.push(FactChange { fact: Fact::Field(field), name: def.name.clone(), old, new });
    }

    fn change_items(&mut self, field: FieldId, item: &Value, group: &mut Vec<FactChange>, change: impl Fn(&mut Vec<Value>, &Value)) {
        let mut items: Vec<Value> = match field_value(self.linked, self.state, field) {
            Value::List(items) => items.to_vec(),
            Value::Unset
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Text(_)
            | Value::Date(_)
            | Value::DateTime(_)
            | Value::LocalDateTime(..)
            | Value::Duration(_)
            | Value::Record(_) => Vec::new(),
        };
        change(&mut items, item);
        self.set_field(field, Value::List(items.into()), group);
    }

    fn set_points(&mut self, points: GroupId, change: impl Fn(f64) -> f64, group: &mut Vec<FactChange>) {
        let id = stable(&self.linked.deployment.groups, points.index());
        let old = self.state.points.get(&id).copied().unwrap_or(0.0);
        let new = change(old);
        if !new.is_finite() || new == old {
            return;
        }
        self.state.points.insert(id, new);
        self.follow_points(points, (old, new));
        self.happen(HappeningKind::Points { group: points, old, new });
        let name: Arc<str> = match self.linked.program.groups.get(points.index()).and_then(|def| def.name.as_ref()) {
            Some(name) => Arc::from(format!("points in group {name}")),
            None => Arc::from("points"),
        };
        group.push(FactChange { fact: Fact::Points(points), name, old: Value::Number(old), new: Value::Number(new) });
    }

    /// Adds points within a group of changes.
    pub fn add_points_fact(&mut self, points: GroupId, amount: f64, group: &mut Vec<FactChange>) {
        self.set_points(points, |old| old + amount, group);
    }

    /// Sets points within a group of changes.
    pub fn set_points_fact(&mut self, points: GroupId, number: f64, group: &mut Vec<FactChange>) {
        self.set_points(points, |_| number, group);
    }

    fn set_tag(&mut self, tag: &Arc<str>, is_on: bool, group: &mut Vec<FactChange>) {
        match (self.state.tags.binary_search(tag), is_on) {
            (Err(at), true) => self.state.tags.insert(at, tag.clone()),
            (Ok(at), false) => {
                self.state.tags.remove(at);
            }
            (Ok(_), true) | (Err(_), false) => return,
        }
        self.happen(HappeningKind::Tag { tag: tag.clone(), is_on });
        group.push(FactChange { fact: Fact::Tags, name: Arc::from(format!("tag {tag:?}")), old: Value::Bool(!is_on), new: Value::Bool(is_on) });
    }

    fn set_list(&mut self, list: ListId, is_in: bool, group: &mut Vec<FactChange>) {
        let id = stable(&self.linked.deployment.lists, list.index());
        match (self.state.lists.binary_search(&id), is_in) {
            (Err(at), true) => self.state.lists.insert(at, id),
            (Ok(at), false) => {
                self.state.lists.remove(at);
            }
            (Ok(_), true) | (Err(_), false) => return,
        }
        self.happen(HappeningKind::List { list, is_in });
        let name = self.linked.program.lists.get(list.index()).map(|def| Arc::from(format!("list {:?}", def.name))).unwrap_or_default();
        group.push(FactChange { fact: Fact::List(list), name, old: Value::Bool(!is_in), new: Value::Bool(is_in) });
    }

    fn set_topic(&mut self, topic: TopicId, consent: ConsentState, group: &mut Vec<FactChange>) {
        let before = topic_passes(self.linked, self.state, topic);
        let id = stable(&self.linked.deployment.topics, topic.index());
        let former = self.state.consent.topics.insert(id, consent);
        if consent == ConsentState::Withdrawn && former != Some(consent) {
            self.lose(Change::Consent(ConsentTarget::Topic(topic), consent));
        }
        let after = topic_passes(self.linked, self.state, topic);
        if before == after {
            return;
        }
        self.happen(HappeningKind::Topic { topic, is_subscribed: after });
        let name = self.linked.program.topics.get(topic.index()).map(|def| Arc::from(format!("topic {:?}", def.name))).unwrap_or_default();
        group.push(FactChange { fact: Fact::Topic(topic), name, old: Value::Bool(before), new: Value::Bool(after) });
    }

    fn set_channel(&mut self, channel: Channel, consent: ConsentState) {
        let former = std::mem::replace(self.state.consent.channel_mut(channel), consent);
        if consent == ConsentState::Withdrawn && former != consent {
            self.lose(Change::Consent(ConsentTarget::Channel(channel), consent));
        }
    }

    fn withdraw_all(&mut self, group: &mut Vec<FactChange>) {
        for channel in [Channel::Email, Channel::Sms, Channel::Push] {
            self.set_channel(channel, ConsentState::Withdrawn);
        }
        for topic in 0..self.linked.program.topics.len() {
            self.set_topic(TopicId::from_index(topic), ConsentState::Withdrawn, group);
        }
    }

    fn override_segment(&mut self, segment: SegmentId, membership: Option<bool>, group: &mut Vec<FactChange>) {
        let id = stable(&self.linked.deployment.segments, segment.index());
        match membership {
            Some(is_in) => self.state.segment_overrides.insert(id, is_in),
            None => self.state.segment_overrides.remove(&id),
        };
        let name: Arc<str> = Arc::from("membership by hand");
        group.push(FactChange { fact: Fact::Segment(segment), name, old: Value::Unset, new: membership.map_or(Value::Unset, Value::Bool) });
    }

    /// Asks the segments that read what changed, in dependency order, and those that read these in turn.
    pub fn refresh_segments(&mut self, evaluator: &mut Evaluator, group: &[FactChange]) {
        let linked = self.linked;
        let mut dirty: BTreeSet<SegmentId> = group.iter().flat_map(|change| linked.segments_reading(change.fact).iter().copied()).collect();
        // Another zone has other midnights: what turns with time turns at other instants.
        let zone = linked.builtin(BuiltinField::Timezone).map(Fact::Field);
        if group.iter().any(|change| Some(change.fact) == zone) {
            dirty.extend(linked.segments_reading(Fact::Time).iter().copied());
        }
        // A manual change is asked at the segment itself.
        dirty.extend(group.iter().filter_map(|change| match change.fact {
            Fact::Segment(segment) => Some(segment),
            _ => None,
        }));
        while let Some(segment) = dirty.pop_first() {
            if self.refresh_segment(evaluator, segment, group) {
                dirty.extend(linked.segments_reading(Fact::Segment(segment)).iter().copied().filter(|other| *other > segment));
            }
        }
    }

    /// Asks one segment; returns whether membership changed.
    pub fn refresh_segment(&mut self, evaluator: &mut Evaluator, segment: SegmentId, group: &[FactChange]) -> bool {
        let Some(def) = self.linked.program.segments.get(segment.index()) else { return false };
        let id = stable(&self.linked.deployment.segments, segment.index());
        let (by_predicate, change) = evaluator.truth_and_change(&self.view_of(None), def.predicate);
        match change {
            Some(at) => self.state.segment_wakes.insert(id, at),
            None => self.state.segment_wakes.remove(&id),
        };
        let is_in = self.state.segment_overrides.get(&id).copied().unwrap_or(by_predicate);
        if is_in == self.state.segments.contains(&id) {
            return false;
        }
        if is_in {
            self.state.segments.insert(id, Membership { since: self.now });
        } else {
            self.state.segments.remove(&id);
            self.forget_existing(id);
        }
        let reads = self.linked.program.blocks.get(def.predicate.index()).map_or(&[][..], |block| block.reads.as_slice());
        let fact = group.iter().find(|change| reads.contains(&change.fact)).map(|change| (change.name.clone(), change.old.clone(), change.new.clone()));
        let cause = Cause { input: self.cause.input.clone(), fact: fact.or_else(|| self.cause.fact.clone()) };
        let outer = std::mem::replace(&mut self.cause, cause);
        self.note_contact(if is_in { What::EnteredSegment } else { What::LeftSegment }, Arc::from(format!("segment {:?}", def.name)));
        self.happen(HappeningKind::Segment { segment, is_in });
        self.cause = outer;
        self.dirty.push(Fact::Segment(segment));
        true
    }

    /// The contact's email address.
    pub fn email(&self) -> Option<Arc<str>> {
        builtin_text(self.linked, self.state, BuiltinField::Email)
    }
    /// The contact's phone number.
    pub fn phone(&self) -> Option<Arc<str>> {
        builtin_text(self.linked, self.state, BuiltinField::Phone)
    }
}
