//! Addresses of mail as people write them: `Ana <ana@acme.example>`, `a@x.example, b@y.example`.
//!
//! A first check; the mail library parses every address again before it is used.

use super::headers::has_control;
use crate::lang::normalize_email;
use serde::{Deserialize, Serialize};

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The name shown.
    pub name: Option<String>,
    /// `local@domain`
    pub address: String,
}

impl Mailbox {
    /// The address's domain.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Reads `address`, `<address>`, `Name <address>` or `"Name" <address>`.
#[must_use]
pub fn parse_mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    if has_control(text) {
        return None;
    }
    let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').replace("\\\"", "\"").trim().to_owned(), address.trim()),
        None => (String::new(), text),
    };
    normalize_email(address)?;
    // A relay takes ASCII in the local part as it is; what is one address must not become two.
    (!address.contains(char::is_whitespace)).then(|| Mailbox { name: (!name.is_empty()).then_some(name), address: address.to_owned() })
}

/// Reads a list, parted by commas outside quotes. `None` where one of it is no address, or the list is empty.
#[must_use]
pub fn parse_mailboxes(text: &str) -> Option<Vec<Mailbox>> {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            ',' | ';' if !is_quoted => {
                parts.push(text.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    let found: Option<Vec<Mailbox>> = parts.into_iter().filter(|part| !part.trim().is_empty()).map(parse_mailbox).collect();
    found.filter(|mailboxes| !mailboxes.is_empty())
}
