//! The mail relay: connections kept open, one dialogue a message, and what each answer means.
//!
//! The dialogue is spoken command by command, so that it is known how far it got: until the body is complete a failure is
//! temporary or a refusal; behind the final dot a missing answer is *unknown*, because both sides may hold the message (RFC 1047).

use super::bounce::{BounceClass, classify_reply};
use super::config::DeliverError;
use super::mail::BuiltMail;
use super::result::{Advice, Outcome, SendResult};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use url::Url;

/// A relay that honours the header `Resend-Idempotency-Key`.
const RESEND: &str = "smtp.resend.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const LONGEST_IDLE: Duration = Duration::from_secs(45);
const MESSAGES_A_CONNECTION: u32 = 100;
/// A message is written in pieces of so many bytes.
const PIECE: usize = 16 * 1024;

enum Security {
    Plain,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

/// How far a dialogue got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Greeting,
    Recipients,
    Body,
    /// The final dot has been written: from here on both sides may hold the message.
    Dot,
}

struct Line {
    connection: AsyncSmtpConnection,
    since: Instant,
    sent: u32,
    is_reused: bool,
}

/// A relay and the open connections to it.
pub(super) struct Relay {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    idle: Mutex<Vec<Line>>,
    slots: Semaphore,
}

/// A relay's settings.
pub(super) struct RelayConfig<'a> {
    pub url: &'a str,
    pub hello: Option<&'a str>,
    pub is_insecure: bool,
    pub connections: usize,
}

fn wrong(problem: impl Into<String>) -> DeliverError {
    DeliverError::Config { key: "email.url", problem: problem.into() }
}

impl Relay {
    pub fn new(config: &RelayConfig<'_>) -> Result<Relay, DeliverError> {
        let url = Url::parse(config.url).map_err(|error| wrong(format!("is no URL: {error}")))?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no host"))?.trim_matches(['[', ']']).to_owned();
        let tls = || TlsParameters::new(host.clone()).map_err(|error| DeliverError::Tls(error.to_string()));
        let (security, port) = match url.scheme() {
            "smtps" => (Security::Tls(tls()?), 465),
            "smtp+starttls" => (Security::StartTls(tls()?), 587),
            "smtp" => (Security::Plain, 25),
            other => return Err(wrong(format!("`{other}://` is not known; say smtp://, smtps:// or smtp+starttls://"))),
        };
        let credentials = credentials(&url)?;
        if matches!(security, Security::Plain) {
            if !config.is_insecure && !is_loopback(&host) {
                return Err(wrong("smtp:// is not encrypted; say smtps:// or smtp+starttls://, or `insecure = true`"));
            }
            if credentials.is_some() {
                return Err(wrong("a password is never sent without encryption; say smtps:// or smtp+starttls://"));
            }
        }
        let hello = ClientId::Domain(config.hello.unwrap_or("localhost").to_owned());
        let port = url.port().unwrap_or(port);
        Ok(Relay { host, port, security, credentials, hello, idle: Mutex::new(Vec::new()), slots: Semaphore::new(config.connections.max(1)) })
    }

    /// How long the relay knows an idempotency key (a header of the message); most know none.
    pub fn key_lifetime(&self) -> Option<Duration> {
        self.host.eq_ignore_ascii_case(RESEND).then_some(Duration::from_secs(24 * 3_600))
    }

    /// Hands one message over; never takes longer than `deadline`.
    pub async fn send(&self, mail: &BuiltMail, deadline: Duration) -> SendResult {
        let stage = Mutex::new(Stage::Connecting);
        match tokio::time::timeout(deadline, self.dialogue(mail, &stage)).await {
            Ok(result) => result,
            Err(_) => match read(&stage) {
                Stage::Connecting => SendResult::unreachable("the mail relay did not answer in time"),
                Stage::Greeting | Stage::Recipients => SendResult::temporary("the mail relay did not answer in time"),
                Stage::Body => SendResult::temporary("the mail relay did not take the whole message in time"),
                Stage::Dot => SendResult::unknown("the mail relay did not answer in time, the message was under way"),
            },
        }
    }

    async fn dialogue(&self, mail: &BuiltMail, stage: &Mutex<Stage>) -> SendResult {
        let Ok(_slot) = self.slots.acquire().await else { return SendResult::temporary("shutting down") };
        for _ in 0..2 {
            let mut line = match self.line().await {
                Ok(line) => line,
                Err(error) => return SendResult::unreachable(describe(&error)),
            };
            write(stage, Stage::Greeting);
            match speak(&mut line.connection, mail, stage).await {
                Ok(reply) => {
                    self.keep(line);
                    return SendResult::of(Outcome::Accepted { provider_id: Some(reply).filter(|reply| !reply.is_empty()) });
                }
                // The relay had closed a connection that stood idle: nothing was said yet, so a new one is tried.
                Err(Failure::Reply(error)) if line.is_reused && error.status().is_none() && read(stage) == Stage::Greeting => {}
                Err(failure) => {
                    let result = judge(&failure, read(stage));
                    self.keep_after(line, &failure, read(stage)).await;
                    return result;
                }
            }
        }
        SendResult::temporary("the mail relay closed the connection")
    }

    async fn line(&self) -> Result<Line, SmtpError> {
        loop {
            let line = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match line {
                Some(line) if line.since.elapsed() < LONGEST_IDLE && line.sent < MESSAGES_A_CONNECTION => return Ok(Line { is_reused: true, ..line }),
                Some(_) => {}
                None => break,
            }
        }
        let tls = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::Plain | Security::StartTls(_) => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1((self.host.as_str(), self.port), Some(CONNECT_TIMEOUT), &self.hello, tls, None).await?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(Line { connection, since: Instant::now(), sent: 0, is_reused: false })
    }

    fn keep(&self, line: Line) {
        let line = Line { since: Instant::now(), sent: line.sent + 1, ..line };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    /// A relay that refused one message takes the next on the same connection, unless it said that it closes it.
    async fn keep_after(&self, mut line: Line, failure: &Failure, stage: Stage) {
        let Failure::Reply(error) = failure else { return };
        let is_usable = error.status().is_some_and(|code| code.to_string() != "421");
        if is_usable && (stage == Stage::Dot || line.connection.command(Rset).await.is_ok()) {
            self.keep(line);
        }
    }
}

enum Failure {
    Reply(SmtpError),
    /// The relay cannot carry such an address or body.
    NotCarried(&'static str),
}

async fn speak(connection: &mut AsyncSmtpConnection, mail: &BuiltMail, stage: &Mutex<Stage>) -> Result<String, Failure> {
    let mut options = Vec::new();
    if mail.envelope.to().iter().chain(mail.envelope.from()).any(|address| !address.to_string().is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Failure::NotCarried("the mail relay does not take addresses beyond ASCII"));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.bytes.is_ascii() {
        if !connection.server_info().supports_feature(Extension::EightBitMime) {
            return Err(Failure::NotCarried("the mail relay takes ASCII only"));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection.command(Mail::new(mail.envelope.from().cloned(), options)).await.map_err(Failure::Reply)?;
    write(stage, Stage::Recipients);
    for to in mail.envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(Failure::Reply)?;
    }
    connection.command(Data).await.map_err(Failure::Reply)?;
    write(stage, Stage::Body);
    // The dot follows the last piece; nothing is complete before it.
    let pieces = mail.bytes.chunks(PIECE).map(Some).chain(std::iter::once_with(|| {
        write(stage, Stage::Dot);
        None
    }));
    let reply = connection.message_iter(pieces.map(Option::unwrap_or_default)).await.map_err(Failure::Reply)?;
    Ok(short(reply.first_line().unwrap_or("")))
}

fn judge(failure: &Failure, stage: Stage) -> SendResult {
    let error = match failure {
        Failure::Reply(error) => error,
        Failure::NotCarried(reason) => return SendResult::permanent(*reason),
    };
    let reason = describe(error);
    let Some(code) = error.status() else {
        return match stage {
            Stage::Dot => SendResult::unknown(reason),
            Stage::Connecting | Stage::Greeting | Stage::Recipients | Stage::Body => SendResult::temporary(reason),
        };
    };
    match stage {
        // A relay that refuses the sender or the password is set up wrongly; the message is not to blame.
        Stage::Connecting | Stage::Greeting => SendResult::temporary(reason).with_advice(Advice::Alarm),
        Stage::Recipients | Stage::Body | Stage::Dot if error.is_permanent() => {
            let class = classify_reply(code.to_string().parse().unwrap_or(550), &reason);
            let result = SendResult::of(Outcome::Permanent { reason, hard_bounce: class == BounceClass::Hard });
            if class == BounceClass::Block { result.with_advice(Advice::Alarm) } else { result }
        }
        // 421 is the relay's own trouble; any other refusal of a recipient is about that one.
        Stage::Recipients if code.to_string() != "421" => SendResult::temporary(reason).with_advice(Advice::AddressOnly),
        Stage::Recipients | Stage::Body | Stage::Dot => SendResult::temporary(reason),
    }
}

fn read(stage: &Mutex<Stage>) -> Stage {
    *stage.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(stage: &Mutex<Stage>, value: Stage) {
    *stage.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn describe(error: &SmtpError) -> String {
    short(&error.to_string())
}

/// One line, not too long, for a journal.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect::<String>().trim().to_owned()
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, DeliverError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let decoded = |text: &str| decode_percent(text).ok_or_else(|| wrong("user or password is no text"));
    Ok(Some(Credentials::new(decoded(url.username())?, decoded(url.password().unwrap_or(""))?)))
}

fn decode_percent(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        bytes.extend_from_slice(rest.get(..at)?.as_bytes());
        match rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = rest.get(at + 3..)?;
            }
            None => {
                bytes.push(b'%');
                rest = rest.get(at + 1..)?;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}
