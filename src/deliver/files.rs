//! The outbox folder: every send as a readable file, and one line each in `index.jsonl`.
//!
//! A batch is written, then the index is synced once; only then are its sends accepted. After a crash in between a line may
//! stand twice, with a higher attempt. Not here: deciding which channel writes files.

use super::mail::build_mail;
use super::result::{Envelope, SendResult};
use crate::content::{Outgoing, effect_id_text};
use serde::Serialize;
use serde_json::Value as Json;
use std::fs::{File, OpenOptions, create_dir_all, write};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// One line of the index. Keys are a contract; more may come, none may go.
#[derive(Serialize)]
struct IndexLine<'a> {
    at: String,
    channel: &'static str,
    message: Option<&'a str>,
    campaign: Option<&'a str>,
    step: Option<&'a str>,
    contact: &'a str,
    to: String,
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Json>,
    effect_id: String,
    attempt: u32,
    file: &'a str,
}

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    folder: Arc<PathBuf>,
    /// Batches of one process do not mix their lines.
    turn: Arc<Mutex<()>>,
}

impl Outbox {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder: Arc::new(folder), turn: Arc::new(Mutex::new(())) }
    }

    /// Writes a batch; the results stand in the order of the envelopes.
    pub async fn send(&self, batch: Vec<Envelope>) -> Vec<SendResult> {
        let outbox = self.clone();
        let count = batch.len();
        match tokio::task::spawn_blocking(move || outbox.write(&batch)).await {
            Ok(results) => results,
            Err(_) => (0..count).map(|_| SendResult::unknown("the outbox folder was not written")).collect(),
        }
    }

    fn write(&self, batch: &[Envelope]) -> Vec<SendResult> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = Vec::new();
        let mut results = Vec::with_capacity(batch.len());
        let folder = create_dir_all(&*self.folder);
        for envelope in batch {
            results.push(match (&folder, content(envelope)) {
                (Err(error), _) => SendResult::temporary(format!("the outbox folder: {error}")),
                (_, Err(reason)) => SendResult::permanent(reason),
                (Ok(()), Ok(bytes)) => match self.write_one(envelope, &bytes, &mut lines) {
                    Ok(()) => SendResult::accepted(),
                    Err(error) => SendResult::temporary(format!("the outbox folder: {error}")),
                },
            });
        }
        match append(&self.folder.join("index.jsonl"), &lines) {
            Ok(()) => results,
            Err(error) => batch.iter().map(|_| SendResult::temporary(format!("the outbox's index: {error}"))).collect(),
        }
    }

    fn write_one(&self, envelope: &Envelope, bytes: &[u8], lines: &mut Vec<u8>) -> std::io::Result<()> {
        let name = file_name(envelope);
        write(self.folder.join(&name), bytes)?;
        serde_json::to_writer(&mut *lines, &index_line(envelope, &name)).map_err(std::io::Error::other)?;
        lines.push(b'\n');
        Ok(())
    }
}

/// The index is what counts as handed over, so it is synced; the files beside it are for reading.
fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut index: File = OpenOptions::new().create(true).append(true).open(path)?;
    index.write_all(lines)?;
    index.sync_data()
}

fn content(envelope: &Envelope) -> Result<Vec<u8>, String> {
    match &envelope.outgoing {
        Outgoing::Email(mail) | Outgoing::Notify(mail) => build_mail(mail, None).map(|built| built.bytes).map_err(|error| error.to_string()),
        Outgoing::Sms(sms) => Ok(format!("To: {}\n\n{}\n", sms.to, sms.text).into_bytes()),
        Outgoing::Push(push) => Ok(readable(&serde_json::json!({ "to": push.to, "title": push.title, "body": push.body, "link": push.link }))),
        Outgoing::Webhook(call) => {
            let headers: serde_json::Map<String, Json> = call.headers.iter().map(|(name, value)| (name.clone(), Json::String(value.clone()))).collect();
            Ok(readable(&serde_json::json!({ "url": call.url, "method": call.method, "headers": headers, "body": body_json(&call.body) })))
        }
    }
}

fn readable(json: &Json) -> Vec<u8> {
    format!("{json:#}\n").into_bytes()
}

fn body_json(body: &[u8]) -> Json {
    serde_json::from_slice(body).unwrap_or_else(|_| Json::String(String::from_utf8_lossy(body).into_owned()))
}

/// `20261224T090000Z-email-welcome-TEXT-1.eml`: sorts by time, says what it is, and is one of a kind.
fn file_name(envelope: &Envelope) -> String {
    let at: String = envelope.at.to_rfc3339().chars().take(19).filter(|c| *c != '-' && *c != ':').collect();
    let extension = match &envelope.outgoing {
        Outgoing::Email(_) | Outgoing::Notify(_) => "eml",
        Outgoing::Sms(_) => "txt",
        Outgoing::Push(_) | Outgoing::Webhook(_) => "json",
    };
    let name: String = envelope.message.as_deref().unwrap_or("inline").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).take(40).collect();
    format!("{at}Z-{}-{name}-{}-{}.{extension}", envelope.outgoing.channel(), effect_id_text(&envelope.effect_id), envelope.attempt)
}

fn index_line<'a>(envelope: &'a Envelope, file: &'a str) -> IndexLine<'a> {
    let (subject, text, body) = match &envelope.outgoing {
        Outgoing::Email(mail) | Outgoing::Notify(mail) => (Some(mail.subject.as_str()), None, None),
        Outgoing::Sms(sms) => (None, Some(sms.text.as_str()), None),
        Outgoing::Push(push) => (Some(push.title.as_str()), Some(push.body.as_str()), None),
        Outgoing::Webhook(call) => (None, None, Some(body_json(&call.body))),
    };
    IndexLine {
        at: envelope.at.to_rfc3339(),
        channel: envelope.outgoing.channel(),
        message: envelope.message.as_deref(),
        campaign: envelope.campaign.as_deref(),
        step: envelope.step.as_deref(),
        contact: &envelope.contact,
        to: envelope.outgoing.to(),
        subject,
        text,
        body,
        effect_id: effect_id_text(&envelope.effect_id),
        attempt: envelope.attempt,
        file,
    }
}
