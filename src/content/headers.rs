//! Headers of our mail: unsubscribe, list and feedback headers, and the check that no value smuggles in another.

/// Whether a header value, subject, name or address holds something that could end or disguise it: a control character, a
/// line or paragraph separator, or an encoded word (`=?…?=`) that a mail program would decode into one.
#[must_use]
pub fn has_control(text: &str) -> bool {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.chars().any(is_bad) || text.find("=?").is_some_and(|start| text.get(start + 2..).is_some_and(|rest| rest.contains("?=")))
}

/// A word for a header field or a host label: lower-case letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        if out.len() >= 60 {
            break;
        }
    }
    let end = out.trim_end_matches('-').len();
    out.truncate(end);
    if out.is_empty() { "x".to_owned() } else { out }
}

/// Who the headers of a marketing mail speak of.
pub(super) struct ListHeaders<'a> {
    pub unsubscribe_url: &'a str,
    pub unsubscribe_mail: Option<&'a str>,
    /// Name and title of the topic.
    pub topic: Option<(&'a str, &'a str)>,
    pub project: &'a str,
    pub domain: &'a str,
}

/// The headers that let a reader leave with one click, and that name the list.
pub(super) fn list_headers(list: &ListHeaders<'_>) -> Vec<(String, String)> {
    let mut unsubscribe = format!("<{}>", list.unsubscribe_url);
    if let Some(address) = list.unsubscribe_mail {
        unsubscribe.push_str(&format!(", <mailto:{address}>"));
    }
    let project = slug(list.project);
    let id = match list.topic {
        Some((name, title)) => {
            let title = title.replace(['"', '\\'], "");
            let quoted = if has_control(&title) || !title.is_ascii() { String::new() } else { format!("\"{title}\" ") };
            format!("{quoted}<{}.{project}.{}>", slug(name), list.domain)
        }
        None => format!("<marketing.{project}.{}>", list.domain),
    };
    vec![
        ("List-Unsubscribe".to_owned(), unsubscribe),
        ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
        ("List-Id".to_owned(), id),
    ]
}

/// `CAMPAIGN:STEP:PROJECT:DOMAIN`, by which receivers group complaints.
pub(super) fn feedback_id(campaign: &str, step: &str, project: &str, domain: &str) -> (String, String) {
    ("Feedback-ID".to_owned(), format!("{}:{}:{}:{domain}", slug(campaign), slug(step), slug(project)))
}
