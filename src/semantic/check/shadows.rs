//! Names that hide others, and parameters that nothing reads.

use super::{Checker, problems};
use crate::base::Span;
use crate::semantic::walk::{inner_steps, steps_of};
use crate::syntax::ast::{self, HeaderKind, Item};

/// Names of the language itself, which records go by in conditions or templates.
const OWN: [&str; 7] = ["contact", "event", "campaign", "project", "unsubscribe_url", "preferences_url", "view_url"];

/// A name that was given, and where.
type Given<'s> = (&'s str, Span);

impl Checker<'_, '_> {
    /// Looks at the names that campaigns and sequences give.
    pub(super) fn shadows(&mut self) {
        let names = self.names;
        for sequence in names.sequences.iter() {
            for param in &sequence.decl.params {
                self.check_field(&param.name.text, param.name.span);
                if !reads(self.input.sources.text(sequence.decl.body.span), &param.name.text) {
                    self.usage.unread_parameters.push((param.name.span, param.name.text.clone()));
                }
            }
            let mut open: Vec<Given<'_>> = sequence.decl.params.iter().map(|param| (param.name.text.as_ref(), param.name.span)).collect();
            self.check_steps(steps_of(&sequence.decl.body.items), &mut open);
        }
        for campaign in names.campaigns.iter() {
            let mut open: Vec<Given<'_>> = Vec::new();
            for item in &campaign.decl.items {
                if let Item::Header(ast::Header { kind: HeaderKind::When { capture: Some(name), .. }, .. }) = item
                    && !open.iter().any(|(known, _)| *known == name.text.as_ref())
                {
                    self.check_field(&name.text, name.span);
                    open.push((&name.text, name.span));
                }
            }
            self.check_steps(steps_of(&campaign.decl.items), &mut open);
        }
    }

    /// A bare name is then the record, and the field is reached only as `contact.NAME`.
    fn check_field(&mut self, name: &str, span: Span) {
        if OWN.contains(&name) {
            self.report(problems::hides_own_name(span, name));
        }
        let Some(field) = self.field(name) else { return };
        let declared = self.field_spans.get(&field).copied();
        self.report(problems::hides_field(span, name, declared));
    }

    fn check_steps<'s>(&mut self, steps: Vec<&'s ast::Step>, open: &mut Vec<Given<'s>>) {
        let outer = open.len();
        for step in steps {
            match &step.kind {
                ast::StepKind::Await(arms) => {
                    for arm in arms {
                        if let ast::AwaitArm::On { capture: Some(name), body, .. } = arm {
                            self.check_inner((&name.text, name.span), open);
                            open.push((&name.text, name.span));
                            self.check_steps(steps_of(&body.items), open);
                            open.pop();
                        } else if let ast::AwaitArm::On { body, .. } | ast::AwaitArm::After { body, .. } = arm {
                            self.check_steps(steps_of(&body.items), open);
                        }
                    }
                }
                ast::StepKind::Webhook { .. } => {
                    if let Some(name) = &step.label {
                        self.check_inner((&name.text, name.span), open);
                        open.push((&name.text, name.span));
                    }
                }
                _ => self.check_steps(inner_steps(step), open),
            }
        }
        open.truncate(outer);
    }

    fn check_inner(&mut self, (name, span): Given<'_>, open: &[Given<'_>]) {
        match open.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => self.report(problems::hides_record(span, name, *known)),
            None => self.check_field(name, span),
        }
    }
}

/// Whether a name stands in a text, as a whole word.
fn reads(text: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}
