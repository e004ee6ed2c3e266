//! What follows a message counts from when it left, however long it could not.

use super::rig::{DAY, Does, HOUR, Rig, START};

const SOURCE: &str = r#"
event go
email hello { subject "Hello" body "Hello." }
email later { subject "Later" body "Later." }
campaign "Wait" { published when go email hello wait 2h email later }
"#;

/// When messages were taken, in minutes.
fn taken(rig: &Rig, from: i64) -> Vec<(String, i64)> {
    let sent = rig.provider.sent().into_iter().filter(|envelope| envelope.at >= START.plus_millis(from));
    sent.map(|envelope| (envelope.message.unwrap(), envelope.at.millis_since(START) / 60_000)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_is_not_over_before_the_message_that_it_follows_has_left() {
    let rig = Rig::new(SOURCE).await;
    rig.contact("a").await;
    rig.provider.answers(|envelope| if envelope.at < START.plus_millis(5 * HOUR) { Does::Delay } else { Does::Accept });
    rig.event("a", "go").await;
    rig.advance(DAY).await;
    let taken = taken(&rig, 5 * HOUR);
    let [(hello, left), (later, followed)] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!((hello.as_str(), later.as_str()), ("hello", "later"));
    assert_eq!(followed - left, 120);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_counts_from_when_a_pause_has_let_the_message_go() {
    let rig = Rig::new(SOURCE).await;
    rig.contact("a").await;
    rig.provider.answers(|envelope| if envelope.attempt == 1 { Does::Delay } else { Does::Accept });
    rig.event("a", "go").await;
    rig.idle().await;
    rig.engine().pause("Wait").await.unwrap();
    rig.advance(3 * DAY).await;
    rig.engine().resume("Wait").await.unwrap();
    rig.provider.answers(|_| Does::Accept);
    rig.advance(DAY).await;
    assert_eq!(taken(&rig, HOUR), [("hello".to_owned(), 72 * 60), ("later".to_owned(), 74 * 60)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_given_up_holds_nobody_for_ever() {
    let rig = Rig::new(SOURCE).await;
    rig.contact("a").await;
    rig.provider.answers(|envelope| if envelope.message.as_deref() == Some("hello") { Does::Delay } else { Does::Accept });
    rig.event("a", "go").await;
    rig.advance(10 * DAY).await;
    let later = rig.sent().into_iter().find(|line| line.starts_with("later"));
    assert!(later.is_some(), "{:?}", rig.sent());
}
