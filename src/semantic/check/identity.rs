//! The identity of every step: its number, name and path. Made before anything else of a campaign is checked, because conditions may
//! name steps that come later.

use super::scope::NamedStep;
use super::{Checker, problems, targets};
use crate::base::Span;
use crate::bytecode::{CampaignId, Channel, StepId, StepOutline};
use crate::semantic::hir;
use crate::semantic::walk::{Inner, arm_steps, inner_blocks, steps_of};
use crate::syntax::ast;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sequences in sequences can multiply; beyond this many steps a campaign is a mistake.
pub(super) const MOST_STEPS: usize = 10_000;
/// Most steps that sequences may make of a project, all campaigns together.
const MOST_EXPANDED: usize = 200_000;
/// And deeper than this nobody nests sequences; the walks over steps recurse.
const DEEPEST_SEQUENCES: usize = 32;

/// A step's identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub id: StepId,
    pub campaign: CampaignId,
    /// The name as written.
    pub label: Option<Arc<str>>,
    /// The name with its prefix.
    pub name: Option<Arc<str>>,
    pub path: Arc<str>,
    /// The channel, of a send.
    pub channel: Option<Channel>,
    pub span: Span,
    /// The step around it, and in which of its arms.
    pub around: (Option<StepId>, Arc<str>),
}

/// Where a block of steps stands.
#[derive(Clone, Copy)]
struct Around<'p> {
    /// The identity of the `do` that expands it, with a slash.
    prefix: &'p str,
    /// The arms around it, each with a slash.
    arms: &'p str,
    /// The step around it, and in which of its arms.
    parent: (Option<StepId>, &'p str),
}

struct Walk<'a, 'c, 'i> {
    checker: &'c mut Checker<'a, 'i>,
    campaign: CampaignId,
    counts: BTreeMap<String, u32>,
    expanding: Vec<Arc<str>>,
    names: BTreeMap<String, Span>,
    first: usize,
    is_too_long: bool,
    /// Steps out of sequences, over all campaigns so far.
    expanded: usize,
}

impl Checker<'_, '_> {
    /// Makes the identities of all campaigns.
    pub(super) fn identities(&mut self) {
        let names = self.names;
        let mut expanded = 0;
        for (at, campaign) in names.campaigns.iter().enumerate() {
            let first = self.steps.len();
            let mut walk = Walk {
                checker: self,
                campaign: CampaignId::from_index(at),
                counts: BTreeMap::new(),
                expanding: Vec::new(),
                names: BTreeMap::new(),
                first,
                is_too_long: false,
                expanded,
            };
            walk.steps(&steps_of(&campaign.decl.items), Around { prefix: "", arms: "", parent: (None, "") });
            let is_too_long = walk.is_too_long;
            expanded = walk.expanded;
            if is_too_long {
                let all = expanded >= MOST_EXPANDED;
                self.report(if all { problems::too_many_expanded(campaign.span, MOST_EXPANDED) } else { problems::too_many_steps(campaign.span, MOST_STEPS) });
                self.steps.truncate(first);
                self.too_long.insert(CampaignId::from_index(at));
            }
        }
        self.project.step_count = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
    }

    /// The named steps that a place behind `prefix` can see.
    pub(super) fn visible_steps(&self, campaign: CampaignId, prefix: &str) -> BTreeMap<String, NamedStep> {
        self.named_steps.get(&(campaign, prefix.to_owned())).cloned().unwrap_or_default()
    }

    /// The header of a step, and its identity's text. A sequence that is checked by itself has none.
    pub(super) fn step_header(&self, step: &ast::Step) -> hir::StepHeader {
        let key = self.scope.campaign.map(|campaign| (campaign, step.span, self.scope.prefix.clone()));
        let found = key.and_then(|key| self.step_keys.get(&key)).and_then(|at| self.steps.get(*at));
        let (parent, arm) = found.map_or((None, Arc::from("")), |identity| identity.around.clone());
        hir::StepHeader {
            id: found.map_or(StepId(u32::MAX), |identity| identity.id),
            name: found.and_then(|identity| identity.name.clone()),
            path: found.map_or_else(|| Arc::from(""), |identity| identity.path.clone()),
            kind: kind(&step.kind),
            span: step.span,
            doc: step.doc.as_ref().map(|doc| doc.text.clone()),
            text: self.step_text(step, Vec::new()),
            outline: Arc::new(StepOutline { parent, arm, target: kind_and_target(&step.kind).into(), head: self.step_text(step, arm_spans(step)) }),
        }
    }

    /// The source of a step without its name, and without some parts of it.
    fn step_text(&self, step: &ast::Step, mut cuts: Vec<Span>) -> Arc<str> {
        if step.label.is_none() && cuts.is_empty() {
            return self.text_of(step.span);
        }
        cuts.extend(step.label.as_ref().map(|label| label.span));
        cuts.sort_unstable_by_key(|cut| cut.start);
        let (mut text, mut from) = (String::new(), step.span.start);
        for cut in cuts.into_iter().filter(|cut| cut.start < step.span.end) {
            let before = self.input.sources.text(Span { start: from, end: cut.start.max(from), ..step.span }).trim_end();
            let is_name = step.label.as_ref().is_some_and(|label| label.span == cut);
            text += if is_name { before.strip_suffix("as").unwrap_or(before) } else { before };
            text.push(' ');
            from = cut.end.max(from);
        }
        text += self.input.sources.text(Span { start: from, ..step.span });
        normalize(&text).into()
    }
}

impl<'a> Walk<'a, '_, '_> {
    fn steps(&mut self, steps: &[&'a ast::Step], around: Around<'_>) {
        for step in steps {
            self.step(step, around);
        }
    }

    fn step(&mut self, step: &'a ast::Step, around: Around<'_>) {
        let Around { prefix, arms, parent } = around;
        self.expanded += usize::from(!self.expanding.is_empty());
        if self.checker.steps.len() - self.first >= MOST_STEPS || self.expanded >= MOST_EXPANDED {
            self.is_too_long = true;
            return;
        }
        let plain = format!("{prefix}{arms}{}", kind_and_target(&step.kind));
        let count = self.counts.entry(plain.clone()).or_insert(0);
        *count += 1;
        let path: Arc<str> = if *count == 1 { plain.into() } else { format!("{plain}#{count}").into() };
        let label = step.label.as_ref().map(|label| label.text.clone());
        let name: Option<Arc<str>> = label.as_ref().map(|label| format!("{prefix}{label}").into());
        self.check_name(step, name.as_deref());
        let identity = Identity {
            campaign: self.campaign,
            id: StepId::from_index(self.checker.steps.len()),
            label,
            name: name.clone(),
            path: path.clone(),
            channel: self.sent_channel(step),
            span: step.span,
            around: (parent.0, parent.1.into()),
        };
        let id = identity.id;
        if let Some(label) = &identity.label {
            let named = NamedStep { id: identity.id, channel: identity.channel, span: identity.span };
            self.checker.named_steps.entry((self.campaign, prefix.to_owned())).or_default().insert(label.to_string(), named);
        }
        self.checker.step_keys.insert((self.campaign, step.span, prefix.to_owned()), self.checker.steps.len());
        self.checker.steps.push(identity);
        if let ast::StepKind::Do { sequence, .. } = &step.kind {
            self.expand(sequence, (id, &name.unwrap_or(path)));
        } else {
            self.inner(step, id, around);
        }
    }

    fn sent_channel(&self, step: &ast::Step) -> Option<Channel> {
        match &step.kind {
            ast::StepKind::Send(send) => Some(targets::channel(send.channel)),
            ast::StepKind::Reach(arms) => arms.iter().find_map(|arm| match arm {
                ast::ReachArm::Step(step) => self.sent_channel(step),
                ast::ReachArm::Error(_) => None,
            }),
            _ => None,
        }
    }

    fn check_name(&mut self, step: &ast::Step, name: Option<&str>) {
        let (Some(label), Some(name)) = (&step.label, name) else { return };
        match self.names.get(name) {
            // Expanding a sequence twice gives its steps two prefixes, so this is the source's own doing.
            Some(first) => self.checker.report(problems::step_twice(label.span, &label.text, *first)),
            None => {
                self.names.insert(name.to_owned(), step.span);
            }
        }
        if !label.is_quoted && label.text.chars().any(char::is_uppercase) {
            let lower = crate::lang::snake_case(&label.text);
            self.checker.report(crate::semantic::resolve::problems::capitals(label.span, &label.text, &lower));
        }
    }

    fn expand(&mut self, sequence: &ast::Name, (id, identity): (StepId, &str)) {
        if self.expanding.contains(&sequence.text) {
            return;
        }
        if self.expanding.len() >= DEEPEST_SEQUENCES {
            self.is_too_long = true;
            return;
        }
        let Some(found) = self.checker.names.sequences.find(&sequence.text).and_then(|at| self.checker.names.sequences.get(at)) else { return };
        self.expanding.push(sequence.text.clone());
        let prefix = format!("{identity}/");
        self.steps(&steps_of(&found.decl.body.items), Around { prefix: &prefix, arms: "", parent: (Some(id), "") });
        self.expanding.pop();
    }

    fn inner(&mut self, step: &'a ast::Step, id: StepId, around: Around<'_>) {
        let mut block = |label: String, steps: Vec<&'a ast::Step>| {
            let arms = format!("{}{label}/", around.arms);
            self.steps(&steps, Around { prefix: around.prefix, arms: &arms, parent: (Some(id), &label) });
        };
        match &step.kind {
            ast::StepKind::If(decision) => {
                block("then".to_owned(), arm_steps(&decision.then));
                if let Some(otherwise) = &decision.otherwise {
                    block("else".to_owned(), arm_steps(otherwise));
                }
            }
            ast::StepKind::Reach(arms) => {
                for arm in arms {
                    if let ast::ReachArm::Step(step) = arm {
                        block("reach".to_owned(), vec![step]);
                    }
                }
            }
            ast::StepKind::Await(arms) => {
                let mut count = 0;
                for arm in arms {
                    match arm {
                        ast::AwaitArm::On { capture, body, .. } => {
                            count += 1;
                            let plain = if count == 1 { "on".to_owned() } else { format!("on#{count}") };
                            block(capture.as_ref().map_or(plain, |name| name.text.to_string()), steps_of(&body.items));
                        }
                        ast::AwaitArm::After { body, .. } => block("after".to_owned(), steps_of(&body.items)),
                        ast::AwaitArm::Error(_) => {}
                    }
                }
            }
            ast::StepKind::Timeline(timeline) => {
                for (at, arm) in timeline.arms.iter().enumerate() {
                    if let ast::TimelineArm::At { body, offset, .. } = arm {
                        block(offset.as_ref().map_or_else(|| "on the day".to_owned(), |_| format!("arm {}", at + 1)), steps_of(&body.items));
                    }
                }
            }
            ast::StepKind::Split(arms) => {
                for (at, arm) in arms.iter().enumerate() {
                    let plain = if arm.share.is_none() { "else".to_owned() } else { (at + 1).to_string() };
                    block(arm.label.as_ref().map_or(plain, |label| label.text.to_string()), steps_of(&arm.body.items));
                }
            }
            ast::StepKind::Experiment(experiment) => {
                for variant in &experiment.variants {
                    block(variant.name.text.to_string(), steps_of(&variant.body.items));
                }
            }
            ast::StepKind::Repeat(repeat) => block("repeat".to_owned(), steps_of(&repeat.body.items)),
            ast::StepKind::Parallel(blocks) => {
                for (at, branch) in blocks.iter().enumerate() {
                    block((at + 1).to_string(), steps_of(&branch.items));
                }
            }
            _ => {}
        }
    }
}

/// What stands inside a step, arm by arm; of an `if` all from its first arm on, so that an `else` more changes no question.
fn arm_spans(step: &ast::Step) -> Vec<Span> {
    if let ast::StepKind::If(decision) = &step.kind {
        return vec![Span { end: step.span.end, ..decision.then.span() }];
    }
    let span = |inner: Inner<'_>| match inner {
        Inner::Block(block) => block.span,
        Inner::Step(step) => step.span,
    };
    inner_blocks(step).into_iter().map(span).collect()
}

/// The step's kind as the program's tables name it.
pub(super) fn kind(step: &ast::StepKind) -> crate::bytecode::StepKind {
    use crate::bytecode::StepKind as K;
    match step {
        ast::StepKind::Send(send) => match send.channel {
            ast::Channel::Email => K::Email,
            ast::Channel::Sms => K::Sms,
            ast::Channel::Push => K::Push,
        },
        ast::StepKind::Reach(_) => K::Reach,
        ast::StepKind::Webhook { .. } => K::Webhook,
        ast::StepKind::Notify { .. } => K::Notify,
        ast::StepKind::Change(_) | ast::StepKind::Emit { .. } => K::Change,
        ast::StepKind::Wait { .. } | ast::StepKind::WaitBetween { .. } | ast::StepKind::WaitUntil(_) | ast::StepKind::WaitFor { .. } => K::Wait,
        ast::StepKind::If(_) => K::Decision,
        ast::StepKind::Await(_) => K::Await,
        ast::StepKind::Timeline(_) => K::Timeline,
        ast::StepKind::Split(_) => K::Split,
        ast::StepKind::Experiment(_) => K::Experiment,
        ast::StepKind::Repeat(_) => K::Repeat,
        ast::StepKind::Parallel(_) => K::Parallel,
        ast::StepKind::Do { .. } => K::Sequence,
        ast::StepKind::Stop(_) => K::Stop,
    }
}

/// `email welcome`, `wait`, `set plan`: kind and target, as paths name a step.
fn kind_and_target(step: &ast::StepKind) -> String {
    match step {
        ast::StepKind::Send(send) => {
            let word = targets::channel(send.channel).word();
            match &send.content {
                ast::SendContent::Named(name) => format!("{word} {}", name.text),
                ast::SendContent::Text(_) | ast::SendContent::Attrs(_) => word.to_owned(),
            }
        }
        ast::StepKind::Reach(_) => "reach".to_owned(),
        ast::StepKind::Webhook { webhook, .. } => format!("webhook {}", webhook.text),
        ast::StepKind::Notify { .. } => "notify".to_owned(),
        ast::StepKind::Change(change) => change_and_target(change),
        ast::StepKind::Emit { event, .. } => format!("emit {}", event.text),
        ast::StepKind::Wait { .. } | ast::StepKind::WaitBetween { .. } | ast::StepKind::WaitUntil(_) | ast::StepKind::WaitFor { .. } => "wait".to_owned(),
        ast::StepKind::If(_) => "if".to_owned(),
        ast::StepKind::Await(_) => "await".to_owned(),
        ast::StepKind::Timeline(timeline) => format!("timeline {}", path_text(&timeline.anchor)),
        ast::StepKind::Split(_) => "split".to_owned(),
        ast::StepKind::Experiment(_) => "experiment".to_owned(),
        ast::StepKind::Repeat(_) => "repeat".to_owned(),
        ast::StepKind::Parallel(_) => "parallel".to_owned(),
        ast::StepKind::Do { sequence, .. } => format!("do {}", sequence.text),
        ast::StepKind::Stop(_) => "stop".to_owned(),
    }
}

fn path_text(path: &ast::Path) -> String {
    std::iter::once(&path.root).chain(&path.rest).map(|name| name.text.as_ref()).collect::<Vec<_>>().join(".")
}

fn change_and_target(change: &ast::Change) -> String {
    use ast::Change as C;
    match change {
        C::Set { field, .. } => format!("set {}", path_text(field)),
        C::Clear(field) => format!("clear {}", path_text(field)),
        C::Points { group, .. } | C::SetPoints { group, .. } => {
            group.as_ref().map_or_else(|| "points".to_owned(), |group| format!("points in group {}", group.text))
        }
        C::Tag(tag) => format!("tag {}", tag.value),
        C::Untag(tag) => format!("untag {}", tag.value),
        C::AddToList(list) => format!("add to list {}", list.text),
        C::RemoveFromList(list) => format!("remove from list {}", list.text),
        C::AddItem { field, .. } => format!("add to {}", path_text(field)),
        C::RemoveItem { field, .. } => format!("remove from {}", path_text(field)),
        C::Subscribe(topic) => format!("subscribe to topic {}", topic.text),
        C::Unsubscribe(Some(topic)) => format!("unsubscribe from topic {}", topic.text),
        C::Unsubscribe(None) => "unsubscribe".to_owned(),
        C::Mute(_) => "mute".to_owned(),
        C::Enroll(campaign) => format!("enroll in campaign {}", campaign.text),
        C::Leave(campaign) => format!("leave campaign {}", campaign.text),
    }
}

/// A source text without comments, blanks outside of strings collapsed.
pub fn normalize(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = rest.find('\n').and_then(|at| rest.get(at..)).unwrap_or("");
        } else if c == '"' {
            let length = string_length(rest);
            out.push_str(rest.get(..length).unwrap_or(rest));
            rest = rest.get(length..).unwrap_or("");
        } else if c.is_whitespace() {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            rest = rest.trim_start();
        } else {
            // All up to what may be one of those.
            let length = rest.find(|c: char| c == '/' || c == '"' || c.is_whitespace()).unwrap_or(rest.len()).max(c.len_utf8());
            out.push_str(rest.get(..length).unwrap_or(rest));
            rest = rest.get(length..).unwrap_or("");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// How many bytes the string literal at the start of `text` takes.
fn string_length(text: &str) -> usize {
    if let Some(body) = text.strip_prefix("\"\"\"") {
        return body.find("\"\"\"").map_or(text.len(), |at| at + 6);
    }
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
