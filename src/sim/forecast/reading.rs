//! Reads a behaviour file: what it says takes the place of what would be made up.

use super::behaviour::{Arriving, Behaviour, EventHabit, FieldHabit, Having, MessageHabit};
use super::keys::{BehaviourProblem, Keys, Problems};
use super::made_up::group_named;
use super::values::{Draw, Hours, Values, value_of};
use crate::bytecode::{BuiltinField, CampaignId, Channel, EventId, FieldId, ListId, Program, TopicId};
use crate::lang::{Instant, TimeOfDay, Type, Value, Zone};
use std::sync::Arc;
use toml::de::DeTable;

/// What a file is read for.
struct Reader<'a> {
    program: &'a Program,
    start: Instant,
    zone: Zone,
}

/// The behaviour of a file; what it leaves out is made up.
///
/// # Errors
/// All that is wrong with it, in its order.
pub fn read_behaviour(text: &str, program: &Program, start: Instant) -> Result<Behaviour, Vec<BehaviourProblem>> {
    let problems = Problems::new(text);
    let mut behaviour = Behaviour::made_up(program);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        problems.add(error.span().map_or(0, |span| span.start), format!("this is no TOML: {}", error.message()));
    }
    if errors.is_empty() {
        let reader = Reader { program, start, zone: Zone::find(&program.project.timezone).unwrap_or_else(Zone::utc) };
        let keys = Keys::root(document.get_ref(), &problems);
        reader.people(&keys, &mut behaviour);
        reader.doings(&keys, &mut behaviour);
        reader.messages(&keys, &mut behaviour);
        keys.done();
        behaviour.made_up = reader.left_out(&keys, &behaviour);
    }
    let found = problems.done();
    if found.is_empty() { Ok(behaviour) } else { Err(found) }
}

impl Reader<'_> {
    fn people(&self, keys: &Keys<'_, '_>, behaviour: &mut Behaviour) {
        if let Some(contacts) = keys.inner("contacts") {
            let (share, per_day) = (contacts.share("new_share"), contacts.rate("new_per_day"));
            match (share, per_day) {
                (Some(_), Some(_)) => contacts.say("new_share", "and `new_per_day` say the same thing in two ways; keep one"),
                (Some(share), None) => behaviour.arriving = Arriving::Share(share),
                (None, Some(rate)) => behaviour.arriving = Arriving::PerDay(rate),
                (None, None) => {}
            }
            put(&mut behaviour.known_for_days, contacts.length("known_for").map(|length| length / 86_400_000.0));
            contacts.done();
        }
        if let Some(reach) = keys.inner("reach") {
            put(&mut behaviour.reach.email, reach.share("email"));
            put(&mut behaviour.reach.phone, reach.share("phone"));
            put(&mut behaviour.reach.sms_consent, reach.share("sms_consent"));
            put(&mut behaviour.reach.device, reach.share("device"));
            reach.done();
        }
        if let Some(awake) = keys.inner("awake") {
            let (from, to, night) = (awake.time("from"), awake.time("to"), awake.share("night"));
            let hour = |hour: u8| TimeOfDay::new(hour, 0, 0).unwrap_or_default();
            let night = night.unwrap_or(0.08);
            behaviour.hours = Hours::awake(from.unwrap_or_else(|| hour(7)), to.unwrap_or_else(|| hour(23)), night.max(0.000_001));
            awake.done();
        }
        self.fields(keys, behaviour);
        self.havings(keys, behaviour);
    }

    fn fields(&self, keys: &Keys<'_, '_>, behaviour: &mut Behaviour) {
        for (name, at, inner) in tables(keys, "fields") {
            let found = self.program.fields.iter().position(|field| &*field.name == name).map(|index| (FieldId::from_index(index), &self.program.fields));
            let Some((field, def)) = found.and_then(|(id, fields)| Some((id, fields.get(id.index())?))) else {
                inner_unknown(keys, "fields", (name, at), ("field", self.program.fields.iter().map(|field| &*field.name)));
                continue;
            };
            match def.builtin {
                Some(BuiltinField::Id | BuiltinField::Email | BuiltinField::Phone | BuiltinField::LastSeenAt | BuiltinField::CreatedAt) => {
                    keys.inner("fields").into_iter().for_each(|fields| fields.say(name, "cannot be made up here; see [reach] and [contacts]"));
                    continue;
                }
                Some(BuiltinField::Points) => {
                    keys.inner("fields").into_iter().for_each(|fields| fields.say(name, "are made up under [points.default]"));
                    continue;
                }
                Some(BuiltinField::Timezone | BuiltinField::FirstName | BuiltinField::LastName | BuiltinField::Locale | BuiltinField::Country) | None => {}
            }
            let changes_per_day = inner.rate("changes_per_day");
            let draw = self.draw(&inner, &def.ty);
            inner.done();
            let before = behaviour.fields.iter().position(|habit| habit.field == field);
            match (draw, before) {
                (Some(draw), Some(at)) => {
                    if let Some(habit) = behaviour.fields.get_mut(at) {
                        *habit = FieldHabit { field, draw, changes_per_day: changes_per_day.unwrap_or(0.0) };
                    }
                }
                (Some(draw), None) => behaviour.fields.push(FieldHabit { field, draw, changes_per_day: changes_per_day.unwrap_or(0.0) }),
                (None, Some(at)) => behaviour.fields.get_mut(at).into_iter().for_each(|habit| put(&mut habit.changes_per_day, changes_per_day)),
                (None, None) => {}
            }
        }
        for (name, at, inner) in tables(keys, "points") {
            let Some(group) = group_named(self.program, name) else {
                let known = self.program.groups.iter().map(|group| group.name.as_deref().unwrap_or("default"));
                inner_unknown(keys, "points", (name, at), ("group of points", known));
                continue;
            };
            if let Some(draw) = self.draw(&inner, &Type::Number) {
                behaviour.points.retain(|(known, _)| *known != group);
                behaviour.points.push((group, draw));
            }
            inner.done();
        }
    }

    fn havings(&self, keys: &Keys<'_, '_>, behaviour: &mut Behaviour) {
        for (name, _, inner) in tables(keys, "tags") {
            set_having(&mut behaviour.tags, having(&inner, Arc::from(name)));
        }
        for (name, at, inner) in tables(keys, "lists") {
            match self.program.lists.iter().position(|list| &*list.name == name) {
                Some(index) => set_having(&mut behaviour.lists, having(&inner, ListId::from_index(index))),
                None => inner_unknown(keys, "lists", (name, at), ("list", self.program.lists.iter().map(|list| &*list.name))),
            }
        }
        for (name, at, inner) in tables(keys, "topics") {
            match self.program.topics.iter().position(|topic| &*topic.name == name) {
                Some(index) => set_having(&mut behaviour.topics, having(&inner, TopicId::from_index(index))),
                None => inner_unknown(keys, "topics", (name, at), ("topic", self.program.topics.iter().map(|topic| &*topic.name))),
            }
        }
    }

    fn doings(&self, keys: &Keys<'_, '_>, behaviour: &mut Behaviour) {
        for (section, is_form) in [("events", false), ("forms", true)] {
            for (name, at, inner) in tables(keys, section) {
                match self.program.events.iter().position(|event| event.is_form == is_form && &*event.name == name) {
                    Some(index) => self.event(&inner, EventId::from_index(index), behaviour),
                    None => {
                        let known = self.program.events.iter().filter(|event| event.is_form == is_form).map(|event| &*event.name);
                        inner_unknown(keys, section, (name, at), (if is_form { "form" } else { "event" }, known));
                    }
                }
            }
        }
        if let Some(visits) = keys.inner("visits") {
            behaviour.visits = visits.numbers().into_iter().map(|(path, per_day)| (Arc::from(crate::lang::normalize_path(path)), per_day)).collect();
        }
        for (name, at, inner) in tables(keys, "campaigns") {
            match self.program.campaigns.iter().position(|campaign| &*campaign.name == name) {
                Some(index) => {
                    let campaign = CampaignId::from_index(index);
                    behaviour.enrolments.retain(|(known, _)| *known != campaign);
                    behaviour.enrolments.extend(inner.rate("enroll_per_day").map(|rate| (campaign, rate)));
                    inner.done();
                }
                None => inner_unknown(keys, "campaigns", (name, at), ("campaign", self.program.campaigns.iter().map(|campaign| &*campaign.name))),
            }
        }
        for (name, at, inner) in tables(keys, "webhooks") {
            let found = self.program.webhooks.iter().position(|webhook| &*webhook.name == name);
            match found.and_then(|index| behaviour.webhooks.get_mut(index)) {
                Some(habit) => {
                    put(&mut habit.ok, inner.share("ok"));
                    put(&mut habit.answer_after, inner.delay("answer_after"));
                    inner.done();
                }
                None => inner_unknown(keys, "webhooks", (name, at), ("webhook", self.program.webhooks.iter().map(|webhook| &*webhook.name))),
            }
        }
    }

    fn event(&self, keys: &Keys<'_, '_>, event: EventId, behaviour: &mut Behaviour) {
        let Some(def) = self.program.events.get(event.index()) else { return };
        if !behaviour.events.iter().any(|habit| habit.event == event) {
            behaviour.events.push(EventHabit { event, per_day: 0.0, properties: Vec::new() });
        }
        let Some(habit) = behaviour.events.iter_mut().find(|habit| habit.event == event) else { return };
        put(&mut habit.per_day, keys.rate("per_day"));
        for (name, at, inner) in tables(keys, "properties") {
            let Some(property) = def.properties.iter().find(|property| &*property.name == name) else {
                let what = format!("property of {}", def.name);
                inner_unknown(keys, "properties", (name, at), (&what, def.properties.iter().map(|property| &*property.name)));
                continue;
            };
            if let Some(draw) = self.draw(&inner, &property.ty) {
                habit.properties.retain(|(known, _)| *known != property.name);
                habit.properties.push((property.name.clone(), draw));
            }
            inner.done();
        }
        keys.done();
    }

    fn messages(&self, keys: &Keys<'_, '_>, behaviour: &mut Behaviour) {
        for channel in [Channel::Email, Channel::Sms, Channel::Push] {
            let Some(inner) = keys.inner(channel.word()) else { continue };
            for (def, habit) in self.program.messages.iter().zip(&mut behaviour.messages) {
                if def.channel == channel {
                    message(&inner, habit);
                }
            }
            if !self.program.messages.iter().any(|def| def.channel == channel) {
                message(&inner, &mut nobodys());
            }
            inner.done();
        }
        for (name, at, inner) in tables(keys, "messages") {
            let mut is_known = false;
            for (_, habit) in self.program.messages.iter().zip(&mut behaviour.messages).filter(|(def, _)| def.name.as_deref() == Some(name)) {
                message(&inner, habit);
                is_known = true;
            }
            if is_known {
                inner.done();
            } else {
                inner_unknown(keys, "messages", (name, at), ("message", self.program.messages.iter().filter_map(|def| def.name.as_deref())));
            }
        }
    }

    /// How values are made up, by the keys of a table.
    fn draw(&self, keys: &Keys<'_, '_>, ty: &Type) -> Option<Draw> {
        let unset = keys.share("unset").unwrap_or(0.0);
        let is_day = matches!(ty, Type::Date | Type::DateTime);
        let values = if keys.has("values") {
            Values::OneOf(self.listed(keys, "values", ty)?)
        } else if keys.has("items") {
            Values::Items(self.listed(keys, "items", ty)?)
        } else if keys.has("share") {
            Values::Share(keys.share("share")?)
        } else if keys.has("median") {
            Values::Around { median: keys.number("median")?, spread: keys.number("spread").unwrap_or(2.0) }
        } else if keys.has("from") || keys.has("to") {
            let ends = if is_day {
                (keys.days("from", (self.start, &self.zone)), keys.days("to", (self.start, &self.zone)))
            } else {
                (keys.number("from"), keys.number("to"))
            };
            let (Some(from), Some(to)) = ends else {
                if keys.has("from") != keys.has("to") {
                    keys.say(if keys.has("from") { "from" } else { "to" }, "stands alone; a range needs `from` and `to`");
                }
                return None;
            };
            if from > to {
                keys.say("from", "lies behind `to`");
            }
            if is_day { Values::Days { from, to, is_date: *ty == Type::Date } } else { Values::Between(from, to) }
        } else if keys.has("fresh") {
            keys.text("fresh");
            Values::Fresh
        } else {
            return None;
        };
        let draw = Draw { values, unset };
        if draw.fits(ty) {
            return Some(draw);
        }
        let key = ["values", "items", "share", "median", "from", "fresh"].into_iter().find(|key| keys.has(key)).unwrap_or("values");
        keys.say(key, format!("does not make a {ty}; {}", advice(ty)));
        None
    }

    fn listed(&self, keys: &Keys<'_, '_>, key: &str, ty: &Type) -> Option<Vec<(Value, f64)>> {
        let mut all = Vec::new();
        for (text, at, weight) in keys.weights(key)? {
            match value_of(text, ty) {
                Some(value) => all.push((value, weight)),
                None => keys.inner(key)?.unknown_name((text, at), &format!("value of {ty}"), enum_values(ty).into_iter()),
            }
        }
        Some(all)
    }

    /// Which sections of the file are not there: what they would say is made up.
    fn left_out(&self, keys: &Keys<'_, '_>, behaviour: &Behaviour) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = |what: &str, names: Vec<&str>| {
            if !names.is_empty() {
                lines.push(format!("{what}: {}", names.join(", ")));
            }
        };
        let is_said = |section: &str, name: &str| keys.inner(section).is_some_and(|inner| inner.has(name));
        let fields = behaviour.fields.iter().filter_map(|habit| Some(&*self.program.fields.get(habit.field.index())?.name));
        line("values of fields", fields.filter(|name| !is_said("fields", name)).collect());
        let events = behaviour.events.iter().filter_map(|habit| self.program.events.get(habit.event.index()));
        let unsaid = events.filter(|event| !is_said(if event.is_form { "forms" } else { "events" }, &event.name));
        line("events and forms", unsaid.map(|event| &*event.name).collect());
        line("tags", behaviour.tags.iter().map(|tag| &*tag.what).filter(|name| !is_said("tags", name)).collect());
        if !keys.has("visits") {
            line("visits", behaviour.visits.iter().map(|(path, _)| &**path).collect());
        }
        let is_channel_said = |channel: Channel| keys.has(channel.word());
        let unsaid =
            self.program.messages.iter().filter(|def| !is_channel_said(def.channel) && !def.name.as_ref().is_some_and(|name| is_said("messages", name)));
        line("what people do with messages", unsaid.filter_map(|def| def.name.as_deref()).collect());
        lines
    }
}

/// A habit that belongs to no message: a channel's section is checked also where the program has none of it.
fn nobodys() -> MessageHabit {
    let delay = super::behaviour::Delay { median_ms: 0.0, spread: 1.0 };
    MessageHabit {
        open: 0.0,
        click: 0.0,
        reply: 0.0,
        unsubscribe: 0.0,
        complain: 0.0,
        bounce: 0.0,
        open_after: delay,
        click_after: delay,
        reply_after: delay,
        links: Vec::new(),
        replies: Vec::new(),
    }
}

fn message(keys: &Keys<'_, '_>, habit: &mut MessageHabit) {
    put(&mut habit.open, keys.share("open"));
    put(&mut habit.click, keys.share("click"));
    put(&mut habit.reply, keys.share("reply"));
    put(&mut habit.unsubscribe, keys.share("unsubscribe"));
    put(&mut habit.complain, keys.share("complain"));
    put(&mut habit.bounce, keys.share("bounce"));
    put(&mut habit.open_after, keys.delay("open_after"));
    put(&mut habit.click_after, keys.delay("click_after"));
    put(&mut habit.reply_after, keys.delay("reply_after"));
    for (key, texts) in [("links", &mut habit.links), ("replies", &mut habit.replies)] {
        if keys.has(key) {
            put(texts, keys.weights(key).map(|all| all.into_iter().map(|(text, _, weight)| (Arc::from(text), weight)).collect()));
        }
    }
}

fn having<T>(keys: &Keys<'_, '_>, what: T) -> Having<T> {
    let found = Having { what, share: keys.share("share").unwrap_or(0.0), per_day: keys.rate("per_day").unwrap_or(0.0) };
    keys.done();
    found
}

fn set_having<T: PartialEq>(all: &mut Vec<Having<T>>, having: Having<T>) {
    all.retain(|known| known.what != having.what);
    all.push(having);
}

fn put<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn tables<'t, 'i>(keys: &Keys<'t, 'i>, section: &str) -> Vec<(&'t str, usize, Keys<'t, 'i>)> {
    if !keys.has(section) {
        return Vec::new();
    }
    keys.inner(section).map(|inner| inner.tables()).unwrap_or_default()
}

fn inner_unknown<'n>(keys: &Keys<'_, '_>, section: &str, name: (&str, usize), (what, known): (&str, impl Iterator<Item = &'n str>)) {
    if let Some(inner) = keys.inner(section) {
        inner.unknown_name(name, what, known);
    }
}

fn enum_values(ty: &Type) -> Vec<&str> {
    match ty {
        Type::Enum(known) => known.iter().map(|value| &**value).collect(),
        Type::List(item) => enum_values(item),
        Type::Text | Type::Number | Type::Bool | Type::Date | Type::DateTime | Type::Duration | Type::Record | Type::Any => Vec::new(),
    }
}

/// How values of a type are written.
fn advice(ty: &Type) -> &'static str {
    match ty {
        Type::Text => "write values = { \"Canada\" = 3, \"Germany\" = 1 } or fresh = \"yes\"",
        Type::Enum(_) => "write values = { \"free\" = 3, \"pro\" = 1 }",
        Type::Number => "write from = 0 and to = 100, or median = 40 and spread = 2",
        Type::Bool => "write share = 0.3",
        Type::Date | Type::DateTime => "write from = \"-30d\" and to = \"60d\"",
        Type::List(_) => "write items = { \"a\" = 0.5, \"b\" = 0.1 }",
        Type::Duration | Type::Record | Type::Any => "values of this type cannot be made up",
    }
}
