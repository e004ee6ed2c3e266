//! The plan of a deploy over everybody who is known. Reads only: contacts are taken in portions and opened beside the counting, so that
//! commits go on between.
//!
//! Who stands where could be read off the store's census. Who lacks a captured value, whose values do not fit, who has had a message and who
//! comes into a segment cannot, and each of these forbids a deploy or is promised as a number: so everybody is opened once, and all is exact
//! but what is tried.

use super::shared::Shared;
use crate::bytecode::{Program, program_hash};
use crate::machine::Deployment;
use crate::machine::state::{ContactState, ContactUid};
use crate::migrate::{Choices, Depth, Permits, Plan, Question, plan};
use crate::store::PackedState;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// Contacts that are opened at a time.
const PORTION: usize = 2_048;
/// Portions that may wait for the counting.
const AHEAD: usize = 4;

/// What a plan is asked for.
#[derive(Clone, Debug)]
pub struct PlanAsk {
    /// The new program, verified.
    pub program: Arc<Program>,
    /// On how many the move is tried.
    pub depth: Depth,
    /// What is chosen already.
    pub permits: Permits,
}

/// Plans a deploy of a program onto the one that runs.
///
/// Of a roll-back the deployment is known that the program had before.
pub(super) fn planned(shared: &Shared, ask: &PlanAsk, back_to: Option<&Deployment>) -> Plan {
    let (linked, switches, uids) = {
        let resident = shared.read();
        (resident.linked.clone(), resident.switches.clone(), resident.uids())
    };
    let question = Question {
        running: linked.as_deref(),
        program: &ask.program,
        hash: program_hash(&ask.program),
        switches: &switches,
        now: shared.clock.now(),
        depth: ask.depth,
        permits: &ask.permits,
        choices: Choices { back_to },
    };
    with_everybody(shared, &uids, |states| plan(&question, states))
}

/// Gives out the states of contacts one by one, opened beside, while others go on to change them.
pub(super) fn with_everybody<R>(shared: &Shared, uids: &[ContactUid], look: impl FnOnce(&mut dyn Iterator<Item = ContactState>) -> R) -> R {
    std::thread::scope(|scope| {
        let (opener, counter) = sync_channel(AHEAD);
        scope.spawn(move || {
            // The counting ends early where nothing changes: then nobody is opened.
            let _ = uids.chunks(PORTION).try_for_each(|portion| opener.send(opened(shared, portion)));
        });
        look(&mut counter.into_iter().flatten())
    })
}

fn opened(shared: &Shared, portion: &[ContactUid]) -> Vec<ContactState> {
    let packed: Vec<PackedState> = {
        let resident = shared.read();
        // Who was erased or merged meanwhile is not there.
        portion.iter().filter_map(|uid| resident.people.get(*uid)?.packed().cloned()).collect()
    };
    // A state that is damaged is set aside when it is loaded.
    packed.iter().filter_map(|packed| packed.open().ok()).collect()
}
