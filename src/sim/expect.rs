//! What tests expect, and what they are told where it is otherwise.

use super::runner::{Miss, Runner};
use super::world::{Sent, SentKind};
use crate::advance::What;
use crate::bytecode::{BlockId, CampaignId, Channel, StepId};
use crate::lang::{Duration, Value, add_duration, to_json};
use crate::machine::stable;
use crate::machine::state::SendStatus;
use crate::semantic::hir::{Expectation, ExpectedKind, ExpectedMessage, TestStep};
use serde_json::Value as Json;
use std::sync::Arc;

/// What the journal says of an arm of a timeline whose moment was past.
const PAST: &str = "past";

/// What is expected of a message besides which one it is.
#[derive(Clone, Copy)]
struct Said<'a> {
    address: Option<&'a str>,
    containing: Option<&'a str>,
}

/// The first words of a text, without the markup that follows them.
fn excerpt(text: &str) -> String {
    text.split("\n<").next().unwrap_or(text).trim_end().chars().take(200).collect()
}

impl Runner<'_> {
    /// Looks whether what is expected is there.
    pub fn expect(&mut self, step: &TestStep, expectation: &Expectation, block: Option<BlockId>) -> Result<(), Miss> {
        match expectation {
            Expectation::Message { channel, which, to, address, containing } => {
                let who = to.or(step.who.filter(|_| self.world.people.len() > 1)).map(|contact| contact.index());
                self.expect_message((*channel, which.as_ref()), who, Said { address: address.as_deref(), containing: containing.as_deref() })
            }
            Expectation::Webhook { webhook, .. } => {
                let body = match block {
                    Some(block) => self.who(step).ok().and_then(|who| self.evaluate(who, block)),
                    None => None,
                };
                let name = self.world.linked.program.webhooks.get(webhook.index()).map(|def| def.name.clone()).unwrap_or_default();
                let index = self.earliest(|sent| matches!(sent.kind, SentKind::Webhook { .. }) && self.is_of(sent, step));
                let wanted = format!("webhook {name}{}", body.as_ref().map(|body| format!(" {}", to_json(body))).unwrap_or_default());
                let is_it = |sent: &Sent| matches!(&sent.kind, SentKind::Webhook { webhook: called, body: said } if called == webhook && body.as_ref().is_none_or(|body| holds(said, &to_json(body))));
                self.consume(index, &wanted, is_it)
            }
            Expectation::Notify { to, containing } => {
                let index = self.earliest(|sent| sent.kind == SentKind::Notify && self.is_of(sent, step));
                let is_it = |sent: &Sent| sent.to.contains(&**to) && containing.as_ref().is_none_or(|text| sent.text.contains(&**text));
                self.consume(index, &format!("notify {to:?}"), is_it)
            }
            Expectation::Nothing(duration) => self.expect_nothing(*duration),
            Expectation::No(kind) => self.expect_no(*kind, step.who.filter(|_| self.world.people.len() > 1).map(|contact| contact.index())),
            Expectation::Skipped { channel, message, because, to } => {
                self.expect_skipped((*channel, message), because.as_deref(), to.map(|contact| self.world.canonical(contact.index())))
            }
            Expectation::AtStep { name, steps } => self.expect_at(step, name, steps),
            Expectation::Stopped(reason) => {
                let who = self.who(step)?;
                let wanted = reason.as_ref().map_or_else(|| "stopped".to_owned(), |reason| format!("stopped {reason:?}"));
                self.expect_journal(who, &wanted, What::Stopped, reason.as_deref())
            }
            Expectation::Goal { goal, campaign } => self.expect_goal(step, goal.as_deref(), *campaign),
            Expectation::Refused { campaign, because } => self.expect_refused(step, *campaign, because.as_deref()),
            Expectation::Condition(_) => self.expect_condition(step, block),
        }
    }

    /// Whether something was sent for the contact that a line names, if it names one.
    fn is_of(&self, sent: &Sent, step: &TestStep) -> bool {
        let named = step.who.filter(|_| self.world.people.len() > 1);
        named.is_none_or(|who| self.world.canonical(sent.contact) == self.world.canonical(who.index()))
    }

    fn earliest(&self, is_kind: impl Fn(&Sent) -> bool) -> Option<usize> {
        self.world.sent.iter().position(|sent| !sent.is_consumed && is_kind(sent))
    }

    fn consume(&mut self, index: Option<usize>, wanted: &str, is_it: impl Fn(&Sent) -> bool) -> Result<(), Miss> {
        let Some(sent) = index.and_then(|index| self.world.sent.get(index)) else { return Err(Miss::new(wanted, self.nothing_there())) };
        if !is_it(sent) {
            return Err(Miss::new(wanted, format!("the next one is {}", self.describe(sent))));
        }
        if let Some(sent) = index.and_then(|index| self.world.sent.get_mut(index)) {
            sent.is_consumed = true;
        }
        Ok(())
    }

    fn expect_message(&mut self, (channel, which): (Channel, Option<&ExpectedMessage>), who: Option<usize>, said: Said<'_>) -> Result<(), Miss> {
        let index = self.earliest(|sent| {
            matches!(&sent.kind, SentKind::Message { channel: used, .. } if *used == channel)
                && who.is_none_or(|who| self.world.canonical(sent.contact) == self.world.canonical(who))
        });
        let mut wanted = which.map_or_else(|| channel.word().to_owned(), |which| format!("{} {}", channel.word(), self.name_of(which)));
        if let Some(text) = said.containing {
            wanted += &format!(" containing {text:?}");
        }
        let steps: Vec<_> = match which {
            Some(ExpectedMessage::Steps(steps)) => steps.iter().filter_map(|step| self.world.linked.deployment.steps.get(step.index()).copied()).collect(),
            Some(ExpectedMessage::Named(_)) | None => Vec::new(),
        };
        let is_it = |sent: &Sent| {
            let is_which = match (which, &sent.kind) {
                (Some(ExpectedMessage::Named(wanted)), SentKind::Message { message, .. }) => wanted == message,
                (Some(ExpectedMessage::Steps(_)), _) => sent.step.is_some_and(|step| steps.contains(&step)),
                (Some(ExpectedMessage::Named(_)), SentKind::Webhook { .. } | SentKind::Notify) => false,
                (None, _) => true,
            };
            is_which && said.address.is_none_or(|address| sent.to.eq_ignore_ascii_case(address)) && said.containing.is_none_or(|text| sent.text.contains(text))
        };
        let missed = self.consume(index, &wanted, is_it);
        // Where the words are what is wanted, they are what one wants to see.
        match (missed, said.containing, index.and_then(|index| self.world.sent.get(index))) {
            (Err(_), Some(_), Some(sent)) => Err(Miss::new(wanted, format!("the next one is {}, which says {:?}", self.describe(sent), excerpt(&sent.text)))),
            (outcome, _, _) => outcome,
        }
    }

    fn expect_nothing(&mut self, duration: Duration) -> Result<(), Miss> {
        let before = self.world.sent.len();
        let end = add_duration(self.world.now, duration, &self.world.zone, &self.world.linked.holidays);
        self.world.move_clock(end);
        self.world.flush();
        match self.world.sent.get(before) {
            None => Ok(()),
            Some(sent) => Err(Miss::new(format!("nothing for {duration}"), self.describe(sent))),
        }
    }

    fn expect_no(&mut self, kind: ExpectedKind, who: Option<usize>) -> Result<(), Miss> {
        let (word, is_kind): (&str, fn(&SentKind) -> bool) = match kind {
            ExpectedKind::Email => ("email", |sent| matches!(sent, SentKind::Message { channel: Channel::Email, .. })),
            ExpectedKind::Sms => ("sms", |sent| matches!(sent, SentKind::Message { channel: Channel::Sms, .. })),
            ExpectedKind::Push => ("push", |sent| matches!(sent, SentKind::Message { channel: Channel::Push, .. })),
            ExpectedKind::Message => ("message", |sent| matches!(sent, SentKind::Message { .. })),
            ExpectedKind::Webhook => ("webhook", |sent| matches!(sent, SentKind::Webhook { .. })),
            ExpectedKind::Notify => ("notify", |sent| matches!(sent, SentKind::Notify)),
            ExpectedKind::Goal => return self.expect_no_goal(who),
        };
        match self
            .world
            .sent
            .iter()
            .find(|sent| !sent.is_consumed && is_kind(&sent.kind) && who.is_none_or(|who| self.world.canonical(sent.contact) == self.world.canonical(who)))
        {
            None => Ok(()),
            Some(sent) => Err(Miss::new(format!("no {word}"), self.describe(sent))),
        }
    }

    fn expect_goal(&self, step: &TestStep, goal: Option<&str>, campaign: Option<CampaignId>) -> Result<(), Miss> {
        let who = self.who(step)?;
        let id = campaign.map(|campaign| stable(&self.world.linked.deployment.campaigns, campaign.index()));
        let reached = || self.world.people.get(who).into_iter().flat_map(|person| &person.journal).filter(|entry| entry.what == What::Goal);
        if reached().any(|entry| goal.is_none_or(|goal| goal == &*entry.why) && id.is_none_or(|id| entry.campaign == Some(id))) {
            return Ok(());
        }
        let wanted = goal.map_or_else(|| "a goal".to_owned(), |goal| format!("goal {goal:?}"));
        let others: Vec<String> = reached().map(|entry| format!("goal {:?}", entry.why)).collect();
        Err(Miss::new(wanted, if others.is_empty() { "no goal was reached".to_owned() } else { format!("only {}", others.join(", ")) }))
    }

    fn expect_no_goal(&self, who: Option<usize>) -> Result<(), Miss> {
        let people = self.world.people.iter().enumerate().filter(|(index, _)| who.is_none_or(|who| who == *index));
        let goal = people.flat_map(|(_, person)| &person.journal).find(|entry| entry.what == What::Goal);
        goal.map_or(Ok(()), |goal| Err(Miss::new("no goal", format!("goal {:?} was reached", goal.why))))
    }

    fn expect_skipped(&mut self, (channel, message): (Channel, &ExpectedMessage), because: Option<&str>, who: Option<usize>) -> Result<(), Miss> {
        let wanted = format!("skipped {} {}{}", channel.word(), self.name_of(message), because.map(|why| format!(" because {why:?}")).unwrap_or_default());
        let deployment = &self.world.linked.deployment;
        let people = self.world.people.iter().enumerate().filter(|(index, _)| who.is_none_or(|who| who == *index));
        let mut others = Vec::new();
        for send in people.flat_map(|(_, person)| &person.state.sends) {
            let is_which = match message {
                ExpectedMessage::Named(id) => stable(&deployment.messages, id.index()) == send.message,
                ExpectedMessage::Steps(steps) => steps.iter().any(|step| deployment.steps.get(step.index()) == Some(&send.step)),
            };
            if !is_which || send.channel != channel {
                continue;
            }
            match &send.status {
                SendStatus::Skipped(reason) | SendStatus::Failed(reason) | SendStatus::Cancelled(reason) if because.is_none_or(|why| why == &**reason) => {
                    return Ok(());
                }
                SendStatus::Skipped(reason) | SendStatus::Failed(reason) | SendStatus::Cancelled(reason) => others.push(format!("skipped because {reason:?}")),
                SendStatus::Sent => others.push("it was sent".to_owned()),
                SendStatus::Held => others.push("it is held".to_owned()),
            }
        }
        if because.is_none_or(|why| why == PAST) && self.was_past((channel, message), who) {
            return Ok(());
        }
        Err(Miss::new(wanted, others.pop().unwrap_or_else(|| "no such message was due".to_owned())))
    }

    /// Whether a message did not come because the arm of a timeline that sends it was past.
    fn was_past(&self, (channel, message): (Channel, &ExpectedMessage), who: Option<usize>) -> bool {
        let (deployment, program) = (&self.world.linked.deployment, &self.world.linked.program);
        let is_which = |step: StepId| match message {
            ExpectedMessage::Named(id) => program.sends.iter().any(|send| send.step == step && send.message == *id),
            ExpectedMessage::Steps(steps) => steps.contains(&step),
        };
        let sends_so = |step: StepId| {
            let def = program.sends.iter().find(|send| send.step == step).and_then(|send| program.messages.get(send.message.index()));
            def.is_some_and(|def| def.channel == channel) && is_which(step)
        };
        let steps: Vec<_> = deployment.steps.iter().enumerate().filter(|(index, _)| sends_so(StepId::from_index(*index))).map(|(_, uid)| *uid).collect();
        let people = self.world.people.iter().enumerate().filter(|(index, _)| who.is_none_or(|who| who == *index));
        let mut lines = people.flat_map(|(_, person)| &person.journal).filter(|entry| entry.what == What::Skipped && &*entry.why == PAST);
        lines.any(|entry| entry.step.is_some_and(|step| steps.contains(&step)))
    }

    fn expect_at(&mut self, step: &TestStep, name: &str, steps: &[StepId]) -> Result<(), Miss> {
        let who = self.who(step)?;
        let deployment = &self.world.linked.deployment;
        let standing: Vec<_> = self
            .world
            .people
            .get(who)
            .into_iter()
            .flat_map(|person| &person.state.enrollments)
            .flat_map(|e| &e.threads)
            .map(|thread| thread.standing.step)
            .collect();
        let is_there = steps.iter().any(|wanted| deployment.steps.get(wanted.index()).is_some_and(|uid| standing.contains(uid)));
        if is_there {
            return Ok(());
        }
        let places: Vec<String> = standing
            .iter()
            .filter_map(|uid| self.world.linked.step(*uid))
            .filter_map(|id| self.world.linked.program.steps.get(id.index()))
            .map(|def| format!("at step {:?}", def.identity()))
            .collect();
        let happened = if places.is_empty() { "in no campaign".to_owned() } else { places.join(", ") };
        Err(Miss::new(format!("at step {name:?}"), happened))
    }

    fn expect_journal(&self, who: usize, wanted: &str, what: What, why: Option<&str>) -> Result<(), Miss> {
        let entries = || self.world.people.get(who).into_iter().flat_map(|person| &person.journal);
        if entries().any(|entry| entry.what == what && why.is_none_or(|why| why == &*entry.why)) {
            return Ok(());
        }
        let ends = [What::Stopped, What::Exited, What::Finished];
        let last = entries().rev().find(|entry| ends.contains(&entry.what));
        let happened = last.map_or_else(|| "no enrollment has ended".to_owned(), |entry| format!("{} {}", entry.what.word(), entry.why));
        Err(Miss::new(wanted, happened.trim()))
    }

    fn expect_refused(&self, step: &TestStep, campaign: CampaignId, because: Option<&str>) -> Result<(), Miss> {
        let who = self.who(step)?;
        let id = stable(&self.world.linked.deployment.campaigns, campaign.index());
        let refusals: Vec<&Arc<str>> = self
            .world
            .people
            .get(who)
            .into_iter()
            .flat_map(|person| &person.journal)
            .filter(|entry| entry.what == What::NotEnrolled && entry.campaign == Some(id))
            .map(|entry| &entry.why)
            .collect();
        if refusals.iter().any(|reason| because.is_none_or(|why| &***reason == why)) {
            return Ok(());
        }
        let wanted = format!("refused{}", because.map(|why| format!(" because {why:?}")).unwrap_or_default());
        let happened = refusals.last().map_or_else(|| "nothing was refused".to_owned(), |reason| format!("refused because {reason:?}"));
        Err(Miss::new(wanted, happened))
    }

    fn expect_condition(&mut self, step: &TestStep, block: Option<BlockId>) -> Result<(), Miss> {
        let who = self.who(step)?;
        let Some(block) = block else { return Err(Miss::new("a condition", "it was not compiled")) };
        if self.evaluate(who, block).is_some_and(|value| value.is_true()) {
            return Ok(());
        }
        let text = self.world.linked.program.blocks.get(block.index()).map(|block| block.text.to_string()).unwrap_or_default();
        Err(Miss::new(text, format!("it does not hold{}", self.facts_of(who, block))))
    }

    /// What the fields that a condition reads are, so that a reader sees why it does not hold.
    fn facts_of(&self, who: usize, block: BlockId) -> String {
        use crate::bytecode::Fact;
        let Some(person) = self.world.people.get(who) else { return String::new() };
        let linked = self.world.linked;
        let reads = linked.program.blocks.get(block.index()).map_or(&[][..], |block| block.reads.as_slice());
        let mut facts = Vec::new();
        for fact in reads {
            match fact {
                Fact::Field(field) => {
                    let name = linked.program.fields.get(field.index()).map(|def| def.name.clone()).unwrap_or_default();
                    facts.push(format!("{name} is {}", crate::machine::field_value(linked, &person.state, *field)));
                }
                Fact::Points(group) => {
                    let id = stable(&linked.deployment.groups, group.index());
                    facts.push(format!("points are {}", Value::Number(person.state.points.get(&id).copied().unwrap_or(0.0))));
                }
                Fact::Tags => facts.push(format!("tags are {:?}", person.state.tags)),
                Fact::List(_)
                | Fact::Segment(_)
                | Fact::Topic(_)
                | Fact::Campaign(_)
                | Fact::Event(_)
                | Fact::Visited
                | Fact::Message(_)
                | Fact::Captures
                | Fact::Time => {}
            }
        }
        if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) }
    }

    fn name_of(&self, which: &ExpectedMessage) -> String {
        let program = &self.world.linked.program;
        match which {
            ExpectedMessage::Named(message) => program.messages.get(message.index()).and_then(|def| def.name.as_deref()).unwrap_or("").to_owned(),
            ExpectedMessage::Steps(steps) => {
                steps.first().and_then(|step| program.steps.get(step.index())).map(|def| format!("{:?}", def.identity())).unwrap_or_default()
            }
        }
    }

    fn describe(&self, sent: &Sent) -> String {
        let program = &self.world.linked.program;
        let what = match &sent.kind {
            SentKind::Message { channel, message } => {
                let name = program.messages.get(message.index()).and_then(|def| def.name.clone());
                match name {
                    Some(name) => format!("{} {name}", channel.word()),
                    None => format!("{} {:?}", channel.word(), sent.text.lines().next().unwrap_or("")),
                }
            }
            SentKind::Webhook { webhook, body } => {
                let name = program.webhooks.get(webhook.index()).map(|def| def.name.clone()).unwrap_or_default();
                format!("webhook {name} {body}")
            }
            SentKind::Notify => format!("notify {:?} {:?}", sent.to, sent.text.lines().next().unwrap_or("")),
        };
        let who = self.world.people.get(sent.contact).and_then(|person| person.name.as_ref()).map(|name| format!(" to {name}")).unwrap_or_default();
        format!("{what}{who} at {}", self.world.zone.format(sent.at))
    }

    fn nothing_there(&self) -> String {
        let left: Vec<String> = self.world.sent.iter().filter(|sent| !sent.is_consumed).map(|sent| self.describe(sent)).collect();
        if left.is_empty() { "nothing was sent".to_owned() } else { format!("only {}", left.join("; ")) }
    }
}

/// Whether everything that is wanted is said: objects may say more.
fn holds(said: &Json, wanted: &Json) -> bool {
    match (said, wanted) {
        (Json::Object(said), Json::Object(wanted)) => wanted.iter().all(|(key, value)| said.get(key).is_some_and(|said| holds(said, value))),
        (Json::Number(said), Json::Number(wanted)) => said.as_f64() == wanted.as_f64(),
        (Json::Array(said), Json::Array(wanted)) => said.len() == wanted.len() && said.iter().zip(wanted).all(|(said, wanted)| holds(said, wanted)),
        (said, wanted) => said == wanted,
    }
}
