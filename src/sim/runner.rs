//! Runs a `test` block, line by line.

use super::answers::Books;
use super::coverage::{CampaignCoverage, Trace, coverage};
use super::literal::literal;
use super::report::{Failure, TestReport};
use super::world::{Person, Told, World};
use crate::advance::{Change, DeliveryOutcome, Input, InputKind, MessageHappening, Switches, Switching, merge};
use crate::bytecode::{BlockId, CampaignId, MessageEvent, MessageTarget, Program};
use crate::content::{Composer, KeyRing, Settings};
use crate::lang::{Date, Instant, Record, TimeOfDay, Value, Zone, add_duration, local_instant, normalize_path, subtract_duration};
use crate::machine::state::{ContactState, EffectId, SendStatus};
use crate::machine::{Calendar, Deployment, Evaluator, Linked, View, stable, zone_of};
use crate::semantic::hir::{Expectation, Project, StepKind, Test, TestContactId, TestEvent, TestEventKind, TestMoment, TestStep, TestStepKind};
use std::sync::Arc;

/// Everything that the tests of a project share.
#[derive(Debug)]
pub struct TestSuite {
    linked: Linked,
    composer: Composer,
    /// For each test, for each of its lines: the block of its expression, where it has one.
    blocks: Vec<Vec<Option<BlockId>>>,
    is_tracing: bool,
}

impl TestSuite {
    /// Prepares the tests of a program that was lowered with them.
    ///
    /// # Errors
    /// Where a template does not parse: the program was not checked.
    pub fn new(program: Program, blocks: Vec<Vec<Option<BlockId>>>) -> Result<TestSuite, String> {
        let program = Arc::new(program);
        let project = &program.project;
        let settings = Settings {
            public_url: "https://camp.example".to_owned(),
            project: project.name.to_string(),
            from: project.from.as_ref().map(ToString::to_string).or_else(|| Some("campc@camp.example".to_owned())),
            postal_address: project.address.as_ref().map(ToString::to_string),
            bounce_domain: None,
            inbound_domain: None,
            keys: KeyRing::new(&[b"a key for tests, which prove nothing to anybody"]).ok_or("no key")?,
        };
        let composer = Composer::new(program.clone(), settings).map_err(|error| error.to_string())?;
        let start = Instant::FAR_PAST;
        let deployment = Deployment::next(&program, [0; 32], start, None);
        Ok(TestSuite { linked: Linked::new(program, deployment), composer, blocks, is_tracing: false })
    }

    /// The same suite; its reports also say what the tests reach.
    #[must_use]
    pub fn traced(self) -> TestSuite {
        TestSuite { is_tracing: true, ..self }
    }

    /// Which steps and branches of `project`, whose suite this is, a trace reaches.
    #[must_use]
    pub fn coverage(&self, project: &Project, trace: &Trace) -> Vec<CampaignCoverage> {
        coverage(project, (&self.linked.program, &self.linked.deployment), trace)
    }
    /// The block of the expression of a line, where it has one.
    pub(super) fn block(&self, test: usize, line: usize) -> Option<BlockId> {
        self.blocks.get(test)?.get(line).copied().flatten()
    }
}

/// A line that cannot go on: what was expected, and what was there instead.
pub(super) struct Miss {
    pub expected: String,
    pub happened: String,
}

impl Miss {
    pub fn new(expected: impl Into<String>, happened: impl Into<String>) -> Miss {
        Miss { expected: expected.into(), happened: happened.into() }
    }
}

/// One test on its way.
pub(super) struct Runner<'a> {
    pub world: World<'a>,
    pub test: &'a Test,
    pub evaluator: Evaluator,
}

/// Runs the test at `number`.
#[must_use]
pub fn run_test(suite: &TestSuite, number: usize, test: &Test) -> TestReport {
    let mut runner = begin(suite, test);
    let mut failure = None;
    for (index, step) in test.steps.iter().enumerate() {
        if let Err(miss) = runner.line(step, suite.block(number, index)) {
            failure = Some(runner.failure(step, miss));
            break;
        }
    }
    TestReport { name: test.name.clone(), span: test.span, failure, trace: runner.world.trace }
}

/// A test before its first line.
pub(super) fn begin<'a>(suite: &'a TestSuite, test: &'a Test) -> Runner<'a> {
    let zone = test_zone(&suite.linked, test);
    let now = test.now.as_ref().map_or_else(|| default_now(&zone), |moment| local_instant(moment.date, moment.time, &zone));
    // A program goes live as its test begins, so that a broadcast before that is past.
    let people = test
        .contacts
        .iter()
        .map(|contact| Person {
            name: contact.name.clone(),
            state: ContactState::default(),
            wake: None,
            journal: Vec::new(),
            is_there: false,
            merged_into: None,
        })
        .collect();
    let answers = test.answers.iter().map(|answer| (answer.webhook, answer.status, answer.body.as_ref().map_or(Value::Unset, literal))).collect();
    let switches = Switches { run_drafts: true, live_since: Some(now), is_tracing: suite.is_tracing, ..Switches::default() };
    let world = World {
        linked: &suite.linked,
        composer: &suite.composer,
        switches,
        books: Books::default(),
        now,
        zone,
        people,
        sent: Vec::new(),
        bounced: Vec::new(),
        answers,
        timeline: Vec::new(),
        trace: Trace::default(),
    };
    Runner { world, test, evaluator: Evaluator::default() }
}

fn test_zone(linked: &Linked, test: &Test) -> Zone {
    test.now.as_ref().and_then(|moment| moment.zone.as_deref()).and_then(Zone::find).unwrap_or_else(|| linked.zone.clone())
}

/// Monday 2026-01-05 09:00, on every machine.
fn default_now(zone: &Zone) -> Instant {
    let date = Date::new(2026, 1, 5).unwrap_or(Date(0));
    local_instant(date, TimeOfDay::new(9, 0, 0).unwrap_or_default(), zone)
}

impl Runner<'_> {
    /// Carries out a line.
    pub fn line(&mut self, step: &TestStep, block: Option<BlockId>) -> Result<(), Miss> {
        self.note_line(step);
        match &step.kind {
            TestStepKind::GivenContact(contact) => self.given(*contact),
            TestStepKind::After(duration) => {
                let to = add_duration(self.world.now, *duration, &self.world.zone, &self.world.linked.holidays);
                self.world.move_clock(to);
            }
            TestStepKind::At(moment) => {
                let to = self.moment(moment);
                if to < self.world.now {
                    return Err(Miss::new(format!("a moment from {} on", self.world.zone.format(self.world.now)), "the clock does not run backwards"));
                }
                self.world.move_clock(to);
            }
            TestStepKind::Event(event) => return self.event(self.who(step)?, event, block),
            TestStepKind::Change(change) => self.change(self.who(step)?, change, block),
            TestStepKind::Expect(expectation) => {
                self.world.flush();
                return self.expect(step, expectation, block);
            }
            TestStepKind::Pause(campaign) => self.switch(*campaign, Switching::Paused),
            TestStepKind::Resume { campaign, is_catching_up } => {
                self.switch(*campaign, if *is_catching_up { Switching::CatchingUp } else { Switching::Resumed });
            }
            TestStepKind::Merge { from, into } => self.merge(from.index(), into.index()),
            TestStepKind::Erase(contact) => {
                let who = self.world.canonical(contact.index());
                if let Some(person) = self.world.people.get_mut(who) {
                    person.is_there = false;
                    person.wake = None;
                    person.state = ContactState::default();
                }
            }
            TestStepKind::ClearDevice => self.world.feed(self.who(step)?, &Input::new(InputKind::Changed(vec![Change::ClearDevices]))),
            TestStepKind::Error => {}
            TestStepKind::ReceiveSms(text) => {
                let who = self.who(step)?;
                self.world.feed(who, &Input::new(InputKind::Text(text.clone())));
            }
        }
        Ok(())
    }

    /// What a test does belongs to the story; what it expects, and how it moves the clock, does not.
    fn note_line(&mut self, step: &TestStep) {
        let who = match &step.kind {
            TestStepKind::GivenContact(contact) | TestStepKind::Erase(contact) => Some(contact.index()),
            TestStepKind::Event(_) | TestStepKind::Change(_) | TestStepKind::ReceiveSms(_) => step.who.map(TestContactId::index),
            TestStepKind::Pause(_) | TestStepKind::Resume { .. } | TestStepKind::Merge { .. } | TestStepKind::ClearDevice => None,
            TestStepKind::Expect(_) | TestStepKind::After(_) | TestStepKind::At(_) | TestStepKind::Error => return,
        };
        self.world.timeline.push((self.world.now, Told::Line(who, step.span)));
    }

    fn failure(&self, step: &TestStep, miss: Miss) -> Failure {
        let addressee = match &step.kind {
            TestStepKind::Expect(Expectation::Message { to, .. } | Expectation::Skipped { to, .. }) => to.or(step.who),
            _ => step.who,
        };
        let of = addressee.map(TestContactId::index).filter(|_| self.world.people.len() > 1);
        let contact = of.and_then(|of| self.world.people.get(of)).and_then(|person| person.name.clone());
        Failure { span: step.span, expected: miss.expected, happened: miss.happened, contact, timeline: self.world.story(of) }
    }

    /// Whom a line is about.
    pub fn who(&self, step: &TestStep) -> Result<usize, Miss> {
        let there = || self.world.people.iter().position(|person| person.is_there);
        step.who.map(|who| self.world.canonical(who.index())).or_else(there).ok_or_else(|| Miss::new("a contact", "no contact has been given"))
    }

    fn given(&mut self, contact: TestContactId) {
        let Some(def) = self.test.contacts.get(contact.index()) else { return };
        let values = def.values.iter().map(|(field, value)| (*field, literal(value))).collect();
        self.world.create(contact.index(), values);
    }

    fn moment(&self, moment: &TestMoment) -> Instant {
        let zone = moment.zone.as_deref().and_then(Zone::find).unwrap_or_else(|| self.world.zone.clone());
        local_instant(moment.date, moment.time, &zone)
    }

    fn switch(&mut self, campaign: CampaignId, switching: Switching) {
        let id = stable(&self.world.linked.deployment.campaigns, campaign.index());
        if switching == Switching::Paused {
            self.world.switches.paused.insert(id);
        } else {
            self.world.switches.paused.remove(&id);
        }
        for index in 0..self.world.people.len() {
            self.world.feed(index, &Input::new(InputKind::Switched { campaign, switching }));
        }
    }

    fn merge(&mut self, from: usize, into: usize) {
        let (from, into) = (self.world.canonical(from), self.world.canonical(into));
        // Into nobody nobody goes up.
        if from == into || !self.world.people.get(into).is_some_and(|person| person.is_there) {
            return;
        }
        let Some(loser) = self.world.people.get_mut(from).filter(|person| person.is_there).map(|person| {
            person.is_there = false;
            person.wake = None;
            person.merged_into = Some(into);
            std::mem::take(&mut person.state)
        }) else {
            return;
        };
        let (linked, switches, now) = (self.world.linked, self.world.switches.clone(), self.world.now);
        if let Some(person) = self.world.people.get_mut(into) {
            let outcome = merge(linked, &switches, (&mut person.state, &loser), now);
            self.world.take(into, outcome);
        }
    }

    fn event(&mut self, who: usize, event: &TestEvent, _block: Option<BlockId>) -> Result<(), Miss> {
        let world = &self.world;
        let happened = event.happened_ago.map(|ago| subtract_duration(world.now, ago, &world.zone, &world.linked.holidays));
        let kind = match &event.kind {
            TestEventKind::Custom { event, properties } => {
                let entries = properties.as_ref().map(literal);
                let record = match entries {
                    Some(Value::Record(record)) => self.settle(who, &record),
                    Some(_) | None => Record::new(),
                };
                InputKind::Event { event: *event, properties: Arc::new(record), changes: Vec::new() }
            }
            TestEventKind::Visited(path) => InputKind::Visited { path: Arc::from(normalize_path(path)), properties: Arc::default() },
            TestEventKind::Message { event, target, url, text, is_machine, is_soft } => {
                if *is_soft {
                    return Ok(());
                }
                let effect = self.latest(who, target)?;
                if *event == MessageEvent::Failed {
                    let outcome = DeliveryOutcome::Permanent { reason: Arc::from("refused"), is_hard_bounce: false };
                    InputKind::Result { effect, attempt: 1, outcome }
                } else {
                    let detail = url.clone().or_else(|| text.clone());
                    InputKind::Message(MessageHappening { effect, event: *event, detail, is_machine: *is_machine, topic: None })
                }
            }
        };
        self.world.feed(who, &Input { happened, ..Input::new(kind) });
        Ok(())
    }

    /// Date-times as written become instants in the contact's zone.
    fn settle(&self, who: usize, record: &Record) -> Record {
        let linked = self.world.linked;
        let zone = self.world.people.get(who).map_or_else(Zone::utc, |person| zone_of(linked, &person.state));
        let calendar = Calendar { zone: &zone, holidays: &linked.holidays };
        record.iter().map(|(key, value)| (key.clone(), calendar.settle(value.clone()))).collect()
    }

    /// The latest sending that a test's line means.
    fn latest(&self, who: usize, target: &MessageTarget) -> Result<EffectId, Miss> {
        let deployment = &self.world.linked.deployment;
        let Some(person) = self.world.people.get(who) else { return Err(Miss::new("a contact", "no contact has been given")) };
        let mut sends = person.state.sends.iter().rev().filter(|send| send.status == SendStatus::Sent);
        let found = sends.find(|send| match target {
            MessageTarget::Message(message) => send.message == stable(&deployment.messages, message.index()),
            MessageTarget::Step(step) => self.world.linked.is_sending_of(*step, send.step),
            MessageTarget::Latest(channel) => send.channel == *channel,
            MessageTarget::Any(channel) => channel.is_none_or(|channel| send.channel == channel),
        });
        found.map(|send| send.effect).ok_or_else(|| Miss::new("a message that was sent", "it has not been sent, so nothing can happen to it"))
    }

    fn change(&mut self, who: usize, change: &StepKind, block: Option<BlockId>) {
        let value = block.and_then(|block| self.evaluate(who, block)).unwrap_or_default();
        let number = value.as_number();
        let kind = match change {
            StepKind::Set { field, .. } => InputKind::Changed(vec![Change::SetField(*field, value)]),
            StepKind::Clear { field } => InputKind::Changed(vec![Change::SetField(*field, Value::Unset)]),
            StepKind::AddItem { field, .. } => InputKind::Changed(vec![Change::AddItem(*field, value)]),
            StepKind::RemoveItem { field, .. } => InputKind::Changed(vec![Change::RemoveItem(*field, value)]),
            StepKind::AddPoints { group, .. } => InputKind::Changed(number.map(|number| Change::AddPoints(*group, number)).into_iter().collect()),
            StepKind::SetPoints { group, .. } => InputKind::Changed(number.map(|number| Change::SetPoints(*group, number)).into_iter().collect()),
            StepKind::Tag(tag) => InputKind::Changed(vec![Change::Tag(tag.clone())]),
            StepKind::Untag(tag) => InputKind::Changed(vec![Change::Untag(tag.clone())]),
            StepKind::AddToList(list) => InputKind::Changed(vec![Change::AddToList(*list)]),
            StepKind::RemoveFromList(list) => InputKind::Changed(vec![Change::RemoveFromList(*list)]),
            StepKind::Subscribe(topic) => InputKind::Changed(vec![Change::Subscribe(*topic)]),
            StepKind::Unsubscribe(Some(topic)) => InputKind::Changed(vec![Change::Unsubscribe(*topic)]),
            StepKind::Unsubscribe(None) => InputKind::Changed(vec![Change::UnsubscribeAll]),
            StepKind::Mute(_) => InputKind::Changed(match value {
                Value::Duration(length) => vec![Change::Mute(length)],
                _ => Vec::new(),
            }),
            StepKind::Enroll(campaign) => InputKind::Enroll(*campaign),
            StepKind::Leave(campaign) => InputKind::Leave(*campaign),
            StepKind::Emit { event, .. } => {
                let properties = if let Value::Record(record) = &value { self.settle(who, record) } else { Record::new() };
                InputKind::Event { event: *event, properties: Arc::new(properties), changes: Vec::new() }
            }
            // The resolver lets only changes stand here.
            StepKind::Send { .. }
            | StepKind::Reach(_)
            | StepKind::Webhook { .. }
            | StepKind::Notify { .. }
            | StepKind::Wait { .. }
            | StepKind::WaitBetween { .. }
            | StepKind::WaitUntil(_)
            | StepKind::WaitFor { .. }
            | StepKind::Decide { .. }
            | StepKind::Await { .. }
            | StepKind::Timeline { .. }
            | StepKind::Split(_)
            | StepKind::Experiment { .. }
            | StepKind::Repeat { .. }
            | StepKind::Parallel(_)
            | StepKind::Do { .. }
            | StepKind::Stop(_)
            | StepKind::Error => return,
        };
        self.world.feed(who, &Input::new(kind));
    }

    /// The value of a block for a contact, now.
    pub fn evaluate(&mut self, who: usize, block: BlockId) -> Option<Value> {
        let person = self.world.people.get(who)?;
        let linked = self.world.linked;
        let zone = zone_of(linked, &person.state);
        let view = View { linked, state: &person.state, zone: &zone, now: self.world.now, as_of: None, enrollment: None, frames: &[], event: None };
        self.evaluator.fuel = crate::machine::FUEL;
        self.evaluator.value(&view, block).ok()
    }
}
