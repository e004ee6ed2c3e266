//! `campc contacts erase CONTACT [--reason TEXT]`.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use serde_json::Value as Json;
use std::io::{BufRead, IsTerminal};

/// Erases a contact for good.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Everything ends: enrollments, held messages, messages that wait for their attempt. What is known of the person is removed from\ncontacts, events, journal and outbox. What campaigns count stays, and the addresses stay suppressed as hashes, so that an import does\nnot bring them back. Clicks and answers that come later are dropped. There is no way back; `campc contacts export CONTACT` first.\n\nExamples:\n  campc contacts erase ana@example.com --reason \"request of 2026-03-02\"\n  campc contacts erase u1 --reason \"test data\" --yes"
)]
pub struct Erase {
    /// An id, user id, email or phone
    pub contact: String,
    /// Why; it is kept, so it must not name the person
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Erase {
    /// Asks, and erases.
    ///
    /// # Errors
    /// Where there is no such contact, no store, or nobody to ask.
    pub fn run(&self, context: &Context) -> Outcome {
        if self.reason.as_deref().is_some_and(|reason| reason.trim().is_empty()) {
            return Err(Failure::usage("--reason is empty; say why, without the person's name or address, or leave it out"));
        }
        let project = Project::find(context, None)?;
        block_on(async {
            let door = Door::open(&project, self.store.as_deref()).await?;
            let done = self.erase(&door).await;
            door.close().await;
            done
        })
    }

    async fn erase(&self, door: &Door) -> Outcome {
        let contact = door.get(&format!("/v1/contacts/{}", encoded(&self.contact))).await?.ok()?;
        let id = contact.get("id").and_then(Json::as_str).unwrap_or_default().to_string();
        if !self.yes && !is_confirmed(&question(&contact))? {
            print("nothing was erased\n");
            return Ok(Exit::Failed);
        }
        // By its id: whoever has the address by now, it is this one that was asked about.
        let reason = self.reason.as_deref().map(|reason| format!("?reason={}", encoded(reason))).unwrap_or_default();
        door.delete(&format!("/v1/contacts/{}{reason}", encoded(&id))).await?.ok()?;
        print(&format!("erased {id}; its addresses stay suppressed\n"));
        Ok(Exit::Done)
    }
}

fn question(contact: &Json) -> String {
    let of = |key: &str| contact.get(key).and_then(Json::as_str);
    let names: Vec<&str> = ["user_id", "email", "phone"].into_iter().filter_map(of).collect();
    let inside = contact.get("enrollments").and_then(Json::as_array).map_or(0, Vec::len);
    let who = if names.is_empty() { of("id").unwrap_or_default().to_string() } else { names.join(", ") };
    format!("Erase {who}? {inside} enrollment{} end, and nothing of the person stays. Type yes: ", if inside == 1 { "" } else { "s" })
}

fn is_confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("nobody is there to ask; --yes erases without asking"));
    }
    print(question);
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::usage(format!("the answer cannot be read: {error}")))?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
