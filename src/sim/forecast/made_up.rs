//! Behaviour that nobody wrote down: from what the program asks for, so that something happens on both sides of what it compares.

use super::behaviour::{Arriving, Behaviour, Delay, EventHabit, FieldHabit, Having, MessageHabit, Reach, WebhookHabit};
use super::compared::Compared;
use super::values::{Draw, Hours, Values};
use crate::bytecode::{BuiltinField, CampaignId, Channel, EventDef, EventId, FieldDef, FieldId, GroupId, ListId, MessageId, Program, TopicId, TriggerKind};
use crate::lang::{TimeOfDay, Type, Value};
use std::sync::Arc;

const HOUR_MS: f64 = 3_600_000.0;
/// How often an event comes of which nothing is said: a contact and day.
const EVENT_PER_DAY: f64 = 0.05;
const VISIT_PER_DAY: f64 = 0.1;
const CHANGE_PER_DAY: f64 = 0.01;

impl Behaviour {
    /// What is taken where nothing is said.
    #[must_use]
    pub fn made_up(program: &Program) -> Behaviour {
        let compared = Compared::of(program);
        let mut behaviour = Behaviour {
            arriving: Arriving::Share(0.5),
            known_for_days: 365.0,
            reach: Reach { email: 1.0, phone: 0.6, sms_consent: 0.7, device: 0.4 },
            hours: Hours::awake(TimeOfDay(7 * 3_600_000), TimeOfDay(23 * 3_600_000), 0.08),
            fields: fields(program, &compared),
            points: compared.points.iter().map(|(group, values)| (*group, points(values))).collect(),
            tags: compared.tags.iter().map(|tag| Having { what: tag.clone(), share: 0.1, per_day: CHANGE_PER_DAY }).collect(),
            lists: below(program.lists.len(), ListId::from_index).filter(|list| compared.asks_for_list(*list)).map(half_have).collect(),
            topics: topics(program, &compared),
            events: events(program, &compared),
            visits: compared.paths.iter().map(|path| (concrete(path), VISIT_PER_DAY)).collect(),
            messages: below(program.messages.len(), MessageId::from_index).map(|message| habit(program, &compared, message)).collect(),
            webhooks: program.webhooks.iter().map(|_| WebhookHabit { ok: 0.99, answer_after: Delay { median_ms: 800.0, spread: 2.0 } }).collect(),
            enrolments: by_hand(program),
            made_up: Vec::new(),
        };
        behaviour.made_up = behaviour.words(program);
        behaviour
    }

    /// What was made up, in words.
    fn words(&self, program: &Program) -> Vec<String> {
        let mut lines = vec!["half of the contacts are known at the start, the others come in over time".to_owned()];
        let mut line = |what: &str, names: Vec<String>| {
            if !names.is_empty() {
                lines.push(format!("{what}: {}", names.join(", ")));
            }
        };
        let field = |id: FieldId| program.fields.get(id.index()).map_or_else(String::new, |field| field.name.to_string());
        line("values of fields", self.fields.iter().map(|habit| field(habit.field)).collect());
        line("tags", self.tags.iter().map(|tag| tag.what.to_string()).collect());
        line("lists", self.lists.iter().filter_map(|list| program.lists.get(list.what.index())).map(|list| list.name.to_string()).collect());
        line("topics", self.topics.iter().filter_map(|topic| program.topics.get(topic.what.index())).map(|topic| topic.name.to_string()).collect());
        line("events and forms", self.events.iter().filter_map(|habit| program.events.get(habit.event.index())).map(|event| event.name.to_string()).collect());
        line("visits", self.visits.iter().map(|(path, _)| path.to_string()).collect());
        line("enrolment by hand", self.enrolments.iter().filter_map(|(id, _)| program.campaigns.get(id.index())).map(|def| def.name.to_string()).collect());
        if !program.messages.is_empty() {
            lines.push("opens, clicks, answers, unsubscribes and bounces of messages".to_owned());
        }
        lines
    }
}

fn below<T>(count: usize, id: fn(usize) -> T) -> impl Iterator<Item = T> {
    (0..count).map(id)
}

fn half_have<T>(what: T) -> Having<T> {
    Having { what, share: 0.3, per_day: CHANGE_PER_DAY }
}

fn topics(program: &Program, compared: &Compared) -> Vec<Having<TopicId>> {
    let is_meant = |topic: &TopicId| compared.asks_for_topic(*topic) || program.topics.get(topic.index()).is_some_and(|def| def.is_opt_in);
    below(program.topics.len(), TopicId::from_index).filter(is_meant).map(|what| Having { what, share: 0.5, per_day: CHANGE_PER_DAY }).collect()
}

fn fields(program: &Program, compared: &Compared) -> Vec<FieldHabit> {
    let mut habits = Vec::new();
    for (index, def) in program.fields.iter().enumerate() {
        let field = FieldId::from_index(index);
        let values = compared.fields.get(&field);
        let is_read = values.is_some() || compared.facts.contains(&crate::bytecode::Fact::Field(field));
        let is_own = match def.builtin {
            None | Some(BuiltinField::Country | BuiltinField::Locale | BuiltinField::FirstName | BuiltinField::LastName) => true,
            Some(
                BuiltinField::Id
                | BuiltinField::Email
                | BuiltinField::Phone
                | BuiltinField::Timezone
                | BuiltinField::Points
                | BuiltinField::CreatedAt
                | BuiltinField::LastSeenAt,
            ) => false,
        };
        if !(is_read && is_own) {
            continue;
        }
        let is_yearly = compared.yearly.contains(&field);
        if let Some(draw) = draw(&def.ty, values.map_or(&[], Vec::as_slice), is_yearly) {
            let changes_per_day = if is_yearly || def.builtin.is_some() { 0.0 } else { CHANGE_PER_DAY };
            habits.push(FieldHabit { field, draw: with_default(draw, def), changes_per_day });
        }
    }
    habits
}

/// A field with a default is seldom without a value of its own.
fn with_default(draw: Draw, def: &FieldDef) -> Draw {
    if def.default.is_set() { Draw { unset: 0.0, ..draw } } else { draw }
}

/// Values of a type on both sides of what they are compared with.
fn draw(ty: &Type, compared: &[Value], is_yearly: bool) -> Option<Draw> {
    let values = match ty {
        Type::Enum(known) => Values::OneOf(known.iter().map(|value| (Value::Text(value.clone()), 1.0)).collect()),
        Type::Bool => Values::Share(0.5),
        Type::Number => numbers(compared),
        Type::Text => texts(compared),
        Type::Date | Type::DateTime if is_yearly => Values::Days { from: -60.0 * 365.0, to: -18.0 * 365.0, is_date: *ty == Type::Date },
        Type::Date | Type::DateTime => Values::Days { from: -60.0, to: 60.0, is_date: *ty == Type::Date },
        Type::List(_) => Values::Items(distinct(compared).into_iter().map(|value| (value, 0.3)).collect()),
        Type::Duration | Type::Record | Type::Any => return None,
    };
    Some(Draw { values, unset: 0.05 })
}

fn numbers(compared: &[Value]) -> Values {
    let numbers: Vec<f64> = compared.iter().filter_map(Value::as_number).collect();
    let (low, high) = (numbers.iter().copied().fold(f64::INFINITY, f64::min), numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    if numbers.is_empty() {
        return Values::Between(0.0, 100.0);
    }
    let reach = (high - low).abs().max(high.abs()).max(1.0);
    Values::Between((low - reach).max(if low >= 0.0 { 0.0 } else { f64::NEG_INFINITY }), high + reach)
}

fn texts(compared: &[Value]) -> Values {
    let mut weighted: Vec<(Value, f64)> = distinct(compared).into_iter().filter(|value| value.as_text().is_some()).map(|value| (value, 1.0)).collect();
    if weighted.is_empty() {
        return Values::Fresh;
    }
    let others = f64::from(u32::try_from(weighted.len()).unwrap_or(1));
    weighted.push((Value::text("something else"), others));
    Values::OneOf(weighted)
}

fn distinct(values: &[Value]) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    for value in values {
        if !found.contains(value) {
            found.push(value.clone());
        }
    }
    found
}

/// Points below and above what they are compared with, more of them below.
fn points(compared: &[f64]) -> Draw {
    let high = compared.iter().copied().fold(0.0, f64::max);
    Draw { values: Values::Between(0.0, (high * 1.25).ceil()), unset: 0.3 }
}

fn events(program: &Program, compared: &Compared) -> Vec<EventHabit> {
    let ids = below(program.events.len(), EventId::from_index).filter(|event| compared.asks_for(*event));
    ids.filter_map(|event| Some(EventHabit { event, per_day: EVENT_PER_DAY, properties: properties(program.events.get(event.index())?, compared) })).collect()
}

fn properties(event: &EventDef, compared: &Compared) -> Vec<(Arc<str>, Draw)> {
    let one = |property: &crate::bytecode::PropertyDef| {
        let values = compared.properties.get(&property.name).map_or(&[][..], Vec::as_slice);
        let drawn = draw(&property.ty, values, false)?;
        Some((property.name.clone(), Draw { unset: 0.0, ..drawn }))
    };
    event.properties.iter().filter_map(one).collect()
}

/// A path that a pattern means.
fn concrete(pattern: &Arc<str>) -> Arc<str> {
    let path = pattern.trim_end_matches('*').replace('*', "1");
    if path.is_empty() { Arc::from("/") } else { Arc::from(path) }
}

/// What people do with a message of that channel, about as they do in the field.
fn habit(program: &Program, compared: &Compared, message: MessageId) -> MessageHabit {
    let channel = program.messages.get(message.index()).map_or(Channel::Email, |def| def.channel);
    let (open, click, reply) = match channel {
        Channel::Email => (0.35, 0.12, 0.01),
        Channel::Sms => (0.0, 0.08, 0.03),
        Channel::Push => (0.12, 0.5, 0.0),
    };
    let asked = compared.links.iter().filter(|(of, _)| of.is_none_or(|of| of == message)).map(|(_, url)| (concrete(url), 1.0));
    let links = asked.chain(std::iter::once((Arc::from("https://example.com/"), 1.0))).collect();
    MessageHabit {
        open,
        click,
        reply,
        unsubscribe: 0.004,
        complain: 0.0003,
        bounce: 0.005,
        open_after: Delay { median_ms: 3.0 * HOUR_MS, spread: 4.0 },
        click_after: Delay { median_ms: 90_000.0, spread: 3.0 },
        reply_after: Delay { median_ms: HOUR_MS, spread: 4.0 },
        links,
        replies: vec![(Arc::from("yes"), 1.0)],
    }
}

/// Campaigns that only somebody's hand, or another system, enrols in.
fn by_hand(program: &Program) -> Vec<(CampaignId, f64)> {
    let enrolled: Vec<CampaignId> =
        program.code.iter().filter_map(|op| if let crate::bytecode::Op::Enroll(campaign) = op { Some(*campaign) } else { None }).collect();
    let is_meant = |id: &CampaignId| {
        let triggers = program.campaigns.get(id.index()).map_or(&[][..], |def| def.triggers.as_slice());
        triggers.iter().all(|trigger| trigger.kind == TriggerKind::Enrolled) && !enrolled.contains(id)
    };
    below(program.campaigns.len(), CampaignId::from_index).filter(is_meant).map(|id| (id, 0.02)).collect()
}

/// A group of points by its name in behaviour files.
pub(super) fn group_named(program: &Program, name: &str) -> Option<GroupId> {
    program.groups.iter().position(|group| group.name.as_deref().unwrap_or("default") == name).map(GroupId::from_index)
}
