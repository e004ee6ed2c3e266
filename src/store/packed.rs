//! A contact's state as bytes: what the store keeps and what the engine holds in memory are the same.
//!
//! A version byte; six bytes that say which parts are present, one bit each; then the parts that are, in the order of their numbers
//! (postcard). What has its default takes no room. Version 2 had every part and no such bits.

use super::StoreError;
use crate::lang::Instant;
use crate::machine::state::{ContactState, ContactUid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The version written before each state.
const VERSION: u8 = 3;
/// The version before: all parts up to [`PARTS_OF_2`], one after the other.
const VERSION_2: u8 = 2;
const PARTS_OF_2: u32 = 31;
/// How many bytes say which parts are present.
const PRESENCE_BYTES: usize = 6;

/// The state of a contact, packed. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct PackedState {
    bytes: Arc<[u8]>,
}

impl std::fmt::Debug for PackedState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.open() {
            Ok(state) => state.fmt(f),
            Err(_) => write!(f, "PackedState({} damaged bytes)", self.bytes.len()),
        }
    }
}

impl PackedState {
    /// Packs a state.
    ///
    /// # Errors
    /// Never in practice: every part of a state can be written.
    pub fn pack(state: &ContactState) -> Result<PackedState, StoreError> {
        Ok(PackedState { bytes: Arc::from(encode_state(state)?) })
    }
    /// Bytes as they were stored; whether they are a state shows when they are opened.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> PackedState {
        PackedState { bytes: Arc::from(bytes) }
    }
    /// The bytes, as they are stored.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
    /// Whether this version writes states so.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.bytes.first() == Some(&VERSION)
    }
    /// The state.
    ///
    /// # Errors
    /// The bytes are of another version or damaged.
    pub fn open(&self) -> Result<ContactState, StoreError> {
        decode_state(&self.bytes)
    }
}

/// The after-image of a contact, with the columns people look for.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactImage {
    /// Who.
    pub uid: ContactUid,
    /// Counts the commits of the state.
    pub rev: u64,
    /// The sender's id.
    pub user_id: Option<Arc<str>>,
    /// Its address.
    pub email: Option<Arc<str>>,
    /// Its number.
    pub phone: Option<Arc<str>>,
    /// When the contact came into being.
    pub created_at: Instant,
    /// How many enrollments are active.
    pub enrollments: u32,
    /// When it wants to be woken next.
    pub wakes_at: Option<Instant>,
    /// The state.
    pub state: PackedState,
}

impl ContactImage {
    /// The image of a state, with its address and number.
    ///
    /// # Errors
    /// Never in practice: every part of a state can be written.
    pub fn of(state: &ContactState, (email, phone): (Option<Arc<str>>, Option<Arc<str>>), wakes_at: Option<Instant>) -> Result<ContactImage, StoreError> {
        Ok(ContactImage {
            uid: state.uid,
            rev: state.rev,
            user_id: state.user_id.clone(),
            email,
            phone,
            created_at: state.created_at,
            enrollments: u32::try_from(state.enrollments.len()).unwrap_or(u32::MAX),
            wakes_at,
            state: PackedState::pack(state)?,
        })
    }
}

/// The bytes of a state.
///
/// # Errors
/// Never in practice: every part of a state can be written.
pub fn encode_state(state: &ContactState) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(512);
    bytes.push(VERSION);
    bytes.extend([0; PRESENCE_BYTES]);
    let mut writer = Writer { bytes, present: 0 };
    write_parts(state, &mut writer)?;
    let Writer { mut bytes, present } = writer;
    for (slot, byte) in bytes.iter_mut().skip(1).zip(present.to_le_bytes()).take(PRESENCE_BYTES) {
        *slot = byte;
    }
    Ok(bytes)
}

/// The state of bytes.
///
/// # Errors
/// The bytes are of another version or damaged.
pub fn decode_state(bytes: &[u8]) -> Result<ContactState, StoreError> {
    let damaged = |what: String| StoreError::Damaged(format!("contact state {what}"));
    let mut reader = match bytes.split_first() {
        Some((&VERSION, rest)) => {
            let (bits, rest) = rest.split_first_chunk::<PRESENCE_BYTES>().ok_or_else(|| damaged("is cut short".to_owned()))?;
            let [a, b, c, d, e, f] = *bits;
            Reader { rest, present: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) }
        }
        Some((&VERSION_2, rest)) => Reader { rest, present: (1 << PARTS_OF_2) - 1 },
        Some((found, _)) => return Err(damaged(format!("of version {found}, this version knows up to {VERSION}"))),
        None => return Err(damaged("is empty".to_owned())),
    };
    if reader.present >> PARTS != 0 {
        return Err(damaged("has a part that this version does not know: use a newer campc".to_owned()));
    }
    let state = read_parts(&mut reader).map_err(|error| damaged(error.to_string()))?;
    if reader.rest.is_empty() { Ok(state) } else { Err(damaged("has more bytes than its parts".to_owned())) }
}

struct Writer {
    bytes: Vec<u8>,
    present: u64,
}

impl Writer {
    fn part<T: Serialize + Default + PartialEq>(&mut self, number: u32, value: &T) -> Result<(), postcard::Error> {
        if *value != T::default() {
            self.present |= 1 << number;
            self.bytes = postcard::to_extend(value, std::mem::take(&mut self.bytes))?;
        }
        Ok(())
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    present: u64,
}

impl Reader<'_> {
    fn part<T: DeserializeOwned + Default>(&mut self, number: u32) -> Result<T, postcard::Error> {
        if self.present >> number & 1 == 0 {
            return Ok(T::default());
        }
        let (value, rest) = postcard::take_from_bytes(self.rest)?;
        self.rest = rest;
        Ok(value)
    }
}

/// Makes the writer and the reader of the parts, so that they cannot differ.
macro_rules! parts {
    ($($number:literal $name:ident)*) => {
        fn write_parts(state: &ContactState, to: &mut Writer) -> Result<(), postcard::Error> {
            let ContactState { $($name),* } = state;
            $(to.part($number, $name)?;)*
            Ok(())
        }
        fn read_parts(from: &mut Reader<'_>) -> Result<ContactState, postcard::Error> {
            Ok(ContactState { $($name: from.part($number)?),* })
        }
    };
}

/// How many parts there are.
const PARTS: u32 = 34;

// Each part's number is for ever; a new one gets the next, and an old state then has its default.
parts! {
    0 uid 1 rev 2 user_id 3 anonymous_ids 4 created_at 5 accepted_at 6 last_seen_at 7 fields 8 traits 9 tags
    10 lists 11 consent 12 points 13 fades 14 rule_uses 15 segments 16 segment_overrides 17 segment_wakes 18 history 19 devices
    20 muted_until 21 sends 22 enrollments 23 ended 24 existing 25 missed 26 past 27 experiments 28 broadcasts_until 29 dates_until
    30 next_seq 31 deployment 32 asides 33 ties
}
