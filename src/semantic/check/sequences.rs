//! Sequences: checked once by themselves, then expanded, with their arguments bound, where `do` stands.

use super::campaign::Frame;
use super::scope::{Binding, OpenKind, Scope, Since};
use super::{Checker, problems, targets};
use crate::bytecode::Channel;
use crate::lang::Type;
use crate::semantic::hir::{self, Expr, ExprKind, StepKind};
use crate::semantic::walk::{inner_steps, steps_of};
use crate::syntax::ast::{self, TypeKind};
use std::sync::Arc;

impl Checker<'_, '_> {
    /// Each sequence by itself, with its parameters open: here its findings are made.
    pub(super) fn sequences_alone(&mut self) {
        let names = self.names;
        for sequence in names.sequences.iter() {
            self.check_recursion(sequence.decl);
            let mut params: Vec<(Arc<str>, Binding)> = Vec::new();
            let mut described = Vec::new();
            for (at, param) in sequence.decl.params.iter().enumerate() {
                if let Some(first) = sequence.decl.params.iter().take(at).find(|other| other.name.text == param.name.text) {
                    let finding = crate::semantic::resolve::problems::declared_twice("parameter", &param.name.text, param.name.span, first.name.span);
                    self.report(finding);
                    continue;
                }
                let ty = self.param_type(&param.ty);
                let binding = match &ty {
                    Ok(ty) => Binding::Value(Expr::new(ExprKind::Param(at), ty.clone(), param.name.span)),
                    Err(open) => Binding::Open(*open),
                };
                if let (Ok(ty), Some(default)) = (&ty, &param.default) {
                    let value = self.constant(default);
                    self.assign(value, ty, &param.name.text);
                }
                described.push(hir::SequenceParam { name: param.name.text.clone(), ty: ty.ok(), span: param.span });
                params.push((param.name.text.clone(), binding));
            }
            let scope = Scope { since: Since::Enrollment, params, steps: named_steps(sequence.decl), ..Scope::default() };
            self.within(scope, |checker| checker.block(&sequence.decl.body, &mut Frame { captures: &mut Vec::new(), goals: &[] }));
            let doc = sequence.decl.doc.as_ref().map(|doc| doc.text.clone());
            self.project.sequences.push(hir::Sequence { name: sequence.name.clone(), params: described, doc, span: sequence.decl.span });
        }
    }

    fn param_type(&mut self, ty: &ast::Type) -> Result<Type, OpenKind> {
        match &ty.kind {
            TypeKind::Duration => Ok(Type::Duration),
            TypeKind::Email => Err(OpenKind::Message(Channel::Email)),
            TypeKind::Sms => Err(OpenKind::Message(Channel::Sms)),
            TypeKind::Push => Err(OpenKind::Message(Channel::Push)),
            TypeKind::Webhook => Err(OpenKind::Webhook),
            TypeKind::Segment => Err(OpenKind::Segment),
            TypeKind::Text | TypeKind::Number | TypeKind::Bool | TypeKind::Date | TypeKind::DateTime | TypeKind::Enum(_) | TypeKind::List(_) => {
                Ok(self.declared_type(ty))
            }
        }
    }

    /// A sequence that leads back to itself.
    fn check_recursion(&mut self, sequence: &ast::Sequence) {
        let mut reached: Vec<&ast::Name> = called(&sequence.body);
        let mut at = 0;
        while let Some(name) = reached.get(at).copied() {
            if name.text == sequence.name.text {
                self.report(problems::recursion(name.span, &sequence.name.text));
                return;
            }
            let next = self.names.sequences.find(&name.text).and_then(|i| self.names.sequences.get(i));
            // A circle through an earlier sequence has been told there.
            if let Some(next) = next.filter(|next| next.span > sequence.name.span) {
                for inner in called(&next.decl.body) {
                    if !reached.iter().any(|known| known.text == inner.text) {
                        reached.push(inner);
                    }
                }
            }
            at += 1;
        }
    }

    pub(super) fn do_step(&mut self, name: &ast::Name, args: &[ast::Arg], step: &ast::Step, frame: &mut Frame<'_>) -> Option<StepKind> {
        let names = self.names;
        let Some(at) = names.sequences.find(&name.text) else {
            let finding = problems::unknown_sequence(name.span, &name.text, names.sequences.names());
            self.report(finding);
            return None;
        };
        self.usage.sequences.insert(at);
        let sequence = names.sequences.get(at)?;
        let params = self.bind(sequence.decl, args, name.span)?;
        if self.scope.expanding.contains(&name.text) {
            return None;
        }
        // By itself, a sequence in a sequence needs its arguments checked and no more.
        let campaign = self.scope.campaign?;
        let identity = self.step_header(step);
        let prefix = format!("{}/", identity.name.as_ref().unwrap_or(&identity.path));
        let mut expanding = self.scope.expanding.clone();
        expanding.push(name.text.clone());
        let scope = Scope {
            since: Since::Enrollment,
            campaign: Some(campaign),
            steps: self.visible_steps(campaign, &prefix),
            prefix,
            params,
            expanding,
            known: self.scope.known.clone(),
            ..Scope::default()
        };
        // Its findings were made where it was checked by itself.
        let body = self.silently(|checker| checker.within(scope, |checker| checker.block(&sequence.decl.body, frame)));
        Some(StepKind::Do { sequence: name.text.clone(), body })
    }

    /// The arguments, each bound to its parameter.
    fn bind(&mut self, sequence: &ast::Sequence, args: &[ast::Arg], at: crate::base::Span) -> Option<Vec<(Arc<str>, Binding)>> {
        if args.len() > sequence.params.len() {
            let extra = args.get(sequence.params.len()).map_or(at, ast::Arg::span);
            self.report(problems::too_many_arguments(extra, &sequence.name.text, sequence.params.len(), sequence.name.span));
            return None;
        }
        let mut bound = Vec::new();
        for (number, param) in sequence.params.iter().enumerate() {
            let binding = match (args.get(number), &param.default) {
                (Some(arg), _) => self.argument(arg, param),
                (None, Some(default)) => {
                    // The default was checked with the sequence.
                    let value = self.silently(|checker| checker.constant(default));
                    Binding::Value(value)
                }
                (None, None) => {
                    self.report(problems::missing_argument(at, &sequence.name.text, &param.name.text, param.span));
                    return None;
                }
            };
            bound.push((param.name.text.clone(), binding));
        }
        Some(bound)
    }

    fn argument(&mut self, arg: &ast::Arg, param: &ast::Field) -> Binding {
        let wanted = self.silently(|checker| checker.param_type(&param.ty));
        match (wanted, arg) {
            (Err(open), _) => self.named_argument(arg, open),
            (Ok(_), ast::Arg::Any(any)) => {
                self.report(problems::arguments(any.span, "this sequence", "a value"));
                Binding::Value(Expr::error(any.span))
            }
            (Ok(ty), ast::Arg::Expr(expr)) => {
                let value = self.expr(expr);
                Binding::Value(self.assign(value, &ty, &param.name.text))
            }
        }
    }

    fn named_argument(&mut self, arg: &ast::Arg, open: OpenKind) -> Binding {
        let name = match arg {
            ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Path(path), .. }) if path.rest.is_empty() => path.root.clone(),
            ast::Arg::Expr(ast::Expr { kind: ast::ExprKind::Text(text), .. }) => ast::Name { text: text.value.clone(), span: text.span },
            ast::Arg::Expr(_) | ast::Arg::Any(_) => {
                self.report(problems::arguments(arg.span(), "this sequence", "a name here"));
                return Binding::Open(open);
            }
        };
        // An argument may be a parameter of the sequence around.
        if let Some(binding @ (Binding::Message(_) | Binding::Segment(_) | Binding::Webhook(_) | Binding::Open(_))) = self.scope.param(&name.text) {
            return binding.clone();
        }
        let found = match open {
            OpenKind::Message(channel) => self.message_argument(&name, channel).map(Binding::Message),
            OpenKind::Segment => {
                let name = ast::Ref { text: name.text, span: name.span, is_quoted: false };
                self.segment_ref(&name).map(Binding::Segment)
            }
            OpenKind::Webhook => self.webhook_ref(&name).map(Binding::Webhook),
        };
        found.unwrap_or(Binding::Open(open))
    }

    fn message_argument(&mut self, name: &ast::Name, channel: Channel) -> Option<crate::bytecode::MessageId> {
        let Some(at) = self.names.messages.find(&name.text) else {
            let finding = self.unknown_message_name(name);
            self.report(finding);
            return None;
        };
        let message = self.names.messages.get(at)?;
        let declared = targets::channel(message.decl.channel);
        if declared != channel {
            let at = message.span;
            self.report(problems::wrong_channel(name.span, &name.text, (declared.word(), channel.word()), Some(at)));
            return None;
        }
        Some(crate::bytecode::MessageId::from_index(at))
    }
}

/// Every sequence that a block calls, in source order.
fn called(block: &ast::Block) -> Vec<&ast::Name> {
    fn walk<'a>(steps: Vec<&'a ast::Step>, found: &mut Vec<&'a ast::Name>) {
        for step in steps {
            if let ast::StepKind::Do { sequence, .. } = &step.kind {
                found.push(sequence);
            }
            walk(inner_steps(step), found);
        }
    }
    let mut found = Vec::new();
    walk(steps_of(&block.items), &mut found);
    found
}

/// The named steps of a sequence that is checked by itself; their numbers mean nothing.
fn named_steps(sequence: &ast::Sequence) -> std::collections::BTreeMap<String, super::scope::NamedStep> {
    fn walk(steps: Vec<&ast::Step>, found: &mut std::collections::BTreeMap<String, super::scope::NamedStep>) {
        for step in steps {
            if let Some(label) = &step.label {
                let channel = match &step.kind {
                    ast::StepKind::Send(send) => Some(targets::channel(send.channel)),
                    ast::StepKind::Reach(_) => Some(Channel::Email),
                    _ => None,
                };
                let named = super::scope::NamedStep { id: crate::bytecode::StepId(u32::MAX), channel, span: step.span };
                found.insert(label.text.to_string(), named);
            }
            walk(inner_steps(step), found);
        }
    }
    let mut found = std::collections::BTreeMap::new();
    walk(steps_of(&sequence.body.items), &mut found);
    found
}
