//! What the deliverer is set up with: one provider a channel. The project file is read elsewhere; these values are parsed already.

use super::pace::Rate;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Why a deliverer cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// A value of the project file does not do.
    #[error("{key}: {problem}")]
    Config {
        /// The key, as `email.url`.
        key: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
    /// The outbox folder.
    #[error("the outbox folder `{}`: {source}", path.display())]
    Outbox {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A key for DKIM signatures.
#[derive(Clone)]
pub struct DkimKey {
    /// The signing domain.
    pub domain: String,
    /// The selector under which its public half stands in the DNS.
    pub selector: String,
    /// The private key, PEM.
    pub pem: String,
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out of logs.
        write!(f, "DkimKey({} {})", self.selector, self.domain)
    }
}

/// How email leaves, notifications too.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum EmailProvider {
    /// A relay.
    Smtp {
        /// `smtp://`, `smtps://` or `smtp+starttls://`, with user and password if need be.
        url: String,
        /// The pace of the lane; the owner of the lane keeps it.
        rate: Option<Rate>,
        /// Allows a connection without TLS to a host that is not this machine.
        insecure: bool,
        /// The key that signs messages; without one the relay has to.
        dkim: Option<DkimKey>,
        /// The name we greet with; without one the sender's host name is unknown and `localhost` is said.
        hello: Option<String>,
    },
    /// The outbox folder.
    File,
    /// Nothing is sent: `channel off`.
    Off,
}

/// Who an SMS comes from at Twilio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmsSender {
    /// A number.
    From(String),
    /// A messaging service.
    Service(String),
}

/// How SMS leave.
#[derive(Clone, Debug)]
pub enum SmsProvider {
    /// Twilio, or a vendor with the same interface.
    Twilio {
        /// Without a slash at its end.
        base_url: String,
        /// `AC…`
        account_sid: String,
        /// The account's token.
        auth_token: String,
        /// The sender.
        sender: SmsSender,
    },
    /// One POST a message.
    Http {
        /// Where to.
        url: String,
        /// Signs the call.
        secret: Option<String>,
        /// `from` of the body.
        from: Option<String>,
    },
    /// The outbox folder.
    File,
    /// Nothing is sent.
    Off,
}

/// How push messages leave.
#[derive(Clone, Debug)]
pub enum PushProvider {
    /// One POST a message.
    Http {
        /// Where to.
        url: String,
        /// Signs the call.
        secret: Option<String>,
    },
    /// The outbox folder.
    File,
    /// Nothing is sent.
    Off,
}

/// How webhooks are called.
#[derive(Clone, Debug)]
pub enum WebhookProvider {
    /// Really.
    Http {
        /// Lifts the address filter (but for link-local addresses) and, without `ports`, the port filter: inside a network
        /// services stand on any port.
        allow_private_networks: bool,
        /// The whole call, where the webhook says nothing; at most 20 s.
        timeout: Duration,
        /// Allowed ports; without it 80 and 443.
        ports: Option<Vec<u16>>,
    },
    /// The outbox folder.
    File,
    /// None is called.
    Off,
}

/// The whole set-up.
#[derive(Clone, Debug)]
pub struct DeliverConfig {
    /// Email and notifications.
    pub email: EmailProvider,
    /// SMS.
    pub sms: SmsProvider,
    /// Push.
    pub push: PushProvider,
    /// Webhooks.
    pub webhooks: WebhookProvider,
    /// Where `file` providers write.
    pub outbox_dir: PathBuf,
    /// Values of the environment variables that webhooks name as secrets.
    pub secrets: BTreeMap<String, String>,
    /// The longest a send may take in all.
    pub deadline: Duration,
    /// Connections to the mail relay at once.
    pub smtp_connections: usize,
}

impl DeliverConfig {
    /// Everything to the outbox folder: what a project without any set-up does.
    #[must_use]
    pub fn files(outbox_dir: PathBuf) -> Self {
        Self {
            email: EmailProvider::File,
            sms: SmsProvider::File,
            push: PushProvider::File,
            webhooks: WebhookProvider::File,
            outbox_dir,
            secrets: BTreeMap::new(),
            deadline: Duration::from_secs(45),
            smtp_connections: 20,
        }
    }
}
