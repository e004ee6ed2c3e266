//! A readable listing of a program: tables in short, then the code of each campaign and block with labels and source places.

use super::table::{Flow, Operand};
use super::{
    CampaignDef, Channel, EventPattern, Fact, HistoryWindow, Layout, LimitDef, ListenId, MessageDef, MessageTarget, Op, Pc, Program, QueryId, Routine,
    RoutineOwner, SendingRules, ThrottleDef, TimelineId, UntilAnchor, UntilId,
};
use crate::lang::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The listing.
#[must_use]
pub fn disassemble(program: &Program) -> String {
    let mut lister = Lister { program, out: String::new() };
    lister.tables();
    let layout = Layout::new(program);
    for routine in layout.routines().iter().filter(|routine| matches!(routine.owner, RoutineOwner::Campaign(_))) {
        lister.routine(routine);
    }
    for routine in layout.routines().iter().filter(|routine| matches!(routine.owner, RoutineOwner::Block(_))) {
        lister.routine(routine);
    }
    lister.out
}

struct Lister<'p> {
    program: &'p Program,
    out: String,
}

impl Lister<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn tables(&mut self) {
        let program = self.program;
        self.line(&format!("project {:?} in {}", program.project.name, program.project.timezone));
        for field in program.fields.iter().filter(|field| field.builtin.is_none()) {
            let default = if field.default.is_set() { format!(" = {}", field.default) } else { String::new() };
            self.line(&format!("field {}: {}{default}", field.name, field.ty));
        }
        for event in &program.events {
            let properties: Vec<String> = event.properties.iter().map(|property| format!("{}: {}", property.name, property.ty)).collect();
            self.line(&format!("{} {} {{ {} }}", if event.is_form { "form" } else { "event" }, event.name, properties.join(", ")));
        }
        program.lists.iter().for_each(|list| self.line(&format!("list {:?}", list.name)));
        program.topics.iter().for_each(|topic| self.line(&format!("topic {:?}{}", topic.name, if topic.is_opt_in { " opt in" } else { "" })));
        for segment in &program.segments {
            self.line(&format!("segment {:?} = block {}", segment.name, segment.predicate.0));
        }
        for (at, message) in program.messages.iter().enumerate() {
            self.line(&format!("message {at}: {}{}", message_name(message), if message.is_transactional { ", transactional" } else { "" }));
        }
        program.webhooks.iter().for_each(|webhook| self.line(&format!("webhook {} {}", webhook.method, webhook.name)));
        for rule in &program.rules {
            let predicate = rule.predicate.map(|block| format!(" where block {}", block.0)).unwrap_or_default();
            let cap = rule.cap.map(|cap| format!(", {cap:?}")).unwrap_or_default();
            self.line(&format!("points on {}{predicate} + block {}{cap}", self.pattern(&rule.pattern), rule.amount.0));
        }
        self.policy();
    }

    fn routine(&mut self, routine: &Routine) {
        let program = self.program;
        self.out.push('\n');
        match routine.owner {
            RoutineOwner::Campaign(id) => program.campaigns.get(id.index()).into_iter().for_each(|campaign| self.campaign(campaign)),
            RoutineOwner::Block(id) => {
                let Some(block) = program.blocks.get(id.index()) else { return };
                let reads: Vec<String> = block.reads.iter().map(|fact| self.fact(*fact)).collect();
                let reads = if reads.is_empty() { String::new() } else { format!(" // reads {}", reads.join(", ")) };
                self.line(&format!("block {} `{}`{reads}", id.0, block.text));
            }
        }
        let targets = self.targets(routine);
        for (at, op) in routine.code(program).iter().enumerate() {
            let pc = Pc::from_index(routine.start.index() + at);
            if targets.contains(&pc) {
                self.line(&format!("L{}:", pc.0));
            }
            self.op(pc, *op);
        }
    }

    fn campaign(&mut self, campaign: &CampaignDef) {
        self.line(&format!("campaign {:?} {}", campaign.name, if campaign.is_published { "published" } else { "draft" }));
        for trigger in &campaign.triggers {
            let capture = trigger.capture.and_then(|slot| campaign.captures.get(slot.index()));
            let capture = capture.map(|capture| format!(" as {}", capture.name)).unwrap_or_default();
            self.line(&format!("  when {}{capture}", trigger.text));
        }
        campaign.only_if.iter().for_each(|block| self.line(&format!("  only if block {}", block.0)));
        campaign.exits.iter().for_each(|exit| self.line(&format!("  exit when block {}", exit.condition.0)));
        for goal in &campaign.goals {
            let name = goal.name.as_ref().map(|name| format!("{name:?} ")).unwrap_or_default();
            let within = goal.within.map(|within| format!(" within block {}", within.0)).unwrap_or_default();
            self.line(&format!("  goal {name}block {}{within}", goal.condition.0));
        }
        self.timing(campaign);
        self.sending(campaign);
    }

    fn sending(&mut self, campaign: &CampaignDef) {
        let SendingRules { limits, capped, throttle, holdout, priority } = &campaign.sending;
        limits.iter().for_each(|limit| self.limit("  ", limit));
        if let Some(capped) = capped {
            let up_to = capped.up_to.map(|block| format!(" up to block {}", block.0)).unwrap_or_default();
            self.line(&format!("  capped {}{up_to}", if capped.is_waiting { "wait" } else { "skip" }));
        }
        throttle.iter().for_each(|throttle| self.throttle("  ", throttle));
        holdout.iter().for_each(|share| self.line(&format!("  holdout {share}")));
        if *priority != 0 {
            self.line(&format!("  priority {priority}/1000"));
        }
    }

    fn limit(&mut self, indent: &str, limit: &LimitDef) {
        let otherwise = if limit.is_waiting { "wait" } else { "skip" };
        self.line(&format!("{indent}limit {} {:?} per {:?} else {otherwise}", limit.count, limit.what, limit.per));
    }

    fn throttle(&mut self, indent: &str, throttle: &ThrottleDef) {
        self.line(&format!("{indent}throttle {} per {:?}{}", throttle.count, throttle.per, if throttle.is_doubling { " doubling" } else { "" }));
    }

    fn policy(&mut self) {
        let policy = &self.program.policy;
        for quiet in &policy.quiet_hours {
            self.line(&format!("quiet hours between {} and {}", quiet.from, quiet.to));
        }
        policy.limits.iter().for_each(|limit| self.limit("", limit));
        policy.throttles.iter().for_each(|throttle| self.throttle("", throttle));
    }

    fn targets(&self, routine: &Routine) -> BTreeSet<Pc> {
        let mut targets = BTreeSet::new();
        for op in routine.code(self.program) {
            targets.extend(op.target());
            if let Op::Listen(listen, _) = op
                && let Some(listen) = self.program.listens.get(listen.index())
            {
                targets.extend(listen.arms.iter().map(|arm| arm.target));
                targets.extend(listen.deadline.map(|(_, target)| target));
            }
            if let Flow::Arms(arms) = op.flow() {
                targets.extend(self.program.arms.get(arms.index()).into_iter().flat_map(|arms| arms.targets.iter().copied()));
            }
            if let Op::Timeline(timeline, _) = op
                && let Some(timeline) = self.program.timelines.get(timeline.index())
            {
                targets.extend(timeline.arms.iter().map(|arm| arm.target).chain([timeline.end]));
            }
        }
        targets
    }

    fn op(&mut self, pc: Pc, op: Op) {
        let operands: Vec<String> = op.operands().into_iter().map(|operand| self.operand(operand)).collect();
        let place = self.source_place(pc).unwrap_or_default();
        let mut line = format!("  {:>5} {:<18} {}", pc.0, op.name(), operands.join(", "));
        if !place.is_empty() {
            let _ = write!(line, "{:pad$} // {place}", "", pad = 64_usize.saturating_sub(line.chars().count()));
        }
        self.line(&line);
        if let Op::Listen(listen, _) = op {
            self.listen(listen);
        } else if let Op::Timeline(timeline, _) = op {
            self.timeline(timeline);
        }
    }

    /// Notes are laid down with their routines, so they are sorted; the last of one address is the innermost.
    fn source_place(&self, pc: Pc) -> Option<String> {
        let notes = &self.program.notes;
        let note = notes.get(notes.partition_point(|note| note.pc <= pc).checked_sub(1)?)?;
        (note.pc == pc).then(|| self.program.describe(note.span))
    }

    fn listen(&mut self, listen: ListenId) {
        let Some(listen) = self.program.listens.get(listen.index()) else { return };
        for arm in &listen.arms {
            let capture = arm.capture.map(|(query, slot)| format!(", {} into slot {}", self.query(query), slot.0)).unwrap_or_default();
            self.line(&format!("          on block {} L{}{capture}", arm.condition.0, arm.target.0));
        }
        if let Some((duration, target)) = listen.deadline {
            let held = if listen.is_deadline_send { ", listening on while the send is held" } else { "" };
            self.line(&format!("          after block {} L{}{held}", duration.0, target.0));
        }
    }

    fn timeline(&mut self, timeline: TimelineId) {
        let Some(timeline) = self.program.timelines.get(timeline.index()) else { return };
        self.line(&format!("          around block {}{}", timeline.anchor.0, if timeline.is_again_when_moved { ", again when moved" } else { "" }));
        for arm in &timeline.arms {
            self.line(&format!("          {} L{}", arm.key, arm.target.0));
        }
        self.line(&format!("          then L{}", timeline.end.0));
    }

    /// Lines of the header about time.
    fn timing(&mut self, campaign: &CampaignDef) {
        let where_ = |block: Option<super::BlockId>| block.map(|block| format!(" where block {}", block.0)).unwrap_or_default();
        for update in &campaign.updates {
            self.line(&format!("  update slot {} when {}{}", update.slot.0, self.pattern(&update.pattern), where_(update.predicate)));
        }
        if let Some(collect) = &campaign.collect {
            let sliding = collect.sliding_up_to.map(|most| format!(" sliding up to {most}")).unwrap_or_default();
            let by = collect.by.map(|block| format!(" by block {}", block.0)).unwrap_or_default();
            self.line(&format!("  collect slot {} for {}{sliding}{by}", collect.slot.0, collect.length));
        }
        if let super::Reenter::Each(block) = campaign.reenter {
            self.line(&format!("  reenter each block {}", block.0));
        }
        if campaign.is_restarting {
            self.line("  retrigger restart");
        }
    }

    fn operand(&self, operand: Operand) -> String {
        let program = self.program;
        let constant = |index: usize| program.constants.get(index).map(Value::to_string);
        let text = match operand {
            Operand::Constant(id) | Operand::Text(id) | Operand::DateConstant(id) => constant(id.index()),
            Operand::OptionalText(id) => id.map_or(Some(String::new()), |id| constant(id.index())),
            Operand::Field(id) => program.fields.get(id.index()).map(|field| field.name.to_string()),
            Operand::Group(id) => program.groups.get(id.index()).map(|group| group.name.as_deref().unwrap_or("(no group)").to_string()),
            Operand::Slot(id) => Some(format!("slot {}", id.0)),
            Operand::Compare(op) => Some(compare_sign(op).to_string()),
            Operand::TextQuestion(op) => Some(format!("{op:?}")),
            Operand::Time(time) => Some(time.to_string()),
            Operand::Block(id) => Some(format!("block {}", id.0)),
            Operand::Count(count) => Some(count.to_string()),
            Operand::Regex(id) => program.regexes.get(id.index()).map(|regex| format!("/{regex}/")),
            Operand::Segment(id) => program.segments.get(id.index()).map(|segment| format!("{:?}", segment.name)),
            Operand::List(id) => program.lists.get(id.index()).map(|list| format!("{:?}", list.name)),
            Operand::Campaign(id) => program.campaigns.get(id.index()).map(|campaign| format!("{:?}", campaign.name)),
            Operand::Topic(id) => program.topics.get(id.index()).map(|topic| format!("{:?}", topic.name)),
            Operand::Query(id) => Some(self.query(id)),
            Operand::Target(pc) => Some(format!("L{}", pc.0)),
            Operand::Step(id) => program.steps.get(id.index()).map(|step| step.identity().to_string()),
            Operand::Send(id) => self.send(id),
            Operand::WebhookStep(id) => self.webhook_step(id),
            Operand::Place(id) => program.places.get(id.index()).map(|place| format!("place {}", place.ordinal)),
            Operand::Notify(id) => Some(format!("notify {}", id.0)),
            Operand::Until(id) => Some(self.until(id)),
            Operand::Listen(id) => Some(format!("listen {}", id.0)),
            Operand::Event(id) => program.events.get(id.index()).map(|event| event.name.to_string()),
            Operand::Arms(id) => {
                program.arms.get(id.index()).map(|arms| arms.targets.iter().map(|target| format!("L{}", target.0)).collect::<Vec<_>>().join(" "))
            }
            Operand::Split(id) => program.splits.get(id.index()).map(|split| split.arms.iter().map(|arm| arm.name.to_string()).collect::<Vec<_>>().join(" ")),
            Operand::Repeat(id) => self.repeat(id),
            Operand::Experiment(id) => self.experiment(id),
            Operand::Timeline(id) => Some(format!("timeline {}", id.0)),
        };
        text.unwrap_or_else(|| "?".to_string())
    }

    fn send(&self, id: super::SendId) -> Option<String> {
        let send = self.program.sends.get(id.index())?;
        let message = self.program.messages.get(send.message.index())?;
        let params: String = send.params.iter().map(|param| format!(" {}=block {}", param.name, param.value.0)).collect();
        let place = self.program.places.get(send.place.index())?;
        Some(format!("{}{params}, place {}", message_name(message), place.ordinal))
    }

    fn webhook_step(&self, id: super::WebhookStepId) -> Option<String> {
        let call = self.program.webhook_steps.get(id.index())?;
        let webhook = self.program.webhooks.get(call.webhook.index())?;
        let object = call.object.map(|block| format!(" block {}", block.0)).unwrap_or_default();
        let answer = call.answer.map(|slot| format!(" into slot {}", slot.0)).unwrap_or_default();
        Some(format!("{}{object}{answer}", webhook.name))
    }

    fn until(&self, id: UntilId) -> String {
        let Some(until) = self.program.untils.get(id.index()) else { return "?".to_string() };
        let zone = until.zone.as_ref().map(|zone| format!(" in {zone}")).unwrap_or_default();
        let moment = match &until.anchor {
            UntilAnchor::Clock(time) => time.to_string(),
            UntilAnchor::Weekday(day, time) => format!("{}{}", day.word(), time.map(|time| format!(" {time}")).unwrap_or_default()),
            UntilAnchor::Value { value, shift, is_before, at } => {
                let shift = if shift.is_zero() { String::new() } else { format!("{shift} {} ", if *is_before { "before" } else { "after" }) };
                format!("{shift}block {}{}", value.0, at.map(|time| format!(" at {time}")).unwrap_or_default())
            }
        };
        format!("{moment}{zone}")
    }

    fn repeat(&self, id: super::RepeatId) -> Option<String> {
        let repeat = self.program.repeats.get(id.index())?;
        let every = repeat.every.map(|block| format!(" every block {}", block.0)).unwrap_or_default();
        let until = repeat.until.map(|block| format!(" until block {}", block.0)).unwrap_or_default();
        Some(format!("up to block {}{every}{until}", repeat.times.0))
    }

    fn experiment(&self, id: super::ExperimentId) -> Option<String> {
        let experiment = self.program.experiments.get(id.index())?;
        let variants: Vec<String> = experiment.variants.iter().map(|variant| format!("{} {}", variant.name, variant.share)).collect();
        Some(format!("{} by {:?} after block {}", variants.join(" "), experiment.measure, experiment.after.0))
    }

    fn query(&self, id: QueryId) -> String {
        let Some(query) = self.program.queries.get(id.index()) else { return "?".to_string() };
        let predicate = query.predicate.map(|block| format!(" where block {}", block.0)).unwrap_or_default();
        let window = match query.window {
            HistoryWindow::Anchor => String::new(),
            HistoryWindow::Ever => " ever".to_string(),
            HistoryWindow::Last(block) => format!(" in last block {}", block.0),
        };
        format!("{:?} {}{predicate}{window}", query.aggregate, self.pattern(&query.pattern))
    }

    fn pattern(&self, pattern: &EventPattern) -> String {
        let program = self.program;
        match pattern {
            EventPattern::Custom(event) => program.events.get(event.index()).map_or("?".to_string(), |event| event.name.to_string()),
            EventPattern::Visited(path) => format!("visited({path:?})"),
            EventPattern::Message { event, target, url, text } => {
                let target = match target {
                    MessageTarget::Message(id) => program.messages.get(id.index()).map_or("?".to_string(), message_name),
                    MessageTarget::Step(id) => program.steps.get(id.index()).map_or("?".to_string(), |step| format!("step {}", step.identity())),
                    MessageTarget::Latest(channel) => format!("latest {}", channel.word()),
                    MessageTarget::Any(channel) => format!("any {}", channel.map_or("message", Channel::word)),
                };
                let url = url.as_ref().map(|url| format!(", {url:?}")).unwrap_or_default();
                let text = text.and_then(|text| program.regexes.get(text.index())).map(|text| format!(", /{text}/")).unwrap_or_default();
                format!("{}({target}{url}{text})", event.word())
            }
        }
    }

    fn fact(&self, fact: Fact) -> String {
        match fact {
            Fact::Field(id) => self.operand(Operand::Field(id)),
            Fact::Points(_) => "points".to_string(),
            Fact::Tags => "tags".to_string(),
            Fact::List(id) => format!("list {}", self.operand(Operand::List(id))),
            Fact::Segment(id) => format!("segment {}", self.operand(Operand::Segment(id))),
            Fact::Topic(id) => format!("topic {}", self.operand(Operand::Topic(id))),
            Fact::Campaign(id) => format!("campaign {}", self.operand(Operand::Campaign(id))),
            Fact::Event(id) => self.pattern(&EventPattern::Custom(id)),
            Fact::Visited => "visits".to_string(),
            Fact::Message(event) => event.word().to_string(),
            Fact::Captures => "captures".to_string(),
            Fact::Time => "time".to_string(),
        }
    }
}

fn message_name(message: &MessageDef) -> String {
    format!("{} {}", message.channel.word(), message.name.as_deref().unwrap_or("(inline)"))
}

fn compare_sign(op: super::CompareOp) -> &'static str {
    match op {
        super::CompareOp::Equal => "==",
        super::CompareOp::NotEqual => "!=",
        super::CompareOp::Less => "<",
        super::CompareOp::LessEqual => "<=",
        super::CompareOp::Greater => ">",
        super::CompareOp::GreaterEqual => ">=",
    }
}
