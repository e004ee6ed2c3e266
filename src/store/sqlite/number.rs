//! Our numbers as SQLite's signed 64-bit integers and back.

use crate::machine::state::{ContactUid, StepUid};

/// Contacts have 63 bits, so their number is the same.
pub(super) fn contact_number(contact: ContactUid) -> i64 {
    signed(contact.0)
}

/// The contact of a number.
pub(super) fn contact_of(number: i64) -> ContactUid {
    ContactUid(unsigned(number))
}

/// Steps have 64 bits: the same bits, read as signed.
pub(super) fn step_number(step: StepUid) -> i64 {
    signed(step.0)
}

/// The step of a number.
pub(super) fn step_of(number: i64) -> StepUid {
    StepUid(unsigned(number))
}

/// The same bits, read as signed.
pub(super) fn signed(number: u64) -> i64 {
    i64::from_be_bytes(number.to_be_bytes())
}

/// The same bits, read as unsigned.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::from_be_bytes(number.to_be_bytes())
}
