//! What all parts of lowering share: the program under construction, source texts, what was refused.

use super::positions::positions;
use crate::base::{Sources, Span};
use crate::bytecode::{Assembler, BlockId, Pc, Place, PlaceId, Program, ProgramBuilder, StepId};
use crate::semantic::hir;
use std::collections::BTreeMap;

/// A program under construction.
pub(super) struct Lowering<'h> {
    pub project: &'h hir::Project,
    pub sources: &'h Sources,
    pub builder: ProgramBuilder,
    /// Where it met poison.
    pub refused: Vec<Span>,
    /// How many standing places each step has so far.
    places: BTreeMap<StepId, u16>,
}

impl<'h> Lowering<'h> {
    pub(super) fn new(project: &'h hir::Project, sources: &'h Sources) -> Self {
        Lowering { project, sources, builder: ProgramBuilder::new(), refused: Vec::new(), places: BTreeMap::new() }
    }

    /// The program, unless something was refused.
    pub(super) fn finish(mut self) -> Result<Program, Vec<Span>> {
        if !self.refused.is_empty() {
            self.refused.sort_unstable();
            self.refused.dedup();
            return Err(self.refused);
        }
        let mut program = self.builder.finish();
        program.files = self.project.files.clone();
        program.positions = positions(&program, self.sources);
        Ok(program)
    }

    /// Meets poison. A program with findings is not lowered, so this is a safety net.
    pub(super) fn poison(&mut self, span: Span) {
        self.refused.push(span);
    }

    /// The source text of a place on one line, for the journal.
    pub(super) fn text(&self, span: Span) -> String {
        self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A block that computes an expression.
    pub(super) fn block(&mut self, expr: &hir::Expr) -> BlockId {
        let mut code = Assembler::new();
        code.note(expr.span);
        self.value(&mut code, expr);
        let text = self.text(expr.span);
        self.builder.block(code, &text)
    }

    /// A new standing place of a step; its address is known when the routine is laid down.
    pub(super) fn place(&mut self, step: StepId) -> PlaceId {
        let next = self.places.entry(step).or_insert(0);
        let ordinal = *next;
        *next = next.saturating_add(1);
        self.builder.program.places.push(Place { step, ordinal, pc: Pc(0) });
        PlaceId::from_index(self.builder.program.places.len() - 1)
    }
}
