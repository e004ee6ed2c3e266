//! Runs a program over what is recorded of one person.
//!
//! What people did with a message belongs to the sending: it comes as long after the new sending as it came after the old one. Of a sending
//! that no longer happens nothing is heard; a new one is neither opened nor answered. A send whose step is gone is taken for the next send
//! of the same message.

use super::past::{Came, Story};
use crate::advance::{DeliveryOutcome, Effect, EffectKind, EffectUpdate, ExperimentNote, Input, InputKind, Outcome, Switches, Verdict, advance, merge};
use crate::lang::{Instant, Value};
use crate::machine::Linked;
use crate::machine::state::{ContactState, ContactUid, EffectId, EnrollmentUid, StepUid};
use crate::sim::answers::{Books, Bounce, answered, refused};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The inputs that a row of the story stands for, for a contact in that state; the flag says that it comes into being with it.
pub type Inputs<'a> = &'a dyn Fn((&ContactState, bool), usize) -> Vec<Input>;

/// A sending of the program that is replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSend {
    /// Its id.
    pub effect: EffectId,
    /// When it leaves.
    pub at: Instant,
    /// The sending of the past that it is, or is taken for.
    pub was: Option<EffectId>,
    /// The campaign's name.
    pub campaign: Arc<str>,
    /// The step's identity.
    pub step_identity: Arc<str>,
    /// What is sent: `email welcome`.
    pub message: Arc<str>,
    /// To whom.
    pub to: Arc<str>,
    /// Whether it was taken back before it left.
    pub is_taken_back: bool,
}

/// What is to come, behind what is known of a moment.
#[derive(Clone, Debug, PartialEq)]
enum Coming {
    Row(usize),
    Merge(usize),
    Result(EffectId, Came),
}

/// A program over a story.
pub struct Replay<'a> {
    linked: &'a Linked,
    switches: &'a Switches,
    story: &'a Story,
    inputs: Inputs<'a>,
    until: Instant,
    people: Vec<Option<ContactState>>,
    wakes: Vec<Option<Instant>>,
    gone: Vec<bool>,
    /// By instant, then position in the log, then the order in which it was known.
    coming: BTreeMap<(Instant, u64, u32), Coming>,
    numbered: u32,
    books: Books,
    sends: Vec<NewSend>,
    now: Instant,
}

impl<'a> Replay<'a> {
    /// Runs a story up to an instant, that one included; what is sent, in its order.
    #[must_use]
    pub fn run((linked, switches): (&'a Linked, &'a Switches), story: &'a Story, (inputs, until): (Inputs<'a>, Instant)) -> Vec<NewSend> {
        let count = story.people.len();
        let mut replay = Replay {
            linked,
            switches,
            story,
            inputs,
            until,
            people: vec![None; count],
            wakes: vec![None; count],
            gone: vec![false; count],
            coming: BTreeMap::new(),
            numbered: 0,
            books: Books::default(),
            sends: Vec::new(),
            now: Instant::FAR_PAST,
        };
        for (number, row) in story.rows.iter().enumerate().filter(|(_, row)| row.about.is_none()) {
            replay.expect((row.at, row.position), Coming::Row(number));
        }
        for (at, position, person) in &story.merges {
            replay.expect((*at, *position), Coming::Merge(*person));
        }
        while replay.step() {}
        replay.sends
    }

    fn expect(&mut self, (at, position): (Instant, u64), coming: Coming) {
        self.numbered += 1;
        self.coming.insert((at, position, self.numbered), coming);
    }

    fn step(&mut self) -> bool {
        let wake = self.wakes.iter().enumerate().filter(|(person, _)| self.gone.get(*person) != Some(&true)).filter_map(|(p, at)| Some(((*at)?, p))).min();
        let next = self.coming.first_key_value().map(|((at, ..), _)| *at);
        let is_timer = match (wake, next) {
            (Some((wake, _)), Some(next)) => wake < next || (wake == next && self.story.timers_first.contains(&wake)),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return false,
        };
        if is_timer {
            let Some((at, person)) = wake.filter(|(at, _)| *at <= self.until) else { return false };
            self.now = self.now.max(at);
            self.feed(person, &Input::new(InputKind::Wake));
            let soon = self.now.plus_millis(1);
            if let Some(wake) = self.wakes.get_mut(person) {
                *wake = wake.map(|at| at.max(soon));
            }
            return true;
        }
        let Some(((at, ..), coming)) = self.coming.pop_first().filter(|((at, ..), _)| *at <= self.until) else { return false };
        self.now = self.now.max(at);
        match coming {
            Coming::Row(number) => self.take_row(number),
            Coming::Merge(person) => self.take_merge(person),
            Coming::Result(effect, came) => self.take_result(effect, came),
        }
        true
    }

    fn take_row(&mut self, number: usize) {
        let Some(row) = self.story.rows.get(number) else { return };
        let person = if self.gone.get(row.person) == Some(&true) { 0 } else { row.person };
        let uid = self.story.people.get(person).copied().unwrap_or(ContactUid(0));
        let now = self.now;
        let Some(place) = self.people.get_mut(person) else { return };
        let is_new = place.is_none();
        let state = place.get_or_insert_with(|| ContactState { uid, created_at: now, accepted_at: now, ..ContactState::default() });
        let inputs = (self.inputs)((&*state, is_new), number);
        inputs.iter().for_each(|input| self.feed(person, input));
    }

    fn take_merge(&mut self, person: usize) {
        let Some(loser) = self.people.get_mut(person).and_then(Option::take) else { return };
        self.gone.get_mut(person).into_iter().for_each(|gone| *gone = true);
        let (linked, switches, now) = (self.linked, self.switches, self.now);
        let Some(Some(winner)) = self.people.get_mut(0) else { return };
        let outcome = merge(linked, switches, (winner, &loser), now);
        self.follow(0, outcome);
    }

    fn take_result(&mut self, effect: EffectId, came: Came) {
        let input = match came {
            Came::Late => Input::new(InputKind::Result { effect, attempt: 1, outcome: DeliveryOutcome::Accepted { at: self.now, decided_at: self.now } }),
            Came::Failed { reason, is_hard_bounce } => refused(effect, reason, if is_hard_bounce { Bounce::Hard } else { Bounce::None }),
            Came::LookedAt => Input::new(InputKind::HandOver { effect }),
            Came::Answered { is_ok } => answered(effect, if is_ok { 200 } else { 500 }, Value::Unset),
        };
        for person in 0..self.people.len() {
            self.feed(person, &input);
        }
    }

    fn feed(&mut self, person: usize, input: &Input) {
        let (linked, switches, now) = (self.linked, self.switches, self.now);
        let Some(Some(state)) = self.people.get_mut(person) else { return };
        let outcome = advance(linked, switches, state, input, now);
        self.follow(person, outcome);
    }

    /// Carries out what came of an input, as the daemon does.
    fn follow(&mut self, person: usize, outcome: Outcome) {
        if let Some(wake) = self.wakes.get_mut(person) {
            *wake = outcome.next_wake;
        }
        for effect in &outcome.effects {
            self.send(effect);
        }
        for update in &outcome.updates {
            match update {
                EffectUpdate::Suppressed(id, _) | EffectUpdate::Cancelled(id, _) => {
                    self.sends.iter_mut().filter(|send| send.effect == *id).for_each(|send| send.is_taken_back = true);
                }
                EffectUpdate::Attempt(_) | EffectUpdate::Postponed(..) | EffectUpdate::Parked(_) => {}
            }
        }
        for request in &outcome.requests {
            // The slot it had; one that never asked for any gets one at once.
            let at = self.story.send(request.effect).map_or(self.now, |send| send.at.max(self.now));
            self.feed(person, &Input::new(InputKind::Slot { effect: request.effect, at }));
        }
        for note in outcome.experiments {
            self.take_note(person, note);
        }
    }

    fn take_note(&mut self, person: usize, note: ExperimentNote) {
        let ExperimentNote::Arrived { step, enrollment, thread, chain, .. } = note else { return };
        let uid = self.story.people.get(person).map_or(0, |uid| uid.0);
        let recorded = self.recorded_variant(step, enrollment);
        let answer = match recorded {
            Some(verdict) => Some(Input::new(InputKind::Variant { enrollment, thread, verdict, chain })),
            None => self.books.note(self.linked, (uid, note), self.now),
        };
        if let Some(answer) = answer {
            self.feed(person, &answer);
        }
    }

    /// The variant that this enrollment took there, if the program still has it; before it did, it waits as it did.
    fn recorded_variant(&self, step: StepUid, enrollment: EnrollmentUid) -> Option<Verdict> {
        let taken = self.story.variants.iter().find(|known| known.step == step && known.enrollment == enrollment && known.at >= self.now)?;
        let id = self.linked.step(step)?;
        let def = self.linked.program.experiments.iter().find(|experiment| experiment.step == id)?;
        let name = taken.name.strip_suffix(", the winner").unwrap_or(&taken.name);
        let variant = u16::try_from(def.variants.iter().position(|variant| &*variant.name == name)?).ok()?;
        if taken.at > self.now {
            return Some(Verdict::Wait(taken.at));
        }
        let is_winner = taken.name.len() > name.len();
        Some(if is_winner { Verdict::Winner(variant) } else { Verdict::Try(variant, Instant::FAR_FUTURE) })
    }

    fn send(&mut self, effect: &Effect) {
        let was = self.twin(effect);
        self.sends.push(NewSend {
            effect: effect.id,
            at: self.now,
            was,
            campaign: effect.campaign_name.clone(),
            step_identity: effect.step_identity.clone(),
            message: self.label(effect),
            to: if let EffectKind::Message { to, .. } = &effect.kind { to.clone() } else { Arc::from("") },
            is_taken_back: false,
        });
        let wants_answer = matches!(effect.kind, EffectKind::Webhook { wants_answer: true, .. });
        let Some(past) = was.and_then(|was| self.story.send(was)) else {
            if wants_answer {
                self.expect((self.now, u64::MAX), Coming::Result(effect.id, Came::Answered { is_ok: true }));
            }
            return;
        };
        // What followed it then follows it now, as long after.
        let delay = self.now.millis_since(past.at);
        let (story, id) = (self.story, past.effect);
        for (number, row) in story.rows.iter().enumerate().filter(|(_, row)| row.about == Some(id)) {
            self.expect((row.at.plus_millis(delay).max(self.now), row.position), Coming::Row(number));
        }
        for (_, at, came) in story.results.iter().filter(|(known, ..)| *known == id) {
            self.expect((at.plus_millis(delay).max(self.now), u64::MAX), Coming::Result(effect.id, came.clone()));
        }
    }

    /// The sending of the past that an effect is: the one of its id; else the next one of the same message whose step is gone.
    fn twin(&self, effect: &Effect) -> Option<EffectId> {
        if self.story.send(effect.id).is_some() {
            return Some(effect.id);
        }
        let label = self.label(effect);
        let is_free = |id: EffectId| !self.sends.iter().any(|send| send.was == Some(id));
        let is_gone = |step: Option<StepUid>| step.is_none_or(|step| self.linked.step(step).is_none());
        self.story.sends.iter().find(|send| send.message == label && is_gone(send.step) && is_free(send.effect)).map(|send| send.effect)
    }

    /// What is sent, in words: `email welcome`; of an inline message the step.
    fn label(&self, effect: &Effect) -> Arc<str> {
        let program = &self.linked.program;
        let named = |channel: &str, name: Option<&Arc<str>>| -> Arc<str> { Arc::from(format!("{channel} {}", name.unwrap_or(&effect.step_identity))) };
        match &effect.kind {
            EffectKind::Message { message, .. } => match program.messages.get(message.index()) {
                Some(def) => named(def.channel.word(), def.name.as_ref()),
                None => named("email", None),
            },
            EffectKind::Webhook { webhook, .. } => named("webhook", program.webhooks.get(webhook.index()).map(|def| &def.name)),
            EffectKind::Notify { .. } => named("notify", None),
        }
    }
}
