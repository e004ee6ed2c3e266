//! Facts and events of a contact: what changes, and which edges that makes.

use super::channel_index;
use super::person::{Edge, Event, Fade, Fate, Happened, Person};
use super::values::Asker;
use campc::advance::What;
use campc::bytecode::{BuiltinField, CampaignId, Channel, EventId, MessageEvent, PointCap, SegmentId, TopicId};
use campc::lang::{Duration, Instant, Record, Value, add_duration, normalize_path};
use campc::semantic::hir::StepKind;
use std::sync::Arc;

impl<'p> Person<'p> {
    /// A contact of a test: reachable, and consenting on every channel.
    pub fn input_created(&mut self, name: &str, values: Vec<(usize, Value)>) {
        self.is_there = true;
        self.broadcasts_until = self.now.plus_millis(-1); // what is due now comes behind this fact
        self.channels = [Some(true); 3];
        self.has_device = true;
        let index = self.index;
        let world = self.world;
        self.fields[world.builtin(BuiltinField::CreatedAt)] = Value::DateTime(self.now);
        self.fields[world.builtin(BuiltinField::LastSeenAt)] = Value::DateTime(self.now);
        self.fields[world.builtin(BuiltinField::Email)] = Value::text(format!("{name}@contact.example"));
        self.fields[world.builtin(BuiltinField::Phone)] = Value::text(format!("+4915100000{index:03}"));
        for (field, value) in &values {
            // The zone first: date-times are read in it.
            if *field == world.builtin(BuiltinField::Timezone) {
                self.fields[*field] = value.clone();
                self.zone = self.look_up_zone();
            }
        }
        for (field, value) in values {
            if field == world.builtin(BuiltinField::Points) {
                self.set_points(0, value.as_number().unwrap_or(0.0));
            } else {
                self.fields[field] = self.settled(value);
            }
        }
        // A new contact has no facts that could have changed.
        self.edges.clear();
        self.edges.push_back(Edge::Created);
        self.refresh_segments();
        self.complete();
        self.answer();
    }

    pub fn input_event(&mut self, event: EventId, properties: Record, happened: Instant) {
        self.accept(Happened::Custom(event), properties, None, happened);
        self.complete();
        self.answer();
    }

    pub fn input_visit(&mut self, path: &str, happened: Instant) {
        self.accept(Happened::Visited(Arc::from(normalize_path(path))), Record::new(), None, happened);
        self.complete();
        self.answer();
    }

    pub fn input_change(&mut self, change: &StepKind) {
        self.change(change, Asker::default(), None);
        self.complete();
        self.answer();
    }

    pub fn input_sms(&mut self, text: &str) {
        match text.trim().to_uppercase().as_str() {
            "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" => self.channels[channel_index(Channel::Sms)] = Some(false),
            "START" | "UNSTOP" => self.channels[channel_index(Channel::Sms)] = Some(true),
            _ => return,
        }
        self.complete();
        self.answer();
    }

    /// Something happens to a message that was sent.
    pub fn input_message(&mut self, send: usize, (event, detail): (MessageEvent, Option<Arc<str>>), (is_machine, is_soft): (bool, bool), happened: Instant) {
        if is_soft {
            // A mailbox that is full is no bounce: the message may still arrive.
            return;
        }
        let is_person = matches!(event, MessageEvent::Opened | MessageEvent::Clicked);
        if is_person && is_machine && !self.world.project.info.machine_opens_count {
            return;
        }
        let message = &self.world.project.messages[self.sends[send].message.index()];
        match event {
            MessageEvent::Failed => {
                self.sends[send].fate = Fate::Failed;
                self.complete();
                return;
            }
            MessageEvent::Bounced => self.bounced.push(self.field(self.world.builtin(BuiltinField::Email))),
            MessageEvent::Complained => self.complained = true,
            MessageEvent::Unsubscribed => match message.topic {
                Some(topic) => self.set_topic(topic, false),
                None => self.channels[channel_index(self.sends[send].channel)] = Some(false),
            },
            _ => {}
        }
        let is_opened = self.events.iter().any(|known| known.what == Happened::Message(MessageEvent::Opened, send));
        if event == MessageEvent::Clicked && !is_opened && self.world.mutant != super::Mutant::ClickIsNoOpen {
            self.accept(Happened::Message(MessageEvent::Opened, send), Record::new(), None, happened);
        }
        self.accept(Happened::Message(event, send), Record::new(), detail, happened);
        self.complete();
        self.answer();
    }

    /// Webhooks answer at once, each as an input of its own.
    pub fn answer(&mut self) {
        while let Some((id, thread, slot, webhook)) = self.asked.pop_front() {
            let Some(index) = self.enrollment(id) else { continue };
            if !matches!(self.enrollments[index].threads[thread].wait, Some(super::person::Wait::Answer(_))) {
                continue;
            }
            let (status, body) =
                self.world.answers.iter().find(|(known, ..)| *known == webhook).map_or((200, Value::Unset), |(_, status, body)| (*status, body.clone()));
            let is_ok = (200..300).contains(&status);
            let record: Record =
                [(Arc::from("ok"), Value::Bool(is_ok)), (Arc::from("status"), Value::Number(f64::from(status))), (Arc::from("body"), body)].into();
            self.enrollments[index].captures[slot] = Value::Record(Arc::new(record));
            self.enrollments[index].threads[thread].wait = None;
            self.run(id, thread);
            self.complete();
            self.give_slots();
        }
        self.give_slots();
    }

    /// An event becomes history; point rules give; segments follow.
    pub fn accept(&mut self, what: Happened, properties: Record, detail: Option<Arc<str>>, happened: Instant) {
        self.seq += 1;
        self.accepted.push(self.now);
        let event = Event { what, properties, detail, happened: happened.min(self.now), seq: self.seq };
        self.events.push(event);
        let number = self.events.len() - 1;
        self.edges.push_back(Edge::Event(number));
        self.apply_rules(number);
        self.refresh_segments();
    }

    fn apply_rules(&mut self, number: usize) {
        let project = self.world.project;
        for (index, rule) in project.rules.iter().enumerate() {
            let event = &self.events[number];
            let asker = Asker { event: Some(event), ..Asker::default() };
            let campaign = None;
            let is_meant = self.is_edge_of(&rule.pattern, number) && rule.predicate.as_ref().is_none_or(|predicate| self.is_true(predicate, asker, self.now));
            if !is_meant || !self.may_give(index, rule.cap, campaign) {
                continue;
            }
            let Some(amount) = self.value(&rule.amount, asker, self.now).as_number() else { continue };
            self.given[index].push((self.now, campaign));
            let group = rule.group.index();
            self.set_points(group, self.points[group] + amount);
        }
    }

    fn may_give(&self, rule: usize, cap: Option<PointCap>, campaign: Option<CampaignId>) -> bool {
        let Some((last, _)) = self.given[rule].last().copied() else { return true };
        let zone = self.zone();
        let (then, now) = (zone.date(last), zone.date(self.now));
        let week = |date: campc::lang::Date| (date.0 + 3).div_euclid(7);
        match cap {
            None => true,
            Some(PointCap::Once) => false,
            Some(PointCap::PerHour) => last.0.div_euclid(3_600_000) != self.now.0.div_euclid(3_600_000),
            Some(PointCap::PerDay) => then != now,
            Some(PointCap::PerWeek) => week(then) != week(now),
            Some(PointCap::PerMonth) => (then.parts().0, then.parts().1) != (now.parts().0, now.parts().1),
            Some(PointCap::PerYear) => then.parts().0 != now.parts().0,
            Some(PointCap::PerCampaign) => self.given[rule].iter().all(|(_, known)| *known != campaign),
            Some(PointCap::Per(length)) => add_duration(last, length, &zone, &self.world.holidays) <= self.now,
        }
    }

    pub fn set_points(&mut self, group: usize, to: f64) {
        let from = self.points[group];
        self.points[group] = to;
        if from != to {
            self.edges.push_back(Edge::Points(group, from, to));
        }
        // A rhythm begins with the first points, and ends with the last.
        if to == 0.0 {
            self.fades.retain(|(known, _), _| *known != group);
        } else {
            let lines = self.world.project.groups.get(group).map_or(0, |group| group.decays.len());
            for line in (0..lines).filter(|line| !self.fades.contains_key(&(group, *line))).collect::<Vec<_>>() {
                let due = self.fades_at((group, line), self.now, 1);
                self.fades.insert((group, line), Fade { since: self.now, times: 0, due });
            }
        }
    }

    /// When a share of points goes for that time: so many times the length after the rhythm began.
    fn fades_at(&self, (group, line): (usize, usize), since: Instant, times: u32) -> Instant {
        let per = self.world.project.groups[group].decays[line].per;
        let whole =
            Duration { months: per.months * times, days: per.days * times, business_days: per.business_days * times, millis: per.millis * u64::from(times) };
        add_duration(since, whole, &self.zone(), &self.world.holidays)
    }

    /// `decay 10% per 30d`: a share that is due goes; less than a hundredth of a point is none. False where none is due.
    pub fn fade(&mut self) -> bool {
        let due = self.fades.iter().filter(|(_, fade)| fade.due <= self.now).min_by_key(|(line, fade)| (fade.due, **line));
        let Some((&(group, line), &Fade { since, times, .. })) = due else { return false };
        let due = self.fades_at((group, line), since, times + 2);
        self.fades.insert((group, line), Fade { since, times: times + 1, due });
        let share = if self.world.mutant == super::Mutant::NoDecay { 0.0 } else { self.world.project.groups[group].decays[line].share };
        let left = self.points[group] * (1.0 - share);
        self.set_points(group, if left.abs() < 0.01 { 0.0 } else { left });
        self.refresh_segments();
        true
    }

    /// One of the steps that change the contact. `value` is what its expression was worth.
    pub fn change(&mut self, change: &StepKind, asker: Asker<'_>, by: Option<CampaignId>) {
        let value = |person: &Self, expr| person.settled(person.value(expr, asker, person.now));
        match change {
            StepKind::Set { field, value: expr } => {
                let value = value(self, expr);
                self.set_field(field.index(), value);
            }
            StepKind::Clear { field } => self.set_field(field.index(), Value::Unset),
            StepKind::AddItem { field, item } => self.change_item(field.index(), value(self, item), true),
            StepKind::RemoveItem { field, item } => self.change_item(field.index(), value(self, item), false),
            StepKind::AddPoints { group, amount } => {
                if let Some(amount) = value(self, amount).as_number() {
                    self.set_points(group.index(), self.points[group.index()] + amount);
                }
            }
            StepKind::SetPoints { group, amount } => {
                if let Some(amount) = value(self, amount).as_number() {
                    self.set_points(group.index(), amount);
                }
            }
            StepKind::Tag(tag) => {
                if self.tags.insert(tag.clone()) {
                    self.edges.push_back(Edge::Tagged(tag.clone()));
                }
            }
            StepKind::Untag(tag) => {
                if self.tags.remove(tag) {
                    self.edges.push_back(Edge::Untagged(tag.clone()));
                }
            }
            StepKind::AddToList(list) => {
                if self.lists.insert(*list) {
                    self.edges.push_back(Edge::EnteredList(*list));
                }
            }
            StepKind::RemoveFromList(list) => {
                if self.lists.remove(list) {
                    self.edges.push_back(Edge::LeftList(*list));
                }
            }
            StepKind::Subscribe(topic) => self.set_topic(*topic, true),
            StepKind::Unsubscribe(Some(topic)) => self.set_topic(*topic, false),
            StepKind::Unsubscribe(None) => self.unsubscribe_all(),
            StepKind::Mute(length) => {
                if let Value::Duration(length) = self.value(length, asker, self.now) {
                    let until = add_duration(self.now, length, &self.zone(), &self.world.holidays);
                    self.muted_until = Some(self.muted_until.map_or(until, |known| known.max(until)));
                }
            }
            StepKind::Enroll(campaign) => self.edges.push_back(Edge::Enroll(*campaign)),
            StepKind::Leave(campaign) => self.leave(*campaign),
            StepKind::Emit { event, properties } => {
                let record = match properties.as_ref().map(|expr| self.value(expr, asker, self.now)) {
                    Some(Value::Record(record)) => record.iter().filter(|(_, value)| value.is_set()).map(|(key, value)| (key.clone(), value.clone())).collect(),
                    _ => Record::new(),
                };
                self.accept(Happened::Custom(*event), record, None, self.now);
            }
            other => unreachable!("no change: {other:?} {by:?}"),
        }
        self.refresh_segments();
    }

    fn set_field(&mut self, field: usize, to: Value) {
        if self.world.project.fields[field].builtin == Some(BuiltinField::Points) {
            return self.set_points(0, to.as_number().unwrap_or(0.0));
        }
        let from = self.field(field);
        self.fields[field] = to;
        self.zone = self.look_up_zone();
        self.is_zone_new |= self.world.project.fields[field].builtin == Some(BuiltinField::Timezone) && self.field(field) != from;
        let to = self.field(field);
        if from != to {
            self.edges.push_back(Edge::Field(field, from, to));
        }
    }

    fn change_item(&mut self, field: usize, item: Value, is_added: bool) {
        if !item.is_set() {
            return;
        }
        let mut items: Vec<Value> = match self.field(field) {
            Value::List(items) => items.to_vec(),
            _ => Vec::new(),
        };
        if !is_added {
            items.retain(|known| *known != item);
        } else if !items.contains(&item) {
            items.push(item);
        }
        self.set_field(field, Value::List(items.into()));
    }

    pub fn topic_passes(&self, topic: TopicId) -> bool {
        let is_opt_in = self.world.project.topics[topic.index()].is_opt_in;
        self.topics.get(&topic).copied().unwrap_or(!is_opt_in)
    }

    fn set_topic(&mut self, topic: TopicId, is_in: bool) {
        let before = self.topic_passes(topic);
        self.topics.insert(topic, is_in);
        match (before, is_in) {
            (false, true) => self.edges.push_back(Edge::Subscribed(topic)),
            (true, false) => self.edges.push_back(Edge::Unsubscribed(topic)),
            _ => {}
        }
    }

    fn unsubscribe_all(&mut self) {
        self.channels = [Some(false); 3];
        for topic in 0..self.world.project.topics.len() {
            self.set_topic(TopicId(u32::try_from(topic).expect("small")), false);
        }
    }

    /// Segments follow at once, each behind those it reads.
    pub fn refresh_segments(&mut self) {
        for (index, segment) in self.world.project.segments.iter().enumerate() {
            let is_in = self.is_true(&segment.condition, Asker::default(), self.now);
            if self.segments[index] == is_in {
                continue;
            }
            self.segments[index] = is_in;
            let id = SegmentId(u32::try_from(index).expect("small"));
            self.edges.push_back(if is_in { Edge::EnteredSegment(id) } else { Edge::LeftSegment(id) });
            self.log(if is_in { What::EnteredSegment } else { What::LeftSegment }, None, None, &segment.name);
        }
    }

    /// A duration from now, in the contact's zone.
    pub fn later(&self, length: Duration) -> Instant {
        let length = if self.world.mutant == super::Mutant::DaysAreHours { super::as_hours(length) } else { length };
        add_duration(self.now, length, &self.zone(), &self.world.holidays)
    }
}
