//! How the code is divided: the routine of each block and each campaign, from its first operation to the next routine's.

use super::{BlockId, CampaignId, Op, Pc, Program};

/// Whose code a routine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoutineOwner {
    /// The steps of a campaign.
    Campaign(CampaignId),
    /// A block that computes a value.
    Block(BlockId),
}

/// A stretch of code that is entered at its start and never left but at its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Routine {
    /// Whose it is.
    pub owner: RoutineOwner,
    /// Its first operation.
    pub start: Pc,
    /// One past its last.
    pub end: Pc,
}

impl Routine {
    /// Whether an operation belongs to it.
    #[must_use]
    pub fn contains(&self, pc: Pc) -> bool {
        self.start <= pc && pc < self.end
    }
    /// Its code; empty where the program does not hold it.
    #[must_use]
    pub fn code<'p>(&self, program: &'p Program) -> &'p [Op] {
        program.code.get(self.start.index()..self.end.index()).unwrap_or(&[])
    }
}

/// All routines of a program.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    routines: Vec<Routine>,
    blocks: Vec<Routine>,
    campaigns: Vec<Routine>,
}

impl Layout {
    /// Divides a program's code; works on any tables, also on wrong ones.
    #[must_use]
    pub fn new(program: &Program) -> Layout {
        let blocks = program.blocks.iter().enumerate().map(|(i, block)| (block.start, RoutineOwner::Block(BlockId::from_index(i))));
        let campaigns = program.campaigns.iter().enumerate().map(|(i, campaign)| (campaign.entry, RoutineOwner::Campaign(CampaignId::from_index(i))));
        let mut starts: Vec<Pc> = blocks.clone().chain(campaigns.clone()).map(|(start, _)| start).collect();
        starts.sort_unstable();
        starts.dedup();
        let code_end = Pc::from_index(program.code.len());
        let routine = |(start, owner): (Pc, RoutineOwner)| {
            let next = starts.get(starts.partition_point(|known| *known <= start)).copied().unwrap_or(code_end);
            Routine { owner, start, end: next.min(code_end) }
        };
        let blocks: Vec<Routine> = blocks.map(routine).collect();
        let campaigns: Vec<Routine> = campaigns.map(routine).collect();
        let mut routines: Vec<Routine> = blocks.iter().chain(&campaigns).copied().collect();
        routines.sort_by_key(|routine| routine.start);
        Layout { routines, blocks, campaigns }
    }
    /// All routines in the order of the code.
    #[must_use]
    pub fn routines(&self) -> &[Routine] {
        &self.routines
    }
    /// The routine of a block.
    #[must_use]
    pub fn block(&self, block: BlockId) -> Option<Routine> {
        self.blocks.get(block.index()).copied()
    }
    /// The routine of a campaign.
    #[must_use]
    pub fn campaign(&self, campaign: CampaignId) -> Option<Routine> {
        self.campaigns.get(campaign.index()).copied()
    }
}
