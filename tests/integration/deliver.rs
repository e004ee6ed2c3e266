//! Deliver: outcome classes against stubs, the address filter, the outbox folder, schedules, breaker and pace.

use crate::content::{AT, EFFECT, email};
use crate::stubs::{Relay, receiver, relay};
use campc::content::{EmailMessage, Mailbox, Outgoing, PushMessage, SmsMessage, WebhookCall, effect_id_text, sign_webhook};
use campc::deliver::{
    Advice, AnswerWanted, Attempted, BounceClass, Breaker, Claim, DeliverConfig, Deliverer, DkimKey, EmailProvider, Envelope, Lane, NetworkRule, Outcome, Pace,
    PushProvider, Rate, SendResult, SmsProvider, SmsSender, WebhookProvider, backoff, build_mail, classify_reply, expiry, is_address_allowed,
};
use campc::lang::Instant;
use std::path::PathBuf;
use std::time::Duration;

fn config() -> DeliverConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    DeliverConfig { deadline: Duration::from_millis(800), ..DeliverConfig::files(PathBuf::from("unused")) }
}

fn envelope(outgoing: Outgoing) -> Envelope {
    Envelope {
        effect_id: EFFECT,
        attempt: 1,
        at: AT,
        expires_at: Some(AT.plus_millis(3_600_000)),
        message: Some("welcome".into()),
        campaign: Some("Hot lead follow-up".into()),
        step: Some("email welcome".into()),
        contact: "c9".into(),
        is_transactional: false,
        outgoing,
    }
}

fn smtp(url: &str) -> Deliverer {
    Deliverer::new(&DeliverConfig {
        email: EmailProvider::Smtp { url: url.into(), rate: None, insecure: false, dkim: None, hello: Some("camp.test".into()) },
        ..config()
    })
    .unwrap()
}

async fn mail_to(behaviour: Relay) -> SendResult {
    let (url, _) = relay(behaviour).await;
    smtp(&url).send(envelope(Outgoing::Email(email("Eve")))).await
}

fn kind(result: &SendResult) -> &'static str {
    match &result.outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Temporary { .. } => "temporary",
        Outcome::Permanent { hard_bounce: true, .. } => "hard bounce",
        Outcome::Permanent { hard_bounce: false, .. } => "permanent",
        Outcome::Unknown { .. } => "unknown",
    }
}

#[tokio::test]
async fn a_relay_takes_a_whole_message_and_the_connection_is_kept() {
    let (url, received) = relay(Relay::Good).await;
    let deliverer = smtp(&url);
    for _ in 0..3 {
        assert_eq!(kind(&deliverer.send(envelope(Outgoing::Email(email("Eve")))).await), "accepted");
    }
    let received = received.lock().unwrap();
    assert_eq!(received.connections, 1);
    assert_eq!(received.commands[0], "EHLO camp.test");
    assert!(received.commands[1].starts_with("MAIL FROM:<b+") && received.commands[1].contains("@bounce.acme.example>"), "{:?}", received.commands);
    assert_eq!(received.messages[0], received.messages[2], "every attempt sends the same bytes");
    let message = &received.messages[0];
    for wanted in [
        "From: \"Ana at Acme\" <ana@acme.example>\r\n",
        "To: eve@x.example\r\n",
        "Subject: Welcome, Eve\r\n",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        "Date: Thu, 24 Dec 2026 14:00:00 +0000\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Type: text/html; charset=utf-8",
    ] {
        assert!(message.contains(wanted), "{wanted} in {message}");
    }
    assert!(message.contains(&format!("Message-ID: <{}@acme.example>\r\n", effect_id_text(&EFFECT))), "{message}");
    let unfolded = message.replace("\r\n ", " ");
    assert!(unfolded.contains("List-Unsubscribe: <https://mail.acme.example/u/"), "{message}");
}

#[tokio::test]
async fn a_refusal_before_the_body_is_temporary_or_permanent_by_its_code() {
    assert_eq!(kind(&mail_to(Relay::AtRcpt("550 5.1.1 user unknown")).await), "hard bounce");
    let blocked = mail_to(Relay::AtRcpt("550 5.7.1 blocked for spam")).await;
    assert_eq!((kind(&blocked), blocked.advice), ("permanent", Some(Advice::Alarm)));
    assert_eq!(kind(&mail_to(Relay::AtRcpt("450 4.2.1 try later")).await), "temporary");
    assert_eq!(kind(&mail_to(Relay::AtDot("554 5.6.0 no such content")).await), "permanent");
    assert_eq!(kind(&mail_to(Relay::AtDot("451 4.3.0 full")).await), "temporary");
}

#[tokio::test]
async fn what_is_lost_before_the_body_is_temporary_and_after_it_unknown() {
    assert_eq!(kind(&mail_to(Relay::Silent).await), "temporary");
    assert_eq!(kind(&mail_to(Relay::CutAtData).await), "temporary");
    assert_eq!(kind(&mail_to(Relay::CutAtDot).await), "unknown");
    assert_eq!(kind(&mail_to(Relay::SilentAtDot).await), "unknown");
    assert_eq!(kind(&smtp("smtp://127.0.0.1:1").send(envelope(Outgoing::Email(email("Eve")))).await), "temporary");
}

#[tokio::test]
async fn a_connection_that_the_relay_closed_is_replaced_without_a_failure() {
    let (url, received) = relay(Relay::CloseBehind).await;
    let deliverer = smtp(&url);
    for _ in 0..3 {
        assert_eq!(kind(&deliverer.send(envelope(Outgoing::Email(email("Eve")))).await), "accepted");
    }
    assert_eq!(received.lock().unwrap().messages.len(), 3);
}

#[tokio::test]
async fn a_body_cannot_smuggle_in_a_second_message() {
    let (url, received) = relay(Relay::Good).await;
    let deliverer = smtp(&url);
    for body in ["a\r\n.\r\nMAIL FROM:<e@e.example>\r\n", "a\n.\nMAIL FROM:<e@e.example>\n", "a\r.\rMAIL FROM:<e@e.example>\r", ".\r\n.\r\n"] {
        let mail = EmailMessage { text: body.into(), html: None, ..email("Eve") };
        assert_eq!(kind(&deliverer.send(envelope(Outgoing::Email(mail))).await), "accepted");
    }
    let received = received.lock().unwrap();
    assert_eq!(received.messages.len(), 4);
    assert_eq!(received.commands.iter().filter(|command| command.starts_with("MAIL")).count(), 4);
}

#[tokio::test]
async fn nothing_smuggles_in_a_header() {
    let (url, received) = relay(Relay::Good).await;
    let deliverer = smtp(&url);
    let good = email("Eve");
    let to = |name: Option<&str>, address: &str| vec![Mailbox { name: name.map(str::to_owned), address: address.to_owned() }];
    for mail in [
        EmailMessage { subject: "x\r\nBcc: e@e.example".into(), ..good.clone() },
        EmailMessage { subject: "=?utf-8?q?a=0d=0aBcc:x?=".into(), ..good.clone() },
        EmailMessage { to: to(None, "\"a\r\nBcc: e\"@x.example"), ..good.clone() },
        EmailMessage { to: to(Some("A\r\nBcc: e@e.example"), "a@x.example"), ..good.clone() },
        EmailMessage { headers: vec![("X-A".into(), "b\r\nBcc: e@e.example".into())], ..good.clone() },
        EmailMessage { headers: vec![("X-A: b\r\nBcc".into(), "e@e.example".into())], ..good.clone() },
    ] {
        assert_eq!(kind(&deliverer.send(envelope(Outgoing::Email(mail))).await), "permanent");
    }
    assert!(received.lock().unwrap().messages.is_empty());
}

/// One key of a test in both forms that tools write: PKCS#8 and PKCS#1.
const KEYS: [&str; 2] = [
    "-----BEGIN PRIVATE KEY-----
MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBALd7TkaGhAjUNcdV
hdM2o+ElTyvy86/y2e90PCdK5GzeuwXl6VGCindiqAN8P/ZaEfalVydm+aEGf493
k/S9VIXUskuWyuYSe3d0Q9Y1eBO8mQqOzLwIRFUnCON9Q5i4SEfaXaTEa9TjGDcL
2CBBl6Z8eKYiavG9auYmxARe4FRpAgMBAAECgYAZWSGhQKgxCBA976TDX0MYsazU
Z4YfAq/1EtvUmdYg7ExuLisjpaM3hxurD5lOkXb12jXGLcXC50DsMxrvrtBkSM1a
ijPJHVNzXJYvP9J7Iv4w2oNhdE2xlq4TxroYc2i9E3eAYa/2afefT0CLcA09YJE9
kZf5qMgwffZ59KNIeQJBAOg/OTxPSozmLxhCWyVqY6syZ6GgucZ/PdBvrhli3OGo
94zTc7gfSuMw3SW0h7ND/ldjKFcgHFp653HDTKok44sCQQDKP0p2lCtaQAsAhXjb
adYkBlY5rUg3umgGI0otexSxGKfHgD4/PYzxMyXnuf+SjIFbd5ngLAj+rei0d2rh
UJZbAkA70Yz8a6/X+rHGndC8IlrpjWIDz1IKPlu9hAZjo4Mg3FRmgVAc7HJtcfiD
7avGEI1CFNgfGLY019MlChiE+lthAkBv7eMaCRqNEhCEs1mVpNc8jL0/omTrYqCb
dQBid1GWSVzhjlnkyf2sp2/89PU6d8RHiMOCSxyXRkwZRFXEaMMtAkEAnfoub5y4
5kBS3qsD+TEeig2e7H9T68/Ki4qhX5TTHuroNxU2bhncESJJZbaDeIG7k7gMFuls
wUp+Lc0i7myPEw==
-----END PRIVATE KEY-----
",
    "-----BEGIN RSA PRIVATE KEY-----
MIICXAIBAAKBgQC3e05GhoQI1DXHVYXTNqPhJU8r8vOv8tnvdDwnSuRs3rsF5elR
gop3YqgDfD/2WhH2pVcnZvmhBn+Pd5P0vVSF1LJLlsrmEnt3dEPWNXgTvJkKjsy8
CERVJwjjfUOYuEhH2l2kxGvU4xg3C9ggQZemfHimImrxvWrmJsQEXuBUaQIDAQAB
AoGAGVkhoUCoMQgQPe+kw19DGLGs1GeGHwKv9RLb1JnWIOxMbi4rI6WjN4cbqw+Z
TpF29do1xi3FwudA7DMa767QZEjNWoozyR1Tc1yWLz/SeyL+MNqDYXRNsZauE8a6
GHNovRN3gGGv9mn3n09Ai3ANPWCRPZGX+ajIMH32efSjSHkCQQDoPzk8T0qM5i8Y
QlslamOrMmehoLnGfz3Qb64ZYtzhqPeM03O4H0rjMN0ltIezQ/5XYyhXIBxaeudx
w0yqJOOLAkEAyj9KdpQrWkALAIV422nWJAZWOa1IN7poBiNKLXsUsRinx4A+Pz2M
8TMl57n/koyBW3eZ4CwI/q3otHdq4VCWWwJAO9GM/Guv1/qxxp3QvCJa6Y1iA89S
Cj5bvYQGY6ODINxUZoFQHOxybXH4g+2rxhCNQhTYHxi2NNfTJQoYhPpbYQJAb+3j
GgkajRIQhLNZlaTXPIy9P6Jk62Kgm3UAYndRlklc4Y5Z5Mn9rKdv/PT1OnfER4jD
gkscl0ZMGURVxGjDLQJBAJ36Lm+cuOZAUt6rA/kxHooNnux/U+vPyouKoV+U0x7q
6DcVNm4Z3BEiSWW2g3iBu5O4DBbpbMFKfi3NIu5sjxM=
-----END RSA PRIVATE KEY-----
",
];

#[tokio::test]
async fn a_signature_covers_what_receivers_look_at_and_lets_nobody_add_a_sender() {
    let mut signatures = Vec::new();
    for pem in KEYS {
        let (url, received) = relay(Relay::Good).await;
        let dkim = DkimKey { domain: "acme.example".into(), selector: "s1".into(), pem: pem.into() };
        let provider = EmailProvider::Smtp { url, rate: None, insecure: false, dkim: Some(dkim), hello: None };
        let deliverer = Deliverer::new(&DeliverConfig { email: provider, ..config() }).unwrap();
        assert_eq!(kind(&deliverer.send(envelope(Outgoing::Email(email("Eve")))).await), "accepted");
        let message = received.lock().unwrap().messages[0].replace("\r\n ", " ");
        let header = message.lines().find(|line| line.starts_with("DKIM-Signature:")).unwrap().to_owned();
        let part = |name: &str| header.split("; ").find_map(|part| part.strip_prefix(name)).unwrap().to_owned();
        assert_eq!(
            part("h="),
            "from:to:subject:date:message-id:mime-version:content-type:list-id:list-unsubscribe:list-unsubscribe-post:feedback-id:from:to:subject"
        );
        signatures.push(part("bh="));
    }
    assert_eq!(signatures[0], signatures[1], "one body, one hash");
    let broken = DkimKey { domain: "acme.example".into(), selector: "s1".into(), pem: "no key".into() };
    let provider = EmailProvider::Smtp { url: "smtp://127.0.0.1:1".into(), rate: None, insecure: false, dkim: Some(broken), hello: None };
    assert!(Deliverer::new(&DeliverConfig { email: provider, ..config() }).is_err());
}

#[test]
fn blind_copies_are_in_the_envelope_only() {
    let mail = EmailMessage { bcc: vec![Mailbox { name: None, address: "boss@acme.example".into() }], ..email("Eve") };
    let built = build_mail(&mail, None).unwrap();
    assert_eq!(built.envelope.to().len(), 2);
    assert!(!String::from_utf8(built.bytes).unwrap().contains("boss@acme.example"));
}

#[test]
fn a_password_is_never_sent_in_the_clear() {
    let with = |url: &str, insecure: bool| {
        Deliverer::new(&DeliverConfig { email: EmailProvider::Smtp { url: url.into(), rate: None, insecure, dkim: None, hello: None }, ..config() }).map(|_| ())
    };
    assert!(with("smtp://mail.example", false).unwrap_err().to_string().contains("not encrypted"));
    assert!(with("smtp://mail.example", true).is_ok());
    assert!(with("smtp://user:pass@127.0.0.1", true).unwrap_err().to_string().contains("password"));
    assert!(with("smtp+starttls://user:p%40ss@mail.example", false).is_ok());
    assert!(with("http://mail.example", false).is_err());
}

fn webhooks(timeout: u64) -> Deliverer {
    let webhooks = WebhookProvider::Http { allow_private_networks: true, timeout: Duration::from_millis(timeout), ports: None };
    Deliverer::new(&DeliverConfig { webhooks, secrets: [("CRM".to_owned(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())].into(), ..config() }).unwrap()
}

fn hook(url: &str, wants_answer: bool) -> Envelope {
    envelope(Outgoing::Webhook(WebhookCall {
        url: url.into(),
        method: "POST".into(),
        headers: vec![("X-A".into(), "b".into()), ("Webhook-Id".into(), "forged".into())],
        body: b"{\"test\": 1}".to_vec(),
        secret_env: Some("CRM".into()),
        secret_literal: None,
        timeout_ms: None,
        wants_answer,
    }))
}

async fn call(answer: Option<&'static str>, wants_answer: bool) -> SendResult {
    let (url, _) = receiver(answer).await;
    webhooks(500).send(hook(&url, wants_answer)).await
}

#[tokio::test]
async fn a_webhook_is_signed_and_its_answer_read() {
    let (url, requests) = receiver(Some("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"score\": 42}")).await;
    let result = webhooks(500).send(hook(&url, true)).await;
    assert_eq!(kind(&result), "accepted");
    let answer = result.answer.unwrap();
    assert_eq!((answer.status, answer.body.unwrap()["score"].as_i64()), (200, Some(42)));
    let request = requests.lock().unwrap()[0].clone();
    let id = format!("msg_{}", effect_id_text(&EFFECT));
    let signature = sign_webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &id, AT.0 / 1000, b"{\"test\": 1}");
    for wanted in [
        format!("webhook-id: {id}\r\n"),
        format!("webhook-timestamp: {}\r\n", AT.0 / 1000),
        format!("webhook-signature: {signature}\r\n"),
        "x-a: b\r\n".into(),
        "content-type: application/json\r\n".into(),
    ] {
        assert!(request.contains(&wanted), "{wanted} in {request}");
    }
    assert!(!request.contains("forged"), "{request}");
}

#[tokio::test]
async fn answers_of_webhooks_have_their_classes() {
    let server_error = call(Some("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), false).await;
    assert_eq!(kind(&server_error), "temporary");
    let gone = call(Some("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"), false).await;
    assert_eq!((kind(&gone), gone.advice), ("temporary", Some(Advice::DisableEndpoint)), "it waits until the endpoint is called again");
    let redirect = call(Some("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"), false).await;
    assert_eq!(kind(&redirect), "temporary");
    let slow_down = call(Some("HTTP/1.1 429 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), false).await;
    assert_eq!(slow_down.advice, Some(Advice::SlowDown));
    assert!(matches!(slow_down.outcome, Outcome::Temporary { retry_after: Some(after), .. } if after == Duration::from_secs(7)), "{slow_down:?}");
    let dated = call(Some("HTTP/1.1 503 Busy\r\nRetry-After: Thu, 24 Dec 2026 14:01:00 GMT\r\nContent-Length: 0\r\n\r\n"), false).await;
    assert!(matches!(dated.outcome, Outcome::Temporary { retry_after: Some(after), .. } if after == Duration::from_secs(60)), "{dated:?}");
    let refused = Some("HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(kind(&call(refused, false).await), "temporary", "without an answer everything else is retried");
    let answered = call(refused, true).await;
    assert_eq!((kind(&answered), answered.answer.unwrap().status), ("permanent", 422));
    assert_eq!(kind(&call(None, false).await), "unknown", "no answer in time");
    assert_eq!(kind(&webhooks(500).send(hook("http://127.0.0.1:1/", false)).await), "temporary");
}

#[tokio::test]
async fn a_long_or_deep_answer_does_no_harm() {
    let deep: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n{}{}", "[".repeat(100), "]".repeat(100)).into_boxed_str());
    assert_eq!(call(Some(deep), true).await.answer.unwrap().body, None);
    let long: &'static str = Box::leak(format!("HTTP/1.1 200 OK\r\n\r\n\"{}\"", "x".repeat(200_000)).into_boxed_str());
    let result = call(Some(long), true).await;
    assert_eq!((kind(&result), result.answer.unwrap().body), ("accepted", None));
}

#[tokio::test]
async fn webhooks_do_not_reach_into_the_network() {
    let webhooks = WebhookProvider::Http { allow_private_networks: false, timeout: Duration::from_millis(500), ports: None };
    let deliverer = Deliverer::new(&DeliverConfig { webhooks, secrets: [("CRM".to_owned(), "s".to_owned())].into(), ..config() }).unwrap();
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:1:2:3:4:80ff:fffe]/",
        "http://224.0.0.1/",
        "http://198.18.0.1/",
        "http://[::]/",
        "http://192.0.0.1/",
        "ftp://93.184.216.34/",
        "file:///etc/passwd",
        "http://93.184.216.34:22/",
        "http://user@127.0.0.1:80/",
        "https://127.0.0.1/",
        "http://①②⑦.0.0.1/",
    ] {
        let result = deliverer.send(hook(url, false)).await;
        let Outcome::Permanent { reason, .. } = &result.outcome else { panic!("{url}: {result:?}") };
        assert!(reason.contains("not allowed"), "{url}: {reason}");
    }
    let private = NetworkRule { allow_private_networks: true, ports: None };
    assert!(is_address_allowed("10.0.0.1".parse().unwrap(), &private));
    assert!(!is_address_allowed("169.254.169.254".parse().unwrap(), &private), "never, even then");
    assert!(!is_address_allowed("::ffff:169.254.169.254".parse().unwrap(), &private));
    let public = NetworkRule { allow_private_networks: false, ports: None };
    assert!(is_address_allowed("93.184.216.34".parse().unwrap(), &public));
    assert!(is_address_allowed("2606:2800:220:1::1".parse().unwrap(), &public));
}

async fn text(answer: &'static str) -> (SendResult, String) {
    let (url, requests) = receiver(Some(answer)).await;
    let sms = SmsProvider::Twilio { base_url: url, account_sid: "AC1".into(), auth_token: "t".into(), sender: SmsSender::From("+15550100".into()) };
    let deliverer = Deliverer::new(&DeliverConfig { sms, ..config() }).unwrap();
    let message = SmsMessage { to: "+15550101".into(), text: "Hi & bye".into(), status_url: Some("https://m.example/hooks/twilio?e=T".into()) };
    let result = deliverer.send(envelope(Outgoing::Sms(message))).await;
    let request = requests.lock().unwrap()[0].clone();
    (result, request)
}

#[tokio::test]
async fn twilio_is_spoken_to_as_it_wants() {
    let (result, request) = text("HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{\"sid\":\"SM1\"}").await;
    assert_eq!(result.outcome, Outcome::Accepted { provider_id: Some("SM1".into()) });
    assert!(request.starts_with("POST /2010-04-01/Accounts/AC1/Messages.json HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("authorization: Basic QUMxOnQ=\r\n"), "{request}");
    assert!(
        request
            .ends_with("To=%2B15550101&Body=Hi+%26+bye&From=%2B15550100&StatusCallback=https%3A%2F%2Fm.example%2Fhooks%2Ftwilio%3Fe%3DT&ValidityPeriod=3600"),
        "{request}"
    );
    let refused = |code: &str| -> &'static str {
        let body = format!("{{\"code\":{code},\"message\":\"no\",\"status\":400}}");
        Box::leak(format!("HTTP/1.1 400 Bad\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_boxed_str())
    };
    assert_eq!(kind(&text(refused("21211")).await.0), "hard bounce");
    assert_eq!(text(refused("21610")).await.0.advice, Some(Advice::OptedOut));
    assert_eq!(text(refused("30007")).await.0.advice, Some(Advice::Alarm));
    assert_eq!(kind(&text(refused("20429")).await.0), "temporary");
    assert_eq!(kind(&text("HTTP/1.1 504 No\r\nContent-Length: 0\r\n\r\n").await.0), "unknown");
    assert_eq!(kind(&text("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n").await.0), "temporary");
}

#[tokio::test]
async fn http_providers_get_one_post_a_message() {
    let (url, requests) = receiver(Some("HTTP/1.1 202 OK\r\nContent-Length: 11\r\n\r\n{\"id\":\"p1\"}")).await;
    let deliverer = Deliverer::new(&DeliverConfig {
        sms: SmsProvider::Http { url: url.clone(), secret: Some("s".into()), from: Some("Acme".into()) },
        push: PushProvider::Http { url, secret: None },
        ..config()
    })
    .unwrap();
    let sms = deliverer.send(envelope(Outgoing::Sms(SmsMessage { to: "+1".into(), text: "Hi".into(), status_url: None }))).await;
    assert_eq!(sms.outcome, Outcome::Accepted { provider_id: Some("p1".into()) });
    deliverer.send(envelope(Outgoing::Push(PushMessage { to: "d".into(), title: "T".into(), body: "B".into(), link: None }))).await;
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].contains("webhook-signature: v1,") && requests[0].contains(&format!("idempotency-key: {}", effect_id_text(&EFFECT))),
        "{}",
        requests[0]
    );
    assert!(requests[0].ends_with("{\"from\":\"Acme\",\"text\":\"Hi\",\"to\":\"+1\"}"), "{}", requests[0]);
    assert!(requests[1].ends_with("{\"body\":\"B\",\"link\":null,\"title\":\"T\",\"to\":\"d\"}"), "{}", requests[1]);
}

#[tokio::test]
async fn the_outbox_folder_gets_a_file_and_a_line_each() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox");
    let deliverer = Deliverer::new(&DeliverConfig { outbox_dir: outbox.clone(), ..config() }).unwrap();
    let bad = EmailMessage { subject: "a\r\nb".into(), ..email("Eve") };
    let inline = Envelope { message: None, ..envelope(Outgoing::Sms(SmsMessage { to: "+1".into(), text: "Hi".into(), status_url: None })) };
    let batch = vec![envelope(Outgoing::Email(email("Eve"))), envelope(Outgoing::Email(bad)), inline, hook("https://x.example/", false)];
    assert!(batch.iter().all(|envelope| deliverer.writes_file(&envelope.outgoing)));
    let results = deliverer.send_files(batch).await;
    assert_eq!(results.iter().map(kind).collect::<Vec<_>>(), ["accepted", "permanent", "accepted", "accepted"]);
    let index = std::fs::read_to_string(outbox.join("index.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = index.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let file = lines[0]["file"].as_str().unwrap();
    assert_eq!(
        lines[0],
        serde_json::json!({ "at": "2026-12-24T14:00:00Z", "channel": "email", "message": "welcome", "campaign": "Hot lead follow-up", "step": "email welcome", "contact": "c9", "to": "eve@x.example",
            "subject": "Welcome, Eve", "effect_id": effect_id_text(&EFFECT), "attempt": 1, "file": file })
    );
    assert!(std::fs::read_to_string(outbox.join(file)).unwrap().contains("Subject: Welcome, Eve"));
    assert_eq!((lines[1]["message"].is_null(), lines[1]["text"].as_str()), (true, Some("Hi")));
    assert_eq!(lines[2]["body"], serde_json::json!({ "test": 1 }));
}

#[tokio::test]
async fn a_channel_that_is_off_says_so() {
    let deliverer = Deliverer::new(&DeliverConfig { email: EmailProvider::Off, ..config() }).unwrap();
    let result = deliverer.send(envelope(Outgoing::Notify(email("Eve")))).await;
    assert!(matches!(result.outcome, Outcome::Permanent { reason, .. } if reason == "channel off"));
}

#[test]
fn refusals_are_classed_by_code_and_phrase() {
    for (code, text, class) in [
        (550, "550 5.1.1 The email account that you tried to reach does not exist", BounceClass::Hard),
        (550, "550 5.4.4 unrouteable", BounceClass::Hard),
        (552, "552 5.2.2 mailbox full", BounceClass::Soft),
        (550, "550 5.7.26 unauthenticated", BounceClass::Block),
        (550, "550 No such user here", BounceClass::Hard),
        (554, "554 message rejected, see 1.2.3.4.5", BounceClass::Block),
        (550, "550 blocked using a list", BounceClass::Block),
        (450, "450 greylisted", BounceClass::Soft),
    ] {
        assert_eq!(classify_reply(code, text), class, "{text}");
    }
}

#[test]
fn the_schedule_backs_off_with_jitter_and_ends() {
    let (mail, sms, hook) = (Lane::EmailMarketing, Lane::SmsMarketing, Lane::of_webhook("https://N8N.acme.example/x"));
    assert_eq!(hook.to_string(), "webhook/n8n.acme.example");
    let within = |lane: &Lane, attempt: u32, seconds: u64| {
        let wait = backoff(lane, attempt, &EFFECT).unwrap();
        assert!(wait >= Duration::from_millis(seconds * 800) && wait <= Duration::from_millis(seconds * 1200), "{lane} {attempt} {wait:?}");
    };
    for (attempt, seconds) in [(1, 60), (2, 120), (5, 960), (9, 14_400), (60, 14_400)] {
        within(&mail, attempt, seconds);
    }
    within(&hook, 1, 5);
    within(&hook, 9, 86_400);
    within(&sms, 3, 1800);
    assert_eq!(backoff(&sms, 4, &EFFECT), None);
    assert_eq!(backoff(&mail, 3, &EFFECT), backoff(&mail, 3, &EFFECT));
    assert_ne!(backoff(&mail, 3, &EFFECT), backoff(&mail, 3, &[8; 20]));
    assert_eq!(expiry(&hook, AnswerWanted::Yes), Duration::from_secs(24 * 3600));
    assert_eq!(expiry(&Lane::SmsTransactional, AnswerWanted::No), Duration::from_secs(4 * 3600));
}

#[test]
fn the_breaker_opens_probes_and_closes() {
    let mut breaker = Breaker::default();
    let start = Instant(1_000_000);
    for number in 0..20 {
        assert_eq!(breaker.claim(start), Claim::Free);
        breaker.record(start.plus_millis(number * 100), if number % 2 == 0 { Attempted::Answered } else { Attempted::Failed });
    }
    let opened = start.plus_millis(1900);
    assert_eq!(breaker.claim(opened), Claim::Closed(Some(opened.plus_millis(30_000))));
    let probe = opened.plus_millis(30_000);
    assert_eq!((breaker.claim(probe), breaker.claim(probe)), (Claim::Probe, Claim::Closed(None)));
    breaker.record(probe, Attempted::Failed);
    assert_eq!(breaker.claim(probe), Claim::Closed(Some(probe.plus_millis(60_000))), "a failed probe doubles the pause");
    let again = probe.plus_millis(60_000);
    assert_eq!(breaker.claim(again), Claim::Probe);
    breaker.record(again, Attempted::Answered);
    assert_eq!(breaker.claim(again), Claim::Free);
    for _ in 0..5 {
        breaker.record(again, Attempted::Unreachable);
    }
    assert!(breaker.is_open(), "five in a row that could not connect");
}

#[test]
fn failures_that_are_old_or_few_do_not_open_the_breaker() {
    let mut breaker = Breaker::default();
    for number in 0..100 {
        breaker.record(Instant(number * 2_000), Attempted::Failed);
        assert!(!breaker.is_open(), "15 in 30 s are too few");
    }
}

#[test]
fn a_pace_is_kept_evenly() {
    let start = Instant(5_000);
    let pace = Pace::new(Rate::parse("50/s").unwrap(), start);
    assert_eq!(pace.take(start, 1000), 50, "one second's worth at once");
    assert_eq!(pace.take(start, 1), 0);
    let free = pace.take_one(start).unwrap_err();
    assert_eq!(free, start.plus_millis(20));
    assert_eq!(pace.take_one(free), Ok(()));
    let taken: u32 = (1..=100).map(|tick| pace.take(start.plus_millis(20 + tick * 100), 1000)).sum();
    assert_eq!(taken, 500, "10 s later");
    assert_eq!(Rate::parse("5_000/h").unwrap().per, Duration::from_secs(3600));
    assert_eq!(Rate::parse("x/s"), None);
    let slow = Pace::new(Rate::parse("60/h").unwrap(), start);
    assert_eq!((slow.take(start, 5), slow.take(start.plus_millis(59_000), 5), slow.take(start.plus_millis(60_000), 5)), (1, 0, 1));
}
