//! A campaign spelled out for its hash: every number of a table is replaced by what stands there.

use super::encode::bytes_of;
use super::flat::FlatValue;
use super::table::Operand;
use super::{
    ArmsId, BlockId, CampaignDef, CampaignId, EventPattern, ExperimentId, HistoryWindow, Layout, ListenId, MessageContent, MessageId, MessageTarget, ParamDef,
    Pc, Program, QueryId, Recipient, Reenter, RepeatId, Routine, SegmentId, StepId, TemplateId, TimelineId, Trigger, TriggerKind, UntilAnchor, UntilId,
    WebhookId,
};
use crate::lang::Value;
use serde::Serialize;
use std::collections::BTreeMap;

/// Writes canonical parts into a hash.
pub(super) struct Canon<'p> {
    program: &'p Program,
    layout: Layout,
    hasher: blake3::Hasher,
    blocks: BTreeMap<BlockId, [u8; 32]>,
    /// How deep routines are open; the verifier bounds what a program may have, this bounds one that was not verified.
    depth: usize,
}

impl<'p> Canon<'p> {
    pub(super) fn new(program: &'p Program) -> Canon<'p> {
        Canon { program, layout: Layout::new(program), hasher: new_hasher(), blocks: BTreeMap::new(), depth: 0 }
    }
    pub(super) fn finish(self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    /// A part with its length, so that two parts cannot run into one another.
    fn put<T: Serialize + ?Sized>(&mut self, part: &T) {
        let bytes = bytes_of(part);
        self.hasher.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.hasher.update(&bytes);
    }
    fn put_value(&mut self, value: Option<&Value>) {
        self.put(&value.cloned().map(FlatValue));
    }

    pub(super) fn campaign(&mut self, id: CampaignId) {
        let program = self.program;
        let Some(campaign) = program.campaigns.get(id.index()) else { return };
        self.header(campaign);
        if let Some(routine) = self.layout.campaign(id) {
            self.routine(routine);
        }
    }

    fn header(&mut self, campaign: &'p CampaignDef) {
        self.put(&(&campaign.name, campaign.is_published, campaign.active_from, campaign.active_until));
        self.put(&campaign.windows);
        let rules = &campaign.sending;
        self.put(&(&rules.limits, &rules.throttle, rules.holdout, rules.priority, rules.capped.as_ref().map(|capped| capped.is_waiting)));
        rules.capped.iter().filter_map(|capped| capped.up_to).for_each(|block| self.block(block));
        self.put(&campaign.captures.len());
        for capture in &campaign.captures {
            self.put(&capture.name);
            let event = capture.event.and_then(|event| self.program.events.get(event.index()));
            self.put(&event);
        }
        self.put(&campaign.triggers.len());
        campaign.triggers.iter().for_each(|trigger| self.trigger(trigger));
        self.put(&campaign.only_if.len());
        campaign.only_if.iter().for_each(|block| self.block(*block));
        self.put(&campaign.exits.len());
        campaign.exits.iter().for_each(|exit| self.block(exit.condition));
        self.put(&campaign.goals.len());
        for goal in &campaign.goals {
            self.put(&(&goal.key, goal.within.is_some()));
            self.block(goal.condition);
            goal.within.into_iter().for_each(|within| self.block(within));
        }
        match &campaign.reenter {
            Reenter::Never => self.put("never"),
            Reenter::Always => self.put("always"),
            Reenter::After(duration) => self.put(&("after", duration)),
            Reenter::Each(block) => {
                self.put("each");
                self.block(*block);
            }
        }
        self.timing(campaign);
    }

    /// Lines that only say something where they stand.
    fn timing(&mut self, campaign: &'p CampaignDef) {
        if campaign.is_restarting {
            self.put("restart");
        }
        for update in &campaign.updates {
            self.put(&("update", update.slot, update.predicate.is_some()));
            self.pattern(&update.pattern);
            update.predicate.into_iter().for_each(|block| self.block(block));
        }
        if let Some(collect) = &campaign.collect {
            self.put(&("collect", collect.slot, collect.length, collect.sliding_up_to, collect.by.is_some()));
            collect.by.into_iter().for_each(|block| self.block(block));
        }
    }

    fn trigger(&mut self, trigger: &'p Trigger) {
        self.put(&(&trigger.capture, &trigger.existing));
        match &trigger.kind {
            TriggerKind::SegmentEntered(id) => self.named("segment entered", |canon| canon.segment(*id)),
            TriggerKind::SegmentLeft(id) => self.named("segment left", |canon| canon.segment(*id)),
            TriggerKind::ListEntered(id) => self.named("list entered", |canon| canon.operand(Operand::List(*id), Pc(0))),
            TriggerKind::ListLeft(id) => self.named("list left", |canon| canon.operand(Operand::List(*id), Pc(0))),
            TriggerKind::Event { pattern, predicate } => self.named("event", |canon| {
                canon.pattern(pattern);
                canon.put(&predicate.is_some());
                predicate.iter().for_each(|block| canon.block(*block));
            }),
            TriggerKind::Tagged(tag) => self.put(&("tagged", tag)),
            TriggerKind::Untagged(tag) => self.put(&("untagged", tag)),
            TriggerKind::FieldChanged { field, from, to } => self.named("changed", |canon| {
                canon.operand(Operand::Field(*field), Pc(0));
                canon.put_value(from.as_ref());
                canon.put_value(to.as_ref());
            }),
            TriggerKind::PointsChanged { group } => self.named("points changed", |canon| canon.operand(Operand::Group(*group), Pc(0))),
            TriggerKind::PointsReached { group, at_least } => self.named("points reached", |canon| {
                canon.operand(Operand::Group(*group), Pc(0));
                canon.put(at_least);
            }),
            TriggerKind::ContactCreated => self.put("created"),
            TriggerKind::Subscribed(id) => self.named("subscribed", |canon| canon.operand(Operand::Topic(*id), Pc(0))),
            TriggerKind::Unsubscribed(id) => self.named("unsubscribed", |canon| canon.operand(Operand::Topic(*id), Pc(0))),
            TriggerKind::Enrolled => self.put("enrolled"),
            TriggerKind::Every { recurrence, at, zone, audience } => self.named("every", |canon| {
                canon.put(&(recurrence, at, zone));
                canon.block(*audience);
            }),
            TriggerKind::At { date, time, zone, audience, if_past } => self.named("at", |canon| {
                canon.put(&(date, time, zone, if_past));
                canon.block(*audience);
            }),
            TriggerKind::FieldDate { value, shift, is_before, every_year, at } => self.named("date", |canon| {
                canon.put(&(shift, is_before, every_year, at));
                canon.block(*value);
            }),
        }
    }

    fn named(&mut self, name: &str, rest: impl FnOnce(&mut Self)) {
        self.put(name);
        rest(self);
    }

    fn routine(&mut self, routine: Routine) {
        let code = routine.code(self.program);
        self.put(&code.len());
        for op in code {
            self.put(&op.number());
            op.operands().into_iter().for_each(|operand| self.operand(operand, routine.start));
        }
    }

    /// A block enters as its own hash, which is made once.
    fn block(&mut self, block: BlockId) {
        if let Some(known) = self.blocks.get(&block).copied() {
            self.put(&known);
            return;
        }
        let Some(routine) = self.layout.block(block).filter(|_| self.depth < super::verify::MAX_BLOCK_DEPTH) else { return };
        let outer = std::mem::replace(&mut self.hasher, new_hasher());
        self.depth += 1;
        self.routine(routine);
        self.depth -= 1;
        let inner = std::mem::replace(&mut self.hasher, outer);
        let hash = *inner.finalize().as_bytes();
        self.blocks.insert(block, hash);
        self.put(&hash);
    }

    fn operand(&mut self, operand: Operand, start: Pc) {
        let program = self.program;
        match operand {
            Operand::Constant(id) | Operand::Text(id) | Operand::DateConstant(id) => self.put_value(program.constants.get(id.index())),
            Operand::OptionalText(id) => self.put_value(id.and_then(|id| program.constants.get(id.index()))),
            Operand::Field(id) => self.put(&program.fields.get(id.index())),
            Operand::Group(id) => self.put(&program.groups.get(id.index())),
            Operand::Slot(id) => self.put(&id),
            Operand::Compare(op) => self.put(&op),
            Operand::TextQuestion(op) => self.put(&op),
            Operand::Time(time) => self.put(&time),
            Operand::Block(id) => self.block(id),
            Operand::Count(count) => self.put(&count),
            Operand::Regex(id) => self.put(&program.regexes.get(id.index())),
            Operand::Segment(id) => self.segment(id),
            Operand::List(id) => self.put(&program.lists.get(id.index()).map(|list| &list.name)),
            Operand::Campaign(id) => self.put(&program.campaigns.get(id.index()).map(|campaign| &campaign.name)),
            Operand::Topic(id) => self.put(&program.topics.get(id.index()).map(|topic| (&topic.name, topic.is_opt_in))),
            Operand::Query(id) => self.query(id),
            Operand::Target(pc) => self.put(&pc.0.wrapping_sub(start.0)),
            Operand::Step(id) => self.step(id),
            Operand::Send(id) => self.send(id),
            Operand::WebhookStep(id) => self.webhook_step(id),
            Operand::Place(id) => self.put(&program.places.get(id.index()).map(|place| place.ordinal)),
            Operand::Notify(id) => self.notify(id),
            Operand::Until(id) => self.until(id),
            Operand::Listen(id) => self.listen(id, start),
            Operand::Event(id) => self.put(&program.events.get(id.index())),
            Operand::Arms(id) => self.arms(id, start),
            Operand::Split(id) => self.put(&program.splits.get(id.index()).map(|split| &split.arms)),
            Operand::Repeat(id) => self.repeat(id),
            Operand::Experiment(id) => self.experiment(id),
            Operand::Timeline(id) => self.timeline(id, start),
        }
    }

    fn step(&mut self, id: StepId) {
        let step = self.program.steps.get(id.index());
        self.put(&step.map(|step| (&step.name, &step.path, step.kind)));
    }

    /// A segment enters with its condition: what a campaign waits for has changed when that has.
    fn segment(&mut self, id: SegmentId) {
        let Some(segment) = self.program.segments.get(id.index()) else { return };
        self.put(&segment.name);
        self.block(segment.predicate);
    }

    fn template(&mut self, id: TemplateId) {
        let template = self.program.templates.get(id.index());
        self.put(&template.map(|template| (&template.source, template.is_html)));
    }
    fn templates(&mut self, ids: impl IntoIterator<Item = Option<TemplateId>>) {
        for id in ids {
            self.put(&id.is_some());
            id.into_iter().for_each(|id| self.template(id));
        }
    }
    fn params(&mut self, params: &'p [ParamDef]) {
        self.put(&params.len());
        for param in params {
            self.put(&param.name);
            self.block(param.value);
        }
    }

    fn send(&mut self, id: super::SendId) {
        let Some(send) = self.program.sends.get(id.index()) else { return };
        self.message(send.message);
        self.params(&send.params);
    }

    fn message(&mut self, id: MessageId) {
        let program = self.program;
        let Some(message) = program.messages.get(id.index()) else { return };
        self.put(&(&message.name, message.channel, message.is_transactional));
        message.topic.into_iter().for_each(|topic| self.operand(Operand::Topic(topic), Pc(0)));
        self.content(&message.content);
        for variant in &message.variants {
            self.put(&variant.locale);
            self.content(&variant.content);
        }
    }

    fn content(&mut self, content: &'p MessageContent) {
        match content {
            MessageContent::Email { subject, html, text, from, reply_to, preheader, to, cc, bcc, attachments, headers, has_unsubscribe_link } => {
                self.templates([Some(*subject), *html, Some(*text), *from, *reply_to, *preheader]);
                for (name, template) in headers {
                    self.put(name);
                    self.template(*template);
                }
                self.put(&(attachments, has_unsubscribe_link));
                [to, cc, bcc].into_iter().for_each(|recipient| self.recipient(recipient.as_ref()));
            }
            MessageContent::Sms { text } => self.template(*text),
            MessageContent::Push { title, body, link } => self.templates([Some(*title), Some(*body), *link]),
        }
    }

    fn recipient(&mut self, recipient: Option<&'p Recipient>) {
        match recipient {
            Some(Recipient::Address(address)) => self.put(&("address", address)),
            Some(Recipient::Value(block)) => self.named("value", |canon| canon.block(*block)),
            None => self.put("nobody"),
        }
    }

    fn webhook_step(&mut self, id: super::WebhookStepId) {
        let Some(call) = self.program.webhook_steps.get(id.index()) else { return };
        self.webhook(call.webhook);
        self.put(&(call.object.is_some(), call.answer));
        call.object.into_iter().for_each(|block| self.block(block));
        self.params(&call.params);
    }

    fn webhook(&mut self, id: WebhookId) {
        let Some(webhook) = self.program.webhooks.get(id.index()) else { return };
        self.put(&(&webhook.name, &webhook.method, &webhook.secret_env, &webhook.secret_literal, webhook.timeout));
        self.template(webhook.url);
        for (name, template) in &webhook.headers {
            self.put(name);
            self.template(*template);
        }
        self.put(&webhook.body.is_some());
        webhook.body.into_iter().for_each(|block| self.block(block));
    }

    fn notify(&mut self, id: super::NotifyId) {
        let Some(notify) = self.program.notifies.get(id.index()) else { return };
        self.templates([Some(notify.to), Some(notify.subject), notify.body]);
        self.params(&notify.params);
    }

    fn until(&mut self, id: UntilId) {
        let Some(until) = self.program.untils.get(id.index()) else { return };
        self.put(&until.zone);
        match &until.anchor {
            UntilAnchor::Clock(time) => self.put(&("clock", time)),
            UntilAnchor::Weekday(day, time) => self.put(&("weekday", day, time)),
            UntilAnchor::Value { value, shift, is_before, at } => {
                self.put(&("value", shift, is_before, at));
                self.block(*value);
            }
        }
    }

    fn listen(&mut self, id: ListenId, start: Pc) {
        let Some(listen) = self.program.listens.get(id.index()) else { return };
        self.put(&(listen.arms.len(), listen.deadline.is_some(), listen.is_deadline_send));
        for arm in &listen.arms {
            self.block(arm.condition);
            self.operand(Operand::Target(arm.target), start);
            self.put(&arm.capture.map(|(_, slot)| slot));
            arm.capture.into_iter().for_each(|(query, _)| self.query(query));
        }
        if let Some((duration, target)) = listen.deadline {
            self.block(duration);
            self.operand(Operand::Target(target), start);
        }
    }

    fn arms(&mut self, id: ArmsId, start: Pc) {
        let Some(arms) = self.program.arms.get(id.index()) else { return };
        self.put(&arms.targets.len());
        arms.targets.iter().for_each(|target| self.operand(Operand::Target(*target), start));
    }

    fn repeat(&mut self, id: RepeatId) {
        let Some(repeat) = self.program.repeats.get(id.index()) else { return };
        self.put(&(repeat.every.is_some(), repeat.until.is_some()));
        self.block(repeat.times);
        repeat.every.into_iter().chain(repeat.until).for_each(|block| self.block(block));
    }

    fn experiment(&mut self, id: ExperimentId) {
        let Some(experiment) = self.program.experiments.get(id.index()) else { return };
        self.put(&(experiment.shape, experiment.measure));
        self.block(experiment.after);
    }

    fn timeline(&mut self, id: TimelineId, start: Pc) {
        let Some(timeline) = self.program.timelines.get(id.index()) else { return };
        self.block(timeline.anchor);
        self.put(&(timeline.is_again_when_moved, timeline.arms.len()));
        for arm in &timeline.arms {
            self.put(&(&arm.key, arm.shift, arm.is_before, arm.at));
            self.operand(Operand::Target(arm.target), start);
        }
        self.operand(Operand::Target(timeline.end), start);
    }

    fn query(&mut self, id: QueryId) {
        let Some(query) = self.program.queries.get(id.index()) else { return };
        self.pattern(&query.pattern);
        self.put(&query.aggregate);
        self.put(&query.predicate.is_some());
        query.predicate.into_iter().for_each(|block| self.block(block));
        match query.window {
            HistoryWindow::Anchor => self.put("anchor"),
            HistoryWindow::Ever => self.put("ever"),
            HistoryWindow::Last(block) => self.named("last", |canon| canon.block(block)),
        }
    }

    fn pattern(&mut self, pattern: &'p EventPattern) {
        let program = self.program;
        match pattern {
            EventPattern::Custom(event) => self.put(&program.events.get(event.index())),
            EventPattern::Visited(path) => self.put(&("visited", path)),
            EventPattern::Message { event, target, url, text } => {
                self.put(&(event, url, text.and_then(|text| program.regexes.get(text.index()))));
                match target {
                    MessageTarget::Message(message) => self.message(*message),
                    MessageTarget::Step(step) => self.step(*step),
                    MessageTarget::Latest(channel) => self.put(&("latest", channel)),
                    MessageTarget::Any(channel) => self.put(&("any", channel)),
                }
            }
        }
    }
}

fn new_hasher() -> blake3::Hasher {
    blake3::Hasher::new_derive_key("campc campaign hash 1")
}
