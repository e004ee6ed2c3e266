//! Links and the open pixel of one sending.
//!
//! Web links of the HTML part go through `/t/c/`; those of the text part stay as the author wrote them, since a reader of plain
//! text sees the address itself, and so does a spam filter. `mailto:` and the like, our own unsubscribe, preference and view
//! links, and targets that are too long stay untouched. Not here: answering hits.

use super::tokens::{KeyRing, Token, TokenPayload, is_trackable};
use crate::template::{insert_at_end, rewrite_links};

/// The signed links of one sending.
pub(super) struct Links<'a> {
    pub keys: &'a KeyRing,
    /// Without a slash at its end.
    pub public_url: &'a str,
    pub contact_uid: u64,
    pub effect_id: [u8; 20],
}

impl Links<'_> {
    fn token(&self, payload: TokenPayload) -> String {
        self.keys.encode(&Token { contact_uid: self.contact_uid, effect_id: self.effect_id, payload })
    }
    pub fn unsubscribe(&self, topic: u32) -> String {
        format!("{}/u/{}", self.public_url, self.token(TokenPayload::Unsubscribe { topic }))
    }
    pub fn preferences(&self) -> String {
        format!("{}/p/{}", self.public_url, self.token(TokenPayload::Preferences))
    }
    pub fn view(&self) -> String {
        format!("{}/v/{}", self.public_url, self.token(TokenPayload::View))
    }
    pub fn sms_status(&self) -> String {
        format!("{}/hooks/twilio?e={}", self.public_url, self.token(TokenPayload::SmsStatus))
    }

    /// `html` with its web links counted and the pixel at its end.
    pub fn track(&self, html: &str) -> String {
        let mut link = 0_u16;
        let rewritten = rewrite_links(html, |url| {
            if !is_trackable(url) || self.is_ours(url) || link == u16::MAX {
                return None;
            }
            let token = self.token(TokenPayload::Click { link, target: url.to_owned() });
            link += 1;
            Some(format!("{}/t/c/{token}", self.public_url))
        });
        let pixel = format!(
            "<img src=\"{}/t/o/{}.gif\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">\n",
            self.public_url,
            self.token(TokenPayload::Open)
        );
        insert_at_end(&rewritten, &pixel)
    }

    fn is_ours(&self, url: &str) -> bool {
        url.strip_prefix(self.public_url).is_some_and(|path| ["/u/", "/p/", "/v/"].iter().any(|ours| path.starts_with(ours)))
    }
}
