//! What those in flight have captured, against what the new text reads from where they go on.

use crate::bytecode::{
    BlockId, CampaignId, CaptureDef, HistoryWindow, Layout, MessageContent, Op, Pc, Program, Query, Recipient, RoutineOwner, StepId, TemplateId,
};
use crate::lang::Value;
use crate::machine::state::Enrollment;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// Captured names are looked at up to so many a campaign.
const MOST_SLOTS: usize = 64;

/// A set of captured records, one bit a slot.
type Slots = u64;

/// The readers of one campaign of the new program.
pub(super) struct Readers<'p> {
    program: &'p Program,
    layout: Layout,
    captures: &'p [CaptureDef],
    /// Properties that events have now and had not in the running program, by capture.
    added: Vec<Vec<String>>,
    known: FxHashMap<(StepId, Slots), Vec<String>>,
}

/// What an operation reads: records without asking first, records it asks for, and unguarded variables of templates.
#[derive(Default)]
struct Reads {
    plain: Slots,
    asked: Slots,
    variables: Vec<String>,
}

impl<'p> Readers<'p> {
    pub fn new(running: &Program, program: &'p Program, campaign: CampaignId) -> Readers<'p> {
        let captures = program.campaigns.get(campaign.index()).map_or(&[][..], |def| def.captures.as_slice());
        let captures = captures.get(..captures.len().min(MOST_SLOTS)).unwrap_or(captures);
        let added = captures.iter().map(|capture| added_properties(running, program, capture)).collect();
        Readers { program, layout: Layout::new(program), captures, added, known: FxHashMap::default() }
    }

    /// Whether any contact could lack anything here.
    pub fn is_idle(&self) -> bool {
        self.captures.is_empty()
    }

    /// What is read from a step on that this enrollment does not have: `order`, `order.amount`.
    pub fn lacking(&mut self, enrollment: &Enrollment, step: StepId) -> &[String] {
        let has = |capture: &CaptureDef| enrollment.captures.iter().any(|captured| captured.name == capture.name);
        let slots = self.captures.iter().enumerate().filter(|(_, capture)| has(capture)).fold(0, |set, (slot, _)| set | bit(slot));
        if !self.known.contains_key(&(step, slots)) {
            let found = self.walk(step, slots);
            self.known.insert((step, slots), found);
        }
        self.known.get(&(step, slots)).map_or(&[], Vec::as_slice)
    }

    fn walk(&self, step: StepId, has: Slots) -> Vec<String> {
        let Some(start) = self.program.code.iter().position(|op| *op == Op::Step(step)) else { return Vec::new() };
        let mut lacking = BTreeSet::new();
        let mut seen: BTreeSet<(Pc, Slots)> = BTreeSet::new();
        let mut open = vec![(Pc::from_index(start), has)];
        while let Some((pc, mut slots)) = open.pop() {
            if !seen.insert((pc, slots)) {
                continue;
            }
            let reads = self.reads(pc, has);
            let missing = reads.plain & !reads.asked & !slots;
            lacking.extend(self.captures.iter().enumerate().filter(|(slot, _)| missing & bit(*slot) != 0).map(|(_, capture)| capture.name.to_string()));
            lacking.extend(reads.variables);
            slots |= reads.asked | self.answer(pc);
            open.extend(self.program.behind(pc).into_iter().map(|next| (next, slots | self.captured_at(pc, next))));
        }
        lacking.into_iter().collect()
    }

    /// The record that a webhook's answer becomes.
    fn answer(&self, pc: Pc) -> Slots {
        let Some(Op::Webhook(call, _)) = self.program.code.get(pc.index()) else { return 0 };
        let answer = self.program.webhook_steps.get(call.index()).and_then(|call| call.answer);
        answer.map_or(0, |slot| bit(slot.index()))
    }
    /// The record that the arm of an `await` captures.
    fn captured_at(&self, pc: Pc, next: Pc) -> Slots {
        let Some(Op::Listen(listen, _)) = self.program.code.get(pc.index()) else { return 0 };
        let arms = self.program.listens.get(listen.index()).map_or(&[][..], |listen| listen.arms.as_slice());
        arms.iter().filter(|arm| arm.target == next).filter_map(|arm| arm.capture).fold(0, |set, (_, slot)| set | bit(slot.index()))
    }

    fn reads(&self, pc: Pc, has: Slots) -> Reads {
        let (mut reads, program) = (Reads::default(), self.program);
        let at = pc.index();
        let Some(op) = program.code.get(at) else { return reads };
        self.capture_read(program.code.get(at..).unwrap_or(&[]), &mut reads);
        match op {
            Op::CompareMoving(_, left, right) => [*left, *right].into_iter().for_each(|block| self.block(block, &mut reads)),
            Op::Query(query) => program.queries.get(query.index()).into_iter().for_each(|query| self.query(query, &mut reads)),
            Op::Listen(listen, _) => {
                let listen = program.listens.get(listen.index());
                let arms = listen.into_iter().flat_map(|listen| listen.arms.iter().map(|arm| arm.condition).chain(listen.deadline.map(|(block, _)| block)));
                arms.for_each(|block| self.block(block, &mut reads));
            }
            Op::Repeat(repeat, ..) => {
                let repeat = program.repeats.get(repeat.index());
                let blocks = repeat.into_iter().flat_map(|repeat| [Some(repeat.times), repeat.every, repeat.until]).flatten();
                blocks.for_each(|block| self.block(block, &mut reads));
            }
            Op::Timeline(timeline, _) => program.timelines.get(timeline.index()).into_iter().for_each(|known| self.block(known.anchor, &mut reads)),
            Op::Send(send) => self.send(send.index(), has, &mut reads),
            Op::Webhook(call, _) => {
                let Some(call) = program.webhook_steps.get(call.index()) else { return reads };
                call.object.into_iter().chain(call.params.iter().map(|param| param.value)).for_each(|block| self.block(block, &mut reads));
                if let Some(webhook) = program.webhooks.get(call.webhook.index()) {
                    webhook.body.into_iter().for_each(|block| self.block(block, &mut reads));
                    let templates = webhook.headers.iter().map(|(_, template)| *template).chain([webhook.url]);
                    templates.for_each(|template| self.template(template, has, &mut reads));
                }
            }
            Op::Notify(notify) => {
                let Some(notify) = program.notifies.get(notify.index()) else { return reads };
                notify.params.iter().for_each(|param| self.block(param.value, &mut reads));
                [Some(notify.to), Some(notify.subject), notify.body].into_iter().flatten().for_each(|template| self.template(template, has, &mut reads));
            }
            _ => {}
        }
        reads
    }

    /// `NAME is set` and `NAME.property is set` ask; every other use of a record reads it.
    fn capture_read(&self, code: &[Op], reads: &mut Reads) {
        match code {
            [Op::Capture(slot), Op::IsSet, ..] | [Op::Capture(slot), Op::Get(_), Op::IsSet, ..] => reads.asked |= bit(slot.index()),
            [Op::Capture(slot), ..] => reads.plain |= bit(slot.index()),
            _ => {}
        }
    }

    fn block(&self, block: BlockId, reads: &mut Reads) {
        let mut open = vec![block];
        let mut seen = BTreeSet::new();
        while let Some(block) = open.pop() {
            let Some(routine) = self.layout.block(block).filter(|routine| seen.insert(block) && routine.owner == RoutineOwner::Block(block)) else { continue };
            let code = routine.code(self.program);
            for at in 0..code.len() {
                self.capture_read(code.get(at..).unwrap_or(&[]), reads);
                match code.get(at) {
                    Some(Op::CompareMoving(_, left, right)) => open.extend([*left, *right]),
                    Some(Op::Query(query)) => open.extend(self.program.queries.get(query.index()).into_iter().flat_map(blocks_of)),
                    Some(_) | None => {}
                }
            }
        }
    }

    fn query(&self, query: &Query, reads: &mut Reads) {
        blocks_of(query).into_iter().for_each(|block| self.block(block, reads));
    }

    fn send(&self, send: usize, has: Slots, reads: &mut Reads) {
        let Some(send) = self.program.sends.get(send) else { return };
        send.params.iter().for_each(|param| self.block(param.value, reads));
        let Some(message) = self.program.messages.get(send.message.index()) else { return };
        for content in std::iter::once(&message.content).chain(message.variants.iter().map(|variant| &variant.content)) {
            templates_of(content).into_iter().for_each(|template| self.template(template, has, reads));
            if let MessageContent::Email { to, cc, bcc, .. } = content {
                for recipient in [to, cc, bcc].into_iter().flatten() {
                    if let Recipient::Value(block) = recipient {
                        self.block(*block, reads);
                    }
                }
            }
        }
    }

    /// Variables that those in flight do not have and that the template does not guard.
    fn template(&self, template: TemplateId, has: Slots, reads: &mut Reads) {
        let Some(def) = self.program.templates.get(template.index()) else { return };
        for path in &def.variables {
            let (Some(name), property) = (path.first(), path.get(1)) else { continue };
            let Some(slot) = self.captures.iter().position(|capture| capture.name == *name) else { continue };
            let is_new = property.is_some_and(|property| self.added.get(slot).is_some_and(|added| added.iter().any(|known| **known == **property)));
            let text = path.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(".");
            if (is_new || has & bit(slot) == 0) && !is_guarded(&def.source, &text) {
                if is_new && has & bit(slot) != 0 {
                    reads.variables.push(text);
                } else {
                    reads.plain |= bit(slot);
                }
            }
        }
    }
}

fn bit(slot: usize) -> Slots {
    u32::try_from(slot).ok().and_then(|slot| 1_u64.checked_shl(slot)).unwrap_or(0)
}

fn blocks_of(query: &Query) -> Vec<BlockId> {
    let window = match query.window {
        HistoryWindow::Last(block) => Some(block),
        HistoryWindow::Anchor | HistoryWindow::Ever => None,
    };
    query.predicate.into_iter().chain(window).collect()
}

/// All templates of what a message says.
pub(super) fn templates_of(content: &MessageContent) -> Vec<TemplateId> {
    match content {
        MessageContent::Email { subject, html, text, from, reply_to, preheader, headers, .. } => {
            let parts = [Some(*subject), *html, Some(*text), *from, *reply_to, *preheader].into_iter().flatten();
            parts.chain(headers.iter().map(|(_, template)| *template)).collect()
        }
        MessageContent::Sms { text } => vec![*text],
        MessageContent::Push { title, body, link } => [Some(*title), Some(*body), *link].into_iter().flatten().collect(),
    }
}

/// Whether every use of a variable has a `default`, or the template asks for it.
fn is_guarded(source: &str, variable: &str) -> bool {
    let asks = ["if ", "elif "].iter().any(|word| source.contains(&format!("{word}{variable}")));
    let has_default = |rest: &str| rest.trim_start().strip_prefix('|').is_some_and(|filter| filter.trim_start().starts_with("default"));
    asks || source.match_indices(variable).all(|(at, _)| source.get(at + variable.len()..).is_some_and(has_default))
}

fn added_properties(running: &Program, next: &Program, capture: &CaptureDef) -> Vec<String> {
    let Some(event) = capture.event.and_then(|event| next.events.get(event.index())) else { return Vec::new() };
    let Some(former) = running.events.iter().find(|known| known.name == event.name && known.is_form == event.is_form) else { return Vec::new() };
    let is_new = |name: &str| !former.properties.iter().any(|known| known.name.as_ref() == name);
    event.properties.iter().map(|property| property.name.to_string()).filter(|name| is_new(name)).collect()
}

/// A value that is stored, read as another type.
pub(super) fn converts(value: &Value, wanted: &crate::lang::Type, zone: &crate::lang::Zone) -> bool {
    crate::lang::from_json(&crate::lang::to_json(value), wanted, zone).is_ok()
}
