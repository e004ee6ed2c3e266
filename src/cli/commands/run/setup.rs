//! What a daemon is set up with, out of `camp.toml` and the environment. Everything that can be wrong is wrong here, before anything starts.

use crate::bytecode::Program;
use crate::cli::context::Context;
use crate::cli::engine::{LISTEN, link_options, unknown_policy};
use crate::cli::failure::Failure;
use crate::cli::project::{
    ChannelRates, Expand, FormsSection, Project, ProjectFile, ProjectSection, ServerSection, SmsSection, StoreSection, channel_rates, deliver_config,
    file_failure, process_environment, require_project_file, unusable_value,
};
use crate::content::KeyRing;
use crate::daemon::{Engine, EngineOptions, LinkOptions, TokenKind, UnknownPolicy};
use crate::deliver::{DeliverConfig, EmailProvider, Rate, WebhookProvider};
use crate::diagnostics::Diagnostic;
use crate::http::Sites;
use crate::lang::Duration;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;

/// Events are kept so long at least: longer than a retry is recognised.
const SHORTEST_KEPT_MS: i64 = 4 * 86_400_000;

/// The set-up of a daemon.
pub struct Setup {
    /// Where to listen.
    pub listen: String,
    /// How effects are handed over.
    pub deliver: DeliverConfig,
    /// The project's own web pages.
    pub sites: Sites,
    server: ServerSection,
    links: LinkOptions,
    policy: UnknownPolicy,
    rates: ChannelRates,
    country: Option<String>,
    ignores_legal_hours: bool,
    keep_events_ms: Option<i64>,
    has_public_url: bool,
}

/// The keys that open the doors.
pub struct Access {
    /// Of senders.
    pub write_keys: Vec<String>,
    /// Of the admin API.
    pub admin_tokens: Vec<String>,
    /// Whether the write key is one that the store made.
    pub is_write_key_made: bool,
    /// Whether the admin token is.
    pub is_admin_token_made: bool,
}

impl Access {
    /// The project's keys, else the store's own. [`Setup::read`] saw to it that these are used on loopback alone.
    #[must_use]
    pub fn of(setup: &Setup, engine: &Engine) -> Access {
        let (write, admin) = (setup.server.write_keys.clone(), setup.server.admin_tokens.clone());
        let made = |keys: Vec<String>, kind: TokenKind| if keys.is_empty() { (vec![engine.token(kind).to_string()], true) } else { (keys, false) };
        let (write_keys, is_write_key_made) = made(write, TokenKind::WriteKey);
        let (admin_tokens, is_admin_token_made) = made(admin, TokenKind::AdminToken);
        Access { write_keys, admin_tokens, is_write_key_made, is_admin_token_made }
    }
}

impl Setup {
    /// Reads the set-up for a program.
    ///
    /// # Errors
    /// What is wrong with it, with key and line; exit 2.
    pub fn read(context: &Context, project: &Project, (program, listen): (&Program, Option<&str>)) -> Result<Setup, Failure> {
        require_project_file(project, context)?;
        let mut setup = Setup::of_file(project, listen).map_err(|finding| file_failure(project, context, &[*finding]))?;
        setup.require_keys()?;
        setup.read_secrets((&project.root, program))?;
        Ok(setup)
    }

    fn of_file(project: &Project, listen: Option<&str>) -> Result<Setup, Box<Diagnostic>> {
        let file = &project.file;
        let environment: crate::cli::project::Environment<'_> = &process_environment;
        let server: ServerSection = file.section("server", (environment, Expand::Variables))?;
        let of_project: ProjectSection = file.section("project", (environment, Expand::Variables))?;
        let forms: FormsSection = file.section("forms", (environment, Expand::Variables))?;
        let sms: SmsSection = file.section("sms", (environment, Expand::Nothing))?;
        // An empty key opens no door, so it is none.
        let mut server = server;
        for keys in [&mut server.write_keys, &mut server.admin_tokens, &mut server.signing_keys] {
            keys.retain(|key| !key.trim().is_empty());
        }
        let listen = listen.map(str::to_string).or_else(|| server.listen.clone()).unwrap_or_else(|| LISTEN.to_string());
        let name = project.root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Setup {
            deliver: deliver_config(file, environment, &project.root)?,
            links: link_options(file, environment, (&name, &listen))?,
            policy: unknown_policy(file, environment)?,
            rates: channel_rates(file, environment)?,
            sites: Sites::new(forms.public_fields.into_iter().collect(), &forms.origins, of_project.public_url.as_deref().unwrap_or_default()),
            country: of_project.country,
            has_public_url: of_project.public_url.is_some(),
            ignores_legal_hours: sms.legal_hours == Some(false),
            keep_events_ms: keep_events(file)?,
            server,
            listen,
        })
    }

    /// Keys that are made by themselves are for this machine alone.
    fn require_keys(&self) -> Result<(), Failure> {
        if !self.server.write_keys.is_empty() && !self.server.admin_tokens.is_empty() {
            return Ok(());
        }
        let addresses = self.listen.to_socket_addrs();
        let mut addresses = addresses.map_err(|error| Failure::usage(format!("cannot listen on {:?}: {error}; write HOST:PORT", self.listen)))?;
        if addresses.all(|address: SocketAddr| address.ip().is_loopback()) {
            return Ok(());
        }
        let missing = if self.server.write_keys.is_empty() { "write_keys" } else { "admin_tokens" };
        let help = "add it to [server] in camp.toml, or listen on 127.0.0.1, where keys are made by themselves";
        Err(Failure::usage(format!("others can reach {}, so `server.{missing}` is needed; {help}", self.listen)))
    }

    /// The values of `env("…")` in webhooks, unless webhooks go to files.
    fn read_secrets(&mut self, (project_root, program): (&Path, &Program)) -> Result<(), Failure> {
        match self.deliver.webhooks {
            WebhookProvider::File | WebhookProvider::Off => return Ok(()),
            WebhookProvider::Http { .. } => {}
        }
        for webhook in &program.webhooks {
            let Some(name) = &webhook.secret_env else { continue };
            let help = format!("set it where campc is started: `export {name}=…`");
            let value = process_environment(name).ok_or_else(|| {
                let place = place_of_env((project_root, program), name).map(|place| format!("{place}: ")).unwrap_or_default();
                Failure::usage(format!("{place}the secret of webhook `{}` needs the environment variable {name}, which is not set; {help}", webhook.name))
            })?;
            self.deliver.secrets.insert(name.to_string(), value);
        }
        Ok(())
    }

    /// The engine's options; `listen` is the address that was got, for links where the project names none.
    #[must_use]
    pub fn engine_options(&self, listen: &str) -> EngineOptions {
        let mut links = self.links.clone();
        if !self.has_public_url {
            links.public_url = format!("http://{listen}");
        }
        EngineOptions {
            links,
            email_rate: self.email_rate(),
            sms_rate: self.rates.sms,
            push_rate: self.rates.push,
            webhook_rate: self.rates.webhooks,
            on_unknown: self.policy,
            country: self.country.clone(),
            ignore_legal_hours: self.ignores_legal_hours,
            keep_events_ms: self.keep_events_ms,
            ..EngineOptions::default()
        }
    }

    fn email_rate(&self) -> Option<Rate> {
        match &self.deliver.email {
            EmailProvider::Smtp { rate, .. } => *rate,
            EmailProvider::File | EmailProvider::Off => None,
        }
    }

    /// What reads the tokens of links.
    #[must_use]
    pub fn key_ring(&self, engine: &Engine) -> Option<KeyRing> {
        if self.links.signing_keys.is_empty() { KeyRing::new(&[engine.signing_key()]) } else { KeyRing::new(&self.links.signing_keys) }
    }
}

/// `[store] events`.
fn keep_events(file: &ProjectFile) -> Result<Option<i64>, Box<Diagnostic>> {
    let section: StoreSection = file.section("store", (&process_environment, Expand::Nothing))?;
    let Some(text) = section.events else { return Ok(None) };
    let kept = Duration::parse(&text).filter(|length| length.approximate_millis() >= SHORTEST_KEPT_MS);
    match kept.map(Duration::approximate_millis) {
        Some(millis) => Ok(Some(millis)),
        None => {
            let value = (format!("{text:?}"), "events are kept for 4d at least, because retries are recognised by them: write `400d`");
            Err(Box::new(unusable_value(file.span_of("store", "events"), "store.events", (&value.0, value.1))))
        }
    }
}

/// Where the source says `env("NAME")`: the files are those of the program, as they are now.
fn place_of_env((root, program): (&Path, &Program), name: &str) -> Option<String> {
    let wanted = format!("{name:?}");
    program.files.iter().find_map(|file| {
        let text = std::fs::read_to_string(root.join(&**file)).ok()?;
        let line = text.lines().position(|line| line.contains("env") && line.contains(&wanted))?;
        Some(format!("{file}:{}", line + 1))
    })
}
