//! What the machine says when an enrollment comes to rest.

use super::state::{EffectId, StandingKind};
use crate::bytecode::PlaceId;
use crate::lang::Instant;

/// Where an enrollment waits, and what for.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The place.
    pub place: PlaceId,
    /// When time alone ends the wait.
    pub due: Option<Instant>,
    /// What for.
    pub kind: StandingKind,
    /// The send whose hand-over `due` counts from.
    pub counts_from: Option<EffectId>,
}
