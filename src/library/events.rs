//! The events that need no declaration.

use super::Entry;

/// What a built-in event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum EventMeaning {
    Visited,
    Submitted,
    Sent,
    Skipped,
    Delivered,
    Opened,
    Clicked,
    Replied,
    Bounced,
    Unsubscribed,
    Complained,
    Failed,
}

/// Where a built-in event may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventUse {
    /// In triggers, point rules, conditions and tests.
    Everywhere,
    /// In conditions alone: it is the engine's own doing, not a happening.
    Conditions,
    /// In tests alone.
    Tests,
}

/// A built-in event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltinEvent {
    /// What is told of it.
    pub entry: Entry,
    /// What it is about.
    pub meaning: EventMeaning,
    /// Where it may stand.
    pub usage: EventUse,
}

const fn event(meaning: EventMeaning, usage: EventUse, texts: [&'static str; 4]) -> BuiltinEvent {
    let [word, signature, doc, example] = texts;
    BuiltinEvent { entry: Entry { word, signature, doc, example }, meaning, usage }
}

/// Every built-in event.
pub const BUILTIN_EVENTS: &[BuiltinEvent] = &[
    event(
        EventMeaning::Visited,
        EventUse::Everywhere,
        [
            "visited",
            "visited(\"/path*\")",
            "A page of the site was looked at. A `*` at the end stands for any rest; query and fragment do not count.",
            "if visited(\"/pricing*\") in last 7d then tag \"curious\"",
        ],
    ),
    event(
        EventMeaning::Submitted,
        EventUse::Everywhere,
        ["submitted", "submitted(FORM)", "A declared form was sent in. Its fields are the event's properties.", "when submitted(webinar) as seat"],
    ),
    event(EventMeaning::Sent, EventUse::Conditions, ["sent", "sent(MESSAGE)", "The message was handed over.", "if sent(welcome) then stop"]),
    event(
        EventMeaning::Skipped,
        EventUse::Conditions,
        ["skipped", "skipped(MESSAGE)", "The message was not sent: no consent, no address, a cap.", "if skipped(welcome) then sms welcome_sms"],
    ),
    event(
        EventMeaning::Delivered,
        EventUse::Conditions,
        ["delivered", "delivered(MESSAGE)", "The provider reported that the message arrived.", "if delivered(welcome) within 1h then tag \"reachable\""],
    ),
    event(
        EventMeaning::Opened,
        EventUse::Everywhere,
        [
            "opened",
            "opened(MESSAGE)",
            "A person opened the message. Opens by machines do not count unless the project says `machine opens count`.",
            "if opened(email) within 3d then tag \"reader\"",
        ],
    ),
    event(
        EventMeaning::Clicked,
        EventUse::Everywhere,
        [
            "clicked",
            "clicked(MESSAGE [, \"url*\"])",
            "A link of the message was followed; this implies that it was opened.",
            "if clicked(welcome, \"https://acme.example/*\") within 3d then tag \"keen\"",
        ],
    ),
    event(
        EventMeaning::Replied,
        EventUse::Everywhere,
        [
            "replied",
            "replied(MESSAGE [, \"pattern\"])",
            "The message was answered; the pattern is a regular expression, case does not count.",
            "when replied(welcome, \"yes|ok\")",
        ],
    ),
    event(
        EventMeaning::Bounced,
        EventUse::Everywhere,
        ["bounced", "bounced(MESSAGE)", "The message came back.", "if bounced(welcome) within 1h then tag \"no mailbox\""],
    ),
    event(
        EventMeaning::Unsubscribed,
        EventUse::Everywhere,
        ["unsubscribed", "unsubscribed(MESSAGE)", "The contact left through the link of the message.", "on unsubscribed(any email) -20"],
    ),
    event(EventMeaning::Complained, EventUse::Tests, ["complained", "complained(MESSAGE)", "The contact reported the message as spam.", "complained(welcome)"]),
    event(EventMeaning::Failed, EventUse::Tests, ["failed", "failed(MESSAGE)", "The provider gave up on the message.", "failed(welcome)"]),
];

/// The built-in event of that name.
#[must_use]
pub fn find_event(word: &str) -> Option<&'static BuiltinEvent> {
    BUILTIN_EVENTS.iter().find(|event| event.entry.word == word)
}
