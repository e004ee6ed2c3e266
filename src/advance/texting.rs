//! Texts that a contact sends: the words that open and close the channel work without a campaign; anything else answers the last sms.

use super::MessageHappening;
use super::context::Context;
use super::outcome::What;
use crate::bytecode::{Channel, MessageEvent};
use crate::lang::Instant;
use crate::machine::state::{ConsentState, EffectId, SendStatus};
use crate::machine::{Change, ConsentTarget, Evaluator};
use std::sync::Arc;

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keyword {
    Stop,
    Start,
    Help,
}

const STOP: [&str; 12] = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT", "REMOVE", "ARRET", "TD"];
const START: [&str; 2] = ["START", "UNSTOP"];
const HELP: [&str; 3] = ["HELP", "INFO", "AIDE"];

impl Context<'_> {
    /// A text came in.
    pub fn accept_text(&mut self, evaluator: &mut Evaluator, text: &Arc<str>, happened: Instant) {
        self.set_cause(Arc::from(format!("sms {text:?}")));
        self.seen(evaluator);
        let has_left = self.state.consent.channel(Channel::Sms) == ConsentState::Withdrawn;
        let last = self.last_text();
        match keyword(text, has_left) {
            Some(Keyword::Stop) => {
                self.apply(evaluator, &[Change::Consent(ConsentTarget::Channel(Channel::Sms), ConsentState::Withdrawn)]);
                self.note_contact(What::Changed, "sms: withdrawn");
                if let Some(effect) = last {
                    self.tell_unsubscribed(evaluator, effect, happened);
                }
            }
            Some(Keyword::Start) => {
                self.apply(evaluator, &[Change::Consent(ConsentTarget::Channel(Channel::Sms), ConsentState::Given)]);
                self.note_contact(What::Changed, "sms: given");
            }
            Some(Keyword::Help) => self.note_contact(What::Changed, "sms: help was asked for"),
            None => {
                let Some(effect) = last else { return };
                let happening = MessageHappening { effect, event: MessageEvent::Replied, detail: Some(text.clone()), is_machine: false, topic: None };
                self.accept_message(evaluator, &happening, happened);
            }
        }
    }

    /// The sms that a text answers.
    fn last_text(&self) -> Option<EffectId> {
        let is_answered = |send: &&crate::machine::state::SendRecord| send.channel == Channel::Sms && send.status == SendStatus::Sent;
        self.state.sends.iter().rev().find(is_answered).map(|send| send.effect)
    }
}

/// The word of a text: all of it, or its first.
fn keyword(text: &str, has_left: bool) -> Option<Keyword> {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || (c.is_ascii_punctuation() && c != '\''))
        .filter(|word| !word.is_empty())
        .map(|word| word.to_uppercase().replace(['É', 'È', 'Ê'], "E"))
        .collect();
    let first = words.first()?.as_str();
    let is_opt_out = first != "OPT" || words.get(1).is_some_and(|word| word == "OUT");
    if STOP.contains(&first) && is_opt_out {
        Some(Keyword::Stop)
    } else if START.contains(&first) || (first == "YES" && words.len() == 1 && has_left) {
        Some(Keyword::Start)
    } else if HELP.contains(&first) {
        Some(Keyword::Help)
    } else {
        None
    }
}
