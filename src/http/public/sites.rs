//! The web pages of the project: where the pixel script is met, and what it may set there.

use std::collections::BTreeSet;
use url::{Origin, Url};

/// What the project says of its own pages.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// Fields that the pixel's beacon may set.
    pub public_fields: BTreeSet<String>,
    origins: Vec<Origin>,
    /// The host of the public address.
    host: Option<String>,
}

impl Sites {
    /// `origins` such as `https://www.acme.example` (what is none is left out), and the daemon's public address.
    #[must_use]
    pub fn new(public_fields: BTreeSet<String>, origins: &[String], public_url: &str) -> Sites {
        let origins = origins.iter().filter_map(|text| Url::parse(text).ok()).map(|url| url.origin()).collect();
        Sites { public_fields, origins, host: Url::parse(public_url).ok().and_then(|url| url.domain().map(str::to_lowercase)) }
    }

    /// Where a click leads: the target; on a page of one's own with the click's token as `ct`, by which the pixel script knows the visitor.
    /// Nobody else's site learns it.
    #[must_use]
    pub fn landing(&self, target: &str, token: &str) -> String {
        let Ok(mut url) = Url::parse(target) else { return target.to_owned() };
        if self.is_own(&url) {
            url.query_pairs_mut().append_pair("ct", token);
            return url.into();
        }
        // As a header can carry it: what is not ASCII is escaped.
        if target.is_ascii() { target.to_owned() } else { url.into() }
    }

    /// Named in `[forms] origins`; or the public address's host, one below it, or the one that it lies below.
    fn is_own(&self, url: &Url) -> bool {
        let is_below = |host: &str, above: &str| host.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.origins.contains(&url.origin())
            || self.host.as_deref().zip(url.domain()).is_some_and(|(own, host)| is_below(host, own) || (host.contains('.') && is_below(own, host)))
    }
}

#[cfg(test)]
mod tests {
    use super::Sites;

    #[test]
    fn only_ones_own_pages_learn_who_comes() {
        let sites = Sites::new([].into(), &["https://shop.example:8443/any".to_owned(), "no address".to_owned()], "https://mail.acme.example");
        for (target, landing) in [
            ("https://mail.acme.example/x", "https://mail.acme.example/x?ct=T"),
            ("https://acme.example/?a=1#b", "https://acme.example/?a=1&ct=T#b"),
            ("https://eu.mail.acme.example/", "https://eu.mail.acme.example/?ct=T"),
            ("https://shop.example:8443/", "https://shop.example:8443/?ct=T"),
            ("https://shop.example/", "https://shop.example/"),
            ("https://evilacme.example/", "https://evilacme.example/"),
            ("https://www.acme.example/", "https://www.acme.example/"),
            ("https://example/", "https://example/"),
            ("https://other.example/ü", "https://other.example/%C3%BC"),
        ] {
            assert_eq!(sites.landing(target, "T"), landing);
        }
    }
}
