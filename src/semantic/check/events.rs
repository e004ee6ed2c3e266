//! Patterns of events: in triggers, point rules, conditions and tests.

use super::scope::Scope;
use super::{Checker, problems};
use crate::base::Span;
use crate::bytecode::{EventId, MessageEvent};
use crate::library::{self, EventMeaning, EventUse};
use crate::semantic::hir::{EventPattern, Expr};
use crate::syntax::ast;
use std::sync::Arc;

/// Where a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a trigger, an `update` or a point rule: what happens.
    Happening,
    /// In a condition: what has happened.
    Condition,
}

/// A pattern, resolved.
pub(super) struct Pattern {
    pub pattern: EventPattern,
    pub predicate: Option<Expr>,
    /// The custom event or form, whose properties are known.
    pub event: Option<EventId>,
}

impl Pattern {
    fn plain(pattern: EventPattern) -> Option<Pattern> {
        Some(Pattern { pattern, predicate: None, event: None })
    }
}

impl Checker<'_, '_> {
    /// A pattern; `None` after a finding.
    pub(super) fn pattern(&mut self, name: &ast::Name, args: Option<&[ast::Arg]>, place: Place) -> Option<Pattern> {
        if let Some(event) = self.event(&name.text) {
            let predicate = self.event_predicate(event, args.unwrap_or_default())?;
            return Some(Pattern { pattern: EventPattern::Custom(event), predicate, event: Some(event) });
        }
        let Some(builtin) = library::find_event(&name.text) else {
            let finding = self.unknown_event(name);
            self.report(finding);
            return None;
        };
        let is_allowed = match builtin.usage {
            EventUse::Everywhere => true,
            EventUse::Conditions => place == Place::Condition,
            EventUse::Tests => false,
        };
        if !is_allowed {
            self.report(problems::event_out_of_place(name.span, &name.text));
            return None;
        }
        let args = args.unwrap_or_default();
        match builtin.meaning {
            EventMeaning::Visited => self.visited(name, args),
            EventMeaning::Submitted => self.submitted(name, args),
            EventMeaning::Sent => self.message_pattern(MessageEvent::Sent, name, args),
            EventMeaning::Skipped => self.message_pattern(MessageEvent::Skipped, name, args),
            EventMeaning::Delivered => self.message_pattern(MessageEvent::Delivered, name, args),
            EventMeaning::Opened => self.message_pattern(MessageEvent::Opened, name, args),
            EventMeaning::Clicked => self.message_pattern(MessageEvent::Clicked, name, args),
            EventMeaning::Replied => self.message_pattern(MessageEvent::Replied, name, args),
            EventMeaning::Bounced => self.message_pattern(MessageEvent::Bounced, name, args),
            EventMeaning::Unsubscribed => self.message_pattern(MessageEvent::Unsubscribed, name, args),
            EventMeaning::Complained => self.message_pattern(MessageEvent::Complained, name, args),
            EventMeaning::Failed => self.message_pattern(MessageEvent::Failed, name, args),
        }
    }

    /// The predicate in the parentheses of a custom event; the outer `None` after a finding.
    #[allow(clippy::option_option)]
    fn event_predicate(&mut self, event: EventId, args: &[ast::Arg]) -> Option<Option<Expr>> {
        match args {
            [] => Some(None),
            [ast::Arg::Expr(expr)] => {
                let scope = Scope { event: Some(Some(event)), ..self.scope.clone() };
                let predicate = self.within(scope, |checker| checker.condition(expr));
                if predicate.is_error() { None } else { Some(Some(predicate)) }
            }
            [ast::Arg::Any(any)] => {
                self.report(problems::event_takes_condition(any.span));
                None
            }
            [_, second, ..] => {
                self.report(problems::event_takes_condition(second.span()));
                None
            }
        }
    }

    fn visited(&mut self, name: &ast::Name, args: &[ast::Arg]) -> Option<Pattern> {
        let [ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(path), .. })] = args else {
            self.report(problems::arguments(args_span(name, args), "visited", "a path: `visited(\"/pricing*\")`"));
            return None;
        };
        if !path.value.starts_with('/') && !path.value.contains("://") && path.value.as_ref() != "*" {
            self.report(problems::path_without_slash(path.span, &path.value));
        }
        Pattern::plain(EventPattern::Visited(super::literals::nfc(&path.value)))
    }

    fn submitted(&mut self, name: &ast::Name, args: &[ast::Arg]) -> Option<Pattern> {
        let form = match args.first() {
            Some(ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Path(path), .. })) if path.rest.is_empty() => &path.root,
            Some(_) | None => {
                self.report(problems::arguments(args_span(name, args), "submitted", "a form: `submitted(webinar)`"));
                return None;
            }
        };
        let Some(event) = self.form(&form.text) else {
            let finding = problems::unknown_form(form.span, &form.text, self.names.forms.names());
            self.report(finding);
            return None;
        };
        let predicate = self.event_predicate(event, args.get(1..).unwrap_or_default())?;
        Some(Pattern { pattern: EventPattern::Custom(event), predicate, event: Some(event) })
    }

    fn message_pattern(&mut self, event: MessageEvent, name: &ast::Name, args: &[ast::Arg]) -> Option<Pattern> {
        let Some(first) = args.first() else {
            self.report(problems::arguments(name.span, &name.text, "a message: `opened(welcome)`, `opened(email)`, `opened(any email)`"));
            return None;
        };
        let target = self.message_target(first)?;
        let (mut url, mut text) = (None, None);
        if let Some(second) = args.get(1) {
            match (event, second) {
                (MessageEvent::Clicked, ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(literal), .. })) => url = Some(literal.value.clone()),
                (MessageEvent::Replied, ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(literal), .. })) => {
                    // A reply is searched for the pattern whatever its case.
                    text = Some(self.pattern_text(literal, true)?);
                }
                _ => {
                    self.report(problems::arguments(second.span(), &name.text, "a message alone"));
                    return None;
                }
            }
        }
        if let Some(third) = args.get(2) {
            self.report(problems::arguments(third.span(), &name.text, "two at the most"));
            return None;
        }
        Pattern::plain(EventPattern::Message { event, target, url, text })
    }

    fn unknown_event(&self, name: &ast::Name) -> crate::diagnostics::Diagnostic {
        if self.names.forms.find(&name.text).is_some() {
            return problems::form_as_event(name.span, &name.text);
        }
        if self.names.segments.find(&name.text).is_some() {
            return problems::segment_as_value(name.span, &name.text);
        }
        let builtins = library::BUILTIN_EVENTS.iter().map(|event| event.entry.word);
        let functions = library::FUNCTIONS.iter().map(|function| function.entry.word);
        let known: Vec<Arc<str>> = self.names.events.iter().map(|event| event.name.clone()).collect();
        problems::unknown_event(name.span, &name.text, known.iter().map(AsRef::as_ref).chain(builtins).chain(functions))
    }
}

fn args_span(name: &ast::Name, args: &[ast::Arg]) -> Span {
    args.first().map_or(name.span, |arg| arg.span())
}
