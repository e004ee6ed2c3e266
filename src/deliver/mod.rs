//! Layer 9 (shell): hands effects over to providers: SMTP, SMS, push, webhooks, and the outbox folder.
//!
//! Every answer becomes one of four outcomes: accepted, temporary, permanent, unknown. Not here: what is sent (content), when
//! and whether (daemon and advance); the pace, the breaker and the schedule are here as plain state machines with time as an argument.

mod bounce;
mod breaker;
mod client;
mod config;
mod deliverer;
mod dkim;
mod files;
mod guard;
mod lane;
mod mail;
mod pace;
mod push;
mod result;
mod schedule;
mod sms;
mod smtp;
mod webhook;

pub use bounce::{BounceClass, classify_reply};
pub use breaker::{Attempted, Breaker, Claim};
pub use config::{DeliverConfig, DeliverError, DkimKey, EmailProvider, PushProvider, SmsProvider, SmsSender, WebhookProvider};
pub use deliverer::Deliverer;
pub use guard::{NetworkRule, is_address_allowed};
pub use lane::Lane;
pub use mail::{BuiltMail, MailError, build_mail};
pub use pace::{Pace, Rate};
pub use result::{Advice, Envelope, Found, Outcome, SendResult, WebhookAnswer};
pub use schedule::{AnswerWanted, backoff, expiry};
pub use webhook::status_of;
