//! What a mail server's refusal says of the address: gone, not now, or blocked.

/// The class of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BounceClass {
    /// The address does not exist: suppress it.
    Hard,
    /// Full, or away for now.
    Soft,
    /// Policy, reputation, content: the address is good, an operator must look.
    Block,
}

const GONE: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "does not exist",
    "doesn't exist",
    "mailbox not found",
    "mailbox unavailable",
    "recipient not found",
    "invalid recipient",
    "invalid mailbox",
    "unknown recipient",
    "address rejected",
    "not a valid mailbox",
    "unrouteable address",
    "no mailbox here",
    "account disabled",
    "account has been disabled",
    "user doesn't",
    "unknown or invalid address",
];
const BLOCKED: &[&str] = &["blocked", "blacklist", "block list", "spam", "reputation", "policy", "banned", "dmarc", "spf", "refused to talk", "access denied"];

/// The class of an SMTP reply: its code (`550`) and text. The enhanced code decides where there is one.
#[must_use]
pub fn classify_reply(code: u16, text: &str) -> BounceClass {
    let lower = text.to_ascii_lowercase();
    match enhanced_code(&lower) {
        Some([4, _, _]) => return BounceClass::Soft,
        Some([_, 1, _] | [_, 4, 4]) => return BounceClass::Hard,
        Some([_, 5..=7, _]) => return BounceClass::Block,
        Some([_, 0, _]) | None => {}
        Some(_) => return BounceClass::Soft,
    }
    let holds = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
    match code {
        _ if holds(BLOCKED) => BounceClass::Block,
        550 | 551 | 553 if holds(GONE) => BounceClass::Hard,
        554 => BounceClass::Block,
        _ => BounceClass::Soft,
    }
}

/// `5.1.1` of a reply's text.
fn enhanced_code(text: &str) -> Option<[u16; 3]> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let mut parts = word.trim_end_matches('.').split('.').map(|part| part.parse::<u16>().ok().filter(|part| *part < 1000));
        let code = [parts.next()??, parts.next()??, parts.next()??];
        (parts.next().is_none() && code.first().is_some_and(|class| matches!(class, 4 | 5))).then_some(code)
    })
}
