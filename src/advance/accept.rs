//! Inputs become facts: events into history, points by their rules, changes, what happened to messages.

use super::context::{Context, FactChange, Happening, HappeningKind, Line};
use super::outcome::{Cause, What};
use super::{Input, InputKind};
use crate::bytecode::{BuiltinField, CampaignId, EventId, EventPattern, Fact, PointCap, RuleId};
use crate::lang::{Date, Instant, Record, Value, Weekday, subtract_duration};
use crate::machine::state::{HistoryEntry, HistoryKind, RuleUse, StableId};
use crate::machine::{Change, Evaluator, Keep, View, stable};
use std::sync::Arc;

impl Context<'_> {
    /// Takes an input in: facts first, in order; what they bring about is queued.
    pub fn accept(&mut self, evaluator: &mut Evaluator, input: &Input) {
        self.moments.set(None);
        let happened = input.happened.unwrap_or(self.now).min(self.now);
        match &input.kind {
            InputKind::Created { changes } => self.create(evaluator, changes),
            InputKind::Event { event, properties, changes } => {
                let name = self.linked.program.events.get(event.index()).map(|def| event_text(&def.name, def.is_form)).unwrap_or_default();
                self.set_cause(name);
                let mut group = Vec::new();
                self.see(&mut group);
                if !changes.is_empty() {
                    self.apply(evaluator, changes);
                }
                self.accept_event(*event, (properties.clone(), happened), &mut group);
                self.after_event(evaluator, group);
            }
            InputKind::Visited { path, properties } => {
                self.set_cause(Arc::from(format!("visited({path:?})")));
                self.accept_visit(evaluator, (path, properties), happened);
            }
            InputKind::Seen => self.seen(evaluator),
            InputKind::Changed(changes) => {
                self.set_cause(Arc::from("change"));
                self.apply(evaluator, changes);
            }
            InputKind::Message(happening) => self.accept_message(evaluator, happening, happened),
            InputKind::HandOver { effect } => {
                self.set_cause(Arc::from("delivery"));
                self.hand_over(evaluator, *effect);
            }
            InputKind::Result { effect, outcome, .. } => {
                self.set_cause(Arc::from("delivery"));
                self.accept_result(evaluator, *effect, outcome);
            }
            InputKind::Slot { effect, at } => {
                self.set_cause(Arc::from("throttle"));
                self.accept_slot(evaluator, *effect, *at);
            }
            InputKind::Variant { enrollment, thread, verdict, chain } => {
                self.set_cause(Arc::from("experiment"));
                self.chain = *chain;
                self.take_verdict(evaluator, Line { enrollment: *enrollment, thread: *thread }, *verdict);
            }
            InputKind::Enroll(campaign) => {
                self.set_cause(Arc::from("operator"));
                self.start(*campaign);
            }
            InputKind::Leave(campaign) => {
                self.set_cause(Arc::from("operator"));
                self.leave_campaign(*campaign, "left by hand");
            }
            InputKind::Text(text) => self.accept_text(evaluator, text, happened),
            InputKind::Switched { campaign, switching } => self.switched(evaluator, *campaign, *switching),
            InputKind::Revive { enrollment, how } => {
                self.set_cause(Arc::from("operator"));
                self.revive(evaluator, *enrollment, *how);
            }
            InputKind::Requeued(effect) => self.requeued(*effect),
            InputKind::Wake => self.set_cause(Arc::from("timer")),
        }
    }

    pub fn set_cause(&mut self, input: Arc<str>) {
        self.cause = Cause { input, fact: None };
    }

    /// Queues an enrolment that nothing but its admission can refuse, behind what was triggered before it.
    pub fn start(&mut self, campaign: CampaignId) {
        self.queue.push_back(Happening { kind: HappeningKind::Enrolled(campaign), cause: self.cause.clone() });
    }

    fn create(&mut self, evaluator: &mut Evaluator, changes: &[Change]) {
        self.set_cause(Arc::from("contact created"));
        self.state.created_at = self.now;
        self.state.accepted_at = self.now;
        // Who comes into being at a broadcast's very instant was there when it went out: timers come after facts.
        self.state.broadcasts_until = self.now.plus_millis(-1);
        self.state.dates_until = self.state.broadcasts_until;
        self.happen(HappeningKind::Created);
        self.apply_first(evaluator, changes);
        // A new contact has no facts that could have changed, and crosses nothing: only what it enters is an edge.
        self.queue.retain(|happening| !matches!(happening.kind, HappeningKind::Field { .. } | HappeningKind::Points { .. } | HappeningKind::Topic { .. }));
    }

    /// Records an event and what it brings in points.
    pub fn accept_event(&mut self, event: EventId, (properties, happened): (Arc<Record>, Instant), group: &mut Vec<FactChange>) {
        let kind = HistoryKind::Event(stable(&self.linked.deployment.events, event.index()));
        self.remember(kind, properties.clone(), happened);
        self.happen(HappeningKind::Event { event, record: properties });
        group.push(FactChange { fact: Fact::Event(event), name: self.cause.input.clone(), old: Value::Unset, new: Value::Unset });
    }

    fn accept_visit(&mut self, evaluator: &mut Evaluator, (path, properties): (&Arc<str>, &Arc<Record>), happened: Instant) {
        let mut record = Record::clone(properties);
        record.insert(Arc::from("path"), Value::Text(path.clone()));
        let record = Arc::new(record);
        self.remember(HistoryKind::Visited, record.clone(), happened);
        self.happen(HappeningKind::Visited { path: path.clone(), record });
        let change = FactChange { fact: Fact::Visited, name: self.cause.input.clone(), old: Value::Unset, new: Value::Unset };
        let mut group = vec![change];
        self.see(&mut group);
        self.after_event(evaluator, group);
    }

    /// The contact has shown up: `last_seen_at` is a fact like any other.
    fn see(&mut self, group: &mut Vec<FactChange>) {
        let old = self.state.last_seen_at.replace(self.now).map_or(Value::Unset, Value::DateTime);
        if let Some(field) = self.linked.builtin(BuiltinField::LastSeenAt) {
            group.push(FactChange { fact: Fact::Field(field), name: "last_seen_at".into(), old, new: Value::DateTime(self.now) });
        }
    }

    /// The contact has shown up, and nothing else.
    pub fn seen(&mut self, evaluator: &mut Evaluator) {
        let mut group = Vec::new();
        self.see(&mut group);
        self.after_changes(evaluator, group);
    }

    fn remember(&mut self, kind: HistoryKind, properties: Arc<Record>, happened: Instant) {
        let keep_from = match self.linked.keep(kind) {
            Some(Keep::Ever) => Instant::FAR_PAST,
            // A day more than asked, for calendar days that are longer than 24 hours.
            Some(Keep::Millis(millis)) => self.now.plus_millis(millis.saturating_add(86_400_000).saturating_neg()),
            None => return,
        };
        self.state.history.push(kind, HistoryEntry { seq: self.seq, happened, properties }, keep_from);
    }

    /// Gives the points of the happening queued last, then lets segments follow everything together.
    pub fn after_event(&mut self, evaluator: &mut Evaluator, mut group: Vec<FactChange>) {
        if let Some(happening) = self.queue.back().cloned() {
            self.give_points(evaluator, &happening, &mut group);
        }
        // An event by itself has no old and new value to show.
        let facts: Vec<FactChange> = group.iter().filter(|change| change.new.is_set()).cloned().collect();
        let events = group.into_iter().filter(|change| !change.new.is_set());
        self.after_changes(evaluator, facts.into_iter().chain(events).collect());
    }

    fn give_points(&mut self, evaluator: &mut Evaluator, happening: &Happening, group: &mut Vec<FactChange>) {
        let linked = self.linked;
        for (index, rule) in linked.program.rules.iter().enumerate() {
            let pattern = (&rule.pattern, rule.predicate);
            if !self.pattern_matches(evaluator, (&happening.kind, None), pattern) {
                continue;
            }
            let id = stable(&linked.deployment.rules, RuleId::from_index(index).index());
            let campaign = campaign_of(&happening.kind);
            if !self.cap_allows(rule.cap, (id, campaign)) {
                continue;
            }
            let view = View { event: record_of(&happening.kind), ..self.view_of(None) };
            let Ok(Value::Number(amount)) = evaluator.value(&view, rule.amount) else { continue };
            self.use_cap(rule.cap, id, campaign);
            self.add_points(rule.group, amount, group);
        }
    }

    fn add_points(&mut self, points: crate::bytecode::GroupId, amount: f64, group: &mut Vec<FactChange>) {
        let before = group.len();
        self.add_points_fact(points, amount, group);
        if let Some(change) = group.get(before) {
            self.cause.fact = Some((change.name.clone(), change.old.clone(), change.new.clone()));
            let why = format!("{} {} → {}", change.name, change.old, change.new);
            self.note_contact(What::Changed, why);
        }
    }

    fn cap_allows(&self, cap: Option<PointCap>, (rule, campaign): (StableId, Option<StableId>)) -> bool {
        let (Some(cap), Some(used)) = (cap, self.state.rule_uses.get(&rule)) else { return true };
        let (last, today) = (self.zone.date(used.last), self.zone.date(self.now));
        let month = |date: Date| {
            let (year, month, _) = date.parts();
            (year, month)
        };
        match cap {
            PointCap::Once => false,
            PointCap::PerHour => self.zone.local(used.last).1.0 / 3_600_000 != self.zone.local(self.now).1.0 / 3_600_000 || last != today,
            PointCap::PerDay => last != today,
            PointCap::PerWeek => monday_of(last) != monday_of(today),
            PointCap::PerMonth => month(last) != month(today),
            PointCap::PerYear => month(last).0 != month(today).0,
            PointCap::PerCampaign => campaign.is_none_or(|campaign| !used.campaigns.contains(&campaign)),
            PointCap::Per(duration) => used.last <= subtract_duration(self.now, duration, &self.zone, &self.linked.holidays),
        }
    }

    fn use_cap(&mut self, cap: Option<PointCap>, rule: StableId, campaign: Option<StableId>) {
        if cap.is_none() {
            return;
        }
        let now = self.now;
        let used: &mut RuleUse = self.state.rule_uses.entry(rule);
        used.last = now;
        used.campaigns.extend(campaign.filter(|_| cap == Some(PointCap::PerCampaign)));
    }

    /// Whether a happening is of a pattern, and its properties fulfil the predicate.
    pub fn pattern_matches(
        &self,
        evaluator: &mut Evaluator,
        (happening, enrollment): (&HappeningKind, Option<crate::machine::state::EnrollmentUid>),
        (pattern, predicate): (&EventPattern, Option<crate::bytecode::BlockId>),
    ) -> bool {
        let is_kind = match (pattern, happening) {
            (EventPattern::Custom(wanted), HappeningKind::Event { event, .. }) => self.is_same_event(*wanted, *event),
            (EventPattern::Visited(wanted), HappeningKind::Visited { path, .. }) => crate::lang::matches_pattern(wanted, path),
            (EventPattern::Message { event, target, url, text }, HappeningKind::Message { event: happened, send, detail }) => {
                event == happened
                    && self.is_target(target, send)
                    && url.as_ref().is_none_or(|url| detail.as_ref().is_some_and(|detail| crate::lang::matches_pattern(url, detail)))
                    && text.is_none_or(|id| {
                        let regex = self.linked.regexes.get(id.index()).and_then(Option::as_ref);
                        detail.as_ref().is_some_and(|detail| regex.is_some_and(|regex| regex.is_match(detail)))
                    })
            }
            (EventPattern::Custom(_) | EventPattern::Visited(_) | EventPattern::Message { .. }, _) => false,
        };
        is_kind
            && predicate.is_none_or(|block| {
                let view = View { event: record_of(happening), ..self.view_of(enrollment) };
                evaluator.is_true(&view, block)
            })
    }
}

/// The Monday of a date's week.
fn monday_of(date: Date) -> Date {
    date.plus_days(-i32::from(Weekday::of(date).number()))
}

fn event_text(name: &Arc<str>, is_form: bool) -> Arc<str> {
    if is_form { Arc::from(format!("submitted({name})")) } else { name.clone() }
}

/// The properties of a happening, for predicates.
pub(super) fn record_of(kind: &HappeningKind) -> Option<&Record> {
    match kind {
        HappeningKind::Event { record, .. } | HappeningKind::Visited { record, .. } => Some(record),
        HappeningKind::Message { .. }
        | HappeningKind::Segment { .. }
        | HappeningKind::List { .. }
        | HappeningKind::Tag { .. }
        | HappeningKind::Field { .. }
        | HappeningKind::Points { .. }
        | HappeningKind::Created
        | HappeningKind::Enrolled(_)
        | HappeningKind::Topic { .. } => None,
    }
}

fn campaign_of(kind: &HappeningKind) -> Option<StableId> {
    match kind {
        HappeningKind::Message { send, .. } => Some(send.campaign),
        HappeningKind::Event { .. }
        | HappeningKind::Visited { .. }
        | HappeningKind::Segment { .. }
        | HappeningKind::List { .. }
        | HappeningKind::Tag { .. }
        | HappeningKind::Field { .. }
        | HappeningKind::Points { .. }
        | HappeningKind::Created
        | HappeningKind::Enrolled(_)
        | HappeningKind::Topic { .. } => None,
    }
}
