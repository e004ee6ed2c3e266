//! The engine of a project: its options from `camp.toml`, opened on a store.

use super::failure::Failure;
use super::project::{EmailSection, Environment, Expand, Project, ProjectFile, ProjectSection, PushSection, SmsSection, WebhooksSection, process_environment};
use super::reach::StorePlace;
use crate::daemon::{Engine, EngineOptions, LinkOptions, ManualClock, OnUnknown, UnknownPolicy};
use crate::diagnostics::Diagnostic;
use crate::lang::Instant;
use crate::store::Store;
use crate::store::memory::MemoryStore;
use std::sync::Arc;

/// Where a daemon listens unless it is told otherwise.
pub const LISTEN: &str = "127.0.0.1:8025";

/// Opens the engine of a store for one command: inputs are taken in, time stands, nothing is delivered.
///
/// # Errors
/// Where the store cannot be opened.
pub fn open_engine(project: &Project, place: &StorePlace) -> Result<Engine, Failure> {
    let mut options = options(project);
    let store = place.open()?;
    // A store that ran on a manual clock keeps its own time: a command on it must not take it to today.
    let clock = store.reader().and_then(|reader| reader.meta(crate::daemon::CLOCK)).ok().flatten();
    if clock.as_deref() == Some(b"manual") {
        options.clock = Arc::new(ManualClock::new(Instant(0)));
    }
    Engine::open(Box::new(store), options).map_err(|error| Failure::usage(format!("the store {} cannot be used: {error}", place.path.display())))
}

/// The engine of a project that has no store yet: all of it is in memory, and nothing is kept.
///
/// # Errors
/// Never in practice: there is nothing to read.
pub fn open_nothing(project: &Project) -> Result<Engine, Failure> {
    Engine::open(Box::new(MemoryStore::new()), options(project)).map_err(|error| Failure::usage(error.to_string()))
}

fn options(project: &Project) -> EngineOptions {
    let section: ProjectSection = project.file.section("project", (&process_environment, Expand::Nothing)).unwrap_or_default();
    EngineOptions { country: section.country, ..EngineOptions::default() }
}

/// Where links lead and who sends. `listen` stands in for a public address.
///
/// # Errors
/// A finding about the key that does not do.
pub fn link_options(file: &ProjectFile, environment: Environment<'_>, (root_name, listen): (&str, &str)) -> Result<LinkOptions, Box<Diagnostic>> {
    let section: ProjectSection = file.section("project", (environment, Expand::Variables))?;
    let email: EmailSection = if is_smtp(file, environment) { file.section("email", (environment, Expand::Variables))? } else { EmailSection::default() };
    let server: super::project::ServerSection = file.section("server", (environment, Expand::Variables))?;
    Ok(LinkOptions {
        public_url: section.public_url.unwrap_or_else(|| format!("http://{listen}")).trim_end_matches('/').to_string(),
        project: section.name.unwrap_or_else(|| root_name.to_string()),
        from: section.from,
        postal_address: section.postal_address,
        bounce_domain: email.bounce_domain,
        inbound_domain: None,
        signing_keys: server.signing_keys.into_iter().map(String::into_bytes).collect(),
    })
}

fn is_smtp(file: &ProjectFile, environment: Environment<'_>) -> bool {
    let provider = file.raw_text("email", "provider", environment);
    provider.as_deref() == Some("smtp") || (provider.is_none() && file.raw_text("email", "url", environment).is_some())
}

/// What is done with lost answers, channel by channel.
///
/// # Errors
/// A finding where a word is neither `resend` nor `hold`.
pub fn unknown_policy(file: &ProjectFile, environment: Environment<'_>) -> Result<UnknownPolicy, Box<Diagnostic>> {
    let mut policy = UnknownPolicy::default();
    let email: EmailSection = file.section("email", (environment, Expand::Nothing))?;
    let sms: SmsSection = file.section("sms", (environment, Expand::Nothing))?;
    let push: PushSection = file.section("push", (environment, Expand::Nothing))?;
    let webhooks: WebhooksSection = file.section("webhooks", (environment, Expand::Nothing))?;
    let channels = [
        ("email", email.on_unknown, &mut policy.email),
        ("sms", sms.on_unknown, &mut policy.sms),
        ("push", push.on_unknown, &mut policy.push),
        ("webhooks", webhooks.on_unknown, &mut policy.webhooks),
    ];
    for (section, word, target) in channels {
        let Some(word) = word else { continue };
        *target = match word.as_str() {
            "resend" => OnUnknown::Resend,
            "hold" => OnUnknown::Hold,
            _ => {
                let key = format!("{section}.on_unknown");
                let value = (format!("{word:?}"), "write \"resend\" or \"hold\"");
                return Err(Box::new(super::project::unusable_value(file.span_of(section, "on_unknown"), &key, (&value.0, value.1))));
            }
        };
    }
    Ok(policy)
}
