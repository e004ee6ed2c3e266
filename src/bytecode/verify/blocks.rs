//! Blocks and what they ask: no circles, not too deep, and `reads` says all that they read.

use super::{Checker, MAX_BLOCK_DEPTH, MAX_REGEX_BYTES};
use crate::bytecode::{Fact, reads};

impl Checker<'_> {
    pub(super) fn check_blocks(&mut self) {
        self.check_regexes();
        let Some(order) = reads::inner_first(self.program, &self.layout) else {
            self.report(None, "blocks that ask each other in a circle");
            return;
        };
        let mut depths = vec![1_usize; self.program.blocks.len()];
        for block in order {
            let code = self.layout.block(block).map(|routine| routine.code(self.program)).unwrap_or(&[]);
            let inner = reads::inner_blocks(self.program, code).into_iter().filter_map(|inner| depths.get(inner.index()).copied()).max().unwrap_or(0);
            if let Some(depth) = depths.get_mut(block.index()) {
                *depth = inner + 1;
            }
            self.demand(inner < MAX_BLOCK_DEPTH, "blocks that ask each other too deep");
        }
        self.check_reads();
        self.check_segment_order();
    }

    fn check_reads(&mut self) {
        let Some(known) = reads::all_reads(self.program, &self.layout) else { return };
        for (at, (block, facts)) in self.program.blocks.iter().zip(known).enumerate() {
            if !block.reads.iter().eq(facts.iter()) {
                self.report(Some(block.start), format!("block {at} reads something else than it says"));
            }
        }
    }

    /// A segment reads only segments before it, so that one pass settles all.
    fn check_segment_order(&mut self) {
        let program = self.program;
        for (at, segment) in program.segments.iter().enumerate() {
            let facts = program.blocks.get(segment.predicate.index()).map(|block| block.reads.as_slice()).unwrap_or(&[]);
            let is_behind = facts.iter().all(|fact| !matches!(fact, Fact::Segment(inner) if inner.index() >= at));
            self.demand(is_behind, "a segment that reads itself or one behind it");
        }
    }

    fn check_regexes(&mut self) {
        for pattern in &self.program.regexes {
            if let Err(error) = regex::RegexBuilder::new(pattern).size_limit(MAX_REGEX_BYTES).build() {
                self.report(None, format!("a pattern that does not compile: {error}"));
            }
        }
    }
}
