//! G15: a provider in trouble. Attempts keep their schedule, nothing is lost, duplicates come only where an answer was lost, other lanes go on,
//! and the breaker does what it says.

use super::rig::{DAY, Does, HOUR, MINUTE, Rig, START, id_of};
use crate::content::{AT, EFFECT, email};
use crate::stubs::{At, Fault, Relay, relay};
use campc::content::Outgoing;
use campc::deliver::{DeliverConfig, Deliverer, EmailProvider, Envelope, Outcome};
use campc::machine::state::EffectId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOURCE: &str = r#"
event go
event text
event hook
email hello { transactional subject "Hello" body "Hello." }
sms note { transactional text "Note." }
webhook crm { url "https://crm.acme.example/in" }
campaign "Mail" { published when go reenter always email hello }
campaign "Text" { published when text reenter always sms note }
campaign "Hook" { published when hook reenter always webhook crm { n: 1 } }
"#;

/// Numbers that look random and are the same every time.
fn dice(seed: u64, parts: &[u64]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_be_bytes());
    for part in parts {
        hasher.update(&part.to_be_bytes());
    }
    u64::from_be_bytes(hasher.finalize().as_bytes()[..8].try_into().unwrap())
}

fn seeds(fallback: u64) -> u64 {
    std::env::var("CAMP_G15_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(fallback)
}

fn number(id: &[u8; 20]) -> u64 {
    u64::from_be_bytes(id[..8].try_into().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_attempts_keep_the_schedule_of_their_lane_for_days() {
    // Minutes from one attempt to the next.
    let mail: Vec<f64> = (0..12).map(|doubling| f64::from(1_u32 << doubling).min(240.0)).collect();
    let hook = vec![5.0 / 60.0, 5.0, 30.0, 120.0, 300.0, 600.0, 840.0, 1_200.0];
    for (event, schedule, worth_h) in [("go", mail, 72.0), ("text", vec![1.0, 10.0, 30.0], 4.0), ("hook", hook, 72.0)] {
        let rig = Rig::new(SOURCE).await;
        rig.contact("a").await;
        rig.provider.answers(|_| Does::Delay);
        rig.event("a", event).await;
        rig.advance(5 * DAY).await;
        let times: Vec<i64> = rig.provider.sent().iter().map(|envelope| envelope.at.0).collect();
        assert!(times.len() > schedule.len().min(4), "{event}: {times:?}");
        for (pair, minutes) in times.windows(2).zip(&schedule) {
            #[allow(clippy::cast_precision_loss)]
            let gap = (pair[1] - pair[0]) as f64 / 60_000.0;
            assert!(gap >= minutes * 0.8 - 0.01 && gap <= minutes * 1.2 + 0.01, "{event}: {gap} min in place of {minutes}");
        }
        #[allow(clippy::cast_precision_loss)]
        let last_h = (times[times.len() - 1] - START.0) as f64 / 3_600_000.0;
        assert!(last_h < worth_h, "{event}: never sent late, but {last_h} h");
        assert_eq!(rig.only().status, "dead", "{event}");
    }
}

/// What a provider in trouble does with an attempt: one of the ten ways.
fn trouble(seed: u64, envelope: &Envelope) -> Does {
    match dice(seed, &[number(&envelope.effect_id), u64::from(envelope.attempt)]) % 16 {
        // 500, a reset in the body, one byte a second, 421: refused before it was complete.
        0..=3 => Does::Delay,
        4 => Does::Overloaded(600),
        // A timeout, a 250 that was lost, a half-open connection.
        5..=7 => Does::Lose,
        8 => Does::Grey,
        // No such name, no route.
        9 => Does::Unreachable,
        _ => Does::Accept,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_nothing_is_lost_and_duplicates_come_only_where_an_answer_was_lost() {
    for seed in 0..seeds(8) {
        let mut rig = Rig::new(SOURCE).await;
        let taken: Arc<Mutex<BTreeMap<EffectId, (usize, usize)>>> = Arc::default();
        let log = taken.clone();
        rig.provider.answers(move |envelope| {
            let does = if envelope.at.millis_since(START) > 36 * HOUR { Does::Accept } else { trouble(seed, envelope) };
            let mut log = log.lock().unwrap();
            let (arrived, lost) = log.entry(id_of(envelope)).or_default();
            *arrived += usize::from(matches!(does, Does::Accept | Does::Lose));
            *lost += usize::from(matches!(does, Does::Lose));
            does
        });
        for name in 0..20 {
            let name = format!("n{name}");
            rig.contact(&name).await;
            rig.event(&name, "go").await;
            rig.event(&name, "hook").await;
            rig.advance(i64::try_from(dice(seed, &[7, number(&[1; 20])]) % 3_600_000).unwrap()).await;
            if name.ends_with('9') {
                rig.crash().await;
            }
        }
        rig.advance(4 * DAY).await;
        let messages = rig.messages();
        assert_eq!(messages.len(), 40);
        assert!(messages.iter().all(|message| message.status == "accepted"), "seed {seed}: {messages:?}");
        for (effect, (arrived, lost)) in taken.lock().unwrap().iter() {
            assert!(*arrived >= 1 && *arrived <= lost + 1, "seed {seed}: {} arrived {arrived} times, {lost} answers were lost", effect.to_text());
        }
        let sent = rig.provider.sent();
        for first in &sent {
            let same = sent.iter().filter(|other| other.effect_id == first.effect_id);
            assert!(same.into_iter().all(|other| other.outgoing == first.outgoing), "every attempt has the same bytes");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_other_lanes_go_on_as_if_nothing_were() {
    let rig = Rig::new(SOURCE).await;
    rig.provider.answers(|envelope| if matches!(envelope.outgoing, Outgoing::Sms(_)) { Does::Accept } else { Does::Unreachable });
    for number in 0..60 {
        let name = format!("n{number}");
        rig.contact(&name).await;
        rig.event(&name, "go").await;
        rig.event(&name, "hook").await;
        rig.event(&name, "text").await;
        rig.advance(10_000).await;
    }
    let texts: Vec<Envelope> = rig.provider.sent().into_iter().filter(|envelope| matches!(envelope.outgoing, Outgoing::Sms(_))).collect();
    assert_eq!(texts.len(), 60);
    let decided: Vec<i64> = (0..60).map(|number| START.0 + number * 10_000).collect();
    assert_eq!(texts.iter().map(|envelope| envelope.at.0).collect::<Vec<_>>(), decided, "each text left at its instant");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_after_five_failed_connections_in_a_row_attempts_are_not_burned() {
    let rig = Rig::new(SOURCE).await;
    rig.provider.answers(|_| Does::Unreachable);
    for number in 0..30 {
        let name = format!("n{number}");
        rig.contact(&name).await;
        rig.event(&name, "go").await;
        rig.idle().await;
    }
    assert_eq!(rig.provider.count(), 5, "{:?}", rig.sent());
    // One probe after 30 s, the next after 60, 120, 240, 480, 600, 600 …
    let mut probes = Vec::new();
    for _ in 0..35 {
        let before = rig.provider.count();
        rig.advance(MINUTE).await;
        probes.push(rig.provider.count() - before);
    }
    assert_eq!(probes.iter().sum::<usize>(), 6, "after 30 s, then doubling up to ten minutes: {probes:?}");
    rig.provider.answers(|_| Does::Accept);
    rig.advance(11 * MINUTE).await;
    rig.advance(4 * HOUR).await;
    assert!(rig.messages().iter().all(|message| message.status == "accepted"), "{:?}", rig.messages());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_half_of_twenty_attempts_open_the_breaker_and_recipients_who_take_nothing_do_not() {
    for (is_grey, most) in [(false, 24), (true, 60)] {
        let rig = Rig::new(SOURCE).await;
        let turn = Arc::new(AtomicUsize::new(0));
        rig.provider.answers(move |_| match (turn.fetch_add(1, Ordering::SeqCst) % 2, is_grey) {
            (0, _) => Does::Accept,
            (_, true) => Does::Grey,
            (_, false) => Does::Delay,
        });
        for number in 0..60 {
            let name = format!("n{number}");
            rig.contact(&name).await;
            rig.event(&name, "go").await;
            rig.idle().await;
        }
        assert!(rig.provider.count() >= 20 && rig.provider.count() <= most, "{is_grey}: {}", rig.provider.count());
        assert!(!is_grey || rig.provider.count() == 60);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_no_campaign_is_paused_by_failures_alone() {
    let rig = Rig::new(SOURCE).await;
    rig.provider.answers(|_| Does::Refuse("550 5.7.1 blocked"));
    for number in 0..100 {
        let name = format!("n{number}");
        rig.contact(&name).await;
        rig.event(&name, "go").await;
    }
    rig.advance(DAY).await;
    assert!(rig.engine().campaigns().unwrap().iter().all(|campaign| campaign.status == "live"));
    assert_eq!(rig.provider.count(), 100);
}

async fn at_the_wire(at: At, fault: Fault) -> Outcome {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, _) = relay(Relay::Breaks(at, fault)).await;
    let smtp = EmailProvider::Smtp { url, rate: None, insecure: false, dkim: None, hello: None };
    let config = DeliverConfig { email: smtp, deadline: Duration::from_millis(800), ..DeliverConfig::files(PathBuf::from("unused")) };
    // Larger than what sockets keep, so that the body is still under way when the relay stops reading.
    let mut mail = email("Eve");
    let lines = if at == At::Body { 150_000 } else { 10 };
    mail.text = "All work and no play makes a long letter.\n".repeat(lines);
    mail.html = None;
    let envelope = Envelope {
        effect_id: EFFECT,
        attempt: 1,
        at: AT,
        expires_at: None,
        message: None,
        campaign: None,
        step: None,
        contact: "c".into(),
        is_transactional: true,
        outgoing: Outgoing::Email(mail),
    };
    Deliverer::new(&config).unwrap().send(envelope).await.outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g15_at_every_stage_of_a_mail_a_fault_is_temporary_before_the_final_dot_and_unknown_behind_it() {
    // Each waits out its own time limit; they do so together.
    let mut attempts = tokio::task::JoinSet::new();
    for at in [At::Greeting, At::Hello, At::Sender, At::Recipient, At::Data, At::Body, At::Dot] {
        for fault in [Fault::Hang, Fault::Close, Fault::Trickle] {
            attempts.spawn(async move { (at, fault, at_the_wire(at, fault).await) });
        }
    }
    for (at, fault, outcome) in attempts.join_all().await {
        let is_right = if at == At::Dot { matches!(outcome, Outcome::Unknown { .. }) } else { matches!(outcome, Outcome::Temporary { .. }) };
        assert!(is_right, "{at:?} {fault:?}: {outcome:?}");
    }
}
