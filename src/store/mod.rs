//! Layer 9: what lasts, behind one trait of whole operations: [`Store`] for the one who writes, [`StoreReader`] for everybody else.
//!
//! Implementations: [`memory`] and [`sqlite`]; one conformance suite (`tests/integration/store.rs`) runs on both. A commit may only append to
//! a log; what people read is then brought up to it by [`Store::sweep`], whenever the writer has time.
//! Not here: what any of it means (`advance`), and when it is written (`daemon`).

mod codec;
mod error;
pub mod memory;
mod packed;
mod quarantine;
mod query;
mod rows;
mod shard;
pub mod sqlite;

pub use codec::{decode_effect, decode_experiments, decode_pace, encode_effect, encode_experiments, encode_pace};
pub use error::StoreError;
pub use packed::{ContactImage, PackedState, decode_state, encode_state};
pub use quarantine::{QuarantineChange, QuarantineRow};
pub use query::{CountRecord, EventRecord, JournalRecord, OutboxFilter, PageRequest, UndeclaredRecord};
pub use rows::{
    Batch, CHANNEL_WORDS, CampaignLabel, DeployRecord, EventRow, IdentityChange, IdentityKind, JournalRow, LogPosition, OutboxChange, OutboxRow, OutboxStatus,
    OutboxUpdate, StepLabel, channel_word,
};
pub use shard::{SHARD_COUNT, SHARD_FUNCTION, shard_of_contact, shard_of_key};

use crate::advance::Switches;
use crate::lang::Instant;
use crate::machine::Deployment;
use crate::machine::state::{ContactUid, EffectId};
use std::sync::Arc;

/// What a store tells at its opening, piece by piece, in this order of kinds.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadItem {
    /// The last committed batch, and its instant.
    Progress(LogPosition, Instant),
    /// A value of `meta`.
    Meta(String, Vec<u8>),
    /// A stored program, as it was handed in.
    Program([u8; 32], Vec<u8>),
    /// A deployment; the last one runs.
    Deployment(Box<Deployment>),
    /// The operator's switches.
    Switches(Switches),
    /// A contact, as it was written.
    Contact(ContactUid, PackedState),
    /// A contact whose row is damaged: it is left alone, and everybody else goes on.
    Quarantined(ContactUid, String),
    /// A key of a contact, as senders use it.
    Identity(IdentityKind, Arc<str>, ContactUid),
    /// A merged contact and the one that carries on.
    Redirect(ContactUid, ContactUid),
    /// An effect that is still open: queued, claimed or unknown.
    Outbox(Box<OutboxRow>),
    /// An input that was put aside and is not settled yet.
    PutAside(Box<QuarantineRow>),
    /// A dedupe key that still counts, and when it was accepted.
    Seen(Arc<str>, Instant),
}

/// How much of a sweep is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Beside a load of so many inputs: a slot of the id space for each, so that a round takes as many inputs as there are contacts.
    Inputs(usize),
    /// Nothing else is to be done: so many contacts, and all that can be let go.
    Contacts(usize),
}

/// Whether there is more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swept {
    /// Nothing is left to be done.
    All,
    /// Something is.
    More,
}

/// The one who writes. There is one of it per store, in one thread.
pub trait Store: Send {
    /// Streams all that must be resident. Dedupe keys accepted before `seen_since` are left out.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load(&mut self, seen_since: Instant, sink: &mut dyn FnMut(LoadItem)) -> Result<(), StoreError>;
    /// Makes a batch durable in one transaction, or nothing of it.
    ///
    /// # Errors
    /// Nothing was committed; after [`StoreError::is_fatal`] nobody knows, and the process must end.
    fn commit(&mut self, batch: &Batch) -> Result<LogPosition, StoreError>;
    /// Makes a program the running one, with the contacts it moved, in one transaction.
    ///
    /// # Errors
    /// As `commit`.
    fn deploy(&mut self, record: &DeployRecord, batch: &Batch) -> Result<LogPosition, StoreError>;
    /// Sets the operator's switches.
    ///
    /// # Errors
    /// As `commit`.
    fn set_switches(&mut self, switches: &Switches) -> Result<(), StoreError>;
    /// Sets values of `meta`.
    ///
    /// # Errors
    /// As `commit`.
    fn set_meta(&mut self, entries: &[(&str, &[u8])]) -> Result<(), StoreError>;
    /// Brings what people read nearer to the log, and lets go of what was only kept to do so. Changes nothing that [`Store::load`] tells.
    ///
    /// # Errors
    /// As `commit`; what is committed stays.
    fn sweep(&mut self, effort: Sweep) -> Result<Swept, StoreError>;
    /// Lets some of the oldest events and journal lines go, if they are from before an instant; call again while there are more.
    ///
    /// # Errors
    /// As `commit`.
    fn forget_before(&mut self, before: Instant) -> Result<Swept, StoreError>;
    /// Removes a contact's personal data: its state, keys, events, journal, effects and what of it was put aside.
    ///
    /// # Errors
    /// As `commit`.
    fn erase(&mut self, contact: ContactUid) -> Result<(), StoreError>;
    /// Someone who reads beside the writer.
    ///
    /// # Errors
    /// The store cannot be opened once more.
    fn reader(&self) -> Result<Arc<dyn StoreReader>, StoreError>;
}

/// Questions to what is durable. Answers are as of the last commit.
pub trait StoreReader: Send + Sync {
    /// A value of `meta`.
    ///
    /// # Errors
    /// The store cannot be read. So for all of these.
    fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Journal lines of a contact, oldest first, with the names of their deployment.
    ///
    /// # Errors
    /// As `meta`.
    fn journal(&self, contact: ContactUid, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError>;
    /// Journal lines of all contacts, oldest first.
    ///
    /// # Errors
    /// As `meta`.
    fn journal_of_all(&self, page: PageRequest) -> Result<Vec<JournalRecord>, StoreError>;
    /// How many journal lines there were ever by campaign, step and word.
    ///
    /// # Errors
    /// As `meta`.
    fn journal_counts(&self) -> Result<Vec<CountRecord>, StoreError>;
    /// Accepted events, oldest first; of one contact or of all.
    ///
    /// # Errors
    /// As `meta`.
    fn events(&self, contact: Option<ContactUid>, page: PageRequest) -> Result<Vec<EventRecord>, StoreError>;
    /// Effects with what became of them, oldest first.
    ///
    /// # Errors
    /// As `meta`.
    fn outbox(&self, filter: &OutboxFilter) -> Result<Vec<(u64, OutboxRow)>, StoreError>;
    /// One effect. It is found quickly if it is open still, or with the contact it was decided for.
    ///
    /// # Errors
    /// As `meta`.
    fn effect(&self, id: EffectId, contact: Option<ContactUid>) -> Result<Option<OutboxRow>, StoreError>;
    /// A program that was deployed, as it was handed in, with its latest deployment.
    ///
    /// # Errors
    /// As `meta`; the deployment is damaged.
    fn deployed(&self, program: [u8; 32]) -> Result<Option<(Vec<u8>, Deployment)>, StoreError>;
    /// The program that runs, by its hash; none where nothing is deployed.
    ///
    /// # Errors
    /// As `meta`.
    fn running(&self) -> Result<Option<[u8; 32]>, StoreError>;
    /// Events that no program declared, the most frequent first.
    ///
    /// # Errors
    /// As `meta`.
    fn undeclared_events(&self) -> Result<Vec<UndeclaredRecord>, StoreError>;
}
