//! `campc preview MESSAGE`: a message as somebody would get it.

use super::sample::{Sample, find_message};
use crate::cli::compiled::compiled;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::runtime::block_on;
use crate::content::Outgoing;
use std::path::PathBuf;
use std::sync::Arc;

/// Shows a message as somebody would get it. Nothing is sent.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc preview welcome\n  campc preview welcome --contact ana@example.com\n  campc preview welcome -o welcome.html")]
pub struct Preview {
    /// The message's name
    pub message: String,
    /// A contact of the store: id, user id, email or phone
    #[arg(long, value_name = "C")]
    pub contact: Option<String>,
    /// Write the HTML part to a file
    #[arg(short, long, value_name = "FILE.html")]
    pub output: Option<PathBuf>,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Preview {
    /// Shows it.
    ///
    /// # Errors
    /// Where there is no such message or contact.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let program = Arc::new(compiled(&project, context)?);
        let message = find_message(&program, &self.message)?;
        let sample = match &self.contact {
            Some(contact) => block_on(Sample::of_contact(&project, (&program, self.store.as_deref(), contact)))?,
            None => Sample::nobody(&program),
        };
        let (outgoing, _) = sample.compose(&project, (&program, message), None)?;
        match (&self.output, &outgoing) {
            (Some(path), Outgoing::Email(mail)) => {
                let target = context.here.join(path);
                let html = mail.html.clone().unwrap_or_else(|| format!("<pre>{}</pre>", mail.text.replace('&', "&amp;").replace('<', "&lt;")));
                std::fs::write(&target, html).map_err(|error| Failure::io("cannot write", &target, &error))?;
                print(&format!("{}: {}\n", context.shown(&target), mail.subject));
            }
            (Some(_), Outgoing::Sms(_) | Outgoing::Push(_) | Outgoing::Webhook(_) | Outgoing::Notify(_)) => {
                return Err(Failure::usage(format!("`{}` has no HTML part; leave -o out", self.message)));
            }
            (None, _) => print(&shown(&outgoing)),
        }
        Ok(Exit::Done)
    }
}

/// A message as text.
fn shown(outgoing: &Outgoing) -> String {
    match outgoing {
        Outgoing::Email(mail) | Outgoing::Notify(mail) => {
            let from = match &mail.from.name {
                Some(name) => format!("{name} <{}>", mail.from.address),
                None => mail.from.address.to_string(),
            };
            format!("From: {from}\nTo: {}\nSubject: {}\n\n{}\n", outgoing.to(), mail.subject, mail.text.trim_end())
        }
        Outgoing::Sms(sms) => format!("To: {}\n\n{}\n", sms.to, sms.text),
        Outgoing::Push(push) => format!("To: {}\nTitle: {}\nLink: {}\n\n{}\n", push.to, push.title, push.link.as_deref().unwrap_or("-"), push.body),
        Outgoing::Webhook(call) => format!("{} {}\n\n{}\n", call.method, call.url, String::from_utf8_lossy(&call.body)),
    }
}
