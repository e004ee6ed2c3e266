//! DKIM signatures: relaxed/relaxed, over everything that a receiver of bulk mail looks at. The mail library signs.

use super::config::{DeliverError, DkimKey};
use lettre::message::Message;
use lettre::message::dkim::{DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey};
use lettre::message::header::HeaderName;
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::DecodePrivateKey;

/// What is signed, where the message has it.
const SIGNED: &[&str] = &[
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Reply-To",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Feedback-ID",
    "Auto-Submitted",
];

/// Signed once more than they are there, so that nobody on the way can add another: a mail program may show the added one.
const OVERSIGNED: &[&str] = &["From", "To", "Subject"];

/// Signs messages with one key.
pub struct Signer(DkimKey);

impl Signer {
    /// A signer; the key must be readable.
    pub fn new(key: &DkimKey) -> Result<Signer, DeliverError> {
        let unreadable = |error: String| DeliverError::Config {
            key: "email.dkim.key_file",
            problem: format!("{error}; it holds an RSA key as PEM, as `openssl genrsa 2048` makes it"),
        };
        let pem = traditional(&key.pem).map_err(unreadable)?;
        DkimSigningKey::new(&pem, DkimSigningAlgorithm::Rsa).map_err(|error| unreadable(error.to_string()))?;
        Ok(Signer(DkimKey { pem, ..key.clone() }))
    }

    /// Adds the signature.
    pub fn sign(&self, message: &mut Message) {
        // The library's configuration cannot be shared between the headers that messages have, so it is made for each.
        let Ok(key) = DkimSigningKey::new(&self.0.pem, DkimSigningAlgorithm::Rsa) else { return };
        let has = |name: &&&str| message.headers().get_raw(name).is_some();
        let headers: Vec<HeaderName> = SIGNED.iter().filter(has).chain(OVERSIGNED).map(|name| HeaderName::new_from_ascii_str(name)).collect();
        let canonicalization = DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
        message.sign(&DkimConfig::new(self.0.selector.clone(), self.0.domain.clone(), key, headers, canonicalization));
    }
}

/// The key in the form that the mail library reads (PKCS#1). Most tools write PKCS#8.
fn traditional(pem: &str) -> Result<String, String> {
    if !pem.contains("-----BEGIN PRIVATE KEY-----") {
        return Ok(pem.to_owned());
    }
    let key = RsaPrivateKey::from_pkcs8_pem(pem.trim()).map_err(|error| error.to_string())?;
    key.to_pkcs1_pem(LineEnding::LF).map(|pem| pem.to_string()).map_err(|error| error.to_string())
}
