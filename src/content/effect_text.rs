//! The text form of an effect id: 32 characters that are safe in a Message-ID, a file name and a URL.

use data_encoding::{Encoding, Specification};
use std::sync::OnceLock;

fn base32() -> Option<&'static Encoding> {
    static ENCODING: OnceLock<Option<Encoding>> = OnceLock::new();
    let make = || {
        let mut form = Specification::new();
        form.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
        form.encoding().ok()
    };
    ENCODING.get_or_init(make).as_ref()
}

/// Lower-case RFC 4648 base32 without padding: exactly 32 characters.
#[must_use]
pub fn effect_id_text(id: &[u8; 20]) -> String {
    to_base32(id)
}

/// The id of a text form, in either case.
#[must_use]
pub fn effect_id_from_text(text: &str) -> Option<[u8; 20]> {
    from_base32(text)?.try_into().ok()
}

pub(super) fn to_base32(bytes: &[u8]) -> String {
    base32().map_or_else(String::new, |encoding| encoding.encode(bytes))
}

pub(super) fn from_base32(text: &str) -> Option<Vec<u8>> {
    base32()?.decode(text.to_ascii_lowercase().as_bytes()).ok()
}
