//! Write keys and admin tokens: kept as hashes, compared in constant time.

use super::problem::Problem;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::{Choice, ConstantTimeEq};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Send events, nothing else.
    Writer,
    /// The admin API.
    Admin,
}

type Hash = [u8; 32];

/// The keys a server knows, hashed.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    writers: Vec<Hash>,
    admins: Vec<Hash>,
}

/// A key as it came with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// None.
    Nothing,
    /// This one.
    Key(String),
}

impl Keys {
    /// The keys of a server. Empty ones are left out: they would open the door to everybody.
    #[must_use]
    pub fn new(write_keys: &[String], admin_tokens: &[String]) -> Keys {
        let hashes = |keys: &[String]| keys.iter().filter(|key| !key.is_empty()).map(|key| hash(key)).collect();
        Keys { writers: hashes(write_keys), admins: hashes(admin_tokens) }
    }
    /// What `key` may do. All hashes are looked at, whatever matches first.
    #[must_use]
    pub fn role(&self, key: &str) -> Option<Role> {
        let wanted = hash(key);
        let is_among = |known: &[Hash]| known.iter().fold(Choice::from(0), |found, one| found | one.ct_eq(&wanted));
        let (is_writer, is_admin) = (is_among(&self.writers), is_among(&self.admins));
        if bool::from(is_admin) {
            Some(Role::Admin)
        } else if bool::from(is_writer) {
            Some(Role::Writer)
        } else {
            None
        }
    }
    /// Lets an admin in.
    ///
    /// # Errors
    /// 401 without a known key, 403 for a write key.
    pub fn admit_admin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        match presented(headers) {
            Presented::Nothing => Err(Problem::unauthorized("send `Authorization: Bearer ADMIN_TOKEN`; `campc run` prints the one it made")),
            Presented::Key(key) => match self.role(&key) {
                Some(Role::Admin) => Ok(()),
                Some(Role::Writer) => Err(Problem::forbidden("a write key may only send events; this route wants an admin token")),
                None => Err(Problem::unauthorized("this admin token is not known here")),
            },
        }
    }
    /// Lets a sender in; `from_body` is the body's `writeKey`, asked last.
    ///
    /// # Errors
    /// 401 without a known write key.
    pub fn admit_writer(&self, headers: &HeaderMap, from_body: Option<&str>) -> Result<(), Problem> {
        let key = match presented(headers) {
            Presented::Key(key) => key,
            Presented::Nothing => from_body.filter(|key| !key.is_empty()).map(str::to_string).ok_or_else(|| {
                Problem::unauthorized("send the write key as the user name of HTTP Basic, as `Authorization: Bearer`, or as `writeKey` in the body")
            })?,
        };
        match self.role(&key) {
            Some(Role::Writer) => Ok(()),
            Some(Role::Admin) | None => Err(Problem::unauthorized("this write key is not known here")),
        }
    }
}

fn hash(key: &str) -> Hash {
    *blake3::hash(key.as_bytes()).as_bytes()
}

/// The key of the `Authorization` header: Basic's user name, or Bearer's token.
#[must_use]
pub fn presented(headers: &HeaderMap) -> Presented {
    let Some(text) = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return Presented::Nothing };
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        Some(rest.trim().to_string())
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        decoded.map(|pair| pair.split_once(':').map_or(pair.clone(), |(user, _)| user.to_string()))
    } else {
        None
    };
    match key {
        Some(key) if !key.is_empty() => Presented::Key(key),
        Some(_) | None => Presented::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_key_opens_no_door() {
        let keys = Keys::new(&[String::new()], &[String::new()]);
        assert_eq!(keys.role(""), None);
    }

    #[test]
    fn a_write_key_is_the_user_name_of_basic() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode("wk:ignored")).parse().unwrap());
        assert_eq!(presented(&headers), Presented::Key("wk".into()));
    }
}
