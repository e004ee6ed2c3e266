//! What the machine's steps do to the contact.

use super::context::{CAMPAIGN, Context, FactChange};
use super::outcome::{Cause, Effect, EffectKind, What};
use crate::bytecode::{ArmsId, CampaignId, EventId, ExperimentId, ListenId, NotifyId, ParamDef, RepeatId, SendId, SplitId, StepId, TimelineId, WebhookStepId};
use crate::lang::{Instant, Record, Value};
use crate::machine::state::{Captured, EffectId, EnrollmentUid, Frame, SendRecord, SendStatus, Slot, Standing, StandingKind, StepUid};
use crate::machine::{Change, Evaluator, Host, PassFlow, SendFlow, TimelineFlow, View, Waiting, passes_of};
use std::sync::Arc;

impl Host for Context<'_> {
    fn view(&self, enrollment: EnrollmentUid) -> View<'_> {
        self.view_here(enrollment)
    }

    fn is_over(&self, enrollment: EnrollmentUid) -> bool {
        self.enrollment(enrollment).is_none()
    }

    fn at_step(&mut self, enrollment: EnrollmentUid, step: StepId) {
        let uid = self.step_uid(step);
        self.at = Some(step);
        self.at_step = Some(uid);
        if self.switches.is_tracing {
            self.out.reached.push(uid);
        }
        if let Some(enrollment) = self.enrollment_mut(enrollment) {
            *enrollment.executed.entry(uid) += 1;
        }
    }

    fn send(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, send: SendId) -> SendFlow {
        self.begin_send(evaluator, enrollment, send)
    }

    fn webhook(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, step: WebhookStepId) -> Option<EffectId> {
        let def = self.linked.program.webhook_steps.get(step.index())?;
        if self.was_done(enrollment, def.step) || self.is_suppressed(enrollment, Some(def.step)) {
            return None;
        }
        let hook = self.linked.program.webhooks.get(def.webhook.index())?;
        let view = self.view_here(enrollment);
        let settle = |value: Value| view.calendar().settle(value);
        let object = def.object.and_then(|block| evaluator.value(&view, block).ok()).map(settle);
        let body = hook.body.and_then(|block| evaluator.value(&view, block).ok()).map(settle);
        let roots: Vec<Vec<Arc<str>>> = std::iter::once(hook.url)
            .chain(hook.headers.iter().map(|(_, template)| *template))
            .flat_map(|template| self.template_variables(template))
            .collect();
        let frozen = self.freeze(evaluator, enrollment, (&roots, &def.params));
        let kind = EffectKind::Webhook { webhook: def.webhook, body, object, wants_answer: def.answer.is_some() };
        let effect = self.make_effect(enrollment, def.step, (kind, frozen), true)?;
        let id = effect.id;
        let why: Arc<str> = Arc::from(format!("webhook {}", hook.name));
        self.note(enrollment, effect.step, What::Called, why);
        self.out.effects.push(effect);
        Some(id)
    }

    fn notify(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, notify: NotifyId) {
        let Some(def) = self.linked.program.notifies.get(notify.index()) else { return };
        if self.was_done(enrollment, def.step) || self.is_suppressed(enrollment, Some(def.step)) {
            return;
        }
        let frozen = self.freeze(evaluator, enrollment, (&def.variables, &def.params));
        let Some(effect) = self.make_effect(enrollment, def.step, (EffectKind::Notify { notify }, frozen), true) else { return };
        self.note(enrollment, effect.step, What::Notified, "");
        self.out.effects.push(effect);
    }

    fn change(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, change: Change) {
        if self.is_suppressed(enrollment, None) {
            return;
        }
        let outer = self.caused_by(enrollment);
        match self.change_now(&change) {
            Some(change) => {
                let group = self.outside(|context| context.apply_alone(&change));
                // The step's own line tells what drove the enrollment here; what follows from it tells of the step.
                let own = std::mem::replace(&mut self.cause, outer.clone());
                self.note_change(enrollment, &group);
                self.cause = own;
                self.outside(|context| context.after_changes(evaluator, group));
            }
            None => self.note(enrollment, None, What::Problem, "changes what the running program no longer declares"),
        }
        self.ask_exits(evaluator, enrollment);
        self.cause = outer;
    }

    fn enroll(&mut self, enrollment: EnrollmentUid, campaign: CampaignId) {
        if self.is_suppressed(enrollment, None) {
            return;
        }
        let Some(campaign) = self.campaign_now(campaign) else { return };
        let outer = self.caused_by(enrollment);
        self.start(campaign);
        self.cause = outer;
    }

    fn leave(&mut self, enrollment: EnrollmentUid, campaign: CampaignId) {
        if self.is_suppressed(enrollment, None) {
            return;
        }
        let name = self.campaign_of(enrollment).map(|(_, def)| def.name.clone()).unwrap_or_default();
        self.leave_campaign(campaign, &format!("left by campaign {name:?}"));
    }

    fn emit(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, event: EventId, record: Value) {
        let Some(line) = self.running.filter(|_| !self.is_held_out(enrollment)) else { return };
        let outer = self.caused_by(enrollment);
        if let Some(event) = self.event_now(event) {
            self.outside(|context| context.emit_event(evaluator, line, (event, record)));
        }
        self.ask_exits(evaluator, enrollment);
        self.cause = outer;
    }

    fn join(&mut self, _enrollment: EnrollmentUid, arms: ArmsId) -> bool {
        self.running.is_none_or(|line| self.join_line(line, arms))
    }

    fn split(&mut self, _enrollment: EnrollmentUid, split: SplitId) -> usize {
        self.running.map_or(0, |line| self.split_arm(line, split))
    }

    fn pass(&mut self, evaluator: &mut Evaluator, _enrollment: EnrollmentUid, repeat: RepeatId, due: Option<Instant>) -> PassFlow {
        let Some(line) = self.running else { return PassFlow::Leave };
        Context::pass(self, evaluator, line, (repeat, due))
    }

    fn experiment(&mut self, evaluator: &mut Evaluator, _enrollment: EnrollmentUid, experiment: ExperimentId) {
        if let Some(line) = self.running {
            self.arrive(evaluator, line, experiment);
        }
    }

    fn enter_timeline(&mut self, evaluator: &mut Evaluator, _enrollment: EnrollmentUid, timeline: TimelineId) {
        if let Some(line) = self.running {
            self.come_to_timeline(evaluator, line, timeline);
        }
    }

    fn timeline(&mut self, evaluator: &mut Evaluator, _enrollment: EnrollmentUid, timeline: TimelineId) -> TimelineFlow {
        self.running.map_or(TimelineFlow::Gone, |line| self.pass_timeline(evaluator, line, timeline))
    }

    fn decided(&mut self, evaluator: &mut Evaluator, enrollment: EnrollmentUid, listen: ListenId, arm: Option<usize>) {
        let Some(def) = self.linked.program.listens.get(listen.index()) else { return };
        let step = self.step_uid(def.step);
        match arm.and_then(|arm| def.arms.get(arm)) {
            Some(arm) => {
                let text = self.linked.program.blocks.get(arm.condition.index()).map(|block| block.text.clone()).unwrap_or_default();
                if let Some((query, slot)) = arm.capture {
                    let record = evaluator.latest_match(&self.view_here(enrollment), query).ok().flatten();
                    self.capture(enrollment, slot, record.unwrap_or_default());
                }
                self.note(enrollment, Some(step), What::Decided, text);
            }
            None => self.note(enrollment, Some(step), What::Decided, "the time was up"),
        }
    }

    fn asked(&mut self, enrollment: EnrollmentUid, step: StepId, answer: bool) {
        let step = self.step_uid(step);
        let word = if answer { self.linked.words.yes.clone() } else { self.linked.words.no.clone() };
        self.note(enrollment, Some(step), What::Decided, word);
    }

    fn stand(&mut self, enrollment: EnrollmentUid, waiting: Waiting) {
        let Some(place) = self.linked.program.places.get(waiting.place.index()) else { return };
        let step = self.step_uid(place.step);
        let standing = Standing { step, ordinal: place.ordinal, since: self.now, due: waiting.due, kind: waiting.kind, counts_from: waiting.counts_from };
        let is_held = matches!(standing.kind, StandingKind::Held { .. });
        // Who asks an experiment has its answer in a moment.
        // Gathered for this instant, or waiting for the slot that comes next: nothing to tell yet.
        let is_brief = match standing.kind {
            StandingKind::Held { hold, .. } => hold.slot == Slot::Asked || waiting.due == Some(self.now),
            StandingKind::Asked => true,
            _ => false,
        };
        let held_because = std::mem::take(&mut self.held_because);
        let why = match waiting.due {
            Some(due) if is_held => held_until(held_because, &self.clock_text(due)),
            Some(due) => format!("until {}", self.clock_text(due)),
            None => match standing.kind {
                StandingKind::Listen { .. } => "until a condition holds".to_owned(),
                StandingKind::Until => "until its field is set".to_owned(),
                StandingKind::Answer { .. } => "until the webhook answers".to_owned(),
                StandingKind::Held { .. } => "paused".to_owned(),
                StandingKind::Time | StandingKind::Stranded | StandingKind::Running | StandingKind::Asked | StandingKind::Faulted { .. } => String::new(),
            },
        };
        if let Some(thread) = self.running.and_then(|line| self.thread_mut(line)) {
            thread.standing = standing;
        }
        if is_brief {
            return;
        }
        self.note(enrollment, Some(step), if is_held { What::Held } else { What::Waiting }, why);
    }
}

/// An answer without a body has an empty one in templates: `default` can then speak for what is not in it.
fn with_body(answer: &Arc<Record>) -> Arc<Record> {
    if !answer.contains_key("ok") || answer.get("body").is_some_and(Value::is_set) {
        return answer.clone();
    }
    let mut whole = Record::clone(answer);
    whole.insert(Arc::from("body"), Value::Record(Arc::default()));
    Arc::new(whole)
}

/// `cap, until 2026-03-07 08:00:00`; a window or quiet hours need no word.
pub(super) fn held_until(why: &str, when: &str) -> String {
    if why.is_empty() { format!("until {when}") } else { format!("{why}, until {when}") }
}

impl Context<'_> {
    /// Whether the enrollment is of the share that only is measured.
    pub fn is_held_out(&self, uid: EnrollmentUid) -> bool {
        self.enrollment(uid).is_some_and(|enrollment| enrollment.is_held_out)
    }

    /// Whether an effect is suppressed since the enrollment only is measured; said on the journal where the step is told apart.
    fn is_suppressed(&mut self, uid: EnrollmentUid, step: Option<StepId>) -> bool {
        let is_held_out = self.is_held_out(uid);
        if is_held_out && let Some(step) = step {
            self.note(uid, Some(self.step_uid(step)), What::Skipped, super::sends::HOLDOUT);
        }
        is_held_out
    }

    /// A step that changes the contact says so, with the first fact that changed; what drove the enrollment here is its cause.
    fn note_change(&mut self, enrollment: EnrollmentUid, group: &[FactChange]) {
        let fact = group.first().map(|change| (change.name.clone(), change.old.clone(), change.new.clone()));
        let outer = std::mem::replace(&mut self.cause.fact, fact);
        let step = self.at.map(|step| self.step_uid(step));
        // An empty text that is made anew takes memory each time.
        self.note(enrollment, step, What::Changed, Arc::default());
        self.cause.fact = outer;
    }

    /// From here on what happens is the doing of the step that runs; returns the cause so far.
    fn caused_by(&mut self, enrollment: EnrollmentUid) -> Cause {
        let input = self.at.and_then(|step| self.linked.doer(step)).cloned().unwrap_or_else(|| {
            let name = self.campaign_of(enrollment).map(|(_, def)| def.name.clone()).unwrap_or_default();
            Arc::from(format!("{CAMPAIGN}{name}\""))
        });
        std::mem::replace(&mut self.cause, Cause { input, fact: None })
    }

    /// Whether the enrollment has executed a step before it came to it now: a deploy moved the step behind it. It is not done again.
    pub fn was_done(&mut self, uid: EnrollmentUid, step: StepId) -> bool {
        let step = self.step_uid(step);
        if let Some(enrollment) = self.enrollment_mut(uid)
            && let Some(at) = enrollment.done_elsewhere.iter().position(|known| *known == step)
        {
            enrollment.done_elsewhere.remove(at);
            self.note(uid, Some(step), What::Skipped, "already sent before the merge");
            return true;
        }
        let was_executed = self.enrollment(uid).and_then(|enrollment| enrollment.executed.get(&step)).is_some_and(|times| *times > 1);
        let was_done = was_executed && (!self.is_in_a_later_run(uid) || self.was_sent_here(uid, step));
        if was_done {
            self.note(uid, Some(step), What::Skipped, "already sent before the deploy");
        }
        was_done
    }

    /// Whether the line that runs is in an arm of a timeline that runs more than once: two runs of it may be on their way, each with messages of its own.
    fn is_in_a_later_run(&self, uid: EnrollmentUid) -> bool {
        let runs = |step: StepUid, arm: u16| {
            let known = self.enrollment(uid)?.timelines.iter().find(|known| known.step == step)?;
            known.arms.get(usize::from(arm)).map(|arm| arm.runs)
        };
        self.view_here(uid).frames.iter().any(|frame| matches!(frame, Frame::Arm { timeline, arm, .. } if runs(*timeline, *arm) > Some(1)))
    }

    /// Whether a step has sent in this very run of everything around it.
    fn was_sent_here(&self, uid: EnrollmentUid, step: StepUid) -> bool {
        let frames = self.view_here(uid).frames;
        let is_it = |send: &&SendRecord| send.enrollment == uid && send.step == step && send.frames == frames;
        self.state.sends.iter().filter(is_it).any(|send| matches!(send.status, SendStatus::Sent | SendStatus::Failed(_)))
    }

    /// The passes of the repeats around the line that runs, outermost first.
    fn passes(&self, uid: EnrollmentUid) -> Vec<u32> {
        passes_of(self.view_here(uid).frames)
    }

    /// The lineage of a step.
    pub fn step_uid(&self, step: StepId) -> StepUid {
        self.linked.deployment.steps.get(step.index()).copied().unwrap_or(StepUid(0))
    }

    /// Puts a record into a slot of the enrollment's campaign.
    pub fn capture(&mut self, uid: EnrollmentUid, slot: crate::bytecode::SlotId, record: Arc<Record>) {
        let Some(name) = self.campaign_of(uid).and_then(|(_, def)| def.captures.get(slot.index())).map(|def| def.name.clone()) else { return };
        if let Some(enrollment) = self.enrollment_mut(uid) {
            enrollment.captures.retain(|captured| captured.name != name);
            enrollment.captures.push(Captured { name, record });
        }
    }

    pub fn template_variables(&self, template: crate::bytecode::TemplateId) -> Vec<Vec<Arc<str>>> {
        self.linked.program.templates.get(template.index()).map(|def| def.variables.clone()).unwrap_or_default()
    }

    /// Everything that templates read, as it is now.
    pub fn freeze(&mut self, evaluator: &mut Evaluator, uid: EnrollmentUid, (variables, params): (&[Vec<Arc<str>>], &[ParamDef])) -> Arc<Record> {
        let view = self.view_here(uid);
        let mut frozen = Record::new();
        let mut contact = Record::new();
        for path in variables {
            let Some(root) = path.first() else { continue };
            match (&**root, path.get(1)) {
                ("contact", Some(name)) => {
                    if let Some(field) = self.linked.field_named(name) {
                        contact.insert(name.clone(), view.calendar().settle(view.field(field)));
                    } else if let Some(names) = self.names_of(name) {
                        contact.insert(name.clone(), Value::List(names));
                    }
                }
                ("campaign", _) => {
                    let name = self.campaign_of(uid).map(|(_, def)| def.name.clone()).unwrap_or_default();
                    frozen.insert(root.clone(), Value::Record(Arc::new([(Arc::from("name"), Value::Text(name))].into())));
                }
                ("project", _) => {
                    frozen.insert(root.clone(), self.project_record());
                }
                _ => {
                    if let Some(param) = params.iter().find(|param| param.name == *root) {
                        frozen.insert(root.clone(), evaluator.value(&view, param.value).unwrap_or_default());
                    } else if let Some(record) = view.captured(root) {
                        let is_event = self.campaign_of(uid).is_some_and(|(_, def)| def.captures.iter().any(|c| c.name == *root && c.event.is_some()));
                        frozen.insert(root.clone(), Value::Record(if is_event { record.clone() } else { with_body(record) }));
                    }
                }
            }
        }
        frozen.insert(Arc::from("contact"), Value::Record(Arc::new(contact)));
        Arc::new(frozen)
    }

    /// `contact.tags` and `contact.lists`.
    fn names_of(&self, what: &str) -> Option<Arc<[Value]>> {
        let lists = &self.linked.deployment.lists;
        match what {
            "tags" => Some(self.state.tags.iter().cloned().map(Value::Text).collect()),
            "lists" => {
                let all = self.linked.program.lists.iter().zip(lists);
                Some(all.filter(|(_, id)| self.state.lists.contains(id)).map(|(def, _)| Value::Text(def.name.clone())).collect())
            }
            _ => None,
        }
    }

    fn project_record(&self) -> Value {
        let project = &self.linked.program.project;
        let text = |value: &Option<Arc<str>>| value.clone().map_or(Value::Unset, Value::Text);
        let record: Record = [
            (Arc::from("name"), Value::Text(project.name.clone())),
            (Arc::from("timezone"), Value::Text(project.timezone.clone())),
            (Arc::from("from"), text(&project.from)),
            (Arc::from("reply_to"), text(&project.reply_to)),
            (Arc::from("address"), text(&project.address)),
        ]
        .into();
        Value::Record(Arc::new(record))
    }

    /// An effect of a step, with its deterministic id.
    pub fn make_effect(&self, uid: EnrollmentUid, step: StepId, (kind, frozen): (EffectKind, Arc<Record>), is_transactional: bool) -> Option<Effect> {
        let enrollment = self.enrollment(uid)?;
        let step_uid = self.step_uid(step);
        let def = self.linked.program.steps.get(step.index());
        Some(Effect {
            id: EffectId::derive(uid, step_uid, &self.passes(uid), 0),
            contact: self.state.uid,
            program: self.linked.deployment.program,
            enrollment: Some(uid),
            campaign: Some(enrollment.campaign),
            campaign_name: self.campaign_of(uid).map(|(_, def)| def.name.clone()).unwrap_or_default(),
            step: Some(step_uid),
            step_identity: def.map(|def| def.identity().clone()).unwrap_or_default(),
            kind,
            is_transactional,
            frozen,
            zone: Arc::from(self.zone.name()),
            decided_at: self.now,
        })
    }
}
