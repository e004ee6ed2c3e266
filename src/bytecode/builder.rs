//! Building a program: interned constants, routines with labels, jumps patched when a routine is laid down.
//!
//! Not here: which code a construct becomes (`lower`).

use super::flat::FlatValue;
use super::{
    ArmsId, Block, BlockId, ConstId, Layout, ListenId, Op, Pc, PlaceId, Program, RegexId, SourceNote, TemplateDef, TemplateId, TimelineId, encode, reads,
};
use crate::base::Span;
use crate::lang::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A place in a routine that is being written, to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

impl Label {
    /// The label in the disguise of an address: what a `ListenDef` holds until its routine is laid down.
    #[must_use]
    pub fn as_target(self) -> Pc {
        Pc(self.0)
    }
}

/// A routine that is being written. Jumps hold labels until it is laid down.
#[derive(Debug, Default)]
pub struct Assembler {
    ops: Vec<Op>,
    labels: Vec<Option<usize>>,
    notes: Vec<(usize, Span)>,
    places: Vec<(usize, PlaceId)>,
    listens: Vec<ListenId>,
    arms: Vec<ArmsId>,
    timelines: Vec<TimelineId>,
}

impl Assembler {
    /// An empty routine.
    #[must_use]
    pub fn new() -> Assembler {
        Assembler::default()
    }
    /// Appends an operation that does not jump.
    pub fn emit(&mut self, op: Op) {
        self.ops.push(op);
    }
    /// Appends the operation that stands at a place.
    pub fn emit_at(&mut self, place: PlaceId, op: Op) {
        self.places.push((self.ops.len(), place));
        if let Op::Listen(listen, _) = op {
            self.listens.push(listen);
        }
        if let Op::Timeline(timeline, _) = op {
            self.timelines.push(timeline);
        }
        self.ops.push(op);
    }
    /// The targets of these arms are labels of this routine.
    pub fn arms(&mut self, arms: ArmsId) {
        self.arms.push(arms);
    }
    /// A label that stands nowhere yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(u32::try_from(self.labels.len() - 1).unwrap_or(u32::MAX))
    }
    /// Puts a label before the next operation.
    pub fn bind(&mut self, label: Label) {
        let here = self.ops.len();
        if let Some(slot) = self.labels.get_mut(Pc(label.0).index()) {
            debug_assert!(slot.is_none(), "a label stands in one place");
            *slot = Some(here);
        }
    }
    /// Goes on at a label.
    pub fn jump(&mut self, label: Label) {
        self.ops.push(Op::Jump(label.as_target()));
    }
    /// Goes on at a label where the popped value is not true.
    pub fn jump_unless(&mut self, label: Label) {
        self.ops.push(Op::JumpUnless(label.as_target()));
    }
    /// The end of an `and` where the value is not true.
    pub fn and_jump(&mut self, label: Label) {
        self.ops.push(Op::AndJump(label.as_target()));
    }
    /// The end of an `or` where the value is true.
    pub fn or_jump(&mut self, label: Label) {
        self.ops.push(Op::OrJump(label.as_target()));
    }
    /// Goes on at a label unless the send before found no way to the contact.
    pub fn reached_jump(&mut self, label: Label) {
        self.ops.push(Op::ReachedJump(label.as_target()));
    }
    /// Says where the following operations come from.
    pub fn note(&mut self, span: Span) {
        if self.notes.last().is_none_or(|(_, last)| *last != span) {
            self.notes.push((self.ops.len(), span));
        }
    }
    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}

/// A program that is being built.
#[derive(Debug, Default)]
pub struct ProgramBuilder {
    /// The tables so far; code, constants, regexes and templates are added by the builder's own functions.
    pub program: Program,
    constants: HashMap<Vec<u8>, ConstId>,
    regexes: BTreeMap<Arc<str>, RegexId>,
    templates: HashMap<(Arc<str>, bool), TemplateId>,
}

impl ProgramBuilder {
    /// An empty program.
    #[must_use]
    pub fn new() -> ProgramBuilder {
        ProgramBuilder::default()
    }
    /// The constant of that value.
    pub fn constant(&mut self, value: Value) -> ConstId {
        let key = encode::bytes_of(&FlatValue(value.clone()));
        let next = ConstId::from_index(self.program.constants.len());
        let id = *self.constants.entry(key).or_insert(next);
        if id == next {
            self.program.constants.push(value);
        }
        id
    }
    /// The constant of that text.
    pub fn text(&mut self, text: &str) -> ConstId {
        self.constant(Value::text(text))
    }
    /// The pattern's id.
    pub fn regex(&mut self, pattern: &str) -> RegexId {
        if let Some(id) = self.regexes.get(pattern) {
            return *id;
        }
        let id = RegexId::from_index(self.program.regexes.len());
        let pattern: Arc<str> = pattern.into();
        self.program.regexes.push(Arc::clone(&pattern));
        self.regexes.insert(pattern, id);
        id
    }
    /// The id of a template; one of the same text and kind is shared.
    pub fn template(&mut self, template: TemplateDef) -> TemplateId {
        let next = TemplateId::from_index(self.program.templates.len());
        let id = *self.templates.entry((Arc::clone(&template.source), template.is_html)).or_insert(next);
        if id == next {
            self.program.templates.push(template);
        }
        id
    }
    /// Lays down a block: its code computes one value, `Return` is added. Blocks it asks must be laid down before.
    pub fn block(&mut self, mut code: Assembler, text: &str) -> BlockId {
        code.emit(Op::Return);
        let start = self.routine(code);
        self.program.blocks.push(Block { start, reads: Vec::new(), text: text.into() });
        BlockId::from_index(self.program.blocks.len() - 1)
    }
    /// Lays down a routine, and gives its places and listening places their addresses. The address of its first operation.
    pub fn routine(&mut self, code: Assembler) -> Pc {
        let base = self.program.code.len();
        let Assembler { ops, labels, notes, places, listens, arms, timelines } = code;
        let address = |label: Pc| labels.get(label.index()).copied().flatten().map_or(Pc(u32::MAX), |offset| Pc::from_index(base + offset));
        for op in ops {
            self.program.code.push(op.target().map_or(op, |label| op.with_target(address(label))));
        }
        for (offset, place) in places {
            if let Some(place) = self.program.places.get_mut(place.index()) {
                place.pc = Pc::from_index(base + offset);
            }
        }
        for listen in listens {
            let Some(listen) = self.program.listens.get_mut(listen.index()) else { continue };
            listen.arms.iter_mut().for_each(|arm| arm.target = address(arm.target));
            if let Some((_, target)) = &mut listen.deadline {
                *target = address(*target);
            }
        }
        for arms in arms {
            let Some(arms) = self.program.arms.get_mut(arms.index()) else { continue };
            arms.targets.iter_mut().for_each(|target| *target = address(*target));
        }
        for timeline in timelines {
            let Some(timeline) = self.program.timelines.get_mut(timeline.index()) else { continue };
            timeline.arms.iter_mut().for_each(|arm| arm.target = address(arm.target));
            timeline.end = address(timeline.end);
        }
        self.program.notes.extend(notes.into_iter().map(|(offset, span)| SourceNote { pc: Pc::from_index(base + offset), span }));
        Pc::from_index(base)
    }
    /// The finished program, with what its blocks read.
    #[must_use]
    pub fn finish(self) -> Program {
        let mut program = self.program;
        let layout = Layout::new(&program);
        for (block, facts) in program_reads(&program, &layout).into_iter().enumerate() {
            if let Some(block) = program.blocks.get_mut(block) {
                block.reads = facts;
            }
        }
        program
    }
}

/// Blocks are laid down behind those they ask, so there is no circle; were there one, the verifier would say so.
fn program_reads(program: &Program, layout: &Layout) -> Vec<Vec<super::Fact>> {
    reads::all_reads(program, layout).unwrap_or_default().into_iter().map(|facts| facts.into_iter().collect()).collect()
}
