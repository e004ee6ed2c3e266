//! Layer 0: the places where a proof may break the engine on purpose: [`Point`]s at which the process can be made to die, and
//! [`Mutant`]s, mistakes that can be planted to see that a test notices them.
//!
//! Both do something under the feature `proof` alone; without it they are constants that the compiler removes. Never part of a release.

/// A boundary of the engine at which a proof can end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Point {
    BatchGathered,
    BatchDecided,
    CommitBegun,
    EventsWritten,
    JournalWritten,
    OutboxWritten,
    UpdatesWritten,
    ContactsWritten,
    IdentitiesWritten,
    MetaWritten,
    CommitDue,
    CommitDone,
    MemoryInstalled,
    Answered,
    HandOverClaimed,
    ParcelRendered,
    BeforeFirstByte,
    ProviderAnswered,
    ResultQueued,
    ResultDecided,
    TimerTaken,
    SwitchBegun,
    SwitchWritten,
    SwitchDone,
    EraseBegun,
    EraseWritten,
    EraseDone,
    DeployBegun,
    DeployWritten,
    DeployDone,
    RollOverBegun,
    RollOverBatch,
    RollOverDone,
    LoadBegun,
    LoadDone,
    MergeDecided,
    SweepBegun,
    SweepWritten,
    SweepDone,
    ClockMoved,
    DrainBegun,
}

impl Point {
    /// All of them.
    pub const ALL: [Point; 41] = [
        Point::BatchGathered,
        Point::BatchDecided,
        Point::CommitBegun,
        Point::EventsWritten,
        Point::JournalWritten,
        Point::OutboxWritten,
        Point::UpdatesWritten,
        Point::ContactsWritten,
        Point::IdentitiesWritten,
        Point::MetaWritten,
        Point::CommitDue,
        Point::CommitDone,
        Point::MemoryInstalled,
        Point::Answered,
        Point::HandOverClaimed,
        Point::ParcelRendered,
        Point::BeforeFirstByte,
        Point::ProviderAnswered,
        Point::ResultQueued,
        Point::ResultDecided,
        Point::TimerTaken,
        Point::SwitchBegun,
        Point::SwitchWritten,
        Point::SwitchDone,
        Point::EraseBegun,
        Point::EraseWritten,
        Point::EraseDone,
        Point::DeployBegun,
        Point::DeployWritten,
        Point::DeployDone,
        Point::RollOverBegun,
        Point::RollOverBatch,
        Point::RollOverDone,
        Point::LoadBegun,
        Point::LoadDone,
        Point::MergeDecided,
        Point::SweepBegun,
        Point::SweepWritten,
        Point::SweepDone,
        Point::ClockMoved,
        Point::DrainBegun,
    ];
}

/// A mistake that can be planted. Each is noticed by a test of its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutant {
    /// A 2xx before the commit.
    AcknowledgedBeforeCommit,
    /// The event changes its contact without being stored.
    EventNotStored,
    /// A random part in the id of an effect.
    RandomEffectId,
    /// A timer is not set again after the contact was touched.
    TimerNotArmed,
    /// The clock goes back with the system's.
    ClockGoesBack,
    /// A `messageId` counts as often as it comes.
    NoDedupe,
    /// The dedupe keys are not loaded at the start.
    DedupeForgotten,
    /// A queued message is handed over without a second look.
    NoSecondLook,
    /// A commit whose answer was lost counts as refused.
    LostCommitIsAbort,
    /// Attempts go on without an end.
    UnboundedRetry,
    /// What a refused commit had decided stays in memory.
    MemoryBeforeCommit,
    /// An erasure leaves the contact's events.
    EraseLeavesEvents,
    /// After-images are let go before the tables hold them.
    ImagesDroppedEarly,
    /// A commit is not synced.
    MissingSync,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 14] = [
        Mutant::AcknowledgedBeforeCommit,
        Mutant::EventNotStored,
        Mutant::RandomEffectId,
        Mutant::TimerNotArmed,
        Mutant::ClockGoesBack,
        Mutant::NoDedupe,
        Mutant::DedupeForgotten,
        Mutant::NoSecondLook,
        Mutant::LostCommitIsAbort,
        Mutant::UnboundedRetry,
        Mutant::MemoryBeforeCommit,
        Mutant::EraseLeavesEvents,
        Mutant::ImagesDroppedEarly,
        Mutant::MissingSync,
    ];
}

#[cfg(feature = "proof")]
mod plan;

#[cfg(feature = "proof")]
pub use plan::{end_at, is_planted, on_reach, plant, reach};

/// What a thread ends with when a proof ends the process: a crash, and nobody's fault. It is not to be caught.
#[derive(Clone, Copy, Debug)]
pub struct End;

/// Whether a panic is the end of the process.
#[must_use]
pub fn is_end(panic: &(dyn std::any::Any + Send)) -> bool {
    panic.is::<End>()
}

/// The process comes to a point.
#[cfg(not(feature = "proof"))]
#[inline(always)]
pub const fn reach(_: Point) {}

/// Whether a mistake is planted.
#[cfg(not(feature = "proof"))]
#[inline(always)]
#[must_use]
pub const fn is_planted(_: Mutant) -> bool {
    false
}
