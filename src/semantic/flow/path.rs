//! What a path has behind it.

use super::trail::{Elapsed, Trail};
use crate::bytecode::{Channel, MessageId, MessageTarget, StepId};
use std::collections::BTreeMap;

/// A sending that lies behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// On every path that leads here.
    pub is_certain: bool,
    /// No time has passed since, on any path.
    pub is_fresh: bool,
}

/// What lies behind a place, over all paths that lead to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Path<'p> {
    /// What is known of who comes here.
    pub trail: Trail<'p>,
    messages: BTreeMap<MessageId, Mark>,
    steps: BTreeMap<StepId, Mark>,
    channels: Vec<(Channel, Mark)>,
}

impl<'p> Path<'p> {
    pub(super) fn send(&mut self, step: StepId, message: MessageId, channel: Channel) {
        let mark = Mark { is_certain: true, is_fresh: true };
        self.messages.insert(message, mark);
        self.steps.insert(step, mark);
        self.channels.retain(|(known, _)| *known != channel);
        self.channels.push((channel, mark));
    }
    /// A step that sends one of several.
    pub(super) fn mark_step(&mut self, step: StepId) {
        self.steps.insert(step, Mark { is_certain: true, is_fresh: true });
    }
    /// Time passes.
    pub(super) fn pass(&mut self, elapsed: Elapsed) {
        self.trail.pass(elapsed);
        for mark in self.marks() {
            mark.is_fresh = false;
        }
    }
    /// What lies behind may not: one of several ways was taken.
    pub(super) fn doubt(&mut self) {
        for mark in self.marks() {
            mark.is_certain = false;
        }
    }
    fn marks(&mut self) -> impl Iterator<Item = &mut Mark> {
        self.messages.values_mut().chain(self.steps.values_mut()).chain(self.channels.iter_mut().map(|(_, mark)| mark))
    }
    /// The sending an atom is about.
    pub(super) fn find(&self, target: &MessageTarget) -> Option<Mark> {
        match target {
            MessageTarget::Message(message) => self.messages.get(message).copied(),
            MessageTarget::Step(step) => self.steps.get(step).copied(),
            MessageTarget::Latest(channel) => self.channels.iter().find(|(known, _)| known == channel).map(|(_, mark)| *mark),
            MessageTarget::Any(_) => Some(Mark { is_certain: true, is_fresh: false }),
        }
    }
    /// One of two ways was taken.
    pub(super) fn either(mut self, other: &Path<'p>) -> Path<'p> {
        self.trail.either(&other.trail);
        merge(&mut self.messages, &other.messages);
        merge(&mut self.steps, &other.steps);
        let mut mine: BTreeMap<Channel, Mark> = self.channels.iter().copied().collect();
        merge(&mut mine, &other.channels.iter().copied().collect());
        self.channels = mine.into_iter().collect();
        self
    }
    /// Both ways were taken; what is known of who comes here stays as it is.
    pub(super) fn both(mut self, other: &Path<'p>) -> Path<'p> {
        for (key, mark) in &other.messages {
            self.messages.entry(*key).and_modify(|mine| mine.is_certain |= mark.is_certain).or_insert(*mark);
        }
        for (key, mark) in &other.steps {
            self.steps.entry(*key).and_modify(|mine| mine.is_certain |= mark.is_certain).or_insert(*mark);
        }
        for (channel, mark) in &other.channels {
            if !self.channels.iter().any(|(known, _)| known == channel) {
                self.channels.push((*channel, *mark));
            }
        }
        self
    }
}

fn merge<K: Ord + Copy>(mine: &mut BTreeMap<K, Mark>, other: &BTreeMap<K, Mark>) {
    for (key, mark) in mine.iter_mut() {
        match other.get(key) {
            Some(theirs) => {
                mark.is_certain &= theirs.is_certain;
                mark.is_fresh &= theirs.is_fresh;
            }
            None => mark.is_certain = false,
        }
    }
    for (key, mark) in other {
        mine.entry(*key).or_insert(Mark { is_certain: false, ..*mark });
    }
}
