//! The deliverer: one provider a channel, one method for all.

use super::client::client;
use super::config::{DeliverConfig, DeliverError, EmailProvider, PushProvider, SmsProvider, WebhookProvider};
use super::dkim::Signer;
use super::files::Outbox;
use super::guard::NetworkRule;
use super::mail::{MailError, build_mail};
use super::push::send_push;
use super::result::{Envelope, Found, SendResult};
use super::sms::{HttpProvider, Twilio};
use super::smtp::{Relay, RelayConfig};
use super::webhook::Webhooks;
use crate::content::{EmailMessage, Outgoing, effect_id_text};
use crate::lang::Instant;
use std::time::Duration;

enum Email {
    Relay(Box<Relay>, Option<Box<Signer>>),
    File,
    Off,
}

enum Sms {
    Twilio(Box<Twilio>),
    Http(HttpProvider),
    File,
    Off,
}

enum Push {
    Http(HttpProvider),
    File,
    Off,
}

enum Hooks {
    Http(Box<Webhooks>),
    File,
    Off,
}

/// Hands effects over. Shared between tasks; holds no queue, keeps no pace and retries nothing: its caller does.
pub struct Deliverer {
    email: Email,
    sms: Sms,
    push: Push,
    hooks: Hooks,
    outbox: Outbox,
    deadline: Duration,
}

impl std::fmt::Debug for Deliverer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deliverer")
    }
}

impl Deliverer {
    /// Sets the providers up; nothing is connected yet. A TLS provider must have been installed for the process.
    pub fn new(config: &DeliverConfig) -> Result<Deliverer, DeliverError> {
        Ok(Deliverer {
            email: email(config)?,
            sms: sms(config)?,
            push: match &config.push {
                PushProvider::Http { url, secret } => Push::Http(HttpProvider::new(url, secret.as_deref(), None)?),
                PushProvider::File => Push::File,
                PushProvider::Off => Push::Off,
            },
            hooks: match &config.webhooks {
                WebhookProvider::Http { allow_private_networks, timeout, ports } => {
                    let rule = NetworkRule { allow_private_networks: *allow_private_networks, ports: ports.clone() };
                    Hooks::Http(Box::new(Webhooks::new(rule, *timeout, config.secrets.clone())?))
                }
                WebhookProvider::File => Hooks::File,
                WebhookProvider::Off => Hooks::Off,
            },
            outbox: Outbox::new(config.outbox_dir.clone()),
            deadline: config.deadline,
        })
    }

    /// Whether that effect's channel writes files: then it goes with others through [`Deliverer::send_files`].
    #[must_use]
    pub fn writes_file(&self, outgoing: &Outgoing) -> bool {
        match outgoing {
            Outgoing::Email(_) | Outgoing::Notify(_) => matches!(self.email, Email::File),
            Outgoing::Sms(_) => matches!(self.sms, Sms::File),
            Outgoing::Push(_) => matches!(self.push, Push::File),
            Outgoing::Webhook(_) => matches!(self.hooks, Hooks::File),
        }
    }

    /// Whether email, sms and push are switched off.
    #[must_use]
    pub fn is_off(&self) -> (bool, bool, bool) {
        (matches!(self.email, Email::Off), matches!(self.sms, Sms::Off), matches!(self.push, Push::Off))
    }

    /// Makes one attempt. Ends within the configured deadline, whatever the provider does, and never panics for one.
    pub async fn send(&self, envelope: Envelope) -> SendResult {
        match &envelope.outgoing {
            Outgoing::Email(mail) | Outgoing::Notify(mail) => match &self.email {
                Email::Relay(relay, signer) => self.mail((relay, signer.as_deref()), (mail, &envelope.effect_id)).await,
                Email::File => self.file(envelope).await,
                Email::Off => off(),
            },
            Outgoing::Sms(message) => match &self.sms {
                Sms::Twilio(twilio) => twilio.send(&envelope, message, self.deadline).await,
                Sms::Http(provider) => provider.send_sms(&envelope, message, self.deadline).await,
                Sms::File => self.file(envelope).await,
                Sms::Off => off(),
            },
            Outgoing::Push(message) => match &self.push {
                Push::Http(provider) => send_push(provider, &envelope, message, self.deadline).await,
                Push::File => self.file(envelope).await,
                Push::Off => off(),
            },
            Outgoing::Webhook(call) => match &self.hooks {
                Hooks::Http(webhooks) => webhooks.send(&envelope, call).await,
                Hooks::File => self.file(envelope).await,
                Hooks::Off => off(),
            },
        }
    }

    /// How long the relay knows an idempotency key, where it honours them.
    #[must_use]
    pub fn email_keys(&self) -> Option<Duration> {
        match &self.email {
            Email::Relay(relay, _) => relay.key_lifetime(),
            Email::File | Email::Off => None,
        }
    }

    /// Whether the SMS provider can be asked what it has.
    #[must_use]
    pub fn answers_about_sms(&self) -> bool {
        matches!(self.sms, Sms::Twilio(_))
    }

    /// Asks the provider for a message that was sent at about `at` and whose answer was lost.
    pub async fn find(&self, outgoing: &Outgoing, at: Instant) -> Found {
        match (outgoing, &self.sms) {
            (Outgoing::Sms(message), Sms::Twilio(twilio)) => twilio.find(message, at, self.deadline).await,
            (Outgoing::Sms(_) | Outgoing::Email(_) | Outgoing::Notify(_) | Outgoing::Push(_) | Outgoing::Webhook(_), _) => Found::NobodyKnows,
        }
    }

    /// Writes a batch to the outbox folder with one sync; the results stand in the order of the envelopes.
    pub async fn send_files(&self, batch: Vec<Envelope>) -> Vec<SendResult> {
        self.outbox.send(batch).await
    }

    async fn file(&self, envelope: Envelope) -> SendResult {
        self.outbox.send(vec![envelope]).await.pop().unwrap_or_else(|| SendResult::unknown("the outbox folder was not written"))
    }

    async fn mail(&self, (relay, signer): (&Relay, Option<&Signer>), (mail, effect_id): (&EmailMessage, &[u8; 20])) -> SendResult {
        let mut mail = mail.clone();
        if relay.key_lifetime().is_some() {
            mail.headers.push(("Resend-Idempotency-Key".to_owned(), effect_id_text(effect_id)));
        }
        match build_mail(&mail, signer) {
            Ok(built) => relay.send(&built, self.deadline).await,
            Err(error @ (MailError::Address(_) | MailError::Header(_) | MailError::Message(_))) => SendResult::permanent(error.to_string()),
        }
    }
}

fn off() -> SendResult {
    SendResult::permanent("channel off")
}

fn email(config: &DeliverConfig) -> Result<Email, DeliverError> {
    Ok(match &config.email {
        EmailProvider::Smtp { url, hello, insecure, dkim, rate: _ } => {
            let relay = RelayConfig { url, hello: hello.as_deref(), is_insecure: *insecure, connections: config.smtp_connections };
            let signer = dkim.as_ref().map(Signer::new).transpose()?;
            Email::Relay(Box::new(Relay::new(&relay)?), signer.map(Box::new))
        }
        EmailProvider::File => Email::File,
        EmailProvider::Off => Email::Off,
    })
}

fn sms(config: &DeliverConfig) -> Result<Sms, DeliverError> {
    Ok(match &config.sms {
        SmsProvider::Twilio { base_url, account_sid, auth_token, sender } => Sms::Twilio(Box::new(Twilio {
            client: client(None)?,
            url: format!("{}/2010-04-01/Accounts/{account_sid}/Messages.json", base_url.trim_end_matches('/')),
            account_sid: account_sid.clone(),
            auth_token: auth_token.clone(),
            sender: sender.clone(),
        })),
        SmsProvider::Http { url, secret, from } => Sms::Http(HttpProvider::new(url, secret.as_deref(), from.as_deref())?),
        SmsProvider::File => Sms::File,
        SmsProvider::Off => Sms::Off,
    })
}
