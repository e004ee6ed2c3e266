//! Collects what all files declare.

use super::{Table, problems, segments, uses};
use crate::base::Span;
use crate::diagnostics::Diagnostic;
use crate::library;
use crate::semantic::input::{Input, SourceFile};
use crate::syntax::ast::{self, Decl};
use std::sync::Arc;

/// Everything declared.
#[derive(Default)]
pub(crate) struct Names<'a> {
    pub project: Option<&'a ast::Project>,
    pub contacts: Vec<&'a ast::Contact>,
    pub events: Table<'a, ast::Event>,
    pub forms: Table<'a, ast::Form>,
    /// Each behind those it reads.
    pub segments: Table<'a, ast::Segment>,
    pub lists: Table<'a, ast::List>,
    pub topics: Table<'a, ast::Topic>,
    pub messages: Table<'a, ast::Message>,
    pub webhooks: Table<'a, ast::Webhook>,
    pub points: Vec<&'a ast::Points>,
    pub groups: Table<'a, ast::Points>,
    pub policies: Vec<&'a ast::Policy>,
    pub sequences: Table<'a, ast::Sequence>,
    pub campaigns: Table<'a, ast::Campaign>,
    pub tests: Vec<&'a ast::Test>,
}

/// Collects the names of all files, in the order of their paths.
pub(crate) fn collect<'a>(files: &[SourceFile<'a>], input: &Input<'_>, out: &mut Vec<Diagnostic>) -> Names<'a> {
    let mut collector = Collector { names: Names::default(), out };
    for file in files {
        for decl in &file.tree.decls {
            collector.declare(decl);
        }
    }
    let Collector { mut names, out } = collector;
    segments::order(&mut names.segments, out);
    uses::check(files, input, out);
    names
}

struct Collector<'a, 'o> {
    names: Names<'a>,
    out: &'o mut Vec<Diagnostic>,
}

impl<'a> Collector<'a, '_> {
    fn declare(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Project(project) => self.project(project),
            Decl::Contact(contact) => self.names.contacts.push(contact),
            Decl::Event(event) => {
                self.word(&event.name);
                if library::find_event(&event.name.text).is_some() || library::find_function(&event.name.text).is_some() {
                    self.out.push(problems::taken_by_language(event.name.span, &event.name.text));
                }
                let result = self.names.events.add(event, &event.name.text, event.name.span);
                self.once("event", &event.name.text, event.name.span, result);
            }
            Decl::Form(form) => {
                self.word(&form.name);
                let result = self.names.forms.add(form, &form.name.text, form.name.span);
                self.once("form", &form.name.text, form.name.span, result);
            }
            Decl::Segment(segment) => {
                self.either(&segment.name);
                let result = self.names.segments.add(segment, &segment.name.text, segment.name.span);
                self.once("segment", &segment.name.text, segment.name.span, result);
            }
            Decl::List(list) => {
                self.either(&list.name);
                let result = self.names.lists.add(list, &list.name.text, list.name.span);
                self.once("list", &list.name.text, list.name.span, result);
            }
            Decl::Topic(topic) => {
                self.either(&topic.name);
                let result = self.names.topics.add(topic, &topic.name.text, topic.name.span);
                self.once("topic", &topic.name.text, topic.name.span, result);
            }
            Decl::Message(_) | Decl::Webhook(_) | Decl::Sequence(_) | Decl::Campaign(_) => self.declare_doing(decl),
            Decl::Points(points) => self.points(points),
            Decl::Policy(policy) => self.names.policies.push(policy),
            Decl::Test(test) => self.names.tests.push(test),
            Decl::Use(_) | Decl::Error(_) => {}
        }
    }

    fn declare_doing(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Message(message) => {
                self.word(&message.name);
                let result = self.names.messages.add(message, &message.name.text, message.name.span);
                self.once("message", &message.name.text, message.name.span, result);
            }
            Decl::Webhook(webhook) => {
                self.word(&webhook.name);
                let result = self.names.webhooks.add(webhook, &webhook.name.text, webhook.name.span);
                self.once("webhook", &webhook.name.text, webhook.name.span, result);
            }
            Decl::Sequence(sequence) => {
                self.word(&sequence.name);
                let result = self.names.sequences.add(sequence, &sequence.name.text, sequence.name.span);
                self.once("sequence", &sequence.name.text, sequence.name.span, result);
            }
            Decl::Campaign(campaign) => {
                self.either(&campaign.name);
                let result = self.names.campaigns.add(campaign, &campaign.name.text, campaign.name.span);
                self.once("campaign", &campaign.name.text, campaign.name.span, result);
            }
            _ => {}
        }
    }

    fn project(&mut self, project: &'a ast::Project) {
        match self.names.project {
            Some(first) => self.out.push(problems::second_project(head(project.span), head(first.span))),
            None => self.names.project = Some(project),
        }
    }

    fn points(&mut self, points: &'a ast::Points) {
        self.names.points.push(points);
        if let Some(group) = &points.group {
            self.either(group);
            // A group may be said in several places: its rules add up.
            let _ = self.names.groups.add(points, &group.text, group.span);
        }
    }

    fn once(&mut self, what: &str, name: &str, span: Span, result: Result<(), Span>) {
        if let Err(first) = result {
            self.out.push(problems::declared_twice(what, name, span, first));
        }
    }

    fn word(&mut self, name: &ast::Name) {
        check_word(&name.text, name.span, self.out);
    }

    fn either(&mut self, name: &ast::Ref) {
        if name.is_quoted {
            if name.text.trim().is_empty() {
                self.out.push(problems::empty_name(name.span));
            }
        } else {
            check_word(&name.text, name.span, self.out);
        }
    }
}

/// The first word of a declaration: a label on a whole block would hide the block.
fn head(span: Span) -> Span {
    Span { end: span.end.min(span.start.saturating_add(7)), ..span }
}

fn check_word(name: &Arc<str>, span: Span, out: &mut Vec<Diagnostic>) {
    if name.chars().any(char::is_uppercase) {
        let lower = crate::lang::snake_case(name);
        out.push(problems::capitals(span, name, &lower));
    }
}
