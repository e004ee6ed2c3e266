//! Which network addresses a webhook may reach: a campaign must not be a way into the network the engine stands in.
//!
//! The resolver looks up, filters and hands on only what is allowed, so that the check and the connection use one look-up.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// What is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkRule {
    /// Private, loopback and other special addresses too (never link-local IPv4, where clouds keep their keys).
    pub allow_private_networks: bool,
    /// Allowed ports; without it 80 and 443, or any where private networks are allowed.
    pub ports: Option<Vec<u16>>,
}

/// An address that may not be called.
#[derive(Debug, thiserror::Error)]
#[error("the address is not allowed: {0}")]
pub(super) struct Blocked(pub String);

impl NetworkRule {
    /// Checks scheme, port and a literal address; names are checked when they are looked up.
    pub(super) fn check_url(&self, text: &str) -> Result<Url, Blocked> {
        let url = Url::parse(text).map_err(|error| Blocked(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Blocked(format!("`{}://`", url.scheme())));
        }
        let port = url.port_or_known_default().unwrap_or(0);
        let is_port_allowed = match &self.ports {
            Some(ports) => ports.contains(&port),
            None => self.allow_private_networks || matches!(port, 80 | 443),
        };
        if !is_port_allowed {
            return Err(Blocked(format!("port {port}")));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(Host::Domain(_)) => None,
            None => return Err(Blocked("no host".to_owned())),
        };
        match literal {
            Some(ip) if !is_address_allowed(ip, self) => Err(Blocked(ip.to_string())),
            Some(_) | None => Ok(url),
        }
    }
}

/// Whether that address may be called.
#[must_use]
pub fn is_address_allowed(ip: IpAddr, rule: &NetworkRule) -> bool {
    match ip {
        IpAddr::V4(ip) => is_v4_allowed(ip, rule),
        IpAddr::V6(ip) => match embedded_v4(ip) {
            Some(inner) => is_v4_allowed(inner, rule) && (rule.allow_private_networks || !is_special_v6(ip)),
            None => rule.allow_private_networks || !is_special_v6(ip),
        },
    }
}

fn is_v4_allowed(ip: Ipv4Addr, rule: &NetworkRule) -> bool {
    let [a, b, c, _] = ip.octets();
    if (a, b) == (169, 254) {
        return false;
    }
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _) | (100, 64..=127, _) | (172, 16..=31, _) | (192, 0, 0) | (192, 168, _) | (198, 18 | 19, _) | (224..=255, _, _)
    );
    rule.allow_private_networks || !is_special
}

fn is_special_v6(ip: Ipv6Addr) -> bool {
    let [first, ..] = ip.segments();
    ip.is_unspecified() || ip.is_loopback() || matches!(first, 0xfc00..=0xfdff | 0xfe80..=0xfebf | 0xff00..=0xffff)
}

/// The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo address.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // `::` and `::1` are addresses of their own, not IPv4 ones.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

/// Looks names up and hands on what the rule allows.
#[derive(Debug)]
pub(super) struct FilteringResolver(pub NetworkRule);

impl Resolve for FilteringResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.0.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| is_address_allowed(address.ip(), &rule)).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Blocked(name.as_str().to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
