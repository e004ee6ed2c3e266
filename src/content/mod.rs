//! Layer 7: from a program and an effect to what is sent: parts, headers, links, pixel, footer, signatures, tokens.
//!
//! Pure. Not here: whether something may be sent (advance), the sending (deliver), and what is done with a hit (http).

mod addresses;
mod compose;
mod effect;
mod effect_text;
mod footer;
mod headers;
mod message;
mod pages;
mod tokens;
mod tracking;
mod webhook;

pub use addresses::{Mailbox, parse_mailbox, parse_mailboxes};
pub use compose::{ComposeError, Composer, EffectFacts, Recipients, Settings, WebhookInput};
pub use effect_text::{effect_id_from_text, effect_id_text};
pub use headers::has_control;
pub use message::{EmailMessage, Outgoing, PushMessage, SmsMessage, WebhookCall};
pub use pages::{Choice, Preferences, page, preferences_page, view_page};
pub use tokens::{KeyRing, MAX_CLICK_TARGET_BYTES, ShortKind, ShortToken, Token, TokenKind, TokenPayload};
pub use webhook::{WebhookData, default_webhook_body, secret_bytes, sign_webhook};
