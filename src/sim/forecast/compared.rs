//! What a program compares its contacts and events with: values on both sides of that make something happen.

use crate::bytecode::{
    BlockId, EventId, EventPattern, Fact, FieldId, GroupId, ListId, MessageEvent, MessageId, MessageTarget, Op, Program, TopicId, TriggerKind,
};
use crate::lang::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What code puts on its stack, as far as it matters here.
#[derive(Clone, Debug)]
enum Seen {
    Field(FieldId),
    Property(Arc<str>),
    Points(GroupId),
    Constant(Value),
    Other,
}

/// What is compared with what, and what is asked for.
#[derive(Debug, Default)]
pub(super) struct Compared {
    /// Fields and the constants beside them.
    pub fields: BTreeMap<FieldId, Vec<Value>>,
    /// Properties of events, by name.
    pub properties: BTreeMap<Arc<str>, Vec<Value>>,
    /// Points.
    pub points: BTreeMap<GroupId, Vec<f64>>,
    /// Fields whose anniversary is asked for.
    pub yearly: BTreeSet<FieldId>,
    /// Tags that are asked for.
    pub tags: BTreeSet<Arc<str>>,
    /// Facts that are read anywhere.
    pub facts: BTreeSet<Fact>,
    /// Patterns of paths that are asked for.
    pub paths: BTreeSet<Arc<str>>,
    /// Patterns of links, by message; none = of any.
    pub links: BTreeSet<(Option<MessageId>, Arc<str>)>,
    /// What happens to messages is heard, by kind.
    pub happenings: BTreeSet<MessageEvent>,
}

impl Compared {
    /// Reads a program.
    pub fn of(program: &Program) -> Compared {
        let mut compared = Compared::default();
        compared.read_code(program);
        for block in &program.blocks {
            compared.facts.extend(block.reads.iter().copied());
        }
        let queries = program.queries.iter().map(|query| &query.pattern);
        let rules = program.rules.iter().map(|rule| &rule.pattern);
        let updates = program.campaigns.iter().flat_map(|campaign| campaign.updates.iter().map(|update| &update.pattern));
        queries.chain(rules).chain(updates).for_each(|pattern| compared.read_pattern(pattern));
        for trigger in program.campaigns.iter().flat_map(|campaign| &campaign.triggers) {
            compared.read_trigger(program, &trigger.kind);
        }
        for experiment in &program.experiments {
            match experiment.measure {
                crate::bytecode::Measure::Opened => compared.happenings.insert(MessageEvent::Opened),
                crate::bytecode::Measure::Clicked => compared.happenings.insert(MessageEvent::Clicked),
                crate::bytecode::Measure::Goal(_) => false,
            };
        }
        let heard: Vec<MessageEvent> = compared.facts.iter().filter_map(|fact| if let Fact::Message(event) = fact { Some(*event) } else { None }).collect();
        compared.happenings.extend(heard);
        compared
    }

    /// Whether an event is asked for anywhere.
    pub fn asks_for(&self, event: EventId) -> bool {
        self.facts.contains(&Fact::Event(event))
    }
    /// Whether a list is.
    pub fn asks_for_list(&self, list: ListId) -> bool {
        self.facts.contains(&Fact::List(list))
    }
    /// Whether a topic is.
    pub fn asks_for_topic(&self, topic: TopicId) -> bool {
        self.facts.contains(&Fact::Topic(topic))
    }

    fn read_pattern(&mut self, pattern: &EventPattern) {
        match pattern {
            EventPattern::Custom(event) => {
                self.facts.insert(Fact::Event(*event));
            }
            EventPattern::Visited(path) => {
                self.paths.insert(path.clone());
            }
            EventPattern::Message { event, target, url, .. } => {
                self.happenings.insert(*event);
                if let Some(url) = url {
                    let message = if let MessageTarget::Message(message) = target { Some(*message) } else { None };
                    self.links.insert((message, url.clone()));
                }
            }
        }
    }

    fn read_trigger(&mut self, program: &Program, kind: &TriggerKind) {
        match kind {
            TriggerKind::Event { pattern, .. } => self.read_pattern(pattern),
            TriggerKind::Tagged(tag) | TriggerKind::Untagged(tag) => {
                self.tags.insert(tag.clone());
            }
            TriggerKind::FieldChanged { field, from, to } => {
                let values = from.iter().chain(to).cloned();
                self.fields.entry(*field).or_default().extend(values);
                self.facts.insert(Fact::Field(*field));
            }
            TriggerKind::PointsReached { group, at_least } => self.points.entry(*group).or_default().push(*at_least),
            TriggerKind::ListEntered(list) | TriggerKind::ListLeft(list) => {
                self.facts.insert(Fact::List(*list));
            }
            TriggerKind::Subscribed(topic) | TriggerKind::Unsubscribed(topic) => {
                self.facts.insert(Fact::Topic(*topic));
            }
            TriggerKind::FieldDate { value, every_year, .. } => {
                for field in fields_of(program, *value) {
                    self.fields.entry(field).or_default();
                    if *every_year {
                        self.yearly.insert(field);
                    }
                }
            }
            TriggerKind::SegmentEntered(_)
            | TriggerKind::SegmentLeft(_)
            | TriggerKind::PointsChanged { .. }
            | TriggerKind::ContactCreated
            | TriggerKind::Enrolled
            | TriggerKind::Every { .. }
            | TriggerKind::At { .. } => {}
        }
    }

    /// Runs over the code once, branches not followed: comparisons have their two sides right before them.
    fn read_code(&mut self, program: &Program) {
        let constant = |id: crate::bytecode::ConstId| program.constants.get(id.index()).cloned().unwrap_or_default();
        let mut stack: Vec<Seen> = Vec::new();
        for op in &program.code {
            match op {
                Op::Const(id) => stack.push(Seen::Constant(constant(*id))),
                Op::Field(field) => stack.push(Seen::Field(*field)),
                Op::Points(group) => stack.push(Seen::Points(*group)),
                Op::EventProperty(name) => stack.push(constant(*name).as_shared_text().map_or(Seen::Other, |name| Seen::Property(name.clone()))),
                Op::Get(name) => {
                    stack.pop();
                    stack.push(constant(*name).as_shared_text().map_or(Seen::Other, |name| Seen::Property(name.clone())));
                }
                Op::Compare(_) | Op::Text(_) | Op::TextIgnoringCase(_) => {
                    let (b, a) = (stack.pop(), stack.pop());
                    if let (Some(a), Some(b)) = (a, b) {
                        self.pair(&a, &b);
                        self.pair(&b, &a);
                    }
                    stack.push(Seen::Other);
                }
                Op::In(count) | Op::NotIn(count) => {
                    let values = stack.split_off(stack.len().saturating_sub(usize::try_from(*count).unwrap_or(0)));
                    let subject = stack.pop();
                    if let Some(subject) = subject {
                        values.iter().for_each(|value| self.pair(&subject, value));
                    }
                    stack.push(Seen::Other);
                }
                Op::IsToday => {
                    if let Some(Seen::Field(field)) = stack.pop() {
                        self.yearly.insert(field);
                        self.fields.entry(field).or_default();
                    }
                    stack.push(Seen::Other);
                }
                Op::CompareMoving(_, a, b) => {
                    for field in [a, b].into_iter().flat_map(|block| fields_of(program, *block)) {
                        self.fields.entry(field).or_default();
                    }
                    stack.push(Seen::Other);
                }
                Op::HasTag(tag) => {
                    self.tags.extend(constant(*tag).as_shared_text().cloned());
                    stack.push(Seen::Other);
                }
                Op::Matches(_) | Op::IsSet | Op::IsEmpty | Op::Not | Op::Negate | Op::Ago | Op::FromNow => {
                    stack.pop();
                    stack.push(Seen::Other);
                }
                Op::Add | Op::Subtract | Op::Multiply | Op::Divide => {
                    stack.truncate(stack.len().saturating_sub(2));
                    stack.push(Seen::Other);
                }
                Op::AndJump(_) | Op::OrJump(_) | Op::JumpUnless(_) => {
                    stack.pop();
                }
                other if other.is_expression() => stack.push(Seen::Other),
                _ => stack.clear(),
            }
        }
    }

    fn pair(&mut self, subject: &Seen, other: &Seen) {
        let Seen::Constant(value) = other else { return };
        match subject {
            Seen::Field(field) => self.fields.entry(*field).or_default().push(value.clone()),
            Seen::Property(name) => self.properties.entry(name.clone()).or_default().push(value.clone()),
            Seen::Points(group) => self.points.entry(*group).or_default().extend(value.as_number()),
            Seen::Constant(_) | Seen::Other => {}
        }
    }
}

/// The fields that a block reads itself.
fn fields_of(program: &Program, block: BlockId) -> Vec<FieldId> {
    let reads = program.blocks.get(block.index()).map_or(&[][..], |block| block.reads.as_slice());
    reads.iter().filter_map(|fact| if let Fact::Field(field) = fact { Some(*field) } else { None }).collect()
}
