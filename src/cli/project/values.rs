//! Whether the values of `camp.toml` are ones, as far as no environment is needed: what has a `${…}` in it is looked at when it is used.

use super::file::{ProjectFile, process_environment};
use super::problems::unusable_value;
use crate::deliver::Rate;
use crate::diagnostics::{Diagnostic, suggest};
use crate::lang::{Duration, Zone};

/// Sections, the words their `provider` may be, in the order in which they are told.
const PROVIDERS: &[(&str, &[&str])] = &[
    ("email", &["smtp", "file", "none"]),
    ("sms", &["twilio", "http", "file", "none"]),
    ("push", &["http", "file", "none"]),
    ("webhooks", &["http", "file", "none"]),
];

/// What is wrong with the values of a project file.
#[must_use]
pub fn value_findings(file: &ProjectFile) -> Vec<Diagnostic> {
    let values = Values { file };
    let mut findings = Vec::new();
    let is_zone = |text: &str| Zone::find(text).is_some();
    findings.extend(values.check("project.timezone", is_zone, "write an IANA name, such as America/Toronto or Europe/Berlin"));
    findings.extend(values.check("project.public_url", is_public_url, "write the address that contacts reach, such as https://go.acme.example"));
    findings.extend(values.check("project.from", is_sender, "write `Ana at Acme <ana@acme.example>`"));
    findings.extend(values.check("project.reply_to", is_sender, "write `Ana at Acme <ana@acme.example>`"));
    let is_country = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    findings.extend(values.check("project.country", is_country, "write its two letters, such as CA or DE"));
    let schemes = ["smtp://", "smtps://", "smtp+starttls://"];
    let is_mail_host = |text: &str| schemes.iter().any(|scheme| text.starts_with(scheme));
    findings.extend(values.check("email.url", is_mail_host, "write smtps://user:password@host, smtp+starttls://… or, to this machine alone, smtp://…"));
    let is_timeout = |text: &str| Duration::parse(text).is_some_and(|length| (1..=20_000).contains(&length.approximate_millis()));
    findings.extend(values.check("webhooks.timeout", is_timeout, "a call may take up to 20s: write `10s`"));
    let is_socket = |text: &str| text.parse::<std::net::SocketAddr>().is_ok();
    findings.extend(values.check("server.listen", is_socket, "write an address and a port, such as 127.0.0.1:8025"));
    for (section, providers) in PROVIDERS {
        findings.extend(values.word(&format!("{section}.provider"), providers));
        findings.extend(values.check(&format!("{section}.rate"), |text| Rate::parse(text).is_some(), "write `50/s`, `600/min`, `5000/h` or `20000/d`"));
        findings.extend(values.word(&format!("{section}.on_unknown"), &["resend", "hold"]));
    }
    findings.sort_by_key(|finding| finding.primary.span);
    findings
}

struct Values<'f> {
    file: &'f ProjectFile,
}

impl Values<'_> {
    fn text(&self, key: &str) -> Option<String> {
        let (section, name) = key.split_once('.')?;
        self.file.raw_text(section, name, &process_environment).filter(|text| !text.contains("${"))
    }

    fn check(&self, key: &str, is_one: impl Fn(&str) -> bool, help: &str) -> Option<Diagnostic> {
        let text = self.text(key).filter(|text| !is_one(text))?;
        let (section, name) = key.split_once('.')?;
        Some(unusable_value(self.file.span_of(section, name), key, (&format!("{text:?}"), help)))
    }

    fn word(&self, key: &str, known: &[&str]) -> Option<Diagnostic> {
        let text = self.text(key)?;
        let list = format!("it is one of {}", known.join(", "));
        let help = suggest(&text, known.iter().copied()).map_or(list, |near| format!("did you mean `{near}`?"));
        self.check(key, |text| known.contains(&text), &help)
    }
}

fn is_public_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with(['/', ':']) && !host.contains([' ', '?', '#']))
}

/// `Ana at Acme <ana@acme.example>`, `ana@acme.example`
fn is_sender(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.trim_end().strip_suffix('>').unwrap_or(""),
        None => text.trim(),
    };
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    address.split_once('@').is_some_and(|(name, host)| is_part(name) && is_part(host) && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        value_findings(&ProjectFile::parse(text)).into_iter().map(|finding| format!("{} {}", finding.code, finding.title)).collect()
    }

    #[test]
    fn values_that_cannot_be_are_told_without_the_environment() {
        let text = "[project]\npublic_url = \"go.acme.example\"\ncountry = \"Canada\"\nfrom = \"Ana\"\n[email]\nprovider = \"pigeon\"\nrate = \"fast\"\n[sms]\non_unknown = \"wait\"\n[server]\nlisten = \"8025\"\n";
        assert_eq!(
            told(text),
            [
                "E1005 `project.public_url` cannot be \"go.acme.example\"",
                "E1005 `project.country` cannot be \"Canada\"",
                "E1005 `project.from` cannot be \"Ana\"",
                "E1005 `email.provider` cannot be \"pigeon\"",
                "E1005 `email.rate` cannot be \"fast\"",
                "E1005 `sms.on_unknown` cannot be \"wait\"",
                "E1005 `server.listen` cannot be \"8025\"",
            ]
        );
    }

    #[test]
    fn values_that_can_be_and_those_of_the_environment_are_not_told() {
        let text = "[project]\npublic_url = \"https://go.acme.example/\"\ncountry = \"CA\"\nfrom = \"Ana <ana@acme.example>\"\n[email]\nprovider = \"smtp\"\nurl = \"${SMTP_URL}\"\nrate = \"50/s\"\n[server]\nlisten = \"127.0.0.1:0\"\n";
        assert_eq!(told(text), Vec::<String>::new());
    }
}
