//! From the checked tree to canvases. What a card says is the source's own words; what it means was decided by the checker.

use super::model::{Arm, ArmKind, Canvas, Line, Node, NodeKind, Place, Row};
use crate::base::{Sources, Span};
use crate::bytecode::Channel;
use crate::compiler::Analysis;
use crate::semantic::hir::{self, Campaign, Deadline, MessageContent, Project, Share, Step, StepHeader, StepKind};
use crate::semantic::one_line;
use crate::syntax::ast::{self, HeaderKind};

/// The canvases of all campaigns, in source order.
#[must_use]
pub fn canvases(analysis: &Analysis) -> Vec<Canvas> {
    let reader = Reader { project: &analysis.project, sources: &analysis.sources };
    analysis.project.campaigns.iter().map(|campaign| reader.canvas(campaign, header_lines(analysis, campaign))).collect()
}

/// The header lines of a campaign as they were written.
fn header_lines<'a>(analysis: &'a Analysis, campaign: &Campaign) -> Vec<&'a ast::Header> {
    let files = analysis.files.iter().filter(|file| file.id == campaign.span.file);
    let decls = files.flat_map(|file| &file.tree.decls);
    let found = decls.filter_map(|decl| match decl {
        ast::Decl::Campaign(written) if written.name.span == campaign.name_span => Some(&written.items),
        _ => None,
    });
    found
        .flatten()
        .filter_map(|item| match item {
            ast::Item::Header(header) => Some(header),
            ast::Item::Step(_) | ast::Item::Error(_) => None,
        })
        .collect()
}

struct Reader<'a> {
    project: &'a Project,
    sources: &'a Sources,
}

impl Reader<'_> {
    fn canvas(&self, campaign: &Campaign, header: Vec<&ast::Header>) -> Canvas {
        let mut canvas = Canvas {
            name: campaign.name.to_string(),
            doc: campaign.doc.as_ref().map(ToString::to_string),
            is_published: campaign.is_published,
            triggers: Vec::new(),
            facts: Vec::new(),
            exits: Vec::new(),
            goals: Vec::new(),
            steps: self.nodes(&campaign.steps),
            place: self.place(campaign.name_span),
        };
        for written in header {
            let line = Line { text: self.words(written.span), doc: written.doc.as_ref().map(|doc| doc.text.to_string()), place: self.place(written.span) };
            match written.kind {
                HeaderKind::Draft | HeaderKind::Published => {}
                HeaderKind::When { .. } | HeaderKind::Broadcast(_) => canvas.triggers.push(line),
                HeaderKind::ExitWhen(_) | HeaderKind::StayWhile(_) => canvas.exits.push(line),
                HeaderKind::Goal(_) => canvas.goals.push(line),
                _ => canvas.facts.push(line),
            }
        }
        canvas
    }

    fn place(&self, span: Span) -> Place {
        let Some(source) = self.sources.get(span.file) else { return Place::default() };
        let (start, end) = (source.position(span.start), source.position(span.end));
        Place {
            path: source.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            byte_start: span.start,
            byte_end: span.end,
        }
    }

    /// The source under a span on one line, without comments.
    fn words(&self, span: Span) -> String {
        one_line(self.sources.text(span))
    }

    /// What stands before the block of an arm.
    fn head(&self, span: Span) -> String {
        let text = self.words(span);
        text.split_once('{').map_or(text.as_str(), |(head, _)| head).trim().to_string()
    }

    fn nodes(&self, steps: &[Step]) -> Vec<Node> {
        steps.iter().map(|step| self.node(step)).collect()
    }

    fn card(&self, header: &StepHeader, kind: NodeKind, title: impl Into<String>) -> Node {
        Node {
            path: header.path.to_string(),
            name: header.name.as_ref().map(ToString::to_string),
            kind,
            title: title.into(),
            details: Vec::new(),
            rows: Vec::new(),
            doc: header.doc.as_ref().map(ToString::to_string),
            place: self.place(header.span),
            arms: Vec::new(),
        }
    }

    fn arm(&self, label: impl Into<String>, kind: ArmKind, steps: &[Step]) -> Arm {
        Arm { label: label.into(), kind, wait: None, nodes: self.nodes(steps) }
    }

    fn node(&self, step: &Step) -> Node {
        let header = &step.header;
        let plain = |kind: NodeKind| self.card(header, kind, header.text.as_ref());
        match &step.kind {
            StepKind::Send { message, .. } => self.send(header, *message),
            StepKind::Reach(sends) => {
                let rows = sends.iter().map(|send| self.row(send)).collect();
                Node { rows, ..self.card(header, NodeKind::Reach, "the first that reaches") }
            }
            StepKind::Webhook { webhook, .. } => {
                let name = self.project.webhooks.get(webhook.index()).map_or("", |webhook| webhook.name.as_ref());
                let object = header.text.split_once('{').map(|(_, object)| format!("{{{object}"));
                Node { details: object.into_iter().collect(), ..self.card(header, NodeKind::Webhook, name) }
            }
            StepKind::Notify { to, subject, .. } => {
                Node { details: vec![readable(&subject.source)], ..self.card(header, NodeKind::Notify, readable(&to.source)) }
            }
            StepKind::Set { .. } | StepKind::Clear { .. } | StepKind::AddItem { .. } | StepKind::RemoveItem { .. } | StepKind::Error => plain(NodeKind::Field),
            StepKind::AddPoints { .. } | StepKind::SetPoints { .. } => plain(NodeKind::Points),
            StepKind::Tag(_) | StepKind::Untag(_) => plain(NodeKind::Tag),
            StepKind::AddToList(_) | StepKind::RemoveFromList(_) => plain(NodeKind::List),
            StepKind::Subscribe(_) | StepKind::Unsubscribe(_) => plain(NodeKind::Topic),
            StepKind::Enroll(_) | StepKind::Leave(_) => plain(NodeKind::Campaign),
            StepKind::Emit { .. } => plain(NodeKind::Emit),
            StepKind::Mute(_) => plain(NodeKind::Mute),
            // In a sequence the places are those of what was passed to it.
            StepKind::Wait { duration, then_until: None } => self.card(header, NodeKind::Wait, self.words(duration.span)),
            StepKind::WaitBetween { low, high } => self.card(header, NodeKind::Wait, format!("between {} and {}", self.words(low.span), self.words(high.span))),
            StepKind::Wait { then_until: Some(_), .. } | StepKind::WaitUntil(_) | StepKind::WaitFor { .. } => {
                self.card(header, NodeKind::Wait, header.text.strip_prefix("wait ").unwrap_or(&header.text))
            }
            StepKind::Stop(reason) => self.card(header, NodeKind::Stop, reason.as_ref().map_or("the enrollment ends", |reason| reason.as_ref())),
            StepKind::Decide { .. }
            | StepKind::Await { .. }
            | StepKind::Timeline { .. }
            | StepKind::Split(_)
            | StepKind::Experiment { .. }
            | StepKind::Repeat { .. }
            | StepKind::Parallel(_)
            | StepKind::Do { .. } => self.parting(step),
        }
    }

    /// A step with arms.
    fn parting(&self, step: &Step) -> Node {
        let header = &step.header;
        match &step.kind {
            StepKind::Decide { condition, deadline, then_, else_ } => self.decision(header, (condition, deadline.as_ref()), (then_, else_)),
            StepKind::Await { arms, deadline } => {
                let on = arms.iter().map(|arm| self.arm(format!("on {}", self.words(arm.condition.span)), ArmKind::Yes, &arm.body));
                let after = deadline.iter().map(|(time, steps)| self.arm(format!("after {}", self.words(time.span)), ArmKind::No, steps));
                Node { arms: on.chain(after).collect(), ..self.card(header, NodeKind::Await, "the first wins") }
            }
            StepKind::Timeline { anchor, is_again_when_moved, arms } => {
                let details = if *is_again_when_moved { vec!["again when moved".to_string()] } else { Vec::new() };
                let arms = arms.iter().map(|arm| self.arm(self.head(arm.span), ArmKind::One, &arm.body)).collect();
                Node { arms, details, ..self.card(header, NodeKind::Timeline, self.words(anchor.span)) }
            }
            StepKind::Split(arms) => {
                let label = |arm: &hir::SplitArm| match (arm.share, &arm.label) {
                    (Share::Part(part), None) => percent(part),
                    (Share::Part(part), Some(label)) => format!("{label} · {}", percent(part)),
                    (Share::Else, None) => "the rest".to_string(),
                    (Share::Else, Some(label)) => format!("{label} · the rest"),
                };
                let arms = arms.iter().map(|arm| self.arm(label(arm), ArmKind::One, &arm.body)).collect();
                Node { arms, ..self.card(header, NodeKind::Split, "by chance, for good") }
            }
            StepKind::Experiment { variants, after, .. } => {
                let label =
                    |variant: &hir::Variant| variant.share.map_or_else(|| variant.name.to_string(), |part| format!("{} · {}", variant.name, percent(part)));
                let arms = variants.iter().map(|variant| self.arm(label(variant), ArmKind::One, &variant.body)).collect();
                let winner = header
                    .text
                    .rsplit_once("winner by ")
                    .map_or_else(|| format!("after {}", self.words(after.span)), |(_, rest)| rest.trim_end_matches(['}', ' ']).to_string());
                Node { arms, ..self.card(header, NodeKind::Experiment, format!("winner by {winner}")) }
            }
            StepKind::Repeat { times, every, until, body } => {
                let every = every.iter().map(|every| format!("every {}", self.words(every.span)));
                let until = until.iter().map(|until| format!("until {}", self.words(until.span)));
                let details = every.chain(until).collect();
                let arms = vec![self.arm("", ArmKind::Body, body)];
                Node { arms, details, ..self.card(header, NodeKind::Repeat, format!("up to {} times", self.words(times.span))) }
            }
            StepKind::Parallel(branches) => {
                let arms = branches.iter().map(|branch| self.arm("", ArmKind::All, branch)).collect();
                Node { arms, ..self.card(header, NodeKind::Parallel, "all at once") }
            }
            StepKind::Do { body, .. } => {
                let arms = vec![self.arm("", ArmKind::Body, body)];
                Node { arms, ..self.card(header, NodeKind::Sequence, header.text.strip_prefix("do ").unwrap_or(&header.text)) }
            }
            _ => self.card(header, NodeKind::Field, header.text.as_ref()),
        }
    }

    /// A decision: green where its condition holds, red where it does not or the time is up.
    fn decision(&self, header: &StepHeader, (condition, deadline): (&hir::Expr, Option<&Deadline>), (then, otherwise): (&[Step], &[Step])) -> Node {
        let mut red = self.arm("no", ArmKind::No, otherwise);
        let mut details = Vec::new();
        if let Some(deadline) = deadline {
            let time = self.words(deadline.duration.span);
            red.label = format!("no, after {time}");
            red.wait = deadline.wait.as_ref().map(|wait| wait.path.to_string());
            details.push(format!("within {time}"));
        }
        Node { arms: vec![self.arm("yes", ArmKind::Yes, then), red], details, ..self.card(header, NodeKind::Decision, self.words(condition.span)) }
    }

    fn message(&self, id: crate::bytecode::MessageId) -> (NodeKind, Option<String>, String) {
        let Some(message) = self.project.messages.get(id.index()) else { return (NodeKind::Email, None, String::new()) };
        let kind = match message.channel {
            Channel::Email => NodeKind::Email,
            Channel::Sms => NodeKind::Sms,
            Channel::Push => NodeKind::Push,
        };
        let says = match &message.content {
            MessageContent::Email { subject, .. } => readable(&subject.source),
            MessageContent::Sms { text } => readable(&text.source),
            MessageContent::Push { title, .. } => readable(&title.source),
            MessageContent::Error => String::new(),
        };
        (kind, message.name.as_ref().map(ToString::to_string), says)
    }

    fn send(&self, header: &StepHeader, id: crate::bytecode::MessageId) -> Node {
        let (kind, name, says) = self.message(id);
        match name {
            Some(name) => Node { details: vec![says], ..self.card(header, kind, name) },
            None => self.card(header, kind, says),
        }
    }

    fn row(&self, step: &Step) -> Row {
        let (kind, text) = match &step.kind {
            StepKind::Send { message, .. } => {
                let (kind, name, says) = self.message(*message);
                (kind, name.unwrap_or(says))
            }
            _ => (NodeKind::Field, step.header.text.to_string()),
        };
        Row { path: step.header.path.to_string(), kind, text, place: self.place(step.header.span) }
    }
}

/// A template as people read it: `{{ contact.first_name | default('there') }}` as `{contact.first_name}`, statements left out.
fn readable(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        let (before, region) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        let is_value = region.starts_with("{{");
        let close = if is_value {
            "}}"
        } else if region.starts_with("{%") {
            "%}"
        } else {
            "#}"
        };
        let Some((inside, after)) = region.get(2..).and_then(|region| region.split_once(close)) else {
            out.push_str(region);
            return out;
        };
        if is_value {
            let value = inside.split('|').next().unwrap_or("").trim_matches(['-', ' ', '\n', '\t']);
            out.push_str(&format!("{{{value}}}"));
        }
        rest = after;
    }
    out + rest
}

/// `0.125` as `12.5 %`.
fn percent(part: f64) -> String {
    let rounded = (part * 100_000.0).round() / 1000.0;
    format!("{rounded} %")
}
