//! Signed tokens: what stands in tracking, unsubscribe and preference links, and in bounce addresses.
//!
//! A token holds opaque ids, never an address or a name, and needs no table: its MAC vouches for it, for ever. The format is
//! fixed; links in mails that were sent years ago must go on working. Not here: routes, and what a hit does.

use super::effect_text::{from_base32, to_base32};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
/// Version, key, kind, contact, effect.
const HEAD_BYTES: usize = 1 + 1 + 1 + 8 + 20;
const SHORT_MAC_BYTES: usize = 8;
/// Longer targets are left untracked.
pub const MAX_CLICK_TARGET_BYTES: usize = 1500;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TokenKind {
    Open,
    Click,
    Unsubscribe,
    Preferences,
    View,
    FormConfirmation,
    SmsStatus,
}

impl TokenKind {
    fn number(self) -> u8 {
        match self {
            TokenKind::Open => 1,
            TokenKind::Click => 2,
            TokenKind::Unsubscribe => 3,
            TokenKind::Preferences => 4,
            TokenKind::View => 5,
            TokenKind::FormConfirmation => 6,
            TokenKind::SmsStatus => 8,
        }
    }
}

/// What a token says besides whom and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenPayload {
    /// `/t/o/`
    Open,
    /// `/t/c/`
    Click {
        /// Counts the tracked links of the message.
        link: u16,
        /// Where the click goes: http or https.
        target: String,
    },
    /// `/u/`
    Unsubscribe {
        /// The topic's lasting id; 0 is all of the channel.
        topic: u32,
    },
    /// `/p/`
    Preferences,
    /// `/v/`
    View,
    /// The double opt-in's link.
    FormConfirmation,
    /// `e=` of an SMS provider's status callback.
    SmsStatus,
}

impl TokenPayload {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        match self {
            TokenPayload::Open => TokenKind::Open,
            TokenPayload::Click { .. } => TokenKind::Click,
            TokenPayload::Unsubscribe { .. } => TokenKind::Unsubscribe,
            TokenPayload::Preferences => TokenKind::Preferences,
            TokenPayload::View => TokenKind::View,
            TokenPayload::FormConfirmation => TokenKind::FormConfirmation,
            TokenPayload::SmsStatus => TokenKind::SmsStatus,
        }
    }

    fn rest(&self) -> Vec<u8> {
        match self {
            TokenPayload::Click { link, target } => [&link.to_be_bytes()[..], target.as_bytes()].concat(),
            TokenPayload::Unsubscribe { topic } => topic.to_be_bytes().to_vec(),
            TokenPayload::Open | TokenPayload::Preferences | TokenPayload::View | TokenPayload::FormConfirmation | TokenPayload::SmsStatus => Vec::new(),
        }
    }

    fn read(kind: TokenKind, rest: &[u8]) -> Option<TokenPayload> {
        let bare = |payload: TokenPayload| rest.is_empty().then_some(payload);
        match kind {
            TokenKind::Click => {
                let (link, target) = rest.split_first_chunk::<2>()?;
                let target = std::str::from_utf8(target).ok().filter(|target| is_trackable(target))?;
                Some(TokenPayload::Click { link: u16::from_be_bytes(*link), target: target.to_owned() })
            }
            TokenKind::Unsubscribe => Some(TokenPayload::Unsubscribe { topic: u32::from_be_bytes(rest.try_into().ok()?) }),
            TokenKind::Open => bare(TokenPayload::Open),
            TokenKind::Preferences => bare(TokenPayload::Preferences),
            TokenKind::View => bare(TokenPayload::View),
            TokenKind::FormConfirmation => bare(TokenPayload::FormConfirmation),
            TokenKind::SmsStatus => bare(TokenPayload::SmsStatus),
        }
    }
}

/// Whether a click on that address can be counted: http or https, without control characters, not too long.
pub(super) fn is_trackable(target: &str) -> bool {
    let has_scheme = |scheme: &str| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (has_scheme("http://") || has_scheme("https://")) && target.len() <= MAX_CLICK_TARGET_BYTES && !target.chars().any(char::is_control)
}

/// A token's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The contact.
    pub contact_uid: u64,
    /// The sending.
    pub effect_id: [u8; 20],
    /// The rest, by kind.
    pub payload: TokenPayload,
}

/// What a short token is for: it fits the local part of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShortKind {
    /// `unsubscribe+TOKEN@…`
    UnsubscribeByMail,
    /// `b+TOKEN@…`, the envelope sender.
    Bounce,
}

/// A short token's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortToken {
    /// The contact.
    pub contact_uid: u64,
    /// The first 12 bytes of the effect id; they find the sending.
    pub effect_prefix: [u8; 12],
}

struct Key {
    id: u8,
    /// One derived key a kind, by number.
    by_kind: Vec<[u8; 32]>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// The signing keys: the first signs, all verify.
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<Key>,
}

const LAST_KIND: u8 = 9;

impl KeyRing {
    /// The ring of `secrets` (`[server] signing_keys`, or the store's own key). `None` where there is none.
    #[must_use]
    pub fn new<S: AsRef<[u8]>>(secrets: &[S]) -> Option<KeyRing> {
        let keys: Vec<Key> = secrets.iter().map(|secret| Key::new(secret.as_ref())).collect();
        (!keys.is_empty()).then_some(KeyRing { keys })
    }

    /// The text of a token, for a URL.
    #[must_use]
    pub fn encode(&self, token: &Token) -> String {
        let kind = token.payload.kind().number();
        let rest = token.payload.rest();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + rest.len() + MAC_BYTES);
        bytes.extend([VERSION, self.first_id(), kind]);
        bytes.extend(token.contact_uid.to_be_bytes());
        bytes.extend(token.effect_id);
        bytes.extend(rest);
        let mac = self.keys.first().map(|key| key.mac(kind, &bytes)).unwrap_or_default();
        bytes.extend(mac.iter().take(MAC_BYTES));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The token of a text, if it is one of ours and of that kind. Nothing tells why it is not.
    #[must_use]
    pub fn decode(&self, text: &str, expected: TokenKind) -> Option<Token> {
        if text.len() > 2 * (HEAD_BYTES + MAX_CLICK_TARGET_BYTES + MAC_BYTES) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, mac) = bytes.split_at_checked(bytes.len().checked_sub(MAC_BYTES)?)?;
        let ([version, key_id, kind], behind) = signed.split_first_chunk::<3>()?;
        if *version != VERSION || *kind != expected.number() || !self.is_authentic(*key_id, *kind, signed, mac) {
            return None;
        }
        let (contact, behind) = behind.split_first_chunk::<8>()?;
        let (effect, rest) = behind.split_first_chunk::<20>()?;
        Some(Token { contact_uid: u64::from_be_bytes(*contact), effect_id: *effect, payload: TokenPayload::read(expected, rest)? })
    }

    /// The text of a short token: 47 characters, the same in either case.
    #[must_use]
    pub fn encode_short(&self, kind: ShortKind, contact_uid: u64, effect_id: &[u8; 20]) -> String {
        let mut bytes = vec![self.first_id()];
        bytes.extend(contact_uid.to_be_bytes());
        bytes.extend(effect_id.iter().take(12));
        let mac = self.keys.first().map(|key| key.mac(short_number(kind), &bytes)).unwrap_or_default();
        bytes.extend(mac.iter().take(SHORT_MAC_BYTES));
        to_base32(&bytes)
    }

    /// The short token of a text, if it is one of ours and of that kind.
    #[must_use]
    pub fn decode_short(&self, text: &str, kind: ShortKind) -> Option<ShortToken> {
        let bytes = (text.len() == 47).then(|| from_base32(text)).flatten()?;
        let (signed, mac) = bytes.split_at_checked(bytes.len().checked_sub(SHORT_MAC_BYTES)?)?;
        let (key_id, behind) = signed.split_first()?;
        if !self.is_authentic(*key_id, short_number(kind), signed, mac) {
            return None;
        }
        let (contact, effect) = behind.split_first_chunk::<8>()?;
        Some(ShortToken { contact_uid: u64::from_be_bytes(*contact), effect_prefix: effect.try_into().ok()? })
    }

    fn first_id(&self) -> u8 {
        self.keys.first().map_or(0, |key| key.id)
    }

    fn is_authentic(&self, key_id: u8, kind: u8, signed: &[u8], mac: &[u8]) -> bool {
        // The id of a key is one byte of its hash, so two of a ring may share it: all of that id are tried.
        self.keys.iter().filter(|key| key.id == key_id).any(|key| {
            let wanted = key.mac(kind, signed);
            wanted.get(..mac.len()).is_some_and(|wanted| bool::from(wanted.ct_eq(mac)))
        })
    }
}

fn short_number(kind: ShortKind) -> u8 {
    match kind {
        ShortKind::UnsubscribeByMail => 7,
        ShortKind::Bounce => LAST_KIND,
    }
}

impl Key {
    fn new(secret: &[u8]) -> Key {
        let [id, ..] = blake3::derive_key("campc token key id 1", secret);
        let by_kind = (0..=LAST_KIND).map(|kind| blake3::derive_key(&format!("campc token 1 kind {kind}"), secret)).collect();
        Key { id, by_kind }
    }

    fn mac(&self, kind: u8, signed: &[u8]) -> [u8; 32] {
        // Every kind has a key; were there none, a hash of the whole ring's first would still be secret to others.
        let key = self.by_kind.get(usize::from(kind)).or(self.by_kind.first()).copied().unwrap_or_default();
        *blake3::keyed_hash(&key, signed).as_bytes()
    }
}
