//! An email as bytes: MIME parts, headers, envelope. The mail library writes it; here is what goes where.
//!
//! The same message gives the same bytes on every attempt: the date, the Message-ID and the boundaries come with it.

use super::dkim::Signer;
use crate::content::{EmailMessage, Mailbox as Sender, has_control};
use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, Headers, MIME_VERSION_1_0};
use lettre::message::{Attachment, Body, Mailbox, Message, MessageBuilder, MultiPart, SinglePart};
use std::time::{Duration, SystemTime};

/// Why a message cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// An address that the mail library does not take.
    #[error("`{0}` is no address")]
    Address(String),
    /// A value with a control character in it.
    #[error("header rejected: {0}")]
    Header(String),
    /// The library's word.
    #[error("{0}")]
    Message(#[from] lettre::error::Error),
}

/// A message, ready for a relay.
#[derive(Debug)]
pub struct BuiltMail {
    /// From and to whom, apart from the headers.
    pub envelope: Envelope,
    /// The message with its headers; lines end with CR LF.
    pub bytes: Vec<u8>,
}

/// Writes `mail`, signed where there is a signer.
pub fn build_mail(mail: &EmailMessage, signer: Option<&Signer>) -> Result<BuiltMail, MailError> {
    for (name, value) in
        mail.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain([("Subject", mail.subject.as_str()), ("Message-ID", &mail.message_id)])
    {
        if has_control(value) || has_control(name) {
            return Err(MailError::Header(name.to_owned()));
        }
    }
    let mut builder =
        Message::builder().from(mailbox(&mail.from)?).subject(mail.subject.clone()).message_id(Some(mail.message_id.clone())).date(system_time(mail));
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    for to in &mail.to {
        builder = builder.to(mailbox(to)?);
    }
    for cc in &mail.cc {
        builder = builder.cc(mailbox(cc)?);
    }
    for (name, value) in &mail.headers {
        let name = HeaderName::new_from_ascii(name.clone()).map_err(|_| MailError::Header(name.clone()))?;
        builder = builder.raw_header(HeaderValue::new(name, value.clone()));
    }
    let mut message = with_body(builder.envelope(envelope(mail)?), mail)?;
    if let Some(signer) = signer {
        signer.sign(&mut message);
    }
    Ok(BuiltMail { envelope: message.envelope().clone(), bytes: message.formatted() })
}

fn with_body(builder: MessageBuilder, mail: &EmailMessage) -> Result<Message, MailError> {
    let text = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(lines(&mail.text));
    let boundary =
        |part: &str| format!("{part}-{}", mail.message_id.trim_start_matches('<').chars().take_while(char::is_ascii_alphanumeric).collect::<String>());
    let alternative = mail.html.as_ref().map(|html| {
        let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(lines(html));
        MultiPart::alternative().boundary(boundary("camp-a")).singlepart(text.clone()).singlepart(html)
    });
    if mail.attachments.is_empty() {
        return Ok(match alternative {
            Some(alternative) => whole(builder, alternative.headers(), &alternative.formatted())?,
            None => whole(builder, text.headers(), &text.formatted())?,
        });
    }
    let mixed = MultiPart::mixed().boundary(boundary("camp-m"));
    let mut mixed = match alternative {
        Some(alternative) => mixed.multipart(alternative),
        None => mixed.singlepart(text),
    };
    for attachment in &mail.attachments {
        let mime = ContentType::parse(&attachment.mime)
            .or_else(|_| ContentType::parse("application/octet-stream"))
            .map_err(|_| MailError::Header("Content-Type".to_owned()))?;
        if has_control(&attachment.name) {
            return Err(MailError::Header("Content-Disposition".to_owned()));
        }
        mixed = mixed.singlepart(Attachment::new(attachment.name.to_string()).body(attachment.bytes.to_vec(), mime));
    }
    whole(builder, mixed.headers(), &mixed.formatted())
}

/// The message with this body. Its headers become the message's own: the library signs no others, and what kind the body is of must be
/// under the signature.
fn whole(builder: MessageBuilder, headers: &Headers, written: &[u8]) -> Result<Message, MailError> {
    let missing = || MailError::Header("Content-Type".to_owned());
    let kind: ContentType = headers.get().ok_or_else(missing)?;
    let encoding: ContentTransferEncoding = headers.get().unwrap_or(ContentTransferEncoding::SevenBit);
    let end = written.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(missing)?;
    let body = written.get(end + 4..).unwrap_or_default().to_vec();
    Ok(builder.header(MIME_VERSION_1_0).header(kind).body(Body::dangerous_pre_encoded(body, encoding))?)
}

/// Every line end becomes one kind: a lone CR or LF is how a message is made to end early.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn mailbox(of: &Sender) -> Result<Mailbox, MailError> {
    if of.name.as_deref().is_some_and(has_control) {
        return Err(MailError::Header("a name".to_owned()));
    }
    Ok(Mailbox::new(of.name.clone(), address(&of.address)?))
}

fn address(text: &str) -> Result<lettre::Address, MailError> {
    if has_control(text) {
        return Err(MailError::Header("an address".to_owned()));
    }
    text.parse().map_err(|_| MailError::Address(text.to_owned()))
}

fn envelope(mail: &EmailMessage) -> Result<Envelope, MailError> {
    let from = address(mail.envelope_from.as_deref().unwrap_or(&mail.from.address))?;
    let to: Result<Vec<lettre::Address>, MailError> = mail.to.iter().chain(&mail.cc).chain(&mail.bcc).map(|mailbox| address(&mailbox.address)).collect();
    Envelope::new(Some(from), to?).map_err(MailError::Message)
}

fn system_time(mail: &EmailMessage) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(mail.date.0).unwrap_or(0))
}
