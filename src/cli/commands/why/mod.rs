//! `campc why CONTACT`: each step a contact took and what decided it, where it stands now, and what keeps it out of a campaign.

mod lines;
mod now;

use super::DataFormat;
use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::{Door, encoded};
use crate::cli::runtime::block_on;
use crate::lang::{Duration, Instant, Zone, parse_date_time, subtract_duration};
use serde_json::Value as Json;

/// Shows each step a contact took and what decided it, where it stands now, and what keeps it out of a campaign.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Times are in the contact's zone. What is printed as JSON are the lines of the journal; with --now, where the contact stands.\n\nExamples:\n  campc why ana@example.com\n  campc why u1 --campaign \"Hot lead follow-up\"     # also: what keeps u1 out of it\n  campc why u1 --since 7d\n  campc why u1 --now\n  campc why u1 --format json"
)]
pub struct Why {
    /// An id, user id, email or phone
    pub contact: String,
    /// Only this campaign; if the contact is not in it, what would have to happen
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// Only what happened since then: 90min, 7d, or 2026-03-01
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    /// Only where the contact stands now
    #[arg(long)]
    pub now: bool,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: DataFormat,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

/// What was asked for: the journal's lines, and where the contact stands, unless the program no longer has the campaign.
struct Answers {
    journal: Vec<Json>,
    now: Option<Json>,
}

impl Why {
    /// Prints it.
    ///
    /// # Errors
    /// Where there is no such contact or campaign, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let Answers { journal, now } = block_on(self.ask(&project))?;
        let (clock, zone) = clock_of(now.as_ref());
        let from = self.since.as_deref().map(|text| since(text, (clock, &zone))).transpose()?;
        let wanted = journal.iter().filter(|line| self.is_wanted(line, from));
        let shown: String = match (self.format, self.now) {
            (DataFormat::Json, true) => now.map(|now| format!("{now}\n")).unwrap_or_default(),
            (DataFormat::Json, false) => wanted.map(|line| format!("{line}\n")).collect(),
            (DataFormat::Human, true) => now.map(|now| now::human(&now, &journal)).unwrap_or_default(),
            (DataFormat::Human, false) => {
                let lines: String = wanted.map(lines::human).collect();
                let now = now.map(|now| now::human(&now, &journal)).unwrap_or_default();
                if lines.is_empty() { now } else { format!("{lines}\n{now}") }
            }
        };
        print(&shown);
        Ok(Exit::Done)
    }

    async fn ask(&self, project: &Project) -> Result<Answers, Failure> {
        let door = Door::open(project, self.store.as_deref()).await?;
        let base = format!("/v1/contacts/{}", encoded(&self.contact));
        let journal = door.get(&format!("{base}/journal")).await;
        let query = self.campaign.as_deref().map(|name| format!("?campaign={}", encoded(name))).unwrap_or_default();
        let now = door.get(&format!("{base}/now{query}")).await;
        door.close().await;
        let journal = journal?.ok()?.as_array().cloned().unwrap_or_default();
        let is_known = self.campaign.as_deref().is_some_and(|name| journal.iter().any(|line| text(line, "campaign") == name));
        let now = now?;
        // A campaign that is gone from the program may still stand in the journal.
        let now = if now.status == 404 && is_known { None } else { Some(now.ok()?) };
        Ok(Answers { journal, now })
    }

    fn is_wanted(&self, line: &Json, from: Option<Instant>) -> bool {
        let is_of_campaign = self.campaign.as_deref().is_none_or(|name| text(line, "campaign") == name);
        is_of_campaign && from.is_none_or(|from| parse_date_time(text(line, "at"), &Zone::utc()).is_none_or(|at| at >= from))
    }
}

/// Now, and the contact's zone.
fn clock_of(now: Option<&Json>) -> (Instant, Zone) {
    let zone = now.and_then(|now| Zone::find(text(now, "timezone"))).unwrap_or_else(Zone::utc);
    let stamp = now.and_then(|now| parse_date_time(text(now, "now"), &zone));
    (stamp.unwrap_or_else(|| Instant::from_timestamp(jiff::Timestamp::now())), zone)
}

/// The instant that `--since` means: so long ago, or a date.
fn since(written: &str, (now, zone): (Instant, &Zone)) -> Result<Instant, Failure> {
    if let Some(duration) = Duration::parse(written) {
        return Ok(subtract_duration(now, duration, zone, &std::collections::BTreeSet::new()));
    }
    let midnight = format!("{written} 00:00");
    let found = parse_date_time(written, zone).or_else(|| parse_date_time(&midnight, zone));
    found.ok_or_else(|| Failure::usage(format!("--since {written:?} is neither a duration nor a date; write 90min, 7d, 2w or 2026-03-01")))
}

/// The text under a key; empty where there is none.
fn text<'a>(line: &'a Json, key: &str) -> &'a str {
    line.get(key).and_then(Json::as_str).unwrap_or("")
}

/// A value as a person writes it.
fn shown_value(value: &Json) -> String {
    match value {
        Json::Null => "unset".to_string(),
        Json::String(text) => format!("{text:?}"),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// `: plan is "free", points is 46`; nothing where nothing was read.
fn shown_facts(facts: Option<&Json>) -> String {
    let facts = facts.and_then(Json::as_object).into_iter().flatten();
    let told: Vec<String> = facts.map(|(name, value)| format!("{name} is {}", shown_value(value))).collect();
    if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
}

/// The stamps carry the contact's offset: what stands before it is the contact's own clock.
fn local_time(stamp: &str) -> String {
    match stamp.get(..19) {
        Some(local) if parse_date_time(stamp, &Zone::utc()).is_some() => local.replacen('T', " ", 1),
        Some(_) | None => stamp.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_duration_or_a_date_in_the_contacts_zone() {
        let zone = Zone::find("America/Toronto").unwrap();
        let now = parse_date_time("2026-03-09T09:00:00-04:00", &zone).unwrap();
        let at = |written: &str| zone.format_rfc3339(since(written, (now, &zone)).unwrap());
        assert_eq!(at("3d"), "2026-03-06T09:00:00-05:00", "days are the contact's calendar's, whose clocks changed in between");
        assert_eq!(at("2026-03-01"), "2026-03-01T00:00:00-05:00");
        assert!(since("yesterday", (now, &zone)).unwrap_err().text.contains("7d"));
    }
}
