//! Addresses that are not written to whoever comes to have them: kept as keyed hashes, so that they outlive an erasure without being known.
//!
//! What a living contact itself has withdrawn or bounced is part of its state; this book is for those who were erased, and for the
//! operator's own word. Who gets an address of the book gets its suppression with it, in the same input, before any trigger looks.

use super::resident::Builtins;
use crate::advance::{Change, ConsentTarget, Input, InputKind};
use crate::bytecode::{BuiltinField, Channel};
use crate::lang::{Instant, Value, normalize_email};
use crate::machine::state::{ConsentState, ContactState, Suppression};
use crate::store::StoreError;
use ring::hmac;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where `meta` keeps the book.
pub(crate) const SUPPRESSIONS: &str = "suppressions";

/// Why an address is in the book; the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SuppressionGround {
    /// Its contact was erased.
    Erased,
    /// The operator said so.
    Manual,
    /// Its contact had left the channel.
    Unsubscribed,
    /// It does not exist.
    HardBounce,
    /// Somebody complained.
    Complaint,
}

impl SuppressionGround {
    /// All of them.
    pub const ALL: [SuppressionGround; 5] =
        [SuppressionGround::Erased, SuppressionGround::Manual, SuppressionGround::Unsubscribed, SuppressionGround::HardBounce, SuppressionGround::Complaint];
    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SuppressionGround::Erased => "erased",
            SuppressionGround::Manual => "manual",
            SuppressionGround::Unsubscribed => "unsubscribe",
            SuppressionGround::HardBounce => "hard_bounce",
            SuppressionGround::Complaint => "complaint",
        }
    }
    /// The ground of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<SuppressionGround> {
        // Whoever answered STOP has left.
        let word = if word == "stop" { "unsubscribe" } else { word };
        SuppressionGround::ALL.into_iter().find(|ground| ground.word() == word)
    }
    /// What it does to a contact that comes to have the address.
    pub(crate) fn change(self, channel: Channel) -> Change {
        match self {
            SuppressionGround::Erased | SuppressionGround::Manual | SuppressionGround::Unsubscribed => {
                Change::Consent(ConsentTarget::Channel(channel), ConsentState::Withdrawn)
            }
            SuppressionGround::HardBounce => Change::Suppress(channel, Some(Suppression::HardBounce)),
            SuppressionGround::Complaint => Change::Suppress(channel, Some(Suppression::Complaint)),
        }
    }
}

impl From<Suppression> for SuppressionGround {
    fn from(suppression: Suppression) -> SuppressionGround {
        match suppression {
            Suppression::HardBounce => SuppressionGround::HardBounce,
            Suppression::Complaint => SuppressionGround::Complaint,
        }
    }
}

/// The key of an address: `HMAC-SHA256(project key, channel ‖ 0 ‖ address)`.
pub(crate) type SuppressionKey = [u8; 32];

/// An address of the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Suppressed {
    pub channel: Channel,
    pub ground: SuppressionGround,
    pub since: Instant,
}

/// The book.
#[derive(Clone, Debug, Default)]
pub(crate) struct SuppressionBook {
    project_key: Vec<u8>,
    entries: BTreeMap<SuppressionKey, Suppressed>,
}

impl SuppressionBook {
    /// The book as `meta` has it.
    pub fn read(project_key: &[u8], bytes: Option<&Vec<u8>>) -> Result<SuppressionBook, StoreError> {
        let entries = bytes.map(|bytes| postcard::from_bytes(bytes)).transpose()?.unwrap_or_default();
        Ok(SuppressionBook { project_key: project_key.to_vec(), entries })
    }
    /// The bytes for `meta`.
    pub fn encode(&self) -> Result<Vec<u8>, StoreError> {
        Ok(postcard::to_stdvec(&self.entries)?)
    }
    /// All of it, by key.
    pub fn entries(&self) -> impl Iterator<Item = (&SuppressionKey, &Suppressed)> {
        self.entries.iter()
    }
    /// The key of a normalised address.
    pub fn key_of(&self, channel: Channel, address: &str) -> SuppressionKey {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.project_key);
        let mut context = hmac::Context::with_key(&key);
        context.update(channel.word().as_bytes());
        context.update(&[0]);
        context.update(address.as_bytes());
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref().get(..32).unwrap_or(&[0; 32]));
        out
    }
    /// Puts an address in; a stronger ground stays.
    pub fn add(&mut self, key: SuppressionKey, suppressed: Suppressed) {
        let known = self.entries.entry(key).or_insert(suppressed);
        if known.ground < suppressed.ground {
            *known = suppressed;
        }
    }
    /// Why an address is in it.
    pub fn ground(&self, key: &SuppressionKey) -> Option<SuppressionGround> {
        self.entries.get(key).map(|known| known.ground)
    }
    /// Takes an address out; whether it was there.
    pub fn remove(&mut self, key: &SuppressionKey) -> Option<Suppressed> {
        self.entries.remove(key)
    }
    /// Puts the addresses of a contact in that is about to be erased.
    pub fn add_erased(&mut self, builtins: &Builtins, state: &ContactState, now: Instant) {
        let addresses = [(Channel::Email, builtins.email_key(state)), (Channel::Sms, builtins.phone_key(state))];
        for (channel, address) in addresses {
            let Some(address) = address else { continue };
            let ground = match (state.consent.suppression(channel), state.consent.channel(channel)) {
                (Some(Suppression::Complaint), _) => SuppressionGround::Complaint,
                (Some(Suppression::HardBounce), _) => SuppressionGround::HardBounce,
                (None, ConsentState::Withdrawn) => SuppressionGround::Unsubscribed,
                (None, ConsentState::None | ConsentState::Pending | ConsentState::Given) => SuppressionGround::Erased,
            };
            self.add(self.key_of(channel, &address), Suppressed { channel, ground, since: now });
        }
    }
    /// The input with what is known of the addresses that it brings, each right behind its address: by the book, and by who has it
    /// `also`; none where that is nothing. What the input itself says of consent stands behind, and wins: it is newer.
    pub fn extended(&self, input: &Input, builtins: &Builtins, also: impl Fn(Channel, &Arc<str>) -> Vec<Change>) -> Option<Input> {
        let (InputKind::Created { changes } | InputKind::Changed(changes) | InputKind::Event { changes, .. }) = &input.kind else { return None };
        let known = |change: &Change| {
            let found = address_of(change, builtins);
            found.map(|(channel, address)| also(channel, &address).into_iter().chain(self.change_of(channel, &address)).collect::<Vec<_>>())
        };
        if !changes.iter().any(|change| known(change).is_some_and(|known| !known.is_empty())) {
            return None;
        }
        let all: Vec<Change> = changes.iter().flat_map(|change| std::iter::once(change.clone()).chain(known(change).unwrap_or_default())).collect();
        let mut input = input.clone();
        if let InputKind::Created { changes } | InputKind::Changed(changes) | InputKind::Event { changes, .. } = &mut input.kind {
            *changes = all;
        }
        Some(input)
    }
    fn change_of(&self, channel: Channel, address: &str) -> Option<Change> {
        if self.entries.is_empty() {
            return None;
        }
        self.entries.get(&self.key_of(channel, address)).map(|known| known.ground.change(channel))
    }
}

/// The address or number that a change brings.
fn address_of(change: &Change, builtins: &Builtins) -> Option<(Channel, Arc<str>)> {
    let Change::SetField(field, Value::Text(text)) = change else { return None };
    if builtins.id(BuiltinField::Email) == Some(*field) {
        return Some((Channel::Email, normalize_email(text)?.into()));
    }
    (builtins.id(BuiltinField::Phone) == Some(*field)).then(|| (Channel::Sms, text.clone()))
}
