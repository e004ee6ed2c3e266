//! Sends: the same message again, and more than a cap lets through.

use super::path::Path;
use super::problems;
use super::trail::{Elapsed, Sending};
use super::walk::Walk;
use crate::bytecode::{Channel, MessageId};
use crate::semantic::hir::{Limit, LimitCount, Period, Step};

impl<'p> Walk<'p, '_> {
    pub(super) fn send(&mut self, step: &Step, message: MessageId, path: &mut Path<'p>) {
        let Some(known) = self.project.messages.get(message.index()) else { return };
        self.check_twice(step, message, path);
        if !known.is_transactional {
            self.check_caps(step, known.channel, path);
            path.trail.sendings.push(Sending { channel: known.channel, age_at_most_ms: Some(0) });
        }
        path.send(step.header.id, message, known.channel);
        // A send may be held: then time passes.
        path.trail.forget();
    }

    /// The same message a second time.
    pub(super) fn check_twice(&mut self, step: &Step, message: MessageId, path: &mut Path<'p>) {
        let place = self.inside.unwrap_or(step.header.span);
        match path.trail.behind.get(&message) {
            Some(first) if *first != place => {
                let name = self.project.messages.get(message.index()).and_then(|known| known.name.clone());
                self.findings.push(problems::sent_twice(place, name.as_deref(), *first));
            }
            Some(_) => {}
            None => {
                path.trail.behind.insert(message, place);
            }
        }
    }

    /// Whether this path is sure to send more than a cap lets through.
    fn check_caps(&mut self, step: &Step, channel: Channel, path: &Path<'p>) {
        let waits_at_policy = self.campaign.capped.as_ref().map(|capped| capped.is_waiting);
        let of_policy = self.project.policy.limits.iter().filter(|limit| !waits_at_policy.unwrap_or(limit.is_waiting));
        let own = self.campaign.limits.iter().filter(|limit| !limit.is_waiting);
        let exceeded = own.chain(of_policy).find(|limit| {
            let is_counted = |sending: &&Sending| counts(limit, sending.channel) && is_within(limit, sending);
            counts(limit, channel) && path.trail.sendings.iter().filter(is_counted).count() >= usize::try_from(limit.count).unwrap_or(usize::MAX)
        });
        if let Some(limit) = exceeded
            && !self.is_capped
        {
            self.is_capped = true;
            self.findings.push(problems::over_the_cap(self.inside.unwrap_or(step.header.span), limit.span));
        }
    }
}

fn counts(limit: &Limit, channel: Channel) -> bool {
    match (limit.what, channel) {
        (LimitCount::Messages, _) | (LimitCount::Emails, Channel::Email) | (LimitCount::Sms, Channel::Sms) | (LimitCount::Pushes, Channel::Push) => true,
        (LimitCount::Emails | LimitCount::Sms | LimitCount::Pushes, _) => false,
    }
}

/// Whether a sending is surely counted with one that leaves now. A calendar unit can begin between any two instants.
fn is_within(limit: &Limit, sending: &Sending) -> bool {
    match limit.per {
        Period::Campaign => true,
        Period::Rolling(length) => sending.age_at_most_ms.is_some_and(|age| age < Elapsed::of(length).at_least_ms),
        Period::Hour | Period::Day | Period::Week | Period::Month | Period::Year => sending.age_at_most_ms == Some(0),
    }
}
