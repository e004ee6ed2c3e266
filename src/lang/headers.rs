//! The headers of a mail that no message sets by itself: the engine writes them, or a relay does.

const OURS: [&str; 21] = [
    "auto-submitted",
    "bcc",
    "cc",
    "content-transfer-encoding",
    "content-type",
    "date",
    "dkim-signature",
    "feedback-id",
    "from",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-id",
    "mime-version",
    "precedence",
    "received",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
];

/// Whether a text can be the name of a header at all: visible ASCII without a colon, not longer than a line holds.
#[must_use]
pub fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 76 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
}

/// Whether a header is none that a message may set, in whatever case it is written.
#[must_use]
pub fn is_reserved_header(name: &str) -> bool {
    OURS.iter().any(|known| known.eq_ignore_ascii_case(name))
}
