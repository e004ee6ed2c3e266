//! Lanes: queues with a rate, a concurrency and a breaker of their own, so that one provider's trouble stops no other.

use serde::{Deserialize, Serialize};

/// A lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Lane {
    EmailTransactional,
    EmailMarketing,
    SmsTransactional,
    SmsMarketing,
    Push,
    Notify,
    /// One a host.
    Webhook(Box<str>),
}

impl Lane {
    /// The lane of a webhook's URL: its host in lower case.
    #[must_use]
    pub fn of_webhook(url: &str) -> Lane {
        let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
        Lane::Webhook(host.unwrap_or_default().into_boxed_str())
    }
}

impl Lane {
    /// The channel whose rate it shares: notices go as mail does.
    #[must_use]
    pub fn channel(&self) -> &'static str {
        match self {
            Lane::EmailTransactional | Lane::EmailMarketing | Lane::Notify => "email",
            Lane::SmsTransactional | Lane::SmsMarketing => "sms",
            Lane::Push => "push",
            Lane::Webhook(_) => "webhook",
        }
    }
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Lane::EmailTransactional => f.write_str("email/transactional"),
            Lane::EmailMarketing => f.write_str("email/marketing"),
            Lane::SmsTransactional => f.write_str("sms/transactional"),
            Lane::SmsMarketing => f.write_str("sms/marketing"),
            Lane::Push => f.write_str("push"),
            Lane::Notify => f.write_str("notify"),
            Lane::Webhook(host) => write!(f, "webhook/{host}"),
        }
    }
}
