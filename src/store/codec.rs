//! Effects and other values as bytes: a version byte, then postcard (states: see `packed`). Checksums bind the bytes to their owner, so that a
//! row that was damaged, or put in another's place, is noticed.

use super::StoreError;
use crate::advance::{Effect, ExperimentBook, PaceBook};
use crate::machine::state::{ContactUid, EffectId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version written before each effect.
const EFFECT_VERSION: u8 = 1;
/// The version written before the slots of throttles.
const PACE_VERSION: u8 = 1;
/// The version written before the counters of experiments.
const EXPERIMENTS_VERSION: u8 = 1;
/// Length of a checksum of what is written seldom.
const CHECKSUM_BYTES: usize = 8;

/// The bytes of an effect.
///
/// # Errors
/// Never in practice: every part of an effect can be written.
pub fn encode_effect(effect: &Effect) -> Result<Vec<u8>, StoreError> {
    encode(EFFECT_VERSION, effect)
}

/// The effect of bytes.
///
/// # Errors
/// The bytes are of another version or damaged.
pub fn decode_effect(bytes: &[u8]) -> Result<Effect, StoreError> {
    decode(EFFECT_VERSION, bytes, "outbox body")
}

/// The bytes of the slots that throttles have given.
///
/// # Errors
/// Never in practice: every part of it can be written.
pub fn encode_pace(pace: &PaceBook) -> Result<Vec<u8>, StoreError> {
    encode(PACE_VERSION, pace)
}

/// The slots of bytes.
///
/// # Errors
/// The bytes are of another version or damaged.
pub fn decode_pace(bytes: &[u8]) -> Result<PaceBook, StoreError> {
    decode(PACE_VERSION, bytes, "throttles")
}

/// The bytes of the counters of experiments.
///
/// # Errors
/// Never in practice: every part of them can be written.
pub fn encode_experiments(book: &ExperimentBook) -> Result<Vec<u8>, StoreError> {
    encode(EXPERIMENTS_VERSION, book)
}

/// The counters of bytes.
///
/// # Errors
/// The bytes are of another version or damaged.
pub fn decode_experiments(bytes: &[u8]) -> Result<ExperimentBook, StoreError> {
    decode(EXPERIMENTS_VERSION, bytes, "experiments")
}

/// The checksum of a contact's bytes: XXH3-64, with the contact for its seed.
pub(crate) fn state_checksum(contact: ContactUid, bytes: &[u8]) -> i64 {
    signed(xxh3_64_with_seed(bytes, contact.0))
}

/// The checksum of an effect's bytes, with the first eight bytes of its id for the seed.
pub(crate) fn effect_checksum(effect: EffectId, bytes: &[u8]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = effect.0;
    signed(xxh3_64_with_seed(bytes, u64::from_be_bytes([a, b, c, d, e, f, g, h])))
}

fn signed(sum: u64) -> i64 {
    i64::from_be_bytes(sum.to_be_bytes())
}

/// The checksum of any other row.
pub(crate) fn checksum(owner: &[u8], bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(owner).update(bytes);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}

fn encode<T: Serialize>(version: u8, value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(version);
    Ok(postcard::to_extend(value, bytes)?)
}

fn decode<T: DeserializeOwned>(version: u8, bytes: &[u8], what: &str) -> Result<T, StoreError> {
    match bytes.split_first() {
        Some((found, body)) if *found == version => postcard::from_bytes(body).map_err(|error| StoreError::Damaged(format!("{what}: {error}"))),
        Some((found, _)) => Err(StoreError::Damaged(format!("{what} of version {found}, this version knows {version}"))),
        None => Err(StoreError::Damaged(format!("{what} is empty"))),
    }
}
