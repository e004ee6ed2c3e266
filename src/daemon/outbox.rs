//! The operator's word on effects: tried again, or given up. Each is a line of the journal.

use super::api::{EngineError, OutboxCommand, OutboxTarget};
use super::batch::Work;
use super::batcher::Batcher;
use super::routes::{lane_of, worth_ms};
use crate::advance::{Input, InputKind, What};
use crate::bytecode::decode;
use crate::deliver::Lane;
use crate::machine::Linked;
use crate::machine::state::EffectId;
use crate::store::{OutboxFilter, OutboxRow, OutboxStatus, PageRequest};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Effects that are settled in one transaction.
const CHUNK: u32 = 500;
/// Why an effect was given up.
const DROPPED: &str = "dropped by the operator";

impl Batcher {
    /// The operator's word on one effect, or on many; how many it was about.
    pub(super) fn operate(&mut self, target: &OutboxTarget, command: OutboxCommand) -> Result<u64, EngineError> {
        match target {
            OutboxTarget::One(effect) => self.operate_one(*effect, command).map(|()| 1),
            OutboxTarget::All { status, lane } => self.operate_all(*status, (lane.as_deref(), command)),
        }
    }

    fn operate_one(&mut self, effect: EffectId, command: OutboxCommand) -> Result<(), EngineError> {
        let open = self.desk.get(effect).map(|open| open.row.clone());
        let row = match open {
            Some(row) => Some(row),
            None => self.reader.effect(effect, None)?,
        };
        let row = row.ok_or_else(|| EngineError::Unknown(format!("there is no effect {}", effect.to_text())))?;
        if let Some(why) = refusal(row.state.status, command) {
            return Err(EngineError::Settled(format!("effect {} {why}", effect.to_text())));
        }
        self.operate_on(vec![row], command)
    }

    /// All in one status, or only those of a lane. Those that are settled leave the status, so the first page is always the next.
    fn operate_all(&mut self, status: OutboxStatus, (lane, command): (Option<&str>, OutboxCommand)) -> Result<u64, EngineError> {
        let (mut after, mut count) = (0, 0);
        if command == OutboxCommand::Retry {
            self.enable(BTreeSet::clear)?;
        }
        loop {
            let page = PageRequest { after, limit: CHUNK };
            let rows = self.reader.outbox(&OutboxFilter { contact: None, campaign: None, status: Some(status), page })?;
            let Some((last, _)) = rows.last() else { return Ok(count) };
            after = *last;
            let rows: Vec<OutboxRow> = rows.into_iter().map(|(_, row)| row).filter(|row| refusal(row.state.status, command).is_none()).collect();
            let mut chosen = Vec::with_capacity(rows.len());
            for row in rows {
                if lane.is_none_or(|wanted| self.lane_of(&row).is_ok_and(|lane| lane.to_string() == wanted)) {
                    chosen.push(row);
                }
            }
            count += u64::try_from(chosen.len()).unwrap_or(0);
            self.operate_on(chosen, command)?;
        }
    }

    fn operate_on(&mut self, rows: Vec<OutboxRow>, command: OutboxCommand) -> Result<(), EngineError> {
        let mut staged = Vec::with_capacity(rows.len());
        for row in rows {
            let lane = self.lane_of(&row)?;
            if command == OutboxCommand::Retry && self.desk.is_disabled(&row) {
                let name = row.message.clone().unwrap_or_default();
                self.enable(|disabled| {
                    disabled.remove(&name);
                })?;
            }
            staged.push((lane, row));
        }
        self.with_work(|work| {
            for (lane, row) in staged {
                match command {
                    OutboxCommand::Retry => work.retry(lane, row),
                    OutboxCommand::Drop => work.drop_effect(lane, row),
                }
            }
        })
    }

    /// Endpoints are called again.
    pub(super) fn enable(&mut self, change: impl FnOnce(&mut BTreeSet<Arc<str>>)) -> Result<(), EngineError> {
        let mut disabled = self.desk.disabled().clone();
        change(&mut disabled);
        if disabled == *self.desk.disabled() {
            return Ok(());
        }
        self.with_work(|work| {
            work.desk.set_disabled(disabled.clone());
            work.disabled = Some(disabled);
        })
    }

    /// The lane of a stored effect, read with the program that decided it.
    fn lane_of(&mut self, row: &OutboxRow) -> Result<Lane, EngineError> {
        let running = self.shared.linked().ok_or(EngineError::NothingDeployed)?;
        let program = row.effect.program;
        if program != running.deployment.program
            && !self.routes.knows(&program)
            && let Some((image, deployment)) = self.reader.deployed(program)?
        {
            let program = decode(&image).map_err(|error| EngineError::Program(error.to_string()))?;
            self.routes.keep(Arc::new(Linked::new(Arc::new(program), deployment)));
        }
        Ok(lane_of(&self.routes.of(&running, &row.effect), &row.effect))
    }
}

/// Why the operator's word comes to nothing.
fn refusal(status: OutboxStatus, command: OutboxCommand) -> Option<&'static str> {
    match (status, command) {
        (OutboxStatus::Queued | OutboxStatus::Unknown | OutboxStatus::Dead, _) | (OutboxStatus::Failed, OutboxCommand::Retry) => None,
        (OutboxStatus::Failed, OutboxCommand::Drop) => Some("was refused for good already"),
        (OutboxStatus::Claimed, _) => Some("is being handed over at this moment"),
        (OutboxStatus::Accepted, _) => Some("was handed over"),
        (OutboxStatus::Suppressed, _) => Some("may not be sent: consent or suppression forbids it"),
        (OutboxStatus::Cancelled, _) => Some("was taken back"),
    }
}

impl Work<'_> {
    /// An effect is tried again, now; what was given up is worth something once more.
    fn retry(&mut self, lane: Lane, row: OutboxRow) {
        let (id, status, effect, now) = (row.effect.id, row.state.status, row.effect.clone(), self.around.now);
        let worth_ms = worth_ms(&lane, &row);
        let was = row.state.reason.clone().unwrap_or_default();
        self.stage(lane, row);
        self.change_row(id, |state| {
            state.status = OutboxStatus::Queued;
            state.not_before = None;
            state.handed_over_at = None;
            if status != OutboxStatus::Queued {
                state.expires_at = now.plus_millis(worth_ms);
            }
        });
        self.note_effect(&effect, (What::Retried, "operator"), format!("{}: {was}", status.word()));
        let contact = self.canonical(effect.contact);
        self.step(contact, &Input::new(InputKind::Requeued(id)));
    }

    /// An effect is given up. The enrollment hears of it where it has not yet.
    fn drop_effect(&mut self, lane: Lane, row: OutboxRow) {
        let (id, status, effect) = (row.effect.id, row.state.status, row.effect.clone());
        let was = row.state.reason.clone().unwrap_or_default();
        self.stage(lane, row);
        self.note_effect(&effect, (What::Dropped, "operator"), format!("{}: {was}", status.word()));
        if status == OutboxStatus::Dead {
            return self.change_row(id, |state| {
                state.status = OutboxStatus::Cancelled;
                state.reason = Some(Arc::from(DROPPED));
            });
        }
        self.give_up(id, DROPPED);
    }
}
