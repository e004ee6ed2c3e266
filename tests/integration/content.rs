//! Content: golden messages, tokens, tracking, headers, signatures.

use crate::templates::{nested, record};
use campc::bytecode::{
    Channel, MessageContent, MessageDef, MessageId, NotifyDef, NotifyId, Program, ProjectInfo, StepId, TemplateDef, TemplateId, TopicDef, TopicId, WebhookDef,
    WebhookId,
};
use campc::content::{
    ComposeError, Composer, EffectFacts, EmailMessage, KeyRing, Outgoing, Recipients, Settings, ShortKind, Token, TokenKind, TokenPayload, WebhookInput,
    effect_id_from_text, effect_id_text, has_control, parse_mailbox, parse_mailboxes, sign_webhook,
};
use campc::lang::{Instant, Record, Value, Zone};
use std::sync::Arc;

pub const AT: Instant = Instant(1_798_120_800_000);
pub const EFFECT: [u8; 20] = [7; 20];

fn template(program: &mut Program, source: &str, is_html: bool) -> TemplateId {
    program.templates.push(TemplateDef { source: Arc::from(source), is_html, variables: Vec::new() });
    TemplateId::from_index(program.templates.len() - 1)
}

fn message(channel: Channel, content: MessageContent) -> MessageDef {
    MessageDef {
        name: Some(Arc::from("welcome")),
        was: None,
        channel,
        is_transactional: false,
        topic: None,
        content,
        variants: Vec::new(),
        variables: Vec::new(),
    }
}

struct Mail {
    subject: &'static str,
    html: &'static str,
    text: &'static str,
    from: Option<&'static str>,
    is_transactional: bool,
}

const MAIL: Mail = Mail {
    subject: "Welcome, {{ contact.first_name }}",
    html: "<html><body><p>Hi {{ contact.first_name }}, <a class=\"b\" href=\"https://acme.example/a?x=1&amp;y=2\">look</a> <a href=\"mailto:a@b.example\">m</a> <a href='{{ preferences_url }}'>p</a></p></body></html>",
    text: "Hi {{ contact.first_name }}, https://acme.example/a\n",
    from: None,
    is_transactional: false,
};

fn program(mail: &Mail) -> Program {
    let mut program = Program {
        project: ProjectInfo {
            name: Arc::from("Acme Inc"),
            from: Some(Arc::from("Ana at Acme <ana@acme.example>")),
            address: Some(Arc::from("1 King St W, Toronto")),
            ..ProjectInfo::default()
        },
        topics: vec![TopicDef { name: Arc::from("news"), was: None, title: Arc::from("The News"), is_opt_in: false }],
        ..Program::default()
    };
    let subject = template(&mut program, mail.subject, false);
    let html = template(&mut program, mail.html, true);
    let text = template(&mut program, mail.text, false);
    let preheader = template(&mut program, "Before {{ contact.first_name }}", false);
    let campaign_header = template(&mut program, "c-{{ contact.first_name }}", false);
    let from = mail.from.map(|from| template(&mut program, from, false));
    let content = MessageContent::Email {
        subject,
        html: Some(html),
        text,
        from,
        reply_to: None,
        preheader: Some(preheader),
        to: None,
        cc: None,
        bcc: None,
        attachments: Vec::new(),
        headers: vec![(Arc::from("X-Camp"), campaign_header), (Arc::from("List-Unsubscribe"), campaign_header)],
        has_unsubscribe_link: false,
    };
    let topic = (!mail.is_transactional).then_some(TopicId(0));
    program.messages.push(MessageDef { is_transactional: mail.is_transactional, topic, ..message(Channel::Email, content) });
    let sms = template(&mut program, "Hi {{ contact.first_name }}!", false);
    program.messages.push(message(Channel::Sms, MessageContent::Sms { text: sms }));
    let link = template(&mut program, "https://acme.example/app", false);
    program.messages.push(message(Channel::Push, MessageContent::Push { title: subject, body: sms, link: Some(link) }));
    let team = template(&mut program, "sales@acme.example, Bob <bob@acme.example>", false);
    program.notifies.push(NotifyDef { step: StepId(0), to: team, subject, body: None, params: Vec::new(), variables: Vec::new() });
    let url = template(&mut program, "https://n8n.acme.example/{{ contact.first_name | urlencode }}", false);
    program.webhooks.push(WebhookDef {
        name: Arc::from("crm"),
        url,
        method: Arc::from("post"),
        headers: vec![(Arc::from("X-A"), sms)],
        secret_env: Some(Arc::from("CRM_SECRET")),
        secret_literal: None,
        body: None,
        timeout: None,
    });
    program
}

fn settings() -> Settings {
    Settings {
        public_url: "https://mail.acme.example/".into(),
        project: "acme".into(),
        from: None,
        postal_address: None,
        bounce_domain: Some("bounce.acme.example".into()),
        inbound_domain: Some("in.acme.example".into()),
        keys: KeyRing::new(&["a secret"]).unwrap(),
    }
}

fn frozen(name: &str) -> Record {
    record(&[("contact", nested(&[("first_name", Value::text(name)), ("email", Value::text("eve@x.example"))]))])
}

fn compose(mail: &Mail, number: u32, name: &str, to: &str) -> Result<Outgoing, ComposeError> {
    let composer = Composer::new(Arc::new(program(mail)), settings()).unwrap();
    with_facts(name, mail.is_transactional, |facts| composer.message(facts, (MessageId(number), None), &Recipients { to, cc: &[], bcc: &[] }))
}

fn with_facts<T>(name: &str, is_transactional: bool, run: impl FnOnce(&EffectFacts<'_>) -> T) -> T {
    let (frozen, zone) = (frozen(name), Zone::utc());
    run(&EffectFacts {
        effect_id: EFFECT,
        contact_uid: 9,
        contact_id: "c9",
        contact_email: Some("eve@x.example"),
        campaign: "Hot lead follow-up",
        step: "email welcome",
        topic: 5,
        frozen: &frozen,
        zone: &zone,
        at: AT,
        is_transactional,
    })
}

pub fn email(name: &str) -> EmailMessage {
    match compose(&MAIL, 0, name, "eve@x.example").unwrap() {
        Outgoing::Email(mail) => mail,
        other => panic!("{other:?}"),
    }
}

fn header<'a>(mail: &'a EmailMessage, name: &str) -> Vec<&'a str> {
    mail.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
}

fn tokens_in<'a>(text: &'a str, route: &str) -> Vec<&'a str> {
    text.match_indices(route)
        .map(|(at, _)| text[at + route.len()..].split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c))).next().unwrap())
        .collect()
}

#[test]
fn a_marketing_mail_has_tracked_links_a_pixel_a_footer_and_one_click_headers() {
    let mail = email("Eve & <co>");
    let keys = settings().keys;
    let html = mail.html.as_deref().unwrap();
    assert_eq!(mail.subject, "Welcome, Eve & <co>");
    assert!(html.contains("Hi Eve &amp; &lt;co&gt;,"), "{html}");
    assert!(html.contains("href=\"mailto:a@b.example\""), "{html}");
    let clicks = tokens_in(html, "https://mail.acme.example/t/c/");
    assert_eq!(clicks.len(), 1, "{html}");
    assert_eq!(keys.decode(clicks[0], TokenKind::Click).unwrap().payload, TokenPayload::Click { link: 0, target: "https://acme.example/a?x=1&y=2".into() });
    let pixel = tokens_in(html, "https://mail.acme.example/t/o/");
    assert_eq!(keys.decode(pixel[0], TokenKind::Open).unwrap(), Token { contact_uid: 9, effect_id: EFFECT, payload: TokenPayload::Open });
    assert!(html.find("/t/o/").unwrap() < html.find("</body>").unwrap());
    assert!(html.contains("1 King St W, Toronto") && html.contains(">Unsubscribe</a>"), "{html}");
    assert!(html.find("Before Eve").unwrap() < html.find("Hi Eve").unwrap());
    assert!(
        mail.text.contains("https://acme.example/a\n")
            && mail.text.contains("\n-- \nAcme Inc\n1 King St W, Toronto\nUnsubscribe: https://mail.acme.example/u/"),
        "{}",
        mail.text
    );

    let unsubscribe = header(&mail, "List-Unsubscribe");
    assert_eq!(unsubscribe.len(), 1, "a message's own header does not double ours");
    let token = keys.decode(tokens_in(unsubscribe[0], "<https://mail.acme.example/u/")[0], TokenKind::Unsubscribe).unwrap();
    assert_eq!(token.payload, TokenPayload::Unsubscribe { topic: 5 });
    let by_mail = tokens_in(unsubscribe[0], "<mailto:unsubscribe+")[0];
    assert_eq!(keys.decode_short(&by_mail.to_uppercase(), ShortKind::UnsubscribeByMail).unwrap().contact_uid, 9);
    assert_eq!(header(&mail, "List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
    assert_eq!(header(&mail, "List-Id"), ["\"The News\" <news.acme-inc.acme.example>"]);
    assert_eq!(header(&mail, "Feedback-ID"), ["hot-lead-follow-up:email-welcome:acme-inc:acme.example"]);
    assert_eq!(header(&mail, "X-Camp"), ["c-Eve & <co>"]);
    assert!(header(&mail, "Auto-Submitted").is_empty());
    assert_eq!(mail.message_id, format!("<{}@acme.example>", effect_id_text(&EFFECT)));
    assert!(mail.envelope_from.as_deref().unwrap().len() - "@bounce.acme.example".len() <= 64);
}

#[test]
fn a_body_with_its_own_unsubscribe_link_gets_no_footer_and_that_link_is_not_tracked() {
    let own = Mail { html: "<p><a href=\"{{ unsubscribe_url }}\">leave</a></p>", text: "leave: {{ unsubscribe_url }}", ..MAIL };
    let Outgoing::Email(mail) = compose(&own, 0, "Eve", "eve@x.example").unwrap() else { panic!() };
    let html = mail.html.unwrap();
    assert!(!html.contains("King St") && !html.contains("/t/c/") && html.contains("href=\"https://mail.acme.example/u/"), "{html}");
    assert!(!mail.text.contains("King St"));
    // Behind a condition that does not hold it is not there, and the law wants one.
    let hidden = Mail { html: "<p>{% if false %}{{ unsubscribe_url }}{% endif %}x</p>", ..MAIL };
    let Outgoing::Email(mail) = compose(&hidden, 0, "Eve", "eve@x.example").unwrap() else { panic!() };
    assert!(mail.html.unwrap().contains(">Unsubscribe</a>"));
}

#[test]
fn transactional_mail_is_tracked_but_has_no_footer_and_no_list() {
    let Outgoing::Email(mail) = compose(&Mail { is_transactional: true, ..MAIL }, 0, "Eve", "eve@x.example").unwrap() else { panic!() };
    let html = mail.html.as_deref().unwrap();
    assert!(html.contains("/t/c/") && html.contains("/t/o/") && !html.contains("King St"), "{html}");
    assert!(header(&mail, "List-Unsubscribe").is_empty() && header(&mail, "List-Id").is_empty());
    assert_eq!(header(&mail, "Auto-Submitted"), ["auto-generated"]);
}

#[test]
fn sms_push_notify_and_webhook_come_out_whole() {
    let Outgoing::Sms(sms) = compose(&MAIL, 1, "Eve", "+15550100").unwrap() else { panic!() };
    assert_eq!((sms.to.as_str(), sms.text.as_str()), ("+15550100", "Hi Eve!"));
    assert!(sms.status_url.unwrap().starts_with("https://mail.acme.example/hooks/twilio?e="));
    let Outgoing::Push(push) = compose(&MAIL, 2, "Eve", "device").unwrap() else { panic!() };
    assert_eq!((push.title.as_str(), push.body.as_str(), push.link.as_deref()), ("Welcome, Eve", "Hi Eve!", Some("https://acme.example/app")));

    let composer = Composer::new(Arc::new(program(&MAIL)), settings()).unwrap();
    let Outgoing::Notify(note) = with_facts("Eve", true, |facts| composer.notify(facts, NotifyId(0))).unwrap() else { panic!() };
    assert_eq!(note.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(), ["sales@acme.example", "bob@acme.example"]);
    assert_eq!(note.html, None);
    assert!(note.text.contains("eve@x.example") && note.text.contains("Hot lead follow-up") && !note.text.contains("/t/"));
    assert_eq!(header(&note, "Auto-Submitted"), ["auto-generated"]);

    let object = nested(&[("event", Value::text("hot_prospect")), ("points", Value::Number(56.0))]);
    let input = WebhookInput { body: None, object: Some(&object), wants_answer: true };
    let Outgoing::Webhook(call) = with_facts("Eve X", true, |facts| composer.webhook(facts, WebhookId(0), &input)).unwrap() else { panic!() };
    assert_eq!((call.url.as_str(), call.method.as_str(), call.wants_answer), ("https://n8n.acme.example/Eve%20X", "POST", true));
    let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({ "type": "campaign.webhook", "timestamp": "2026-12-24T14:00:00Z", "data": {
            "event": "hot_prospect", "points": 56, "contact": { "id": "c9", "email": "eve@x.example" }, "campaign": "Hot lead follow-up", "step": "email welcome" } })
    );
    let input = WebhookInput { body: Some(&object), object: None, wants_answer: false };
    let Outgoing::Webhook(call) = with_facts("Eve", true, |facts| composer.webhook(facts, WebhookId(0), &input)).unwrap() else { panic!() };
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&call.body).unwrap(), serde_json::json!({ "event": "hot_prospect", "points": 56 }));
}

#[test]
fn header_injection_fails_the_message() {
    for evil in ["x\r\nBcc: e@e.example", "x\nBcc: e", "x\u{0}", "=?utf-8?q?a=0d=0aBcc:x?=", "x\u{2028}Bcc: e"] {
        assert!(has_control(evil), "{evil:?}");
        assert!(matches!(compose(&MAIL, 0, evil, "eve@x.example"), Err(ComposeError::Control { .. })), "{evil:?}");
    }
    let named = Mail { from: Some("{{ contact.first_name }} <ana@acme.example>"), subject: "x", ..MAIL };
    assert!(compose(&named, 0, "A\r\nBcc: e@e.example", "eve@x.example").is_err());
    for to in ["\"a\r\nBcc: e\"@x.example", "a@x.example\r\nBcc: e@e.example", "a b@x.example", "nothing", "a@x.example>\nX: y"] {
        assert!(matches!(compose(&MAIL, 0, "Eve", to), Err(ComposeError::Address { .. })), "{to:?}");
    }
    assert_eq!(compose(&MAIL, 0, "x\ny", "eve@x.example").unwrap_err().reason(), "header rejected");
}

#[test]
fn a_template_that_fails_is_the_messages_failure() {
    let missing = Mail { text: "{{ contact.nothing }}", ..MAIL };
    let error = compose(&missing, 0, "Eve", "eve@x.example").unwrap_err();
    assert_eq!(error.reason(), "template");
    assert!(error.to_string().contains("contact.nothing"), "{error}");
}

#[test]
fn addresses_are_read_as_people_write_them() {
    assert_eq!(parse_mailbox("\"Bob, the\" <b@x.example>").unwrap().name.as_deref(), Some("Bob, the"));
    assert_eq!(parse_mailboxes("\"Bob, the\" <b@x.example>, c@y.example").unwrap().len(), 2);
    assert_eq!(parse_mailboxes("a@x.example, nope"), None);
    assert_eq!(parse_mailboxes("  "), None);
}

#[test]
fn effect_ids_have_a_text_of_32_characters() {
    let text = effect_id_text(&EFFECT);
    assert_eq!(text.len(), 32);
    assert!(text.chars().all(|c| c.is_ascii_lowercase() || ('2'..='7').contains(&c)));
    assert_eq!(effect_id_from_text(&text.to_uppercase()), Some(EFFECT));
    assert_eq!(effect_id_from_text("x"), None);
}

fn some_tokens() -> Vec<Token> {
    (0..100_u8)
        .map(|number| {
            let payload = match number % 7 {
                0 => TokenPayload::Open,
                1 => TokenPayload::Click { link: u16::from(number), target: format!("https://acme.example/{number}?q=ü") },
                2 => TokenPayload::Unsubscribe { topic: u32::from(number) },
                3 => TokenPayload::Preferences,
                4 => TokenPayload::View,
                5 => TokenPayload::FormConfirmation,
                _ => TokenPayload::SmsStatus,
            };
            Token { contact_uid: u64::from(number) << 40, effect_id: [number; 20], payload }
        })
        .collect()
}

#[test]
fn no_flipped_bit_of_a_token_is_accepted() {
    let keys = KeyRing::new(&["one", "two"]).unwrap();
    for token in some_tokens() {
        let kind = token.payload.kind();
        let text = keys.encode(&token);
        assert_eq!(keys.decode(&text, kind).as_ref(), Some(&token));
        for bit in 0..text.len() * 8 {
            let mut bytes = text.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(flipped) = String::from_utf8(bytes) else { continue };
            assert_eq!(keys.decode(&flipped, kind), None, "{text} bit {bit}");
        }
    }
}

#[test]
fn a_token_is_of_one_kind_and_one_ring() {
    let (old, new) = (KeyRing::new(&["old"]).unwrap(), KeyRing::new(&["new", "old"]).unwrap());
    let token = Token { contact_uid: 1, effect_id: EFFECT, payload: TokenPayload::View };
    let text = old.encode(&token);
    assert!(new.decode(&text, TokenKind::View).is_some(), "a rotated key still verifies");
    assert!(new.decode(&text, TokenKind::Preferences).is_none());
    assert!(KeyRing::new(&["other"]).unwrap().decode(&text, TokenKind::View).is_none());
    let short = new.encode_short(ShortKind::Bounce, 7, &EFFECT);
    assert_eq!(short.len(), 47);
    assert_eq!(new.decode_short(&short.to_uppercase(), ShortKind::Bounce).unwrap().effect_prefix, [7; 12]);
    assert!(new.decode_short(&short, ShortKind::UnsubscribeByMail).is_none());
    assert!(old.decode_short(&short, ShortKind::Bounce).is_none());
}

#[test]
fn a_click_goes_to_the_web_only() {
    let keys = KeyRing::new(&["k"]).unwrap();
    for target in ["javascript:alert(1)", "ftp://x.example", "//x.example", ""] {
        let text = keys.encode(&Token { contact_uid: 1, effect_id: EFFECT, payload: TokenPayload::Click { link: 0, target: target.into() } });
        assert!(keys.decode(&text, TokenKind::Click).is_none(), "{target}");
    }
    let long: &'static str = Box::leak(format!("<p><a href=\"https://x.example/{}\">x</a></p>", "a".repeat(1500)).into_boxed_str());
    let Outgoing::Email(mail) = compose(&Mail { html: long, ..MAIL }, 0, "Eve", "eve@x.example").unwrap() else { panic!() };
    assert!(!mail.html.unwrap().contains("/t/c/"), "a target over 1500 bytes is left as it is");
}

#[test]
fn the_known_signature_of_standard_webhooks_comes_out() {
    let sign = |secret: &str| sign_webhook(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
    assert_eq!(sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_ne!(sign("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
}
