//! G16: unsubscribe against send. However the two interleave, no attempt is claimed in a commit behind that of the opt-out, and nothing is
//! handed over that was not claimed.

use super::rig::{Does, HOUR, MINUTE, Rig};
use crate::committing::Committing;
use campc::bytecode::{Channel, MessageEvent};
use campc::daemon::api::{ConsentKey, ContactKey, MessageHit, OutboxCommand, OutboxTarget, Submission, SubmissionKind};
use campc::machine::state::{ConsentState, ContactUid, EffectId};
use campc::store::{Batch, OutboxStatus, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

const SOURCE: &str = r#"
event go
event more
email hello { subject "Hello" body "Hello." }
email again { subject "Again" body "Again." }
sms note "Note."
campaign "A" { published when go reenter always email hello wait 10m email again }
campaign "B" { published when more reenter always send between 09:00 and 17:00 sms note }
"#;

/// What the commits said, in their order: an oracle of a few lines.
#[derive(Default)]
struct Watch {
    /// Contacts that have left email, or SMS, in a commit that is behind us.
    left: BTreeMap<Channel, BTreeSet<ContactUid>>,
    claims: BTreeSet<(EffectId, u32)>,
    channels: BTreeMap<EffectId, (Channel, ContactUid)>,
    violations: Vec<String>,
    opt_outs: usize,
}

impl Watch {
    fn see(&mut self, batch: &Batch) {
        let new = batch.outbox.iter().map(|row| (row.effect.id, row.effect.contact, row.channel, &row.state));
        let mut claimed = Vec::new();
        for (id, contact, word, state) in new {
            let channel = if word == "sms" { Channel::Sms } else { Channel::Email };
            self.channels.insert(id, (channel, contact));
            claimed.extend((state.status == OutboxStatus::Claimed).then_some((id, state.attempt)));
        }
        let moved = batch.updates.iter().filter(|update| update.to.status == OutboxStatus::Claimed);
        claimed.extend(moved.map(|update| (update.effect, update.to.attempt)));
        // Who comes back in this very batch may be written to in it.
        for image in &batch.contacts {
            let state = image.state.open().unwrap();
            for (channel, left) in &mut self.left {
                if state.consent.channel(*channel) != ConsentState::Withdrawn {
                    left.remove(&image.uid);
                }
            }
        }
        for (id, attempt) in claimed {
            let (channel, contact) = self.channels[&id];
            if self.left.get(&channel).is_some_and(|left| left.contains(&contact)) {
                self.violations.push(format!("{} attempt {attempt} to {} over {}", id.to_text(), contact.to_text(), channel.word()));
            }
            self.claims.insert((id, attempt));
        }
        for image in &batch.contacts {
            let state = image.state.open().unwrap();
            for channel in [Channel::Email, Channel::Sms] {
                let left = self.left.entry(channel).or_default();
                if state.consent.channel(channel) == ConsentState::Withdrawn {
                    self.opt_outs += usize::from(left.insert(image.uid));
                }
            }
        }
    }
}

/// Interleavings of one run: contacts whose sends and opt-outs meet. `CAMP_G16` asks for more.
fn interleavings() -> usize {
    std::env::var("CAMP_G16").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000)
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

fn submission(dice: &mut Dice, name: &str, sent: &[EffectId]) -> Submission {
    let key = ContactKey::user(name);
    let kind = match dice.roll(10) {
        0..=2 => SubmissionKind::Track { name: "go".into(), properties: serde_json::Map::new() },
        3..=4 => SubmissionKind::Track { name: "more".into(), properties: serde_json::Map::new() },
        5 => SubmissionKind::UnsubscribeAll,
        6 => SubmissionKind::Consent(vec![(ConsentKey::Channel(Channel::Email), ConsentState::Withdrawn)]),
        7 => SubmissionKind::Consent(vec![(ConsentKey::Channel(Channel::Sms), ConsentState::Withdrawn)]),
        8 => {
            SubmissionKind::Consent(vec![(ConsentKey::Channel(Channel::Email), ConsentState::Given), (ConsentKey::Channel(Channel::Sms), ConsentState::Given)])
        }
        _ => match sent.get(usize::try_from(dice.roll(64)).unwrap() % sent.len().max(1)) {
            // The one-click link of a message that was sent.
            Some(effect) => {
                let hit = MessageHit { effect: *effect, event: MessageEvent::Unsubscribed, detail: None, is_machine: false, topic: None };
                return Submission::new(ContactKey::default(), SubmissionKind::Message(hit));
            }
            None => SubmissionKind::UnsubscribeAll,
        },
    };
    Submission::new(key, kind)
}

fn answer(dice: &mut Dice) -> Does {
    match dice.roll(6) {
        0 | 1 => Does::Delay,
        2 => Does::Lose,
        3 => Does::Grey,
        _ => Does::Accept,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g16_nothing_is_claimed_behind_the_commit_of_an_opt_out() {
    let watch: Arc<Mutex<Watch>> = Arc::default();
    let mut rig = Rig::new(SOURCE).await;
    let mut dice = Dice(0x5eed_0016);
    let answers = Mutex::new(Dice(0x5eed_1016));
    rig.provider.answers(move |_| answer(&mut answers.lock().unwrap()));
    let watching = watch.clone();
    let watched = Committing::on(&rig.store, move |inner, batch| {
        let position = inner.commit(batch)?;
        watching.lock().unwrap().see(batch);
        Ok(position)
    });
    rig.open(watched);
    rig.engine().start().await.unwrap();
    let (contacts, rounds) = (interleavings().div_ceil(20).max(20), 20);
    for number in 0..contacts {
        rig.contact(&format!("c{number}")).await;
    }
    for round in 0..rounds {
        // Sends and opt-outs of many contacts at once, in calls that the engine batches as they come.
        let sent: Vec<EffectId> = rig.provider.sent.lock().unwrap().iter().rev().take(64).map(|envelope| EffectId(envelope.effect_id)).collect();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..contacts {
            let name = format!("c{number}");
            let batch: Vec<Submission> = (0..=dice.roll(2)).map(|_| submission(&mut dice, &name, &sent)).collect();
            let engine = rig.engine().clone();
            calls.spawn(async move { engine.submit(batch).await.map(drop) });
        }
        while let Some(done) = calls.join_next().await {
            done.unwrap().unwrap();
        }
        if round % 7 == 6 {
            let all = OutboxTarget::All { status: OutboxStatus::Unknown, lane: None };
            rig.engine().outbox_all(all, OutboxCommand::Retry).await.unwrap();
        }
        let pause = [0, 1_000, MINUTE, 11 * MINUTE, HOUR][usize::try_from(dice.roll(5)).unwrap()];
        rig.advance(pause).await;
    }
    rig.advance(12 * HOUR).await;
    let watch = watch.lock().unwrap();
    assert!(watch.violations.is_empty(), "{} of {} claims: {:?}", watch.violations.len(), watch.claims.len(), &watch.violations[..1]);
    let unclaimed: Vec<_> =
        rig.provider.sent().iter().map(|envelope| (EffectId(envelope.effect_id), envelope.attempt)).filter(|key| !watch.claims.contains(key)).collect();
    assert!(unclaimed.is_empty(), "handed over without a claim: {}", unclaimed.len());
    assert!(watch.opt_outs * 4 > contacts && watch.claims.len() > contacts, "{} opt-outs, {} claims", watch.opt_outs, watch.claims.len());
}
