//! Where a contact stands now, for people, and what keeps it out of a campaign.

use super::{local_time, shown_facts, text};
use serde_json::Value as Json;

/// What the stable word of a refusal means to one who asks what to do.
const MEANINGS: [(&str, &str); 8] = [
    ("draft", "the campaign is a draft: write `published` in its header"),
    ("paused", "the campaign is paused: `campc resume` lets it go on"),
    ("not active", "the campaign is outside of its `active` dates"),
    ("already in", "the contact is inside, and `retrigger` is `ignore`"),
    ("reenter", "the contact has been in before, and may not come again (yet): see `reenter`"),
    ("each", "the value has come before, or is unset"),
    ("control group", "the contact is of the project's control group, which gets no marketing"),
    ("holdout", "the contact is of the holdout, which is only measured"),
];

/// Where the contact stands; `journal` knows what holds a message.
pub fn human(now: &Json, journal: &[Json]) -> String {
    let mut out = format!("now  {}  ({})\n", local_time(text(now, "now")), text(now, "timezone"));
    if let Some(until) = now.get("muted_until").and_then(Json::as_str) {
        out += &format!("  muted until {}: no marketing message leaves\n", local_time(until));
    }
    let inside = now.get("inside").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let outside = now.get("outside").filter(|outside| !outside.is_null());
    if inside.is_empty() && outside.is_none() {
        out += "  in no campaign\n";
    }
    for enrollment in inside {
        out += &inside_lines(enrollment, journal);
    }
    out + &outside.map(outside_lines).unwrap_or_default()
}

fn inside_lines(enrollment: &Json, journal: &[Json]) -> String {
    let campaign = text(enrollment, "campaign");
    let mut marks = Vec::new();
    if matches!(text(enrollment, "campaign_status"), "paused" | "draft") {
        marks.push(format!("the campaign is {}: nothing leaves", text(enrollment, "campaign_status").replace("draft", "a draft")));
    }
    if enrollment.get("is_held_out").and_then(Json::as_bool) == Some(true) {
        marks.push("of the holdout: gets nothing, is measured".to_string());
    }
    let marks = if marks.is_empty() { String::new() } else { format!("  [{}]", marks.join("; ")) };
    let standings = enrollment.get("standings").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    standings.iter().map(|standing| format!("  {campaign}  {}{marks}\n", standing_text(standing, (enrollment, journal)))).collect()
}

fn standing_text(standing: &Json, (enrollment, journal): (&Json, &[Json])) -> String {
    let (step, since) = (text(standing, "step"), local_time(text(standing, "since")));
    let until = standing.get("wakes_at").and_then(Json::as_str).map(|at| format!(", until {}", local_time(at))).unwrap_or_default();
    let listens: Vec<&str> = standing.get("listens_to").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect();
    let listens = if listens.is_empty() { String::new() } else { format!(", listening to {}", listens.join(" and ")) };
    match text(standing, "status") {
        "held" => format!("held at {step} since {since}{}{listens}", held_by(step, (enrollment, journal)).unwrap_or(until)),
        "calling" => format!("at {step} since {since}, until the webhook answers"),
        "stranded" => format!("stranded at {step} since {since}: the running program has no such step; a deploy settles it"),
        "gathering" => format!("gathering since {since}{until}"),
        "following" if until.is_empty() => format!("waiting at {step} since {since}, until its field is set"),
        "listening" if until.is_empty() => format!("waiting at {step} since {since}{listens}, without an end"),
        _ => format!("waiting at {step} since {since}{until}{listens}"),
    }
}

/// What the journal said last about the held step: `: cap, until …`.
fn held_by(step: &str, (enrollment, journal): (&Json, &[Json])) -> Option<String> {
    let is_it = |line: &&Json| text(line, "enrollment") == text(enrollment, "enrollment") && text(line, "what") == "held" && text(line, "step") == step;
    let why = journal.iter().rev().find(is_it).map(|line| text(line, "why")).filter(|why| !why.is_empty())?;
    Some(format!(": {why}"))
}

fn outside_lines(outside: &Json) -> String {
    let entries = outside.get("entries").and_then(Json::as_u64).unwrap_or(0);
    let mut out = format!("  not in {:?}", text(outside, "campaign"));
    out += &match (entries, outside.get("ended").and_then(Json::as_str)) {
        (0, _) => ", never has been\n".to_string(),
        (_, None) => ", but has been before\n".to_string(),
        (_, Some(ended)) => {
            let end = Some(text(outside, "end")).filter(|end| !end.is_empty()).map(|end| format!(" ({end})")).unwrap_or_default();
            format!(", left it {}{end}\n", local_time(ended))
        }
    };
    for trigger in outside.get("triggers").and_then(Json::as_array).into_iter().flatten() {
        let standing = match trigger.get("is_met").and_then(Json::as_bool) {
            Some(true) => ", where it is already: only entering it is a trigger".to_string(),
            Some(false) => format!(", where it is not{}", shown_facts(trigger.get("facts"))),
            None => shown_facts(trigger.get("facts")),
        };
        out += &format!("    enters by       {}{standing}\n", text(trigger, "condition"));
    }
    let checks = || outside.get("checks").and_then(Json::as_array).into_iter().flatten();
    for check in checks().filter(|check| check.get("is_met").and_then(Json::as_bool) == Some(false)) {
        out += &format!("    kept out by     {}\n", check_text(check, "is false"));
    }
    for check in checks().filter(|check| check.get("is_met").is_none_or(Json::is_null)) {
        out += &format!("    will be asked   {}\n", check_text(check, "at the trigger"));
    }
    if checks().all(|check| check.get("is_met").and_then(Json::as_bool) == Some(true)) {
        out += "    nothing stands in the way: the next trigger enrols it\n";
    }
    out
}

fn check_text(check: &Json, verdict: &str) -> String {
    let name = text(check, "name");
    let condition = text(check, "condition");
    if condition.is_empty() {
        let meaning = MEANINGS.iter().find(|(word, _)| *word == name).map(|(_, meaning)| format!(": {meaning}"));
        return format!("{name}{}", meaning.unwrap_or_default());
    }
    let verdict = if name == "exit" && verdict == "is false" { "holds already" } else { verdict };
    format!("{name} {condition} {verdict}{}", shown_facts(check.get("facts")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_says_where_one_stands_and_for_what_one_waits() {
        let now = json!({
            "now": "2026-03-02T10:00:00-05:00", "timezone": "America/Toronto", "muted_until": null, "outside": null,
            "inside": [{ "campaign": "Welcome", "campaign_status": "live", "enrollment": "e1", "is_held_out": false, "standings": [
                { "step": "then/wait", "status": "listening", "since": "2026-03-01T10:00:00-05:00", "wakes_at": "2026-03-04T10:00:00-05:00", "listens_to": ["clicked(welcome)"] },
            ] }],
        });
        let wanted = "now  2026-03-02 10:00:00  (America/Toronto)\n  Welcome  waiting at then/wait since 2026-03-01 10:00:00, until 2026-03-04 10:00:00, listening to clicked(welcome)\n";
        assert_eq!(human(&now, &[]), wanted);
    }

    #[test]
    fn it_says_what_keeps_one_out() {
        let now = json!({
            "now": "2026-03-02T10:00:00Z", "timezone": "UTC", "inside": [],
            "outside": { "campaign": "Pro", "entries": 0, "triggers": [{ "name": "when", "is_met": null, "condition": "signed_up", "facts": {} }],
                "checks": [{ "name": "only if", "is_met": false, "condition": "plan == \"pro\"", "facts": { "plan": "free" } }, { "name": "paused", "is_met": false, "condition": null, "facts": {} }] },
        });
        let said = human(&now, &[]);
        assert!(said.contains("  not in \"Pro\", never has been\n    enters by       signed_up\n"), "{said}");
        assert!(said.contains("    kept out by     only if plan == \"pro\" is false: plan is \"free\"\n"), "{said}");
        assert!(said.contains("    kept out by     paused: the campaign is paused: `campc resume` lets it go on\n"), "{said}");
    }
}
