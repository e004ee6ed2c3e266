//! One message of a program, composed for a contact or for nobody in particular: what `preview` and `send-test` show and send.

use crate::bytecode::{BuiltinField, Channel, MessageId, Program};
use crate::cli::engine::{LISTEN, open_engine};
use crate::cli::failure::Failure;
use crate::cli::project::{Expand, Project, ProjectSection, process_environment};
use crate::cli::reach::StorePlace;
use crate::content::{Composer, EffectFacts, KeyRing, Outgoing, Recipients, Settings};
use crate::diagnostics::{Diagnostic, suggest};
use crate::lang::{Instant, Record, Value, Zone};
use crate::machine::state::{ContactState, EffectId};
use std::sync::Arc;
use std::time::Duration;

/// Whom a sample is made for.
pub struct Sample {
    /// What its templates read.
    record: Record,
    /// The contact's address, if it has one.
    email: Option<String>,
    /// The contact's id.
    id: String,
    /// The zone its times are shown in.
    zone: Zone,
}

/// The message of that name.
///
/// # Errors
/// Where there is none; the near ones are told.
pub fn find_message(program: &Program, name: &str) -> Result<MessageId, Failure> {
    let named = |index: usize| program.messages.get(index).and_then(|message| message.name.as_deref());
    if let Some(index) = (0..program.messages.len()).find(|index| named(*index) == Some(name)) {
        return Ok(MessageId::from_index(index));
    }
    let names: Vec<&str> = program.messages.iter().filter_map(|message| message.name.as_deref()).collect();
    let hint = match suggest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "this project declares none".to_string(),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Failure::failed(format!("there is no message `{name}`; {hint}")))
}

impl Sample {
    /// Somebody whose fields have their defaults.
    #[must_use]
    pub fn nobody(program: &Program) -> Sample {
        let fields = program.fields.iter().map(|field| (field.name.clone(), field.default.clone()));
        let mut contact: Record = fields.filter(|(_, value)| value.is_set()).collect();
        contact.insert(Arc::from("first_name"), Value::text("Ana"));
        contact.insert(Arc::from("email"), Value::text("ana@example.com"));
        contact.insert(Arc::from("points"), Value::Number(0.0));
        Sample::of(program, contact, "sample")
    }

    /// A contact of the project's store, as it is known now.
    ///
    /// # Errors
    /// Where there is no store or no such contact.
    pub async fn of_contact(project: &Project, (program, store, key): (&Program, Option<&str>, &str)) -> Result<Sample, Failure> {
        let place = StorePlace::find(project, store)?;
        if !place.exists() {
            return Err(Failure::failed(format!("there is no store at {}; `campc run` makes it", place.path.display())));
        }
        let engine = open_engine(project, &place)?;
        let state = engine.resolve(key).and_then(|uid| engine.state(uid));
        let linked = engine.linked();
        engine.drain(Duration::from_secs(5)).await;
        let (Some(state), Some(linked)) = (state, linked) else {
            return Err(Failure::failed(format!("no contact has the id, user id, email or phone {key:?}")));
        };
        let values = linked.program.fields.iter().zip(&linked.deployment.fields);
        let known = values.map(|(field, id)| (field.name.clone(), field_value(&state, (field.builtin, *id)).unwrap_or_else(|| field.default.clone())));
        Ok(Sample::of(program, known.filter(|(_, value)| value.is_set()).collect(), &state.uid.to_text()))
    }

    fn of(program: &Program, contact: Record, id: &str) -> Sample {
        let text = |name: &str| contact.get(name).and_then(Value::as_text).map(str::to_string);
        let zone = text("timezone").as_deref().and_then(Zone::find).or_else(|| Zone::find(&program.project.timezone)).unwrap_or_else(Zone::utc);
        let email = text("email");
        let campaign = Record::from([(Arc::from("name"), Value::text("a sample"))]);
        let record = Record::from([(Arc::from("contact"), Value::Record(Arc::new(contact))), (Arc::from("campaign"), Value::Record(Arc::new(campaign)))]);
        Sample { record, email, id: id.to_string(), zone }
    }

    /// The number of the message's variant in the sample's language.
    fn variant(&self, program: &Program, message: MessageId) -> Option<u16> {
        let Some(Value::Record(contact)) = self.record.get("contact") else { return None };
        program.messages.get(message.index())?.variant_for(contact.get("locale")?.as_text()?)
    }

    /// Composes a message for it, to `to` or else to its own address.
    ///
    /// # Errors
    /// Where a template fails, or needs what only a campaign knows.
    pub fn compose(&self, project: &Project, (program, message): (&Arc<Program>, MessageId), to: Option<&str>) -> Result<(Outgoing, EffectId), Failure> {
        let composer = Composer::new(program.clone(), settings(project)?).map_err(|error| Failure::failed(error.to_string()))?;
        let channel = program.messages.get(message.index()).map(|def| def.channel);
        let own = match channel {
            Some(Channel::Email) | None => self.email.clone().unwrap_or_else(|| "ana@example.com".to_string()),
            Some(Channel::Sms | Channel::Push) => "+15550100".to_string(),
        };
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| Failure::usage(format!("the system gives no randomness: {error}")))?;
        let effect = EffectId::derive_apart("send-test", &random);
        let facts = EffectFacts {
            effect_id: effect.0,
            contact_uid: 0,
            contact_id: &self.id,
            contact_email: self.email.as_deref(),
            campaign: "a sample",
            step: "sample",
            topic: 0,
            frozen: &self.record,
            zone: &self.zone,
            at: Instant::from_timestamp(jiff::Timestamp::now()),
            is_transactional: program.messages.get(message.index()).is_some_and(|def| def.is_transactional),
        };
        let recipients = Recipients { to: to.unwrap_or(&own), cc: &[], bcc: &[] };
        let outgoing = composer.message(&facts, (message, self.variant(program, message)), &recipients);
        let outgoing = outgoing
            .map_err(|error| Failure::failed(format!("{error}\nwhat a trigger supplies is not there in a sample; `| default('…')` in the template helps")))?;
        Ok((outgoing, effect))
    }
}

fn field_value(state: &ContactState, (builtin, id): (Option<BuiltinField>, u32)) -> Option<Value> {
    match builtin {
        Some(BuiltinField::Id) => Some(Value::text(state.uid.to_text())),
        Some(BuiltinField::CreatedAt) => Some(Value::DateTime(state.created_at)),
        Some(BuiltinField::LastSeenAt) => state.last_seen_at.map(Value::DateTime),
        Some(BuiltinField::Points) => state.points.iter().next().map(|(_, points)| Value::number(*points)),
        Some(
            BuiltinField::Email
            | BuiltinField::Phone
            | BuiltinField::FirstName
            | BuiltinField::LastName
            | BuiltinField::Timezone
            | BuiltinField::Locale
            | BuiltinField::Country,
        )
        | None => state.fields.get(&id).cloned(),
    }
}

/// Links of a sample lead nowhere: its tokens are signed by a key that no daemon has. What a sample does not need (providers, keys) is not
/// read, so that its variables may be unset.
fn settings(project: &Project) -> Result<Settings, Failure> {
    let failure = |finding: Box<Diagnostic>| Failure::usage(format!("{} (camp.toml, line {})", finding.title, project.file.line_of(&finding)));
    let section: ProjectSection = project.file.section("project", (&process_environment, Expand::Variables)).map_err(failure)?;
    let public_url = match section.public_url {
        Some(url) => url,
        None => {
            let listen = project.file.text("server", "listen", &process_environment).map_err(failure)?;
            format!("http://{}", listen.as_deref().unwrap_or(LISTEN))
        }
    };
    let name = || project.root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Settings {
        public_url: public_url.trim_end_matches('/').to_string(),
        project: section.name.unwrap_or_else(name),
        from: section.from,
        postal_address: section.postal_address,
        bounce_domain: None,
        inbound_domain: None,
        keys: KeyRing::new(&["a sample's key"]).ok_or_else(|| Failure::usage("no key"))?,
    })
}
