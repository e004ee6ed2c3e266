//! Page paths, URL patterns and spellings of names.

/// The path of a page as `visited` compares it: query and fragment cut, `//` collapsed, unreserved percent escapes decoded,
/// a trailing `/` cut (not of `/` itself), case kept. A full URL is reduced to its path.
#[must_use]
pub fn normalize_path(raw: &str) -> String {
    let path = match raw.split_once("://") {
        Some((_, rest)) => rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => raw,
    };
    let path = path.split(['?', '#']).next().unwrap_or("");
    let decoded = decode_unreserved(path);
    let mut out = String::with_capacity(decoded.len() + 1);
    if !decoded.starts_with('/') {
        out.push('/');
    }
    for c in decoded.chars() {
        if !(c == '/' && out.ends_with('/')) {
            out.push(c);
        }
    }
    if out.len() > 1 && out.ends_with('/') {
        out.pop();
    }
    out
}

fn decode_unreserved(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(at) = rest.find('%') {
        out.push_str(rest.get(..at).unwrap_or(""));
        let escape = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
        match escape.filter(|c| c.is_ascii_alphanumeric() || "-._~".contains(*c)) {
            Some(c) => {
                out.push(c);
                rest = rest.get(at + 3..).unwrap_or("");
            }
            None => {
                out.push('%');
                rest = rest.get(at + 1..).unwrap_or("");
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether `text` is the pattern, or begins with what stands before a `*` at the pattern's end.
#[must_use]
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => text.starts_with(prefix) || prefix.strip_suffix('/').is_some_and(|p| !p.is_empty() && p == text),
        None => pattern == text || (pattern.len() > 1 && pattern.strip_suffix('/') == Some(text)),
    }
}

/// An email address as keys and suppression compare it: trimmed, domain in lower case. `None` where it is no address.
#[must_use]
pub fn normalize_email(raw: &str) -> Option<String> {
    let trimmed = raw.trim();
    let (local, domain) = trimmed.rsplit_once('@')?;
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || "<>,;:\"()[]\\".contains(c);
    if local.is_empty() || domain.is_empty() || domain.starts_with('.') || domain.ends_with('.') || trimmed.chars().any(is_bad) || trimmed.len() > 254 {
        return None;
    }
    Some(format!("{}@{}", local.to_lowercase(), domain.to_lowercase()))
}

/// Whether [`normalize_email`] would change nothing; told without making a text. Addresses beyond ASCII are not looked at.
#[must_use]
pub fn is_normal_email(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase() && !b"<>,;:\"()[]\\".contains(&byte);
    text.len() <= 254
        && text.bytes().all(is_plain)
        && text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.'))
}

/// The snake case of a sender's spelling: `Order Completed`, `orderCompleted`, `order-completed` → `order_completed`.
#[must_use]
pub fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut previous_lower = false;
    for c in name.trim().chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && previous_lower {
                out.push('_');
            }
            previous_lower = c.is_lowercase() || c.is_numeric();
            out.extend(c.to_lowercase());
        } else {
            if !out.ends_with('_') && !out.is_empty() {
                out.push('_');
            }
            previous_lower = false;
        }
    }
    while out.ends_with('_') {
        out.pop();
    }
    out
}
