//! `test` blocks: who is given, what happens.

use super::scope::{Scope, Since};
use super::{Checker, literals, problems, targets};
use crate::base::Span;
use crate::bytecode::{MessageEvent, MessageTarget};
use crate::lang::{TimeOfDay, Type, Value};
use crate::library::{self, EventMeaning};
use crate::semantic::hir::{Expr, ExprKind, Test, TestContact, TestContactId, TestEvent, TestEventKind, TestMoment, TestStep, TestStepKind, WebhookAnswer};
use crate::semantic::resolve::problems::declared_twice;
use crate::syntax::ast::{self, TestStepKind as Kind};
use std::sync::Arc;

impl Checker<'_, '_> {
    pub(super) fn scenarios(&mut self) {
        let names = self.names;
        for test in &names.tests {
            let scope = Scope { since: Since::Ever, is_test: true, ..Scope::default() };
            let checked = self.within(scope, |checker| checker.scenario(test));
            self.project.tests.push(checked);
        }
    }

    fn scenario(&mut self, test: &ast::Test) -> Test {
        let mut made = Test {
            name: test.name.value.clone(),
            now: None,
            contacts: Vec::new(),
            answers: Vec::new(),
            steps: Vec::new(),
            doc: test.doc.as_ref().map(|doc| doc.text.clone()),
            span: test.span,
        };
        for step in &test.steps {
            self.test_line(step, &mut made);
        }
        made
    }

    fn test_line(&mut self, step: &ast::TestStep, test: &mut Test) {
        let who = match &step.who {
            Some(name) => match self.contact_named(name, test) {
                Some(contact) => Some(contact),
                None => return,
            },
            None => None,
        };
        let kind = match &step.kind {
            Kind::GivenNow { at, zone } => {
                if test.now.is_some() || !test.steps.is_empty() {
                    self.report(problems::now_comes_first(step.span));
                }
                test.now = Some(self.moment(*at, zone.as_ref(), step.span));
                return;
            }
            Kind::GivenContact { name, fields } => self.given_contact(name.as_ref(), fields, step.span, test),
            Kind::GivenWebhook { webhook, answer } => {
                if let Some(answer) = self.answer(webhook, answer, step.span) {
                    test.answers.push(answer);
                }
                return;
            }
            Kind::After(duration) => TestStepKind::After(self.duration(duration)),
            Kind::At { at, zone } => TestStepKind::At(self.moment(*at, zone.as_ref(), step.span)),
            Kind::Expect(expectation) => match self.expectation(expectation, who, test) {
                Some(expectation) => TestStepKind::Expect(expectation),
                None => TestStepKind::Error,
            },
            Kind::Pause(_) | Kind::Resume { .. } | Kind::Merge { .. } | Kind::Erase(_) => self.operation(&step.kind, test),
            Kind::Change(change) => self.change(change, step.span).map_or(TestStepKind::Error, TestStepKind::Change),
            Kind::Event(event) => self.test_event(event).map_or(TestStepKind::Error, TestStepKind::Event),
            Kind::ClearDevice => TestStepKind::ClearDevice,
            Kind::ReceiveSms(text) => TestStepKind::ReceiveSms(text.value.clone()),
            Kind::Error => TestStepKind::Error,
        };
        let who = match &kind {
            TestStepKind::Event(_) | TestStepKind::Change(_) | TestStepKind::ClearDevice | TestStepKind::ReceiveSms(_) => {
                match self.the_contact(who, step.span, test) {
                    Some(contact) => Some(contact),
                    None => return,
                }
            }
            TestStepKind::GivenContact(contact) => Some(*contact),
            TestStepKind::Expect(_) => who.or_else(|| only_contact(test)),
            TestStepKind::After(_)
            | TestStepKind::At(_)
            | TestStepKind::Pause(_)
            | TestStepKind::Resume { .. }
            | TestStepKind::Merge { .. }
            | TestStepKind::Erase(_)
            | TestStepKind::Error => who,
        };
        test.steps.push(TestStep { who, kind, span: step.span });
    }

    fn operation(&mut self, kind: &Kind, test: &Test) -> TestStepKind {
        match kind {
            Kind::Pause(campaign) => self.campaign_ref(campaign).map_or(TestStepKind::Error, TestStepKind::Pause),
            Kind::Resume { campaign, catch_up } => match self.campaign_ref(campaign) {
                Some(campaign) => TestStepKind::Resume { campaign, is_catching_up: catch_up.is_some() },
                None => TestStepKind::Error,
            },
            Kind::Merge { from, into } => match (self.contact_named(from, test), self.contact_named(into, test)) {
                (Some(from), Some(into)) => TestStepKind::Merge { from, into },
                (Some(_) | None, Some(_) | None) => TestStepKind::Error,
            },
            Kind::Erase(name) => self.contact_named(name, test).map_or(TestStepKind::Error, TestStepKind::Erase),
            _ => TestStepKind::Error,
        }
    }

    pub(super) fn contact_named(&mut self, name: &ast::Name, test: &Test) -> Option<TestContactId> {
        let found = test.contacts.iter().position(|contact| contact.name.as_ref() == Some(&name.text)).map(TestContactId::from_index);
        if found.is_none() {
            let known: Vec<&str> = test.contacts.iter().filter_map(|contact| contact.name.as_deref()).collect();
            self.report(problems::unknown_contact(name.span, &name.text, known.into_iter()));
        }
        found
    }

    /// Whom a line is about that names nobody.
    fn the_contact(&mut self, who: Option<TestContactId>, span: Span, test: &Test) -> Option<TestContactId> {
        if who.is_some() {
            return who;
        }
        match test.contacts.as_slice() {
            [_] => Some(TestContactId(0)),
            [] => {
                self.report(problems::nobody_given(span));
                None
            }
            [first, ..] => {
                self.report(problems::which_contact(span, first.span));
                None
            }
        }
    }

    fn given_contact(&mut self, name: Option<&ast::Name>, fields: &ast::Object, span: Span, test: &mut Test) -> TestStepKind {
        if let Some(name) = name
            && let Some(first) = test.contacts.iter().find(|contact| contact.name.as_ref() == Some(&name.text)).map(|contact| contact.span)
        {
            self.report(declared_twice("contact", &name.text, name.span, first));
        }
        let mut values = Vec::new();
        let mut seen: Vec<&ast::Ref> = Vec::new();
        for pair in &fields.pairs {
            if let Some(first) = seen.iter().find(|key| key.text == pair.key.text).map(|key| key.span) {
                self.report(problems::key_twice(pair.key.span, &pair.key.text, first));
                continue;
            }
            seen.push(&pair.key);
            let Some(field) = self.field(&pair.key.text) else {
                let finding = problems::unknown_field(pair.key.span, &pair.key.text, self.fields.keys().map(AsRef::as_ref));
                self.report(finding);
                continue;
            };
            let (ty, name) = self.field_type(field);
            let value = self.constant(&pair.value);
            values.push((field, self.assign(value, &ty, &name)));
        }
        test.contacts.push(TestContact { name: name.map(|name| name.text.clone()), values, span });
        TestStepKind::GivenContact(TestContactId::from_index(test.contacts.len() - 1))
    }

    fn answer(&mut self, webhook: &ast::Name, answer: &ast::Object, span: Span) -> Option<WebhookAnswer> {
        let webhook = self.webhook_ref(webhook);
        let mut status = 200;
        let mut body = None;
        for pair in &answer.pairs {
            let value = self.constant(&pair.value);
            match pair.key.text.as_ref() {
                "status" => match value.literal().and_then(Value::as_number) {
                    Some(number) if (100.0..600.0).contains(&number) && number.fract() == 0.0 => {
                        status = (100..600).find(|code: &u16| f64::from(*code) == number).unwrap_or(200);
                    }
                    Some(_) | None => self.report(problems::not_a_status(pair.value.span())),
                },
                "body" => body = Some(value),
                other => self.report(problems::unknown_property(pair.key.span, other, "a webhook's answer", &["status", "body"])),
            }
        }
        Some(WebhookAnswer { webhook: webhook?, status, body, span })
    }

    fn moment(&mut self, at: ast::Moment, zone: Option<&ast::Zone>, span: Span) -> TestMoment {
        let zone: Option<Arc<str>> = zone.and_then(|zone| match &zone.kind {
            ast::ZoneKind::Named(name) => self.zone_name(name),
            ast::ZoneKind::Contact => {
                self.report(problems::zone_of_test(zone.span));
                None
            }
        });
        let (date, time) = match at {
            ast::Moment::Date(date) => (literals::date(date), TimeOfDay::MIDNIGHT),
            ast::Moment::DateTime(at) => (literals::date(at.date), literals::time(at.time)),
        };
        TestMoment { date, time, zone, span }
    }

    fn test_event(&mut self, event: &ast::TestEvent) -> Option<TestEvent> {
        let kind = self.test_event_kind(event)?;
        let happened_ago = event.happened_ago.as_ref().map(|duration| self.duration(duration));
        Some(TestEvent { kind, happened_ago })
    }

    fn test_event_kind(&mut self, event: &ast::TestEvent) -> Option<TestEventKind> {
        let args = event.args.as_deref().unwrap_or_default();
        if let Some(id) = self.event(&event.name.text) {
            if let Some(arg) = args.first() {
                self.report(problems::properties_in_braces(arg.span(), &event.name.text));
            }
            let properties = event.properties.as_ref().map(|object| self.constant_properties(id, object));
            return Some(TestEventKind::Custom { event: id, properties });
        }
        let Some(builtin) = library::find_event(&event.name.text) else {
            let builtins = library::BUILTIN_EVENTS.iter().map(|event| event.entry.word);
            let finding = problems::unknown_event(event.name.span, &event.name.text, self.names.events.names().chain(builtins));
            self.report(finding);
            return None;
        };
        match builtin.meaning {
            EventMeaning::Visited => match args {
                [ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(path), .. })] => Some(TestEventKind::Visited(path.value.clone())),
                _ => {
                    self.report(problems::arguments(event.name.span, "visited", "a path: `visited(\"/pricing\")`"));
                    None
                }
            },
            EventMeaning::Submitted => self.test_form(event, args),
            EventMeaning::Delivered => self.test_message(MessageEvent::Delivered, event, args),
            EventMeaning::Opened => self.test_message(MessageEvent::Opened, event, args),
            EventMeaning::Clicked => self.test_message(MessageEvent::Clicked, event, args),
            EventMeaning::Replied => self.test_message(MessageEvent::Replied, event, args),
            EventMeaning::Bounced => self.test_message(MessageEvent::Bounced, event, args),
            EventMeaning::Unsubscribed => self.test_message(MessageEvent::Unsubscribed, event, args),
            EventMeaning::Complained => self.test_message(MessageEvent::Complained, event, args),
            EventMeaning::Failed => self.test_message(MessageEvent::Failed, event, args),
            EventMeaning::Sent | EventMeaning::Skipped => {
                self.report(problems::event_out_of_place(event.name.span, &event.name.text));
                None
            }
        }
    }

    fn constant_properties(&mut self, event: crate::bytecode::EventId, object: &ast::Object) -> Expr {
        for pair in &object.pairs {
            self.constant(&pair.value);
        }
        let checked = self.event_properties(event, object);
        let ExprKind::Record(pairs) = checked.kind else { return checked };
        Expr::new(ExprKind::Record(pairs), Type::Record, object.span)
    }

    fn test_form(&mut self, event: &ast::TestEvent, args: &[ast::Arg]) -> Option<TestEventKind> {
        let [ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Path(path), .. })] = args else {
            self.report(problems::arguments(event.name.span, "submitted", "a form: `submitted(webinar)`"));
            return None;
        };
        let Some(form) = self.form(&path.root.text) else {
            let finding = problems::unknown_form(path.span, &path.root.text, self.names.forms.names());
            self.report(finding);
            return None;
        };
        let properties = event.properties.as_ref().map(|object| self.constant_properties(form, object));
        Some(TestEventKind::Custom { event: form, properties })
    }

    fn test_message(&mut self, kind: MessageEvent, event: &ast::TestEvent, args: &[ast::Arg]) -> Option<TestEventKind> {
        let Some(first) = args.first() else {
            self.report(problems::arguments(event.name.span, &event.name.text, "a message: `opened(welcome)`"));
            return None;
        };
        let target = self.message_target(first)?;
        if matches!(target, MessageTarget::Any(_)) {
            self.report(problems::one_message(first.span()));
            return None;
        }
        let second = match args.get(1) {
            Some(ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(text), .. })) => Some(text.value.clone()),
            Some(other) => {
                self.report(problems::arguments(other.span(), &event.name.text, "a text in second place"));
                None
            }
            None => None,
        };
        let (url, text) = if kind == MessageEvent::Replied { (None, second) } else { (second, None) };
        let manner = event.manner.as_ref().map(|manner| manner.value);
        Some(TestEventKind::Message {
            event: kind,
            target,
            url,
            text,
            is_machine: manner == Some(ast::Manner::ByMachine),
            is_soft: manner == Some(ast::Manner::Softly),
        })
    }
}

pub(super) fn only_contact(test: &Test) -> Option<TestContactId> {
    if test.contacts.len() == 1 { Some(TestContactId(0)) } else { None }
}

pub(super) fn channel(channel: ast::Channel) -> crate::bytecode::Channel {
    targets::channel(channel)
}
