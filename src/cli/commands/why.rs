//! `campc why CONTACT`: each step a contact took, and the fact or event that decided it.

use crate::cli::context::{Context, print};
use crate::cli::failure::{Exit, Outcome};
use crate::cli::project::Project;
use crate::cli::reach::contact_answer;
use crate::lang::{Zone, parse_date_time};
use serde_json::Value as Json;

/// Shows each step a contact took, and what decided it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  campc why ana@example.com\n  campc why u1 --campaign \"Hot lead follow-up\"\n  campc why u1 --format json")]
pub struct Why {
    /// An id, user id, email or phone
    pub contact: String,
    /// Only this campaign
    #[arg(long, value_name = "NAME")]
    pub campaign: Option<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: super::DataFormat,
    /// The store, in place of the project's
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
}

impl Why {
    /// Prints the journal.
    ///
    /// # Errors
    /// Where there is no such contact, or no store.
    pub fn run(&self, context: &Context) -> Outcome {
        let project = Project::find(context, None)?;
        let lines = contact_answer((&project, self.store.as_deref()), (&self.contact, "/journal"))?;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let wanted = lines.iter().filter(|line| self.campaign.as_deref().is_none_or(|name| text(line, "campaign") == name));
        let shown: String = match self.format {
            super::DataFormat::Human => wanted.map(human).collect(),
            super::DataFormat::Json => wanted.map(|line| format!("{line}\n")).collect(),
        };
        print(&shown);
        Ok(Exit::Done)
    }
}

fn text<'a>(line: &'a Json, key: &str) -> &'a str {
    line.get(key).and_then(Json::as_str).unwrap_or("")
}

/// `2026-03-02 10:00:00  Hot lead follow-up  enrolled  segment "Canada Hot Leads": points 46 → 56 by visited("/pricing")`
fn human(line: &Json) -> String {
    let mut parts = vec![local_time(text(line, "at"))];
    if !text(line, "campaign").is_empty() {
        parts.push(text(line, "campaign").to_string());
    }
    parts.push(text(line, "what").to_string());
    let why = explained(line);
    // The step's own name is said where the phrase does not say it; who is through with all of them stands nowhere.
    let step = text(line, "step");
    let target = step.rsplit('/').next().unwrap_or(step);
    let is_told = step.is_empty() || why.contains(target.split('#').next().unwrap_or(target)) || text(line, "what") == "finished";
    parts.push(match (is_told, why.is_empty()) {
        (true, _) => why,
        (false, true) => step.to_string(),
        (false, false) => format!("{step}: {why}"),
    });
    parts.join("  ").trim_end().to_string() + "\n"
}

/// The phrase, with the fact that changed and the input that changed it where the phrase does not say them.
fn explained(line: &Json) -> String {
    let mut out = text(line, "why").to_string();
    let cause = line.get("cause").cloned().unwrap_or(Json::Null);
    let fact = text(&cause, "fact");
    if !fact.is_empty() && !out.contains('→') {
        let value = |key: &str| cause.get(key).map_or_else(|| "unset".to_string(), shown_value);
        let separator = if out.is_empty() { "" } else { ": " };
        out += &format!("{separator}{fact} {} → {}", value("old"), value("new"));
    }
    let input = text(&cause, "input");
    if !input.is_empty() && !out.contains(input) {
        let separator = if out.is_empty() { "" } else { " " };
        out += &format!("{separator}by {input}");
    }
    out
}

fn shown_value(value: &Json) -> String {
    match value {
        Json::Null => "unset".to_string(),
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// The journal's stamps carry the contact's offset: what stands before it is the contact's own clock.
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
    fn a_line_says_when_where_what_and_why() {
        let line = serde_json::json!({
            "at": "2026-03-02T10:00:00-05:00", "campaign": "Hot lead follow-up", "step": null, "what": "enrolled", "why": "segment \"Canada Hot Leads\"",
            "cause": { "input": "visited(\"/pricing\")", "fact": "points", "old": 46, "new": 56 },
        });
        let wanted = "2026-03-02 10:00:00  Hot lead follow-up  enrolled  segment \"Canada Hot Leads\": points 46 → 56 by visited(\"/pricing\")\n";
        assert_eq!(human(&line), wanted);
    }
}
