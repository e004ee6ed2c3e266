//! The operator's hand on people and addresses: erasing a contact, suppressing an address, lifting that.

use super::api::EngineError;
use super::asides::AsideCommand;
use super::batcher::Batcher;
use super::ingest::normalize_phone;
use super::keys::KeyKind;
use super::suppressions::{SUPPRESSIONS, Suppressed, SuppressionBook, SuppressionGround, SuppressionKey};
use super::tally::ERASED;
use crate::advance::{Change, ConsentTarget, Input, InputKind};
use crate::bytecode::Channel;
use crate::lang::normalize_email;
use crate::machine::state::{ConsentState, ContactUid};
use crate::proof::{Point, reach};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where `meta` keeps who was erased when and why, as JSON.
pub(crate) const ERASURES: &str = "erasures";

/// What the operator does to a person or an address.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PersonCommand {
    /// Erases a contact.
    Erase { contact: ContactUid, reason: Arc<str> },
    /// Suppresses an address or number, or a key of the list with its channel.
    Suppress { address: Arc<str>, channel: Option<Channel>, ground: SuppressionGround },
    /// Lifts a suppression: of an address, a number, or a key. A complaint only where it is named.
    Lift { address: Arc<str>, named: Option<SuppressionGround> },
    /// Settles what deploys have put aside of a contact.
    SettleAside { contact: ContactUid, campaign: Option<Arc<str>>, command: AsideCommand },
}

/// An erasure, as it is remembered: nothing of the person.
#[derive(Debug, Serialize, Deserialize)]
struct Erasure {
    contact: String,
    at: String,
    reason: String,
}

impl Batcher {
    /// Carries it out.
    pub(super) fn command_person(&mut self, command: &PersonCommand) -> Result<(), EngineError> {
        match command {
            PersonCommand::Erase { contact, reason } => self.erase(*contact, reason),
            PersonCommand::Suppress { address, channel, ground } => self.suppress((address, *channel), *ground),
            PersonCommand::Lift { address, named } => self.lift(address, *named),
            PersonCommand::SettleAside { contact, campaign, command } => self.settle_asides(*contact, campaign.as_deref(), *command),
        }
    }

    /// Erases a contact: nothing of the person stays but the keys of its addresses, which stay suppressed.
    fn erase(&mut self, contact: ContactUid, reason: &str) -> Result<(), EngineError> {
        let now = self.shared.clock.now();
        let resident = self.shared.read();
        let contact = resident.canonical(contact);
        let state = resident.state(contact).ok_or_else(|| EngineError::Unknown(format!("there is no contact {}", contact.to_text())))?;
        let mut gone: Vec<ContactUid> = resident.redirects.keys().copied().filter(|loser| resident.canonical(*loser) == contact).collect();
        gone.push(contact);
        let (mut erased, mut book) = (resident.erased.clone(), resident.suppressions.clone());
        erased.add(&state);
        book.add_erased(&resident.builtins, &state, now);
        drop(resident);
        let log = self.log_of_erasures(Erasure { contact: contact.to_text(), at: now.to_rfc3339(), reason: reason.to_owned() })?;
        // The suppression comes first: whatever breaks off in between, nobody is written to who should not be.
        self.store.set_meta(&[(SUPPRESSIONS, &book.encode()?), (ERASURES, &log)])?;
        self.shared.write().suppressions = book;
        reach(Point::EraseBegun);
        for uid in gone {
            self.store.erase(uid)?;
            reach(Point::EraseWritten);
            self.desk.forget(&self.desk.of_contact(uid));
            let mut resident = self.shared.write();
            resident.put_aside.retain(|_, row| row.contact != Some(uid));
            resident.remove(uid);
            resident.keys.forget(uid);
        }
        self.desk.tell(&mut self.shared.census());
        // What campaigns count stays, without the person.
        self.store.set_meta(&[(ERASED, &erased.encode()?)])?;
        self.shared.write().erased = erased;
        reach(Point::EraseDone);
        tracing::info!(contact = %contact.to_text(), "a contact was erased");
        Ok(())
    }

    fn log_of_erasures(&self, erasure: Erasure) -> Result<Vec<u8>, EngineError> {
        let known = self.shared.reader.meta(ERASURES)?;
        let mut log: Vec<Erasure> = known.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        log.push(erasure);
        serde_json::to_vec(&log).map_err(|error| EngineError::Unknown(format!("the erasure cannot be written down: {error}")))
    }

    fn suppress(&mut self, (address, channel): (&str, Option<Channel>), ground: SuppressionGround) -> Result<(), EngineError> {
        let since = self.shared.clock.now();
        let mut book = self.shared.read().suppressions.clone();
        let Some((channel, address)) = self.channel_of(address) else {
            let (key, channel) = key_of_text(address).zip(channel).ok_or_else(|| no_address(address))?;
            book.add(key, Suppressed { channel, ground, since });
            return self.keep(book);
        };
        book.add(book.key_of(channel, &address), Suppressed { channel, ground, since });
        self.keep(book)?;
        self.change_holders((channel, &address), &[ground.change(channel)])
    }

    fn lift(&mut self, address: &str, named: Option<SuppressionGround>) -> Result<(), EngineError> {
        let mut book = self.shared.read().suppressions.clone();
        let found = self.channel_of(address);
        self.check_lift(&book, (address, found.as_ref()), named)?;
        let key = match &found {
            Some((channel, address)) => Some(book.key_of(*channel, address)),
            None => key_of_text(address),
        };
        let was_there = key.and_then(|key| book.remove(&key));
        let Some((channel, address)) = found else {
            return if was_there.is_some() { self.keep(book) } else { Err(no_address(address)) };
        };
        self.keep(book)?;
        let mut changes = vec![Change::Suppress(channel, None)];
        if was_there.is_some() {
            changes.push(Change::Consent(ConsentTarget::Channel(channel), ConsentState::None));
        }
        self.change_holders((channel, &address), &changes)
    }

    /// Whether the word lifts what stands: one that is named wrongly is a mistake, and a complaint is lifted by its name alone.
    fn check_lift(
        &self,
        book: &SuppressionBook,
        (address, found): (&str, Option<&(Channel, String)>),
        named: Option<SuppressionGround>,
    ) -> Result<(), EngineError> {
        let key = found.map_or_else(|| key_of_text(address), |(channel, normal)| Some(book.key_of(*channel, normal)));
        let mut strongest = key.and_then(|key| book.ground(&key));
        if let Some((channel, normal)) = found {
            let resident = self.shared.read();
            let holders = resident.keys.holders(key_kind(*channel), normal);
            let states = holders.into_iter().filter_map(|uid| resident.state(uid));
            let grounds = states.filter_map(|state| state.consent.suppression(*channel)).map(SuppressionGround::from);
            strongest = strongest.into_iter().chain(grounds).max();
        }
        let Some(strongest) = strongest else {
            let is_address = found.is_some() || key.is_some();
            return Err(if is_address { EngineError::Unknown(format!("{address} is not on the suppression list")) } else { no_address(address) });
        };
        let word = strongest.word();
        match named {
            Some(named) if named == strongest => Ok(()),
            Some(named) => Err(EngineError::Settled(format!("{address} is not there for {}, but for {word}", named.word()))),
            None if strongest == SuppressionGround::Complaint => {
                Err(EngineError::Settled(format!("somebody complained about mail to {address}: only naming that lifts it, `--reason complaint`")))
            }
            None => Ok(()),
        }
    }

    /// An address or number in its normal form, and the channel it is of.
    fn channel_of(&self, address: &str) -> Option<(Channel, String)> {
        let email = address.contains('@').then(|| normalize_email(address)).flatten().map(|address| (Channel::Email, address));
        let is_number = address.trim_start().starts_with('+') || address.trim().bytes().all(|byte| byte.is_ascii_digit() || b" -().".contains(&byte));
        email.or_else(|| is_number.then(|| normalize_phone(address, self.country)).flatten().map(|number| (Channel::Sms, number)))
    }

    fn keep(&mut self, book: SuppressionBook) -> Result<(), EngineError> {
        self.store.set_meta(&[(SUPPRESSIONS, &book.encode()?)])?;
        self.shared.write().suppressions = book;
        Ok(())
    }

    /// Those who have the address now follow at once.
    fn change_holders(&mut self, (channel, address): (Channel, &str), changes: &[Change]) -> Result<(), EngineError> {
        let holders = self.shared.read().keys.holders(key_kind(channel), address);
        self.with_work(|work| {
            for uid in holders {
                work.step(uid, &Input::new(InputKind::Changed(changes.to_vec())));
            }
        })
    }
}

fn key_kind(channel: Channel) -> KeyKind {
    match channel {
        Channel::Email => KeyKind::Email,
        Channel::Sms | Channel::Push => KeyKind::Phone,
    }
}

fn no_address(text: &str) -> EngineError {
    EngineError::Unknown(format!("{text:?} is neither an address, a number like +15550100, nor a key of the suppression list with its channel"))
}

fn key_of_text(text: &str) -> Option<SuppressionKey> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}
