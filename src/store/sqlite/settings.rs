//! Writing what changes seldom: deployments with their names, switches, values of `meta`. All inside a transaction of the caller.

use super::number::step_number;
use super::{StoreError, db};
use crate::advance::Switches;
use crate::store::{DeployRecord, codec};
use rusqlite::{Transaction, params};
use std::sync::Arc;

const META: &str = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
const PROGRAM: &str = "INSERT INTO program (hash, image, added_at) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING";
const DEPLOYMENT: &str = "INSERT INTO deployment (seq, from_program, to_program, at, body, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const STEP: &str = "INSERT INTO step (deployment, step_uid, campaign, identity, source) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const CAMPAIGN: &str = "INSERT INTO campaign (deployment, id, name, source) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";

/// Writes a deployment with its program and its names.
pub(super) fn write_deployment(transaction: &Transaction<'_>, record: &DeployRecord) -> Result<(), StoreError> {
    let deployment: &Arc<_> = &record.deployment;
    let body = postcard::to_stdvec(deployment.as_ref())?;
    let sum = codec::checksum(&deployment.seq.to_be_bytes(), &body);
    transaction.execute(PROGRAM, params![&deployment.program[..], record.image, deployment.at.0]).map_err(db)?;
    let from = record.from.as_ref().map(|hash| &hash[..]);
    transaction.execute(DEPLOYMENT, params![deployment.seq, from, &deployment.program[..], deployment.at.0, body, &sum[..]]).map_err(db)?;
    for label in &record.steps {
        let mut statement = transaction.prepare_cached(STEP).map_err(db)?;
        statement.execute(params![deployment.seq, step_number(label.step), label.campaign, label.identity.as_ref(), label.source]).map_err(db)?;
    }
    for label in &record.campaigns {
        let mut statement = transaction.prepare_cached(CAMPAIGN).map_err(db)?;
        statement.execute(params![deployment.seq, label.campaign, label.name.as_ref(), label.source]).map_err(db)?;
    }
    Ok(())
}

/// Writes the switches anew.
pub(super) fn write_switches(transaction: &Transaction<'_>, switches: &Switches) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM switch", []).map_err(db)?;
    for campaign in &switches.paused {
        transaction.execute("INSERT INTO switch (campaign, is_paused) VALUES (?1, 1)", [campaign]).map_err(db)?;
    }
    Ok(())
}

/// Writes a value of `meta`.
pub(super) fn write_meta(transaction: &Transaction<'_>, key: &str, value: &[u8]) -> Result<(), StoreError> {
    transaction.prepare_cached(META).map_err(db)?.execute(params![key, value]).map_err(db)?;
    Ok(())
}
