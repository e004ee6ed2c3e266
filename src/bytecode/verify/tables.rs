//! The tables: every id in range, zones that exist, times within the day, places that stand where they say.

use super::Checker;
use crate::bytecode::table::MILLIS_PER_DAY;
use crate::bytecode::{
    BlockId, BuiltinField, CampaignDef, CampaignId, EventPattern, HistoryWindow, LimitDef, ListenDef, MessageContent, MessageDef, MessageTarget, Op, ParamDef,
    Place, QueryId, Recipient, Recurrence, Reenter, StepId, TemplateId, ThrottleDef, TimelineDef, TopicId, Trigger, TriggerKind, TriggerZone, UntilAnchor,
};
use crate::lang::{Date, Duration, Instant, TimeOfDay, Value, Window, WindowZone, Zone};

impl Checker<'_> {
    pub(super) fn check_tables(&mut self) {
        let program = self.program;
        self.check_zone(&program.project.timezone);
        let builtin = program.fields.iter().map_while(|field| field.builtin);
        self.demand(builtin.eq(BuiltinField::ALL), "the built-in fields do not begin the fields in their order");
        self.demand(program.groups.first().is_some_and(|group| group.name.is_none()), "the first point group has a name, or there is none");
        for decay in program.groups.iter().flat_map(|group| &group.decays) {
            self.demand((0.0..=1.0).contains(&decay.share) && decay.per != Duration::ZERO, "points that decay by no share, or in no time");
        }
        program.constants.iter().for_each(|value| self.check_value(value));
        program.fields.iter().for_each(|field| self.check_value(&field.default));
        program.segments.iter().for_each(|segment| self.check_block_id(segment.predicate));
        for rule in &program.rules {
            self.in_range("point group", rule.group.index(), program.groups.len());
            self.check_pattern(&rule.pattern);
            rule.predicate.into_iter().chain([rule.amount]).for_each(|block| self.check_block_id(block));
        }
        program.messages.iter().for_each(|message| self.check_message(message));
        for webhook in &program.webhooks {
            self.check_template(webhook.url);
            webhook.headers.iter().for_each(|(_, template)| self.check_template(*template));
            webhook.body.into_iter().for_each(|block| self.check_block_id(block));
        }
        program.campaigns.iter().enumerate().for_each(|(at, campaign)| self.check_campaign(CampaignId::from_index(at), campaign));
        program.steps.iter().for_each(|step| self.in_range("campaign", step.campaign.index(), program.campaigns.len()));
        program.places.iter().for_each(|place| self.check_place(place));
        program.listens.iter().for_each(|listen| self.check_listen(listen));
        program.timelines.iter().for_each(|timeline| self.check_timeline(timeline));
        self.check_effects();
        self.check_questions();
        self.check_flow();
        self.check_policy();
    }

    fn check_policy(&mut self) {
        let policy = &self.program.policy;
        policy.quiet_hours.iter().for_each(|window| self.check_window(window));
        self.check_counts(&policy.limits, &policy.throttles);
        self.check_share(Some(self.program.project.control_group));
    }

    fn check_counts(&mut self, limits: &[LimitDef], throttles: &[ThrottleDef]) {
        let counts = limits.iter().map(|limit| limit.count).chain(throttles.iter().map(|throttle| throttle.count));
        counts.for_each(|count| self.demand(count > 0, "a limit that lets nothing through"));
    }

    fn check_share(&mut self, share: Option<f64>) {
        self.demand(share.is_none_or(|share| (0.0..=1.0).contains(&share)), "a share that is none");
    }

    fn check_effects(&mut self) {
        let program = self.program;
        for send in &program.sends {
            self.check_step_id(send.step);
            self.in_range("message", send.message.index(), program.messages.len());
            self.in_range("standing place", send.place.index(), program.places.len());
            self.check_params(&send.params);
        }
        for call in &program.webhook_steps {
            self.check_step_id(call.step);
            self.in_range("webhook", call.webhook.index(), program.webhooks.len());
            call.object.into_iter().for_each(|block| self.check_block_id(block));
            self.check_params(&call.params);
        }
        for notify in &program.notifies {
            self.check_step_id(notify.step);
            [notify.to, notify.subject].into_iter().chain(notify.body).for_each(|template| self.check_template(template));
            self.check_params(&notify.params);
        }
        for until in &program.untils {
            until.zone.iter().for_each(|zone| self.check_zone(zone));
            match &until.anchor {
                UntilAnchor::Clock(time) => self.check_time(*time),
                UntilAnchor::Weekday(_, time) => time.iter().for_each(|time| self.check_time(*time)),
                UntilAnchor::Value { value, shift: _, is_before: _, at } => {
                    self.check_block_id(*value);
                    at.iter().for_each(|time| self.check_time(*time));
                }
            }
        }
    }

    fn check_questions(&mut self) {
        for query in &self.program.queries {
            self.check_pattern(&query.pattern);
            query.predicate.into_iter().for_each(|block| self.check_block_id(block));
            match query.window {
                HistoryWindow::Last(block) => self.check_block_id(block),
                HistoryWindow::Anchor | HistoryWindow::Ever => {}
            }
        }
    }

    fn check_flow(&mut self) {
        let program = self.program;
        for arms in &program.arms {
            self.check_step_id(arms.step);
            self.check_step_id(arms.last);
            self.demand(!arms.targets.is_empty(), "a table of no arms");
        }
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        for split in &program.splits {
            self.check_step_id(split.step);
            self.demand(split.arms.iter().all(|arm| arm.share.is_none_or(is_share)), "a share beyond the whole");
        }
        for repeat in &program.repeats {
            self.check_step_id(repeat.step);
            self.check_step_id(repeat.last);
            [Some(repeat.times), repeat.every, repeat.until].into_iter().flatten().for_each(|block| self.check_block_id(block));
        }
        for experiment in &program.experiments {
            self.check_step_id(experiment.step);
            self.check_block_id(experiment.after);
            self.demand(experiment.variants.iter().all(|variant| is_share(variant.share)), "a share beyond the whole");
        }
        for op in &program.code {
            let counts = match op {
                Op::Split(split, arms) => Some((program.splits.get(split.index()).map(|split| split.arms.len()), arms)),
                Op::Experiment(experiment, arms, _) => Some((program.experiments.get(experiment.index()).map(|known| known.variants.len()), arms)),
                _ => None,
            };
            if let Some((count, arms)) = counts {
                self.demand(count == program.arms.get(arms.index()).map(|arms| arms.targets.len()), "shares that are not one an arm");
            }
        }
    }

    fn check_message(&mut self, message: &MessageDef) {
        message.topic.into_iter().for_each(|topic| self.check_topic(topic));
        for content in std::iter::once(&message.content).chain(message.variants.iter().map(|variant| &variant.content)) {
            self.check_content(content);
        }
    }

    fn check_content(&mut self, content: &MessageContent) {
        match content {
            MessageContent::Email { subject, html, text, from, reply_to, preheader, to, cc, bcc, attachments: _, headers, has_unsubscribe_link: _ } => {
                let parts = [Some(*subject), *html, Some(*text), *from, *reply_to, *preheader];
                parts.into_iter().flatten().chain(headers.iter().map(|(_, template)| *template)).for_each(|template| self.check_template(template));
                for recipient in [to, cc, bcc].into_iter().flatten() {
                    if let Recipient::Value(block) = recipient {
                        self.check_block_id(*block);
                    }
                }
            }
            MessageContent::Sms { text } => self.check_template(*text),
            MessageContent::Push { title, body, link } => [*title, *body].into_iter().chain(*link).for_each(|template| self.check_template(template)),
        }
    }

    fn check_campaign(&mut self, id: CampaignId, campaign: &CampaignDef) {
        let program = self.program;
        campaign.triggers.iter().for_each(|trigger| self.check_trigger(trigger, campaign.captures.len()));
        campaign.only_if.iter().for_each(|block| self.check_block_id(*block));
        campaign.exits.iter().for_each(|exit| self.check_block_id(exit.condition));
        campaign.goals.iter().flat_map(|goal| goal.within.into_iter().chain([goal.condition])).for_each(|block| self.check_block_id(block));
        if let Reenter::Each(block) = campaign.reenter {
            self.check_block_id(block);
        }
        for update in &campaign.updates {
            self.check_pattern(&update.pattern);
            update.predicate.into_iter().for_each(|block| self.check_block_id(block));
        }
        campaign.collect.iter().filter_map(|collect| collect.by).for_each(|block| self.check_block_id(block));
        for window in &campaign.windows {
            self.check_window(window);
        }
        campaign.sending.capped.iter().filter_map(|capped| capped.up_to).for_each(|block| self.check_block_id(block));
        self.check_share(campaign.sending.holdout);
        self.check_counts(&campaign.sending.limits, campaign.sending.throttle.as_slice());
        for instant in [campaign.active_from, campaign.active_until].into_iter().flatten() {
            self.check_instant(instant);
        }
        for capture in &campaign.captures {
            capture.event.into_iter().for_each(|event| self.in_range("event", event.index(), program.events.len()));
        }
        for step in &campaign.steps {
            let owner = program.steps.get(step.index()).map(|step| step.campaign);
            self.demand(owner == Some(id), "a campaign with a step of another");
        }
    }

    fn check_trigger(&mut self, trigger: &Trigger, slots: usize) {
        let program = self.program;
        self.demand(trigger.existing.as_ref().is_none_or(|existing| existing.every_ms >= 0), "members that come before one another");
        trigger.capture.into_iter().for_each(|slot| self.in_range("captured record", slot.index(), slots));
        match &trigger.kind {
            TriggerKind::SegmentEntered(segment) | TriggerKind::SegmentLeft(segment) => self.in_range("segment", segment.index(), program.segments.len()),
            TriggerKind::ListEntered(list) | TriggerKind::ListLeft(list) => self.in_range("list", list.index(), program.lists.len()),
            TriggerKind::Event { pattern, predicate } => {
                self.check_pattern(pattern);
                predicate.iter().for_each(|block| self.check_block_id(*block));
            }
            TriggerKind::FieldChanged { field, from, to } => {
                self.in_range("field", field.index(), program.fields.len());
                from.iter().chain(to).for_each(|value| self.check_value(value));
            }
            TriggerKind::PointsChanged { group } => self.in_range("point group", group.index(), program.groups.len()),
            TriggerKind::PointsReached { group, at_least } => {
                self.in_range("point group", group.index(), program.groups.len());
                self.demand(at_least.is_finite(), "a number that is none");
            }
            TriggerKind::Subscribed(topic) | TriggerKind::Unsubscribed(topic) => self.check_topic(*topic),
            TriggerKind::Every { recurrence, at, zone, audience } => {
                let is_day = match recurrence {
                    Recurrence::Days(days) => days.0 != 0 && days.0 < 128,
                    Recurrence::MonthDay(day) => (1..=31).contains(day),
                };
                self.demand(is_day, "a broadcast on no day");
                self.check_broadcast(*at, zone, *audience);
            }
            TriggerKind::At { date, time, zone, audience, if_past: _ } => {
                self.check_date(*date);
                self.check_broadcast(*time, zone, *audience);
            }
            TriggerKind::FieldDate { value, shift: _, is_before: _, every_year: _, at } => {
                self.check_block_id(*value);
                at.iter().for_each(|time| self.check_time(*time));
            }
            TriggerKind::Tagged(_) | TriggerKind::Untagged(_) | TriggerKind::ContactCreated | TriggerKind::Enrolled => {}
        }
    }

    fn check_broadcast(&mut self, at: TimeOfDay, zone: &TriggerZone, audience: BlockId) {
        self.check_time(at);
        self.check_block_id(audience);
        match zone {
            TriggerZone::Named(zone) => self.check_zone(zone),
            TriggerZone::Project | TriggerZone::Contact => {}
        }
    }

    fn check_pattern(&mut self, pattern: &EventPattern) {
        let program = self.program;
        match pattern {
            EventPattern::Custom(event) => self.in_range("event", event.index(), program.events.len()),
            EventPattern::Visited(_) => {}
            EventPattern::Message { event: _, target, url: _, text } => {
                text.iter().for_each(|regex| self.in_range("pattern", regex.index(), program.regexes.len()));
                match target {
                    MessageTarget::Message(message) => self.in_range("message", message.index(), program.messages.len()),
                    MessageTarget::Step(step) => self.check_step_id(*step),
                    MessageTarget::Latest(_) | MessageTarget::Any(_) => {}
                }
            }
        }
    }

    fn check_place(&mut self, place: &Place) {
        self.check_step_id(place.step);
        self.in_range("operation", place.pc.index(), self.program.code.len());
    }

    fn check_listen(&mut self, listen: &ListenDef) {
        self.check_step_id(listen.step);
        for arm in &listen.arms {
            self.check_block_id(arm.condition);
            arm.capture.into_iter().for_each(|(query, _)| self.check_query_id(query));
        }
        listen.deadline.into_iter().for_each(|(duration, _)| self.check_block_id(duration));
        self.demand(listen.deadline.is_some() || !listen.is_deadline_send, "a send at a deadline that is none");
        self.demand(listen.deadline.is_some() || !listen.arms.is_empty(), "a place that listens to nothing");
    }

    fn check_timeline(&mut self, timeline: &TimelineDef) {
        self.check_step_id(timeline.step);
        self.check_step_id(timeline.last);
        self.check_block_id(timeline.anchor);
        timeline.arms.iter().filter_map(|arm| arm.at).for_each(|time| self.check_time(time));
    }

    fn check_params(&mut self, params: &[ParamDef]) {
        params.iter().for_each(|param| self.check_block_id(param.value));
    }

    fn in_range(&mut self, what: &str, index: usize, len: usize) {
        if index >= len {
            self.report(None, format!("{what} {index} of {len}"));
        }
    }
    fn check_block_id(&mut self, id: BlockId) {
        self.in_range("block", id.index(), self.program.blocks.len());
    }
    fn check_query_id(&mut self, id: QueryId) {
        self.in_range("history question", id.index(), self.program.queries.len());
    }
    fn check_template(&mut self, id: TemplateId) {
        self.in_range("template", id.index(), self.program.templates.len());
    }
    fn check_step_id(&mut self, id: StepId) {
        self.in_range("step", id.index(), self.program.steps.len());
    }
    fn check_topic(&mut self, id: TopicId) {
        self.in_range("topic", id.index(), self.program.topics.len());
    }
    fn check_zone(&mut self, name: &str) {
        self.demand(Zone::find(name).is_some(), "a time zone nobody knows");
    }
    fn check_time(&mut self, time: TimeOfDay) {
        self.demand(time.0 < MILLIS_PER_DAY, "a time of day beyond midnight");
    }
    fn check_date(&mut self, date: Date) {
        self.demand(Date::from_civil(date.to_civil()) == date, "a date beyond the calendar");
    }
    fn check_instant(&mut self, instant: Instant) {
        self.demand((Instant::FAR_PAST..=Instant::FAR_FUTURE).contains(&instant), "an instant beyond the calendar");
    }
    fn check_window(&mut self, window: &Window) {
        self.check_time(window.from);
        self.check_time(window.to);
        self.demand(window.days.0 != 0 && window.days.0 < 128, "a window on no day");
        match &window.zone {
            WindowZone::Named(zone) => self.check_zone(zone),
            WindowZone::Contact => {}
        }
    }
    /// The decoder bounds how deep values nest, so this may recurse.
    fn check_value(&mut self, value: &Value) {
        match value {
            Value::Number(number) => self.demand(number.is_finite(), "a number that is none"),
            Value::Date(date) => self.check_date(*date),
            Value::DateTime(instant) => self.check_instant(*instant),
            Value::LocalDateTime(date, time) => {
                self.check_date(*date);
                self.check_time(*time);
            }
            Value::List(items) => items.iter().for_each(|item| self.check_value(item)),
            Value::Record(record) => record.values().for_each(|item| self.check_value(item)),
            Value::Unset | Value::Bool(_) | Value::Text(_) | Value::Duration(_) => {}
        }
    }
}
