//! From `camp.toml` to what the deliverer is set up with. A channel that writes to `file` needs nothing of the environment.

use super::file::{Environment, Expand, ProjectFile};
use super::problems::unusable_value;
use super::sections::{Dkim, EmailSection, PushSection, SmsSection, WebhooksSection};
use crate::deliver::{DeliverConfig, DkimKey, EmailProvider, PushProvider, Rate, SmsProvider, SmsSender, WebhookProvider};
use crate::diagnostics::Diagnostic;
use std::path::Path;
use std::time::Duration;

type Set<T> = Result<T, Box<Diagnostic>>;

/// The providers of all channels; secrets of webhooks are added by the caller, who knows the program.
///
/// # Errors
/// A finding about the key that does not do.
pub fn deliver_config(file: &ProjectFile, environment: Environment<'_>, root: &Path) -> Set<DeliverConfig> {
    let channels = Channels { file, environment, root };
    let mut config = DeliverConfig::files(root.join("outbox"));
    config.email = channels.email()?;
    config.sms = channels.sms()?;
    config.push = channels.push()?;
    config.webhooks = channels.webhooks()?;
    Ok(config)
}

/// The rates of the channels but mail, whose rate comes with its relay; a channel that is not called has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChannelRates {
    /// `[sms] rate`
    pub sms: Option<Rate>,
    /// `[push] rate`
    pub push: Option<Rate>,
    /// `[webhooks] rate`, for all hosts together.
    pub webhooks: Option<Rate>,
}

/// The rates that are written.
///
/// # Errors
/// A finding where one cannot be read.
pub fn channel_rates(file: &ProjectFile, environment: Environment<'_>) -> Set<ChannelRates> {
    let channels = Channels { file, environment, root: Path::new("") };
    let rate = |section: &str| channels.rate(section, file.raw_text(section, "rate", environment).as_ref());
    Ok(ChannelRates { sms: rate("sms")?, push: rate("push")?, webhooks: rate("webhooks")? })
}

struct Channels<'a> {
    file: &'a ProjectFile,
    environment: Environment<'a>,
    root: &'a Path,
}

impl Channels<'_> {
    fn has(&self, section: &str, key: &str) -> bool {
        self.file.raw_text(section, key, self.environment).is_some()
    }

    /// The provider's word: as it is written, else as the other keys imply.
    fn provider(&self, section: &str, implied: &[(&str, &str)]) -> String {
        let written = self.file.raw_text(section, "provider", self.environment);
        let guessed = implied.iter().find(|(key, _)| self.has(section, key)).map(|(_, provider)| (*provider).to_string());
        written.or(guessed).unwrap_or_else(|| "file".to_string())
    }

    fn unknown_provider<T>(&self, section: &str, (word, known): (&str, &str)) -> Set<T> {
        let key = format!("{section}.provider");
        Err(Box::new(unusable_value(self.file.span_of(section, "provider"), &key, (&format!("{word:?}"), &format!("it is one of {known}")))))
    }

    fn needed(&self, section: &str, (key, value): (&str, Option<String>)) -> Set<String> {
        value.filter(|text| !text.is_empty()).ok_or_else(|| {
            let provider = self.provider(section, &[]);
            let help = format!("add `{key} = \"…\"` to [{section}], or take `provider = \"file\"`");
            Box::new(unusable_value(
                self.file.span_of(section, "provider"),
                &format!("{section}.{key}"),
                (&format!("missing with the provider {provider:?}"), &help),
            ))
        })
    }

    fn rate(&self, section: &str, text: Option<&String>) -> Set<Option<Rate>> {
        let Some(text) = text else { return Ok(None) };
        let problem = || {
            Box::new(unusable_value(
                self.file.span_of(section, "rate"),
                &format!("{section}.rate"),
                (&format!("{text:?}"), "write `50/s`, `600/min`, `5000/h` or `20000/d`"),
            ))
        };
        Rate::parse(text).map(Some).ok_or_else(problem)
    }

    fn email(&self) -> Set<EmailProvider> {
        match self.provider("email", &[("url", "smtp")]).as_str() {
            "file" => Ok(EmailProvider::File),
            "none" => Ok(EmailProvider::Off),
            "smtp" => {
                let section: EmailSection = self.file.section("email", (self.environment, Expand::Variables))?;
                let url = self.needed("email", ("url", section.url))?;
                if !["smtp://", "smtps://", "smtp+starttls://"].iter().any(|scheme| url.starts_with(scheme)) {
                    let help = "write smtps://user:password@host, smtp+starttls://… or, to this machine alone, smtp://…";
                    return Err(Box::new(unusable_value(self.file.span_of("email", "url"), "email.url", ("an address of this kind", help))));
                }
                let rate = self.rate("email", section.rate.as_ref())?;
                let dkim = section.dkim.as_ref().map(|dkim| self.dkim(dkim)).transpose()?;
                Ok(EmailProvider::Smtp { url, rate, insecure: section.insecure, dkim, hello: None })
            }
            word => self.unknown_provider("email", (word, "smtp, file, none")),
        }
    }

    fn dkim(&self, dkim: &Dkim) -> Set<DkimKey> {
        let path = self.root.join(&dkim.key_file);
        let pem = std::fs::read_to_string(&path).map_err(|error| {
            let help = format!("{}: {error}; name a file with an RSA key in PEM form", path.display());
            Box::new(unusable_value(self.file.span_of("email", "dkim"), "email.dkim", ("read", help.as_str())))
        })?;
        Ok(DkimKey { domain: dkim.domain.clone(), selector: dkim.selector.clone(), pem })
    }

    fn sms(&self) -> Set<SmsProvider> {
        let word = self.provider("sms", &[("account_sid", "twilio"), ("url", "http")]);
        let section = || -> Set<SmsSection> { self.file.section("sms", (self.environment, Expand::Variables)) };
        match word.as_str() {
            "file" => Ok(SmsProvider::File),
            "none" => Ok(SmsProvider::Off),
            "twilio" => {
                let section = section()?;
                let sender = match section.messaging_service_sid {
                    Some(service) => SmsSender::Service(service),
                    None => SmsSender::From(self.needed("sms", ("from", section.from))?),
                };
                Ok(SmsProvider::Twilio {
                    base_url: section.base_url.unwrap_or_else(|| "https://api.twilio.com".to_string()).trim_end_matches('/').to_string(),
                    account_sid: self.needed("sms", ("account_sid", section.account_sid))?,
                    auth_token: self.needed("sms", ("auth_token", section.auth_token))?,
                    sender,
                })
            }
            "http" => {
                let section = section()?;
                Ok(SmsProvider::Http { url: self.needed("sms", ("url", section.url))?, secret: section.secret, from: section.from })
            }
            word => self.unknown_provider("sms", (word, "twilio, http, file, none")),
        }
    }

    fn push(&self) -> Set<PushProvider> {
        match self.provider("push", &[("url", "http")]).as_str() {
            "file" => Ok(PushProvider::File),
            "none" => Ok(PushProvider::Off),
            "http" => {
                let section: PushSection = self.file.section("push", (self.environment, Expand::Variables))?;
                Ok(PushProvider::Http { url: self.needed("push", ("url", section.url))?, secret: section.secret })
            }
            word => self.unknown_provider("push", (word, "http, file, none")),
        }
    }

    fn webhooks(&self) -> Set<WebhookProvider> {
        match self.provider("webhooks", &[("timeout", "http")]).as_str() {
            "file" => Ok(WebhookProvider::File),
            "none" => Ok(WebhookProvider::Off),
            "http" => {
                let section: WebhooksSection = self.file.section("webhooks", (self.environment, Expand::Variables))?;
                let timeout = self.timeout(section.timeout.as_deref())?;
                let ports = (!section.ports.is_empty()).then_some(section.ports);
                Ok(WebhookProvider::Http { allow_private_networks: section.allow_private_networks, timeout, ports })
            }
            word => self.unknown_provider("webhooks", (word, "http, file, none")),
        }
    }

    fn timeout(&self, text: Option<&str>) -> Set<Duration> {
        const LONGEST_MS: i64 = 20_000;
        let Some(text) = text else { return Ok(Duration::from_secs(10)) };
        let millis = crate::lang::Duration::parse(text).map(crate::lang::Duration::approximate_millis).filter(|millis| (1..=LONGEST_MS).contains(millis));
        let problem =
            || unusable_value(self.file.span_of("webhooks", "timeout"), "webhooks.timeout", (&format!("{text:?}"), "a call may take up to 20s: write `10s`"));
        millis.and_then(|millis| u64::try_from(millis).ok()).map(Duration::from_millis).ok_or_else(|| Box::new(problem()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    fn read(text: &str) -> Set<DeliverConfig> {
        deliver_config(&ProjectFile::parse(text), &nothing, Path::new("/p"))
    }

    #[test]
    fn without_sections_everything_goes_to_files() {
        let config = read("").unwrap();
        assert!(matches!(
            (config.email, config.sms, config.push, config.webhooks),
            (EmailProvider::File, SmsProvider::File, PushProvider::File, WebhookProvider::File)
        ));
    }

    #[test]
    fn a_channel_that_writes_to_file_needs_no_environment() {
        assert!(matches!(read("[email]\nprovider = \"file\"\nurl = \"${SMTP_URL}\"\n").unwrap().email, EmailProvider::File));
        assert!(read("[email]\nurl = \"${SMTP_URL}\"\n").unwrap_err().title.contains("SMTP_URL"));
    }

    #[test]
    fn a_missing_key_of_a_provider_is_named() {
        let finding = read("[sms]\nprovider = \"twilio\"\nfrom = \"+15550100\"\n").unwrap_err();
        assert!(finding.title.contains("sms.account_sid"), "{}", finding.title);
        assert!(read("[email]\nprovider = \"pigeon\"\n").unwrap_err().help[0].contains("smtp, file, none"));
    }
}
